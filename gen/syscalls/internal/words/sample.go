// Package words is the part of a package of system calls that is the same
// whatever the calls are. The generator copies words.go; this file stands for
// what it writes itself.
package words

// wideAlign is the number of slots that a 64-bit argument is aligned to: as on
// arm, where it matters, or 1 where slots have 64 bits.
const wideAlign = wideSlots

var table = [...]Call{
	1: {Number: 1, Name: "exit", Symbol: "exit", Args: []Arg{{"rval", "int", Int32}}, Note: "no prototype"},
	3: {Number: 3, Name: "lseek", Symbol: "__lseek50", Func: "Lseek", Args: []Arg{
		{"fd", "int", Int32}, {"PAD", "int", Padding}, {"offset", "off_t", Int64}, {"whence", "int", Int32},
	}},
	4: {Number: 4, Name: "odd", Symbol: "odd", Args: []Arg{
		{"path", "const char *", Pointer}, {"offset", "off_t", Int64}, {"size", "size_t", Uint}, {"dev", "dev_t", Uint64},
	}},
}

var names = [...]entry{{"__lseek50", 3}, {"exit", 1}, {"lseek", 3}, {"odd", 4}}
