package syscalls

import (
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"path"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/emit"
	"github.com/abigen/abigen/gen/namespace"
)

// Options are what a person decides about the package.
type Options struct {
	Package string // name of the Go package, such as "syscalls"
	Import  string // its import path
	System  string // the system as the texts call it, such as "NetBSD"
	ABI     string // import path of package abi; that of abigen when empty

	// Numbers is the header with the numbers, Prototypes the one with the
	// prototypes. The structs of the arguments may be in any header.
	Numbers    string
	Prototypes string

	// Status are patterns, as for path.Match, of the names of calls whose
	// int result is 0 or a failure. Their functions return an error only.
	Status []string

	// Place, when not nil, tells where a pattern of Status stands, for errors.
	Place func(pattern string) ctype.Pos
}

// prefixes that the headers put before the name of a call.
const (
	numberPrefix    = "SYS_"
	prototypePrefix = "rump_sys_"
	symbolPrefix    = "rump___sysimpl_"
	structPrefix    = "sys_"
)

// maxArgs is MaxArgs of the package that is made.
const maxArgs = 8

// A Plan is what the package will hold.
type Plan struct {
	opt   Options
	types *namespace.Plan
	archs []*arch
}

// An arch is the system calls of one architecture.
type arch struct {
	name      string
	index     *ctype.Index
	word      int64 // bytes of a slot
	wideAlign int64 // slots to which a 64-bit argument is aligned
	calls     []*Call
	bySymbol  map[string]*Call
	unused    []ctype.Skipped // prototypes
}

