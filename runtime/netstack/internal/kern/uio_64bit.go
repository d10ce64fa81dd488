//go:build amd64 || arm64

package kern

import "github.com/abigen/abigen/netbsd"

func setLen(v *netbsd.Iovec, n uint64) { v.Len = n }
