package coverage

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"

	"github.com/abigen/abigen/gen/namespace"
)

// HandWritten is Go source in which a person wrote conversions that rules
// cannot express.
type HandWritten struct {
	Dir   string            // the package's directory, for the report
	Files map[string][]byte // by name
}

// A use is what hand-written code uses of one system's package.
type use struct {
	dir    string
	idents map[string]bool // types and constants of the package
	fields map[string]bool // every name behind a dot, and every key of a literal
}

// handUse finds what hand-written packages use of a system's package.
func handUse(hand []HandWritten, names *namespace.Plan) ([]use, error) {
	var uses []use
	for _, h := range hand {
		u := use{h.Dir, map[string]bool{}, map[string]bool{}}
		for _, name := range slices.Sorted(maps.Keys(h.Files)) {
			file, err := parser.ParseFile(token.NewFileSet(), path.Join(h.Dir, name), h.Files[name], parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			u.add(file, names.Options().Import)
		}
		uses = append(uses, u)
	}
	return uses, nil
}

func (u *use) add(file *ast.File, importPath string) {
	local := ""
	for _, imp := range file.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		if err != nil || p != importPath {
			continue
		}
		if local = path.Base(p); imp.Name != nil {
			local = imp.Name.Name
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == local {
				u.idents[n.Sel.Name] = true
			} else {
				u.fields[n.Sel.Name] = true
			}
		case *ast.KeyValueExpr:
			if k, ok := n.Key.(*ast.Ident); ok {
				u.fields[k.Name] = true
			}
		}
		return true
	})
}
