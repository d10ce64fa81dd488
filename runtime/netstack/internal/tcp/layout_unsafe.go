package tcp

import (
	"container/list"
	"errors"
	"reflect"
	"sync"
	"unsafe"

	gtcp "gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// gVisor does not say how many bytes wait in the buffers of an endpoint, or how
// many connections in its queue, without taking the endpoint's lock, and of the
// send buffer not at all. They are needed for FIONREAD, FIONWRITE, poll and
// kqueue, also while that lock is held. So the counts are read where they are,
// under the locks that guard them. The offsets are those of the release that
// go.mod names; checked once, by name and type.
type layout struct {
	rcvMu, sndMu, acceptMu uintptr // sync.Mutex in wrappers
	snd                    uintptr // gtcp.TCPSndBufState
	accepted               uintptr // list.List
}

var offsets, errLayout = findLayout(reflect.TypeFor[gtcp.Endpoint]())

func findLayout(endpoint reflect.Type) (l layout, err error) {
	mutex := func(path ...string) uintptr {
		off, t := field(endpoint, path...)
		for t != nil && t.Kind() == reflect.Struct && t.NumField() == 1 {
			t = t.Field(0).Type // a wrapper
		}
		if t != reflect.TypeFor[sync.Mutex]() {
			err = errors.Join(err, errors.New("gVisor's tcp.Endpoint has no mutex "+path[len(path)-1]))
		}
		return off
	}
	value := func(want reflect.Type, path ...string) uintptr {
		off, t := field(endpoint, path...)
		if t != want {
			err = errors.Join(err, errors.New("gVisor's tcp.Endpoint has no "+path[len(path)-1]))
		}
		return off
	}
	l.rcvMu = mutex("rcvQueueMu")
	l.sndMu = mutex("sndQueueInfo", "sndQueueMu")
	l.acceptMu = mutex("acceptMu")
	l.snd = value(reflect.TypeFor[gtcp.TCPSndBufState](), "sndQueueInfo", "TCPSndBufState")
	l.accepted = value(reflect.TypeFor[list.List](), "acceptQueue", "endpoints")
	return l, err
}

// field returns where a field of nested structs is, and its type: nil when
// there is none.
func field(t reflect.Type, path ...string) (off uintptr, _ reflect.Type) {
	for _, name := range path {
		f, ok := t.FieldByName(name)
		if !ok {
			return 0, nil
		}
		off, t = off+f.Offset, f.Type
	}
	return off, t
}

func mutexAt(ep *gtcp.Endpoint, off uintptr) *sync.Mutex {
	return (*sync.Mutex)(unsafe.Add(unsafe.Pointer(ep), off))
}

// received returns how many bytes can be read, and whether the peer has sent
// its FIN.
func received(ep *gtcp.Endpoint) (n int, fin bool) {
	mu := mutexAt(ep, offsets.rcvMu)
	mu.Lock()
	defer mu.Unlock()
	return ep.RcvBufUsed, ep.RcvClosed
}

// unacknowledged returns how many bytes of the send buffer are in use. gVisor
// takes the acknowledgment of a FIN for that of a byte.
func unacknowledged(ep *gtcp.Endpoint) int {
	mu := mutexAt(ep, offsets.sndMu)
	mu.Lock()
	defer mu.Unlock()
	return max((*gtcp.TCPSndBufState)(unsafe.Add(unsafe.Pointer(ep), offsets.snd)).SndBufUsed, 0)
}

// pending returns how many connections wait to be accepted.
func pending(ep *gtcp.Endpoint) int {
	mu := mutexAt(ep, offsets.acceptMu)
	mu.Lock()
	defer mu.Unlock()
	return (*list.List)(unsafe.Add(unsafe.Pointer(ep), offsets.accepted)).Len()
}
