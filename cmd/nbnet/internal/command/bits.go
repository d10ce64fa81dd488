package command

import (
	"strconv"
	"strings"
)

// A Bit is one of a number's, with its name.
type Bit struct {
	Mask uint64
	Name string
}

// Names returns those of the bits that are set in v.
func Names(v uint64, bits []Bit) []string {
	names := []string{}
	for _, b := range bits {
		if v&b.Mask != 0 {
			names = append(names, b.Name)
		}
	}
	return names
}

// Bits returns v as snprintb(3) writes it: "0x9<UP,LOOPBACK>", or "0".
func Bits(v uint64, bits []Bit) string {
	if v == 0 {
		return "0"
	}
	s := "0x" + strconv.FormatUint(v, 16)
	if names := Names(v, bits); len(names) > 0 {
		s += "<" + strings.Join(names, ",") + ">"
	}
	return s
}
