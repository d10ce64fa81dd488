package sysproxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A script plays the server of a recording to a Client, which is made to do what
// the recorded client did.
type script struct {
	t       *testing.T
	rec     *recording
	l       *net.UnixListener
	client  *Client
	mem     *space
	conns   map[int]*scripted
	started chan started // processes that were made, by a handshake
	raised  chan netbsd.Signal
}

// started is the outcome of NewProcess, Fork or Exec.
type started struct {
	p   kernel.Process
	err error
}

// scripted is one connection, and what the client does with it.
type scripted struct {
	net.Conn
	in    *frameReader
	p     kernel.Process
	ids   map[uint64]uint64 // of requests, by those in the recording
	calls map[uint64]*asked // by the recorded id
	again *asked            // that the client has been told to make again
}

// asked is a system call under way.
type asked struct {
	done   chan struct{}
	r0, r1 uintptr
	err    error
}

// regions is the memory of the recorded client: what the kernel read, and the
// regions that the recording lists.
type regions struct {
	*space
	rec *recording
	t   *testing.T
}

func (m regions) there(a abi.Addr, n int) bool {
	if m.known(uint64(a), n) {
		return true
	}
	for i := range m.rec.Memory {
		r := &m.rec.Memory[i]
		if at := r.address(m.t); uint64(a) >= at && uint64(a)+uint64(n) <= at+uint64(r.Size) {
			return true
		}
	}
	return false
}

// ReadAt implements [abi.Memory].
func (m regions) ReadAt(p []byte, a abi.Addr) error {
	if !m.there(a, len(p)) {
		return abi.ErrFault
	}
	copy(p, m.read(uint64(a), len(p)))
	return nil
}

// WriteAt implements [abi.Memory].
func (m regions) WriteAt(p []byte, a abi.Addr) error {
	if !m.there(a, len(p)) {
		return abi.ErrFault
	}
	m.write(uint64(a), p)
	return nil
}

// Map implements [kernel.Mapper]: it has the address that the recorded client had.
func (m regions) Map(size uintptr) (abi.Addr, error) {
	for i := range m.rec.Records {
		for _, f := range m.rec.Records[i].frames {
			if f.class != classResponse || f.typ != typeAnonmmap || size == 0 {
				continue
			}
			if a := word(f.body); a != 0 {
				m.write(uint64(a), make([]byte, size))
				return abi.Addr(a), nil
			}
		}
	}
	return 0, netbsd.ENOMEM
}

var _ kernel.Mapper = regions{}

func newScript(t *testing.T, rec *recording) *script {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, rec: rec, l: l, mem: newSpace(), conns: map[int]*scripted{}, started: make(chan started, 10), raised: make(chan netbsd.Signal, 10)}
	go s.refuseInterrupts()
	if s.client, err = Dial(t.Context(), "unix://"+path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		for _, c := range s.conns {
			c.Close()
		}
		s.client.Close()
	})
	return s
}

const recordedBanner = "RUMPSP-0.4-NetBSD-7.99.34/amd64\n"

// refuseInterrupts does to the first connection what NetBSD's server does.
func (s *script) refuseInterrupts() {
	c, err := s.l.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	in := newFrameReader(c)
	_, _ = c.Write([]byte(recordedBanner))
	h, _ := in.header()
	answer := header{length: headerSize, id: h.id, class: classError, word: uint32(Auth)}
	_, _ = c.Write(answer.append(nil))
}

// play goes through the records.
func (s *script) play() error {
	for i := range s.rec.Records {
		r := &s.rec.Records[i]
		c := s.conns[r.Conn]
		var err error
		switch {
		case r.Event == "connect":
			err = s.connect(i)
		case r.Event == "close" && !r.server():
			go c.p.Exit()
			if err = c.drain(); closed(err) {
				err = c.Close()
			}
		case r.Event == "close":
			_ = c.Close()
		case r.Event != "":
		case r.banner():
			_, err = c.Write(r.data)
		case r.server() && r.frames == nil: // which is no reason for the recorded client to hang up
			if _, err = c.Write(r.data); err == nil {
				err = c.drain()
			}
		case r.server():
			for _, f := range r.frames {
				if err == nil {
					err = s.send(c, i, f)
				}
			}
		default:
			for _, f := range r.frames {
				if err == nil {
					err = s.expect(c, i, f)
				}
			}
		}
		if err != nil {
			return fmt.Errorf("record %d, %s: %w", i, r.What, err)
		}
	}
	return nil
}

