//go:build amd64 || arm64

package kqueue

import "github.com/abigen/abigen/netbsd"

func setIdent(kev *netbsd.Kevent, ident uint64) { kev.Ident = ident }
