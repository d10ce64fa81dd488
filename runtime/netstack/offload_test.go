package netstack_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack"
)

// An end is one of a link between two kernels that do each other's work: frames are
// passed on as they are.
type end struct {
	frames chan hypercall.Frame
	other  *end
	closed chan struct{}
	once   sync.Once
	spoil  func(*hypercall.Frame) // before it is sent
}

func newLink() (a, b *end) {
	a = &end{frames: make(chan hypercall.Frame, 1000), closed: make(chan struct{})}
	b = &end{frames: make(chan hypercall.Frame, 1000), closed: make(chan struct{}), other: a}
	a.other = b
	return a, b
}

func (e *end) Start(func([]byte)) {}

func (e *end) StartOffload(input func(frame []byte, o hypercall.Offload)) bool {
	go func() {
		for {
			select {
			case <-e.closed:
				return
			case f := <-e.frames:
				input(f.Parts[0], f.Offload)
			}
		}
	}()
	return true
}

func (e *end) Send(frames ...[]byte) error {
	for _, f := range frames {
		if err := e.SendOffload(hypercall.Frame{Parts: [][]byte{f}}); err != nil {
			return err
		}
	}
	return nil
}

func (e *end) SendOffload(frames ...hypercall.Frame) error {
	for _, f := range frames {
		f.Parts = [][]byte{bytes.Join(f.Parts, nil)}
		if e.spoil != nil {
			e.spoil(&f)
		}
		select {
		case e.other.frames <- f:
		default: // no room
		}
	}
	return nil
}

func (e *end) Close() error {
	e.once.Do(func() { close(e.closed) })
	return nil
}

func (e *end) node(t *testing.T) node {
	t.Helper()
	k, err := netstack.New(netstack.Config{Host: &hypercall.Host{
		Network: hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) { return e, nil }),
	}})
	must(t, err)
	t.Cleanup(func() { halt(t, k) })
	n := nodeOn(t, k)
	must(t, n.SetInt(t.Context(), "net.inet.ip.dad_count", 0))
	must(t, n.CreateInterface(t.Context(), "virt0"))
	return n
}

// Kernels whose devices take work have large frames between them, count what would
// have been on a wire, and lose what makes no sense.
func TestOffload(t *testing.T) {
	da, db := newLink()
	var mu sync.Mutex
	var largest, partial, nonsense int
	da.spoil = func(f *hypercall.Frame) {
		mu.Lock()
		defer mu.Unlock()
		largest = max(largest, len(f.Parts[0]))
		if f.Partial() {
			partial++
		}
		if f.SegmentSize != 0 && nonsense < 3 {
			switch nonsense++; nonsense {
			case 1:
				f.Parts[0][23] = 17 // not TCP
			case 2:
				f.Parts[0] = f.Parts[0][:1000] // not all of it
			case 3:
				f.Parts[0][46] = 0x20 // TCP's header is too short
			}
		}
	}
	a, b := da.node(t), db.node(t)
	must(t, a.AddAddress(t.Context(), "virt0", netip.MustParsePrefix("10.0.0.1/24")))
	must(t, b.AddAddress(t.Context(), "virt0", netip.MustParsePrefix("10.0.0.2/24")))
	ln, err := b.net.Listen("tcp", "10.0.0.2:80")
	must(t, err)
	const size = 8 << 20
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	go func() {
		c, err := a.net.Dial("tcp", "10.0.0.2:80")
		if err != nil {
			return
		}
		_, _ = c.Write(data)
		_ = c.Close()
	}()
	c, err := ln.Accept()
	must(t, err)
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	sum := sha256.New()
	if n, err := io.Copy(sum, c); err != nil || n != size || !bytes.Equal(sum.Sum(nil), sha256Of(data)) {
		t.Errorf("%d bytes arrived, %v, or other ones", n, err)
	}
	mu.Lock()
	if largest < 10000 || partial == 0 || nonsense < 3 {
		t.Errorf("the largest frame has %d bytes, %d have no checksum, %d make no sense", largest, partial, nonsense)
	}
	mu.Unlock()
	out, in := counts(t, a), counts(t, b)
	if want := uint64(size / 1460); out.TxPackets < want || in.RxPackets < want || in.RxErrors != 3 {
		t.Errorf("%d frames went out, %d came in, %d of them wrong; want %d and more", out.TxPackets, in.RxPackets, in.RxErrors, want)
	}
}

func sha256Of(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

// counts returns what virt0 has counted.
func counts(t *testing.T, n node) *routing.LinkStats {
	t.Helper()
	link, err := n.Interface(t.Context(), "virt0")
	must(t, err)
	return link.Stats
}
