//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// programs are what the test's executable can be: ordinary programs, which do
// not know on what network they run. An error is said and makes the exit code 1.
var programs = map[string]func(args []string) error{
	"tcp":     tcpProgram,
	"udp":     udpProgram,
	"refused": refusedProgram,
	"host":    hostProgram,
	"http":    httpProgram,
	"addresses": func([]string) error {
		list, err := net.InterfaceAddrs()
		for _, a := range list {
			fmt.Println(a)
		}
		return err
	},
	"odd": oddProgram,

	"many":      manyProgram,
	"echo":      echoProgram,
	"hostile":   hostileProgram,
	"supervise": superviseProgram,
	"family":    familyProgram,
	"daemon":    daemonProgram,
	"families":  familiesProgram,
	"local":     localProgram,

	"rights":         rightsProgram,
	"send rights":    sendRightsProgram,
	"receive rights": receiveRightsProgram,
	"pass to host":   passToHostProgram,
	"write and end":  writeAndEndProgram,
	"who":            whoProgram,
	"serve once":     serveOnceProgram,
}

// within bounds what must not take forever.
const within = 30 * time.Second

// tcpProgram is server and client of a connection that is closed one half at a
// time.
func tcpProgram([]string) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- serveReversed(ln) }()
	c, err := net.DialTimeout("tcp", ln.Addr().String(), within)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(within))
	if c.RemoteAddr().String() != ln.Addr().String() {
		return fmt.Errorf("connected to %v, not %v", c.RemoteAddr(), ln.Addr())
	}
	text := strings.Repeat("there and back, ", 1<<16)
	go func() {
		_, _ = io.WriteString(c, text)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil {
		return err
	}
	if string(got) != text {
		return fmt.Errorf("%d bytes have come back, not the %d that were sent", len(got), len(text))
	}
	return <-served
}

// serveReversed accepts a connection, and sends back what comes when all has
// come.
func serveReversed(ln net.Listener) error {
	c, err := ln.Accept()
	if err != nil {
		return err
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	if err != nil {
		return err
	}
	_, err = c.Write(b)
	return err
}

func udpProgram([]string) error {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(b[:n], from)
		}
	}()
	c, err := net.Dial("udp", server.LocalAddr().String())
	if err != nil {
		return err
	}
	_ = c.SetDeadline(time.Now().Add(within))
	for _, size := range []int{1, 0, 1400, 65000} {
		sent := strings.Repeat("x", size)
		if _, err := io.WriteString(c, sent); err != nil {
			return err
		}
		b := make([]byte, 1<<16)
		n, err := c.Read(b)
		if err != nil {
			return fmt.Errorf("%d bytes: %w", size, err)
		}
		if string(b[:n]) != sent {
			return fmt.Errorf("%d bytes for %d", n, size)
		}
	}
	return nil
}

func refusedProgram([]string) error {
	_, err := net.DialTimeout("tcp", "127.0.0.1:9", within)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("not refused: %w", err)
	}
	return nil
}

// hostProgram fails to reach a server of the host.
func hostProgram(args []string) error {
	c, err := net.DialTimeout("tcp", args[0], within)
	if err == nil {
		_ = c.Close()
		return errors.New("the host's network is reached")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return nil
}

// httpProgram serves pages and asks for them.
func httpProgram([]string) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })}
	go func() { _ = s.Serve(ln) }()
	c := http.Client{Timeout: within}
	failed := make(chan error, 100)
	for i := range cap(failed) {
		go func() {
			want := fmt.Sprintf("/%d", i)
			r, err := c.Get("http://" + ln.Addr().String() + want)
			if err != nil {
				failed <- err
				return
			}
			defer r.Body.Close()
			got, err := io.ReadAll(r.Body)
			if err == nil && string(got) != want {
				err = fmt.Errorf("the page is %q", got)
			}
			failed <- err
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			return err
		}
	}
	fmt.Println(cap(failed), "pages")
	return s.Close()
}
