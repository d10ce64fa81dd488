package ffs_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

// A file with holes, which NetBSD's kernel has written, reaches blocks by each
// number of indirect ones, and takes no time for what is not there.
func TestSparse(t *testing.T) {
	const size int64 = 5<<30 + 3
	marks := []int64{0, 12*4096 + 5, 3 << 20, 1100 << 20, size - 10}
	for _, name := range []string{"sparse1be", "sparse2le"} {
		t.Run(name, func(t *testing.T) {
			n, err := openBytes(t, image(t, name)).Lookup("sparse", false)
			if err != nil {
				t.Fatal(err)
			}
			if n.Size() != size {
				t.Fatalf("size %d, want %d", n.Size(), size)
			}
			off := int64(0)
			for _, at := range marks {
				b := make([]byte, 10)
				if m, err := n.ReadAt(b, at); m != len(b) || string(b) != fmt.Sprintf("%010d", at) {
					t.Errorf("at %d: %q, %v", at, b, err)
				}
				// Half of what is read is in a hole, or in the block in front of it.
				if at > 0 {
					if m, err := n.ReadAt(b, at-5); m != len(b) || string(b) != "\x00\x00\x00\x00\x00"+fmt.Sprintf("%010d", at)[:5] {
						t.Errorf("at %d: %q, %v", at-5, b, err)
					}
				}
				start, end, err := n.NextData(off)
				if want := at &^ 4095; err != nil || start != want || end != min((at+10+4095)&^4095, size) {
					t.Errorf("data behind %d: %d to %d, %v, want %d", off, start, end, err, want)
				}
				off = end
			}
			if start, end, err := n.NextData(off); !errors.Is(err, io.EOF) {
				t.Errorf("data at the end: %d to %d, %v", start, end, err)
			}
			if m, err := n.ReadAt(make([]byte, 20), size-10); m != 10 || !errors.Is(err, io.EOF) {
				t.Errorf("%d, %v", m, err)
			}
			for _, b := range readAll(t, n, 1<<30, 1<<20) {
				if b != 0 {
					t.Fatal("a hole is not zero")
				}
			}
		})
	}
}

func readAll(t *testing.T, r io.ReaderAt, off, size int64) []byte {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(r, off, size))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
