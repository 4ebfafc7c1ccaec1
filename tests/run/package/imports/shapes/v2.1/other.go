package other

import (
	"fmt"

	"example.com/imports/shapes"
)

type Circle struct{ radius int }

func (c *Circle) Grow(by int)  { c.radius += by }
func (c Circle) Radius() int    { return c.radius }
func (c Circle) String() string { return "circle" }

func Seen() int { return shapes.Count }

func init() { fmt.Println("init other") }
