package netstack_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// A sniffer is a program with a bpf descriptor, which notes down what it is told.
type sniffer struct {
	*host
	fd       int32
	socketFD int32 // 0: none yet
	notes    []string
}

func newSniffer(t *testing.T, k kernel.Kernel) *sniffer {
	t.Helper()
	s := &sniffer{host: newProgram(t, k)}
	s.fd = s.open("/dev/bpf", netbsd.O_RDWR)
	return s
}

func (s *sniffer) open(path string, flags int32) int32 {
	fd, err := syscalls.Open(s.Context(), s, s.put([]byte(path+"\x00")), flags, 0)
	s.note(err, "open %s %#x", path, flags)
	return fd
}

func (s *sniffer) note(err error, format string, args ...any) {
	text := "ok"
	if err != nil {
		text = netbsdError(err)
	}
	s.notes = append(s.notes, fmt.Sprintf(format, args...)+": "+text)
}

func netbsdError(err error) string {
	var e netbsd.Errno
	if errors.As(err, &e) {
		return e.Error()
	}
	return err.Error()
}

// ioctl makes one, and notes what comes back, if the command is one that asks.
func (s *sniffer) ioctl(what string, cmd uint64, arg []byte) []byte {
	a := s.put(append([]byte{}, arg...))
	_, err := syscalls.Ioctl(s.Context(), s, s.fd, uint(cmd), a)
	got := s.at(a, len(arg))
	if cmd&netbsd.IOC_OUT != 0 && err == nil {
		s.note(err, "%s %x", what, got)
	} else {
		s.note(err, "%s", what)
	}
	return got
}

func (s *sniffer) number(what string, cmd uint64, v uint32) {
	s.ioctl(fmt.Sprintf("%s %d", what, v), cmd, binary.NativeEndian.AppendUint32(nil, v))
}

func (s *sniffer) setInterface(name string) {
	var r netbsd.Ifreq
	for i := range len(name) {
		r.Name[i] = name[i]
	}
	s.ioctl("BIOCSETIF "+name, netbsd.BIOCSETIF, abi.AsBytes(&r))
}

func (s *sniffer) program(list ...netbsd.BPFInsn) {
	var b []byte
	for i := range list {
		b = append(b, abi.AsBytes(&list[i])...)
	}
	p := netbsd.BPFProgram{Len: uint32(len(list)), Insns: s.put(b)}
	s.ioctl(fmt.Sprintf("BIOCSETF %v", list), netbsd.BIOCSETF, abi.AsBytes(&p))
}

// read makes a read(2) of size bytes, and notes the records without their times. The
// context cannot be done: for one that can, a client of NetBSD's kernel waits with
// poll(2) itself, and that does not know the timeout of reads.
func (s *sniffer) read(size uint) {
	a := s.put(make([]byte, size))
	n, err := syscalls.Read(context.Background(), s, s.fd, a, size)
	s.note(err, "read %d gives %d%s", size, n, records(s.at(a, max(n, 0))))
}

func records(b []byte) string {
	var text strings.Builder
	for len(b) >= netbsd.SizeofBPFHdr {
		var h netbsd.BPFHdr
		copy(abi.AsBytes(&h), b)
		if h.Tstamp.Sec < 1e9 || h.Tstamp.Usec >= 1e6 {
			fmt.Fprintf(&text, " time %v", h.Tstamp)
		}
		end := int(h.Hdrlen) + int(h.Caplen)
		fmt.Fprintf(&text, "\n\t%d of %d behind %d: %s", h.Caplen, h.Datalen, h.Hdrlen, masked(b[h.Hdrlen:end]))
		b = b[min(len(b), (end+netbsd.BPF_ALIGNMENT-1)&^(netbsd.BPF_ALIGNMENT-1)):]
	}
	return text.String()
}

// masked returns the beginning of a packet, without the identification of IPv4 and the
// checksum of its header, which NetBSD has none of on lo, and without what is random of
// a hardware address.
func masked(packet []byte) string {
	b := bytes.Clone(packet[:min(len(packet), 64)])
	if bytes.HasPrefix(b, []byte{2, 0, 0, 0, 0x45}) {
		clear(b[4+4:][:2])
		clear(b[4+10:][:2])
	}
	if len(b) >= 12 && b[6] == 0xb2 {
		clear(b[8:12])
	}
	return fmt.Sprintf("%x", b)
}

func (s *sniffer) write(b []byte) {
	_, err := syscalls.Write(s.Context(), s, s.fd, s.put(b), uint(len(b)))
	s.note(err, "write %d bytes", len(b))
}

func (s *sniffer) poll() {
	p := netbsd.Pollfd{FD: s.fd, Events: netbsd.POLLIN | netbsd.POLLOUT}
	a := s.put(abi.AsBytes(&p))
	_, err := syscalls.Poll(s.Context(), s, a, 1, 0)
	copy(abi.AsBytes(&p), s.at(a, len(abi.AsBytes(&p))))
	s.note(err, "poll %#x", p.Revents)
}

