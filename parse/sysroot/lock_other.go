//go:build !unix

package sysroot

import (
	"context"
	"errors"
	"os"
)

// lockFile is not written for this system: without a lock that the system
// drops with its process, an interrupted unpacking would block all later ones.
func lockFile(_ context.Context, path string) (unlock func(), err error) {
	return nil, &os.PathError{Op: "lock", Path: path, Err: errors.ErrUnsupported}
}
