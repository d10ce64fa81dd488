package sysproxy

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A recording is what a client and a server said to each other, one of them at
// least a program of NetBSD's. The format is in testdata/sysproxy/README.md.
type recording struct {
	Name    string   `json:"name"`
	Order   string   `json:"record_order"`
	Memory  []region `json:"client_memory"`
	Records []record `json:"records"`
}

// A region is a piece of the client's memory.
type region struct {
	Region string `json:"region"`
	Addr   string `json:"addr"`
	Size   int    `json:"size"`
}

// A record is one or more frames, or an event.
type record struct {
	Conn   int    `json:"conn"`
	Dir    string `json:"dir"`
	Hex    string `json:"hex"`
	Event  string `json:"event"`
	What   string `json:"what"`
	Vary   []span `json:"vary"`
	Repeat int    `json:"repeat"`

	data   []byte
	frames []frame // of a record of whole frames
}

// A span is bytes that differ from run to run.
type span struct {
	Off int    `json:"off"`
	Len int    `json:"len"`
	Why string `json:"why"`
}

// A frame is one, with the bits that do not differ from run to run.
type frame struct {
	header
	body []byte
	mask []byte // of body
}

func (r *record) server() bool { return r.Dir == "s2c" }

func (r *record) banner() bool { return r.server() && bytes.HasPrefix(r.data, []byte("RUMPSP-")) }

// recordings reads those whose name begins so.
func recordings(t testing.TB, prefix string) []*recording {
	t.Helper()
	if machine != "amd64" {
		t.Skip("the recordings are of amd64")
	}
	files, err := filepath.Glob("../../testdata/sysproxy/" + prefix + "_*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	var all []*recording
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		rec := new(recording)
		if err := json.Unmarshal(text, rec); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		for i := range rec.Records {
			if err := rec.Records[i].parse(); err != nil {
				t.Fatalf("%s: record %d: %v", f, i, err)
			}
		}
		all = append(all, rec)
	}
	return all
}

func (r *record) parse() (err error) {
	if r.data, err = hex.DecodeString(r.Hex); err != nil || r.banner() {
		return err
	}
	mask := bytes.Repeat([]byte{0xff}, len(r.data))
	for _, v := range r.Vary {
		clear(mask[v.Off:][:v.Len])
	}
	for at := 0; at+headerSize <= len(r.data); {
		h := parseHeader(r.data[at:])
		if h.length < headerSize || h.length > uint64(len(r.data)-at) {
			return nil // as the recording wants it
		}
		end := at + int(h.length)
		r.frames = append(r.frames, frame{h, r.data[at+headerSize : end], mask[at+headerSize : end]})
		at = end
	}
	return nil
}

// differs tells what is wrong with got, which should be f: the id may be
// another. Results of calls that fail mean nothing.
func (f *frame) differs(got frame) string {
	if got.class != f.class || got.typ != f.typ || got.word != f.word || len(got.body) != len(f.body) {
		return fmt.Sprintf("class %d, type %d, word %d and %d bytes, not %d, %d, %d and %d",
			got.class, got.typ, got.word, len(got.body), f.class, f.typ, f.word, len(f.body))
	}
	n := len(f.body)
	if f.class == classResponse && f.typ == typeSyscall && !bytes.Equal(f.body[:4], make([]byte, 4)) {
		n = 4
	}
	for i := range n {
		if (got.body[i]^f.body[i])&f.mask[i] != 0 {
			return fmt.Sprintf("body is\n%x, not\n%x", got.body, f.body)
		}
	}
	return ""
}

// A space is the memory of a client, by address.
type space struct {
	mu    sync.Mutex
	bytes map[uint64]byte
}

func newSpace() *space { return &space{bytes: map[uint64]byte{}} }

func (s *space) write(a uint64, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range b {
		s.bytes[a+uint64(i)] = c
	}
}

func (s *space) read(a uint64, n int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := make([]byte, n)
	for i := range b {
		b[i] = s.bytes[a+uint64(i)]
	}
	return b
}

// known tells whether all of the memory has been written.
func (s *space) known(a uint64, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range n {
		if _, ok := s.bytes[a+uint64(i)]; !ok {
			return false
		}
	}
	return true
}

// A traffic is what the kernel reads or writes for a call.
type traffic struct {
	addr       uint64
	data, mask []byte
}

// memoryOf returns what is read and written between record i, a system call, and
// its answer.
func (rec *recording) memoryOf(i int) (in, out []traffic) {
	call := &rec.Records[i]
	id := call.frames[0].id
	addr := map[uint64]uint64{} // of copyins that have no answer yet
	for j := i + 1; j < len(rec.Records); j++ {
		r := &rec.Records[j]
		if r.Conn != call.Conn {
			continue
		}
		for _, f := range r.frames {
			switch {
			case r.server() && f.class == classResponse && f.id == id:
				return in, out
			case r.server() && f.class == classRequest && (f.typ == typeCopyin || f.typ == typeCopyinstr):
				addr[f.id] = uint64(word(f.body[8:]))
			case r.server() && f.class == classRequest && f.typ >= typeCopyout && f.typ <= typeCopyoutstr:
				end := 16 + int(word(f.body))
				out = append(out, traffic{uint64(word(f.body[8:])), f.body[16:end], f.mask[16:end]})
			case !r.server() && f.class == classResponse:
				if a, ok := addr[f.id]; ok {
					in = append(in, traffic{a, f.body, f.mask})
				}
			}
		}
	}
	return in, out
}

// address is that of a region.
func (r *region) address(t *testing.T) uint64 {
	a, err := strconv.ParseUint(strings.TrimPrefix(r.Addr, "0x"), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// callOf returns which record the system call is in whose answer is f, in record
// i: -1 when f is none.
func (rec *recording) callOf(i int, f frame) int {
	if f.class != classResponse || f.typ != typeSyscall {
		return -1
	}
	for j := i - 1; j >= 0; j-- {
		r := &rec.Records[j]
		if r.server() || r.Conn != rec.Records[i].Conn {
			continue
		}
		for _, g := range r.frames {
			if g.class == classRequest && g.typ == typeSyscall && g.id == f.id {
				return j
			}
		}
	}
	return -1
}

// numberOf returns the number of that call, or -1.
func (rec *recording) numberOf(i int, f frame) int {
	j := rec.callOf(i, f)
	if j < 0 {
		return -1
	}
	for _, g := range rec.Records[j].frames {
		if g.id == f.id {
			return int(g.word)
		}
	}
	return -1
}
