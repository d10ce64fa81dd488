package netlink_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/nbsock"
)

// inetDiag is a struct inet_diag_req_v2 for the sockets in some states.
func inetDiag(family, protocol byte, states uint32) []byte {
	b := append([]byte{family, protocol, 0, 0}, u32(states)...)
	return append(b, make([]byte, linux.SizeofInetDiagSockid)...)
}

// op is a struct inet_diag_bc_op.
func op(code, yes byte, no uint16) []byte {
	return binary.NativeEndian.AppendUint16([]byte{code, yes}, no)
}

// host is a struct inet_diag_hostcond.
func host(prefix string, port int32) []byte {
	p := netip.MustParsePrefix(prefix)
	family := byte(unix.AF_INET)
	if p.Addr().Is6() {
		family = unix.AF_INET6
	}
	return append(append([]byte{family, byte(p.Bits()), 0, 0}, u32(uint32(port))...), p.Addr().AsSlice()...)
}

const (
	everyState = 0xfff
	listening  = 1 << linux.TCP_LISTEN
)

// diagSteps are requests for sockets.
var diagSteps = []struct {
	name    string
	request builder
}{
	{"all of TCP", request(linux.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, inetDiag(unix.AF_INET, unix.IPPROTO_TCP, everyState)...)},
	{"listeners", request(linux.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, inetDiag(unix.AF_INET, unix.IPPROTO_TCP, listening)...)},
	{"all but listeners", request(linux.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, inetDiag(unix.AF_INET, unix.IPPROTO_TCP, everyState&^listening)...)},
	{"all of TCP over IPv6", request(linux.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, inetDiag(unix.AF_INET6, unix.IPPROTO_TCP, everyState)...)},
	{"all of UDP", request(linux.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, inetDiag(unix.AF_INET, unix.IPPROTO_UDP, everyState)...)},
	{"all of UDP over IPv6", request(linux.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, inetDiag(unix.AF_INET6, unix.IPPROTO_UDP, everyState)...)},
	{"no protocol", request(linux.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, inetDiag(unix.AF_INET, 199, everyState)...)},
	{"half a request", request(linux.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, 2, 6, 0, 0)},

	{"sport = 8080", chosen(op(linux.INET_DIAG_BC_S_EQ, 8, 12), op(0, 0, 8080))},
	{"sport >= 8081", chosen(op(linux.INET_DIAG_BC_S_GE, 8, 12), op(0, 0, 8081))},
	{"dport <= 8080", chosen(op(linux.INET_DIAG_BC_D_LE, 8, 12), op(0, 0, 8080))},
	{"src 127.0.0.0/8", chosen(append(op(linux.INET_DIAG_BC_S_COND, 16, 20), host("127.0.0.0/8", -1)...))},
	{"dst 127.0.0.1:8080", chosen(append(op(linux.INET_DIAG_BC_D_COND, 16, 20), host("127.0.0.1/32", 8080)...))},
	{"src 10.0.0.0/8", chosen(append(op(linux.INET_DIAG_BC_S_COND, 16, 20), host("10.0.0.0/8", -1)...))},
	{"not sport = 8080", chosen(op(linux.INET_DIAG_BC_S_EQ, 8, 12), op(0, 0, 8080), op(linux.INET_DIAG_BC_JMP, 4, 8))},
	{"a jump too far", chosen(op(linux.INET_DIAG_BC_S_EQ, 8, 400), op(0, 0, 8080))},
	{"a jump back", chosen(op(linux.INET_DIAG_BC_JMP, 4, 0))},
	{"half an op", chosen(op(linux.INET_DIAG_BC_S_COND, 16, 20))},
	{"a prefix of 33 bits", chosen(append(op(linux.INET_DIAG_BC_S_COND, 16, 20), append([]byte{unix.AF_INET, 33, 0, 0}, make([]byte, 8)...)...))},
	{"no op", chosen(op(99, 4, 8))},
}

// chosen asks for those sockets of TCP that a program chooses.
func chosen(program ...[]byte) builder {
	return request(linux.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, inetDiag(unix.AF_INET, unix.IPPROTO_TCP, everyState)...).
		attr(linux.INET_DIAG_REQ_BYTECODE, slices.Concat(program...)...)
}

