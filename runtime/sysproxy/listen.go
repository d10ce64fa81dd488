package sysproxy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// ErrPublic is the error of Listen for an address that other machines reach.
var ErrPublic = errors.New("other machines could do anything to the kernel: the protocol has no authentication")

// ListenConfig says who may connect. The zero value is for the user who
// listens, and nobody on another machine.
type ListenConfig struct {
	// Mode are the permissions of a unix socket; 0 is 0600.
	Mode os.FileMode

	// Public allows TCP addresses other than those of the loopback
	// interface.
	Public bool
}

// Listen makes the listener for a URL. A socket in the file system that nobody
// listens on any more is replaced; it is removed when the listener is closed. A
// TCP address that is not one of the loopback interface is refused with ErrPublic,
// but for Public.
func (lc ListenConfig) Listen(url string) (net.Listener, error) {
	u, err := ParseURL(url)
	if err != nil {
		return nil, err
	}
	if u.Network == "unix" {
		l, err := lc.listenUnix(u.Address)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", u, err)
		}
		return l, nil
	}
	if ap, err := netip.ParseAddrPort(u.Address); (err != nil || !ap.Addr().IsLoopback()) && !lc.Public {
		return nil, fmt.Errorf("%v: %w", u, ErrPublic)
	}
	return net.Listen(u.Network, u.Address)
}

// listenUnix makes the socket in a directory that nobody else may enter, and
// moves it when it has its permissions.
func (lc ListenConfig) listenUnix(path string) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	private := filepath.Join(dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: private, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	mode := lc.Mode
	if mode == 0 {
		mode = 0o600
	}
	err = os.Chmod(private, mode)
	if err == nil {
		err = os.Link(private, path)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		l.Close()
		return nil, err
	}
	return &unixListener{UnixListener: l, path: path, info: info}, nil
}

// removeStale removes a socket on which nobody listens.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != os.ModeSocket:
		return fmt.Errorf("there is a file of that name already, and it is no socket")
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		c.Close()
		return errors.New("somebody listens there already")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}

// A unixListener removes its socket when it is closed.
type unixListener struct {
	*net.UnixListener
	path  string
	info  os.FileInfo
	close sync.Once
}

// Addr returns the address of the socket, by the name it has now.
func (l *unixListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// Close implements [net.Listener].
func (l *unixListener) Close() error {
	err := l.UnixListener.Close()
	l.close.Do(func() {
		if info, err := os.Lstat(l.path); err == nil && os.SameFile(info, l.info) {
			_ = os.Remove(l.path)
		}
	})
	return err
}
