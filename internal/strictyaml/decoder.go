package strictyaml

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/nearest"
)

// maxDepth bounds nesting and aliases that refer to themselves.
const maxDepth = 100

type decoder struct {
	file   string
	errors ErrorList
	depth  int
}

func pointee(v any) reflect.Value {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		panic("strictyaml: Decode wants a pointer to a struct")
	}
	return p.Elem()
}

func (d *decoder) pos(n *yaml.Node) ctype.Pos {
	return ctype.Pos{File: d.file, Line: n.Line, Col: n.Column}
}

func (d *decoder) error(n *yaml.Node, format string, args ...any) *Error {
	return &Error{Pos: d.pos(n), Msg: fmt.Sprintf(format, args...)}
}

func (d *decoder) fail(n *yaml.Node, format string, args ...any) {
	d.errors = append(d.errors, d.error(n, format, args...))
}

// value stores node in v.
func (d *decoder) value(n *yaml.Node, v reflect.Value) {
	if d.depth++; d.depth > maxDepth {
		d.fail(n, "nested more than %d deep", maxDepth)
		d.depth--
		return
	}
	defer func() { d.depth-- }()
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if v.Kind() == reflect.Pointer {
		p := reflect.New(v.Type().Elem())
		d.value(n, p.Elem())
		v.Set(p)
		return
	}
	if n.Kind == yaml.ScalarNode {
		if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
			d.text(n, v, u)
			return
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		d.mapping(n, v)
	case reflect.Map:
		d.table(n, v)
	case reflect.Slice:
		d.sequence(n, v)
	default:
		d.scalar(n, v)
	}
}

func (d *decoder) text(n *yaml.Node, v reflect.Value, u encoding.TextUnmarshaler) {
	if err := u.UnmarshalText([]byte(n.Value)); err != nil {
		d.fail(n, "%v", err)
	}
	if v.Kind() == reflect.Struct {
		d.setPos(n, v)
	}
}

// setPos fills the field tagged ",pos", if there is one.
func (d *decoder) setPos(n *yaml.Node, v reflect.Value) {
	for i := range v.NumField() {
		if _, option := tag(v.Type().Field(i)); option == "pos" {
			v.Field(i).Set(reflect.ValueOf(d.pos(n)))
		}
	}
}

func tag(f reflect.StructField) (name, option string) {
	name, option, _ = strings.Cut(f.Tag.Get("yaml"), ",")
	return name, option
}

// fields collects the settable fields of v by key, those of inlined structs
// included, and the keys in their order of declaration.
func (d *decoder) fields(n *yaml.Node, v reflect.Value, into map[string]reflect.Value) (keys []string) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, option := tag(f)
		switch {
		case option == "pos":
			v.Field(i).Set(reflect.ValueOf(d.pos(n)))
		case option == "inline":
			keys = append(keys, d.fields(n, v.Field(i), into)...)
		case name != "" && name != "-":
			into[name] = v.Field(i)
			keys = append(keys, name)
		}
	}
	return keys
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "want a mapping, have %s", kind(n))
		return
	}
	byKey := map[string]reflect.Value{}
	keys := d.fields(n, v, byKey)
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		if d.repeated(key, seen) {
			continue
		}
		field, ok := byKey[key.Value]
		if !ok {
			d.fail(key, "unknown key %q%s", key.Value, suggest(key.Value, keys))
			continue
		}
		if isNull(val) {
			continue // "key:" with nothing after it is the zero value
		}
		d.value(val, field)
	}
}

func suggest(key string, keys []string) string {
	if s := nearest.Suggest(key, keys); s != "" {
		return s
	}
	return "; known here: " + strings.Join(keys, ", ")
}

func (d *decoder) repeated(key *yaml.Node, seen map[string]int) bool {
	if key.Kind != yaml.ScalarNode {
		d.fail(key, "want a name for a key, have %s", kind(key))
		return true
	}
	if line, ok := seen[key.Value]; ok {
		d.fail(key, "key %q was given on line %d already", key.Value, line)
		return true
	}
	seen[key.Value] = key.Line
	return false
}

func (d *decoder) table(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "want a mapping, have %s", kind(n))
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.Content)/2))
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		if d.repeated(key, seen) {
			continue
		}
		k := reflect.New(v.Type().Key()).Elem()
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(key, k)
		if !isNull(val) {
			d.value(val, e)
		}
		v.SetMapIndex(k, e)
	}
}

func (d *decoder) sequence(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, "want a list, have %s", kind(n))
		return
	}
	s := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, e := range n.Content {
		d.value(e, s.Index(i))
	}
	v.Set(s)
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value) {
	want := map[reflect.Kind]string{reflect.String: "text", reflect.Bool: "true or false"}[v.Kind()]
	if want == "" {
		want = "a number"
	}
	if n.Kind != yaml.ScalarNode {
		d.fail(n, "want %s, have %s", want, kind(n))
		return
	}
	if v.Kind() == reflect.String {
		v.SetString(n.Value) // 386 is a name here, so numbers are text too
		return
	}
	if err := n.Decode(v.Addr().Interface()); err != nil {
		d.fail(n, "want %s, have %q", want+limits(v.Kind()), n.Value)
	}
}

// limits names the range of the small integer kinds in an error.
func limits(k reflect.Kind) string {
	switch k {
	case reflect.Uint8:
		return " from 0 to 255"
	case reflect.Uint16:
		return " from 0 to 65535"
	case reflect.Uint, reflect.Uint32, reflect.Uint64:
		return " not below 0"
	}
	return ""
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		return fmt.Sprintf("%q", n.Value)
	}
	return "something else"
}
