package namespace

import (
	"fmt"
	"math"
	"math/bits"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/emit"
)

// wanted reports whether the options ask for the type at all.
func (n *Numbers) wanted() bool { return len(n.Match) > 0 || len(n.Wording) > 0 }

// A numberSet knows which constants are numbers of one type: those with a
// wording, those that match, and further names for the number of one with a
// wording, such as EWOULDBLOCK.
type numberSet struct {
	*Numbers
	prefix string          // of the names: E, SIG
	word   string          // that the names of their headers have in them
	worded map[uint64]bool // the numbers that have a wording
	files  map[string]bool // the headers that declare those
}

func (v *view) numberSet(n *Numbers, prefix, word string) *numberSet {
	s := &numberSet{n, prefix, word, make(map[uint64]bool), make(map[string]bool)}
	for name := range n.Wording {
		if c := v.index.Const(name); c != nil && c.Kind == ctype.ConstInt {
			s.worded[c.Int.Bits] = true
			s.files[c.Pos.File] = true
		}
	}
	return s
}

func (s *numberSet) has(c *ctype.Const) bool {
	if c.Kind != ctype.ConstInt || c.Enum != "" || matches(s.Except, c.Name) {
		return false
	}
	if _, ok := s.Wording[c.Name]; ok {
		return true
	}
	if matches(s.Match, c.Name) {
		return len(s.Headers) == 0 || matches(s.Headers, c.Pos.File)
	}
	rest, ok := strings.CutPrefix(c.Name, s.prefix)
	return ok && !strings.Contains(rest, "_") && s.worded[c.Int.Bits] &&
		(s.files[c.Pos.File] || strings.Contains(path.Base(c.Pos.File), s.word))
}

// planConsts decides name, type and value of every constant.
func (v *view) planConsts() {
	enums := make(map[string]*enum, len(v.enums))
	for _, e := range v.enums {
		enums[e.c.Name] = e
	}
	errnos := v.numberSet(&v.p.opt.Errno, "E", "errno")
	signals := v.numberSet(&v.p.opt.Signal, "SIG", "sig")
	for _, c := range v.unit.Consts {
		if c != v.index.Const(c.Name) {
			continue
		}
		k := &Constant{C: c, Go: c.Name}
		if reason := v.constReason(c); reason != "" {
			v.skip(c.Name, reason, c.Pos)
			continue
		}
		if c.Enum != "" && !emit.Exported(c.Name) {
			k.Go = v.p.enumeratorName(c.Name)
		}
		switch e := enums[c.Enum]; {
		case errnos.has(c):
			k.Type = "Errno"
		case signals.has(c):
			k.Type = "Signal"
		case e != nil && fits(c.Int, e.typ):
			k.Type = e.goName
		case c.Kind == ctype.ConstInt && c.Type != nil && c.Type.Kind == ctype.Pointer:
			k.Type = "abi.Addr"
		}
		k.comment = v.constComment(k)
		v.consts[c.Name] = k
		if e := enums[c.Enum]; e != nil && k.Type == e.goName {
			e.consts = append(e.consts, k)
		} else {
			v.constSeq = append(v.constSeq, k)
		}
	}
	for _, e := range v.enums {
		e.sortConsts()
	}
	slices.SortStableFunc(v.constSeq, func(a, b *Constant) int { return comparePos(a.C.Pos, b.C.Pos) })
	v.markFlags()
	v.markGroups()
	v.markAliases()
}

// constReason says why a constant is left out; empty when it is not.
func (v *view) constReason(c *ctype.Const) string {
	switch {
	case v.p.excluded(c.Name):
		return "excluded by the configuration"
	case emit.Reserved(c.Name):
		return "reserved name"
	case !emit.Exported(c.Name) && c.Enum == "":
		return "a macro that begins with a small letter would not be exported from Go"
	case c.Kind == ctype.ConstFloat && (math.IsInf(c.Float, 0) || math.IsNaN(c.Float)):
		return "Go has no constant for infinity and NaN"
	}
	return ""
}

// enumeratorName gives an enumerator that begins with a small letter a
// capital, the same on every architecture.
func (p *Plan) enumeratorName(cName string) string {
	key := "enumerator " + cName
	if p.goNames[key] == "" {
		p.goNames[key] = p.names.Take(strings.ToUpper(cName[:1]) + cName[1:])
	}
	return p.goNames[key]
}

// fits reports whether an integer type holds a value.
func fits(n ctype.Integer, t *Type) bool {
	width := 8 * t.Size
	if n.Negative() {
		return t.Signed && int64(n.Bits) >= -1<<(width-1)
	}
	limit := uint64(math.MaxUint64)
	if t.Signed {
		width--
	}
	if width < 64 {
		limit = 1<<width - 1
	}
	return n.Bits <= limit
}

// A radix is how the integers of a run of constants are written.
type radix uint8

const (
	eachForItself radix = iota
	allHex              // the run is bit masks
	smallDecimal        // the run is numbers: only large ones are in hexadecimal
)

