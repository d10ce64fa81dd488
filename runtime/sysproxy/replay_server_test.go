package sysproxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/internal/transcript"
	"github.com/abigen/abigen/netbsd"
)

// A player plays the clients of a recording to a server.
type player struct {
	t      *testing.T
	url    URL
	rec    *recording
	conns  map[int]*peer
	mem    *space
	cookie map[string][]byte // that the server gave, by the one in the recording
}

// A peer is one connection.
type peer struct {
	*player
	net.Conn
	in     *frameReader
	frames chan frame // all but upcalls; closed at the end, for the reason err
	raised chan uint32
	err    error
	got    []frame // that have not been asked for
}

func (p *player) dial() *peer {
	c, err := net.Dial(p.url.Network, p.url.Address)
	if err != nil {
		p.t.Fatal(err)
	}
	return &peer{player: p, Conn: c, in: newFrameReader(c), frames: make(chan frame, 100), raised: make(chan uint32, 100)}
}

const patience = 2 * time.Minute

// frame reads one.
func (c *peer) frame(wait time.Duration) (frame, error) {
	_ = c.SetReadDeadline(time.Now().Add(wait))
	h, err := c.in.header()
	if err != nil {
		return frame{}, err
	}
	body, err := c.in.body(int(h.length - headerSize))
	return frame{header: h, body: bytes.Clone(body)}, err
}

// serve serves what the server asks for until the connection ends.
func (c *peer) serve() {
	defer close(c.frames)
	for c.err == nil {
		var f frame
		if f, c.err = c.frame(patience); c.err != nil {
			return
		}
		if f.class == classRequest {
			c.err = c.upcall(f)
		} else {
			c.frames <- f
		}
	}
}

func (c *peer) upcall(f frame) error {
	h := header{id: f.id, class: classResponse, typ: typeCopyin}
	var body []byte
	switch f.typ {
	case typeRaise:
		c.raised <- f.word
		return nil
	case typeCopyin:
		body = c.mem.read(uint64(word(f.body[8:])), int(word(f.body)))
	case typeCopyinstr:
		body = c.mem.read(uint64(word(f.body[8:])), int(word(f.body)))
		if end := bytes.IndexByte(body, 0); end >= 0 {
			body = body[:end+1]
		}
	case typeCopyout:
		c.mem.write(uint64(word(f.body[8:])), f.body[16:])
		return nil
	default:
		return fmt.Errorf("upcall of type %d", f.typ)
	}
	h.length = headerSize + uint64(len(body))
	_, err := c.Write(append(h.append(nil), body...))
	return err
}

// answer returns the frame with the class and id.
func (c *peer) answer(id uint64, class uint16) (frame, error) {
	for {
		for i, f := range c.got {
			if f.id == id && f.class == class {
				c.got = append(c.got[:i:i], c.got[i+1:]...)
				return f, nil
			}
		}
		f, ok := <-c.frames
		if !ok {
			return frame{}, c.err
		}
		c.got = append(c.got, f)
	}
}

func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "reset by peer")
}

// play goes through the records. Memory is served as it is asked for, in
// whatever pieces.
func (p *player) play() error {
	for i := range p.rec.Records {
		r := &p.rec.Records[i]
		c := p.conns[r.Conn]
		switch {
		case r.Event == "connect":
			p.conns[r.Conn] = p.dial()
		case r.Event == "close" && r.server():
			for range c.frames {
			}
			if !closed(c.err) {
				return fmt.Errorf("record %d: %w", i, c.err)
			}
		case r.Event == "close":
			c.Close()
		case r.banner():
			line, err := readBanner(c.in.r)
			if err != nil {
				return err
			}
			if line+"\n" != string(r.data) {
				return fmt.Errorf("banner %q, not %q", line, r.data)
			}
			go c.serve()
		case r.Event != "":
		default:
			for _, f := range r.frames {
				if err := p.step(c, i, f); err != nil && unlike[p.rec.Name][i] == "" {
					return fmt.Errorf("record %d, %s: %w", i, r.What, err)
				}
			}
		}
	}
	return nil
}

func (p *player) step(c *peer, i int, f frame) error {
	r := &p.rec.Records[i]
	switch {
	case !r.server() && f.class == classRequest:
		return p.request(c, i, f)
	case r.server() && f.class == classRequest && f.typ == typeRaise:
		select {
		case sig := <-c.raised:
			if sig != f.word {
				return fmt.Errorf("signal %d", sig)
			}
		case <-time.After(patience):
			return errors.New("no signal")
		}
	case r.server() && f.class != classRequest:
		got, err := c.answer(f.id, f.class)
		if err != nil {
			return err
		}
		if f.typ == typePrefork {
			p.cookie[string(f.body)] = got.body
		}
		if p.rec.numberOf(i, f) == netbsd.SYS_pipe2 {
			clear(f.mask[2*wordSize:]) // the second register, which nobody looks at
		}
		if d := f.differs(got); d != "" {
			return errors.New(d)
		}
		return p.compareMemory(i, f)
	}
	return nil
}

// request sends one. Before a call, the memory is what the kernel read in the
// recording, and a connection made by the call before has arrived.
func (p *player) request(c *peer, i int, f frame) error {
	transcript.Calm(time.Second)
	if f.typ == typeSyscall {
		in, _ := p.rec.memoryOf(i)
		for _, m := range in {
			p.mem.write(m.addr, m.data)
		}
	}
	body := f.body
	if f.typ == typeHandshake && f.word == handshakeFork {
		body = append(append([]byte{}, p.cookie[string(body[:cookieSize])]...), body[cookieSize:]...)
	}
	_, err := c.Write(append(f.header.append(nil), body...))
	return err
}

// compareMemory compares what a call that has ended with record i has left.
func (p *player) compareMemory(i int, f frame) error {
	call := p.rec.callOf(i, f)
	if call < 0 {
		return nil
	}
	_, out := p.rec.memoryOf(call)
	for _, m := range out {
		got := p.mem.read(m.addr, len(m.data))
		for k := range got {
			if (got[k]^m.data[k])&m.mask[k] != 0 {
				return fmt.Errorf("memory at %#x is\n%x, not\n%x", m.addr, got, m.data)
			}
		}
	}
	return nil
}

// unlike are records that do not agree, and why.
var unlike = map[string]map[int]string{
	"rec_fd_misc":             {37: "stat(2) of a kernel without a file system is not there"},
	"rec_marshalling":         {12: "pread(2) of a kernel without a file system is not there", 14: "lseek(2) of one"},
	"rec_unanswerable_copyin": {9: "the recorded client was killed here, and its answer could still be read"},
}

// unplayed are whole recordings.
var unplayed = map[string]string{
	"rec_anonmmap":      "needs mknod(2) and the driver of drvctl(4)",
	"rec_path_syscalls": "needs files that programs can open",
}

func TestRecordedClients(t *testing.T) {
	for _, rec := range recordings(t, "rec") {
		t.Run(rec.Name, func(t *testing.T) {
			t.Parallel()
			if why := unplayed[rec.Name]; why != "" {
				t.Skip(why)
			}
			u, err := ParseURL(serve(t, &Server{Kernel: boot(t, nil)}))
			if err != nil {
				t.Fatal(err)
			}
			p := &player{t: t, url: u, rec: rec, conns: map[int]*peer{}, mem: newSpace(), cookie: map[string][]byte{}}
			t.Cleanup(func() {
				for _, c := range p.conns {
					c.Close()
				}
			})
			if err := p.play(); err != nil {
				t.Error(err)
			}
		})
	}
}
