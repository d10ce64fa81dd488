package netif

import (
	"strconv"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// maxLinkstr is how long a link string may be, its zero byte included
// (MAXPATHLEN).
const maxLinkstr = 1024

// createVirt makes an interface of virt. Its device is the one that has the
// interface's number.
func (t *Table) createVirt(unit int) (*Ifnet, error) {
	dev, err := t.open("virt", strconv.Itoa(unit))
	if err != nil {
		return nil, err
	}
	p, err := t.createEther("virt", unit)
	if err != nil {
		_ = dev.Close()
		return nil, err
	}
	p.drv.(*ether).plug(t, dev)
	return p, nil
}

// shmif returns the driver of an interface that has a link string.
func (p *Ifnet) shmif() (*ether, error) {
	if e, ok := p.drv.(*ether); ok && e.driver == "shmif" {
		return e, nil
	}
	return nil, netbsd.ENOTTY
}

// getLinkstr does SIOCGLINKSTR: it copies out the string, or tells its length
// alone. That of the caller's buffer is not looked at.
func (t *Table) getLinkstr(l *kern.Lwp, p *Ifnet, req *netbsd.Ifdrv) error {
	e, err := p.shmif()
	if err != nil {
		return err
	}
	e.mu.Lock()
	s, size := e.linkstr, e.linkstrLen
	e.mu.Unlock()
	if s == "" {
		return netbsd.ENOENT
	}
	setLong(&req.Len, size)
	switch req.Cmd {
	case netbsd.IFLINKSTR_QUERYLEN:
		return nil
	case 0:
		return l.CopyOut(append([]byte(s), 0), req.Data)
	}
	return netbsd.EINVAL
}

// setLinkstr does SIOCSLINKSTR: it puts the device of this name behind the
// interface, or takes it away.
func (t *Table) setLinkstr(l *kern.Lwp, p *Ifnet, req *netbsd.Ifdrv) error {
	e, err := p.shmif()
	if err != nil {
		return err
	}
	size := uint64(req.Len)
	var s string
	var fault error
	if req.Cmd == 0 && size >= 1 && size <= maxLinkstr {
		s, fault = l.CopyInString(req.Data, int(size))
	}
	t.conf.Lock()
	defer t.conf.Unlock()
	e.mu.Lock()
	set := e.linkstr != ""
	e.mu.Unlock()
	switch {
	case t.gone(p):
		return netbsd.ENXIO
	case p.Up():
		return netbsd.EBUSY
	case req.Cmd == netbsd.IFLINKSTR_UNSET:
		e.unplug()
		return nil
	case req.Cmd != 0:
		return netbsd.EINVAL
	case set:
		return netbsd.EBUSY
	case size > maxLinkstr:
		return netbsd.E2BIG
	case size < 1:
		return netbsd.EINVAL
	case fault != nil:
		return fault
	case s == "":
		return netbsd.ENOENT
	}
	dev, err := t.open(e.driver, s)
	if err != nil {
		return err
	}
	e.mu.Lock()
	e.linkstr, e.linkstrLen = s, int(size)
	e.mu.Unlock()
	e.plug(t, dev)
	return nil
}

// unplug takes the device away.
func (e *ether) unplug() {
	e.mu.Lock()
	e.linkstr = ""
	e.mu.Unlock()
	e.close()
}

// setLong assigns to a member that is an unsigned long of C.
func setLong[T uint32 | uint64](p *T, v int) { *p = T(v) }
