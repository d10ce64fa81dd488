//go:build amd64 || arm64

package kern

import "github.com/abigen/abigen/netbsd"

// Members that are as wide as a pointer.

func setLen(v *netbsd.Iovec, n uint64)      { v.Len = n }
func setNsec(ts *netbsd.Timespec, ns int64) { ts.Nsec = ns }
