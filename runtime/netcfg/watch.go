package netcfg

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A Watcher hears of changes to interfaces, addresses, routes and neighbors,
// whoever made them. It may be used by one goroutine at a time.
type Watcher struct {
	thread
	fd int32
}

// Watch returns a Watcher for the changes from now on. It must be closed.
func (c *Client) Watch(ctx context.Context) (*Watcher, error) {
	t, err := newThread(c.process, c.routing)
	if err != nil {
		return nil, wrap("watch", "the kernel", err)
	}
	fd, err := syscalls.Socket(ctx, t, netbsd.AF_ROUTE, netbsd.SOCK_RAW, 0)
	if err != nil {
		t.Exit()
		return nil, wrap("watch", "the kernel", err)
	}
	// What a kernel gives by itself is full after a dozen messages. If it gives no
	// more, that has to do.
	_ = syscalls.Setsockopt(ctx, t, fd, netbsd.SOL_SOCKET, netbsd.SO_RCVBUF, t.mem.put(binary.NativeEndian.AppendUint32(nil, watchBuffer)), 4)
	return &Watcher{thread: t, fd: fd}, nil
}

// watchBuffer is room for messages that have not been read, in bytes: most of what
// kern.sbmax allows.
const watchBuffer = 192 << 10

// Lost returns how many messages were lost so far because there was no room for them.
func (w *Watcher) Lost(ctx context.Context) (int32, error) {
	w.mem.reset()
	v, n := w.mem.put(make([]byte, 4)), w.mem.put(binary.NativeEndian.AppendUint32(nil, 4))
	if err := syscalls.Getsockopt(ctx, w, w.fd, netbsd.SOL_SOCKET, netbsd.SO_OVERFLOWED, v, n); err != nil {
		return 0, wrap("watch", "the kernel", err)
	}
	return int32(binary.NativeEndian.Uint32(w.mem.at(v, 4))), nil
}

// Next waits for the next change. It fails with EINTR when ctx is done. What has
// no entry, such as a route that was looked for in vain, is passed over.
func (w *Watcher) Next(ctx context.Context) (*routing.Message, error) {
	w.mem.reset()
	a := w.mem.room(maxMessage)
	for {
		m, err := w.read(ctx, w.fd, a)
		if err != nil {
			return nil, wrap("watch", "the kernel", err)
		}
		said, err := m.Decode()
		if err == nil {
			return said, nil
		}
		if !errors.Is(err, abi.ErrNoCounterpart) {
			return nil, wrap("watch", "the kernel", err)
		}
	}
}

// NextMessage waits for the next message, whatever it says, and returns it as it
// is, with its size in bytes. Its addresses are good until the next one.
func (w *Watcher) NextMessage(ctx context.Context) (*rtsock.Message, int, error) {
	w.mem.reset()
	m, n, err := w.readSized(ctx, w.fd, w.mem.room(maxMessage))
	return m, n, wrap("watch", "the kernel", err)
}

// Close ends the watch. Next must not be waiting.
func (w *Watcher) Close() error {
	err := syscalls.Close(context.Background(), w, w.fd)
	w.Exit()
	return err
}

// maxMessage is more than any routing message takes.
const maxMessage = 2048

// read returns the next message of a routing socket, which is in the memory at a,
// where there is room for maxMessage bytes.
func (t *thread) read(ctx context.Context, fd int32, a abi.Addr) (*rtsock.Message, error) {
	m, _, err := t.readSized(ctx, fd, a)
	return m, err
}

// readSized is read that tells the size of the message, too.
func (t *thread) readSized(ctx context.Context, fd int32, a abi.Addr) (*rtsock.Message, int, error) {
	for {
		n, err := syscalls.Read(ctx, t, fd, a, maxMessage)
		if err != nil {
			return nil, 0, err
		}
		m, rest, err := rtsock.Parse(t.routing, t.mem.at(a, n))
		if err == nil {
			return m, n, nil
		}
		if rest == nil {
			return nil, 0, err
		}
	}
}
