package netif

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// Ioctl does the ioctls about interfaces, group 'i' (ifioctl). Which there are
// depends on the socket's family.
func (t *Table) Ioctl(l *kern.Lwp, so *socket.Socket, cmd uint64, data []byte) error {
	switch cmd {
	case netbsd.SIOCGIFCONF:
		return with(data, func(req *netbsd.Ifconf) error { return t.ifconf(l, req) })
	case netbsd.SIOCINITIFADDR:
		return netbsd.EPERM
	case netbsd.SIOCIFCREATE, netbsd.SIOCIFDESTROY:
		return t.cloneIoctl(l, cmd, data)
	case netbsd.SIOCIFGCLONERS:
		return with(data, func(req *netbsd.IfClonereq) error { return t.listCloners(l, req) })
	}
	p := t.byRequest(requestName(data))
	switch {
	case p == nil:
		return netbsd.ENXIO
	case privileged(cmd) && !l.Superuser():
		return netbsd.EPERM
	}
	err := t.linkIoctl(l, p, cmd, data)
	if err == netbsd.ENOTTY { //nolint:errorlint // the one that says nobody knows the command
		err = t.familyIoctl(l, so.Domain, p, cmd, data)
	}
	return err
}

// requestName is the interface's name at the beginning of a request.
func requestName(data []byte) string {
	data = data[:min(len(data), netbsd.IFNAMSIZ)]
	return string(data[:abi.StringLen(data)])
}

// privileged tells whether a request is for the superuser only. Those of a
// family have rules of their own.
func privileged(cmd uint64) bool {
	switch cmd {
	case netbsd.SIOCALIFADDR, netbsd.SIOCDLIFADDR, netbsd.SIOCSIFADDRPREF, netbsd.SIOCSIFFLAGS,
		netbsd.SIOCSIFCAP, netbsd.SIOCSIFMETRIC, netbsd.SIOCZIFDATA, netbsd.SIOCSIFMTU,
		netbsd.SIOCSIFPHYADDR, netbsd.SIOCDIFPHYADDR, netbsd.SIOCSIFPHYADDR_IN6, netbsd.SIOCSLIFPHYADDR,
		netbsd.SIOCADDMULTI, netbsd.SIOCDELMULTI, netbsd.SIOCSIFMEDIA, netbsd.SIOCSDRVSPEC, netbsd.SIOCSLINKSTR:
		return true
	}
	return false
}

// configure holds conf while do changes an interface, and ends as every request
// does.
func (t *Table) configure(p *Ifnet, do func() error) error {
	t.conf.Lock()
	defer t.conf.Unlock()
	if t.gone(p) {
		return netbsd.ENXIO
	}
	before := p.Flags()
	err := do()
	t.finish(p, before)
	return err
}

// with lets do work on a request as the struct that it is.
func with[T any](data []byte, do func(*T) error) error {
	var v T
	b := abi.AsBytes(&v)
	copy(b, data)
	err := do(&v)
	copy(data, b)
	return err
}

func (t *Table) cloneIoctl(l *kern.Lwp, cmd uint64, data []byte) error {
	if !l.Superuser() {
		return netbsd.EPERM
	}
	t.conf.Lock()
	defer t.conf.Unlock()
	if cmd == netbsd.SIOCIFCREATE {
		return t.create(requestName(data))
	}
	return t.destroy(requestName(data))
}

