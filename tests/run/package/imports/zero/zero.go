package zero

import (
	"fmt"

	_ "example.com/imports/zero/internal/empty"
)

const Zero = 0

func init() { fmt.Println("init zero") }
