//go:build linux && (amd64 || arm64)

package hijack

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/hijack/internal/seccomp"
	"github.com/abigen/abigen/runtime/hijack/procnet"
)

// opens is what calls that open a file have in their flags when they may be about
// one of /proc/net. What it is about, a filter cannot see.
var opens = seccomp.Test{Mask: unix.O_ACCMODE | unix.O_CREAT | unix.O_DIRECTORY | unix.O_PATH, Equal: unix.O_RDONLY, Action: seccomp.Notify}

// opensBy returns opens for a call whose flags are that argument.
func opensBy(arg int) []seccomp.Test {
	t := opens
	t.Arg = arg
	return []seccomp.Test{t}
}

// network returns what tells of the kernel's network, which is made when somebody
// asks first.
func (s *supervisor) network() (*procnet.Net, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.procnet == nil {
		n, err := procnet.New(s.kernel)
		if err != nil {
			return nil, err
		}
		s.procnet = n
	}
	return s.procnet, nil
}

// open opens a file of /proc/net. The host opens all others.
func (c *call) open(path uint64, flags int32) (int64, error) {
	name, ok := procnet.Name(c.procPath(path))
	if !ok || name == "unix" {
		return 0, errHost // local sockets are the host's
	}
	n, err := c.sup.network()
	if err != nil {
		return 0, err
	}
	content, err := n.Read(c.sup.ctx, name)
	if err != nil {
		return 0, err
	}
	fd, err := holding(name, content)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	v, err := c.sup.listener.ReturnFile(c.ID, fd, flags&unix.O_CLOEXEC != 0)
	if err != nil {
		return 0, err
	}
	return int64(v), errAnswered
}

// procPath reads a path that is one of /proc; of others, no more than is needed to
// see that.
func (c *call) procPath(at uint64) string {
	const prefix = "/proc/"
	var b [64]byte // longer than any that counts
	if c.mem().Read(b[:len(prefix)], at) != nil || string(b[:len(prefix)]) != prefix {
		return ""
	}
	// It may end just before memory that is not there.
	n := len(prefix)
	for n < len(b) && bytes.IndexByte(b[:n], 0) < 0 {
		const page = 4096
		to := min(n+int(page-(at+uint64(n))%page), len(b))
		if c.mem().Read(b[n:to], at+uint64(n)) != nil {
			return ""
		}
		n = to
	}
	end := bytes.IndexByte(b[:n], 0)
	if end < 0 || !c.sup.listener.Valid(c.ID) {
		return ""
	}
	return string(b[:end])
}

// holding returns a descriptor of a file that can be read only.
func holding(name string, content []byte) (int, error) {
	fd, err := unix.MemfdCreate(strings.ReplaceAll(name, "/", "_"), unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return -1, err
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	if _, err := f.Write(content); err != nil {
		return -1, err
	}
	const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		return -1, err
	}
	return unix.Open("/proc/self/fd/"+strconv.Itoa(int(f.Fd())), unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

// aboutInterface makes a request of netdevice(7). It is false when it is none.
func (c *call) aboutInterface(request uint64) (bool, error) {
	n, err := c.sup.network()
	if err != nil {
		return true, err
	}
	if request == linux.SIOCGIFCONF {
		return true, c.interfaces(n)
	}
	ifr := make([]byte, procnet.IfreqSize)
	if err := c.read(ifr, c.Args[2]); err != nil {
		return true, err
	}
	err = n.Ioctl(c.sup.ctx, request, ifr)
	switch {
	case errors.Is(err, linux.ENOTTY):
		return false, nil
	case err != nil:
		return true, err
	}
	return true, c.write(ifr, c.Args[2])
}

// interfaces answers SIOCGIFCONF: as much as there is room for, or how much room is
// needed.
func (c *call) interfaces(n *procnet.Net) error {
	list, err := n.Conf(c.sup.ctx)
	if err != nil {
		return err
	}
	var conf linux.Ifconf
	if err := c.read(abi.AsBytes(&conf), c.Args[2]); err != nil {
		return err
	}
	if conf.Len < 0 {
		return unix.EINVAL
	}
	if at := nativeUint64(abi.AsBytes(&conf)[8:]); at != 0 {
		list = list[:min(len(list), int(conf.Len)/procnet.IfreqSize*procnet.IfreqSize)]
		if err := c.write(list, at); err != nil {
			return err
		}
	}
	conf.Len = int32(len(list))
	return c.write(abi.AsBytes(&conf)[:4], c.Args[2])
}
