package sysproxy

import (
	"context"
	"encoding/binary"
	"sync"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A helper makes calls for a thread, with a memory of its own that is apart from
// those of all threads.
type helper struct {
	*thread
	mem *abi.Bytes
}

// helpers are at the end of the address space, where nobody else is.
const (
	helpersAt  = ^uintptr(0) - 1<<28 + 1
	helperSize = 1 << 14
	maxHelpers = 1<<28/helperSize - 1
)

func (p *process) newHelper() *helper {
	n := uintptr(p.helpers.Add(1)) % maxHelpers
	mem := &abi.Bytes{Base: abi.Addr(helpersAt + n*helperSize)}
	return &helper{p.thread(mem), mem}
}

// helper returns that of the thread.
func (t *thread) helper() *helper {
	if t.help == nil {
		t.help = t.p.newHelper()
	}
	return t.help
}

// blocking tells whether calls on a descriptor wait, as far as its owner wants.
func (h *helper) blocking(fd int32) bool {
	s := &h.p.tries
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fds[fd] > 0 {
		return true
	}
	flags, err := syscalls.Fcntl(context.Background(), h, fd, netbsd.F_GETFL, 0)
	return err == nil && flags&netbsd.O_NONBLOCK == 0
}

// tries are descriptors that are set not to block as long as calls are tried on
// them.
type tries struct {
	mu      sync.Mutex
	fds     map[int32]int // calls
	changes uint64        // of a descriptor's flags, so far
}

// begin sets a descriptor not to block, and reports whether it did; then end
// must follow.
func (s *tries) begin(h *helper, fd int32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fds[fd] == 0 {
		flags, err := syscalls.Fcntl(context.Background(), h, fd, netbsd.F_GETFL, 0)
		if err != nil || flags&netbsd.O_NONBLOCK != 0 || h.setFlags(fd, flags|netbsd.O_NONBLOCK) != nil {
			return false
		}
		if s.fds == nil {
			s.fds = map[int32]int{}
		}
		s.changes++
	}
	s.fds[fd]++
	return true
}

// end sets it to block again after the last call.
func (s *tries) end(h *helper, fd int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fds[fd]--; s.fds[fd] > 0 {
		return
	}
	delete(s.fds, fd)
	s.changes++
	if flags, err := syscalls.Fcntl(context.Background(), h, fd, netbsd.F_GETFL, 0); err == nil {
		_ = h.setFlags(fd, flags&^netbsd.O_NONBLOCK)
	}
}

// mark is for disturbed.
func (s *tries) mark() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// disturbed tells whether a descriptor may have been set not to block since mark.
func (s *tries) disturbed(fd int32, mark uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fds[fd] > 0 || s.changes != mark
}

func (h *helper) setFlags(fd, flags int32) error {
	_, err := syscalls.Fcntl(context.Background(), h, fd, netbsd.F_SETFL, abi.Addr(flags))
	return err
}

// option fills v with an option of a socket.
func (h *helper) option(fd, name int32, v []byte) error {
	h.mem.Data = binary.NativeEndian.AppendUint32(append(h.mem.Data[:0], v...), uint32(len(v)))
	size := h.mem.Base + abi.Addr(len(v))
	err := syscalls.Getsockopt(context.Background(), h, fd, netbsd.SOL_SOCKET, name, h.mem.Base, size)
	copy(v, h.mem.Data)
	return err
}

// A wakeup is a pipe that a poll includes, so that it can be ended.
type wakeup struct {
	mu   sync.Mutex
	conn *clientConn // that it was made on; nil when there is none
	r, w int32
}

// wakeupFrom is where its descriptors are, out of the way of others.
const wakeupFrom = 100

// get returns the pipe, and makes it when there is none.
func (u *wakeup) get(h *helper) (r, w int32, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	conn := h.p.current()
	if u.conn == conn {
		return u.r, u.w, nil
	}
	r0, r1, err := h.Syscall(context.Background(), netbsd.SYS_pipe, syscalls.Args{})
	if err != nil {
		return 0, 0, err
	}
	if r, err = h.moveAway(int32(r0)); err != nil {
		return 0, 0, err
	}
	if w, err = h.moveAway(int32(r1)); err != nil {
		return 0, 0, err
	}
	u.conn, u.r, u.w = conn, r, w
	return r, w, nil
}

// moveAway gives a descriptor a higher number, and has it closed on exec.
func (h *helper) moveAway(fd int32) (int32, error) {
	ctx := context.Background()
	to, err := syscalls.Fcntl(ctx, h, fd, netbsd.F_DUPFD_CLOEXEC, wakeupFrom)
	if err != nil {
		return 0, err
	}
	return to, syscalls.Close(ctx, h, fd)
}

// forget notes that the pipe was closed.
func (u *wakeup) forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.conn = nil
}

// leave closes the copies that a child has got.
func (u *wakeup) leave(child *thread) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.conn != nil {
		_ = syscalls.Close(context.Background(), child, u.r)
		_ = syscalls.Close(context.Background(), child, u.w)
	}
}
