package tcp

import (
	"sync"
	"sync/atomic"

	gtcp "gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// A tcpcb is the TCP part of a socket (struct tcpcb).
type tcpcb struct {
	socket.Unsupported

	so    *socket.Socket
	proto *Protocol
	pcb   *inet.Pcb
	ep    atomic.Pointer[endpoint] // nil until something listens or connects

	dead    atomic.Bool // the control block is gone; set with mu held
	discard atomic.Bool // nobody wants what the peer sends

	mu      sync.Mutex
	closed  bool // nobody has the socket any more
	options options

	urgent urgent
}

var _ socket.Stream = (*tcpcb)(nil)

func (p *Protocol) newTcpcb(so *socket.Socket) *tcpcb {
	t := &tcpcb{so: so, proto: p}
	t.pcb = p.Table.Attach(so)
	t.options.init(&p.Params)
	return t
}

// state returns the state of the connection, TCPS_*.
func (t *tcpcb) state() int {
	e := t.ep.Load()
	if e == nil || t.dead.Load() {
		return netbsd.TCPS_CLOSED
	}
	switch e.EndpointState() {
	case gtcp.StateListen:
		return netbsd.TCPS_LISTEN
	case gtcp.StateConnecting, gtcp.StateSynSent:
		return netbsd.TCPS_SYN_SENT
	case gtcp.StateSynRecv:
		return netbsd.TCPS_SYN_RECEIVED
	case gtcp.StateEstablished:
		return netbsd.TCPS_ESTABLISHED
	case gtcp.StateCloseWait:
		return netbsd.TCPS_CLOSE_WAIT
	case gtcp.StateFinWait1:
		return netbsd.TCPS_FIN_WAIT_1
	case gtcp.StateClosing:
		return netbsd.TCPS_CLOSING
	case gtcp.StateLastAck:
		return netbsd.TCPS_LAST_ACK
	case gtcp.StateFinWait2:
		return netbsd.TCPS_FIN_WAIT_2
	case gtcp.StateTimeWait:
		return netbsd.TCPS_TIME_WAIT
	}
	return netbsd.TCPS_CLOSED
}

// alive returns EINVAL when the control block is gone (tcp_getpcb). The end of a
// connection that gVisor knows of already is made known first.
func (t *tcpcb) alive() error {
	if e := t.ep.Load(); e != nil && !t.dead.Load() {
		if s := e.EndpointState(); s == gtcp.StateError || s == gtcp.StateClose {
			t.end(e, 0)
		}
	}
	if t.dead.Load() {
		return netbsd.EINVAL
	}
	return nil
}

// Name returns the socket's own name.
func (t *tcpcb) Name(*kern.Lwp) ([]byte, error) {
	if err := t.alive(); err != nil {
		return nil, err
	}
	return t.pcb.Name(), nil
}

// PeerName returns the name of the other end.
func (t *tcpcb) PeerName(*kern.Lwp) ([]byte, error) {
	if err := t.alive(); err != nil {
		return nil, err
	}
	return t.pcb.PeerName(), nil
}

// Bind gives the socket a name.
func (t *tcpcb) Bind(l *kern.Lwp, name []byte) error {
	if err := t.alive(); err != nil {
		return err
	}
	return t.pcb.Bind(l, name)
}

// bound gives the socket a free port unless it has a name.
func (t *tcpcb) bound(l *kern.Lwp) error {
	if _, port := t.pcb.Local(); port != 0 {
		return nil
	}
	return t.pcb.BindAny(l)
}
