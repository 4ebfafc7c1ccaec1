// Turns the Example functions of Go's own packages into programs.
//
//	go run examples.go FOLDER PACKAGE…
//
// For each example that says what it prints it writes FOLDER/PACKAGE.NAME.mgo (slashes in the path of the package become
// dots) and what it must print beside it, as .out, and prints a line: package, name, "ordered" or "unordered", file, and the
// folder of the package, with tabs between them. The sources stay where Go is installed.
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	folder := os.Args[1]
	for _, path := range os.Args[2:] {
		dir := filepath.Join(build.Default.GOROOT, "src", path)
		names, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		check(err)
		for _, name := range names {
			if ok, err := build.Default.MatchFile(dir, filepath.Base(name)); err != nil || !ok {
				continue
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			check(err)
			for _, ex := range doc.Examples(file) {
				if ex.Output == "" && !ex.EmptyOutput {
					continue // Go itself only compiles it
				}
				text := program(fset, file, ex)
				if text == nil {
					check(fmt.Errorf("%s: Example%s cannot be made a program", name, ex.Name))
				}
				base := filepath.Join(folder, strings.ReplaceAll(path, "/", ".")+".Example"+ex.Name)
				check(os.WriteFile(base+".mgo", text, 0o666))
				check(os.WriteFile(base+".out", []byte(ex.Output), 0o666))
				order := "ordered"
				if ex.Unordered {
					order = "unordered"
				}
				fmt.Println(strings.Join([]string{path, "Example" + ex.Name, order, base + ".mgo", dir}, "\t"))
			}
		}
	}
}

// program returns the source of a program that does what the example does, nil if there is none.
func program(fset *token.FileSet, file *ast.File, ex *doc.Example) []byte {
	if ex.Play == nil {
		return whole(fset, file, ex)
	}
	var b bytes.Buffer
	if err := format.Node(&b, fset, ex.Play); err != nil {
		return nil
	}
	return b.Bytes()
}

// whole returns the file of the example with a main function that calls it: for examples that need more of their
// file than can be cut out.
func whole(fset *token.FileSet, file *ast.File, ex *doc.Example) []byte {
	own := *file
	own.Name = ast.NewIdent("main")
	own.Decls = nil
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Benchmark")) {
			return nil // it is a test of the package itself
		}
		own.Decls = append(own.Decls, d)
	}
	var b bytes.Buffer
	if err := format.Node(&b, fset, &own); err != nil {
		return nil
	}
	fmt.Fprintf(&b, "\nfunc main() { Example%s() }\n", ex.Name)
	return b.Bytes()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
