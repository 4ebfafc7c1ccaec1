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
	"slices"
	"strings"
)

func main() {
	folder := os.Args[1]
	for _, path := range os.Args[2:] {
		dir := filepath.Join(build.Default.GOROOT, "src", path)
		names, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		check(err)
		fset := token.NewFileSet()
		var files []*ast.File
		for _, name := range names {
			if ok, err := build.Default.MatchFile(dir, filepath.Base(name)); err != nil || !ok {
				continue
			}
			file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			check(err)
			files = append(files, file)
		}
		for _, file := range files {
			name := fset.File(file.Pos()).Name()
			for _, ex := range doc.Examples(file) {
				if ex.Output == "" && !ex.EmptyOutput {
					continue // Go itself only compiles it
				}
				text := program(fset, file, files, ex)
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
func program(fset *token.FileSet, file *ast.File, all []*ast.File, ex *doc.Example) []byte {
	if ex.Play == nil {
		return whole(fset, file, all, ex)
	}
	var b bytes.Buffer
	if err := format.Node(&b, fset, ex.Play); err != nil {
		return nil
	}
	return b.Bytes()
}

// whole returns the file of the example without the other examples, and with a main function that calls it: for examples that
// need more of their file than can be cut out.
func whole(fset *token.FileSet, file *ast.File, all []*ast.File, ex *doc.Example) []byte {
	own := &ast.File{Name: ast.NewIdent("main")}
	used := map[string]bool{}
	var imports *ast.GenDecl
	for _, d := range append(slices.Clip(file.Decls), missing(file, all)...) {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv == nil && strings.HasPrefix(name, "Example") && name != "Example"+ex.Name {
				continue
			}
			if d.Recv == nil && (strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Benchmark")) {
				return nil // it is a test of the package itself
			}
		case *ast.GenDecl:
			if d.Tok == token.IMPORT {
				imports = d
			}
		}
		own.Decls = append(own.Decls, d)
		ast.Inspect(d, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok {
					used[x.Name] = true
				}
			}
			return true
		})
	}
	if imports != nil {
		before := imports.Specs
		defer func() { imports.Specs = before }() // the next example needs others
		var specs []ast.Spec
		for _, s := range imports.Specs {
			spec := s.(*ast.ImportSpec)
			name := strings.Trim(spec.Path.Value, `"`)
			name = name[strings.LastIndex(name, "/")+1:]
			if spec.Name != nil {
				name = spec.Name.Name
			}
			if used[name] || name == "." || name == "_" {
				specs = append(specs, s)
			}
		}
		imports.Specs = specs
	}
	var b bytes.Buffer
	if err := format.Node(&b, fset, own); err != nil {
		return nil
	}
	fmt.Fprintf(&b, "\nfunc main() { Example%s() }\n", ex.Name)
	return b.Bytes()
}

// missing returns the declarations of constants, variables and functions of other files of the tests that file uses.
func missing(file *ast.File, all []*ast.File) (decls []ast.Decl) {
	unresolved := map[string]bool{}
	for _, id := range file.Unresolved {
		unresolved[id.Name] = true
	}
	for _, other := range all {
		if other == file || other.Name.Name != file.Name.Name {
			continue
		}
		for _, d := range other.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && unresolved[f.Name.Name] {
				decls = append(decls, f)
			}
			if d, ok := d.(*ast.GenDecl); ok && (d.Tok == token.CONST || d.Tok == token.VAR) {
				for _, s := range d.Specs {
					if s := s.(*ast.ValueSpec); len(s.Names) == 1 && unresolved[s.Names[0].Name] {
						decls = append(decls, &ast.GenDecl{Tok: d.Tok, Specs: []ast.Spec{s}})
					}
				}
			}
		}
	}
	return decls
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
