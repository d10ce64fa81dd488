package sysproxy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
)

// A session is a client's connection, as the server sees it. One goroutine at a
// time reads it, see lent. The one that reads must not wait for the client: calls wait for
// what it reads.
type session struct {
	server *Server
	limits Limits
	conn   net.Conn
	in     *frameReader
	near   *arrivals // on conn
	brisk  bool      // requests come one soon after the other
	out    *outbox
	guest  *guest // nil before the handshake

	lends   atomic.Uint32 // twice how often the connection was lent; odd as long as it is
	watched atomic.Bool   // by the server, for calls that sleep

	mu     sync.Mutex
	state  state
	last   uint64             // id of the next upcall
	asked  map[uint64]*upcall // that have no answer yet
	calls  map[*call]struct{} // under way
	idle   []*call
	lent   *call     // that is made by the goroutine which reads; nil while it does read
	reads  bool      // it does, for an upcall of lent
	active int       // calls and execs under way
	done   sync.Cond // over mu: active has become less
}

// A state is how far a connection has come.
type state uint8

const (
	fresh state = iota // no handshake yet
	running
	inExec // an exec is under way
	dying
)

// errClose ends a connection after what was sent.
var errClose = errors.New("the connection is closed")

func newSession(s *Server, conn net.Conn, limits Limits) *session {
	c := &session{
		server: s, limits: limits, conn: conn, in: newFrameReader(conn), near: newArrivals(conn), out: newOutbox(conn),
		asked: map[uint64]*upcall{}, calls: map[*call]struct{}{},
	}
	c.done.L = &c.mu
	return c
}

// endTimeout is how long a client may take to read the last of what is sent.
const endTimeout = 2 * time.Second

// serve talks to the client until it goes away or has to. It returns when
// another goroutine does that.
func (c *session) serve() {
	deadline := time.Now().Add(c.limits.Handshake)
	_ = c.conn.SetDeadline(deadline)
	if _, err := c.conn.Write([]byte(banner(c.server.Kernel.Release()))); err != nil {
		c.server.ended(c)
		return
	}
	c.readOn()
}

// readOn handles frames until there are no more, or another goroutine does.
func (c *session) readOn() {
	for {
		switch err := c.next(); {
		case err == errPassed: //nolint:errorlint // a value that is not wrapped
			return
		case err != nil:
			c.finish(err)
			return
		}
	}
}

// finish ends what is left when nothing is read any more.
func (c *session) finish(err error) {
	if !errors.Is(err, io.EOF) { // who only stops sending still gets the answers
		_ = c.conn.SetWriteDeadline(time.Now().Add(endTimeout))
		c.out.finish()
		c.conn.Close()
	}
	var frame *FrameError
	if errors.As(err, &frame) {
		c.server.log().Warn("a client breaks the protocol", "client", c.conn.RemoteAddr(), "error", err)
	}
	c.end()
	c.server.ended(c)
}

// next reads a frame and handles it.
func (c *session) next() error {
	h, err := c.header()
	if err != nil {
		return err
	}
	switch h.class {
	case classRequest:
		return c.request(h)
	case classResponse:
		return c.answered(h)
	default:
		return c.failed(h)
	}
}

// end ends the process: calls under way are interrupted and answered still.
func (c *session) end() {
	_ = c.conn.SetWriteDeadline(time.Now().Add(endTimeout))
	c.mu.Lock()
	c.state = dying
	for id, u := range c.asked {
		delete(c.asked, id)
		u.finish(0, errGone)
	}
	c.interruptAll()
	c.mu.Unlock()
	if c.guest != nil {
		c.guest.attach(nil)
		c.guest.Exit()
	}
	c.wait()
	c.out.finish()
}

// interruptAll interrupts the calls under way. The caller has locked mu.
func (c *session) interruptAll() {
	for k := range c.calls {
		k.interrupt()
	}
}

// wait waits until no call is under way.
func (c *session) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.active > 0 {
		c.done.Wait()
	}
}

// post sends a frame without waiting. A client that does not read what it asked
// for is dropped.
func (c *session) post(h header, parts ...[]byte) {
	if !c.out.post(crowded, h, parts...) {
		_ = c.conn.Close()
	}
}

