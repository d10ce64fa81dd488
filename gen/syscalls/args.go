package syscalls

import (
	"fmt"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// arguments reads the struct in which the arguments of a call reach the
// kernel. Nothing is known of them when neither the struct nor the function
// in the kernel that takes it is declared.
func (a *arch) arguments(c *Call) error {
	record, known := a.argumentStruct(c)
	if record == nil {
		// rump_sys_getpid(void) is enough to know that there are none.
		c.known = known || c.proto != nil && len(c.proto.Type.Params) == 0
		return nil
	}
	c.known = true
	for _, m := range record.Members {
		if m.Type.Kind == ctype.Array {
			c.note("the arguments of another call follow")
			c.partial = true
			break
		}
		arg := &Arg{Name: m.Name, Type: a.datum(m.Type), Slot: m.Offset / a.word}
		if m.Offset%a.word != 0 || arg.Type == nil {
			return fmt.Errorf("%s:%d: %s.%s is no argument in a slot", m.Pos.File, m.Pos.Line, record.Name, m.Name)
		}
		arg.spelled = declare(a.index, arg.Type, "")
		if m.Name == paddingName {
			arg.Kind = padding
		} else if a.kindOf(arg.Type, false) == "" {
			return fmt.Errorf("%s:%d: %s.%s: a %s does not go into slots", m.Pos.File, m.Pos.Line, record.Name, m.Name, arg.Type)
		}
		c.Args = append(c.Args, arg)
	}
	if n := record.Size / a.word; !c.partial && n > maxArgs {
		return fmt.Errorf("%s:%d: %s takes %d slots, which are more than %d", record.Pos.File, record.Pos.Line, record.Name, n, maxArgs)
	}
	c.Slots, c.Struct = record.Size/a.word, record.Name
	return nil
}

// paddingName is the name of the arguments that only move the next one.
const paddingName = "PAD"

// argumentStruct finds the struct of a call's arguments. The kernel's function
// says which it is, or by a void pointer that there is none:
//
//	int sys_read(struct lwp *, const struct sys_read_args *, register_t *)
func (a *arch) argumentStruct(c *Call) (r *ctype.Record, known bool) {
	for _, name := range handlers(c.Symbol) {
		f := a.index.Func(name)
		if f == nil || len(f.Type.Params) != 3 || f.Type.Params[1].Type.Kind != ctype.Pointer {
			continue
		}
		to := f.Type.Params[1].Type.Elem
		if r := a.index.Record(to.Name); to.Kind == ctype.RecordRef && r != nil && r.Complete {
			return r, true
		}
		return nil, to.Kind == ctype.Void
	}
	return nil, false
}

// handlers returns what the kernel's function for a call may be called. Old
// calls have an o in one of the names, or the release.
func handlers(symbol string) []string {
	name, release, old := cutCompat(symbol)
	if !old {
		return []string{structPrefix + symbol, structPrefix + "o" + symbol}
	}
	prefix := "compat_" + release + "_" + structPrefix
	return []string{prefix + name, prefix + strings.TrimPrefix(name, "o"), prefix + strings.TrimSuffix(name, release)}
}

// datum returns the type of the argument in a slot. The slot is a union of a
// register and of structs that put the argument where the machine has the low
// bits of a register:
//
//	union { register_t pad; struct { int datum; } le; struct { ... int datum; } be; } fd;
func (a *arch) datum(t *ctype.Type) *ctype.Type {
	if t.Kind != ctype.RecordRef {
		return t
	}
	for _, name := range []string{"le", "datum"} {
		r := a.index.Record(t.Name)
		if r == nil {
			return nil
		}
		t = nil
		for _, m := range r.Members {
			if m.Name == name && m.Offset == 0 {
				t = m.Type
			}
		}
		if t == nil {
			return nil
		}
	}
	return t
}

// decideKinds gives the arguments their kinds, after all architectures have
// been read: what is as wide as a slot on all of them is so by nature, as a
// size_t is, and the same name is an unsigned int here and an unsigned long
// there.
func (p *Plan) decideKinds() {
	for _, a := range p.archs {
		for _, c := range a.calls {
			for j, arg := range c.Args {
				if arg.Kind == padding {
					continue
				}
				native := true
				for _, b := range p.archs {
					native = native && b.native(c.Symbol, j)
				}
				arg.Kind = a.kindOf(arg.Type, native && p.telling(a, arg.Type))
			}
		}
	}
}

// native reports whether argument i of a call is as wide as a slot, or is not
// there.
func (a *arch) native(symbol string, i int) bool {
	c := a.bySymbol[symbol]
	return c == nil || i >= len(c.Args) || c.Args[i].Type.Size == a.word
}

// telling reports whether it says something that t is as wide as a slot on all
// architectures. It does when there are slots of different widths; otherwise
// the name must tell.
func (p *Plan) telling(a *arch, t *ctype.Type) bool {
	for _, b := range p.archs {
		if b.word != p.archs[0].word {
			return true
		}
	}
	for range 8 {
		switch t.Name {
		case "long", "unsigned long", "size_t", "ssize_t", "intptr_t", "uintptr_t", "ptrdiff_t", "register_t":
			return true
		}
		d := a.index.Typedef(t.Name)
		if t.Kind != ctype.TypedefRef || d == nil || d.Type.Kind != ctype.TypedefRef {
			return false
		}
		t = d.Type
	}
	return false
}

// checkSlots holds the place of every argument against the rule by which the
// package finds it: the next slot, for a 64-bit argument the next that is
// aligned.
func (a *arch) checkSlots(c *Call) error {
	slot, wide := int64(0), false
	align := func() { slot = (slot + a.wideAlign - 1) &^ (a.wideAlign - 1) }
	for _, arg := range c.Args {
		if arg.Kind.wide() {
			align()
			wide = true
		}
		if arg.Slot != slot {
			return fmt.Errorf("%s: argument %s is in slot %d, expected in %d", c.Symbol, arg.Name, arg.Slot, slot)
		}
		slot++
		if arg.Kind.wide() {
			slot += 8/a.word - 1
		}
	}
	if wide {
		align()
	}
	if slot != c.Slots && !c.partial {
		return fmt.Errorf("%s: the arguments take %d slots, expected %d", c.Symbol, c.Slots, slot)
	}
	return nil
}
