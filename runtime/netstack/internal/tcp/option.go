package tcp

import (
	"encoding/binary"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// options are those of the level IPPROTO_TCP that were set, as gVisor has to be
// told of them again for each endpoint, and cannot always tell them back.
type options struct {
	noDelay                                bool
	maxSeg                                 int32  // 0: what the route allows
	keepIdle, keepIntvl, keepCnt, keepInit uint32 // seconds, and a count
	sndFixed, rcvFixed                     bool   // the buffers have the sizes that were asked for
}

// noDelayFlag is what TCP_NODELAY reads as: TF_NODELAY of netinet/tcp_var.h.
const noDelayFlag = 4

func (o *options) init(p *Params) {
	o.maxSeg = p.MSSDefault.Load()
	o.keepIdle, o.keepIntvl = uint32(p.KeepIdle.Load()), uint32(p.KeepIntvl.Load())
	o.keepCnt, o.keepInit = uint32(p.KeepCnt.Load()), uint32(p.KeepInit.Load())
}

// Option gets an option (tcp_ctloutput).
func (t *tcpcb) Option(l *kern.Lwp, level, name int32) ([]byte, error) {
	if t.alive() != nil {
		return nil, netbsd.ECONNRESET
	}
	if level != netbsd.IPPROTO_TCP {
		return t.pcb.Option(level, name)
	}
	switch name {
	case netbsd.TCP_NODELAY:
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.options.noDelay {
			return integer(noDelayFlag), nil
		}
		return integer(0), nil
	case netbsd.TCP_MAXSEG:
		return integer(t.maxSeg()), nil
	case netbsd.TCP_INFO:
		info := t.info()
		return abi.AsBytes(&info), nil
	}
	return nil, netbsd.ENOPROTOOPT
}

func integer(v int32) []byte {
	b := make([]byte, 4)
	binary.NativeEndian.PutUint32(b, uint32(v))
	return b
}

// SetOption sets an option (tcp_ctloutput).
func (t *tcpcb) SetOption(l *kern.Lwp, level, name int32, value []byte) error {
	if t.alive() != nil {
		return netbsd.ECONNRESET
	}
	if level != netbsd.IPPROTO_TCP {
		return t.setNetwork(l, level, name, value)
	}
	switch name {
	case netbsd.TCP_NODELAY, netbsd.TCP_MAXSEG, netbsd.TCP_KEEPIDLE, netbsd.TCP_KEEPINTVL, netbsd.TCP_KEEPCNT, netbsd.TCP_KEEPINIT:
	default:
		return netbsd.ENOPROTOOPT
	}
	if len(value) != 4 {
		return netbsd.EINVAL
	}
	return t.setInteger(name, binary.NativeEndian.Uint32(value))
}

func (t *tcpcb) setInteger(name int32, v uint32) error {
	if name == netbsd.TCP_MAXSEG && (int32(v) <= 0 || int32(v) > t.maxSeg()) {
		return netbsd.EINVAL
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	o, e := &t.options, t.ep.Load()
	switch name {
	case netbsd.TCP_NODELAY:
		if o.noDelay = v != 0; e != nil {
			e.SocketOptions().SetDelayOption(!o.noDelay)
		}
		return nil
	case netbsd.TCP_MAXSEG:
		o.maxSeg = int32(v)
		return nil
	}
	if v == 0 {
		return netbsd.EINVAL
	}
	switch name {
	case netbsd.TCP_KEEPIDLE:
		if o.keepIdle = v; e != nil {
			o.configureKeepIdle(e)
		}
	case netbsd.TCP_KEEPINTVL:
		if o.keepIntvl = v; e != nil {
			o.configureKeepIntvl(e)
		}
	case netbsd.TCP_KEEPCNT:
		if o.keepCnt = v; e != nil {
			o.configureKeepCnt(e)
		}
	case netbsd.TCP_KEEPINIT:
		o.keepInit = v
	}
	return nil
}

// maxSeg returns how large segments may be: before there is a connection
// net.inet.tcp.mssdflt, and then what the route allows, unless the user said less.
func (t *tcpcb) maxSeg() int32 {
	t.mu.Lock()
	v := t.options.maxSeg
	t.mu.Unlock()
	if v != 0 {
		return v
	}
	local, _ := t.pcb.Local()
	foreign, _ := t.pcb.Foreign()
	from, to := fullAddress(local.Unmap(), 0), fullAddress(foreign.Unmap(), 0)
	network := t.network()
	if foreign.Is4In6() {
		network = header.IPv4ProtocolNumber
	}
	r, err := t.proto.stack.FindRoute(to.NIC, from.Addr, to.Addr, network, false)
	if err != nil {
		return t.proto.Params.MSSDefault.Load()
	}
	defer r.Release()
	return int32(r.MTU()) - header.TCPMinimumSize
}

// Changed follows the options of SOL_SOCKET that mean something to gVisor.
func (t *tcpcb) Changed(_ *kern.Lwp, name int32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch name {
	case netbsd.SO_SNDBUF:
		t.options.sndFixed = true
	case netbsd.SO_RCVBUF:
		t.options.rcvFixed = true
	}
	e := t.ep.Load()
	if e == nil {
		return
	}
	switch name {
	case netbsd.SO_SNDBUF, netbsd.SO_RCVBUF:
		t.configureBuffers(e)
	case netbsd.SO_KEEPALIVE:
		e.SocketOptions().SetKeepAlive(t.so.Option(netbsd.SO_KEEPALIVE))
	}
}

// configure tells a new endpoint of the socket's options. Those that gVisor has
// anyhow are left alone. t.mu is held, or t is new.
func (t *tcpcb) configure(e *endpoint) {
	o := &t.options
	if o.maxSeg != 0 {
		o.maxSeg = 0 // the peer's will count
	}
	opts := e.SocketOptions()
	if !o.noDelay {
		opts.SetDelayOption(true)
	}
	if t.so.Option(netbsd.SO_KEEPALIVE) {
		opts.SetKeepAlive(true)
	}
	o.configureKeepalive(e)
	t.configureBuffers(e)
	t.configureNetwork(e)
}

// The keep-alive times of a new endpoint of gVisor's (gtcp.DefaultKeepalive...).
const (
	defaultKeepIdle  = 2 * 60 * 60
	defaultKeepIntvl = 75
)

func (o *options) configureKeepalive(e *endpoint) {
	if o.keepIdle != defaultKeepIdle {
		o.configureKeepIdle(e)
	}
	if o.keepIntvl != defaultKeepIntvl {
		o.configureKeepIntvl(e)
	}
	o.configureKeepCnt(e)
}

// None of the options fails.
func (o *options) configureKeepIdle(e *endpoint) {
	v := tcpip.KeepaliveIdleOption(seconds(o.keepIdle))
	_ = e.SetSockOpt(&v)
}

func (o *options) configureKeepIntvl(e *endpoint) {
	v := tcpip.KeepaliveIntervalOption(seconds(o.keepIntvl))
	_ = e.SetSockOpt(&v)
}

func (o *options) configureKeepCnt(e *endpoint) {
	_ = e.SetSockOptInt(tcpip.KeepaliveCountOption, int(min(o.keepCnt, 1<<30)))
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }

// configureBuffers gives gVisor the sizes of the socket's buffers: those that
// somebody asked for, or else what NetBSD lets them grow to (SB_AUTOSIZE). gVisor
// takes half of a receive buffer for its window.
func (t *tcpcb) configureBuffers(e *endpoint) {
	t.so.Mu.Lock()
	snd, rcv := t.so.Snd.Hiwat, t.so.Rcv.Hiwat
	t.so.Mu.Unlock()
	p := &t.proto.Params
	if !t.options.sndFixed && p.SendBufAuto.Load() != 0 {
		snd = max(snd, int(p.SendBufMax.Load()))
	}
	if !t.options.rcvFixed && p.RecvBufAuto.Load() != 0 {
		rcv = max(rcv, int(p.RecvBufMax.Load()))
	}
	if opts := e.SocketOptions(); snd > 0 && snd != int(opts.GetSendBufferSize()) {
		opts.SetSendBufferSize(int64(snd), true)
	}
	if opts := e.SocketOptions(); rcv > 0 && 2*rcv != int(opts.GetReceiveBufferSize()) {
		opts.SetReceiveBufferSize(2*int64(rcv), true)
	}
}

// setNetwork sets an option of the network layer.
func (t *tcpcb) setNetwork(l *kern.Lwp, level, name int32, value []byte) error {
	if err := t.pcb.SetOption(l, level, name, value); err != nil {
		return err
	}
	if e := t.ep.Load(); e != nil {
		t.configureNetwork(e)
	}
	return nil
}

// configureNetwork gives gVisor the options of the network layer, as far as they
// are not the usual ones.
func (t *tcpcb) configureNetwork(e *endpoint) {
	set := func(opt tcpip.SockOptInt, v int) {
		if old, err := e.GetSockOptInt(opt); err == nil && old != v {
			_ = e.SetSockOptInt(opt, v) // any value will do
		}
	}
	ip := t.pcb.Options()
	set(tcpip.IPv4TTLOption, int(ip.TTL))
	set(tcpip.IPv4TOSOption, int(ip.TOS))
	set(tcpip.IPv6HopLimitOption, ip.Hop)
}
