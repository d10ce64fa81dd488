package netif

import (
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// unqueued hands packets to a link at once. gVisor's own queueing discipline
// for that allocates a list for each packet.
type unqueued struct{ link stack.LinkWriter }

var _ stack.QueueingDiscipline = unqueued{}

var packetLists = sync.Pool{New: func() any { return new(stack.PacketBufferList) }}

// WritePacket sends a packet.
func (q unqueued) WritePacket(pkt *stack.PacketBuffer) tcpip.Error {
	list := packetLists.Get().(*stack.PacketBufferList)
	list.PushBack(pkt.IncRef())
	_, err := q.link.WritePackets(*list)
	list.Reset() // gives the reference back
	packetLists.Put(list)
	return err
}

// Close does nothing: the link is closed by whoever opened it.
func (unqueued) Close() {}
