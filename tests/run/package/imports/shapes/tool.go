// This file is a tool.

//go:build ignore || (!linux && !darwin)

package main

func main() { undefined() }
