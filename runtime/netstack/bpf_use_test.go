package netstack_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// newLone boots a kernel that is alone on a wire.
func newLone(t *testing.T) kernel.Kernel {
	t.Helper()
	w := wire.New()
	network := hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) { return w.Attach(), nil })
	k, err := netstack.New(netstack.Config{Host: &hypercall.Host{Network: network}})
	must(t, err)
	t.Cleanup(func() { halt(t, k) })
	connectLone(t, k, "bus")
	return k
}

// expect fails the test unless the last thing noted begins with text.
func (s *sniffer) expect(text string) {
	s.Helper()
	if last := s.notes[len(s.notes)-1]; !strings.HasPrefix(last, text) {
		s.Errorf("%q, not %q", last, text)
	}
}

// only lets nothing through but an Ethernet type.
func (s *sniffer) only(typ uint32) {
	s.program(
		netbsd.BPFInsn{Code: netbsd.BPF_LD | netbsd.BPF_H | netbsd.BPF_ABS, K: 12},
		netbsd.BPFInsn{Code: netbsd.BPF_JMP | netbsd.BPF_JEQ, Jf: 1, K: typ},
		netbsd.BPFInsn{Code: netbsd.BPF_RET | netbsd.BPF_K, K: 4096},
		netbsd.BPFInsn{Code: netbsd.BPF_RET | netbsd.BPF_K},
	)
	s.expect("BIOCSETF")
}

// The lengths of the headers of records, on Ethernet and on lo: net/bpf.h's, which
// makes what follows the link header aligned.
const (
	etherRecord  = 18 + (netbsd.BPF_ALIGNMENT-4)*4
	familyRecord = 20 + (netbsd.BPF_ALIGNMENT-4)*4
)

// frame is one that nobody takes.
var frame = []byte("\xb2\xa0\x00\x00\x00\x01SOURCE\x88\xb5payload")

// TestBPFDirection: what this release adds to the one before.
func TestBPFDirection(t *testing.T) {
	s := newSniffer(t, newLone(t))
	s.setInterface("shmif0")
	s.only(0x88b5)
	u32 := make([]byte, 4)
	s.nonblocking(1)
	const size = 32768
	seen := etherRecord + len(frame)
	for direction, want := range map[uint32]int{netbsd.BPF_D_IN: -1, netbsd.BPF_D_INOUT: seen, netbsd.BPF_D_OUT: seen} {
		s.number("BIOCSDIRECTION", netbsd.BIOCSDIRECTION, direction)
		s.write(frame)
		s.expect("write 21 bytes: ok")
		s.read(size)
		s.expect(fmt.Sprint("read 32768 gives ", want))
	}
	s.number("BIOCSDIRECTION", netbsd.BIOCSDIRECTION, 3)
	s.expect("BIOCSDIRECTION 3: Invalid argument")

	none := netbsd.BPFInsn{Code: netbsd.BPF_RET | netbsd.BPF_K}
	p := netbsd.BPFProgram{Len: 1, Insns: s.put(abi.AsBytes(&none))}
	s.ioctl("BIOCSETWF", netbsd.BIOCSETWF, abi.AsBytes(&p))
	s.expect("BIOCSETWF: ok")
	s.write(frame)
	s.expect("write 21 bytes: Operation not permitted")

	s.ioctl("BIOCLOCK", netbsd.BIOCLOCK, nil)
	s.setInterface("lo0")
	s.expect("BIOCSETIF lo0: Operation not permitted")
	s.ioctl("BIOCGBLEN", netbsd.BIOCGBLEN, u32)
	s.expect("BIOCGBLEN 00800000: ok")

	p.Insns = 8
	other := newSniffer(t, newLone(t))
	other.ioctl("BIOCSETF", netbsd.BIOCSETF, abi.AsBytes(&p))
	other.expect("BIOCSETF: Invalid argument")
}