// linkIoctl does the requests that are the same for all families (if_ioctl of
// the drivers, ifioctl_common): ENOTTY for the others.
func (t *Table) linkIoctl(l *kern.Lwp, p *Ifnet, cmd uint64, data []byte) error {
	switch cmd {
	case netbsd.SIOCGLINKSTR:
		return with(data, func(req *netbsd.Ifdrv) error { return t.getLinkstr(l, p, req) })
	case netbsd.SIOCSLINKSTR:
		return with(data, func(req *netbsd.Ifdrv) error { return t.setLinkstr(l, p, req) })
	case netbsd.SIOCALIFADDR:
		return with(data, func(req *netbsd.IfLaddrreq) error { return p.checkLinkAddr(req) })
	case netbsd.SIOCGIFDATA, netbsd.SIOCZIFDATA:
		return with(data, func(req *netbsd.Ifdatareq) error {
			req.Data = p.Data()
			if cmd == netbsd.SIOCZIFDATA {
				p.resetCounters()
			}
			return nil
		})
	case netbsd.SIOCGIFCAP, netbsd.SIOCSIFCAP:
		return with(data, func(req *netbsd.Ifcapreq) error { return capIoctl(cmd, req) })
	case netbsd.SIOCGETHERCAP:
		if p.Type != netbsd.IFT_ETHER {
			return netbsd.ENOTTY
		}
		return with(data, func(req *netbsd.Eccapreq) error {
			req.Capabilities, req.Capenable = 0, 0
			return nil
		})
	case netbsd.SIOCSIFFLAGS, netbsd.SIOCSIFMTU, netbsd.SIOCSIFMETRIC, netbsd.SIOCADDMULTI, netbsd.SIOCDELMULTI:
		return with(data, func(req *netbsd.Ifreq) error {
			return t.configure(p, func() error { return t.set(p, cmd, req) })
		})
	}
	return with(data, func(req *netbsd.Ifreq) error { return p.get(cmd, &req.Ifru) })
}

// capIoctl tells that interfaces have no capabilities that could be enabled.
func capIoctl(cmd uint64, req *netbsd.Ifcapreq) error {
	if cmd == netbsd.SIOCSIFCAP {
		if req.Capenable != 0 {
			return netbsd.EINVAL
		}
		return nil
	}
	req.Capabilities, req.Capenable = 0, 0
	return nil
}

// set changes what all interfaces have.
func (t *Table) set(p *Ifnet, cmd uint64, req *netbsd.Ifreq) error {
	switch cmd {
	case netbsd.SIOCSIFFLAGS:
		return t.setFlags(p, int32(uint16(*req.Ifru.Flags())))
	case netbsd.SIOCSIFMTU:
		return t.setMTU(p, *req.Ifru.MTU())
	case netbsd.SIOCSIFMETRIC:
		p.metric.Store(*req.Ifru.Metric())
		return nil
	default: // SIOCADDMULTI, SIOCDELMULTI
		return p.drv.setMulti(abi.AsBytes(req.Ifru.Space()), cmd == netbsd.SIOCADDMULTI)
	}
}

// get answers with what all interfaces have.
func (p *Ifnet) get(cmd uint64, u *netbsd.IfreqIfru) error {
	switch cmd {
	case netbsd.SIOCGIFFLAGS:
		*u.Flags() = int16(p.Flags())
	case netbsd.SIOCGIFMETRIC:
		*u.Metric() = p.metric.Load()
	case netbsd.SIOCGIFMTU:
		*u.MTU() = int32(p.MTU())
	case netbsd.SIOCGIFINDEX:
		*u.Value() = uint32(p.Index)
	case netbsd.SIOCGIFDLT:
		if *u.Dlt() = netbsd.DLT_NULL; p.Type == netbsd.IFT_ETHER {
			*u.Dlt() = netbsd.DLT_EN10MB
		}
	default:
		return netbsd.ENOTTY
	}
	return nil
}

// familyIoctl does the requests that a family has (pr_ioctl).
func (t *Table) familyIoctl(l *kern.Lwp, domain int32, p *Ifnet, cmd uint64, data []byte) error {
	switch domain {
	case netbsd.AF_INET:
		return t.inetIoctl(l, p, cmd, data)
	case netbsd.AF_INET6:
		return t.inet6Ioctl(l, p, cmd, data)
	case netbsd.AF_LINK:
		switch cmd {
		case netbsd.SIOCALIFADDR, netbsd.SIOCDLIFADDR, netbsd.SIOCGLIFADDR:
			return with(data, func(req *netbsd.IfLaddrreq) error {
				return t.configure(p, func() error { return t.linkAddrIoctl(p, cmd, req) })
			})
		}
		return netbsd.ENOTTY
	}
	return netbsd.EOPNOTSUPP
}
