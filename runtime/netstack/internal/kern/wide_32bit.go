//go:build 386 || arm

package kern

import "github.com/abigen/abigen/netbsd"

// Members that are as wide as a pointer.

func setLen(v *netbsd.Iovec, n uint64)      { v.Len = uint32(n) }
func setNsec(ts *netbsd.Timespec, ns int64) { ts.Nsec = int32(ns) }
