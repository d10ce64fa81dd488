package tonetbsd_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// generatedFuncs returns the exported functions of the generated files of a
// package, by name, with the types of their parameters and results.
func generatedFuncs(t *testing.T, dir string) map[string]*ast.FuncType {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "z*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files: %v", dir, err)
	}
	funcs := map[string]*ast.FuncType{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() {
				funcs[fn.Name.Name] = fn.Type
			}
		}
	}
	return funcs
}

// TestEverythingIsTested holds every generated converter to a place in the tables
// of these tests.
func TestEverythingIsTested(t *testing.T) {
	tested := map[string]bool{}
	for _, p := range pairs() {
		tested["tonetbsd."+p.fnN], tested["tolinux."+p.fnL] = true, true
	}
	for _, d := range domains() {
		tested["tonetbsd."+d.name], tested["tolinux."+d.name] = true, true
	}
	for _, b := range byteConverters() {
		tested["tonetbsd."+b.name], tested["tolinux."+b.name] = true, true
	}
	for _, name := range []string{ // with tests of their own
		"SocketOption", "SocketOptionValue", "LocalSocketOption", "LocalSocketOptionValue", "SignalCode",
		"Ioctl", "IoctlArgument", "IoctlResult",
	} {
		tested["tonetbsd."+name], tested["tolinux."+name] = true, true
	}
	for _, pkg := range []string{"tonetbsd", "tolinux"} {
		for name := range generatedFuncs(t, filepath.Join("..", pkg)) {
			if !tested[pkg+"."+name] {
				t.Errorf("%s.%s is in no table of these tests", pkg, name)
			}
		}
	}
}

// lastName returns the name of a function without its package.
func lastName(full string) string { return full[strings.LastIndexByte(full, '.')+1:] }
