package routesock

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
	"github.com/abigen/abigen/runtime/netstack/internal/rtable"
)

// A request is a message that somebody wrote, and becomes the answer.
type request struct {
	*Sockets
	hdr  netbsd.RtMsghdr
	info rtable.Info
	body []byte // the message; of the header hdr counts
	old  bool   // from a socket of AF_OROUTE
}

// request does what a message asks for, and sends the answer to all routing
// sockets: the message itself, or what was found, with RTF_DONE or an error
// (route_output).
func (c *conn) request(l *kern.Lwp, b []byte) error {
	if len(b) < 4 {
		return netbsd.ENOBUFS
	}
	r := &request{Sockets: c.all, body: b, old: c.so.Domain == netbsd.AF_OROUTE}
	c.all.begin()
	err := r.do(l)
	answer := message{r.family(), r.answer(err)}
	if r.old {
		answer.data = nil
	}
	var except *conn
	if !c.so.Option(netbsd.SO_USELOOPBACK) {
		except = c
	}
	c.all.end(answer, except)
	return err
}

// family is the one whose sockets hear of the request.
func (r *request) family() int32 { return familyNumber(r.info.Addrs[netbsd.RTAX_DST]) }

func familyNumber(sa []byte) int32 {
	if len(sa) < 2 {
		return netbsd.AF_UNSPEC
	}
	return int32(sa[1])
}

// answer returns the bytes of the answer. A message that is not whole comes
// back as it is.
func (r *request) answer(err error) []byte {
	if !r.whole() {
		return r.body
	}
	var errno netbsd.Errno
	if errors.As(err, &errno) {
		r.hdr.Errno = int32(errno)
	} else {
		r.hdr.Flags |= netbsd.RTF_DONE
	}
	copy(r.body, abi.AsBytes(&r.hdr))
	return r.body
}

func (r *request) whole() bool {
	return len(r.body) >= netbsd.SizeofRtMsghdr && int(binary.NativeEndian.Uint16(r.body)) == len(r.body)
}

func (r *request) do(l *kern.Lwp) error {
	if !r.whole() {
		return netbsd.EINVAL
	}
	copy(abi.AsBytes(&r.hdr), r.body)
	if r.hdr.Version != netbsd.RTM_VERSION || r.old {
		return netbsd.EPROTONOSUPPORT
	}
	r.hdr.PID = l.Proc.PID
	if !r.parse() {
		return netbsd.EINVAL
	}
	r.info.Flags, r.info.Inits, r.info.Rmx = r.hdr.Flags, r.hdr.Inits, r.hdr.Rmx
	dst, gate := r.info.Addrs[netbsd.RTAX_DST], r.info.Addrs[netbsd.RTAX_GATEWAY]
	if dst == nil || familyNumber(dst) >= netbsd.AF_MAX || familyNumber(gate) >= netbsd.AF_MAX {
		return netbsd.EINVAL
	}
	if r.hdr.Type != netbsd.RTM_GET && !l.Superuser() {
		return netbsd.EACCES
	}
	switch r.hdr.Type {
	case netbsd.RTM_ADD:
		return r.add()
	case netbsd.RTM_DELETE:
		return r.delete()
	case netbsd.RTM_GET:
		return r.get()
	case netbsd.RTM_CHANGE:
		return r.routes.Change(&r.info)
	case netbsd.RTM_LOCK:
		return r.routes.Lock(&r.info)
	}
	return netbsd.EOPNOTSUPP
}

// roundup is RT_ROUNDUP: an address takes at least 8 bytes.
func roundup(n int) int { return (max(n, 1) + 7) &^ 7 }

// parse finds the addresses of the message, and reports whether it is as long
// as they are (rt_xaddrs). Those that RTM_GET asks for need not be there. A
// netmask that comes last need not be padded.
func (r *request) parse() bool {
	rest := r.body[netbsd.SizeofRtMsghdr:]
	over, last, i := 0, 0, 0
	for ; i < netbsd.RTAX_MAX && len(rest) > 0; i++ {
		if r.hdr.Addrs&(1<<i) == 0 {
			continue
		}
		last = int(rest[0])
		n := roundup(last)
		over = max(n-len(rest), 0)
		r.info.Addrs[i] = rest[:min(last, len(rest)):min(last, len(rest))]
		rest = rest[n-over:]
	}
	absent := r.hdr.Addrs & (-1 << i)
	if r.hdr.Type == netbsd.RTM_GET {
		absent &^= netbsd.RTA_IFP | netbsd.RTA_IFA
	}
	if absent != 0 {
		return false
	}
	if len(rest) > 0 || over > 0 {
		return len(rest) == 0 && i == netbsd.RTAX_NETMASK+1 && over == roundup(last)-last
	}
	return true
}

// report makes the message say what rt is (route_output_report). Its interface
// and source address are told to those who asked.
func (r *request) report(rt *rtable.Route) error {
	m := &rtsock.Message{Type: r.hdr.Type, Header: &r.hdr, Addrs: r.info.Addrs}
	if r.hdr.Addrs&(netbsd.RTA_IFP|netbsd.RTA_IFA) != 0 {
		m.Addrs[netbsd.RTAX_IFP], m.Addrs[netbsd.RTAX_IFA] = nil, nil
		if rt.Ifp != nil {
			m.Addrs[netbsd.RTAX_IFP], m.Addrs[netbsd.RTAX_IFA] = rt.Ifp.Sdl(), rtable.IfaSockaddr(rt.Ifp, rt.Ifa)
			m.Addrs[netbsd.RTAX_BRD] = nil
			r.hdr.Index = uint16(rt.Ifp.Index)
		}
	}
	r.hdr.Flags = rt.Flags
	locks, sent := r.hdr.Rmx.Locks, r.hdr.Rmx.Pksent
	r.hdr.Rmx = rt.Rmx
	r.hdr.Rmx.Locks, r.hdr.Rmx.Pksent = locks, sent // as they were
	b, err := m.Append(r.form, nil)
	if err != nil {
		return netbsd.ENOBUFS
	}
	r.body, r.info.Addrs = b, m.Addrs
	copy(abi.AsBytes(&r.hdr), b[:firstMembers]) // length, version and type
	r.hdr.Addrs = mask(&m.Addrs)
	return nil
}

