module example.com/import_problems

go 1.27
