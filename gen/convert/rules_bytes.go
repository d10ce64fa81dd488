package convert

import "github.com/abigen/abigen/abi/ctype"

// A UnionRule is a structure of varying length whose first record holds a tag:
// a socket address. Its converter works on bytes.
type UnionRule struct {
	Pos    ctype.Pos      `yaml:",pos"`
	Name   string         `yaml:"name"`   // of the generated function
	Header Pair           `yaml:"header"` // the record at the start of each variant
	Tag    Pair           `yaml:"tag"`    // its member that tells the variants apart
	Length Pair           `yaml:"length"` // its member that holds the length, on the sides that have one
	Cases  []*VariantRule `yaml:"cases"`
	File   string         `yaml:"file"`
}

// A VariantRule is one variant of a [UnionRule].
type VariantRule struct {
	Pos    ctype.Pos `yaml:",pos"`
	Tag    Pair      `yaml:"tag"`
	Record Pair      `yaml:"record"`
	Text   Pair      `yaml:"text"` // the member at the end that may be cut after its string

	// Longest is the most bytes Text may have on each side, for a system
	// that takes longer ones than the array in its header has room for.
	Longest Sided `yaml:"longest"`

	Hook  Sided `yaml:"hook"`  // a Go function over bytes: func(dst, src []byte) (int, error)
	Empty bool  `yaml:"empty"` // only the header is there
}

// A ChainRule is a sequence of messages, each with its length in front, such
// as control messages. Its converter works on bytes.
type ChainRule struct {
	Pos      ctype.Pos      `yaml:",pos"`
	Name     string         `yaml:"name"`
	Header   Pair           `yaml:"header"` // the record in front of each message
	Length   Pair           `yaml:"length"` // its member with the length of header and payload
	Level    Pair           `yaml:"level"`
	Type     Pair           `yaml:"type"`
	Align    Sided          `yaml:"align"` // "sizeof TYPE", or a constant that holds alignment - 1
	Messages []*MessageRule `yaml:"messages"`
	Without  []*WhyRule     `yaml:"without"` // types that have no counterpart, and why
	File     string         `yaml:"file"`
}

// A Payload is a value in bytes: of a control message, of a socket option, the
// argument of a request. Exactly one of its kinds is given.
type Payload struct {
	Record   Pair   `yaml:"record"`   // a record that a [RecordRule] pairs
	Param    Pair   `yaml:"param"`    // the record's parameter, a constant or a number; by default the payload's own number
	Elements int64  `yaml:"elements"` // any number of elements of this many bytes, copied
	Integer  Sided  `yaml:"integer"`  // Go types of an integer, "uint8 = int32"
	Bool     Sided  `yaml:"bool"`     // Go types of an integer that is zero or not; the result is 0 or 1
	Byte     bool   `yaml:"byte"`     // an integer or bool may be a single byte, too
	Domain   string `yaml:"domain"`   // an integer's values go through this domain
	Text     Sided  `yaml:"text"`     // a string, and the most bytes it has with its NUL on each side
	As       string `yaml:"as"`       // a [UnionRule]
	Hook     Sided  `yaml:"hook"`     // a Go function: func(dst, src []byte) (int, error)
	Drop     string `yaml:"drop"`     // why it is left out
}

// A MessageRule is one kind of message.
type MessageRule struct {
	Pos   ctype.Pos `yaml:",pos"`
	Level Pair      `yaml:"level"`
	Type  Pair      `yaml:"type"`

	// Merge names the record of the result's side that several messages are
	// put into, for a type of which a chain has one. The hook changes what is
	// there already, zero at first: func(dst *Record, src []byte) error.
	Merge string `yaml:"merge"`

	Payload `yaml:",inline"`
}

// An OptionsRule is a set of domains under levels, such as socket options: a
// number that means something only together with another.
type OptionsRule struct {
	Pos    ctype.Pos    `yaml:",pos"`
	Name   string       `yaml:"name"`
	What   string       `yaml:"what"`
	Type   Sided        `yaml:"type"`
	Levels []*LevelRule `yaml:"levels"`
	File   string       `yaml:"file"`

	// Moved are options that are under another level on the other side.
	Moved []*MovedRule `yaml:"moved"`

	// Values tells what the options hold. With it there is a function that
	// translates level, option and value.
	Values *ValuesRule `yaml:"values"`
}

// A LevelRule is one level of an [OptionsRule].
type LevelRule struct {
	Pos    ctype.Pos `yaml:",pos"`
	Level  Pair      `yaml:"level"`
	Domain string    `yaml:"domain"` // the [DomainRule] of the options under it
}

// A MovedRule is an option of an [OptionsRule] whose level is not that of its
// neighbors on both sides.
type MovedRule struct {
	Pos    ctype.Pos `yaml:",pos"`
	Level  Pair      `yaml:"level"` // constants or numbers
	Option Pair      `yaml:"option"`
}

// A ValuesRule tells what the options of an [OptionsRule] hold.
type ValuesRule struct {
	Pos     ctype.Pos    `yaml:",pos"`
	Name    string       `yaml:"name"` // of the generated function
	Options []*ValueRule `yaml:"options"`
}

// A ValueRule is what some options hold.
type ValueRule struct {
	Pos     ctype.Pos `yaml:",pos"`
	Level   Pair      `yaml:"level"`
	Options []Pair    `yaml:"options"`

	Payload `yaml:",inline"`
}

// A SequenceRule is an array of records in bytes, one behind the other: all of
// them whole, or each as long as it says.
type SequenceRule struct {
	Pos    ctype.Pos `yaml:",pos"`
	Name   string    `yaml:"name"`
	Record Pair      `yaml:"record"` // a record that a [RecordRule] pairs
	Param  Pair      `yaml:"param"`  // the record's parameter, a constant or a number

	// Length is the member with the length of each record, and Text the
	// last member, a string behind which a record is cut. Both or none.
	Length Pair  `yaml:"length"`
	Text   Pair  `yaml:"text"`
	Align  Sided `yaml:"align"` // where the next record begins, as in a [ChainRule]

	File string `yaml:"file"`
}

// A RequestsRule is a set of numbers that say what an argument is, such as those
// of ioctl. Its converters are three functions: NAME translates the number,
// NAMEArgument what the caller gives with it, and NAMEResult what it gets back.
type RequestsRule struct {
	Pos      ctype.Pos      `yaml:",pos"`
	Name     string         `yaml:"name"`
	What     string         `yaml:"what"`
	Type     Sided          `yaml:"type"` // Go types of the number
	Requests []*RequestRule `yaml:"requests"`

	// Constants are the numbers that the rule accounts for: one that is in
	// no request must be in Without or under Rest.
	Constants []string    `yaml:"constants"`
	Except    []string    `yaml:"except"`
	Without   []*WhyRule  `yaml:"without"`
	Rest      []*RestRule `yaml:"rest"`

	File string `yaml:"file"`
}

// A RequestRule is some requests with the same argument.
type RequestRule struct {
	Pos      ctype.Pos `yaml:",pos"`
	Requests []Pair    `yaml:"requests"`
	In       *Payload  `yaml:"in"`  // what the request reads; nil for nothing
	Out      *Payload  `yaml:"out"` // what it writes; nil for nothing
}
