package tolinux

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// sockcredFixed is the size of a sockcred in front of its groups.
const sockcredFixed = netbsd.SizeofSockcred - 4

// credentials writes the sockcred in src to dst as a ucred, with the effective
// user and group, as Linux fills them in itself. The supplementary groups are
// dropped; a ucred has no place for them.
func credentials(dst, src []byte) (int, error) {
	if len(src) < sockcredFixed {
		return 0, abi.Truncated("sockcred", "", len(src))
	}
	var from netbsd.Sockcred
	copy(abi.AsBytes(&from), src[:sockcredFixed])
	if groups := (len(src) - sockcredFixed) / 4; from.Ngroups < 0 || int(from.Ngroups) > groups {
		return 0, abi.BadLength("sockcred", "sc_ngroups", from.Ngroups)
	}
	if len(dst) < linux.SizeofUcred {
		return 0, abi.NoSpace("ucred", "", linux.SizeofUcred)
	}
	to := linux.Ucred{
		PID: from.PID,
		UID: from.EUID,
		GID: from.EGID,
	}
	return copy(dst, abi.AsBytes(&to)), nil
}
