package netlink_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/linux"
)

// FuzzSend looks for bytes that break a server, or that have no answer.
func FuzzSend(f *testing.F) {
	for _, step := range steps {
		f.Add(false, []byte(step.request(2).end()))
	}
	for _, step := range diagSteps {
		f.Add(true, []byte(step.request.end()))
	}
	k := boot(f, nil)
	cabled(f, k)
	s := serve(f, k)
	f.Fuzz(func(t *testing.T, diag bool, b []byte) {
		protocol := int32(unix.NETLINK_ROUTE)
		if diag {
			protocol = unix.NETLINK_SOCK_DIAG
		}
		c := open(t, s, protocol)
		if err := c.SetOption(unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, u32(1)); err != nil {
			t.Fatal(err)
		}
		for _, strict := range []uint32{0, 1} {
			if err := c.SetOption(unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, u32(strict)); err != nil {
				t.Fatal(err)
			}
			_ = c.Send(b, nil, 1)
			for {
				d, err := c.TryReceive()
				if err == linux.EAGAIN { //nolint:errorlint // as it is returned
					break
				}
				if err == nil {
					parse(t, d.Data)
				}
			}
		}
		c.Close()
	})
}
