module example.com/import_of_program

go 1.27
