package namespace

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// abiSource stands in for package abi in type checks.
const abiSource = `package abi
type Addr uintptr
type BE16 uint16
type BE32 uint32
type BE64 uint64
func MakeBE16(uint16) BE16
func MakeBE32(uint32) BE32
func MakeBE64(uint64) BE64
func (BE16) Uint16() uint16
func (BE32) Uint32() uint32
func (BE64) Uint64() uint64
func OutOfRange(typ, member string, v uint64) error
func Truncated(typ, member string, v int) error
func NoSpace(typ, member string, v int) error
`

// stdlib loads the standard library's types from source, once for all tests.
var stdlib = struct {
	sync.Mutex
	types.Importer
}{Importer: importer.ForCompiler(token.NewFileSet(), "source", nil)}

type testImporter struct{ abi *types.Package }

func (i testImporter) Import(path string) (*types.Package, error) {
	if path == "github.com/abigen/abigen/abi" {
		return i.abi, nil
	}
	stdlib.Lock()
	defer stdlib.Unlock()
	return stdlib.Import(path)
}

// Check type-checks the files of a package that an architecture builds. It
// goes by the file names alone, as the go command does.
func Check(path, arch string, files map[string][]byte) (*types.Package, error) {
	fset := token.NewFileSet()
	conf := types.Config{Sizes: types.SizesFor("gc", arch), IgnoreFuncBodies: false}
	abiFile, err := parser.ParseFile(fset, "abi.go", abiSource, 0)
	if err != nil {
		return nil, err
	}
	abiConf := conf
	abiConf.IgnoreFuncBodies = true
	abiConf.Error = func(error) {}
	abiPkg, _ := abiConf.Check("github.com/abigen/abigen/abi", fset, []*ast.File{abiFile}, nil)
	conf.Importer = testImporter{abiPkg}
	var parsed []*ast.File
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.Contains(name, "/") || !builds(name, arch) {
			continue
		}
		f, err := parser.ParseFile(fset, name, files[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, f)
	}
	var errs bytes.Buffer
	conf.Error = func(err error) {
		if errs.Len() < 2000 {
			fmt.Fprintln(&errs, err)
		}
	}
	pkg, err := conf.Check(path, fset, parsed, nil)
	if errs.Len() > 0 {
		return nil, fmt.Errorf("%s", errs.String())
	}
	return pkg, err
}

func builds(name, arch string) bool {
	base := strings.TrimSuffix(name, ".go")
	suffix := base[strings.LastIndexByte(base, '_')+1:]
	return goAligns[suffix] == 0 || suffix == arch
}

// CheckLayout compares the Go types of a plan with the C layout it was made
// for, as the Go compiler for arch lays them out.
func CheckLayout(t *testing.T, p *Plan, arch string, pkg *types.Package) {
	t.Helper()
	sizes := types.SizesFor("gc", arch)
	v := p.view(arch)
	for _, r := range v.order {
		obj := pkg.Scope().Lookup(r.Go)
		if obj == nil {
			t.Errorf("%s: no type %s for %s", arch, r.Go, r.C.Name)
			continue
		}
		if size := sizes.Sizeof(obj.Type()); size != r.C.Size {
			t.Errorf("%s: %s has %d bytes, %s has %d", arch, r.Go, size, r.C.Name, r.C.Size)
		}
		if align := sizes.Alignof(obj.Type()); align != r.Align {
			t.Errorf("%s: %s is aligned to %d, planned was %d", arch, r.Go, align, r.Align)
		}
		st, ok := obj.Type().Underlying().(*types.Struct)
		if !ok {
			continue
		}
		offsets := make(map[string]int64)
		fieldTypes := make(map[string]types.Type)
		vars := slices.Collect(st.Fields())
		for i, offset := range sizes.Offsetsof(vars) {
			offsets[vars[i].Name()] = offset
			fieldTypes[vars[i].Name()] = vars[i].Type()
		}
		for _, f := range r.Fields {
			if f.Form != Plain {
				continue
			}
			if offset, ok := offsets[f.Go]; !ok || offset != f.Offset {
				t.Errorf("%s: %s.%s is at %d, %s.%s at %d", arch, r.Go, f.Go, offset, r.C.Name, f.Name, f.Offset)
			} else if size := sizes.Sizeof(fieldTypes[f.Go]); size != f.Size {
				t.Errorf("%s: %s.%s has %d bytes, %s.%s has %d", arch, r.Go, f.Go, size, r.C.Name, f.Name, f.Size)
			}
		}
	}
}
