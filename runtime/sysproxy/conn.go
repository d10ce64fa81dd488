package sysproxy

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A clientConn is a connection, as the client sees it. One goroutine at a time
// reads it; nobody else completes requests, or touches the memory of calls.
type clientConn struct {
	net.Conn
	url    URL
	in     *frameReader
	near   *arrivals // on the connection
	out    *outbox
	signal func(netbsd.Signal)
	answer []byte // a buffer of who reads

	refusals bool // the server understands when an upcall is refused

	turn    chan error    // passes the turn to run, or what ends the connection
	closing chan struct{} // gets a value when err is set
	done    chan struct{} // closed when nothing is read any more

	mu      sync.Mutex
	reading bool // somebody has the turn
	last    uint64
	waiting map[uint64]*request
	err     error // why the connection ended
}

// A request is one that waits for its answer.
type request struct {
	typ  uint16
	mem  abi.Memory    // of a system call
	args syscalls.Args // of a system call
	id   uint64
	done chan struct{} // gets a value when what follows is set

	err    error
	errno  int32 // status of a handshake, error of a call
	r0, r1 uintptr
	cookie [cookieSize]byte
	fault  bool // an upcall went where there is no memory
}

func newClientConn(url URL, nc net.Conn) *clientConn {
	return &clientConn{
		Conn: nc, url: url, in: newFrameReader(nc), near: newArrivals(nc), out: newOutbox(nc),
		turn: make(chan error, 1), closing: make(chan struct{}, 1), done: make(chan struct{}),
		reading: true, waiting: map[uint64]*request{},
	}
}

// askInterrupts asks whether the server knows typeInterrupt, on a connection
// that is then of no use. NetBSD's server wants a handshake first and refuses.
func (c *clientConn) askInterrupts(ctx context.Context) (bool, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := c.out.send(header{class: classRequest, typ: typeInterrupt}, make([]byte, 8)); err != nil {
		return false, err
	}
	h, err := c.in.header()
	switch {
	case err != nil:
		return false, err
	case h.class == classError:
		return false, nil
	case h.class == classResponse && h.typ == typeInterrupt && h.length == headerSize:
		return true, nil
	}
	return false, h.errorf("not an answer to the first request")
}

// begin sends a request, and reads the answer when that is to be had soon. When
// it fails, there will be no answer.
func (c *clientConn) begin(r *request, word uint32, body []byte) error {
	c.mu.Lock()
	if err := c.err; err != nil {
		c.mu.Unlock()
		return err
	}
	c.last++
	r.id = c.last
	c.waiting[r.id] = r
	c.mu.Unlock()
	if err := c.out.send(header{id: r.id, class: classRequest, typ: r.typ, word: word}, body); err != nil {
		c.Conn.Close() // who reads notices, and completes the request
	}
	c.read(r)
	return nil
}

// handshake makes a handshake, or asks for a prefork.
func (c *clientConn) handshake(ctx context.Context, subtype uint32, body []byte) error {
	r := &request{typ: typeHandshake, done: make(chan struct{}, 1)}
	if err := c.begin(r, subtype, body); err != nil {
		return err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return &ConnError{c.url, "handshake", ctx.Err()}
	}
	switch {
	case r.err != nil:
		return &ConnError{c.url, "handshake", r.err}
	case r.errno != 0:
		return &ConnError{c.url, "handshake", Status(r.errno)}
	}
	return nil
}

// interrupt asks the server to end a call that sleeps. Its answer has an id that
// nobody waits for.
func (c *clientConn) interrupt(id uint64) {
	c.mu.Lock()
	c.last++
	h := header{id: c.last, class: classRequest, typ: typeInterrupt}
	c.mu.Unlock()
	if c.out.send(h, binary.NativeEndian.AppendUint64(nil, id)) != nil {
		c.Conn.Close()
	}
}

// ended returns why there is no connection any more, nil while there is one.
func (c *clientConn) ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// end closes the connection for the reason given, and returns when nobody is
// told anything any more.
func (c *clientConn) end(why error) {
	c.close(why)
	c.Conn.Close()
	<-c.done
}

// leave is end, but lets the server interrupt the calls under way, close the
// descriptors and close the connection, as long as it does so soon.
func (c *clientConn) leave(why error) {
	c.close(why)
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok && w.CloseWrite() == nil {
		_ = c.Conn.SetReadDeadline(time.Now().Add(leaveTimeout))
		<-c.done
	}
	c.end(why)
}

// leaveTimeout is how long a server may take to end a process.
const leaveTimeout = 5 * time.Second

// close lets no more requests begin.
func (c *clientConn) close(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = why
		c.closing <- struct{}{}
	}
}

// fail ends the connection with an error of who read it.
func (c *clientConn) fail(err error) {
	c.Conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	why := error(netbsd.EINTR) // the process ended them
	if c.err == nil {
		c.err = &ConnError{c.url, "call", err}
		why = c.err
	}
	for id, r := range c.waiting {
		delete(c.waiting, id)
		r.err = why
		r.done <- struct{}{}
	}
}

// maxFrame is the largest frame a client takes. NetBSD's server sends 64 KiB
// of data at most.
const maxFrame = 16 << 20

func (c *clientConn) handle(h header) error {
	if h.length > maxFrame {
		return h.errorf("longer than %d bytes", maxFrame)
	}
	body, err := c.in.body(int(h.length - headerSize))
	if err != nil {
		return err
	}
	switch h.class {
	case classRequest:
		return c.upcall(h, body)
	case classResponse, classError:
		return c.complete(h, body)
	}
	return h.errorf("unknown class")
}

// complete gives an answer to who waits for it. One that nobody waits for is
// nobody's.
func (c *clientConn) complete(h header, body []byte) error {
	c.mu.Lock()
	r := c.waiting[h.id]
	delete(c.waiting, h.id)
	c.mu.Unlock()
	if r == nil {
		return nil
	}
	err := r.fill(h, body)
	if err != nil {
		r.err = &ConnError{c.url, "call", err}
	}
	r.done <- struct{}{}
	return err
}

// fill sets what the answer to r says. An error tells that it is not one.
func (r *request) fill(h header, body []byte) error {
	if h.class == classError {
		if r.err = Refusal(h.word); h.word == 0 {
			return h.errorf("a refusal without a reason")
		}
		return nil
	}
	if h.typ != r.typ {
		return h.errorf("answers a request of type %d", r.typ)
	}
	if len(body) < answerSize(h.typ) {
		return h.errorf("too short")
	}
	switch h.typ {
	case typeHandshake:
		r.errno = int32(binary.NativeEndian.Uint32(body))
	case typeSyscall:
		r.errno = int32(binary.NativeEndian.Uint32(body))
		r.r0, r.r1 = word(body[wordSize:]), word(body[2*wordSize:])
	case typePrefork:
		copy(r.cookie[:], body)
	}
	return nil
}

// answerSize is how much an answer has at least.
func answerSize(typ uint16) int {
	switch typ {
	case typeHandshake:
		return statusSize
	case typeSyscall:
		return resultSize
	case typePrefork:
		return cookieSize
	}
	return 0
}
