package fs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// startWithin is how long a kernel may take to boot.
const startWithin = time.Minute

// device is what the image is in the kernel.
const device = "/dev/image"

// A Server is a NetBSD kernel of its own, a rump_server, that has mounted an image.
type Server struct {
	*Mounted
	dir     string // of the socket and of what the kernel prints
	cmd     *exec.Cmd
	exited  chan struct{}
	client  *sysproxy.Client
	console string // a file
}

var _ WriteVolume = (*Server)(nil)

// Boot starts the kernel below prefix, where bin/rump_server is, and mounts the
// image there, with MNT_* flags.
func Boot(ctx context.Context, prefix, image string, flags int32) (*Server, error) {
	// The kernel says EINVAL of whatever is wrong with the file.
	mode := os.O_RDWR
	if flags&netbsd.MNT_RDONLY != 0 {
		mode = os.O_RDONLY
	}
	f, err := os.OpenFile(image, mode, 0)
	if err != nil {
		return nil, err
	}
	_ = f.Close()
	dir, err := os.MkdirTemp("", "nbnet-fs")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, console: filepath.Join(dir, "console"), exited: make(chan struct{})}
	if err := s.boot(ctx, prefix, image, flags); err != nil {
		return nil, errors.Join(s.explain(err), s.halt())
	}
	return s, nil
}

func (s *Server) boot(ctx context.Context, prefix, image string, flags int32) error {
	image, err := filepath.Abs(image)
	if err != nil {
		return err
	}
	// A comma in the path would end it.
	link := filepath.Join(s.dir, "image")
	if err := os.Symlink(image, link); err != nil {
		return err
	}
	log, err := os.Create(s.console)
	if err != nil {
		return err
	}
	defer log.Close()
	url := "unix://" + filepath.Join(s.dir, "kernel")
	s.cmd = exec.Command(filepath.Join(prefix, "bin", "rump_server"), "-s",
		"-lrumpvfs", "-lrumpdev", "-lrumpdev_disk", "-lrumpfs_ffs",
		"-d", "key="+device+",hostpath="+link+",size=host", url)
	s.cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Join(prefix, "lib"))
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.start(); err != nil {
		return err
	}
	if s.client, err = s.dial(ctx, url); err != nil {
		return fmt.Errorf("the kernel does not start: %w", err)
	}
	if s.Mounted, err = Mount(ctx, s.client, "ffs", device, flags); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	return nil
}

// start starts the process, which ends with this one. That goes by the thread which
// has started it, so that thread waits for it.
func (s *Server) start() error {
	s.cmd.SysProcAttr = endWithUs()
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait() // it is killed in the end
			close(s.exited)
		}
	}()
	err := <-started
	if err != nil {
		s.cmd = nil
	}
	return err
}

// dial connects to the kernel as soon as it listens.
func (s *Server) dial(ctx context.Context, url string) (*sysproxy.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		k, err := sysproxy.Dial(ctx, url)
		if err == nil {
			return k, nil
		}
		select {
		case <-s.exited:
			return nil, errors.New("it has ended")
		case <-ctx.Done():
			return nil, err
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// explain says of an error that the kernel has ended, if that is why, and adds
// what it has said last.
func (s *Server) explain(err error) error {
	var lost *sysproxy.ConnError
	if s.cmd != nil && errors.As(err, &lost) {
		select {
		case <-s.exited:
			err = fmt.Errorf("the kernel has crashed (%v)", s.cmd.ProcessState)
		case <-time.After(endWithin): // it is there, but does not talk
		}
	}
	b, _ := os.ReadFile(s.console)
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return fmt.Errorf("%w; its last words: %s", err, visible(last))
	}
	return err
}

// endWithin is how long the end of a kernel may come after that of its connections.
const endWithin = 5 * time.Second

// Explain returns the error of what has been done with the volume, with what the
// kernel has to do with it.
func (s *Server) Explain(err error) error {
	var lost *sysproxy.ConnError
	if errors.As(err, &lost) {
		return s.explain(err)
	}
	return err
}

// Close unmounts the image and ends the kernel.
func (s *Server) Close() error {
	err := s.Mounted.Close()
	if e := s.halt(); err == nil {
		err = e
	}
	return err
}

// halt ends the kernel as it is.
func (s *Server) halt() error {
	if s.client != nil {
		_ = s.client.Close() // it is the last client, and what has not been done never will
	}
	if s.cmd != nil {
		_ = s.cmd.Process.Kill() // it may have ended
		<-s.exited
	}
	return os.RemoveAll(s.dir)
}
