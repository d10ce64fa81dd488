package netlink

import (
	"errors"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// A refusal is an error with words for a program that has asked for them.
type refusal struct {
	errno linux.Errno
	text  string
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.errno }

// explain returns what to answer when err has come of a request.
func explain(err error) (linux.Errno, string) {
	var lx linux.Errno
	var nb netbsd.Errno
	var refused *refusal
	switch {
	case err == nil:
		return 0, ""
	case errors.As(err, &refused):
		return refused.errno, refused.text
	case errors.As(err, &lx):
		return lx, ""
	case errors.As(err, &nb):
		if lx, ok := tolinux.Errno(nb); ok {
			return lx, ""
		}
		return linux.EIO, nb.Error()
	case errors.Is(err, abi.ErrNoCounterpart):
		return linux.EOPNOTSUPP, "NetBSD: " + err.Error()
	}
	return linux.EINVAL, err.Error()
}
