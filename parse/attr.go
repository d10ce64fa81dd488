package parse

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"modernc.org/cc/v4"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse/constexpr"
)

var errNotInteger = errors.New("not an integer")

// attrs are the attributes of one declaration that this package understands.
type attrs struct {
	packed  bool
	aligned int64  // the largest asked for; 0 for none
	mode    string // argument of mode, without underscores
	vector  int64  // argument of vector_size, in bytes
}

func (a *attrs) merge(b attrs) {
	a.packed = a.packed || b.packed
	a.aligned = max(a.aligned, b.aligned)
	if b.mode != "" {
		a.mode = b.mode
	}
	if b.vector != 0 {
		a.vector = b.vector
	}
}

// attributes reads a list of __attribute__ specifiers.
func (w *walker) attributes(list *cc.AttributeSpecifierList) (a attrs) {
	for ; list != nil; list = list.AttributeSpecifierList {
		if list.AttributeSpecifier == nil {
			continue
		}
		for v := list.AttributeSpecifier.AttributeValueList; v != nil; v = v.AttributeValueList {
			if v.AttributeValue != nil {
				w.attribute(&a, v.AttributeValue)
			}
		}
	}
	return a
}

func (w *walker) attribute(a *attrs, v *cc.AttributeValue) {
	name := v.Token.SrcStr()
	if len(name) > 4 && strings.HasPrefix(name, "__") && strings.HasSuffix(name, "__") {
		name = name[2 : len(name)-2]
	}
	switch name {
	case "packed":
		a.packed = true
	case "aligned":
		if v.Case == cc.AttributeValueIdent || v.ArgumentExpressionList == nil {
			a.aligned = max(a.aligned, w.model.MaxAlign)
			return
		}
		a.aligned = max(a.aligned, w.alignment(w.pos(v.Token), "aligned", v.ArgumentExpressionList.AssignmentExpression))
	case "mode":
		if v.ArgumentExpressionList != nil {
			a.mode = strings.Trim(constexpr.Spell(tokens(v.ArgumentExpressionList.AssignmentExpression)), "_")
		}
	case "vector_size":
		if v.ArgumentExpressionList == nil {
			return
		}
		if n, ok := w.integer(w.pos(v.Token), "vector_size", v.ArgumentExpressionList.AssignmentExpression); ok {
			a.vector = int64(n.Bits)
		}
	}
}

// alignment evaluates the argument of aligned or _Alignas; 0 asks for nothing.
func (w *walker) alignment(pos ctype.Pos, what string, n cc.Node) int64 {
	v, ok := w.integer(pos, what, n)
	if !ok {
		return 0
	}
	i, ok := v.Integer().Int64()
	if !ok || i < 0 || i&(i-1) != 0 {
		w.errorf(pos, "%s: alignment %s is not a power of two", what, v.Integer())
		return 0
	}
	return i
}

// alignAs reads an _Alignas specifier.
func (w *walker) alignAs(s *cc.AlignmentSpecifier) int64 {
	if s == nil {
		return 0
	}
	if s.Case == cc.AlignmentSpecifierType {
		t, err := constexpr.ParseType(w, tokens(s.TypeName))
		if err != nil {
			w.errorf(w.pos(s.Token), "_Alignas: %v", err)
			return 0
		}
		return constexpr.Align(w, t)
	}
	return w.alignment(w.pos(s.Token), "_Alignas", s.ConstantExpression)
}

// apply changes a declared type by the attributes that name another one.
func (w *walker) apply(a attrs, t *ctype.Type) (*ctype.Type, error) {
	if a.mode != "" {
		m, err := w.mode(a.mode, t)
		if err != nil {
			return t, err
		}
		t = m
	}
	if a.vector != 0 {
		size, ok := constexpr.Size(w, t)
		if !ok || size == 0 || a.vector < size || a.vector%size != 0 {
			return t, fmt.Errorf("vector_size: %d bytes of elements of %d", a.vector, size)
		}
		v := &ctype.Type{Kind: ctype.Vector, Elem: t, Len: a.vector / size}
		if err := w.engine.Type(v); err != nil {
			return t, err
		}
		t = v
	}
	return t, nil
}

// machineModes are the sizes that GCC's machine modes name, in bytes.
var machineModes = map[string]int64{
	"QI": 1, "byte": 1, "HI": 2, "SI": 4, "DI": 8, "TI": 16,
	"HF": 2, "SF": 4, "DF": 8, "TF": 16,
	"SC": 8, "DC": 16, "TC": 32, // complex types, both parts together
}

// mode returns the type that attribute mode makes of t: of its kind and sign,
// with the size of the mode.
func (w *walker) mode(mode string, t *ctype.Type) (*ctype.Type, error) {
	size := machineModes[mode]
	switch mode {
	case "word", "unwind_word":
		size = w.model.Long.Size
		if w.model.Target.Arch == "sparc64" {
			size = 8
		}
	case "pointer":
		size = w.model.Pointer.Size
	case "XF":
		if constexpr.Resolve(w, t).Kind != ctype.Float {
			return nil, fmt.Errorf("mode %s of a type that is not floating", mode)
		}
		return constexpr.WithQualifiers(w.model.Type("long double"), *t), nil
	}
	names := []string{"signed char", "short", "int", "long", "long long", "__int128"}
	base := constexpr.Resolve(w, t)
	switch {
	case base.Kind == ctype.Complex && mode == "XC":
		return constexpr.WithQualifiers(w.model.Type("long double _Complex"), *t), nil
	case base.Kind == ctype.Complex:
		names = []string{"float _Complex", "double _Complex", "long double _Complex", "_Float128 _Complex"}
	case base.Kind == ctype.Float:
		names = []string{"_Float16", "float", "double", "long double", "_Float128"}
	case base.Kind != ctype.Int && base.Kind != ctype.Bool && base.Kind != ctype.EnumRef:
		return nil, fmt.Errorf("mode %s of a type that is not a number", mode)
	case !base.Signed:
		names = []string{"unsigned char", "unsigned short", "unsigned int", "unsigned long", "unsigned long long", "unsigned __int128"}
	}
	for _, name := range names {
		if m := w.model.Type(name); m != nil && m.Size == size {
			return constexpr.WithQualifiers(m, *t), nil
		}
	}
	return nil, errors.New("mode " + strconv.Quote(mode) + " is not known")
}
