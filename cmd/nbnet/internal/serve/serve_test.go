package serve

import (
	"io"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/runtime/nbsock"
)

// The example of a router is what its text says.
func TestExample(t *testing.T) {
	c, err := ReadFile("../../../../examples/router/router.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if len(c.Interfaces) != 2 || c.Sysctl["net.inet.ip.forwarding"] != "1" || c.Interfaces[1].Addresses[1].String() != "fd02::1/64" {
		t.Errorf("%+v", c)
	}
}

// The short forms of interfaces and routes.
func TestUnmarshalText(t *testing.T) {
	var i Interface
	if err := i.UnmarshalText([]byte("virt0=tap:fd:3,10.0.0.1/24,fd00::1/64,mtu=9000,lladdr=b2:a0:00:00:00:01")); err != nil {
		t.Fatal(err)
	}
	want := Interface{Name: "virt0", Tap: "fd:3", MTU: 9000, LLAddr: "b2:a0:00:00:00:01"}
	for _, s := range []string{"10.0.0.1/24", "fd00::1/64"} {
		var a Address
		if err := a.UnmarshalText([]byte(s)); err != nil {
			t.Fatal(err)
		}
		want.Addresses = append(want.Addresses, a)
	}
	if diff := cmp.Diff(want, i, cmp.Comparer(func(a, b Address) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	for to, dst := range map[string]string{
		"default=10.0.0.1": "0.0.0.0/0", "default=fe80::1%virt0": "::/0", "10.0.0.1=virt0": "10.0.0.1/32", "fd00::/8=fd01::1": "fd00::/8",
	} {
		var r Route
		if err := r.UnmarshalText([]byte(to)); err != nil {
			t.Error(err)
		}
		if p, err := r.prefix(); err != nil || p.String() != dst {
			t.Errorf("%s leads to %v, %v", to, p, err)
		}
	}
}

// With sockin, a kernel's server is one of the host's.
func TestSockin(t *testing.T) {
	k, err := Boot(t.Context(), &Config{Sockin: true, Listen: []string{"unix:///x"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	n, err := nbsock.New(k, nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := n.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, "hello")
		_ = c.Close()
	}()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if b, err := io.ReadAll(c); err != nil || string(b) != "hello" {
		t.Errorf("%q, %v", b, err)
	}
}
