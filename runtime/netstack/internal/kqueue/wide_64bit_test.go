//go:build amd64 || arm64

package kqueue_test

import "github.com/abigen/abigen/netbsd"

func setIdent(kev *netbsd.Kevent, ident uintptr) { kev.Ident = uint64(ident) }