func (s *sniffer) nonblocking(on uint32) { s.number("FIONBIO", netbsd.FIONBIO, on) }

// ping makes lo0 see a datagram.
func (s *sniffer) ping(data string) {
	if s.socketFD == 0 {
		s.socketFD = s.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
		s.bind(s.socketFD, "127.0.0.1:7001")
	}
	_, err := syscalls.Sendto(s.Context(), s, s.socketFD, s.put([]byte(data)), uint(len(data)), 0, s.put(sockaddr("127.0.0.1:7001")), 16)
	s.note(err, "sendto %d bytes", len(data))
	_, err = s.wait(s.socketFD)
	s.note(err, "recvfrom")
}

func (s *sniffer) text() string { return strings.Join(s.notes, "\n") + "\n" }

// bpfScript does a bit of everything on lo0, and on shmif0, which is up and alone.
func bpfScript(t *testing.T, k kernel.Kernel) string {
	s := newSniffer(t, k)
	for _, path := range []string{"/dev/none", "/dev"} {
		s.open(path, netbsd.O_RDWR)
	}
	s.open("/dev/bpf", netbsd.O_CREAT|netbsd.O_EXCL|netbsd.O_RDWR)
	s.open("/dev/bpf", netbsd.O_DIRECTORY)
	s.open("/dev/bpf/", netbsd.O_RDWR)
	s.open("/dev/bpf", 3)

	s.stat()
	s.events()

	// without an interface
	u32 := make([]byte, 4)
	s.ioctl("BIOCVERSION", netbsd.BIOCVERSION, u32)
	s.ioctl("BIOCGBLEN", netbsd.BIOCGBLEN, u32)
	s.ioctl("BIOCGDLT", netbsd.BIOCGDLT, u32)
	s.number("BIOCSDLT", netbsd.BIOCSDLT, 0)
	s.ioctl("BIOCGETIF", netbsd.BIOCGETIF, make([]byte, netbsd.SizeofIfreq))
	s.ioctl("BIOCPROMISC", netbsd.BIOCPROMISC, nil)
	s.ioctl("BIOCFLUSH", netbsd.BIOCFLUSH, nil)
	s.number("BIOCSTCPF", netbsd.BIOCSTCPF, 0)
	s.ioctl("FIONWRITE", netbsd.FIONWRITE, u32)
	s.ioctl("TIOCGPGRP", netbsd.TIOCGPGRP, u32)
	s.number("FIOSETOWN", netbsd.FIOSETOWN, 20000)
	for _, n := range []uint32{0, 1 << 31, 4096} {
		s.number("BIOCSBLEN", netbsd.BIOCSBLEN, n)
	}
	s.write([]byte("without an interface"))
	s.nonblocking(1)
	s.read(4096)
	s.read(4095)
	s.poll()
	for _, name := range []string{"none0", "lo", "", "lo0"} {
		s.setInterface(name)
	}

	// with lo0
	s.number("BIOCSBLEN", netbsd.BIOCSBLEN, 8192)
	s.ioctl("BIOCGETIF", netbsd.BIOCGETIF, make([]byte, netbsd.SizeofIfreq))
	s.ioctl("BIOCGDLT", netbsd.BIOCGDLT, u32)
	s.number("BIOCSDLT", netbsd.BIOCSDLT, 0)
	s.number("BIOCSDLT", netbsd.BIOCSDLT, 1)
	list := netbsd.BPFDltlist{}
	s.ioctl("BIOCGDLTLIST", netbsd.BIOCGDLTLIST, abi.AsBytes(&list))
	s.read(4096)
	s.ping("first")
	s.ping("the second")
	s.ioctl("FIONREAD", netbsd.FIONREAD, u32)
	s.poll()
	s.read(4096)
	s.number("BIOCIMMEDIATE", netbsd.BIOCIMMEDIATE, 1)
	s.ping("third")
	s.poll()
	s.ioctl("FIONREAD", netbsd.FIONREAD, u32)
	s.nonblocking(0)
	s.read(4096)
	s.ioctl("BIOCGSTATS", netbsd.BIOCGSTATS, make([]byte, netbsd.SizeofBPFStat))
	s.ioctl("BIOCGSTATSOLD", netbsd.BIOCGSTATSOLD, make([]byte, netbsd.SizeofBPFStatOld))
	s.timeouts()
	s.filters()
	s.write(make([]byte, 100))
	s.write(make([]byte, 2048))
	s.write(make([]byte, 2049))
	s.write(make([]byte, 40000))
	s.write(nil)
	s.nonblocking(1)
	s.read(4096)
	s.overflow()
	s.ether()
	return s.text()
}

