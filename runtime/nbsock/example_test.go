package nbsock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netstack"
)

// start boots a kernel and starts a process in it.
func start() (n *nbsock.Net, stop func()) {
	k, err := netstack.New(netstack.Config{})
	if err != nil {
		log.Fatal(err)
	}
	if n, err = nbsock.New(k, nbsock.Config{}); err != nil {
		log.Fatal(err)
	}
	return n, func() { _ = errors.Join(n.Close(), k.Close()) }
}

// An HTTP server and a client, both in the kernel.
func Example() {
	n, stop := start()
	defer stop()
	ln, err := n.Listen("tcp", "127.0.0.1:80")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	go func() {
		_ = http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprintf(w, "you asked %s for %s\n", r.Host, r.URL.Path)
		}))
	}()

	client := &http.Client{Transport: &http.Transport{DialContext: n.DialContext}}
	resp, err := client.Get("http://127.0.0.1/index.html")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s", resp.Status, body)
	// Output: 200 OK: you asked 127.0.0.1 for /index.html
}

// Errors are NetBSD's, in those of package net.
func ExampleNet_Dial() {
	n, stop := start()
	defer stop()
	_, err := n.Dial("tcp", "127.0.0.1:9")
	fmt.Println(err)
	fmt.Println(errors.Is(err, netbsd.ECONNREFUSED))
	// Output:
	// dial tcp 127.0.0.1:9: connect: Connection refused
	// true
}

// Options are set before a socket is bound.
func ExampleListenConfig() {
	n, stop := start()
	defer stop()
	lc := nbsock.ListenConfig{
		Net:     n,
		Backlog: 16,
		Control: func(_ context.Context, _, _ string, s *nbsock.Socket) error {
			return s.SetsockoptInt(netbsd.SOL_SOCKET, netbsd.SO_REUSEPORT, 1)
		},
	}
	for range 2 {
		ln, err := lc.Listen(context.Background(), "tcp4", "127.0.0.1:8080")
		if err != nil {
			log.Fatal(err)
		}
		defer func() { _ = ln.Close() }()
		fmt.Println(ln.Addr())
	}
	// Output:
	// 127.0.0.1:8080
	// 127.0.0.1:8080
}

// A connection has a file name for its address, in the kernel's file system.
func ExampleDialer() {
	n, stop := start()
	defer stop()
	ln, err := n.Listen("unix", "/echo")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	go func() {
		if c, err := ln.Accept(); err == nil {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}
	}()
	d := nbsock.Dialer{Net: n, Timeout: time.Second}
	c, err := d.Dial("unix", "/echo")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, "hello"); err != nil {
		log.Fatal(err)
	}
	if err := c.(*nbsock.Conn).CloseWrite(); err != nil {
		log.Fatal(err)
	}
	echo, err := io.ReadAll(c)
	fmt.Println(string(echo), err)
	// Output: hello <nil>
}

// Reads give up at a deadline.
func ExampleConn() {
	n, stop := start()
	defer stop()
	ln, err := n.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	c, err := n.Dial("tcp", ln.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		log.Fatal(err)
	}
	_, err = c.Read(make([]byte, 1))
	var ne net.Error
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &ne) && ne.Timeout())
	// Output: true true
}
