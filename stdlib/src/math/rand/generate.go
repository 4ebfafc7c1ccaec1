// Writes state.rs: run it with the Go release whose behaviour the library follows.
package main

import (
	"fmt"
	"math/rand"
)

const (
	length = 607
	tap    = 273
)

func main() {
	// The first numbers of a source tell its state: each is the sum of two of its elements, and replaces one. Backwards
	// from what the state then is, each step undone gives an element of the state at the start.
	s := rand.NewSource(1).(rand.Source64)
	var state [length]uint64
	at, feed := 0, length-tap
	for range length {
		at, feed = (at+length-1)%length, (feed+length-1)%length
		state[feed] = s.Uint64()
	}
	for range length {
		state[feed] -= state[at]
		at, feed = (at+1)%length, (feed+1)%length
	}
	// The seed has a share in each element, which is taken out again.
	x := int32(1)
	next := func() uint64 {
		x = int32(int64(x) * 48271 % (1<<31 - 1))
		return uint64(x)
	}
	for range 20 {
		next()
	}
	fmt.Print("//! The state that seeds of `math/rand` are mixed into: the generator's own, after 7.8e12 steps from seed 1. Written by generate.go; do not edit.\n\n")
	fmt.Println("#[rustfmt::skip]")
	fmt.Printf("pub(super) static STATE: [u64; %d] = [", length)
	for i := range state {
		if i%6 == 0 {
			fmt.Print("\n   ")
		}
		fmt.Printf(" 0x%016x,", state[i]^next()<<40^next()<<20^next())
	}
	fmt.Println("\n];")
}
