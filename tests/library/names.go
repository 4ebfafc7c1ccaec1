// Compares the exported names of Go's own packages with those of the library.
//
//	go run names.go FOLDER PACKAGE…
//
// FOLDER is the library's, with a folder for each package. It prints a line for each difference: package, "missing", "extra" or
// "differs", and name, with tabs between them. Names are those of declarations, of methods (Type.Method) and of fields
// (Type.Field); functions, methods and fields differ when their types are written differently. It also prints the library's
// functions and methods as "function".
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

func main() {
	for _, path := range os.Args[2:] {
		own, err := filepath.Glob(filepath.Join(os.Args[1], path, "*.mgo"))
		check(err)
		if len(own) == 0 {
			continue
		}
		dir := filepath.Join(build.Default.GOROOT, "src", path)
		pkg, err := build.Default.ImportDir(dir, 0)
		check(err)
		var goes []string
		for _, f := range pkg.GoFiles {
			goes = append(goes, filepath.Join(dir, f))
		}
		want, got := exported(goes), exported(own)
		var lines []string
		for name, typ := range want {
			if have, ok := got[name]; !ok {
				if dot := strings.Index(name, "."); dot < 0 || has(got, name[:dot]) {
					lines = append(lines, "missing\t"+name)
				}
			} else if have != typ {
				lines = append(lines, "differs\t"+name+": "+have+", in Go "+typ)
			}
		}
		for name, typ := range got {
			if _, ok := want[name]; !ok {
				lines = append(lines, "extra\t"+name)
			}
			if strings.HasPrefix(typ, "func") {
				lines = append(lines, "function\t"+name)
			}
		}
		sort.Strings(lines)
		for _, line := range lines {
			fmt.Println(path + "\t" + line)
		}
	}
}

func has(names map[string]string, name string) bool {
	_, ok := names[name]
	return ok
}

// exported returns the exported names of some files, with the types of functions and fields.
func exported(files []string) map[string]string {
	names := map[string]string{}
	for _, name := range files {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, 0)
		check(err)
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				declareFunc(names, d)
			case *ast.GenDecl:
				for _, s := range d.Specs {
					declare(names, s)
				}
			}
		}
	}
	return names
}

func declareFunc(names map[string]string, d *ast.FuncDecl) {
	if !d.Name.IsExported() {
		return
	}
	name, typ := d.Name.Name, "func"+signature(d.Type)
	if d.Recv != nil {
		recv := d.Recv.List[0].Type
		if star, ok := recv.(*ast.StarExpr); ok {
			recv, typ = star.X, "func (*)"+signature(d.Type)
		}
		switch x := recv.(type) {
		case *ast.IndexExpr:
			recv = x.X
		case *ast.IndexListExpr:
			recv = x.X
		}
		of := recv.(*ast.Ident)
		if !of.IsExported() {
			return
		}
		name = of.Name + "." + name
	}
	names[name] = typ
}

func declare(names map[string]string, s ast.Spec) {
	switch s := s.(type) {
	case *ast.ValueSpec:
		for _, n := range s.Names {
			if n.IsExported() {
				names[n.Name] = ""
			}
		}
	case *ast.TypeSpec:
		if !s.Name.IsExported() {
			return
		}
		names[s.Name.Name] = "" // the kind of type is told by what it has
		switch t := s.Type.(type) {
		case *ast.StructType:
			for _, f := range t.Fields.List {
				for _, n := range f.Names {
					if n.IsExported() {
						names[s.Name.Name+"."+n.Name] = text(f.Type)
					}
				}
			}
		case *ast.InterfaceType:
			for _, m := range t.Methods.List {
				for _, n := range m.Names {
					if f, ok := m.Type.(*ast.FuncType); ok && n.IsExported() {
						names[s.Name.Name+"."+n.Name] = "method" + signature(f)
					}
				}
			}
		}
	}
}

// signature writes the types of parameters and results, without names.
func signature(f *ast.FuncType) string {
	list := func(fields *ast.FieldList) string {
		var types []string
		if fields != nil {
			for _, f := range fields.List {
				for i := 0; i < max(1, len(f.Names)); i++ {
					types = append(types, text(f.Type))
				}
			}
		}
		return "(" + strings.Join(types, ", ") + ")"
	}
	return list(f.Params) + list(f.Results)
}

// text writes a type, functions in it without names of parameters.
func text(t ast.Expr) string {
	if f, ok := t.(*ast.FuncType); ok {
		return "func" + signature(f)
	}
	var b bytes.Buffer
	check(format.Node(&b, token.NewFileSet(), t))
	return strings.ReplaceAll(b.String(), "interface{}", "any")
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
