package netlink

import (
	"context"
	"sync"

	"github.com/abigen/abigen/generated/routing/translate"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
)

// A Server has the netlink sockets of one kernel. Its methods may be used by
// several goroutines at once.
type Server struct {
	ctx    context.Context
	cancel context.CancelFunc
	cfg    *netcfg.Client
	done   chan struct{} // closed when nobody watches any more

	// mu guards what follows. It is not held while the kernel is asked.
	mu    sync.Mutex
	conns map[*Conn]bool
	ports map[port]*Conn
	next  uint32 // port to try when the wanted one is taken
}

// A port is the address of a socket.
type port struct {
	protocol int32
	id       uint32
}

// New starts a process of k, which does what programs ask for with the rights of the
// superuser, and watches for changes. It must be closed.
func New(k kernel.Kernel) (*Server, error) {
	cfg, err := netcfg.Open(k)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	w, err := cfg.Watch(ctx)
	if err != nil {
		cancel()
		_ = cfg.Close()
		return nil, err
	}
	s := &Server{
		ctx: ctx, cancel: cancel, cfg: cfg, done: make(chan struct{}),
		conns: map[*Conn]bool{}, ports: map[port]*Conn{}, next: firstPort,
	}
	go s.watch(w)
	return s, nil
}

// Close closes all sockets, and ends the process.
func (s *Server) Close() error {
	s.cancel()
	<-s.done
	s.mu.Lock()
	list := make([]*Conn, 0, len(s.conns))
	for c := range s.conns {
		list = append(list, c)
	}
	s.mu.Unlock()
	for _, c := range list {
		c.Close()
	}
	return s.cfg.Close()
}

// watch tells the members of groups what the kernel tells.
func (s *Server) watch(w *netcfg.Watcher) {
	defer close(s.done)
	defer func() { _ = w.Close() }()
	names := map[uint32]string{}
	var lost int32
	for {
		m, _, err := w.NextMessage(s.ctx)
		if err != nil {
			return // closed, or the kernel is gone
		}
		nb, err := m.Append(s.cfg.Version(), nil)
		if err != nil {
			continue
		}
		t := s.translation()
		t.links.remember(names, m)
		// Linux has no word for some.
		if lx, err := t.NotificationToLinux(nb); err == nil && lx != nil {
			s.notify(t.dress(lx))
		}
		if n, err := w.Lost(s.ctx); err == nil && n != lost {
			lost = n
			s.overrun()
		}
	}
}

// A translation is what is known of the kernel's interfaces while one message is
// translated.
type translation struct {
	translate.Translator
	links *links
}

func (s *Server) translation() *translation {
	l := &links{s: s}
	return &translation{translate.Translator{Version: s.cfg.Version(), Links: l}, l}
}

// Open makes a socket of a protocol: NETLINK_ROUTE or NETLINK_SOCK_DIAG. The error
// for others is EPROTONOSUPPORT, as where Linux is built without them.
func (s *Server) Open(protocol int32) (*Conn, error) {
	c := &Conn{server: s, protocol: protocol, rcvbuf: defaultBuffer, sndbuf: defaultBuffer, wake: make(chan struct{}, 1)}
	switch protocol {
	case linux.NETLINK_ROUTE:
		c.request, c.maxGroup = (*Conn).route, linux.RTNLGRP_MAX
	case linux.NETLINK_SOCK_DIAG:
		c.request, c.maxGroup = (*Conn).diag, linux.SKNLGRP_MAX
	default:
		return nil, linux.EPROTONOSUPPORT
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, linux.ENETDOWN
	}
	s.conns[c] = true
	return c, nil
}