// refuse answers a frame with an error. It returns nil, so that the connection
// goes on.
func (c *session) refuse(h header, why Refusal) error {
	c.post(header{id: h.id, class: classError, word: uint32(why)})
	return nil
}

// reject is refuse, after which the connection is closed.
func (c *session) reject(h header, why Refusal) error {
	_ = c.refuse(h, why)
	return errClose
}

// maxRequest is the largest request: the longest name of a client that is let
// pass.
const maxRequest = 4096

// request does what a client asks for.
func (c *session) request(h header) error {
	if h.length > maxRequest {
		_ = c.refuse(h, Malformed)
		return h.errorf("too long for a request")
	}
	body, err := c.in.body(int(h.length - headerSize))
	if err != nil {
		return err
	}
	c.mu.Lock()
	state := c.state
	c.mu.Unlock()
	switch {
	case h.typ == typeInterrupt && len(body) == 8:
		c.interruptCall(h, binary.NativeEndian.Uint64(body))
		return nil
	case state == fresh:
		return c.first(h, body)
	}
	switch h.typ {
	case typeSyscall:
		return c.syscall(h, body, state)
	case typePrefork:
		if state == inExec {
			return c.reject(h, InExec)
		}
		return c.prefork(h, body)
	case typeHandshake:
		switch {
		case h.word != handshakeExec:
			return c.reject(h, Malformed)
		case state == inExec:
			return c.reject(h, InExec)
		}
		c.exec(h, cstring(body))
		return nil
	}
	return c.refuse(h, Malformed)
}

// first does what a client asks for first, which has to be a handshake.
func (c *session) first(h header, body []byte) error {
	if h.typ != typeHandshake {
		return c.reject(h, Auth)
	}
	switch h.word {
	case handshakeGuest:
		g := &guest{name: cstring(body), session: c}
		p, err := c.server.Kernel.NewProcess(kernel.ProcessOptions{Name: g.name, Signal: g.raise, Console: true})
		if err != nil {
			c.server.log().Error("no process for a client", "error", err)
			return c.reject(h, ForkFailed)
		}
		g.Process = p
		c.guest = g
	case handshakeFork:
		if len(body) != cookieSize+4 {
			return c.reject(h, Malformed)
		}
		g := c.server.preforks.take(body[:cookieSize])
		if g == nil {
			return c.reject(h, InvalidPrefork)
		}
		if binary.NativeEndian.Uint32(body[cookieSize:]) != 0 {
			g.Exit()
			return errClose
		}
		g.attach(c)
		c.guest = g
	default:
		return c.reject(h, Auth)
	}
	_ = c.conn.SetDeadline(time.Time{})
	c.setState(running)
	c.greet(h)
	return nil
}

// greet answers a handshake.
func (c *session) greet(h header) {
	c.post(header{id: h.id, class: classResponse, typ: typeHandshake}, make([]byte, statusSize))
}

// setState changes the state of a connection that is not dying.
func (c *session) setState(s state) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != dying {
		c.state = s
	}
}

// cstring returns the name in a handshake, with or without its zero byte.
func cstring(b []byte) string {
	name, _, _ := bytes.Cut(b, []byte{0})
	return string(name[:min(len(name), netbsd.MAXCOMLEN)])
}

// prefork makes a process that a child of the client will claim.
func (c *session) prefork(h header, body []byte) error {
	cookie, err := c.server.preforks.add(c.guest, c, h.word, body)
	var why Refusal
	if errors.As(err, &why) {
		return c.refuse(h, why)
	}
	c.post(header{id: h.id, class: classResponse, typ: typePrefork}, cookie[:])
	return nil
}

// exec interrupts the calls of the process, and when they have ended, lets it
// be another program.
func (c *session) exec(h header, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = inExec
	c.interruptAll()
	c.active++ // which end waits for
	go func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for c.active > 1 {
			c.done.Wait()
		}
		if c.state == inExec {
			c.mu.Unlock()
			err := c.guest.Exec(name)
			c.mu.Lock()
			if err == nil {
				c.guest.name = name
				c.greet(h)
			} else {
				_ = c.refuse(h, NoMemory)
			}
			if c.state == inExec {
				c.state = running
			}
		}
		c.active--
		c.done.Broadcast()
	}()
}
