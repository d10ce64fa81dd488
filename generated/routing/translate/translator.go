package translate

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// Links are the names of the links of a kernel, which netlink does without where
// NetBSD's ioctls need them.
type Links interface {
	LinkName(index uint32) (name string, ok bool)
	LinkIndex(name string) (index uint32, ok bool)
}

// A Translator translates for one kernel.
type Translator struct {
	// Version is the NetBSD whose routing messages are meant; nil is
	// [rtsock.NetBSD10].
	Version *rtsock.Version

	// Links may be nil as long as no ioctl is needed.
	Links Links
}

func (t *Translator) version() *rtsock.Version {
	if t.Version == nil {
		return rtsock.NetBSD10
	}
	return t.Version
}

// linkName returns the name of the link that the member of typ gives the index
// of.
func (t *Translator) linkName(typ, member string, index uint32) (string, error) {
	if t.Links != nil {
		if name, ok := t.Links.LinkName(index); ok {
			return name, nil
		}
	}
	return "", abi.NoCounterpart(typ, member, index)
}

// linkIndex returns the index of the link name.
func (t *Translator) linkIndex(name string) (uint32, error) {
	if t.Links != nil {
		if index, ok := t.Links.LinkIndex(name); ok {
			return index, nil
		}
	}
	return 0, abi.BadString("ifreq", "ifr_name", len(name))
}

// whole returns the first thing that m lost, as an error.
func whole(m *routing.Message) error {
	if len(m.Lost) > 0 {
		return m.Lost[0]
	}
	return nil
}

func errnoToLinux(e netbsd.Errno) (linux.Errno, error) {
	if e == 0 {
		return 0, nil
	}
	lx, ok := tolinux.Errno(e)
	if !ok {
		return 0, abi.NoCounterpart("rt_msghdr", "rtm_errno", e)
	}
	return lx, nil
}

func errnoToNetBSD(e linux.Errno) (netbsd.Errno, error) {
	if e == 0 {
		return 0, nil
	}
	nb, ok := tonetbsd.Errno(e)
	if !ok {
		return 0, abi.NoCounterpart("nlmsgerr", "error", e)
	}
	return nb, nil
}
