package shmif

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const vectors = "../../../testdata/shmif"

type described struct {
	FrameCount int `json:"frame_count"`
	Frames     []struct {
		Off, Len  int
		Sec, Usec int
		Sender    string
		SHA256    string
	}
}

func load(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join(vectors, name+".bus.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Files that NetBSD kernels wrote decode to the frames that are listed.
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectors, "*.bus.gz"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recorded files", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".bus.gz")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(vectors, name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var want described
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			i := 0
			for f, err := range Frames(load(t, name)) {
				if err != nil {
					t.Fatal(err)
				}
				if i >= len(want.Frames) {
					t.Fatalf("more than %d frames", len(want.Frames))
				}
				w := want.Frames[i]
				sender, err := strconv.ParseUint(strings.TrimPrefix(w.Sender, "0x"), 16, 64)
				if err != nil {
					t.Fatal(err)
				}
				sum := sha256.Sum256(f.Data)
				if f.Offset != w.Off || len(f.Data) != w.Len || f.Sender != sender || hex.EncodeToString(sum[:]) != w.SHA256 ||
					f.Uptime.Microseconds() != int64(w.Sec)*1e6+int64(w.Usec) {
					t.Fatalf("frame %d: got %+v, want %+v", i, f, w)
				}
				i++
			}
			if i != want.FrameCount {
				t.Errorf("%d frames, want %d", i, want.FrameCount)
			}
		})
	}
}

// A writer moves the header as the real one did, record for record.
func TestWriter(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(vectors, "writer-trace.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct{ Trace [][4]uint64 }
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	r, err := newRing(load(t, "trace-start"))
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Trace) == 0 {
		t.Fatal("no rows")
	}
	for i, row := range want.Trace {
		rec := make([]byte, recordSize+int(row[0]))
		(&record{len: uint32(row[0])}).encode(rec)
		if err := r.append(rec); err != nil {
			t.Fatalf("row %d: %v", i, err)
		}
		if got := [4]uint64{row[0], uint64(r.first()), uint64(r.last()), r.gen()}; got != row {
			t.Fatalf("row %d: length, first, last, gen %v, want %v", i, got, row)
		}
	}
}

func FuzzFrames(f *testing.F) {
	for _, name := range []string{"fresh", "few", "wrapped"} {
		b := load(f, name)
		f.Add(b[:4096], uint32(0))
	}
	f.Fuzz(func(t *testing.T, head []byte, at uint32) {
		image := make([]byte, FileSize)
		copy(image[at%FileSize:], head)
		copy(image, head[:min(len(head), headerSize)])
		n := 0
		for range Frames(image) {
			if n++; n > ringSize/recordSize+1 {
				t.Fatal("does not end")
			}
		}
		r, err := newRing(image)
		if err != nil {
			return
		}
		rec := make([]byte, recordSize+60)
		(&record{len: 60}).encode(rec)
		copy(rec[recordSize:], "sixty bytes")
		if r.append(rec) != nil {
			r.reset()
			if err := r.append(rec); err != nil {
				t.Fatalf("after a reset: %v", err)
			}
		}
		_, end, err := r.bounds()
		if err != nil {
			t.Fatal(err)
		}
		_, newest, after, ok, err := r.next(end-uint64(len(rec)), make([]byte, MaxFrame))
		if !ok || err != nil || after != end || !bytes.Equal(newest, rec[recordSize:]) {
			t.Errorf("the newest frame is %x (%v)", newest, err)
		}
	})
}