// TestSocketsLikeLinux lists the same sockets of a NetBSD and of Linux.
func TestSocketsLikeLinux(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		k := boot(t, nil)
		us, them := ours{open(t, serve(t, k), unix.NETLINK_SOCK_DIAG)}, openTheirs(t, unix.NETLINK_SOCK_DIAG)
		n, err := nbsock.New(k, nbsock.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = n.Close() })
		for _, o := range []opener{n, hostNet{}} {
			populate(t, o)
		}
		for _, step := range diagSteps {
			tell := func(s socket) (lines []string) {
				if err := s.send(step.request.end()); err != nil {
					t.Fatal(err)
				}
				for {
					for _, m := range parse(t, s.receive(t)) {
						switch m.Header.Type {
						case unix.NLMSG_DONE:
							slices.Sort(lines)
							return append(lines, fmt.Sprintf("done %x", m.Data[:4]))
						case unix.NLMSG_ERROR:
							return append(lines, errno(t, m).Name())
						}
						lines = append(lines, saySocket(t, m))
					}
				}
			}
			if got, want := tell(us), tell(them); !slices.Equal(got, want) {
				t.Errorf("%s:\n%s\nand on Linux\n%s", step.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		one := inetDiag(unix.AF_INET, unix.IPPROTO_TCP, everyState)
		binary.BigEndian.PutUint16(one[8:], 8080)
		copy(one[12:], []byte{127, 0, 0, 1})
		copy(one[48:], "\xff\xff\xff\xff\xff\xff\xff\xff") // no cookie
		for _, s := range []socket{us, them} {
			if err := s.send(request(linux.SOCK_DIAG_BY_FAMILY, 0, one...).end()); err != nil {
				t.Fatal(err)
			}
			if m := parse(t, s.receive(t))[0]; m.Header.Type != linux.SOCK_DIAG_BY_FAMILY || !strings.HasPrefix(saySocket(t, m), "family 2 state 10 1f90 ") {
				t.Errorf("the listener is %+v %x", m.Header, m.Data)
			}
		}
		if err := us.send(request(linux.SOCK_DESTROY, unix.NLM_F_ACK, one...).end()); err != nil {
			t.Fatal(err)
		}
		if e := errno(t, parse(t, us.receive(t))[0]); e != linux.EOPNOTSUPP {
			t.Errorf("a socket is closed by others: %v", e)
		}
	})
}

// saySocket tells what a message says, but for what differs between any two
// machines.
func saySocket(t testing.TB, m syscall.NetlinkMessage) string {
	attributes(t, m, linux.SizeofInetDiagMsg)
	local, peer := binary.BigEndian.Uint16(m.Data[4:]), binary.BigEndian.Uint16(m.Data[6:])
	chosen := func(port uint16) string {
		if port > 10000 {
			return "chosen"
		}
		return fmt.Sprintf("%x", port)
	}
	return fmt.Sprintf("family %d state %d %s %s %x %x received %d", m.Data[0], m.Data[1], chosen(local), chosen(peer),
		m.Data[8:24], m.Data[24:40], binary.NativeEndian.Uint32(m.Data[56:]))
}

// An opener makes sockets of a kernel.
type opener interface {
	Listen(network, address string) (net.Listener, error)
	Dial(network, address string) (net.Conn, error)
	ListenPacket(network, address string) (net.PacketConn, error)
}

// hostNet makes sockets of this machine.
type hostNet struct{}

func (hostNet) Listen(network, address string) (net.Listener, error) {
	return net.Listen(network, address) //nolint:noctx // the same for both kernels
}

func (hostNet) Dial(network, address string) (net.Conn, error) {
	return net.Dial(network, address) //nolint:noctx // the same for both kernels
}

func (hostNet) ListenPacket(network, address string) (net.PacketConn, error) {
	return net.ListenPacket(network, address) //nolint:noctx // the same for both kernels
}

// populate makes sockets that are open until the test ends.
func populate(t *testing.T, n opener) {
	t.Helper()
	keep := func(c interface{ Close() error }, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	l, err := n.Listen("tcp4", "127.0.0.1:8080")
	keep(l, err)
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			close(accepted)
			return
		}
		accepted <- c
	}()
	keep(n.Dial("tcp4", "127.0.0.1:8080"))
	if c, ok := <-accepted; ok {
		t.Cleanup(func() { _ = c.Close() })
	} else {
		t.Fatal("no connection")
	}
	keep(n.Listen("tcp4", "0.0.0.0:8081"))
	keep(n.Listen("tcp6", "[::1]:8080"))
	keep(n.ListenPacket("udp4", "127.0.0.1:8082"))
	keep(n.Dial("udp4", "127.0.0.1:8082"))
	keep(n.ListenPacket("udp6", "[::1]:8083"))
}
