// Writes tables.mgo and ranges.bin: run it here with the Go release whose behaviour the library follows.
//
// ranges.bin has for each table the length of what follows in two bytes, and then numbers as encoding/binary's varints: the number of
// 16-bit ranges and for each the distance from the end of the one before, the length and the stride; the same for the 32-bit ranges; LatinOffset.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"log"
	"os"
	"path/filepath"
	"sort"
	"unicode"
)

var (
	text    bytes.Buffer
	data    []byte
	numbers = map[*unicode.RangeTable]int{}
	names   = map[*unicode.RangeTable]string{}
)

// number returns the number of a table, which it writes if it is new.
func number(t *unicode.RangeTable) int {
	n, ok := numbers[t]
	if !ok {
		n = len(numbers)
		numbers[t] = n
		var b []byte
		put := func(x int) { b = binary.AppendUvarint(b, uint64(x)) }
		put(len(t.R16))
		end := 0
		for _, r := range t.R16 {
			put(int(r.Lo) - end)
			put(int(r.Hi - r.Lo))
			put(int(r.Stride))
			end = int(r.Hi)
		}
		put(len(t.R32))
		end = 0
		for _, r := range t.R32 {
			put(int(r.Lo) - end)
			put(int(r.Hi - r.Lo))
			put(int(r.Stride))
			end = int(r.Hi)
		}
		put(t.LatinOffset)
		data = binary.BigEndian.AppendUint16(data, uint16(len(b)))
		data = append(data, b...)
	}
	return n
}

func keys[V any](m map[string]V) []string {
	var list []string
	for key := range m {
		list = append(list, key)
	}
	sort.Strings(list)
	return list
}

func tables(doc, name string, m map[string]*unicode.RangeTable) {
	fmt.Fprintf(&text, "\n// %s\nvar %s = map[string]*RangeTable{\n", doc, name)
	for _, key := range keys(m) {
		value, ok := names[m[key]]
		if !ok {
			value = fmt.Sprintf("table(%d)", number(m[key]))
		}
		fmt.Fprintf(&text, "\t%q: %s,\n", key, value)
	}
	fmt.Fprintln(&text, "}")
}

func main() {
	// Which variables there are is in Go's source; a table is found by its name there.
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(build.Default.GOROOT, "src/unicode/tables.go"), nil, 0)
	check(err)
	fmt.Fprint(&text, "package unicode\n\n// Written by generate_ranges.go; do not edit.\n\n// Tables of the characters of categories, scripts and properties.\nvar (\n")
	for _, d := range file.Decls {
		d, ok := d.(*ast.GenDecl)
		if !ok || d.Tok != token.VAR {
			continue
		}
		for _, s := range d.Specs {
			s := s.(*ast.ValueSpec)
			value, ok := s.Values[0].(*ast.Ident)
			if !s.Names[0].IsExported() || !ok || value.Name == "_CaseRanges" {
				continue
			}
			name, key := s.Names[0].Name, value.Name[1:]
			var t *unicode.RangeTable
			for _, m := range []map[string]*unicode.RangeTable{unicode.Categories, unicode.Scripts, unicode.Properties} {
				if m[key] != nil {
					t = m[key]
				}
			}
			if t == nil {
				check(fmt.Errorf("no table for %s", name))
			}
			if first, ok := names[t]; ok {
				fmt.Fprintf(&text, "\t%s = %s\n", name, first)
				continue
			}
			names[t] = name
			fmt.Fprintf(&text, "\t%s = table(%d)\n", name, number(t))
		}
	}
	fmt.Fprintln(&text, ")")
	tables("Categories has the tables of the categories by name.", "Categories", unicode.Categories)
	tables("Scripts has the tables of the scripts by name.", "Scripts", unicode.Scripts)
	tables("Properties has the tables of the properties by name.", "Properties", unicode.Properties)
	tables("FoldCategory has for a category the characters outside of it that are equal to one in it when case is ignored.", "FoldCategory", unicode.FoldCategory)
	tables("FoldScript has for a script the characters outside of it that are equal to one in it when case is ignored.", "FoldScript", unicode.FoldScript)
	fmt.Fprint(&text, "\n// CategoryAliases has other names of the categories.\nvar CategoryAliases = map[string]string{\n")
	for _, key := range keys(unicode.CategoryAliases) {
		fmt.Fprintf(&text, "\t%q: %q,\n", key, unicode.CategoryAliases[key])
	}
	fmt.Fprintln(&text, "}")
	check(os.WriteFile("tables.mgo", text.Bytes(), 0o666))
	check(os.WriteFile("ranges.bin", data, 0o666))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
