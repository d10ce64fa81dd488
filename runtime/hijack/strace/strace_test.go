package strace_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/hijack/strace"
)

// A memory has bytes from base on.
type memory struct {
	base  uint64
	bytes []byte
}

func (m memory) Read(p []byte, addr uint64) error {
	if addr < m.base || addr-m.base > uint64(len(m.bytes)) || copy(p, m.bytes[addr-m.base:]) < len(p) {
		return errors.New("bad address")
	}
	return nil
}

// words are numbers of the machine's, of eight bytes.
func words(list ...uint64) (b []byte) {
	for _, w := range list {
		b = binary.NativeEndian.AppendUint64(b, w)
	}
	return b
}

func TestText(t *testing.T) {
	const at = 0xff8 // near the end of a page
	in4 := append(binary.NativeEndian.AppendUint16(nil, linux.AF_INET), 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)
	in6 := append(binary.NativeEndian.AppendUint16(nil, linux.AF_INET6), 31, 144, 0, 0, 0, 0, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0)
	msghdr := append(words(at+104, 16, at+56, 1, 0, 0, 0), words(at+72, 4)...) // name, iov; the vector
	msghdr = append(msghdr, "text, and more 12345678901234567"...)
	msghdr = append(msghdr, in4...)
	for _, test := range []struct {
		call   strace.Call
		memory []byte
		want   string
	}{
		{strace.Call{Name: "socket", Args: [6]uint64{linux.AF_INET6, 2 | linux.SOCK_CLOEXEC | linux.SOCK_NONBLOCK, linux.IPPROTO_UDP}, Result: 3}, nil,
			`socket(AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_UDP) = 3`},
		{strace.Call{Name: "socket", Args: [6]uint64{linux.AF_NETLINK, 3, linux.NETLINK_ROUTE}, Errno: linux.EMFILE}, nil,
			`socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = -1 EMFILE (Too many open files)`},
		{strace.Call{Name: "connect", Args: [6]uint64{3, at, 16}, Errno: linux.ECONNREFUSED}, in4,
			`connect(3, {AF_INET, 127.0.0.1:80}, 16) = -1 ECONNREFUSED (Connection refused)`},
		{strace.Call{Name: "bind", Args: [6]uint64{3, at, 28}}, in6, `bind(3, {AF_INET6, [fe80::1%2]:8080}, 28) = 0`},
		{strace.Call{Name: "bind", Args: [6]uint64{3, 5, 28}, Errno: linux.EFAULT}, nil, `bind(3, 0x5, 28) = -1 EFAULT (Bad address)`},
		{strace.Call{Name: "bind", Args: [6]uint64{3, at, 1 << 31}, Errno: linux.EINVAL}, in4, `bind(3, 0xff8, -2147483648) = -1 EINVAL (Invalid argument)`},
		{strace.Call{Name: "accept4", Args: [6]uint64{3, at, at + 16, linux.SOCK_CLOEXEC}, Result: 4}, append(append([]byte(nil), in4...), 16, 0, 0, 0),
			`accept4(3, {AF_INET, 127.0.0.1:80}, [16], SOCK_CLOEXEC) = 4`},
		{strace.Call{Name: "accept", Args: [6]uint64{3, 0, 0}, Errno: linux.EAGAIN}, nil, `accept(3, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)`},
		{strace.Call{Name: "setsockopt", Args: [6]uint64{3, linux.SOL_SOCKET, linux.SO_REUSEADDR, at, 4}}, []byte{1, 0, 0, 0}, `setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0`},
		{strace.Call{Name: "setsockopt", Args: [6]uint64{3, linux.IPPROTO_TCP, 99, at, 4}, Errno: linux.ENOPROTOOPT, Note: "no counterpart"}, []byte{1, 0, 0, 0},
			`setsockopt(3, IPPROTO_TCP, 99, [1], 4) = -1 ENOPROTOOPT (Protocol not available) # no counterpart`},
		{strace.Call{Name: "sendto", Args: [6]uint64{3, at, 40, linux.MSG_NOSIGNAL | linux.MSG_DONTWAIT, 0, 0}, Result: 40}, append([]byte("a line\n"), make([]byte, 40)...),
			`sendto(3, "a line\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"..., 40, MSG_DONTWAIT|MSG_NOSIGNAL, NULL, 0) = 40`},
		{strace.Call{Name: "recvfrom", Args: [6]uint64{3, at, 100, 0, 0, 0}, Result: 2}, []byte("ok more"), `recvfrom(3, "ok", 100, 0, NULL, NULL) = 2`},
		{strace.Call{Name: "sendmsg", Args: [6]uint64{3, at, 0}, Result: 4}, msghdr, `sendmsg(3, {msg_name={AF_INET, 127.0.0.1:80}, msg_iov=["text"], msg_flags=0}, 0) = 4`},
		{strace.Call{Name: "openat", Args: [6]uint64{1<<64 - 100, at, 0}, Result: 3}, append([]byte("/proc/net/dev\x00"), make([]byte, 64)...), `openat(-100, "/proc/net/dev", 0x0) = 3`},
		{strace.Call{Name: "shutdown", Args: [6]uint64{3, 1}}, nil, `shutdown(3, SHUT_WR) = 0`},
		{strace.Call{Name: "nanosleep", Args: [6]uint64{1, 0x20}}, nil, `nanosleep(1, 0x20, NULL, NULL, NULL, NULL) = 0`},
	} {
		c := test.call
		c.PID, c.Took, c.Memory = 7, 1500*time.Nanosecond, memory{at, test.memory}
		want := test.want
		note := ""
		if c.Note != "" {
			note = " # " + c.Note
			want = want[:len(want)-len(note)]
		}
		if got := c.Text(); got != "[pid 7] "+want+" <0.000002>"+note {
			t.Errorf("\n got %s\nwant [pid 7] %s", got, test.want)
		}
		b, err := json.Marshal(&c)
		var o struct {
			PID    int
			Call   string
			Args   []string
			Result *int64
			Error  string
		}
		if err == nil {
			err = json.Unmarshal(b, &o)
		}
		if err != nil || o.PID != 7 || o.Call != c.Name || len(o.Args) == 0 || (o.Result == nil) != (c.Errno != 0) || (o.Error != "") != (c.Errno != 0) {
			t.Errorf("%s: %v", b, err)
		}
	}
}

// FuzzText has calls with any arguments and any memory.
func FuzzText(f *testing.F) {
	names := []string{"socket", "bind", "accept", "setsockopt", "getsockopt", "sendto", "recvfrom", "sendmsg", "recvmsg", "ioctl", "open", "openat", "other"}
	f.Add(uint8(7), uint64(3), uint64(0), uint64(64), uint64(0), int64(5), words(8, 16, 8, 1024, 8, 1<<63, 0))
	f.Fuzz(func(_ *testing.T, name uint8, a, b, c, d uint64, result int64, bytes []byte) {
		call := strace.Call{Name: names[int(name)%len(names)], Args: [6]uint64{a, b, c, d, a, b}, Result: result, Memory: memory{0, bytes}}
		_ = call.Text()
		call.Memory = nil
		_, _ = json.Marshal(&call)
	})
}
