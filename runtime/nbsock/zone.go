package nbsock

import (
	"context"
	"net"
	"strconv"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// scope returns the index of the interface that a zone names, by name or by
// index; 0 for none.
func (n *Net) scope(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if index, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(index), nil
	}
	index, err := n.interfaceIndex(zone)
	if err != nil {
		return 0, &net.AddrError{Err: "unknown zone: " + err.Error(), Addr: zone}
	}
	n.zones.Store(index, zone)
	return index, nil
}

// zone returns the name of an interface, or its number when it was never asked
// for by name.
func (n *Net) zone(index uint32) string {
	if name, ok := n.zones.Load(index); ok {
		return name.(string)
	}
	return strconv.FormatUint(uint64(index), 10)
}

// interfaceIndex asks the kernel.
func (n *Net) interfaceIndex(name string) (uint32, error) {
	if len(name) >= netbsd.IFNAMSIZ {
		return 0, netbsd.ENXIO
	}
	s, err := n.socket(context.Background(), "udp", netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = s.Close() }()
	ifr := make([]byte, netbsd.SizeofIfreq) // the name, and then a union
	copy(ifr, name)
	err = s.call("ioctl", func(t *thread) error {
		t.mem.data = ifr
		_, err := syscalls.Ioctl(context.Background(), t, s.fd, netbsd.SIOCGIFINDEX, t.mem.addr(dataAt))
		return err
	})
	if err != nil {
		return 0, err
	}
	var index uint32
	copy(abi.AsBytes(&index), ifr[netbsd.IFNAMSIZ:])
	return index, nil
}
