package netstat

import (
	"context"
	"errors"
	"io"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
)

// multicastRouting does -g. What a kernel routes to groups is in its memory alone,
// and no system call tells it; but whether it could, one does: only a socket of a
// multicast router may count the packets of a virtual interface, which says EINVAL
// to all others, and a kernel that has no such routing does not know the request.
func (e *env) multicastRouting(ctx context.Context) error {
	var r netbsd.SiocVifReq
	err := e.Ioctl(ctx, netbsd.AF_INET, netbsd.SIOCGETVIFCNT, abi.AsBytes(&r))
	if err == nil || errors.Is(err, netbsd.EINVAL) {
		return command.Usage("ask the multicast router that runs in it",
			"the kernel has multicast routing, whose tables are in its memory only")
	}
	var refused netbsd.Errno
	if !errors.As(err, &refused) {
		return err
	}
	if e.json {
		return command.WriteJSON(e.out, map[string][]string{"inet": {}, "inet6": {}})
	}
	var text string
	if e.family != netbsd.AF_INET6 {
		text = "no multicast routing compiled into this system\n"
	}
	if e.family != netbsd.AF_INET {
		text += "no IPv6 multicast routing compiled into this system\n"
	}
	_, err = io.WriteString(e.out, text)
	return err
}