// NewPlan decides what to make of the system calls in the units, one for each
// architecture. The types of arguments that Go has under a name are those of
// the system's package.
func NewPlan(units []*ctype.Unit, types *namespace.Plan, opt Options) (*Plan, error) {
	p := &Plan{opt: opt, types: types}
	if err := checkOptions(opt); err != nil {
		return nil, err
	}
	var errs []error
	for _, u := range units {
		a, err := newArch(u, opt)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:\n%w", u.Target, err))
			continue
		}
		p.archs = append(p.archs, a)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	p.decideKinds()
	for _, a := range p.archs {
		for _, c := range a.calls {
			if err := p.complete(a, c); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", a.name, err))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	p.nameFuncs()
	return p, p.checkStatus()
}

func checkOptions(opt Options) error {
	if !token.IsIdentifier(opt.Package) {
		return fmt.Errorf("package name %q is no Go identifier", opt.Package)
	}
	for _, pattern := range opt.Status {
		if _, err := path.Match(pattern, ""); err != nil {
			return opt.fault(pattern, err.Error())
		}
	}
	return nil
}

// fault returns the error for a pattern of Status.
func (o *Options) fault(pattern, msg string) error {
	place := ""
	if o.Place != nil {
		if pos := o.Place(pattern); pos.Line > 0 {
			place = fmt.Sprintf("%s:%d:%d: ", pos.File, pos.Line, pos.Col)
		}
	}
	return fmt.Errorf("%sstatus %q: %s", place, pattern, msg)
}

// checkStatus finds patterns that say nothing: slips of the pen.
func (p *Plan) checkStatus() error {
	var errs []error
	for _, pattern := range p.opt.Status {
		used := false
		for _, a := range p.archs {
			for _, c := range a.calls {
				ok, _ := path.Match(pattern, c.Name)
				used = used || ok && c.result == status
			}
		}
		if !used {
			errs = append(errs, p.opt.fault(pattern, "no call of that name has a function and returns an int"))
		}
	}
	return errors.Join(errs...)
}

func newArch(u *ctype.Unit, opt Options) (*arch, error) {
	model, err := u.Target.Model()
	if err != nil {
		return nil, err
	}
	if model.BigEndian {
		return nil, errors.New("the slots of a big-endian machine are not described")
	}
	a := &arch{name: u.Target.Arch, index: u.Index(), word: model.Pointer.Size, bySymbol: make(map[string]*Call)}
	a.wideAlign = max(1, model.LongLong.Align/a.word)
	byNumber := make(map[int64]*Call)
	for _, k := range u.Consts {
		symbol, ok := strings.CutPrefix(k.Name, numberPrefix)
		if !ok || k.Pos.File != opt.Numbers || k.Kind != ctype.ConstInt || isLimit(symbol) {
			continue
		}
		n := int64(k.Int.Bits)
		if k.Int.Negative() || n > maxNumber {
			return nil, fmt.Errorf("%s:%d: %s is %s, which is no number of a system call", k.Pos.File, k.Pos.Line, k.Name, k.Int)
		}
		if other := byNumber[n]; other != nil {
			return nil, fmt.Errorf("%s:%d: %s and %s are both %d", k.Pos.File, k.Pos.Line, numberPrefix+other.Symbol, k.Name, n)
		}
		c := &Call{Number: n, Symbol: symbol, Name: plainName(symbol), pos: k.Pos}
		byNumber[n], a.bySymbol[symbol] = c, c
		a.calls = append(a.calls, c)
	}
	if len(a.calls) == 0 {
		return nil, fmt.Errorf("%s defines no constant %s*", opt.Numbers, numberPrefix)
	}
	slices.SortFunc(a.calls, func(x, y *Call) int { return cmp.Compare(x.Number, y.Number) })
	for _, f := range u.Funcs {
		name, ok := strings.CutPrefix(f.Name, prototypePrefix)
		if !ok || f.Pos.File != opt.Prototypes {
			continue
		}
		switch c := find(a.bySymbol, name, f.Symbol); {
		case c == nil:
			a.unused = append(a.unused, ctype.Skipped{Name: f.Name, Reason: "the prototype is for a call without a number", Pos: f.Pos})
		case c.proto != nil:
			a.unused = append(a.unused, ctype.Skipped{Name: f.Name, Reason: "a second prototype for call " + c.Symbol, Pos: f.Pos})
		default:
			c.Name, c.proto = name, f
		}
	}
	var errs []error
	for _, c := range a.calls {
		errs = append(errs, a.arguments(c))
	}
	return a, errors.Join(errs...)
}

// maxNumber keeps the table within reason.
const maxNumber = 1 << 14

// isLimit tells the constants that count system calls from their numbers.
func isLimit(symbol string) bool { return strings.ToUpper(symbol) == symbol }

// find returns the call that a prototype is for. Its symbol has the version
// without the underscores that a number has: rump___sysimpl_socket30 is the
// call SYS___socket30.
func find(bySymbol map[string]*Call, name, symbol string) *Call {
	versioned, ok := strings.CutPrefix(symbol, symbolPrefix)
	if !ok {
		versioned = name // rump_sys_pipe has no symbol of its own
	}
	if c := bySymbol[versioned]; c != nil {
		return c
	}
	return bySymbol["__"+versioned]
}

// plainName takes the version off the symbol of a call: "__socket30" and
// "compat_30_socket" are "socket".
func plainName(symbol string) string {
	if rest, _, ok := cutCompat(symbol); ok {
		return plainName(rest)
	}
	if rest, ok := strings.CutPrefix(symbol, "__"); ok && len(rest) > 2 && isDigits(rest[len(rest)-2:]) {
		return rest[:len(rest)-2]
	}
	return symbol
}

// cutCompat returns the name in "compat_30_socket", and the release whose form
// of the call it is.
func cutCompat(symbol string) (name, release string, ok bool) {
	rest, ok := strings.CutPrefix(symbol, "compat_")
	release, name, found := strings.Cut(rest, "_")
	return name, release, ok && found && (len(release) == 2 || len(release) == 3) && isDigits(release)
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// nameFuncs gives the functions their names, the same on all architectures.
func (p *Plan) nameFuncs() {
	var taken emit.Names
	for _, name := range reservedNames {
		taken.Take(name)
	}
	names := make(map[string]string)
	for _, a := range p.archs {
		for _, c := range a.calls {
			if !c.typed {
				continue
			}
			if names[c.Symbol] == "" {
				names[c.Symbol] = taken.Take(emit.TypeName(c.Name))
			}
			c.Func = names[c.Symbol]
		}
	}
}

// Calls returns the system calls of one architecture, by number.
func (p *Plan) Calls(arch string) []*Call {
	for _, a := range p.archs {
		if a.name == arch {
			return a.calls
		}
	}
	return nil
}

// Report returns the calls that have no function, with the note that the table
// has on them, and the prototypes that belong to no call.
func (p *Plan) Report() []ctype.Skipped {
	var list []ctype.Skipped
	seen := make(map[ctype.Skipped]bool)
	add := func(s ctype.Skipped) {
		if !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	for _, a := range p.archs {
		for _, c := range a.calls {
			if !c.typed {
				add(ctype.Skipped{Name: numberPrefix + c.Symbol, Reason: c.Note, Pos: c.pos})
			}
		}
		for _, s := range a.unused {
			add(s)
		}
	}
	return list
}

// String prints the plan, call by call.
func (p *Plan) String() string {
	var b strings.Builder
	for _, a := range p.archs {
		fmt.Fprintf(&b, "%s: %d-bit slots, 64-bit arguments aligned to %d\n", a.name, 8*a.word, a.wideAlign)
		for _, c := range a.calls {
			fmt.Fprintf(&b, "%4d %s", c.Number, c.Symbol)
			for _, arg := range c.Args {
				fmt.Fprintf(&b, " %d:%s(%s)", arg.Slot, arg.Name, arg.Kind)
			}
			if c.typed {
				fmt.Fprintf(&b, " -> %s: %s, %s", c.Func, c.prototype(a.index), c.result)
			}
			if c.Note != "" {
				fmt.Fprintf(&b, "; %s", c.Note)
			}
			b.WriteByte('\n')
		}
		for _, s := range a.unused {
			fmt.Fprintf(&b, "     %s: %s\n", s.Name, s.Reason)
		}
	}
	return b.String()
}
