module example.com/not_main

go 1.27
