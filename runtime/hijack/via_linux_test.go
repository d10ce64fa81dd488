//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/runtime/hijack"
	"github.com/abigen/abigen/runtime/hypercall/sockin"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netstack"
)

// Who answers a program is the host for what is reached by it, else the stack.
// Both have servers at the same addresses, and the host has one address more.
func TestVia(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		netns.IP(t, "addr add 192.0.2.1/32 dev lo")
		k := newKernel(t)
		program(t, k, "refused") // skips where calls cannot be caught
		n, err := nbsock.New(k, nbsock.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = n.Close() })
		there := []string{"127.0.0.1:7", "127.0.0.1:53", "[::1]:7"}
		for _, addr := range there {
			answer(t, addr, "the stack", n.Listen, n.ListenPacket)
		}
		for _, addr := range append(there, "192.0.2.1:7", "192.0.2.1:53") {
			answer(t, addr, "the host", net.Listen, net.ListenPacket)
		}
		const (
			stack = "the stack"
			host  = "the host"
			none  = "nobody"
		)
		for name, c := range map[string]struct {
			via  hijack.Via
			want []string // for the addresses above
		}{
			"nothing":  {hijack.Via{}, []string{stack, stack, stack, none, none}},
			"loopback": {hijack.Via{Loopback: true}, []string{host, host, host, none, none}},
			"dns":      {hijack.Via{DNS: true}, []string{stack, host, stack, none, host}},
			"both":     {hijack.Via{DNS: true, Loopback: true}, []string{host, host, host, none, host}},
		} {
			t.Run(name, func(t *testing.T) {
				c.via.Host = hostKernel(t)
				var args, want []string
				for i, addr := range append(there, "192.0.2.1:7", "192.0.2.1:53") {
					for _, network := range []string{"tcp", "udp"} {
						args = append(args, network, addr)
						want = append(want, fmt.Sprintf("%s %s: %s\n", network, addr, c.want[i]))
					}
				}
				cfg := hijack.Config{Args: append([]string{os.Args[0]}, args...), Env: append(os.Environ(), programName+"=who"), Via: c.via}
				stdout, stderr, code := run(t, k, cfg)
				if diff := cmp.Diff(strings.Join(want, ""), stdout); diff != "" || code != 0 {
					t.Errorf("exit code %d, %s\nwanted (-), has answered (+):\n%s", code, stderr, diff)
				}
			})
		}
		t.Run("server", func(t *testing.T) { viaServer(t) })
	})
}

// viaServer has a program listen at an address of the host, and at all of the
// stack's.
func viaServer(t *testing.T) {
	k := newKernel(t)
	n, err := nbsock.New(k, nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	for _, c := range []struct {
		addr string
		dial func(network, addr string) (net.Conn, error)
	}{{"127.0.0.1:8", net.Dial}, {"0.0.0.0:8", n.Dial}} {
		ended := make(chan error, 1)
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		go func() {
			cfg := hijack.Config{
				Args: []string{os.Args[0], c.addr}, Env: append(os.Environ(), programName+"=serve once"),
				Via: hijack.Via{Host: hostKernel(t), Loopback: true}, Stderr: os.Stderr,
			}
			_, err := hijack.Run(ctx, k, cfg)
			ended <- err
		}()
		got, err := ask(c.dial)
		if err := errors.Join(err, <-ended); err != nil || got != "the program" {
			t.Errorf("%s: %q, %v", c.addr, got, err)
		}
	}
}

func ask(dial func(network, addr string) (net.Conn, error)) (string, error) {
	for end := time.Now().Add(within); ; time.Sleep(10 * time.Millisecond) {
		c, err := dial("tcp", "127.0.0.1:8")
		if err == nil {
			defer c.Close()
			b, err := io.ReadAll(c)
			return string(b), err
		}
		if time.Now().After(end) {
			return "", err
		}
	}
}

func serveOnceProgram(args []string) error {
	ln, err := net.Listen("tcp4", args[0])
	if err != nil {
		return err
	}
	c, err := ln.Accept()
	if err != nil {
		return err
	}
	_, err = io.WriteString(c, "the program")
	return errors.Join(err, c.Close())
}

// hostKernel returns a kernel that has the host's network.
func hostKernel(t *testing.T) *netstack.Kernel {
	t.Helper()
	k, err := netstack.New(netstack.Config{Sockin: new(sockin.Host)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

// answer says who it is to all that connect, or send a datagram.
func answer(t *testing.T, addr, who string, listen func(string, string) (net.Listener, error), listenPacket func(string, string) (net.PacketConn, error)) {
	t.Helper()
	ln, err := listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, who)
			_ = c.Close()
		}
	}()
	datagrams, err := listenPacket("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = datagrams.Close() })
	go func() {
		b := make([]byte, 100)
		for {
			_, from, err := datagrams.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = datagrams.WriteTo([]byte(who), from)
		}
	}()
}

// whoProgram says who answers at addresses.
func whoProgram(args []string) error {
	for i := 0; i+1 < len(args); i += 2 {
		fmt.Printf("%s %s: %s\n", args[i], args[i+1], who(args[i], args[i+1]))
	}
	return nil
}

func who(network, addr string) string {
	c, err := net.DialTimeout(network, addr, within)
	if err != nil {
		return "nobody"
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(within))
	if network == "udp" {
		if _, err := io.WriteString(c, "who?"); err != nil {
			return err.Error()
		}
	}
	b := make([]byte, 100)
	got, err := c.Read(b)
	if err != nil {
		return err.Error()
	}
	return string(b[:got])
}
