package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"time"

	"github.com/abigen/abigen/runtime/netstack"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// serveCommand makes this program a server of a kernel at a URL, which is its
// other argument.
const serveCommand = "serve-kernel"

// serveKernel is that server, until it is killed.
func serveKernel(url string) error {
	k, err := netstack.New(netstack.Config{})
	if err != nil {
		return err
	}
	l, err := sysproxy.ListenConfig{}.Listen(url)
	if err != nil {
		return err
	}
	return (&sysproxy.Server{Kernel: k}).Serve(l)
}

// A server is a process that serves a kernel.
type server struct {
	url string
	cmd *exec.Cmd
}

func startServer(ctx context.Context, socket string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{url: "unix://" + socket}
	s.cmd = exec.Command(self, serveCommand, s.url)
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for tries := 0; ; tries++ {
		c, err := sysproxy.Dial(ctx, s.url)
		if err == nil {
			return s, c.Close()
		}
		const most = 1000
		if tries == most || ctx.Err() != nil {
			return nil, errors.Join(err, s.Close())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Close kills the process.
func (s *server) Close() error {
	err := s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed
	return err
}
