package shapes

import "fmt"

func init() { fmt.Println("init shapes") }

func count() int { return 1 }
