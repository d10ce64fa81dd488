package local

import (
	"sync"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
	"github.com/abigen/abigen/runtime/netstack/internal/vfs"
)

// A Domain is the local sockets of a kernel.
type Domain struct {
	fs *vfs.FS

	mu   sync.Mutex
	pcbs map[*pcb]struct{} // all of them
	ino  uint64            // the last one given out
	gc   hypercall.Timer   // of the next collection; nil when nothing is in flight
}

// New makes the domain of sockets whose names are in fs.
func New(fs *vfs.FS) *Domain { return &Domain{fs: fs, pcbs: map[*pcb]struct{}{}} }

// Domain returns what the socket layer has to know.
func (d *Domain) Domain() socket.Domain {
	const connected = socket.ConnRequired | socket.WantRcvd | socket.Rights | socket.Listen
	return socket.Domain{Family: netbsd.AF_LOCAL, Switch: []socket.Protosw{
		{Type: netbsd.SOCK_STREAM, Flags: connected, Attach: d.attach},
		{Type: netbsd.SOCK_DGRAM, Flags: socket.Atomic | socket.Addr | socket.Rights, Attach: d.attach},
		{Type: netbsd.SOCK_SEQPACKET, Flags: connected | socket.Atomic, Attach: d.attach},
	}}
}

// The sizes of the buffers (PIPSIZ, unpdg_sendspace, unpdg_recvspace).
const (
	streamSpace  = 4096
	datagramSend = 2048 // the longest datagram, but for what the layer adds
	datagramRecv = 4096
)

func (d *Domain) attach(_ *kern.Lwp, so *socket.Socket, _ int32) (socket.Protocol, error) {
	snd, rcv := streamSpace, streamSpace
	if so.Type == netbsd.SOCK_DGRAM {
		snd, rcv = datagramSend, datagramRecv
	}
	if err := so.Reserve(snd, rcv); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.newPcb(so), nil
}

// newPcb makes the domain's part of so. d.mu is held.
func (d *Domain) newPcb(so *socket.Socket) *pcb {
	p := &pcb{d: d, so: so, born: d.fs.Clock.Now()}
	d.pcbs[p] = struct{}{}
	return p
}
