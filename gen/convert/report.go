package convert

import "strings"

// A Status tells what became of something a system declares.
type Status uint8

// The statuses of an [Entry].
const (
	Mapped  Status = iota // it is translated
	Without               // it has no counterpart, and a rule says why
	Dropped               // it is left out of the result, and a rule says why
	Added                 // the result has it without a source
	Open                  // it has no counterpart, and nobody has said why
)

// String returns the status as reports call it.
func (s Status) String() string {
	return [...]string{"mapped", "without counterpart", "dropped", "added", "open"}[s]
}

// An Entry is one line of a coverage report: a constant or a member, and what
// becomes of it in the direction of the plan.
type Entry struct {
	Group  string // the domain or record: "AddressFamily", "msghdr"
	Name   string // the constant or member, by its C name
	Status Status
	How    string   // the decision and its rule, or the reason
	Archs  []string // the architectures where that is so
}

// Report lists everything the plan covers, each thing once for all
// architectures that agree, in the order of the plan. Groups of a record are
// named by the side of the source, those of added members too.
func (p *Plan) Report() []Entry {
	var list []Entry
	index := map[string]int{}
	for _, a := range p.Archs {
		for _, e := range a.report() {
			key := e.Group + "\x00" + e.Name + "\x00" + e.How + "\x00" + e.Status.String()
			i, ok := index[key]
			if !ok {
				i = len(list)
				index[key] = i
				list = append(list, e)
			}
			list[i].Archs = append(list[i].Archs, a.Arch)
		}
	}
	return list
}

func (a *ArchPlan) report() []Entry {
	var list []Entry
	for _, d := range a.Domains {
		list = append(list, d.report()...)
	}
	for _, r := range a.Records {
		list = append(list, r.report()...)
	}
	for _, o := range a.Options {
		list = append(list, o.report()...)
	}
	for _, c := range a.Chains {
		for _, m := range c.Messages {
			e := Entry{Group: c.Rule.Name, Name: m.Level.From + " " + m.Type.From, How: m.what()}
			if m.Payload.Drop != "" {
				e.Status = Dropped
			}
			list = append(list, e)
		}
		list = append(list, withouts(c.Rule.Name, c.Without)...)
	}
	for _, s := range a.Sequences {
		list = append(list, Entry{Group: s.Rule.Name, Name: s.Record.name(), How: "one behind the other"})
	}
	for _, r := range a.Requests {
		for _, q := range r.Requests {
			for _, row := range q.Rows {
				list = append(list, Entry{Group: r.Rule.Name, Name: row.From, How: "to " + row.To + ", " + q.what()})
			}
		}
		for _, row := range r.Aliases {
			list = append(list, Entry{Group: r.Rule.Name, Name: row.From, How: "to " + row.To})
		}
		list = append(list, withouts(r.Rule.Name, r.Without)...)
		for _, name := range r.Open {
			list = append(list, Entry{Group: r.Rule.Name, Name: name, Status: Open, How: "no request of that name on the other side"})
		}
	}
	return list
}

func (d *Domain) report() []Entry {
	var list []Entry
	add := func(name string, status Status, how string) {
		list = append(list, Entry{Group: d.Rule.Name, Name: name, Status: status, How: how})
	}
	for _, f := range d.Fields {
		for _, r := range f.Rows {
			add(r.From, Mapped, "to "+r.To)
		}
	}
	for _, r := range d.Rows {
		add(r.From, Mapped, "to "+r.To)
	}
	for _, r := range d.Aliases {
		add(r.From, Mapped, "to "+r.To)
	}
	for _, r := range d.Dropped {
		add(r.Name, Dropped, r.Why)
	}
	for _, r := range d.Without {
		add(r.Name, Without, r.Why)
	}
	for _, name := range d.Open {
		add(name, Open, "no constant of that name on the other side")
	}
	return list
}

func (r *Record) report() []Entry {
	group := r.name()
	switch {
	case r.Hook != "":
		return []Entry{{Group: group, Name: group, How: "by " + r.Hook}}
	case r.Via != nil:
		return []Entry{{Group: group, Name: group, How: "through " + r.Via.Rule.Name}}
	}
	var list []Entry
	for _, s := range r.Steps {
		e := Entry{Group: group, Name: s.names()}
		switch s.Decision {
		case Drop:
			e.Status, e.How = Dropped, s.Why
		case Add:
			e.Status, e.How = Added, s.Why
		default:
			var b strings.Builder
			s.print(&b, "")
			e.How, _, _ = strings.Cut(b.String(), "\n")
		}
		list = append(list, e)
	}
	return list
}

func withouts(group string, reasons []Reason) []Entry {
	var list []Entry
	for _, r := range reasons {
		list = append(list, Entry{Group: group, Name: r.Name, Status: Without, How: r.Why})
	}
	return list
}

// report lists the moved options and what options hold; the options themselves
// are those of the domains.
func (o *Options) report() []Entry {
	var list []Entry
	for _, m := range o.Moved {
		list = append(list, Entry{Group: o.Rule.Name, Name: m.Option.From, How: "to " + m.Option.To + " under " + m.Level.To})
	}
	if o.Values == nil {
		return list
	}
	for _, v := range o.Values.Values {
		for _, r := range v.Options {
			e := Entry{Group: o.Values.Rule.Name, Name: v.Level.From + " " + r.From, How: v.what()}
			if v.Payload.Drop != "" {
				e.Status = Dropped
			}
			list = append(list, e)
		}
	}
	return list
}