// connect has the client connect, unless it does so by itself for a fork.
func (s *script) connect(i int) error {
	for _, r := range s.rec.Records[i:] {
		if r.Conn == s.rec.Records[i].Conn && !r.server() && len(r.frames) > 0 {
			if f := r.frames[0]; f.word == handshakeGuest {
				opt := kernel.ProcessOptions{Name: cstring(f.body), Console: true, Signal: s.signal}
				go func() {
					p, err := s.client.NewProcess(opt)
					s.started <- started{p, err}
				}()
			}
			break
		}
	}
	_ = s.l.SetDeadline(time.Now().Add(patience))
	nc, err := s.l.Accept()
	if err != nil {
		return err
	}
	_ = nc.SetDeadline(time.Now().Add(2 * patience))
	s.conns[s.rec.Records[i].Conn] = &scripted{Conn: nc, in: newFrameReader(nc), ids: map[uint64]uint64{}, calls: map[uint64]*asked{}}
	return nil
}

func (s *script) signal(sig netbsd.Signal) { s.raised <- sig }

// expect has the client send what it is recorded to, and compares.
func (s *script) expect(c *scripted, i int, f frame) error {
	if f.class == classRequest {
		s.provoke(c, i, f)
	}
	h, err := c.in.header()
	if err != nil {
		return err
	}
	body, err := c.in.body(int(h.length - headerSize))
	if err != nil {
		return err
	}
	if f.class == classRequest {
		c.ids[f.id] = h.id
	} else if h.id != f.id {
		return fmt.Errorf("id %d, not %d", h.id, f.id)
	}
	if d := f.differs(frame{header: h, body: body}); d != "" {
		return errors.New(d)
	}
	return nil
}

// provoke does what makes a client send a request.
func (s *script) provoke(c *scripted, i int, f frame) {
	switch {
	case f.typ == typeSyscall && c.again != nil:
		c.calls[f.id], c.again = c.again, nil
	case f.typ == typeSyscall:
		in, out := s.rec.memoryOf(i)
		for _, m := range in {
			s.mem.write(m.addr, m.data)
		}
		for _, m := range out {
			if strings.HasPrefix(s.rec.Name, "rec") && !s.mem.known(m.addr, len(m.data)) {
				s.mem.write(m.addr, make([]byte, len(m.data)))
			}
		}
		var args syscalls.Args
		for k := range len(f.body) / 8 {
			args[k] = word(f.body[8*k:])
		}
		th, err := c.p.NewThread(regions{s.mem, s.rec, s.t})
		call := &asked{done: make(chan struct{}), err: err}
		c.calls[f.id] = call
		go func() {
			defer close(call.done)
			if err == nil {
				call.r0, call.r1, call.err = th.Syscall(context.Background(), syscalls.Number(f.word), args)
			}
		}()
	case f.typ == typePrefork:
		go func() {
			p, err := c.p.Fork(kernel.ForkCopy, kernel.ProcessOptions{Name: "child"})
			s.started <- started{p, err}
		}()
	case f.typ == typeHandshake && f.word == handshakeExec:
		go func() { s.started <- started{c.p, c.p.Exec(cstring(f.body))} }()
	}
}

