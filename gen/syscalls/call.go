package syscalls

import (
	"fmt"
	"path"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/emit"
)

// A Call is a system call on one architecture.
type Call struct {
	Number int64
	Name   string // without version
	Symbol string // the name of its number without SYS_
	Func   string // Go name of its function; empty when there is none
	Args   []*Arg // padding included
	Slots  int64  // that the kernel takes
	Struct string // C name of the kernel's struct of the arguments; empty when there is none
	Note   string

	proto   *ctype.Func
	pos     ctype.Pos // of the number
	known   bool      // what Args are
	partial bool      // there are more than Args
	typed   bool

	result     result
	resultKind kind   // of value
	resultEnum string // Go name of its type, when that is an enum
}

// An Arg is an argument of a system call, as it reaches the kernel.
type Arg struct {
	Name string
	Type *ctype.Type
	Kind kind
	Slot int64 // the first that it takes

	goName  string
	spelled string // Type, as C does
	enum    string // Go name of its type, when that is an enum
}

// A kind is a Kind of the package that is made.
type kind string

const (
	padding kind = "Padding"
	int32K  kind = "Int32"
	uint32K kind = "Uint32"
	intK    kind = "Int"
	uintK   kind = "Uint"
	int64K  kind = "Int64"
	uint64K kind = "Uint64"
	pointer kind = "Pointer"
)

func (k kind) wide() bool { return k == int64K || k == uint64K }

// A result is what the function of a call returns besides an error.
type result string

const (
	nothing result = "nothing"     // void
	status  result = "status"      // an int that is 0
	pair    result = "two results" // two ints
	value   result = "a value"     // of the type of the prototype
)

// complete finds out about the arguments of a call, and whether there can be
// a function for it.
func (p *Plan) complete(a *arch, c *Call) error {
	if err := a.checkSlots(c); err != nil {
		return err
	}
	_, release, old := cutCompat(c.Symbol)
	switch {
	case c.proto == nil && old:
		c.note("for programs of " + p.since(release) + " and before")
	case c.proto == nil:
		c.note("no prototype in " + p.opt.Prototypes)
	}
	if !c.known {
		c.note("its arguments are not declared")
	}
	if c.proto == nil || !c.known {
		return nil
	}
	if reason := p.match(a, c); reason != "" {
		c.note(reason)
		return nil
	}
	c.typed = true
	return nil
}

// note adds to what is to be known of a call.
func (c *Call) note(text string) {
	if c.Note != "" {
		c.Note += "; "
	}
	c.Note += text
}

// since names the release of a compat symbol: "43" is 4.3BSD, "50" NetBSD 5.0.
func (p *Plan) since(release string) string {
	if release == "43" {
		return "4.3BSD"
	}
	n := len(release) - 1
	return p.opt.System + " " + release[:n] + "." + release[n:]
}

// match compares the prototype of a call with the struct of its arguments, and
// returns why no function can be made of them.
func (p *Plan) match(a *arch, c *Call) (reason string) {
	params := c.proto.Type.Params
	args := c.real()
	ret := a.index.Resolve(c.proto.Type.Elem)
	switch {
	case len(params) == 1 && len(args) == 0 && isIntPointer(a.index, params[0].Type):
		c.result = pair // pipe: the kernel returns what C stores
		return ""
	case ret.Kind == ctype.Void:
		c.result = nothing
	case ret.Kind == ctype.Int && ret.Name == "int" && c.proto.Type.Elem.Kind == ctype.Int && p.isStatus(c.Name):
		c.result = status
	default:
		c.result = value
		c.resultKind = a.kindOf(ret, p.nativeResult(a, c))
		if c.resultKind == "" {
			return "a result of type " + c.proto.Type.Elem.String() + " does not come in two registers"
		}
		c.resultEnum = p.enumName(a.name, c.proto.Type.Elem)
	}
	if len(args) < len(params) || len(args) > len(params) && !c.proto.Type.Variadic {
		return fmt.Sprintf("the prototype has %d parameters, the kernel's struct %d", len(params), len(args))
	}
	for i, param := range params {
		if param.Type.Size != args[i].Type.Size {
			return fmt.Sprintf("%s has %d bytes in the prototype, %d in the kernel's struct", args[i].Name, param.Type.Size, args[i].Type.Size)
		}
	}
	var taken emit.Names
	for _, name := range []string{"ctx", "c", "r", "r0", "r1", "err", "uintptr", "uint32", "uint64", "int32", "int64"} {
		taken.Take(name)
	}
	for _, arg := range args {
		arg.goName = taken.Take(emit.Unexport(emit.TypeName(arg.Name)))
		arg.enum = p.enumName(a.name, arg.Type)
	}
	return ""
}

