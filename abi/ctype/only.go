package ctype

import "strings"

// Only returns the part of the Unit that the files for which keep is true
// declare, and what their declarations are made of, wherever that comes from:
// the types of members, parameters and constants, down to the last. The order
// stays. The Unit is not changed, and the result shares declarations with it.
func (u *Unit) Only(keep func(file string) bool) *Unit {
	s := &selection{x: u.Index(), decls: make(map[string]bool)}
	for _, r := range u.Records {
		if keep(r.Pos.File) {
			s.record(r.Name)
		}
	}
	for _, e := range u.Enums {
		if keep(e.Pos.File) {
			s.enum(e.Name)
		}
	}
	for _, t := range u.Typedefs {
		if keep(t.Pos.File) {
			s.typedef(t.Name)
		}
	}
	out := &Unit{Target: u.Target, Sysroot: u.Sysroot, Headers: u.Headers, Files: u.Files}
	for _, f := range u.Funcs {
		if keep(f.Pos.File) {
			s.typ(f.Type)
			out.Funcs = append(out.Funcs, f)
		}
	}
	for _, c := range u.Consts {
		if keep(c.Pos.File) {
			s.constant(c)
		}
	}
	// Enumerators come with their enum, whose types are known by now.
	for _, c := range u.Consts {
		if keep(c.Pos.File) || c.Enum != "" && s.decls[c.Enum] {
			s.constant(c)
			out.Consts = append(out.Consts, c)
		}
	}
	for _, r := range u.Records {
		if s.decls[r.Name] {
			out.Records = append(out.Records, r)
		}
	}
	for _, e := range u.Enums {
		if s.decls[e.Name] {
			out.Enums = append(out.Enums, e)
		}
	}
	for _, t := range u.Typedefs {
		if s.decls["typedef "+t.Name] {
			out.Typedefs = append(out.Typedefs, t)
		}
	}
	for _, k := range u.Skipped {
		if keep(k.Pos.File) {
			out.Skipped = append(out.Skipped, k)
		}
	}
	return out
}

// A selection is the declarations that [Unit.Only] keeps, by their keys:
// "struct foo", "typedef foo_t".
type selection struct {
	x     *Index
	decls map[string]bool
}

// add notes a declaration and tells whether it is new.
func (s *selection) add(key string) bool {
	if s.decls[key] {
		return false
	}
	s.decls[key] = true
	return true
}

func (s *selection) record(name string) {
	if !s.add(name) {
		return
	}
	// The unnamed type of a member is declared by the record around it.
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		s.record(name[:i])
	}
	if r := s.x.Record(name); r != nil {
		for _, m := range r.Members {
			s.typ(m.Type)
		}
	}
}

func (s *selection) enum(name string) {
	if e := s.x.Enum(name); s.add(name) && e != nil {
		s.typ(e.Type)
	}
}

func (s *selection) typedef(name string) {
	if t := s.x.Typedef(name); s.add("typedef "+name) && t != nil {
		s.typ(t.Type)
	}
}

func (s *selection) constant(c *Const) {
	s.typ(c.Type)
	if c.Enum != "" {
		s.enum(c.Enum)
	}
	if c.Ioctl != nil {
		s.typ(c.Ioctl.Arg)
	}
}

func (s *selection) typ(t *Type) {
	for ; t != nil; t = t.Elem {
		switch t.Kind {
		case RecordRef:
			s.record(t.Name)
		case EnumRef:
			s.enum(t.Name)
		case TypedefRef:
			s.typedef(t.Name)
		}
		for _, p := range t.Params {
			s.typ(p.Type)
		}
	}
}
