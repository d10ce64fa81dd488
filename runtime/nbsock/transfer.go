package nbsock

import (
	"errors"
	"io"
	"os"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// begin takes the right to make a call of one side. What it returns must be
// given to end.
func (s *Socket) begin(d *side) (*thread, error) {
	d.mu.Lock()
	err := d.check()
	if err == nil {
		var t *thread
		if t, err = s.net.thread(); err == nil {
			return t, nil
		}
	}
	d.mu.Unlock()
	return nil, err
}

func (s *Socket) end(d *side, t *thread) {
	s.net.release(t)
	d.mu.Unlock()
}

// readSome makes one read(2), which waits for data.
func (s *Socket) readSome(b []byte) (int, error) {
	d := &s.read
	t, err := s.begin(d)
	if err != nil {
		return 0, err
	}
	defer s.end(d, t)
	t.mem.data = b[:min(len(b), maxData)]
	for {
		n, err := syscalls.Read(&d.interrupt, t, s.fd, t.mem.addr(dataAt), uint(len(t.mem.data)))
		if err == nil {
			return n, nil
		}
		if again, err := d.again("read", err); !again {
			return 0, err
		}
	}
}

// writeAll makes as many write(2)s as it takes.
func (s *Socket) writeAll(b []byte) (int, error) {
	d := &s.write
	t, err := s.begin(d)
	if err != nil {
		return 0, err
	}
	defer s.end(d, t)
	written := 0
	for {
		t.mem.data = b[written:][:min(len(b)-written, maxData)]
		n, err := syscalls.Write(&d.interrupt, t, s.fd, t.mem.addr(dataAt), uint(len(t.mem.data)))
		if err == nil {
			if written += n; written == len(b) {
				return written, nil
			}
			if err := d.check(); err != nil { // which is why it was cut short
				return written, err
			}
			if n == 0 {
				return written, io.ErrUnexpectedEOF
			}
			continue
		}
		if again, err := d.again("write", err); !again {
			return written, err
		}
	}
}

// writeRecord makes one write(2), of a datagram.
func (s *Socket) writeRecord(b []byte) (int, error) {
	d := &s.write
	t, err := s.begin(d)
	if err != nil {
		return 0, err
	}
	defer s.end(d, t)
	t.mem.data = b
	for {
		n, err := syscalls.Write(&d.interrupt, t, s.fd, t.mem.addr(dataAt), uint(len(b)))
		if err == nil {
			return n, nil
		}
		if again, err := d.again("write", err); !again {
			return 0, err
		}
	}
}

// receive makes one recvfrom(2), and returns the sender's address as well.
func (s *Socket) receive(b []byte) (n int, from sockaddr, err error) {
	d := &s.read
	t, err := s.begin(d)
	if err != nil {
		return 0, from, err
	}
	defer s.end(d, t)
	t.mem.data = b[:min(len(b), maxData)]
	for {
		t.mem.scratch.namelen = maxName
		n, err := syscalls.Recvfrom(&d.interrupt, t, s.fd, t.mem.addr(dataAt), uint(len(t.mem.data)), 0, t.mem.addr(nameAt), t.mem.addr(namelenAt))
		if err == nil {
			from.set(t.mem.scratch.foundName())
			return n, from, nil
		}
		if again, err := d.again("recvfrom", err); !again {
			return 0, from, err
		}
	}
}

// send makes one sendto(2).
func (s *Socket) send(b []byte, to *sockaddr) (int, error) {
	d := &s.write
	t, err := s.begin(d)
	if err != nil {
		return 0, err
	}
	defer s.end(d, t)
	t.mem.data = b
	namelen := copy(t.mem.scratch.name[:], to.bytes())
	for {
		n, err := syscalls.Sendto(&d.interrupt, t, s.fd, t.mem.addr(dataAt), uint(len(b)), 0, t.mem.addr(nameAt), uint32(namelen))
		if err == nil {
			return n, nil
		}
		if again, err := d.again("sendto", err); !again {
			return 0, err
		}
	}
}

// A message is what recvmsg(2) fills in and sendmsg(2) takes.
type message struct {
	data    []byte
	control []byte // struct cmsghdr and what belongs to each
}

// prepare lays out a struct msghdr, with a name of namelen bytes.
func (m *message) prepare(t *thread, namelen int) {
	t.mem.data, t.mem.control = m.data, m.control[:min(len(m.control), maxControl)]
	sc := &t.mem.scratch
	sc.iov = netbsd.Iovec{Base: t.mem.addr(dataAt)}
	setLen(&sc.iov.Len, len(m.data))
	sc.msg = netbsd.Msghdr{Iov: t.mem.addr(iovAt), Iovlen: 1}
	if namelen > 0 {
		sc.msg.Name, sc.msg.Namelen = t.mem.addr(nameAt), uint32(namelen)
	}
	if len(t.mem.control) > 0 {
		sc.msg.Control, sc.msg.Controllen = t.mem.addr(controlAt), uint32(len(t.mem.control))
	}
}

// setLen stores a length in a member that is as wide as a pointer.
func setLen[T uint32 | uint64](to *T, n int) { *to = T(n) }

// receiveMessage makes one recvmsg(2). m is cut to what was received.
func (s *Socket) receiveMessage(m *message) (flags int32, from sockaddr, err error) {
	d := &s.read
	t, err := s.begin(d)
	if err != nil {
		return 0, from, err
	}
	defer s.end(d, t)
	for {
		m.prepare(t, maxName)
		n, err := syscalls.Recvmsg(&d.interrupt, t, s.fd, t.mem.addr(msgAt), 0)
		if err == nil {
			msg := &t.mem.scratch.msg
			from.set(t.mem.scratch.name[:min(msg.Namelen, maxName)])
			m.data, m.control = m.data[:n], m.control[:min(int(msg.Controllen), len(t.mem.control))]
			return msg.Flags, from, nil
		}
		if again, err := d.again("recvmsg", err); !again {
			return 0, from, err
		}
	}
}

// sendMessage makes one sendmsg(2).
func (s *Socket) sendMessage(m *message, to *sockaddr) (int, error) {
	if len(m.control) > maxControl {
		return 0, os.NewSyscallError("sendmsg", netbsd.EMSGSIZE)
	}
	d := &s.write
	t, err := s.begin(d)
	if err != nil {
		return 0, err
	}
	defer s.end(d, t)
	namelen := copy(t.mem.scratch.name[:], to.bytes())
	for {
		m.prepare(t, namelen)
		n, err := syscalls.Sendmsg(&d.interrupt, t, s.fd, t.mem.addr(msgAt), 0)
		if err == nil {
			return n, nil
		}
		if again, err := d.again("sendmsg", err); !again {
			return 0, err
		}
	}
}

// acceptOne waits for a connection, and returns its descriptor and the peer's
// address.
func (s *Socket) acceptOne() (fd int32, from sockaddr, err error) {
	d := &s.read
	t, err := s.begin(d)
	if err != nil {
		return -1, from, err
	}
	defer s.end(d, t)
	const flags = netbsd.SOCK_CLOEXEC | netbsd.SOCK_NOSIGPIPE
	for aborted := 0; ; {
		t.mem.scratch.namelen = maxName
		fd, err := syscalls.Paccept(&d.interrupt, t, s.fd, t.mem.addr(nameAt), t.mem.addr(namelenAt), abi.Addr(0), flags)
		if err == nil {
			from.set(t.mem.scratch.foundName())
			return fd, from, nil
		}
		// A connection may be gone before it is accepted. Its place in the
		// queue is free then, which bounds how often that is so in a row.
		if errors.Is(err, netbsd.ECONNABORTED) && aborted < netbsd.SOMAXCONN {
			aborted++
			continue
		}
		if again, err := d.again("accept", err); !again {
			return -1, from, err
		}
	}
}
