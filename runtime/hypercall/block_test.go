package hypercall_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/faulty"
)

// A moved is what a request came to.
type moved struct {
	n   int
	err error
}

// do makes one request and waits for it.
func do(q *hypercall.BlockQueue, op hypercall.BlockOp, data []byte, off int64) moved {
	done := make(chan moved)
	q.Start(op, data, off, func(n int, err error) { done <- moved{n, err} })
	return <-done
}

// disk opens a new file on a host with faults.
func disk(t *testing.T, plan faulty.Plan) (hypercall.File, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "disk")
	f, err := faulty.New(nil, plan).Files.Open(path, hypercall.OpenReadWrite|hypercall.OpenCreate|hypercall.OpenBlockIO)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, path
}

// Requests move all of their data when every transfer comes up short.
func TestBlocksShort(t *testing.T) {
	f, path := disk(t, faulty.Sometimes(1, 0.9, faulty.Fault{Max: 1}, faulty.Fault{Max: 100}, faulty.Fault{Max: 513}))
	q := hypercall.NewBlockQueue(f)
	data := make([]byte, 64*hypercall.BlockSize)
	for i := range data {
		data[i] = byte(i / 7)
	}
	const off = 3 * hypercall.BlockSize
	if m := do(q, hypercall.BlockWrite|hypercall.BlockSync, data, off); m != (moved{len(data), nil}) {
		t.Errorf("wrote %+v", m)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got[off:], data) {
		t.Errorf("the file has %d bytes, and others: %v", len(got), err)
	}
	got := make([]byte, len(data)+hypercall.BlockSize)
	if m := do(q, hypercall.BlockRead, got, off); m != (moved{len(data), nil}) || !bytes.Equal(got[:len(data)], data) {
		t.Errorf("read %+v", m)
	}
	q.Close()
}

func TestBlocksFail(t *testing.T) {
	f, _ := disk(t, faulty.Any(
		faulty.Nth(3, faulty.Op{Name: "write"}, faulty.Fault{Err: netbsd.ENOSPC}),
		faulty.Nth(0, faulty.Op{Name: "write"}, faulty.Fault{Max: hypercall.BlockSize}),
		faulty.Nth(1, faulty.Op{Name: "sync"}, faulty.Fault{Err: netbsd.EIO}),
		faulty.Nth(2, faulty.Op{Name: "read"}, faulty.Fault{Err: netbsd.EIO})))
	q := hypercall.NewBlockQueue(f)
	data := make([]byte, 4*hypercall.BlockSize)
	for name, c := range map[string]struct {
		op   hypercall.BlockOp
		data []byte
		off  int64
	}{
		"no direction":    {hypercall.BlockSync, data, 0},
		"both directions": {hypercall.BlockRead | hypercall.BlockWrite, data, 0},
		"sync of a read":  {hypercall.BlockRead | hypercall.BlockSync, data, 0},
		"half a block":    {hypercall.BlockRead, data[:256], 0},
		"between blocks":  {hypercall.BlockRead, data, 1},
		"before them":     {hypercall.BlockRead, data, -hypercall.BlockSize},
	} {
		if m := do(q, c.op, c.data, c.off); m.n != 0 || !errors.Is(m.err, netbsd.EINVAL) {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if m := do(q, hypercall.BlockRead, data, 0); m != (moved{0, nil}) {
		t.Errorf("an empty file: %+v", m)
	}
	if m := do(q, hypercall.BlockWrite, data, 0); m.n != 2*hypercall.BlockSize || !errors.Is(m.err, netbsd.ENOSPC) {
		t.Errorf("no space: %+v", m)
	}
	if m := do(q, hypercall.BlockWrite|hypercall.BlockSync, data, 0); m.n != len(data) || !errors.Is(m.err, netbsd.EIO) {
		t.Errorf("not durable: %+v", m)
	}
	if m := do(q, hypercall.BlockRead, data, 0); m.n != 0 || !errors.Is(m.err, netbsd.EIO) {
		t.Errorf("unreadable: %+v", m)
	}
	q.Close()
	if m := do(q, hypercall.BlockRead, data, 0); !errors.Is(m.err, netbsd.EBADF) {
		t.Errorf("after the end: %+v", m)
	}
}

// Requests are done one after the other, also those that done makes, and Close
// waits for all.
func TestBlocksInOrder(t *testing.T) {
	f, path := disk(t, faulty.Any())
	q := hypercall.NewBlockQueue(f)
	var order []int
	for i := range 100 {
		q.Start(hypercall.BlockWrite, bytes.Repeat([]byte{byte(i)}, hypercall.BlockSize), 0, func(n int, err error) {
			if n != hypercall.BlockSize || err != nil {
				t.Errorf("request %d: %d, %v", i, n, err)
			}
			order = append(order, i)
		})
	}
	chained := make(chan moved)
	q.Start(hypercall.BlockWrite, nil, 0, func(int, error) {
		q.Start(hypercall.BlockRead, make([]byte, hypercall.BlockSize), 0, func(n int, err error) {
			go func() { chained <- moved{n, err} }()
		})
	})
	if m := <-chained; m != (moved{hypercall.BlockSize, nil}) {
		t.Errorf("%+v", m)
	}
	q.Close()
	for i, o := range order {
		if i != o {
			t.Fatalf("the order is %v", order)
		}
	}
	if got, err := os.ReadFile(path); err != nil || len(order) != 100 || !bytes.Equal(got, bytes.Repeat([]byte{99}, hypercall.BlockSize)) {
		t.Errorf("%d requests, %d bytes, %v", len(order), len(got), err)
	}
}
