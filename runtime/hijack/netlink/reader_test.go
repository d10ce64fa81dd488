package netlink_test

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/hijack/netlink"
)

// A socket is either kernel's: messages go in, datagrams come out.
type socket interface {
	send(b []byte) error
	// receive returns the next datagram. It waits for it.
	receive(t testing.TB) []byte
}

// ours is a socket of the package.
type ours struct{ *netlink.Conn }

func (o ours) send(b []byte) error { return o.Send(b, nil, 4711) }

func (o ours) receive(t testing.TB) []byte {
	t.Helper()
	d, err := o.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d.Data
}

// theirs is one of the kernel that the test runs on.
type theirs int

func openTheirs(t testing.TB, protocol int) theirs {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1); err != nil {
		t.Skipf("the kernel is too old: %v", err)
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 30}); err != nil {
		t.Fatal(err)
	}
	return theirs(fd)
}

func (fd theirs) send(b []byte) error {
	return unix.Sendto(int(fd), b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

func (fd theirs) receive(t testing.TB) []byte {
	t.Helper()
	b := make([]byte, 1<<16)
	n, _, err := unix.Recvfrom(int(fd), b, 0)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}

// A builder makes requests, without the code under test.
type builder []byte

// request begins one: a header and what follows it.
func request(typ, flags uint16, body ...byte) builder {
	b := make(builder, 16, 64)
	binary.NativeEndian.PutUint16(b[4:], typ)
	binary.NativeEndian.PutUint16(b[6:], flags|unix.NLM_F_REQUEST)
	binary.NativeEndian.PutUint32(b[8:], 99)
	return append(b, body...)
}

func (b builder) attr(typ uint16, data ...byte) builder {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(data)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = append(b, data...)
	return append(b, make([]byte, -len(b)&3)...)
}

func (b builder) addr(typ uint16, s string) builder {
	return b.attr(typ, netip.MustParseAddr(s).AsSlice()...)
}

func (b builder) number(typ uint16, v uint32) builder { return b.attr(typ, u32(v)...) }

func (b builder) text(typ uint16, s string) builder { return b.attr(typ, append([]byte(s), 0)...) }

func (b builder) end() []byte {
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	return b
}

func u32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

// ifinfo is the start of a struct ifinfomsg that changes the flags of mask.
func ifinfo(index, flags, mask uint32) []byte {
	b := make([]byte, 4, 16)
	b = append(b, u32(index)...)
	b = append(b, u32(flags)...)
	return append(b, u32(mask)...)
}

func ifaddr(family, bits byte, index uint32) []byte {
	return append([]byte{family, bits, 0, 0}, u32(index)...)
}

func rtmsg(family, bits byte, table, protocol, scope, typ byte) []byte {
	return append([]byte{family, bits, 0, 0, table, protocol, scope, typ}, 0, 0, 0, 0)
}

func ndmsg(family byte, index uint32, state uint16) []byte {
	b := append([]byte{family, 0, 0, 0}, u32(index)...)
	b = binary.NativeEndian.AppendUint16(b, state)
	return append(b, 0, 0)
}

// parse takes datagrams apart with the reader of Go's library.
func parse(t testing.TB, datagram []byte) []syscall.NetlinkMessage {
	t.Helper()
	list, err := syscall.ParseNetlinkMessage(datagram)
	if err != nil {
		t.Fatalf("%x: %v", datagram, err)
	}
	return list
}

// attributes returns those of a message whose fixed part has size bytes.
func attributes(t testing.TB, m syscall.NetlinkMessage, size int) map[uint16][]byte {
	t.Helper()
	all := map[uint16][]byte{}
	b := m.Data[size:]
	for len(b) > 0 {
		if len(b) < 4 {
			t.Fatalf("%x is behind the attributes", b)
		}
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			t.Fatalf("an attribute of %d bytes in %d", n, len(b))
		}
		all[binary.NativeEndian.Uint16(b[2:])&^uint16(linux.NLA_F_NESTED)] = b[4:n]
		b = b[min((n+3)&^3, len(b)):]
	}
	return all
}

// errno returns what an NLMSG_ERROR says.
func errno(t testing.TB, m syscall.NetlinkMessage) linux.Errno {
	t.Helper()
	if m.Header.Type != unix.NLMSG_ERROR || len(m.Data) < 4 {
		t.Fatalf("%+v is not an error", m.Header)
	}
	return linux.Errno(-int32(binary.NativeEndian.Uint32(m.Data)))
}

// ask sends a request that is to be acknowledged, and returns what it was answered,
// in words, and what it ended with.
func ask(t testing.TB, s socket, b []byte, index uint32) (answer string, _ linux.Errno) {
	t.Helper()
	if err := s.send(b); err != nil {
		t.Fatal(err)
	}
	for {
		for _, m := range parse(t, s.receive(t)) {
			if m.Header.Type == unix.NLMSG_ERROR {
				return answer, errno(t, m)
			}
			answer += say(t, m, index)
		}
	}
}

// table sends a request for a table, and returns the entries.
func table(t testing.TB, s socket, b []byte) (list []syscall.NetlinkMessage) {
	t.Helper()
	if err := s.send(b); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < time.Minute; {
		for _, m := range parse(t, s.receive(t)) {
			switch m.Header.Type {
			case unix.NLMSG_DONE:
				return list
			case unix.NLMSG_ERROR:
				t.Fatalf("%x: %v", b, errno(t, m))
			}
			if m.Header.Flags&unix.NLM_F_MULTI == 0 || m.Header.Seq != 99 {
				t.Errorf("%+v", m.Header)
			}
			list = append(list, m)
		}
	}
	t.Fatal("a table without an end")
	return nil
}