// TestBPFFeedback writes a datagram that the kernel itself gets.
func TestBPFFeedback(t *testing.T) {
	k := newLone(t)
	c, err := netcfg.Open(k)
	must(t, err)
	defer func() { _ = c.Close() }()
	link, err := c.Interface(t.Context(), "shmif0")
	must(t, err)
	b := make([]byte, 14+20+8+4)
	copy(b, link.Addr)
	b[12] = 8
	src, dst := tcpip.AddrFrom4([4]byte{10, 0, 0, 2}), tcpip.AddrFrom4([4]byte{10, 0, 0, 1})
	ip := header.IPv4(b[14:])
	ip.Encode(&header.IPv4Fields{TotalLength: uint16(len(ip)), TTL: 1, Protocol: netbsd.IPPROTO_UDP, SrcAddr: src, DstAddr: dst})
	ip.SetChecksum(^ip.CalculateChecksum())
	header.UDP(ip[20:]).Encode(&header.UDPFields{SrcPort: 1, DstPort: 7001, Length: 12})
	copy(ip[28:], "back")

	s := newSniffer(t, k)
	fd := s.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
	s.bind(fd, "10.0.0.1:7001")
	s.setInterface("shmif0")
	s.number("BIOCSFEEDBACK", netbsd.BIOCSFEEDBACK, 1)
	s.write(b)
	s.expect("write 46 bytes: ok")
	if got, err := s.wait(fd); string(got) != "back" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// TestBPFWaits: what ends a read that waits.
func TestBPFWaits(t *testing.T) {
	k := newLone(t)
	s := newSniffer(t, k)
	s.setInterface("lo0")
	s.number("BIOCIMMEDIATE", netbsd.BIOCIMMEDIATE, 1)
	const size = 32768
	a := s.put(make([]byte, size))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := syscalls.Read(ctx, s, s.fd, a, size); !errors.Is(err, netbsd.EINTR) {
		t.Errorf("with a context that is done: %v", err)
	}
	p, err := k.NewProcess(kernel.ProcessOptions{})
	must(t, err)
	defer p.Exit()
	mem := abi.Bytes{Base: 4096, Data: make([]byte, 4*size)}
	copy(mem.Data, "/dev/bpf")
	th, err := p.NewThread(&mem)
	must(t, err)
	fd, err := syscalls.Open(t.Context(), th, 4096, netbsd.O_RDONLY, 0)
	must(t, err)
	r := netbsd.Ifreq{Name: [16]byte{'l', 'o', '0'}}
	copy(mem.Data, abi.AsBytes(&r))
	_, err = syscalls.Ioctl(t.Context(), th, fd, netbsd.BIOCSETIF, 4096)
	must(t, err)
	var readers sync.WaitGroup
	for i := range 3 {
		other, err := p.NewThread(&mem)
		must(t, err)
		readers.Go(func() {
			if _, err := syscalls.Read(t.Context(), other, fd, abi.Addr(4096+i*size), size); !errors.Is(err, netbsd.EBADF) {
				t.Errorf("of a descriptor that is closed: %v", err)
			}
		})
	}
	time.Sleep(10 * time.Millisecond) // to let them wait; it has to work without, too
	must(t, syscalls.Close(t.Context(), th, fd))
	readers.Wait()
}

// TestBPFEvents: a kqueue tells how much can be read.
func TestBPFEvents(t *testing.T) {
	s := newSniffer(t, newLone(t))
	s.number("BIOCSBLEN", netbsd.BIOCSBLEN, 4096)
	s.setInterface("lo0")
	s.number("BIOCIMMEDIATE", netbsd.BIOCIMMEDIATE, 1)
	kq, err := syscalls.Kqueue(t.Context(), s)
	must(t, err)
	ev := netbsd.Kevent{Filter: netbsd.EVFILT_READ, Flags: netbsd.EV_ADD}
	setLong(&ev.Ident, int(s.fd))
	change, result := s.put(abi.AsBytes(&ev)), s.put(abi.AsBytes(&ev))
	n, err := syscalls.Kevent(t.Context(), s, kq, change, 1, 0, 0, 0)
	if n != 0 || err != nil {
		t.Fatal(n, err)
	}
	s.ping("there is something to read")
	n, err = syscalls.Kevent(t.Context(), s, kq, 0, 0, result, 1, 0)
	copy(abi.AsBytes(&ev), s.at(result, netbsd.SizeofKevent))
	if n != 1 || err != nil || ev.Data != familyRecord+4+28+26 {
		t.Errorf("%d events, %v, data %d", n, err, ev.Data)
	}
	s.read(4096)
	s.expect(fmt.Sprint("read 4096 gives ", ev.Data))
}

// TestBPFUnderChange chooses interfaces that come and go, while packets are sent.
func TestBPFUnderChange(t *testing.T) {
	k := newLone(t)
	rounds := 300
	if testing.Short() {
		rounds = 50
	}
	var work sync.WaitGroup
	work.Go(func() {
		c, err := netcfg.Open(k)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		for range rounds {
			if err := errors.Join(c.CreateInterface(t.Context(), "shmif1"), c.SetLinkString(t.Context(), "shmif1", "bus"),
				c.SetUp(t.Context(), "shmif1", true), c.DestroyInterface(t.Context(), "shmif1")); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 2 {
		s := newSniffer(t, k)
		name := s.put(abi.AsBytes(&netbsd.Ifreq{Name: [16]byte{'s', 'h', 'm', 'i', 'f', '1'}}))
		data := s.put(frame)
		buf := s.put(make([]byte, 32768))
		s.nonblocking(1)
		work.Go(func() {
			ctx := t.Context()
			for range rounds {
				// Each may fail, when the interface is just not there.
				_, _ = syscalls.Ioctl(ctx, s, s.fd, netbsd.BIOCSETIF, name)
				_, _ = syscalls.Ioctl(ctx, s, s.fd, netbsd.BIOCPROMISC, 0)
				_, _ = syscalls.Write(ctx, s, s.fd, data, uint(len(frame)))
				_, _ = syscalls.Read(ctx, s, s.fd, buf, 32768)
			}
		})
	}
	work.Wait()
}

// TestBPFVariables: net.bpf has an effect, and counts for all descriptors.
func TestBPFVariables(t *testing.T) {
	k := newLone(t)
	c, err := netcfg.Open(k)
	must(t, err)
	defer func() { _ = c.Close() }()
	const name = "net.bpf.maxbufsize"
	if v, err := c.Int(t.Context(), name); v != netbsd.BPF_DFLTBUFSIZE || err != nil {
		t.Errorf("%s is %d, %v", name, v, err)
	}
	for _, v := range []int32{netbsd.BPF_MINBUFSIZE - 1, netbsd.BPF_MAXBUFSIZE + 1, -1} {
		if err := c.SetInt(t.Context(), name, v); !errors.Is(err, netbsd.EINVAL) {
			t.Errorf("set to %d: %v", v, err)
		}
	}
	must(t, c.SetInt(t.Context(), name, 4096))
	for range 2 {
		s := newSniffer(t, k)
		s.number("BIOCSBLEN", netbsd.BIOCSBLEN, 1<<20)
		s.expect("BIOCSBLEN 1048576 00100000: ok")
		s.setInterface("lo0")
		s.ping("counted")
		s.close(s.socketFD)
	}
	var stat netbsd.BPFStat
	b, err := c.Bytes(t.Context(), "net.bpf.stats")
	must(t, err)
	copy(abi.AsBytes(&stat), b)
	if len(b) != netbsd.SizeofBPFStat || stat.Recv != 3 || stat.Capt != 3 || stat.Drop != 0 { // the first sniffer sees both
		t.Errorf("%d bytes of statistics: %+v", len(b), stat)
	}
}

// TestBPFPeers: net.bpf.peers lists the descriptors, the newest first.
func TestBPFPeers(t *testing.T) {
	k := newLone(t)
	c, err := netcfg.Open(k)
	must(t, err)
	defer func() { _ = c.Close() }()
	mib, err := c.Number(t.Context(), "net.bpf.peers")
	must(t, err)
	peers := func(size, most int32) []byte {
		t.Helper()
		b, err := c.Value(t.Context(), append(mib[:len(mib):len(mib)], size, most)...)
		must(t, err)
		return b
	}
	if b := peers(netbsd.SizeofBPFDExt, math.MaxInt32); len(b) != 0 {
		t.Errorf("without any there are %d bytes", len(b))
	}
	s := newSniffer(t, k)
	s.setInterface("lo0")
	s.number("BIOCIMMEDIATE", netbsd.BIOCIMMEDIATE, 1)
	s.ping("seen")
	s.open("/dev/bpf", netbsd.O_RDONLY)
	b := peers(netbsd.SizeofBPFDExt, math.MaxInt32)
	var list [2]netbsd.BPFDExt
	for i := range list {
		copy(abi.AsBytes(&list[i]), b[min(len(b), i*netbsd.SizeofBPFDExt):])
	}
	want := netbsd.BPFDExt{Bufsize: 32768, Direction: netbsd.BPF_D_INOUT, PID: list[1].PID}
	if len(b) != 2*netbsd.SizeofBPFDExt || list[0] != want {
		t.Errorf("%d bytes, the newest %+v, want %+v", len(b), list[0], want)
	}
	want.Immediate, want.Rcount, want.Ccount = 1, 1, 1
	copy(want.Ifname[:], "lo0")
	if list[1] != want {
		t.Errorf("the other is %+v, want %+v", list[1], want)
	}
	if got := peers(8, math.MaxInt32); len(got) != 16 || !bytes.Equal(got[8:], abi.AsBytes(&want)[:8]) {
		t.Errorf("eight bytes of each: %x", got)
	}
	s.close(s.fd)
	if b := peers(netbsd.SizeofBPFDExt, math.MaxInt32); len(b) != netbsd.SizeofBPFDExt {
		t.Errorf("after one was closed there are %d bytes", len(b))
	}
}
