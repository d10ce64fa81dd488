//go:build 386 || arm

package kqueue_test

import "github.com/abigen/abigen/netbsd"

func setIdent(kev *netbsd.Kevent, ident uintptr) { kev.Ident = uint32(ident) }
