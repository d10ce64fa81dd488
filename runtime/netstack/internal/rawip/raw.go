package rawip

import (
	"encoding/binary"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

func (r *raw) is6() bool { return r.so.Domain == netbsd.AF_INET6 }

// icmp6 tells whether the socket is one of ICMPv6, whose checksums the kernel
// takes care of.
func (r *raw) icmp6() bool { return r.is6() && r.protocol == netbsd.IPPROTO_ICMPV6 }

func (r *raw) Bind(_ *kern.Lwp, name []byte) error { return r.pcb.BindRaw(name) }

func (r *raw) Connect(_ *kern.Lwp, name []byte) error {
	if err := r.pcb.ConnectRaw(name); err != nil {
		return err
	}
	r.so.Connected()
	return nil
}

// Disconnect takes the other end away. An AF_INET socket cannot send or receive
// after that.
func (r *raw) Disconnect(*kern.Lwp) error {
	if !r.is6() {
		r.so.Disconnected()
	} else if !r.so.Is(socket.IsConnected) {
		return netbsd.ENOTCONN
	}
	r.so.Unmark(socket.IsConnected)
	r.pcb.DisconnectRaw()
	return nil
}

func (r *raw) ShutWrite(*kern.Lwp) error {
	r.so.Mark(socket.CantSendMore)
	return nil
}

func (r *raw) Name(*kern.Lwp) ([]byte, error)     { return r.pcb.Name(), nil }
func (r *raw) PeerName(*kern.Lwp) ([]byte, error) { return r.pcb.PeerName(), nil }

// headerIncluded is what IP_HDRINCL reads as when it is on (INP_HDRINCL).
const headerIncluded = 8

func (r *raw) Option(_ *kern.Lwp, level, name int32) ([]byte, error) {
	switch {
	case level == netbsd.IPPROTO_IP && name == netbsd.IP_HDRINCL && !r.is6():
		if !r.pcb.Options().HeaderIncluded {
			return inet.IntValue(0), nil
		}
		return inet.IntValue(headerIncluded), nil
	case level == netbsd.IPPROTO_IPV6 && name == netbsd.IPV6_CHECKSUM && r.icmp6():
		return inet.IntValue(icmp6Checksum), nil
	case level == netbsd.IPPROTO_IPV6 && name == netbsd.IPV6_CHECKSUM && r.is6():
		return inet.IntValue(r.checksum.Load()), nil
	case level == netbsd.IPPROTO_ICMPV6 && name == netbsd.ICMP6_FILTER && r.icmp6():
		var b []byte
		for _, word := range r.filter.Load() {
			b = binary.NativeEndian.AppendUint32(b, word)
		}
		return b, nil
	}
	return r.pcb.Option(level, name)
}

func (r *raw) SetOption(l *kern.Lwp, level, name int32, value []byte) error {
	switch {
	case level == netbsd.SOL_SOCKET && name == netbsd.SO_NOHEADER:
		return r.setNoHeader(value)
	case level == netbsd.IPPROTO_IP && name == netbsd.IP_HDRINCL && !r.is6():
		v, err := inet.Int(value)
		if err == nil {
			r.pcb.Change(func(o *inet.Options) { o.HeaderIncluded = v != 0 })
		}
		return err
	case level == netbsd.IPPROTO_IPV6 && name == netbsd.IPV6_CHECKSUM && r.is6():
		return r.setChecksum(value)
	case level == netbsd.IPPROTO_ICMPV6 && name == netbsd.ICMP6_FILTER && r.icmp6():
		return r.setFilter(value)
	}
	return r.pcb.SetOption(l, level, name, value)
}

func (r *raw) setNoHeader(value []byte) error {
	v, err := inet.Int(value)
	switch {
	case err != nil:
		return err
	case r.is6() && v == 0:
		return netbsd.EINVAL
	case !r.is6():
		r.pcb.Change(func(o *inet.Options) {
			o.NoHeader = v != 0
			o.HeaderIncluded = o.HeaderIncluded && v == 0
		})
	}
	return nil
}

func (r *raw) setChecksum(value []byte) error {
	v, err := inet.Int(value)
	switch {
	case err != nil:
		return err
	case v%2 != 0, r.icmp6() && v != icmp6Checksum:
		return netbsd.EINVAL
	case !r.icmp6():
		r.checksum.Store(v)
	}
	return nil
}

func (r *raw) setFilter(value []byte) error {
	f := new(filter)
	if len(value) != 4*len(f) {
		return netbsd.EINVAL
	}
	for i := range f {
		f[i] = binary.NativeEndian.Uint32(value[4*i:])
	}
	r.filter.Store(f)
	return nil
}

func (r *raw) Close(*kern.Lwp) { r.pcb.Detach() }
