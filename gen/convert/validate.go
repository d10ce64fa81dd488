package convert

import (
	"go/token"
	"path"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
)

// validate finds what is wrong in the rules by themselves: names that Go does
// not take, patterns that are none.
func (p *planner) validate() {
	r := p.rules
	p.patterns(r.Pos, "reserved", r.Reserved)
	for _, d := range r.Domains {
		p.funcName(d.Pos, d.Name)
		p.goTypes(d.Pos, d.Name, d.Type, d.Flags)
		p.patterns(d.Pos, "constants", d.Constants)
		p.patterns(d.Pos, "except", d.Except)
		p.patterns(d.Pos, "headers", d.Headers)
		for _, w := range append(d.Without[:len(d.Without):len(d.Without)], d.Drop...) {
			p.patterns(w.Pos, "names", w.Names)
		}
		if !d.Flags && (len(d.Fields) > 0 || len(d.Drop) > 0) {
			p.fail(d.Pos, d.Name, "", "fields and drop are for flags alone")
		}
	}
	for _, o := range r.Options {
		p.funcName(o.Pos, o.Name)
		p.goTypes(o.Pos, o.Name, o.Type, false)
		if v := o.Values; v != nil {
			p.funcName(v.Pos, v.Name)
			for _, option := range v.Options {
				p.hook(option.Pos, option.Hook)
			}
		}
	}
	for _, s := range r.Sequences {
		p.funcName(s.Pos, s.Name)
	}
	for _, q := range r.Requests {
		p.funcName(q.Pos, q.Name)
		p.goTypes(q.Pos, q.Name, q.Type, false)
		p.patterns(q.Pos, "constants", q.Constants)
		p.patterns(q.Pos, "except", q.Except)
		for _, request := range q.Requests {
			for _, load := range []*Payload{request.In, request.Out} {
				if load != nil {
					p.hook(request.Pos, load.Hook)
				}
			}
		}
	}
	for _, rec := range r.Records {
		if rec.Param != "" && !(token.IsIdentifier(rec.Param) && !token.IsExported(rec.Param)) || reservedParam[rec.Param] {
			p.fail(rec.Pos, "", "", "param: %q cannot name a parameter", rec.Param)
		}
		p.hook(rec.Pos, rec.Hook)
		if name := p.to.of(rec.Name); name != "" {
			p.funcName(rec.Pos, name)
		}
		for _, m := range rec.Members {
			p.hook(m.Pos, m.Hook)
		}
	}
	for _, u := range r.Unions {
		p.funcName(u.Pos, u.Name)
		for _, c := range u.Cases {
			p.hook(c.Pos, c.Hook)
		}
	}
	for _, c := range r.Chains {
		p.funcName(c.Pos, c.Name)
		for _, m := range c.Messages {
			p.hook(m.Pos, m.Hook)
		}
	}
}

// reservedParam are names that converters use themselves.
var reservedParam = map[string]bool{"dst": true, "src": true, "ok": true, "err": true, "abi": true, "math": true, "bits": true, "unsafe": true, "binary": true}

func (p *planner) funcName(pos ctype.Pos, name string) {
	if !token.IsIdentifier(name) || !token.IsExported(name) {
		p.fail(pos, "", "", "name: %q is not an exported Go name", name)
	}
}

func (p *planner) goTypes(pos ctype.Pos, name string, typ Sided, flags bool) {
	for _, t := range []string{typ.Left, typ.Right} {
		_, ok := basic[t]
		switch {
		case ok:
		case flags:
			p.fail(pos, name, "", "type: flags want basic Go integer types, have %q", t)
		case !token.IsIdentifier(t) || !token.IsExported(t):
			p.fail(pos, name, "", "type: %q is neither a basic Go integer type nor a type of a package", t)
		}
	}
}

func (p *planner) patterns(pos ctype.Pos, key string, patterns []string) {
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil {
			p.fail(pos, "", "", "%s: %q is not a pattern", key, pattern)
		}
	}
}

func (p *planner) hook(pos ctype.Pos, hook Sided) {
	if hook.none() {
		return
	}
	for _, name := range []string{hook.Left, hook.Right} {
		i := strings.LastIndexByte(name, '.')
		if !token.IsIdentifier(name[i+1:]) || i == 0 || i > 0 && !token.IsExported(name[i+1:]) || strings.ContainsAny(name, " \t\n\"`") {
			p.fail(pos, "", "", `hook: %q is neither "Name" nor "import/path.Name"`, name)
		}
	}
}

// checkNames refuses two functions of one name.
func (p *planner) checkNames() {
	seen := map[string]ctype.Pos{}
	take := func(name string, pos ctype.Pos) {
		if first, ok := seen[name]; ok {
			p.fail(pos, "", "", "there is a function %s already, from line %d", name, first.Line)
			return
		}
		seen[name] = pos
	}
	for _, d := range p.plan.Domains {
		take(d.Rule.Name, d.Rule.Pos)
	}
	for _, o := range p.plan.Options {
		take(o.Rule.Name, o.Rule.Pos)
		if o.Values != nil {
			take(o.Values.Rule.Name, o.Values.Rule.Pos)
		}
	}
	for _, s := range p.plan.Sequences {
		take(s.Rule.Name, s.Rule.Pos)
	}
	for _, r := range p.plan.Requests {
		for _, part := range []string{"", "Argument", "Result"} {
			take(r.Rule.Name+part, r.Rule.Pos)
		}
	}
	for _, u := range p.plan.Unions {
		take(u.Rule.Name, u.Rule.Pos)
	}
	for _, c := range p.plan.Chains {
		take(c.Rule.Name, c.Rule.Pos)
	}
	for _, r := range p.plan.Records {
		if r.Hook == "" {
			take(r.function(), r.Pos)
		}
	}
}
