package verify

import (
	"fmt"
	"math"
	"strconv"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/cprobe"
)

// A claim is one thing a description says, as a question to a compiler.
type claim struct {
	name  string // of the declaration: "struct msghdr", "AF_INET6"
	what  string // for a person: "offset of struct msghdr.msg_iov"
	pos   ctype.Pos
	probe cprobe.Probe
	want  cprobe.Result
}

// holds tells whether the compiler's answer is what was claimed.
func (c *claim) holds(got cprobe.Result) bool {
	if got.Err != nil {
		return false
	}
	switch c.probe.Kind {
	case cprobe.Float:
		return math.Float64bits(got.Float) == math.Float64bits(c.want.Float)
	case cprobe.String:
		return got.String == c.want.String
	case cprobe.Bits:
		return got.BitOffset == c.want.BitOffset && got.BitWidth == c.want.BitWidth
	}
	return got.Int.Bits == c.want.Int.Bits && got.Int.Negative() == c.want.Int.Negative()
}

// show spells a value of the claim's kind.
func (c *claim) show(r cprobe.Result) string {
	if r.Err != nil {
		return r.Err.Error()
	}
	switch c.probe.Kind {
	case cprobe.Float:
		return strconv.FormatFloat(r.Float, 'g', -1, 64)
	case cprobe.String:
		return strconv.Quote(r.String)
	case cprobe.Bits:
		return fmt.Sprintf("bit %d, %d wide", r.BitOffset, r.BitWidth)
	}
	return r.Int.String()
}

// A claimer collects the claims of a description.
type claimer struct {
	index  *ctype.Index
	name   string // of the declaration the next claims are about
	claims []claim
}

func (c *claimer) number(pos ctype.Pos, want int64, expr, what string, args ...any) {
	c.claims = append(c.claims, claim{
		name: c.name, what: fmt.Sprintf(what, args...), pos: pos,
		probe: cprobe.Probe{Kind: cprobe.Int, Expr: expr},
		want:  cprobe.Result{Int: ctype.IntegerOf(want)},
	})
}

// layout returns the claims about types.
func layout(u *ctype.Unit) []claim {
	c := &claimer{index: u.Index()}
	for _, r := range u.Records {
		c.name = r.Name
		if expr := c.index.CExpr(r.Name); r.Complete && expr != "" {
			c.number(r.Pos, r.Size, "sizeof("+expr+")", "size of %s", r.Name)
			c.number(r.Pos, r.Align, "_Alignof("+expr+")", "alignment of %s", r.Name)
			c.members(r, r, expr, 0, 0)
		}
	}
	for _, e := range u.Enums {
		c.name = e.Name
		if e.Complete && e.Tag != "" {
			c.number(e.Pos, e.Type.Size, "sizeof(enum "+e.Tag+")", "size of %s", e.Name)
		}
	}
	for _, t := range u.Typedefs {
		c.name = t.Name
		if size := t.Type.Size; size > 0 {
			c.number(t.Pos, size, "sizeof("+t.Name+")", "size of %s", t.Name)
		}
	}
	return c.claims
}

// members claims the places of the members of r, which is outer or an
// anonymous record in it that begins base bytes into outer.
func (c *claimer) members(outer, r *ctype.Record, expr string, base int64, depth int) {
	for _, m := range r.Members {
		switch {
		case m.Name == "" && !m.BitField && m.Type.Kind == ctype.RecordRef:
			if inner := c.index.Record(m.Type.Name); inner != nil && depth < 20 {
				c.members(outer, inner, expr, base+m.Offset, depth+1)
			}
		case m.Name == "": // an unnamed bit-field is seen by its neighbours' places
		case m.BitField:
			c.claims = append(c.claims, claim{
				name: c.name, what: fmt.Sprintf("place of %s.%s", outer.Name, m.Name), pos: m.Pos,
				probe: cprobe.Probe{Kind: cprobe.Bits, Expr: expr, Member: m.Name},
				want:  cprobe.Result{BitOffset: 8*base + m.BitOffset, BitWidth: m.BitWidth},
			})
		default:
			c.number(m.Pos, base+m.Offset, fmt.Sprintf("__builtin_offsetof(%s, %s)", expr, m.Name), "offset of %s.%s", outer.Name, m.Name)
			if m.Type.Size > 0 {
				c.number(m.Pos, m.Type.Size, fmt.Sprintf("sizeof(((%s *)0)->%s)", expr, m.Name), "size of %s.%s", outer.Name, m.Name)
			}
		}
	}
}

// constants returns the claims about macros and enumerators.
func constants(u *ctype.Unit) []claim {
	c := &claimer{index: u.Index()}
	for _, k := range u.Consts {
		c.name = k.Name
		claim := claim{name: k.Name, what: "value of " + k.Name, pos: k.Pos, probe: cprobe.Probe{Expr: k.Name}}
		switch k.Kind {
		case ctype.ConstFloat:
			claim.probe.Kind, claim.want.Float = cprobe.Float, k.Float
		case ctype.ConstString:
			claim.probe.Kind, claim.want.String = cprobe.String, k.String
		default:
			claim.probe.Kind, claim.want.Int = cprobe.Int, k.Int
		}
		c.claims = append(c.claims, claim)
		if k.Kind == ctype.ConstInt && k.Type != nil && k.Enum == "" {
			c.number(k.Pos, 1, fmt.Sprintf("__builtin_types_compatible_p(__typeof__(%s), %s)", k.Name, c.index.Spell(k.Type)),
				"type of %s is %s", k.Name, c.index.Spell(k.Type))
		}
	}
	return c.claims
}