func (s *sniffer) stat() {
	var st netbsd.Stat
	a := s.put(abi.AsBytes(&st))
	err := syscalls.Stat(s.Context(), s, s.put([]byte("/dev/bpf\x00")), a)
	copy(abi.AsBytes(&st), s.at(a, netbsd.SizeofStat))
	s.note(err, "stat: mode %o, uid %d, rdev %#x, %d links", st.Mode, st.UID, st.Rdev, st.Nlink)
	err = syscalls.Fstat(s.Context(), s, s.fd, a)
	copy(abi.AsBytes(&st), s.at(a, netbsd.SizeofStat))
	s.note(err, "fstat: mode %o, uid %d, dev %#x, %d links", st.Mode, st.UID, st.Dev&^0xff, st.Nlink)
}

// events registers with a kqueue what can be registered.
func (s *sniffer) events() {
	kq, err := syscalls.Kqueue(s.Context(), s)
	s.note(err, "kqueue")
	for _, filter := range []uint32{netbsd.EVFILT_READ, netbsd.EVFILT_WRITE} {
		ev := netbsd.Kevent{Ident: 0, Filter: filter, Flags: netbsd.EV_ADD}
		setLong(&ev.Ident, int(s.fd))
		_, err := syscalls.Kevent(s.Context(), s, kq, s.put(abi.AsBytes(&ev)), 1, 0, 0, 0)
		s.note(err, "kevent %d", filter)
	}
	s.close(kq)
}

func (s *sniffer) timeouts() {
	for _, us := range []int32{0, 1, 19999, 50000} {
		tv := netbsd.Timeval{Usec: us}
		s.ioctl(fmt.Sprint("BIOCSRTIMEOUT ", us), netbsd.BIOCSRTIMEOUT, abi.AsBytes(&tv))
		s.ioctl("BIOCGRTIMEOUT", netbsd.BIOCGRTIMEOUT, make([]byte, netbsd.SizeofTimeval))
	}
	s.read(4096) // until the timeout
	s.number("BIOCIMMEDIATE", netbsd.BIOCIMMEDIATE, 0)
	s.ping("waits for the timeout")
	s.poll()
	s.read(4096)
}

// filters has programs that are wrong, and one that takes a part of a packet.
func (s *sniffer) filters() {
	ret := netbsd.BPFInsn{Code: netbsd.BPF_RET | netbsd.BPF_K, K: 30}
	for _, in := range []netbsd.BPFInsn{
		{Code: netbsd.BPF_LD | netbsd.BPF_MEM, K: 1},
		{Code: netbsd.BPF_ST, K: 16},
		{Code: netbsd.BPF_ALU | netbsd.BPF_DIV},
		{Code: netbsd.BPF_JMP | netbsd.BPF_JA, K: 1},
		{Code: netbsd.BPF_JMP | netbsd.BPF_JA, K: ^uint32(0)},
		{Code: netbsd.BPF_JMP | netbsd.BPF_JEQ, Jf: 1},
		{Code: netbsd.BPF_JMP | 0x50},
		{Code: netbsd.BPF_MISC | netbsd.BPF_COP},
		{Code: 0xffff},
		{Code: 0x1000},
		{Code: netbsd.BPF_LD | 0xe0},
		{Code: netbsd.BPF_ALU | 0xf0},
	} {
		s.program(in, ret)
	}
	s.program(ret, netbsd.BPFInsn{Code: netbsd.BPF_ST})
	s.program(netbsd.BPFInsn{Code: netbsd.BPF_MISC | netbsd.BPF_TAX}, ret)
	p := netbsd.BPFProgram{Len: netbsd.BPF_MAXINSNS + 1, Insns: s.put(make([]byte, 5000))}
	s.ioctl("BIOCSETF of too many", netbsd.BIOCSETF, abi.AsBytes(&p))
	s.program( // of those that are longer than 40 bytes, 30
		netbsd.BPFInsn{Code: netbsd.BPF_LD | netbsd.BPF_W | netbsd.BPF_LEN},
		netbsd.BPFInsn{Code: netbsd.BPF_JMP | netbsd.BPF_JGT, Jt: 1, K: 40},
		netbsd.BPFInsn{Code: netbsd.BPF_RET | netbsd.BPF_K},
		ret,
	)
	s.ping("short")
	s.ping("this one is long")
	s.read(4096)
	s.program()
}

