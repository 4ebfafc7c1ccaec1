module example.com/errors_across_files

go 1.27
