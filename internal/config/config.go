// Package config reads abigen.yaml: which systems there are, where their
// headers come from, which Go packages are made of them, and which converters
// between them. docs/configuration.md explains every key.
package config

import (
	"encoding"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// Config is the whole of abigen.yaml.
type Config struct {
	Pos ctype.Pos `yaml:",pos"`

	// Version is the version of this format; 1 is the only one.
	Version int `yaml:"version"`

	// Cache is the directory for unpacked headers, relative to the
	// configuration; the environment variable ABIGEN_CACHE goes before it.
	// Empty means the user's cache directory.
	Cache string `yaml:"cache"`

	// Coverage is the coverage report; there is none when it names no file.
	Coverage Coverage `yaml:"coverage"`

	Systems    []*System    `yaml:"systems"`
	Converters []*Converter `yaml:"converters"`

	// Rules is the file, relative to the configuration, with the rules the
	// converters are planned by. Needed when there are Converters.
	Rules Text `yaml:"rules"`
}

// Coverage is the report of what is covered, and what not. In YAML it may be
// the name of File alone.
type Coverage struct {
	Pos         ctype.Pos `yaml:",pos"`
	File        string    `yaml:"file"`         // in Markdown
	Data        string    `yaml:"data"`         // a line for each declaration, as CSV; may be empty
	Scope       Text      `yaml:"scope"`        // file with what has no counterpart, and limits; may be empty
	HandWritten []Text    `yaml:"hand_written"` // directories with converters that were written by hand
}

var _ encoding.TextUnmarshaler = (*Coverage)(nil)

// UnmarshalText takes b as the name of the file.
func (c *Coverage) UnmarshalText(b []byte) error {
	c.File = string(b)
	return nil
}

// System is one system's headers and the Go package made of them.
type System struct {
	Pos ctype.Pos `yaml:",pos"`

	Name  Text   `yaml:"name"`  // the word other keys refer to it by, such as "netbsd"
	Title string `yaml:"title"` // how the documentation spells it, such as "NetBSD"
	OS    string `yaml:"os"`    // the OS of its targets; Name when not given

	// Sysroot is "zig", "host" or "dir:PATH"; "zig" when not given. A
	// relative PATH starts at the configuration.
	Sysroot Text `yaml:"sysroot"`

	Package string `yaml:"package"` // directory of the Go package, relative to the configuration; Name when not given
	Import  string `yaml:"import"`  // its import path; found through go.mod when not given

	Targets  []Text `yaml:"targets"`  // the architectures the package is for
	Describe []Text `yaml:"describe"` // further ones, for descriptions and portable types

	Groups []*Group `yaml:"groups"`

	// Only are patterns of headers. The package has what they declare and
	// what that needs, and nothing else; everything when not given.
	Only []Text `yaml:"only"`

	// Syscalls asks for a Go package of the system calls.
	Syscalls *Syscalls `yaml:"syscalls"`

	// Unused are headers that were tried and left out, for the coverage report.
	Unused []*Unused `yaml:"unused"`

	// CompilerDependent are declarations that compilers see differently from
	// each other, so that verify cannot ask all of them.
	CompilerDependent []*CompilerDependent `yaml:"compiler_dependent"`

	NetworkOrder []Text          `yaml:"network_order"` // typedefs and struct.member names that hold big-endian integers
	Exclude      []string        `yaml:"exclude"`       // patterns of C names to leave out
	Rename       map[Text]string `yaml:"rename"`        // C name to Go name
	Notes        map[Text]string `yaml:"notes"`         // added to the comment of a member, struct.member: "MSG_*"
	Bytes        []Text          `yaml:"bytes"`         // records to be byte arrays in Go
	Portable     []Text          `yaml:"portable"`      // records with Decode and Encode for every target
	Messages     Text            `yaml:"messages"`      // file with the system's texts for errno and signal names
}

// Group is one C translation unit: headers included one after another.
type Group struct {
	Pos     ctype.Pos         `yaml:",pos"`
	Name    Text              `yaml:"name"`
	Define  map[string]string `yaml:"define"` // macros defined before the first header
	Headers []Text            `yaml:"headers"`
}

// Syscalls is a Go package of a system's system calls. Its headers are a C
// translation unit of their own, which the system's package does not see.
type Syscalls struct {
	Pos        ctype.Pos         `yaml:",pos"`
	Package    string            `yaml:"package"`    // directory, relative to the configuration; its last element is the package name
	Import     string            `yaml:"import"`     // its import path; found through go.mod when not given
	Define     map[string]string `yaml:"define"`     // macros defined before the first header
	Headers    []Text            `yaml:"headers"`    // what the others need before them
	Numbers    Text              `yaml:"numbers"`    // the header with the numbers
	Prototypes Text              `yaml:"prototypes"` // the header with the prototypes
	Arguments  Text              `yaml:"arguments"`  // the header with the structs of the arguments
	Status     []Text            `yaml:"status"`     // patterns of calls whose int result is 0 or a failure
}

// Group returns the headers of the package as a group.
func (s *Syscalls) Group() *Group {
	return &Group{
		Pos: s.Pos, Name: Text{"syscalls", s.Pos}, Define: s.Define,
		Headers: append(s.Headers[:len(s.Headers):len(s.Headers)], s.Numbers, s.Prototypes, s.Arguments),
	}
}

// Place returns where Status has the pattern; the package's own place when it
// does not.
func (s *Syscalls) Place(status string) ctype.Pos {
	for _, t := range s.Status {
		if t.Value == status {
			return t.Pos
		}
	}
	return s.Pos
}

// Unused is a header that cannot be used, and why.
type Unused struct {
	Pos    ctype.Pos `yaml:",pos"`
	Header string    `yaml:"header"`
	Reason string    `yaml:"reason"`
}

// CompilerDependent names declarations on which a compiler may differ, and why.
type CompilerDependent struct {
	Pos      ctype.Pos `yaml:",pos"`
	Names    []string  `yaml:"names"`    // C names of constants and types
	Compiler string    `yaml:"compiler"` // the compiler that differs; every one when empty
	Reason   string    `yaml:"reason"`
}

// Converter is one package of converters, in one direction.
type Converter struct {
	Pos     ctype.Pos `yaml:",pos"`
	Package string    `yaml:"package"` // directory, relative to the configuration; its last element is the package name
	Import  string    `yaml:"import"`  // its import path; found through go.mod when not given
	From    Text      `yaml:"from"`    // name of a system
	To      Text      `yaml:"to"`
	Doc     Text      `yaml:"doc"` // file with the rest of the package comment
}

// Text is a scalar of the configuration and its place in it.
type Text struct {
	Value string
	Pos   ctype.Pos `yaml:",pos"`
}

var _ encoding.TextUnmarshaler = (*Text)(nil)

// UnmarshalText stores b as it is.
func (t *Text) UnmarshalText(b []byte) error {
	t.Value = string(b)
	return nil
}

func (t Text) String() string { return t.Value }

// System returns the system of that name.
func (c *Config) System(name string) (*System, bool) {
	for _, s := range c.Systems {
		if s.Name.Value == name {
			return s, true
		}
	}
	return nil, false
}

// TargetList returns the targets the package is made for and, after them,
// those that are described only.
func (s *System) TargetList() (native, described []ctype.Target) {
	for _, a := range s.Targets {
		native = append(native, ctype.Target{OS: s.OS, Arch: a.Value})
	}
	for _, a := range s.Describe {
		described = append(described, ctype.Target{OS: s.OS, Arch: a.Value})
	}
	return native, described
}

// compilerDependent are the declarations of widely used headers that depend on
// the compiler; a configuration adds its own.
var compilerDependent = []*CompilerDependent{
	{
		Names:  []string{"__HAVE_GENERIC_SELECTION", "__has_safe_buffers", "DYNAMIC_TARGETS_ENABLED"},
		Reason: "tells what the compiler can do, and abigen describes the headers as a plain GNU C compiler sees them",
	},
	{
		Names: []string{"__GLIBC_USE_DEPRECATED_SCANF"}, Compiler: "gcc",
		Reason: "follows the C standard that the compiler takes when it is not told one",
	},
	{
		Names: []string{"max_align_t"}, Compiler: "gcc",
		Reason: "comes from the compiler's own stddef.h, where each names the members in its way",
	},
}

// DiffersOn returns the names of the declarations that the compiler sees in
// its own way.
func (s *System) DiffersOn(compiler string) []string {
	var names []string
	for _, d := range append(slices.Clone(compilerDependent), s.CompilerDependent...) {
		if d.Compiler == "" || d.Compiler == compiler {
			names = append(names, d.Names...)
		}
	}
	return names
}

// Place returns where the option names something, by the option's key and the
// name; the system's own place when it does not.
func (s *System) Place(option, name string) ctype.Pos {
	lists := map[string][]Text{
		"network_order": s.NetworkOrder, "bytes": s.Bytes, "portable": s.Portable,
		"rename": slices.Collect(maps.Keys(s.Rename)), "notes": slices.Collect(maps.Keys(s.Notes)),
	}
	for _, t := range lists[option] {
		if t.Value == name {
			return t.Pos
		}
	}
	return s.Pos
}

// Values returns the texts without their places.
func Values(list []Text) []string {
	var out []string
	for _, t := range list {
		out = append(out, t.Value)
	}
	return out
}

// ByName returns the map without the places of its keys.
func ByName(m map[Text]string) map[string]string {
	out := make(map[string]string, len(m))
	for t, v := range m {
		out[t.Value] = v
	}
	return out
}

// An Error is a value of the configuration that cannot be.
type Error struct {
	Pos ctype.Pos
	Msg string
}

func (e *Error) Error() string {
	if e.Pos.Line == 0 {
		return e.Pos.File + ": " + e.Msg
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.Pos.File, e.Pos.Line, e.Pos.Col, e.Msg)
}

// SplitDirSysroot returns the PATH of a "dir:PATH" sysroot.
func SplitDirSysroot(spec string) (path string, ok bool) { return strings.CutPrefix(spec, "dir:") }
