module example.com/two_packages

go 1.27
