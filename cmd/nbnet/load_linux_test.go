package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// A kernel that is served has as much memory after 10,000 connections as after
// the first thousand. The server that they reach is a client of the kernel, and
// those who connect are the host's.
func TestLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("10,000 connections")
	}
	netns.Run(t, func(t *testing.T) {
		s := start(t, filepath.Join(t.TempDir(), "s"), "--iface", "virt0=tap:tap0,10.9.0.1/24",
			"--sysctl", "net.inet.ip.dad_count=0")
		netns.IP(t, "link set tap0 up")
		netns.IP(t, "addr add 10.9.0.2/24 dev tap0")
		k, err := sysproxy.Dial(t.Context(), s.url)
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		n, err := nbsock.New(k, nbsock.Config{})
		if err != nil {
			t.Fatal(err)
		}
		l, err := n.Listen("tcp", ":7")
		if err != nil {
			t.Fatal(err)
		}
		go echo(l)

		const all, batch, tolerance = 10000, 1000, 8 << 20
		var first, last uint64
		for i := range all / batch {
			if err := connect(batch); err != nil {
				t.Fatal(err)
			}
			if last = inUse(); i == 0 {
				first = last
			}
			// the server's ends of the last connections may be open for a moment
			for deadline := time.Now().Add(30 * time.Second); last > first+tolerance && time.Now().Before(deadline); last = inUse() {
				time.Sleep(100 * time.Millisecond)
			}
			if last > first+tolerance {
				t.Fatalf("%d bytes in use after %d connections, %d after the first %d", last, (i+1)*batch, first, batch)
			}
		}
		t.Logf("%d KiB in use after %d connections, %d KiB after %d", last>>10, all, first>>10, batch)
		_ = l.Close()
		_ = n.Close()
		_ = k.Close()
		s.stop()
	})
}

func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			_, _ = io.Copy(c, c)
		}()
	}
}

// connect makes n connections, 25 at a time, and talks over each.
func connect(n int) error {
	const width = 25
	errs := make(chan error, width)
	var all sync.WaitGroup
	for range width {
		all.Go(func() {
			for range n / width {
				if err := talk(); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

func talk() error {
	c, err := net.DialTimeout("tcp", "10.9.0.1:7", time.Minute)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	said := make([]byte, 2000)
	for i := range said {
		said[i] = byte(i)
	}
	if _, err := c.Write(said); err != nil {
		return err
	}
	heard := make([]byte, len(said))
	if _, err := io.ReadFull(c, heard); err != nil {
		return err
	}
	if !bytes.Equal(said, heard) {
		return fmt.Errorf("another answer")
	}
	return nil
}

// inUse returns how much memory there is that cannot be collected.
func inUse() uint64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
