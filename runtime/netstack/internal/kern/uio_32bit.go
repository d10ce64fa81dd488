//go:build 386 || arm

package kern

import "github.com/abigen/abigen/netbsd"

func setLen(v *netbsd.Iovec, n uint64) { v.Len = uint32(n) }
