package rtsock_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing/internal/recorded"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
)

// rtMessage returns an RTM_ADD with a mask of addresses and what follows.
func rtMessage(mask int32, tail ...byte) []byte {
	h := netbsd.RtMsghdr{Version: netbsd.RTM_VERSION, Type: netbsd.RTM_ADD, Addrs: mask}
	h.Msglen = uint16(netbsd.SizeofRtMsghdr + len(tail))
	return append([]byte(nil), append(abi.AsBytes(&h), tail...)...)
}

func TestBad(t *testing.T) {
	in4 := []byte{16, netbsd.AF_INET, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	dl := []byte{8, netbsd.AF_LINK, 1, 0, 6, 9, 0, 0}
	for _, test := range []struct {
		name string
		b    []byte
		want string
	}{
		{"nothing", nil, "rt_msghdr = 0: truncated"},
		{"length 0", make([]byte, 120), "rt_msghdr.rtm_msglen = 0: bad length"},
		{"longer than the buffer", rtMessage(0, make([]byte, 8)...)[:120], "rt_msghdr.rtm_msglen = 128: truncated"},
		{"no addresses", rtMessage(1), "rt_msghdr.RTA_DST = 0: truncated"},
		{"address past the end", rtMessage(1, 16, 2, 0, 0), "sockaddr.sa_len = 16: bad length"},
		{"second address is not there", rtMessage(3, in4...), "rt_msghdr.RTA_GATEWAY = 0: truncated"},
		{"unknown address", rtMessage(1<<9, in4...), "rt_msghdr.rtm_addrs = 512: no counterpart"},
		{"empty destination", rtMessage(1, make([]byte, 8)...), "rt_msghdr.RTA_DST = 0: truncated"},
		{"short destination", rtMessage(1, 7, 2, 0, 0, 10, 0, 0, 0), "sockaddr_in.sin_len = 7: bad length"},
		{"other family", rtMessage(1, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), "sockaddr.sa_family = 16: no counterpart"},
		{"mask with a hole", rtMessage(5, append(append([]byte(nil), in4...), 7, 0, 0, 0, 0xff, 0, 0xff, 0)...), "rt_msghdr.RTA_NETMASK = 255: no counterpart"},
		{"name past the end", rtMessage(3, append(append([]byte(nil), in4...), dl...)...), "sockaddr_dl.sdl_nlen = 9: bad length"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, _, err := rtsock.Parse(rtsock.NetBSD10, test.b)
			if err == nil {
				_, err = m.Decode()
			}
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestBadIoctl(t *testing.T) {
	if _, _, err := rtsock.ParseIoctl(netbsd.SIOCAIFADDR, make([]byte, 63)); !errors.Is(err, abi.ErrTruncated) {
		t.Errorf("a short argument: %v", err)
	}
	if _, _, err := rtsock.ParseIoctl(netbsd.SIOCAIFADDR, make([]byte, 64)); !errors.Is(err, abi.ErrString) {
		t.Errorf("no name: %v", err)
	}
	if _, _, err := rtsock.ParseIoctl(0, make([]byte, 64)); !errors.Is(err, abi.ErrTruncated) {
		t.Errorf("no ioctl: %v", err)
	}
}

// FuzzParse looks for messages that break Parse, or that are different after they
// were written again.
func FuzzParse(f *testing.F) {
	for _, r := range recorded.Load(f, messages) {
		f.Add(r.Fields[0], false)
	}
	for _, r := range recorded.Load(f, dumps) {
		f.Add(r.Fields[1], false)
	}
	f.Add(rtMessage(7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1), true)
	f.Fuzz(func(t *testing.T, b []byte, ten bool) {
		v := rtsock.NetBSD7
		if ten {
			v = rtsock.NetBSD10
		}
		for rest := b; len(rest) > 0; {
			m, next, err := rtsock.Parse(v, rest)
			if next != nil && len(next) >= len(rest) {
				t.Fatalf("no way forward at %x", rest)
			}
			rest = next
			if err != nil {
				continue
			}
			// What it means does not change when it is written and read again.
			first, err := m.Decode()
			again, err2 := m.Append(v, nil)
			if err != nil || err2 != nil {
				continue
			}
			m2, _, err := rtsock.Parse(v, again)
			if err != nil {
				t.Fatalf("%x: %v", again, err)
			}
			second, err := m2.Decode()
			if err != nil || first.Op != second.Op {
				t.Fatalf("%x: %v, %v", again, second, err)
			}
			if nb, err := rtsock.New(first); err == nil {
				if _, err := nb.Append(v, nil); err != nil && !errors.Is(err, abi.ErrRange) && !errors.Is(err, abi.ErrLength) {
					t.Fatalf("%+v: %v", first.Entry, err)
				}
			}
		}
	})
}

// FuzzParseIoctl looks for arguments that break ParseIoctl.
func FuzzParseIoctl(f *testing.F) {
	requests := []uint64{
		netbsd.SIOCAIFADDR, netbsd.SIOCDIFADDR, netbsd.SIOCAIFADDR_IN6, netbsd.SIOCDIFADDR_IN6,
		netbsd.SIOCSIFFLAGS, netbsd.SIOCSIFMTU, netbsd.SIOCIFCREATE, netbsd.SIOCIFDESTROY,
	}
	arg := make([]byte, 288)
	copy(arg, "lo0")
	binary.BigEndian.PutUint32(arg[16:], 0x10020000)
	for _, r := range requests {
		f.Add(uint8(0), arg)
		f.Add(uint8(r), arg[:64])
	}
	f.Fuzz(func(t *testing.T, which uint8, arg []byte) {
		m, name, err := rtsock.ParseIoctl(requests[int(which)%len(requests)], arg)
		if err == nil && (m == nil || name == "") {
			t.Fatalf("neither an entry nor an error")
		}
	})
}
