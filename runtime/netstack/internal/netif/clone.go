package netif

import (
	"math"
	"slices"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// A cloner makes interfaces of a kind (struct if_clone).
type cloner struct {
	name   string
	create func(t *Table, unit int) (*Ifnet, error)
}

var loopCloner = cloner{"lo", (*Table).createLoop}

// cloners lists the kinds of interfaces in the order that SIOCIFGCLONERS has.
func (t *Table) cloners() []cloner {
	list := []cloner{loopCloner}
	for _, driver := range t.Drivers {
		create := func(t *Table, unit int) (*Ifnet, error) { return t.createEther(driver, unit) }
		if driver == "virt" {
			create = (*Table).createVirt
		}
		list = append(list, cloner{driver, create})
	}
	return list
}

// lookupCloner takes a name apart into a cloner's name and a number.
func (t *Table) lookupCloner(name string) (c cloner, unit int, ok bool) {
	digits := len(name)
	for i, r := range []byte(name) {
		if '0' <= r && r <= '9' {
			digits = i
			break
		}
	}
	if digits == 0 || digits == len(name) {
		return cloner{}, 0, false
	}
	list := t.cloners()
	i := slices.IndexFunc(list, func(c cloner) bool { return c.name == name[:digits] })
	if i < 0 {
		return cloner{}, 0, false
	}
	for _, r := range []byte(name[digits:]) {
		if r < '0' || r > '9' || unit >= math.MaxInt32/10 {
			return cloner{}, 0, false
		}
		unit = unit*10 + int(r-'0')
	}
	return list[i], unit, true
}

// create does SIOCIFCREATE.
func (t *Table) create(name string) error {
	c, unit, ok := t.lookupCloner(name)
	switch {
	case !ok:
		return netbsd.EINVAL
	case t.byRequest(name) != nil:
		return netbsd.EEXIST
	}
	_, err := c.create(t, unit)
	return err
}

// destroy does SIOCIFDESTROY.
func (t *Table) destroy(name string) error {
	if _, _, ok := t.lookupCloner(name); !ok {
		return netbsd.EINVAL
	}
	p := t.byRequest(name)
	switch {
	case p == nil:
		return netbsd.ENXIO
	case p.isFirstLoop():
		return netbsd.EPERM
	}
	t.detach(p)
	return nil
}

func (p *Ifnet) isFirstLoop() bool {
	lo, ok := p.drv.(*loop)
	return ok && lo.first
}

// listCloners does SIOCIFGCLONERS: as many names as the caller has room for.
func (t *Table) listCloners(l *kern.Lwp, req *netbsd.IfClonereq) error {
	list := t.cloners()
	req.Total = int32(len(list))
	if req.Buffer == 0 {
		return nil
	}
	if req.Count < 0 {
		return netbsd.EINVAL
	}
	for i, c := range list[:min(len(list), int(req.Count))] {
		var name [netbsd.IFNAMSIZ]byte
		copy(name[:], c.name)
		if err := l.CopyOut(name[:], req.Buffer+abi.Addr(i*len(name))); err != nil {
			return err
		}
	}
	return nil
}