// markFlags finds runs of constants that are bit masks, to be written in
// hexadecimal: neighbors in a header with the same prefix, most of them
// powers of two, and at least one of those above 8. The first architecture that
// has a constant decides for all.
func (v *view) markFlags() {
	for run := range runs(v.constSeq) {
		powers, round, others, most := 0, 0, 0, uint64(0)
		for _, k := range run {
			n := k.C.Int
			switch {
			case k.C.Kind != ctype.ConstInt || n.Negative():
				others++
			case bits.OnesCount64(n.Bits) == 1 && n.Bits > 2:
				powers++
				most = max(most, n.Bits)
			case roundHex(n.Bits):
				round++
				most = max(most, n.Bits)
			case n.Bits > 4:
				others++
			}
		}
		form := eachForItself
		switch {
		case powers+round >= 3 && powers+round >= 2*others && most > 8:
			form = allHex
		case 2*round < len(run):
			form = smallDecimal
		}
		for _, k := range run {
			if _, decided := v.p.radix[k.C.Name]; !decided {
				v.p.radix[k.C.Name] = form
			}
			k.radix = v.p.radix[k.C.Name]
		}
	}
}

// markGroups separates runs of constants, for the empty lines between them.
// Constants that have no neighbor of their kind share a group with the next
// that have none.
func (v *view) markGroups() {
	n := 0
	alone := false
	for run := range runs(v.constSeq) {
		if len(run) > 1 || !alone {
			n++
		}
		alone = len(run) == 1
		for _, k := range run {
			k.block = n
		}
	}
}

// runs yields the neighbors in a list that have the same header, type and
// prefix.
func runs(list []*Constant) func(yield func([]*Constant) bool) {
	return func(yield func([]*Constant) bool) {
		for len(list) > 0 {
			n := 1
			for n < len(list) && list[n].group() == list[0].group() && list[n].C.Pos.File == list[0].C.Pos.File {
				n++
			}
			if !yield(list[:n]) {
				return
			}
			list = list[n:]
		}
	}
}

// group is the prefix by which constants belong together: up to the first
// underscore, or the enum that declares them.
func (k *Constant) group() string {
	if k.C.Enum != "" {
		return k.C.Enum
	}
	if k.Type != "" {
		return k.Type
	}
	prefix, _, ok := strings.Cut(k.C.Name, "_")
	if !ok {
		return ""
	}
	return prefix
}

// markAliases finds error and signal numbers that an earlier name has too.
func (v *view) markAliases() {
	type number struct {
		typ  string
		bits uint64
	}
	first := make(map[number]*Constant)
	for _, typ := range []string{"Errno", "Signal"} {
		wording := v.p.opt.Errno.Wording
		if typ == "Signal" {
			wording = v.p.opt.Signal.Wording
		}
		// A name with a wording is the name of its number.
		for _, worded := range []bool{true, false} {
			for _, k := range v.constSeq {
				if _, has := wording[k.C.Name]; k.Type == typ && has == worded {
					n := number{typ, k.C.Int.Bits}
					if first[n] == nil {
						first[n] = k
					} else {
						k.alias = first[n]
					}
				}
			}
		}
	}
}

// value returns the constant's value as Go source.
func (k *Constant) value() string {
	switch k.C.Kind {
	case ctype.ConstString:
		return strconv.Quote(k.C.String)
	case ctype.ConstFloat:
		s := strconv.FormatFloat(k.C.Float, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s
	}
	if k.alias != nil {
		return k.alias.Go
	}
	n := k.C.Int
	if n.Negative() {
		return n.String()
	}
	switch {
	case k.C.Ioctl != nil:
		return fmt.Sprintf("0x%08x", n.Bits)
	case isMode(k.C.Name):
		return "0o" + strconv.FormatUint(n.Bits, 8)
	case k.radix == allHex, n.Bits >= 1<<16 && n.Bits%1000 != 0, k.radix == eachForItself && roundHex(n.Bits):
		return "0x" + strconv.FormatUint(n.Bits, 16)
	}
	return n.String()
}

// roundHex reports whether a number looks as if it was written in hexadecimal:
// not a round one in decimal, nor a power of two, and half of its digits are 0
// or f.
func roundHex(n uint64) bool {
	if n < 1<<8 || n%100 == 0 || bits.OnesCount64(n) == 1 {
		return false
	}
	digits, round := 0, 0
	for ; n > 0; n >>= 4 {
		digits++
		if d := n & 0xf; d == 0 || d == 0xf {
			round++
		}
	}
	return 2*round >= digits
}

// isMode reports whether a constant is about file modes, which are written in
// octal.
func isMode(name string) bool {
	switch name {
	case "ACCESSPERMS", "ALLPERMS", "DEFFILEMODE":
		return true
	}
	return strings.HasPrefix(name, "S_I")
}

// constComment says in C what a request encodes, or the wording of a number.
func (v *view) constComment(k *Constant) string {
	if io := k.C.Ioctl; io != nil {
		group := strconv.FormatInt(io.Group, 10)
		if io.Group > ' ' && io.Group < 0x7f {
			group = "'" + string(rune(io.Group)) + "'"
		}
		s := "_" + io.Dir + "(" + group + ", " + strconv.FormatInt(io.Number, 10)
		if io.Arg != nil {
			s += ", " + v.spell(io.Arg)
		}
		return s + ")"
	}
	switch k.Type {
	case "Errno":
		return v.p.opt.Errno.Wording[k.C.Name]
	case "Signal":
		return v.p.opt.Signal.Wording[k.C.Name]
	}
	return ""
}