// overflow fills both buffers, so that packets are lost.
func (s *sniffer) overflow() {
	for range 5 {
		s.ping(strings.Repeat("x", 1500))
	}
	s.poll()
	s.ioctl("BIOCGSTATS", netbsd.BIOCGSTATS, make([]byte, netbsd.SizeofBPFStat))
	s.ping("not lost")
	s.read(4096)
	s.ioctl("BIOCGSTATS", netbsd.BIOCGSTATS, make([]byte, netbsd.SizeofBPFStat))
	s.read(4096)
	s.read(4096)
	s.ping(strings.Repeat("y", 8000)) // more than a buffer has room for
	s.ioctl("BIOCFLUSH", netbsd.BIOCFLUSH, nil)
	s.read(4096)
}

// ether writes frames to shmif0.
func (s *sniffer) ether() {
	u32 := make([]byte, 4)
	s.setInterface("shmif0")
	s.program( // not IPv4, ARP or IPv6, which the kernel has sent
		netbsd.BPFInsn{Code: netbsd.BPF_LD | netbsd.BPF_H | netbsd.BPF_ABS, K: 12},
		netbsd.BPFInsn{Code: netbsd.BPF_JMP | netbsd.BPF_JEQ, Jt: 1, K: 0x88b5},
		netbsd.BPFInsn{Code: netbsd.BPF_JMP | netbsd.BPF_JGE, Jt: 1, K: 0x600},
		netbsd.BPFInsn{Code: netbsd.BPF_RET | netbsd.BPF_K, K: 4096},
		netbsd.BPFInsn{Code: netbsd.BPF_RET | netbsd.BPF_K},
	)
	s.ioctl("BIOCGDLT", netbsd.BIOCGDLT, u32)
	frame := append([]byte("\xb2\xa0\x00\x00\x00\x01SOURCE\x88\xb5"), "payload"...)
	s.write(frame[:13])
	s.write(frame[:14])
	s.write(make([]byte, 1515))
	for _, complete := range []uint32{2, 0} {
		s.number("BIOCSHDRCMPLT", netbsd.BIOCSHDRCMPLT, complete)
		s.ioctl("BIOCGHDRCMPLT", netbsd.BIOCGHDRCMPLT, u32)
		s.write(frame)
	}
	s.number("BIOCSHDRCMPLT", netbsd.BIOCSHDRCMPLT, 1)
	s.write(append([]byte("\x33\x33\x00\x00\x00\x01SOURCE\x00\x00"), "length"...))
	s.number("BIOCSSEESENT", netbsd.BIOCSSEESENT, 0)
	s.write(frame)
	s.number("BIOCSSEESENT", netbsd.BIOCSSEESENT, 7)
	s.ioctl("BIOCGSEESENT", netbsd.BIOCGSEESENT, u32)
	s.ioctl("BIOCPROMISC", netbsd.BIOCPROMISC, nil)
	s.read(4096)
	s.ioctl("BIOCLOCK", netbsd.BIOCLOCK, nil)
	s.close(s.fd)
}

// connectLone gives a kernel shmif0 with a known address, and nobody else there.
func connectLone(t *testing.T, k kernel.Kernel, bus string) {
	t.Helper()
	c, err := netcfg.Open(k)
	must(t, err)
	defer func() { _ = c.Close() }()
	ctx := t.Context()
	must(t, c.SetInt(ctx, "net.inet.ip.dad_count", 0))
	must(t, c.CreateInterface(ctx, "shmif0"))
	must(t, c.SetLinkString(ctx, "shmif0", bus))
	must(t, c.AddAddress(ctx, "shmif0", netip.MustParsePrefix("10.0.0.1/24")))
}

// TestBPF compares what is said with what NetBSD's kernel has said, which is asked
// again where it is there.
func TestBPF(t *testing.T) {
	if netbsd.BPF_ALIGNMENT != 8 {
		t.Skip("the recording is of a 64-bit kernel")
	}
	const golden = "testdata/bpf.txt"
	want, err := os.ReadFile(golden)
	must(t, err)
	t.Run("embedded", func(t *testing.T) {
		w := wire.New()
		network := hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) { return w.Attach(), nil })
		k, err := netstack.New(netstack.Config{Release: kernel.NetBSD79934, Host: &hypercall.Host{Network: network}})
		must(t, err)
		t.Cleanup(func() { halt(t, k) })
		connectLone(t, k, "bus")
		if diff := cmp.Diff(string(want), bpfScript(t, k)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("NetBSD", func(t *testing.T) {
		c := bpfServer(t)
		connectLone(t, c, filepath.Join(t.TempDir(), "bus"))
		got := bpfScript(t, c)
		if flag.Lookup("update").Value.String() == "true" {
			must(t, os.WriteFile(golden, []byte(got), 0o666))
		} else if diff := cmp.Diff(string(want), got); diff != "" {
			t.Error(diff)
		}
	})
}

// bpfServer starts NetBSD's kernel with bpf(4).
func bpfServer(t *testing.T) *sysproxy.Client {
	t.Helper()
	c, err := sysproxy.Dial(t.Context(), rump.ForTest(t, "dev", "dev_bpf").URL)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}
