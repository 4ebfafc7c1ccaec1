module example.com/errors_in_packages

go 1.27
