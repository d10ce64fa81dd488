package convert

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/emit"
	"github.com/abigen/abigen/gen/namespace"
)

const abiImport = "github.com/abigen/abigen/abi"

// Files writes the converters: file names, without a directory, to contents.
// The path is the import path of the package; its last element names it.
func (p *Plan) Files(importPath string) (map[string][]byte, error) {
	name := path.Base(importPath)
	pkg := &emit.Package{
		Name: name, Path: importPath, Doc: p.packageDoc(name),
		Imports: map[string]string{abiImport: "abi", p.From.Import: p.From.Name, p.To.Import: p.To.Name},
	}
	imports := map[string]string{
		"abi": abiImport, "math": "math", "unsafe": "unsafe", "binary": "encoding/binary", "bits": "math/bits",
		p.From.Name: p.From.Import, p.To.Name: p.To.Import,
	}
	for _, a := range p.Archs {
		pkg.Archs = append(pkg.Archs, a.Arch)
	}
	for _, a := range p.Archs {
		w := &archWriter{ArchPlan: a, imports: imports}
		w.add = func(key, file string, s *source) {
			text := s.String()
			pkg.Add(a.Arch, emit.Decl{Key: key, File: file, Sig: text,
				Render: func(g *jen.Group) { render(g, text, imports) }})
		}
		for _, d := range a.Domains {
			w.domain(d)
		}
		for _, o := range a.Options {
			w.options(o)
		}
		for _, r := range a.Records {
			w.record(r)
		}
		for _, u := range a.Unions {
			w.union(u)
		}
		for _, c := range a.Chains {
			w.chain(c)
		}
		for _, s := range a.Sequences {
			w.sequence(s)
		}
		for _, r := range a.Requests {
			w.requests(r)
		}
		if w.err != nil {
			return nil, w.err
		}
	}
	return pkg.Files()
}

func (p *Plan) packageDoc(name string) string {
	doc := fmt.Sprintf(`Package %[1]s translates what %[2]s has into what %[3]s has for the same meaning.

Functions of numbers return false for a number without a counterpart.
Functions of structures write their first argument from their second, and
return an error that names the type, the member and the value, over one of the
errors of package abi; on error the destination is unchanged. Source and
destination must not share memory. Functions of bytes return how many bytes of
dst they filled, take buffers of any alignment, and leave dst undefined when
they fail, unless their comment promises more. No function allocates unless it returns an error.`, name, p.From.Title, p.To.Title)
	if p.Doc != "" {
		doc += "\n\n" + p.Doc
	}
	return doc
}

// An archWriter writes the declarations of one architecture.
type archWriter struct {
	*ArchPlan
	add     func(key, file string, s *source)
	imports map[string]string
	err     error
}

// constant writes a C constant as the Go package of its side has it, as a value
// of the Go type typ; typ is empty where any type will do.
func (w *archWriter) constant(s *side, name, typ string) string {
	if _, ok := parseNumber(name); ok {
		return name
	}
	c, ok := s.GoNames.Const(s.arch, name)
	if !ok {
		return literal(s.consts[name].Int) + " /* " + name + " */"
	}
	text := "@" + s.Name + "." + c.Go
	if c.Type != "" && typ != "" && c.Type != typ {
		return w.goType(s, typ) + "(" + text + ")"
	}
	return text
}

func literal(n ctype.Integer) string {
	if n.Negative() {
		return n.String()
	}
	return "0x" + strconv.FormatUint(n.Bits, 16)
}

// goType writes a Go type of a rule: a basic one, or one of the side's package.
func (w *archWriter) goType(s *side, typ string) string {
	if _, ok := basic[typ]; ok {
		return typ
	}
	return "@" + s.Name + "." + typ
}

// basic are the basic integer types, with their sizes; negative when signed.
var basic = map[string]int{
	"int8": -1, "int16": -2, "int32": -4, "int64": -8,
	"uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8, "byte": 1,
}

// typeName writes a Go type of a member for use in another package.
func typeName(s *side, t *namespace.Type) string {
	switch t.Kind {
	case namespace.Array:
		return "[" + strconv.FormatInt(t.Len, 10) + "]" + typeName(s, t.Elem)
	case namespace.Addr, namespace.BE:
		return "@abi." + t.Name
	case namespace.Enum, namespace.Named:
		return "@" + s.Name + "." + t.Name
	}
	return t.String()
}

// function writes the name of a function of the rules, "Name" or
// "import/path.Name".
func (w *archWriter) function(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return name
	}
	alias := "hook" + strings.Map(func(r rune) rune {
		if r == '/' || r == '.' || r == '-' {
			return '_'
		}
		return r
	}, name[:i])
	w.imports[alias] = name[:i]
	return "@" + alias + "." + name[i+1:]
}

// headerOf returns the header that declares a record.
func headerOf(r *namespace.Record) string { return r.C.Pos.File }

// fileOf returns the file that the converter of a pair goes to: that of the
// left system's header, so that both directions keep it under one name.
func (w *archWriter) fileOf(from, to *namespace.Record) string {
	if w.from.left {
		return emit.FileBase(headerOf(from))
	}
	return emit.FileBase(headerOf(to))
}

// oneLine makes a text of the rules fit for a line of a comment.
func oneLine(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "@", escapedAt)
}

// wrap breaks a paragraph into lines of at most 96 bytes.
func wrap(text string) string {
	var b strings.Builder
	n := 0
	for i, word := range strings.Fields(oneLine(text)) {
		if i > 0 && n+1+len(word) > 96 {
			b.WriteByte('\n')
			n = 0
		} else if i > 0 {
			b.WriteByte(' ')
			n++
		}
		b.WriteString(word)
		n += len(word)
	}
	return b.String()
}
