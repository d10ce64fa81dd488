package namespace

import (
	"fmt"
	"slices"
	"strings"
)

// String prints the plan, for people and for tests: every type and constant in
// C order with its Go name and form, once where all architectures agree, else
// once for each form with the architectures that have it.
//
//	struct linger: Linger, 8 bytes, align 4
//		l_onoff at 0: Onoff int32, plain
//		l_linger at 4: Linger int32, plain
//	const MSG_OOB = 0x1
func (p *Plan) String() string {
	type variant struct {
		text  string
		archs []string
	}
	var order []string
	variants := make(map[string][]*variant)
	for _, v := range p.views {
		for _, d := range v.printed() {
			if variants[d.key] == nil {
				order = append(order, d.key)
			}
			i := slices.IndexFunc(variants[d.key], func(o *variant) bool { return o.text == d.text })
			if i < 0 {
				i = len(variants[d.key])
				variants[d.key] = append(variants[d.key], &variant{text: d.text})
			}
			variants[d.key][i].archs = append(variants[d.key][i].archs, v.unit.Target.Arch)
		}
	}
	var b strings.Builder
	for _, key := range order {
		for _, o := range variants[key] {
			head, rest, _ := strings.Cut(o.text, "\n")
			if len(o.archs) < len(p.views) {
				head += " [" + strings.Join(o.archs, " ") + "]"
			}
			b.WriteString(head + "\n" + rest)
		}
	}
	return b.String()
}

type printedDecl struct{ key, text string }

// printed lists the declarations of one architecture as [Plan.String] prints
// them.
func (v *view) printed() (list []printedDecl) {
	for _, r := range v.order {
		var b strings.Builder
		fmt.Fprintf(&b, "%s: %s, %d bytes, align %d\n", r.C.Name, r.Go, r.C.Size, r.C.Align)
		for _, f := range r.Fields {
			at := fmt.Sprintf("at %d", f.Offset)
			if f.Form == Bits {
				at = fmt.Sprintf("bits %d+%d", f.BitOffset, f.BitWidth)
			}
			fmt.Fprintf(&b, "\t%s %s: %s %s, %s\n", f.Name, at, f.Go, f.Type, f.Form)
		}
		list = append(list, printedDecl{r.C.Name, b.String()})
	}
	for _, e := range v.enums {
		list = append(list, printedDecl{e.c.Name, fmt.Sprintf("%s: %s %s\n", e.c.Name, e.goName, e.typ)})
		for _, k := range e.consts {
			list = append(list, v.printedConst(k))
		}
	}
	for _, t := range v.typedefs {
		list = append(list, printedDecl{"typedef " + t.c.Name, fmt.Sprintf("typedef %s: %s = %s\n", t.c.Name, t.goName, t.typ)})
	}
	for _, k := range v.constSeq {
		list = append(list, v.printedConst(k))
	}
	return list
}

func (v *view) printedConst(k *Constant) printedDecl {
	typ := ""
	if k.Type != "" {
		typ = " " + k.Type
	}
	return printedDecl{"const " + k.C.Name, fmt.Sprintf("const %s%s = %s\n", k.Go, typ, v.constText(k))}
}
