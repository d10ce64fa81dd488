package tonetbsd

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// sockcredFixed is the size of a sockcred in front of its groups.
const sockcredFixed = netbsd.SizeofSockcred - 4

// credentials writes the ucred in src to dst as a sockcred without
// supplementary groups. A ucred has one user and one group; they become both
// the real and the effective ones.
func credentials(dst, src []byte) (int, error) {
	if len(src) != linux.SizeofUcred {
		return 0, abi.BadLength("ucred", "", len(src))
	}
	if len(dst) < sockcredFixed {
		return 0, abi.NoSpace("sockcred", "", sockcredFixed)
	}
	var from linux.Ucred
	copy(abi.AsBytes(&from), src)
	to := netbsd.Sockcred{
		PID:  from.PID,
		UID:  from.UID,
		EUID: from.UID,
		GID:  from.GID,
		EGID: from.GID,
	}
	return copy(dst, abi.AsBytes(&to)[:sockcredFixed]), nil
}
