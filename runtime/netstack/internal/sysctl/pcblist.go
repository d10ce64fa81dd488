package sysctl

import (
	"math"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// pcblists make the nodes that list sockets, for netstat(1) and sockstat(1):
// those that some process has a descriptor of.
type pcblists struct{ procs *kern.Procs }

// protocol lists the sockets of one protocol of a family.
func (p pcblists) protocol(family, protocol int32) Node {
	return p.node(func(so *socket.Socket) bool { return so.Domain == family && so.Protocol == protocol })
}

// kind lists the sockets of one type of a family.
func (p pcblists) kind(family, typ int32) Node {
	return p.node(func(so *socket.Socket) bool { return so.Domain == family && so.Type == typ })
}

func (p pcblists) node(match func(*socket.Socket) bool) Node {
	list := func(r *Request) error { return p.list(r, match) }
	return Node{Number: Any, Name: "pcblist", Flags: permanent, Type: netbsd.CTLTYPE_STRUCT, Handler: list}
}

// list answers with a struct kinfo_pcb for each socket that matches. The name
// goes on with what to list, of which there is only one, an argument to that,
// the size of an element and how many of them.
func (p pcblists) list(r *Request, match func(*socket.Socket) bool) error {
	if len(r.Name) != 4 || r.Old != 0 && r.Name[2] != netbsd.SizeofKinfoPcb {
		return netbsd.EINVAL
	}
	sockets, release := p.sockets(r.Lwp, match)
	defer release()
	needed := uint(len(sockets)) * netbsd.SizeofKinfoPcb
	if r.Old == 0 {
		const more = 20 // PCB_SLOP: that may come until the caller asks again
		r.OldLen = needed + more*netbsd.SizeofKinfoPcb
		return nil
	}
	room := min(r.OldLen/netbsd.SizeofKinfoPcb, uint(max(r.Name[3], 0)), math.MaxInt32)
	for i, so := range sockets[:min(uint(len(sockets)), room)] {
		pcb := portrait(r.Lwp, so)
		if err := kern.Out(r.Lwp, &pcb, r.Old+abi.Addr(i*netbsd.SizeofKinfoPcb)); err != nil {
			return err
		}
	}
	r.OldLen = needed
	return nil
}

// sockets returns those that match, each once. They stay open until release is
// called.
func (p pcblists) sockets(l *kern.Lwp, match func(*socket.Socket) bool) (list []*socket.Socket, release func()) {
	files := map[*kern.OpenFile]bool{}
	for _, proc := range p.procs.All() {
		for _, f := range proc.FDs().Files() {
			so, ok := f.File.(*socket.Socket)
			if !ok || files[f] || !match(so) {
				f.Unref(l)
				continue
			}
			files[f] = true
			list = append(list, so)
		}
	}
	return list, func() {
		for f := range files {
			f.Unref(l)
		}
	}
}

// portrait describes so, without the kernel's addresses.
func portrait(l *kern.Lwp, so *socket.Socket) (k netbsd.KinfoPcb) {
	const bound, connected = 1, 2 // INP_BOUND, INP_CONNECTED
	k.Family, k.Type, k.Protocol = uint32(so.Domain), uint32(so.Type), uint32(so.Protocol)
	so.Mu.Lock()
	k.Sostate = uint32(so.State)
	k.Rcvq = uint64(so.Rcv.Count)
	hiwat := so.Snd.Hiwat
	so.Mu.Unlock()
	if s, ok := so.Proto.(socket.Stream); ok {
		k.Rcvq, k.Sndq = uint64(s.Buffered()), uint64(max(0, hiwat-s.Space()))
	}
	if name, err := so.Proto.Name(l); err == nil {
		copy(abi.AsBytes(&k.S), name)
		k.Prstate = bound
	}
	if name, err := so.Proto.PeerName(l); err == nil {
		copy(abi.AsBytes(&k.D), name)
		k.Prstate = connected
	}
	if so.Domain == netbsd.AF_LOCAL {
		k.Prstate = 0 // there is no such thing
		return k
	}
	const v6only = 0x8000 // IN6P_IPV6_V6ONLY
	if v, err := so.Proto.Option(l, netbsd.IPPROTO_IPV6, netbsd.IPV6_V6ONLY); so.Domain == netbsd.AF_INET6 && err == nil && !abi.IsZero(v) {
		k.Pflags |= v6only
	}
	if so.Type == netbsd.SOCK_STREAM {
		if info, err := so.Proto.Option(l, netbsd.IPPROTO_TCP, netbsd.TCP_INFO); err == nil && len(info) > 0 {
			k.Tstate = int32(info[0])
		}
	}
	return k
}
