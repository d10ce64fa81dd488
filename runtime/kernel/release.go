package kernel

import "github.com/abigen/abigen/generated/routing/rtsock"

// A Release says in what one version of NetBSD's system call interface differs
// from others, as far as kernels or their users have to know.
type Release struct {
	Version  string // kern.osrelease: "10.1"
	Revision int32  // kern.osrevision, __NetBSD_Version__ of sys/param.h
	Routing  *rtsock.Version

	// PktinfoV4 tells that sendmsg takes IP_PKTINFO with UDP over IPv4. The
	// older kernel fails with EINVAL for any control message there.
	PktinfoV4 bool

	// BPFDirection tells that bpf(4) has BIOCSDIRECTION, BIOCSETWF and BIOCLOCK.
	// The older kernel has BIOCSSEESENT in the place of the first: packets
	// that are sent cannot be all one sees.
	BPFDirection bool

	// BPFVariables tells that there is net.bpf. The older kernels have it, and
	// bpf(4), as a component, which those that were recorded are without.
	BPFVariables bool
}

// The releases that kernels are known to have: that of the headers package
// netbsd is made from, and that of the rump kernels that are packaged for
// other systems.
var (
	NetBSD10    = &Release{Version: "10.1", Revision: 1001000000, Routing: rtsock.NetBSD10, PktinfoV4: true, BPFDirection: true, BPFVariables: true}
	NetBSD79934 = &Release{Version: "7.99.34", Revision: 799003400, Routing: rtsock.NetBSD7}
)
