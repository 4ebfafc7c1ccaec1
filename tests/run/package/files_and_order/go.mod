module example.com/files_and_order

go 1.27
