// Writes table.rs: run it with the Go release whose behaviour the library follows.
package main

import (
	"fmt"
	"sort"
	"unicode"
)

func main() {
	var names []string
	for name := range unicode.Categories {
		if len(name) == 2 && name != "LC" && name != "Cn" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	fmt.Printf("//! Unicode %s as Go's package unicode has it. Written by generate.go; do not edit.\n\n", unicode.Version)
	fmt.Println("/// A general category; its number in [`RUNS`].")
	fmt.Println("#[derive(Clone, Copy, PartialEq, Eq, Debug)]\n#[repr(u8)]\npub(crate) enum Category {\n    Unassigned,")
	for _, n := range names {
		fmt.Printf("    %s,\n", n)
	}
	fmt.Println("}\n")
	fmt.Println("/// The categories by number.")
	fmt.Printf("pub(super) const CATEGORIES: [Category; %d] = [\n    Category::Unassigned,\n", len(names)+1)
	for _, n := range names {
		fmt.Printf("    Category::%s,\n", n)
	}
	fmt.Println("];\n")
	var runs []uint32
	prev := -1
	for r := rune(0); r <= unicode.MaxRune; r++ {
		c := 0
		for i, n := range names {
			if unicode.Is(unicode.Categories[n], r) {
				c = i + 1
				break
			}
		}
		if c != prev {
			runs = append(runs, uint32(r)<<8|uint32(c))
			prev = c
		}
	}
	fmt.Println("/// Where the category changes: first character and, in the low 8 bits, category from it on.")
	fmt.Println("#[rustfmt::skip]")
	fmt.Printf("pub(super) static RUNS: [u32; %d] = [", len(runs))
	for i, r := range runs {
		if i%12 == 0 {
			fmt.Print("\n   ")
		}
		fmt.Printf(" 0x%x,", r)
	}
	fmt.Println("\n];\n")
	fmt.Println("/// Stands for \"upper and lower case letters alternate\" in [`CASES`].")
	fmt.Println("pub(super) const ALTERNATE: i32 = 0x11_0000;\n")
	fmt.Println("/// First and last character of a range, and what to add for upper, lower and title case.")
	fmt.Println("#[rustfmt::skip]")
	fmt.Printf("pub(super) const CASES: [(u32, u32, [i32; 3]); %d] = [", len(unicode.CaseRanges))
	for i, c := range unicode.CaseRanges {
		if i%4 == 0 {
			fmt.Print("\n   ")
		}
		fmt.Printf(" (0x%x, 0x%x, [%d, %d, %d]),", c.Lo, c.Hi, c.Delta[0], c.Delta[1], c.Delta[2])
	}
	fmt.Println("\n];\n")
	var folds []string
	for r := rune(0); r <= unicode.MaxRune; r++ {
		want := unicode.ToLower(r)
		if want == r {
			want = unicode.ToUpper(r)
		}
		if got := unicode.SimpleFold(r); got != want {
			folds = append(folds, fmt.Sprintf("(0x%x, 0x%x),", r, got))
		}
	}
	fmt.Println("/// Characters whose next one with the same folding is neither their lower nor their upper case.")
	fmt.Println("#[rustfmt::skip]")
	fmt.Printf("pub(super) const FOLDS: [(u32, u32); %d] = [", len(folds))
	for i, f := range folds {
		if i%8 == 0 {
			fmt.Print("\n   ")
		}
		fmt.Print(" ", f)
	}
	fmt.Println("\n];")
}
