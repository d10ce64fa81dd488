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

// readingMemory is what a kernel gets that only reads: files are read once, and to
// keep them takes longer than to read them again from the host's cache.
const readingMemory = "32m"

// A Server is a NetBSD kernel of its own that has mounted an image.
type Server struct {
	*Mounted
	kernel *rump.Kernel
	image  ImageFile // which the kernel opens again
}

var _ WriteVolume = (*Server)(nil)

// Boot boots the kernel that is below prefix, or where the system has it, and
// mounts the image there, with MNT_* flags.
func Boot(ctx context.Context, prefix, image string, flags int32) (_ *Server, err error) {
	s := new(Server)
	// Of a file that may not be written, the kernel would say EINVAL.
	if s.image, err = OpenImage(image, flags&netbsd.MNT_RDONLY == 0); err != nil {
		return nil, err
	}
	if err := s.boot(ctx, prefix, image, flags); err != nil {
		_ = s.image.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) boot(ctx context.Context, prefix, image string, flags int32) error {
	path, err := filepath.Abs(image)
	if err != nil {
		return onHost(image, err)
	}
	cfg := rump.Config{Prefix: prefix, Components: []string{"ffs"}, Disks: []rump.Disk{{Name: device, Path: path}}}
	if flags&netbsd.MNT_RDONLY != 0 {
		cfg.Memory = readingMemory
	}
	s.kernel, err = rump.New(cfg)
	if err != nil {
		return err
	}
	if s.Mounted, err = Mount(ctx, s.kernel, "ffs", device, flags); err != nil {
		_ = s.kernel.Close() // which fails for the same reason, if it does
		return &os.PathError{Op: "mount", Path: Visible(image), Err: err}
	}
	return nil
}

// Close unmounts the image and ends the kernel.
func (s *Server) Close() error {
	return errors.Join(s.Mounted.Close(), s.kernel.Close(), s.image.Close())
}
