package rtable

import (
	"math/bits"
	"net/netip"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// A Route is an entry of the table (struct rtentry). It does not change: a
// route that is changed is replaced.
type Route struct {
	// The socket addresses, as they are in messages. Key is the destination,
	// masked. Netmask is nil for a host. Tag may be nil.
	Key     []byte
	Gate    []byte
	Netmask []byte
	Tag     []byte

	Flags int32 // RTF_*
	Ifp   *netif.Ifnet
	Ifa   *netif.Ifaddr // source address; nil stands for the interface's own of AF_LINK
	Rmx   netbsd.RtMetrics

	Dst     netip.Prefix // Key and its mask, as far as a prefix can say it
	Gateway netip.Addr   // the address in Gate; not valid when that is a link

	address, mask [16]byte
	nic           *nicRoute // gVisor's copy
}

// Is tells whether all these RTF_* flags are set.
func (r *Route) Is(flags int32) bool { return r.Flags&flags == flags }

// Family is AF_INET or AF_INET6.
func (r *Route) Family() int32 { return int32(r.Key[1]) }

// index fills in what follows from Key, Gate and the mask, which is nil for a
// host.
func (r *Route) index(f *family, mask *[16]byte) {
	r.address, r.mask, r.Netmask = f.address(r.Key), f.host(), nil
	if mask != nil {
		r.mask, r.Netmask = *mask, f.trimmed(*mask)
	}
	dst, _ := Address(r.Key)
	r.Dst = netip.PrefixFrom(dst, ones(r.mask[:f.size]))
	r.regate(r.Gate)
}

// regate gives the route another gateway.
func (r *Route) regate(gate []byte) {
	r.Gate = gate
	r.Gateway, _ = Address(gate)
}

// ones counts the ones that mask begins with.
func ones(mask []byte) (n int) {
	for _, b := range mask {
		n += bits.LeadingZeros8(^b)
		if b != 0xff {
			break
		}
	}
	return n
}
