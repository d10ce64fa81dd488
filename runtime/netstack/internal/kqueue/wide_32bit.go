//go:build 386 || arm

package kqueue

import "github.com/abigen/abigen/netbsd"

func setIdent(kev *netbsd.Kevent, ident uint64) { kev.Ident = uint32(ident) }
