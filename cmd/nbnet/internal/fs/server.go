package fs

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/rump"
)

// device is what the image is in the kernel.
const device = "/dev/image"

// A Server is a NetBSD kernel of its own that has mounted an image.
type Server struct {
	*Mounted
	kernel *rump.Kernel
}

var _ WriteVolume = (*Server)(nil)

// Boot boots the kernel that is below prefix, or where the system has it, and
// mounts the image there, with MNT_* flags.
func Boot(ctx context.Context, prefix, image string, flags int32) (*Server, error) {
	// The kernel says EINVAL of a file that may not be written.
	mode := os.O_RDWR
	if flags&netbsd.MNT_RDONLY != 0 {
		mode = os.O_RDONLY
	}
	f, err := os.OpenFile(image, mode, 0)
	if err != nil {
		return nil, err
	}
	_ = f.Close()
	path, err := filepath.Abs(image)
	if err != nil {
		return nil, err
	}
	s := new(Server)
	s.kernel, err = rump.New(rump.Config{
		Prefix: prefix, Components: []string{"ffs"}, Disks: []rump.Disk{{Name: device, Path: path}},
	})
	if err != nil {
		return nil, err
	}
	if s.Mounted, err = Mount(ctx, s.kernel, "ffs", device, flags); err != nil {
		_ = s.kernel.Close() // which fails for the same reason, if it does
		return nil, &os.PathError{Op: "mount", Path: image, Err: err}
	}
	return s, nil
}

// Close unmounts the image and ends the kernel.
func (s *Server) Close() error {
	return errors.Join(s.Mounted.Close(), s.kernel.Close())
}
