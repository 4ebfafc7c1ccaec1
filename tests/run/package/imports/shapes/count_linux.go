package shapes

const isLinux = true
