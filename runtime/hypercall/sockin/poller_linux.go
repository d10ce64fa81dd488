package sockin

import (
	"errors"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hypercall"
)

// A poller tells sockets what happens to them. It is an epoll instance that
// Go's own poller waits for, so that no thread does. Events are edges: a socket that
// nobody reads from, or that is in a state with events that nobody can do anything
// about, costs nothing.
type poller struct {
	file *os.File
	conn syscall.RawConn

	mu      sync.Mutex
	sockets map[int32]*socket
	last    int32
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil { // or else Go would not wait for it
		_ = unix.Close(fd)
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "epoll")
	conn, err := f.SyscallConn()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &poller{file: f, conn: conn, sockets: map[int32]*socket{}}, nil
}

// stop ends run, which may be telling somebody of an event: that is not waited
// for, as the caller may have what that needs.
func (p *poller) stop() { go func() { _ = p.file.Close() }() }

// add makes s known. Descriptors are used again, and events can be late, so
// sockets have numbers of their own.
func (p *poller) add(s *socket, mask uint32) error {
	p.mu.Lock()
	p.last++
	for p.sockets[p.last] != nil {
		p.last++
	}
	s.id = p.last
	p.sockets[s.id] = s
	p.mu.Unlock()
	if err := p.control(unix.EPOLL_CTL_ADD, s, mask); err != nil {
		p.remove(s)
		return err
	}
	return nil
}

// remove forgets s, whose descriptor is closed or about to be.
func (p *poller) remove(s *socket) {
	p.mu.Lock()
	delete(p.sockets, s.id)
	p.mu.Unlock()
}

func (p *poller) control(op int, s *socket, mask uint32) error {
	var err error
	closed := p.conn.Control(func(fd uintptr) {
		err = unix.EpollCtl(int(fd), op, s.fd, &unix.EpollEvent{Events: mask, Fd: s.id})
	})
	return errors.Join(closed, err)
}

// run tells of events until stop. All of it is one wait for Go's poller: when
// there were fewer events than room for them, there are no others until Go's
// poller says so, and the instance need not be asked.
func (p *poller) run() {
	var events [128]unix.EpollEvent
	_ = p.conn.Read(func(fd uintptr) (done bool) { // ends with an error
		for {
			n, err := unix.EpollWait(int(fd), events[:], 0)
			if err != nil && !errors.Is(err, unix.EINTR) {
				return false
			}
			for i := range events[:max(n, 0)] {
				p.tell(&events[i])
			}
			if err == nil && n < len(events) {
				return false
			}
		}
	})
}

func (p *poller) tell(e *unix.EpollEvent) {
	p.mu.Lock()
	s := p.sockets[e.Fd]
	p.mu.Unlock()
	if s != nil {
		s.happened(e.Events)
	}
}

// names are what Linux calls the events.
var names = [...]struct {
	linux uint32
	event hypercall.SocketEvents
}{
	{unix.EPOLLIN, hypercall.SocketReadable},
	{unix.EPOLLOUT, hypercall.SocketWritable},
	{unix.EPOLLPRI, hypercall.SocketUrgent},
	{unix.EPOLLRDHUP, hypercall.SocketFinished},
	{unix.EPOLLERR, hypercall.SocketFailed},
	{unix.EPOLLHUP, hypercall.SocketHungUp},
}

func translate(mask uint32) (events hypercall.SocketEvents) {
	for _, n := range names {
		if mask&n.linux != 0 {
			events |= n.event
		}
	}
	return events
}

// What is watched for: that there is room for datagrams only by those who wait for
// it, since Linux tells of each that was sent.
const (
	edge         = unix.EPOLLET & 0xffffffff
	streamMask   = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLPRI | unix.EPOLLRDHUP | edge
	datagramMask = unix.EPOLLIN | edge
)