// send sends a frame of the server's, and if it answers something, looks at what
// became of that.
func (s *script) send(c *scripted, i int, f frame) error {
	h := f.header
	if id, ok := c.ids[f.id]; ok && f.class != classRequest {
		h.id = id
	}
	// A client that has hung up says why to those who wait.
	if _, err := c.Write(append(h.append(nil), f.body...)); err != nil && !errors.Is(err, syscall.EPIPE) {
		return err
	}
	switch {
	case f.class == classRequest && f.typ == typeRaise:
		return s.waitSignal(f.word)
	case f.class == classRequest:
		return nil
	case f.typ == typeHandshake && f.class == classResponse:
		select {
		case st := <-s.started:
			c.p = st.p
			return st.err
		case <-time.After(patience):
			return os.ErrDeadlineExceeded
		}
	}
	return s.ended(c, i, f)
}

func (s *script) waitSignal(want uint32) error {
	select {
	case sig := <-s.raised:
		if uint32(sig) != want {
			return fmt.Errorf("signal %d", sig)
		}
		return nil
	case <-time.After(patience):
		return errors.New("no signal")
	}
}

// drain reads frames to the end: what the client was asked for before may still
// be answered.
func (c *scripted) drain() error {
	for {
		h, err := c.in.header()
		if err == nil {
			err = c.in.skip(h.length - headerSize)
		}
		if err != nil {
			return err
		}
	}
}

// ended compares the result of a call, and the memory, with the answer f.
func (s *script) ended(c *scripted, i int, f frame) error {
	call := c.calls[f.id]
	if f.class == classError && Refusal(f.word) == TryAgain {
		c.again = call
		return nil
	}
	if call == nil {
		return nil
	}
	select {
	case <-call.done:
	case <-time.After(patience):
		return os.ErrDeadlineExceeded
	}
	if f.class == classError && errors.Is(call.err, Refusal(f.word)) {
		return nil
	}
	if f.class == classError || len(f.body) < resultSize {
		return call.err
	}
	want := int32(word(f.body))
	switch errno, _ := errors.AsType[netbsd.Errno](call.err); {
	case want == 0 && call.err != nil:
		return call.err
	case want > 0 && errno != netbsd.Errno(want):
		return fmt.Errorf("not %s: %w", netbsd.Errno(want).Name(), call.err)
	case want == 0 && (call.r0 != word(f.body[8:]) || call.r1 != word(f.body[16:])):
		return fmt.Errorf("returned %d and %d", call.r0, call.r1)
	}
	_, out := s.rec.memoryOf(s.rec.callOf(i, f))
	for _, m := range out {
		if got := s.mem.read(m.addr, len(m.data)); !bytes.Equal(got, m.data) {
			return fmt.Errorf("memory at %#x is\n%x, not\n%x", m.addr, got, m.data)
		}
	}
	return nil
}

// unlikeClient are the records at which this client does something else than the
// recorded one, and what: the text of the error.
var unlikeClient = map[string]struct {
	at   int
	text string
}{
	"cli_copyout_bad_address":  {6, "Bad address"},
	"cli_empty_handshake_resp": {3, "too short"},
	"cli_empty_syscall_resp":   {5, "too short"},
	"cli_error_frame_code_0":   {5, "a refusal without a reason"},
	"cli_handshake_status_13":  {3, "handshake: status 13"},
	"cli_resp_wrong_type":      {5, "answers a request of type 1"},
	"cli_short_len":            {5, "EOF"},
	"cli_unknown_class":        {6, "unknown class"},
	"cli_unknown_request_type": {6, "unknown type"},
	"rec_unanswerable_copyin":  {9, "closed"}, // the recorded client was killed
}

func TestRecordedServers(t *testing.T) {
	for _, rec := range append(recordings(t, "rec"), recordings(t, "cli")...) {
		t.Run(rec.Name, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(rec.Name, "cli_banner") {
				t.Skip("TestBanner has these")
			}
			s := newScript(t, rec)
			err := s.play()
			unlike, ok := unlikeClient[rec.Name]
			switch want := fmt.Sprintf("record %d, ", unlike.at); {
			case !ok && err != nil:
				t.Error(err)
			case ok && (err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), unlike.text)):
				t.Errorf("%v, not %s%s", err, want, unlike.text)
			}
		})
	}
}
