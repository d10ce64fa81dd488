package netstack_test

import (
	"io"
	"net"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// BenchmarkSockin measures TCP between a program and one on this machine: on the
// kernel, and next to it with package net instead.
func BenchmarkSockin(b *testing.B) {
	for _, row := range []struct {
		name string
		size int
		run  func(b *testing.B, peer *net.TCPConn, size int, rw io.ReadWriter)
	}{
		{"send", 64 << 10, benchSend},
		{"receive", 64 << 10, benchReceive},
		{"roundtrip", 64, benchRoundTrip},
	} {
		b.Run(row.name+"/kernel", func(b *testing.B) {
			h := newProgram(b, newSockin(b))
			fd, peer := h.hostPair()
			row.run(b, peer, row.size, &descriptor{h, fd, h.put(make([]byte, row.size))})
		})
		b.Run(row.name+"/net", func(b *testing.B) {
			ln, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			c, err := net.Dial("tcp4", ln.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			peer, err := ln.Accept()
			if err != nil {
				b.Fatal(err)
			}
			row.run(b, peer.(*net.TCPConn), row.size, c)
			_, _, _ = ln.Close(), c.Close(), peer.Close()
		})
	}
}

func benchSend(b *testing.B, peer *net.TCPConn, size int, rw io.ReadWriter) {
	done := make(chan struct{})
	go func() {
		_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{peer}, make([]byte, 128<<10))
		close(done)
	}()
	p := make([]byte, size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rw.Write(p); err != nil {
			b.Fatal(err)
		}
	}
	_ = peer.CloseRead()
	_ = peer.Close()
	<-done
}

func benchReceive(b *testing.B, peer *net.TCPConn, size int, rw io.ReadWriter) {
	done := make(chan struct{})
	go func() {
		p := make([]byte, 128<<10)
		for {
			if _, err := peer.Write(p); err != nil {
				break
			}
		}
		close(done)
	}()
	p := make([]byte, size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.ReadFull(rw, p); err != nil {
			b.Fatal(err)
		}
	}
	_ = peer.Close()
	<-done
}

func benchRoundTrip(b *testing.B, peer *net.TCPConn, size int, rw io.ReadWriter) {
	go func() { _, _ = io.Copy(struct{ io.Writer }{peer}, struct{ io.Reader }{peer}) }()
	p := make([]byte, size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rw.Write(p); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(rw, p); err != nil {
			b.Fatal(err)
		}
	}
	_ = peer.Close()
}

// A descriptor reads and writes what is at an address, which is as good as any.
type descriptor struct {
	*host
	fd int32
	at abi.Addr
}

func (d *descriptor) Read(p []byte) (int, error) {
	return syscalls.Read(d.Context(), d, d.fd, d.at, uint(len(p)))
}

func (d *descriptor) Write(p []byte) (int, error) {
	return syscalls.Write(d.Context(), d, d.fd, d.at, uint(len(p)))
}
