package strictyaml

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/abi/ctype"
)

type name struct {
	Text string
	Pos  ctype.Pos `yaml:",pos"`
}

func (n *name) UnmarshalText(b []byte) error {
	if strings.Contains(string(b), " ") {
		return fmt.Errorf("%q is not a name", b)
	}
	n.Text = string(b)
	return nil
}

type common struct {
	Note string `yaml:"note"`
}

type rule struct {
	common `yaml:",inline"`
	Pos    ctype.Pos         `yaml:",pos"`
	Name   name              `yaml:"name"`
	Count  int               `yaml:"count"`
	Small  uint8             `yaml:"small"`
	On     bool              `yaml:"on"`
	Arch   []string          `yaml:"arch"`
	Words  map[string]string `yaml:"words"`
	Sub    *rule             `yaml:"sub"`
}

func at(line, col int) ctype.Pos { return ctype.Pos{File: "f.yaml", Line: line, Col: col} }

func TestDecode(t *testing.T) {
	var got rule
	err := Decode("f.yaml", []byte(`
name: msghdr
note: &n hello
count: -3
on: true
arch: [386, amd64]
words: {EAGAIN: try again}
sub:
  note: *n
  small: 255
  name:
`), &got)
	if err != nil {
		t.Fatal(err)
	}
	want := rule{
		common: common{Note: "hello"}, Pos: at(2, 1), Name: name{"msghdr", at(2, 7)}, Count: -3, On: true,
		Arch: []string{"386", "amd64"}, Words: map[string]string{"EAGAIN": "try again"},
		Sub: &rule{common: common{Note: "hello"}, Pos: at(9, 3), Small: 255},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(rule{}, common{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeEmpty(t *testing.T) {
	var got rule
	if err := Decode("f.yaml", []byte("# nothing\n"), &got); err != nil {
		t.Errorf("an empty document: %v", err)
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, test := range []struct{ yaml, want string }{
		{"nmae: x", `f.yaml:1:1: unknown key "nmae"; did you mean name`},
		{"zzzzzzzzz: x", `f.yaml:1:1: unknown key "zzzzzzzzz"; known here: note, name,`},
		{"hidden: 1", `f.yaml:1:1: unknown key "hidden"`},
		{"count: many", `f.yaml:1:8: want a number, have "many"`},
		{"count: [1]", `f.yaml:1:8: want a number, have a list`},
		{"small: 256", `f.yaml:1:8: want a number from 0 to 255, have "256"`},
		{"on: perhaps", `f.yaml:1:5: want true or false, have "perhaps"`},
		{"arch: amd64", `f.yaml:1:7: want a list, have "amd64"`},
		{"words: [a]", `f.yaml:1:8: want a mapping, have a list`},
		{"- a", `f.yaml:1:1: want a mapping, have a list`},
		{"name: two words", `f.yaml:1:7: "two words" is not a name`},
		{"note: a\nnote: b", `f.yaml:2:1: key "note" was given on line 1 already`},
		{"? [a]\n: b", `f.yaml:1:3: want a name for a key, have a list`},
		{"note: a\n---\nnote: b", `f.yaml:2:1: a second document`},
		{"note: 'open", `f.yaml:`},
		{"a: b: c", `f.yaml:1:1: mapping values are not allowed`},
		{"sub: &x\n  sub: *x", `nested more than 100 deep`},
	} {
		var r rule
		err := Decode("f.yaml", []byte(test.yaml), &r)
		if err == nil {
			t.Errorf("%q: no error, want %s", test.yaml, test.want)
			continue
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q:\n got %v\nwant %s", test.yaml, err, test.want)
		}
		var one *Error
		if !errors.As(err, &one) {
			t.Errorf("%q: no *Error in %T", test.yaml, err)
		}
	}
}

func TestAllErrorsInOrder(t *testing.T) {
	var r rule
	err := Decode("f.yaml", []byte("count: x\nfoo: y\non: z\n"), &r)
	var list ErrorList
	if !errors.As(err, &list) || len(list) != 3 {
		t.Fatalf("want three errors, have %v", err)
	}
	for i, e := range list {
		if e.Pos.Line != i+1 {
			t.Errorf("error %d is of line %d", i, e.Pos.Line)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("name: msghdr\nsub: {count: 3}\n")
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		var r rule
		if err := Decode("f.yaml", []byte(text), &r); err != nil {
			var one *Error
			if !errors.As(err, &one) {
				t.Errorf("%T is not an error with a position", err)
			}
		}
	})
}
