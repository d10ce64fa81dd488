package convert

import (
	"fmt"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// Rules say what in one system means the same as what in another. They are
// read from YAML by the keys in the tags; every name in them that neither
// system has is an error.
type Rules struct {
	Pos ctype.Pos `yaml:",pos"`

	// Systems names the two systems: the left and the right side of every
	// [Pair] in these rules.
	Systems []string `yaml:"systems"`

	// Reserved are patterns of members that carry nothing: padding and
	// spare fields. They are zero in a result and not looked at in a source.
	Reserved []string `yaml:"reserved"`

	Domains []*DomainRule  `yaml:"domains"`
	Records []*RecordRule  `yaml:"records"`
	Unions  []*UnionRule   `yaml:"unions"`
	Chains  []*ChainRule   `yaml:"chains"`
	Options []*OptionsRule `yaml:"options"`

	Sequences []*SequenceRule `yaml:"sequences"`
	Requests  []*RequestsRule `yaml:"requests"`
}

// A Pair is two names that mean the same, written "NAME" when they are equal,
// "LEFT = RIGHT" when they are not, and "LEFT -> RIGHT" or "LEFT <- RIGHT"
// when only that direction is meant. "LEFT" and "RIGHT" are of the first and
// second of [Rules.Systems]. For members, "LEFT = " and " = RIGHT" name a
// member of one side alone.
type Pair struct {
	Pos         ctype.Pos `yaml:",pos"`
	Left, Right string
	OnlyRight   bool // "->": not from right to left
	OnlyLeft    bool // "<-": not from left to right
}

// UnmarshalText reads a pair in the notation of [Pair].
func (p *Pair) UnmarshalText(text []byte) error {
	s := string(text)
	left, right, found := s, s, false
	for _, op := range []string{"<-", "->", "="} {
		if left, right, found = strings.Cut(s, op); found {
			p.OnlyLeft, p.OnlyRight = op == "<-", op == "->"
			break
		}
	}
	if !found {
		left, right = s, s
	}
	p.Left, p.Right = strings.TrimSpace(left), strings.TrimSpace(right)
	if p.Left == "" && p.Right == "" {
		return fmt.Errorf("%q: want NAME, LEFT = RIGHT, LEFT -> RIGHT or LEFT <- RIGHT", s)
	}
	return nil
}

// String returns the pair as it is written.
func (p Pair) String() string {
	switch {
	case p.OnlyRight:
		return p.Left + " -> " + p.Right
	case p.OnlyLeft:
		return p.Left + " <- " + p.Right
	case p.Left == p.Right:
		return p.Left
	}
	return strings.TrimSpace(p.Left + " = " + p.Right)
}

// none reports whether the pair was not given.
func (p Pair) none() bool { return p.Left == "" && p.Right == "" }

// A Sided is a text for each side, written "LEFT = RIGHT", or once for both.
type Sided = Pair

// A DomainRule is a set of constants that are translated by their names.
type DomainRule struct {
	Pos ctype.Pos `yaml:",pos"`

	// Name is the name of the generated function.
	Name string `yaml:"name"`

	// What says in a few words what a value is, for documentation and
	// errors: "address family".
	What string `yaml:"what"`

	// Type is the Go type of values on each side: a basic integer type, or
	// a type of the system's package, such as Errno. With the latter only
	// constants of that type belong to the domain.
	Type Sided `yaml:"type"`

	// Flags tells that values are sets of bits.
	Flags bool `yaml:"flags"`

	// Fields are parts of a flag word that are numbers, such as the access
	// mode in open flags.
	Fields []*FieldRule `yaml:"fields"`

	// Headers limits Constants to those declared in headers that match one
	// of these patterns ("sys/socket.h", "bits/*").
	Headers []string `yaml:"headers"`

	Constants []string    `yaml:"constants"` // patterns with *, of both systems
	Except    []string    `yaml:"except"`    // patterns of names that match Constants and are something else
	Pairs     []Pair      `yaml:"pairs"`     // names that are not equal, or go one way only
	Without   []*WhyRule  `yaml:"without"`   // no counterpart, and why
	Drop      []*WhyRule  `yaml:"drop"`      // bits that are cleared instead of failing, and why
	Otherwise []*ElseRule `yaml:"otherwise"` // what to give for a value without a counterpart

	// Same tells that numbers without a name mean themselves, such as a limit
	// that is not the one for "unlimited"; except the number that a name of
	// the domain has on the other side.
	Same bool `yaml:"same"`

	// Rest says why what else a system has in the domain is without a
	// counterpart.
	Rest []*RestRule `yaml:"rest"`

	// Normal are forms of names, for a system that keeps versions of one
	// thing under several.
	Normal []*NormalRule `yaml:"normal"`

	File string `yaml:"file"` // the generated file's noun, when not the header's
}

// A RestRule is the reason for all constants of one system that nothing else in
// a rule is about.
type RestRule struct {
	Pos    ctype.Pos `yaml:",pos"`
	System string    `yaml:"system"`
	Why    string    `yaml:"why"`
}

// A NormalRule gives constants of one system another name to pair by. Of several
// with the same one, the last declared counts in a result.
type NormalRule struct {
	Pos     ctype.Pos `yaml:",pos"`
	System  string    `yaml:"system"`
	Pattern string    `yaml:"pattern"` // a regular expression for the whole name
	Name    string    `yaml:"name"`    // what it becomes, with $1 for the first group
}

// A FieldRule is a number inside a flag word.
type FieldRule struct {
	Pos    ctype.Pos `yaml:",pos"`
	Mask   Sided     `yaml:"mask"` // a constant or a number
	Values []Pair    `yaml:"values"`
}

// A WhyRule lists names with the reason for what happens to them.
type WhyRule struct {
	Pos   ctype.Pos `yaml:",pos"`
	Names []string  `yaml:"names"` // patterns
	Why   string    `yaml:"why"`
}

// An ElseRule gives a value for everything that has no counterpart.
type ElseRule struct {
	Pos    ctype.Pos `yaml:",pos"`
	System string    `yaml:"system"` // the system the value is of
	Value  string    `yaml:"value"`  // a constant
	Why    string    `yaml:"why"`
}

// A RecordRule pairs records and decides about their members. Members that no
// rule names pair by equal names.
type RecordRule struct {
	Pos ctype.Pos `yaml:",pos"`

	// Records are the pairs: a struct's tag ("timeval"), "union NAME", or a
	// typedef's name. Several in one rule share its members.
	Records []Pair `yaml:"records"`

	Members []*MemberRule `yaml:"members"`

	// Name is the name of the generated function, on the side of its result;
	// by default that of the result's type. It is for a type that several
	// pairs make.
	Name Sided `yaml:"name"`

	// Param names an integer parameter of the converter, such as the
	// request number that tells which member of a union holds the value.
	Param string `yaml:"param"`

	// As names the [UnionRule] that records without a layout of their own,
	// such as sockaddr_storage, are converted by.
	As string `yaml:"as"`

	// Hook is a Go function that does the whole conversion, with the
	// signature a generated one would have: "Name", of the package of the
	// converters, or "import/path.Name"; the left one makes what the left
	// system has. With one, members are not looked at.
	Hook Sided `yaml:"hook"`
}

// A MemberRule decides about one member, or one pair of members; a member of a
// member is written "OUTER.INNER". At most one of
// its decisions is given; with none, the members are paired as by name.
type MemberRule struct {
	Pos    ctype.Pos `yaml:",pos"`
	Member Pair      `yaml:"member"`

	Domain string     `yaml:"domain"` // values go through this domain
	Length bool       `yaml:"length"` // holds the size of its record
	Text   string     `yaml:"text"`   // "name": a NUL-terminated string that must end inside; "path": one that may fill its array, and not be empty before its end
	Bits   bool       `yaml:"bits"`   // the bits are kept when only the signs differ
	Copy   bool       `yaml:"copy"`   // the bytes are copied as they are, whatever is in them
	Drop   string     `yaml:"drop"`   // why the value is not carried over
	Add    string     `yaml:"add"`    // why the value is zero in the result
	Hook   Sided      `yaml:"hook"`   // a Go function, "import/path.Name" or "Name" of the same package
	Union  *CasesRule `yaml:"union"`  // one of several members, told apart by a tag

	// TextLength is one side's member that holds the length of the string in
	// another member of its record.
	TextLength string `yaml:"text_length"`

	// Limit is the most the member may be on each side, when its type holds
	// more; less than zero is refused then, too.
	Limit Sided `yaml:"limit"`

	// Default is the value in a result that has the member without a source,
	// when it is not zero: a constant or a number. Add says why.
	Default string `yaml:"default"`

	// Count names the members that hold how many elements of this array are
	// in use.
	Count Pair `yaml:"count"`

	Set   *SetRule   `yaml:"set"`   // an array of bits
	Index *IndexRule `yaml:"index"` // an array whose index is a number of a domain
}

// A SetRule tells that an array of words is a set of numbers, a bit for each.
type SetRule struct {
	Pos    ctype.Pos `yaml:",pos"`
	First  int       `yaml:"first"`  // what the lowest bit of the first word stands for
	Domain string    `yaml:"domain"` // what the numbers are; without one they mean the same on both sides
	Drop   string    `yaml:"drop"`   // why numbers without a counterpart are left out; without it they are errors
}

// An IndexRule tells that an array has a place for each name of a domain.
type IndexRule struct {
	Pos    ctype.Pos `yaml:",pos"`
	Domain string    `yaml:"domain"` // of the index
	Values string    `yaml:"values"` // a domain that the elements go through; may be empty
	Fill   Sided     `yaml:"fill"`   // a constant or number for places without a source; zero when empty
	Drop   string    `yaml:"drop"`   // why elements without a place are left out
}

// A CasesRule tells which members of a union are in use.
type CasesRule struct {
	Pos   ctype.Pos   `yaml:",pos"`
	By    string      `yaml:"by"` // the record's [RecordRule.Param]
	Cases []*CaseRule `yaml:"cases"`
}

// A CaseRule is one use of a union.
type CaseRule struct {
	Pos    ctype.Pos `yaml:",pos"`
	Tags   []Pair    `yaml:"tags"`
	Member Pair      `yaml:"member"`
	Domain string    `yaml:"domain"`
	Bits   bool      `yaml:"bits"`
	Text   string    `yaml:"text"`
	As     string    `yaml:"as"`   // a [UnionRule] the bytes are converted by
	None   bool      `yaml:"none"` // nothing is in use
}