// nativeResult reports whether the result of a call is as wide as a register on
// all architectures.
func (p *Plan) nativeResult(a *arch, c *Call) bool {
	for _, b := range p.archs {
		if o := b.bySymbol[c.Symbol]; o != nil && o.proto != nil && o.proto.Type.Elem.Size != b.word {
			return false
		}
	}
	return p.telling(a, c.proto.Type.Elem)
}

// real returns the arguments without the padding.
func (c *Call) real() []*Arg {
	var list []*Arg
	for _, arg := range c.Args {
		if arg.Kind != padding {
			list = append(list, arg)
		}
	}
	return list
}

func isIntPointer(x *ctype.Index, t *ctype.Type) bool {
	t = x.Resolve(t)
	return t.Kind == ctype.Pointer && x.Resolve(t.Elem).Name == "int" && !t.Elem.Const
}

func (p *Plan) isStatus(name string) bool {
	for _, pattern := range p.opt.Status {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

// kindOf returns the kind of a type, which is as wide as a slot by nature when
// native is set, or "" for one that does not go into slots.
func (a *arch) kindOf(t *ctype.Type, native bool) kind {
	t = a.index.Resolve(t)
	signed := t.Signed
	switch t.Kind {
	case ctype.Pointer:
		return pointer
	case ctype.EnumRef:
		if e := a.index.Enum(t.Name); e != nil && e.Type != nil {
			signed = e.Type.Signed
		}
	case ctype.Int, ctype.Bool:
	default:
		return ""
	}
	for _, k := range []struct {
		fits             bool
		signed, unsigned kind
	}{
		{native, intK, uintK},
		{t.Size <= 4, int32K, uint32K},
		{t.Size == 8, int64K, uint64K},
	} {
		if k.fits && signed {
			return k.signed
		} else if k.fits {
			return k.unsigned
		}
	}
	return ""
}

// prototype spells the prototype of a call with the names that the arguments
// have in the kernel's struct.
func (c *Call) prototype(x *ctype.Index) string {
	fn := c.proto.Type
	args := c.real()
	var params []string
	for i, param := range fn.Params {
		if i < len(args) {
			params = append(params, declare(x, args[i].Type, args[i].Name))
		} else {
			params = append(params, declare(x, param.Type, ""))
		}
	}
	switch {
	case fn.Variadic:
		params = append(params, "...")
	case len(params) == 0:
		params = []string{"void"}
	}
	return declare(x, fn.Elem, c.Name) + "(" + strings.Join(params, ", ") + ")"
}

// declare spells a declaration, with the names of types that programs use:
// some headers have mode_t as a macro for __mode_t.
func declare(x *ctype.Index, t *ctype.Type, name string) string { return public(x, t).Declare(name) }

func public(x *ctype.Index, t *ctype.Type) *ctype.Type {
	if t == nil {
		return nil
	}
	c := *t
	c.Elem = public(x, t.Elem)
	if bare := strings.TrimPrefix(t.Name, "__"); t.Kind == ctype.TypedefRef && bare != t.Name && x.Typedef(bare) != nil {
		c.Name = bare
	}
	return &c
}
