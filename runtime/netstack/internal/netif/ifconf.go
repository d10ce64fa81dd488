package netif

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// ifconf does SIOCGIFCONF: a struct ifreq for each address of each interface,
// as many as there is room for. Without a buffer it tells how much room that
// would be.
func (t *Table) ifconf(l *kern.Lwp, req *netbsd.Ifconf) error {
	const size = netbsd.SizeofIfreq
	entries := t.ifreqs()
	buf, room := *req.Ifcu.Buf(), int(req.Len)
	if buf == 0 {
		req.Len = int32(len(entries) * size)
		return nil
	}
	n := 0
	for ; n < len(entries) && room-n*size >= size; n++ {
		if err := kern.Out(l, &entries[n], buf+abi.Addr(n*size)); err != nil {
			return err
		}
	}
	req.Len = int32(n * size)
	return nil
}

func (t *Table) ifreqs() []netbsd.Ifreq {
	var list []netbsd.Ifreq
	for _, p := range t.All() {
		for _, a := range p.AllAddrs() {
			var e netbsd.Ifreq
			copy(e.Name[:], p.Name)
			copy(abi.AsBytes(e.Ifru.Space()), a.Sockaddr())
			list = append(list, e)
		}
	}
	return list
}