// firstMembers are those that all headers have.
const firstMembers = 4

func mask(addrs *[netbsd.RTAX_MAX][]byte) (bits int32) {
	for i, sa := range addrs {
		if sa != nil {
			bits |= 1 << i
		}
	}
	return bits
}

// describe puts what rt is in the place of the addresses of the request.
func (r *request) describe(rt *rtable.Route) error {
	a := &r.info.Addrs
	a[netbsd.RTAX_DST], a[netbsd.RTAX_GATEWAY], a[netbsd.RTAX_NETMASK], a[netbsd.RTAX_TAG] = rt.Key, rt.Gate, rt.Netmask, rt.Tag
	return r.report(rt)
}

func (r *request) add() error {
	gate := r.info.Addrs[netbsd.RTAX_GATEWAY]
	if gate == nil {
		return netbsd.EINVAL
	}
	if index, ok := r.neighborLink(gate); ok {
		return r.routes.AddNeighbor(index, r.info.Addrs[netbsd.RTAX_DST], linkAddr(gate, r.ifs.ByIndex(index)), r.hdr.Flags, r.hdr.Rmx.Expire)
	}
	_, err := r.routes.Add(&r.info)
	return err
}

func (r *request) delete() error {
	gate := r.info.Addrs[netbsd.RTAX_GATEWAY]
	if familyNumber(gate) == netbsd.AF_LINK && r.hdr.Flags&netbsd.RTF_LLDATA != 0 {
		return r.routes.DeleteNeighbor(sdlIndex(gate), r.info.Addrs[netbsd.RTAX_DST])
	}
	rt, err := r.routes.Delete(&r.info)
	if err != nil {
		return err
	}
	return r.describe(rt)
}

// get answers with a route, or with the hardware address of a neighbor: to
// programs that ask for such (RTF_LLDATA), and to old ones, which are known by
// not setting RTF_UP, whenever the destination is not a route's own.
func (r *request) get() error {
	rt, err := r.routes.Get(&r.info)
	if err != nil {
		return err
	}
	dst := r.info.Addrs[netbsd.RTAX_DST]
	wantsLink := r.hdr.Flags&netbsd.RTF_LLDATA != 0 || r.hdr.Flags&netbsd.RTF_UP == 0
	if !wantsLink || bytes.Equal(rt.Key, dst) {
		return r.describe(rt)
	}
	n := r.routes.Neighbor(rt.Ifp, dst)
	r.info.Addrs[netbsd.RTAX_GATEWAY] = sdl(rt.Ifp, n)
	if err := r.report(rt); err != nil {
		return err
	}
	r.hdr.Flags |= netbsd.RTF_LLDATA
	if n != nil && n.Static {
		r.hdr.Flags |= netbsd.RTF_STATIC
	}
	return nil
}

// The members of struct sockaddr_dl.
const (
	sdlNlen = 5
	sdlAlen = 6
	sdlSlen = 7
	sdlData = 8
)

// sdl returns the hardware address of a neighbor on the link of p, one without
// an address when n is nil or has none yet.
func sdl(p *netif.Ifnet, n *rtable.Neighbor) []byte {
	b := p.Sdl()
	b[sdlNlen], b[sdlAlen], b[sdlSlen] = 0, 0, 0
	b = b[:sdlData+len(p.LinkAddr())]
	b[0] = uint8(len(b))
	clear(b[sdlData:])
	if n != nil && n.MAC != nil {
		b[sdlAlen] = uint8(copy(b[sdlData:], n.MAC))
	}
	return b
}

func sdlIndex(sa []byte) int {
	if len(sa) < 4 {
		return 0
	}
	return int(binary.NativeEndian.Uint16(sa[2:]))
}

// linkAddr returns the hardware address in a sockaddr_dl, as long as those of
// p are.
func linkAddr(sa []byte, p *netif.Ifnet) []byte {
	if p == nil {
		return nil
	}
	mac := make([]byte, len(p.LinkAddr()))
	if start := sdlData + int(sa[sdlNlen]); start < len(sa) {
		copy(mac, sa[start:])
	}
	return mac
}

// neighborLink tells whether a request to add a route with this gateway means
// the hardware address of a neighbor, and on which interface it is: not when
// the gateway is nothing but an interface.
func (r *request) neighborLink(gate []byte) (index int, ok bool) {
	if familyNumber(gate) != netbsd.AF_LINK || len(gate) < sdlData || gate[sdlNlen] == 0 && gate[sdlAlen] == 0 && gate[sdlSlen] == 0 {
		return 0, false
	}
	index = sdlIndex(gate)
	if index == 0 || isProxy(r.info.Addrs[netbsd.RTAX_DST]) {
		rt, err := r.routes.Get(&r.info)
		if err != nil {
			return 0, false
		}
		index = sdlIndex(rt.Gate)
	}
	return index, true
}

// isProxy tells whether an address of AF_INET has SIN_PROXY set (struct
// sockaddr_inarp).
func isProxy(dst []byte) bool {
	const other = 14
	return familyNumber(dst) == netbsd.AF_INET && len(dst) >= other+2 && binary.NativeEndian.Uint16(dst[other:])&netbsd.SIN_PROXY != 0
}
