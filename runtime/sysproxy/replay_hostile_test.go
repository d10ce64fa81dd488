package sysproxy

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/internal/transcript"
	"github.com/abigen/abigen/runtime/kernel"
)

// What is sent in a hostile recording goes out as it is, and what comes back is
// compared frame by frame, up to a record where this server has to do something
// else than NetBSD's.
func (p *player) playVerbatim(differently map[int]string) error {
	for i := range p.rec.Records {
		r := &p.rec.Records[i]
		c := p.conns[r.Conn]
		var err error
		switch {
		case differently[i] != "":
			return p.alive()
		case strings.Contains(r.What, "reboot"):
			return p.reboot(c, i)
		case r.Event == "connect":
			p.conns[r.Conn] = p.dial()
		case r.Event == "close" && r.server():
			if f, e := c.frame(patience); e == nil {
				err = fmt.Errorf("not closed, but a frame of class %d, type %d, word %d", f.class, f.typ, f.word)
			} else if !closed(e) {
				err = e
			}
		case r.Event == "close":
			c.Close()
		case r.Event == "half-close":
			err = c.Conn.(*net.UnixConn).CloseWrite()
		case r.Event == "silence":
			if f, e := c.frame(20 * time.Millisecond); e == nil {
				err = fmt.Errorf("not silence, but a frame of class %d, type %d, word %d", f.class, f.typ, f.word)
			} else if closed(e) {
				err = e
			}
		case r.Event != "":
		case r.banner():
			_, err = readBanner(c.in.r)
		case r.server():
			err = p.expect(c, i)
		default:
			err = p.sendVerbatim(c, r)
		}
		if err != nil {
			return fmt.Errorf("record %d, %s: %w", i, r.What, err)
		}
	}
	return p.alive()
}

func (p *player) sendVerbatim(c *peer, r *record) error {
	transcript.Calm(time.Second)
	data := bytes.Clone(r.data)
	if len(r.frames) > 0 && r.frames[0].typ == typeHandshake && r.frames[0].word == handshakeFork {
		if cookie := p.cookie[string(r.frames[0].body[:min(cookieSize, len(r.frames[0].body))])]; cookie != nil {
			copy(data[headerSize:], cookie)
		}
	}
	for n := range max(r.Repeat, 1) {
		if n > 0 {
			data[8]++ // the id
			if data[8] == 0 {
				data[9]++
			}
		}
		if _, err := c.Write(data); err != nil {
			return err
		}
	}
	return nil
}

// expect reads the frame of record i. Answers to calls under way at the same
// time come in any order.
func (p *player) expect(c *peer, i int) error {
	want := p.rec.Records[i].frames[0]
	why := ""
	for k := 0; ; k++ {
		for k >= len(c.got) {
			f, err := c.frame(patience)
			if err != nil {
				return fmt.Errorf("%w %s", err, why)
			}
			c.got = append(c.got, f)
		}
		f := c.got[k]
		if f.class != want.class || f.id != want.id && f.typ != typeRaise {
			continue
		}
		if d := want.differs(f); d != "" {
			why += d
			continue
		}
		c.got = append(c.got[:k:k], c.got[k+1:]...)
		if want.typ == typePrefork {
			p.cookie[string(want.body)] = f.body
		}
		return nil
	}
}

// reboot asks for it, and waits until the server is gone.
func (p *player) reboot(c *peer, i int) error {
	if err := p.sendVerbatim(c, &p.rec.Records[i]); err != nil {
		return err
	}
	if err := p.expect(c, i+1); err != nil {
		return err
	}
	if _, err := c.frame(patience); !closed(err) {
		return err
	}
	return nil
}

// alive tells whether the server still serves others.
func (p *player) alive() error {
	c, err := Dial(p.t.Context(), p.url.String())
	if err != nil {
		return err
	}
	defer c.Close()
	proc, err := c.NewProcess(kernel.ProcessOptions{})
	if err != nil {
		return err
	}
	if proc.PID() == 0 {
		return errors.New("the server does not answer any more")
	}
	return nil
}

// better are the records from which on this server does better than NetBSD's,
// and how. What it does there is tested elsewhere.
var better = map[string]map[int]string{
	"srv_close_wakes_blocked_accept":  {15: "EBADF instead of ERESTART"},
	"srv_close_wakes_blocked_receive": {9: "EBADF instead of ERESTART"},
	"srv_copyin_reply_as_error_frame": {9: "the call fails with EFAULT"},
	"srv_copyin_reply_empty":          {9: "the call may still be answered"},
	"srv_copyin_reply_short":          {9: "the connection is closed"},
	"srv_copyin_reply_too_long":       {9: "the connection is closed"},
	"srv_copyin_reply_wrong_type":     {9: "the connection is closed"},
	"srv_duplicate_reqno":             {5: "it agrees, but for the process id"},
	"srv_exec_empty_body":             {5: "an empty name will do"},
	"srv_guest_empty_body":            {3: "an empty name will do"},
	"srv_len_1tib":                    {3: "an answer before the connection is closed"},
	"srv_len_64mib":                   {3: "refused"},
	"srv_len_max":                     {3: "an answer before the connection is closed"},
	"srv_leak_on_disconnect":          {3: "refused"},
	"srv_raise_without_syscall":       {5: "the embedded kernel has no setitimer(2)"},
	"srv_syscall_negative":            {5: "ENOSYS"},
	"srv_syscall_no_args":             {5: "EINVAL"},
	"srv_syscall_short_args":          {5: "EINVAL"},
	"srv_worker_limit":                {8: "no limit shared by all clients"},
}

func TestRecordedHostileClients(t *testing.T) {
	for _, rec := range recordings(t, "srv") {
		t.Run(rec.Name, func(t *testing.T) {
			t.Parallel()
			s := &Server{Kernel: boot(t, nil)}
			s.Reboot = func(int32) { s.Close() }
			u, err := ParseURL(serve(t, s))
			if err != nil {
				t.Fatal(err)
			}
			p := &player{t: t, url: u, rec: rec, conns: map[int]*peer{}, mem: newSpace(), cookie: map[string][]byte{}}
			t.Cleanup(func() {
				for _, c := range p.conns {
					c.Close()
				}
			})
			if err := p.playVerbatim(better[rec.Name]); err != nil {
				t.Error(err)
			}
		})
	}
}
