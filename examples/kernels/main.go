// Kernels boots two kernels, joins them by a wire in memory, gives them
// addresses and a route with NetBSD's ioctls and routing messages, and fetches a
// page over HTTP from one to the other. Each system call is shown as it crosses
// the seam to its kernel.
//
// Nothing is needed for it, no rights and no network, and nothing leaves the
// program.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"sync"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/kernel/ktrace"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kernels:", err)
		os.Exit(1)
	}
}

// The page is at an address that is not on the wire's network, so that a route
// is needed.
const (
	clientAddr = "10.0.0.1/24"
	serverAddr = "10.0.0.2/24"
	pageAddr   = "192.0.2.80/32"
)

func run(ctx context.Context, out io.Writer) (err error) {
	w := &lines{w: out}
	defer w.stop()
	hub := wire.New()
	client, err := boot(w, "client", hub)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	server, err := boot(w, "server", hub)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()

	fmt.Fprintln(w, "The client has an address, and a route to the page by way of the server:")
	err = configure(ctx, client, []string{clientAddr}, routing.Route{
		Dst: netip.MustParsePrefix(pageAddr), Gateway: netip.MustParsePrefix(serverAddr).Addr(),
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "\nThe server has two:")
	if err := configure(ctx, server, []string{serverAddr, pageAddr}); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nA page, from one to the other:")
	page, err := fetch(client, server)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nThe page: %s\n", page)
	return nil
}

// lines is a writer that two kernels can write to at once, until it is stopped:
// net/http's connections may still be closing when all else is done.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// stop makes l drop what is written to it from now on.
func (l *lines) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.w = io.Discard
}

// boot starts a kernel whose interface virt0 will be on the wire, and whose
// system calls are written to w.
func boot(w io.Writer, name string, hub *wire.Wire) (kernel.Kernel, error) {
	k, err := netstack.New(netstack.Config{
		Hostname: name,
		Host: &hypercall.Host{Network: hypercall.NetworkFunc(func(driver, _ string) (hypercall.NetworkDevice, error) {
			if driver != "virt" {
				return nil, netbsd.ENXIO
			}
			return hub.Attach(), nil
		})},
	})
	if err != nil {
		return nil, err
	}
	return ktrace.New(k, w, ktrace.Options{Prefix: "  " + name + "  ", Skip: boring}), nil
}

// boring tells of calls that say nothing about what happens.
func boring(n syscalls.Number) bool {
	switch n {
	case netbsd.SYS_getrlimit, netbsd.SYS_setrlimit, netbsd.SYS___sysctl:
		return true
	}
	return false
}

// configure makes virt0, and gives it addresses and routes. The first address
// brings it up; one that it gets from then on could not be used until the kernel
// has asked around for duplicates (netcfg's WaitAddresses waits for that). Nobody
// else on the wire has it, so dad_count is 0, and the kernel does not ask.
func configure(ctx context.Context, k kernel.Kernel, addrs []string, routes ...routing.Route) (err error) {
	c, err := netcfg.Open(k)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.CreateInterface(ctx, "virt0"); err != nil {
		return err
	}
	if err := c.SetInt(ctx, "net.inet.ip.dad_count", 0); err != nil {
		return err
	}
	for _, a := range addrs {
		if err := c.AddAddress(ctx, "virt0", netip.MustParsePrefix(a)); err != nil {
			return err
		}
	}
	for _, r := range routes {
		if err := c.AddRoute(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// fetch serves a page on one kernel and gets it on the other.
func fetch(client, server kernel.Kernel) (page string, err error) {
	sn, err := nbsock.New(server, nbsock.Config{Process: "httpd"})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, sn.Close()) }()
	cn, err := nbsock.New(client, nbsock.Config{Process: "fetch"})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, cn.Close()) }()

	host := netip.MustParsePrefix(pageAddr).Addr().String()
	l, err := sn.Listen("tcp", host+":80")
	if err != nil {
		return "", err
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello, %s, from %s", r.RemoteAddr, r.Host)
	})}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	defer func() {
		err = errors.Join(err, srv.Close())
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}()
	hc := &http.Client{Transport: &http.Transport{DialContext: cn.DialContext, DisableKeepAlives: true}}
	resp, err := hc.Get("http://" + host + "/")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}
