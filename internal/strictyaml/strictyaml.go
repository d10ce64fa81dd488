// Package strictyaml reads YAML into Go structs and accepts nothing it does
// not know: an unknown or repeated key, a value of the wrong kind or a number
// out of range is an error with file, line and column, and all of them are
// reported at once.
//
// Fields are matched by their `yaml:"name"` tag; a field without one is not
// read. Two options have a meaning: `yaml:",inline"` on an embedded struct
// takes its fields as if they stood here, and `yaml:",pos"` on a field of type
// [ctype.Pos] stores where the mapping or scalar began, so that whoever uses
// the value later can still say which line it came from.
//
// A type that implements [encoding.TextUnmarshaler] is read from a scalar by
// that method; a struct that does may also be written as a mapping, which
// gives a value a short form and a long one.
package strictyaml

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/abigen/abigen/abi/ctype"
)

// An Error is one fault of a document.
type Error struct {
	Pos ctype.Pos
	Msg string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.Pos.File, e.Pos.Line, e.Pos.Col, e.Msg)
}

// An ErrorList is every fault of a document, in the order of the text.
type ErrorList []*Error

func (l ErrorList) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives errors.As the single errors.
func (l ErrorList) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// Decode reads the one YAML document in data into the struct v points to.
// The name of the file is used in positions only. The error, if any, is an
// [ErrorList]; v may then be filled in part.
func Decode(file string, data []byte, v any) error {
	d := decoder{file: file}
	node, err := d.document(data)
	if err != nil {
		return err
	}
	if node != nil {
		d.value(node, pointee(v))
	}
	if len(d.errors) == 0 {
		return nil
	}
	slices.SortStableFunc(d.errors, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
	return d.errors
}

// yamlLine finds the position in the library's messages, which have no other
// form.
var yamlLine = regexp.MustCompile(`line (\d+): `)

// document returns the root node of the only document in data, nil if there
// is none.
func (d *decoder) document(data []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	err := decodeNode(dec, &doc)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err == nil {
		var second yaml.Node
		if err = decodeNode(dec, &second); errors.Is(err, io.EOF) {
			return doc.Content[0], nil
		} else if err == nil {
			return nil, ErrorList{d.error(&second, "a second document; a configuration is one")}
		}
	}
	pos := ctype.Pos{File: d.file, Line: 1, Col: 1}
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(msg); m != nil {
		pos.Line, _ = strconv.Atoi(m[1])
		msg = strings.Replace(msg, m[0], "", 1)
	}
	return nil, ErrorList{{Pos: pos, Msg: msg}}
}

// decodeNode keeps a panic of the library on strange input from reaching the
// user: it becomes an error.
func decodeNode(dec *yaml.Decoder, node *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("not readable as YAML: %v", r)
		}
	}()
	return dec.Decode(node)
}
