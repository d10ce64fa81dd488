package netstack

import (
	"errors"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/system"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/bpf"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/kqueue"
	"github.com/abigen/abigen/runtime/netstack/internal/link"
	"github.com/abigen/abigen/runtime/netstack/internal/local"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
	"github.com/abigen/abigen/runtime/netstack/internal/pipe"
	"github.com/abigen/abigen/runtime/netstack/internal/rawip"
	"github.com/abigen/abigen/runtime/netstack/internal/routesock"
	"github.com/abigen/abigen/runtime/netstack/internal/rtable"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
	"github.com/abigen/abigen/runtime/netstack/internal/sockin"
	"github.com/abigen/abigen/runtime/netstack/internal/sysctl"
	"github.com/abigen/abigen/runtime/netstack/internal/tcp"
	"github.com/abigen/abigen/runtime/netstack/internal/udp"
	"github.com/abigen/abigen/runtime/netstack/internal/vfs"
)

// New boots a kernel. It must be closed when it is no longer needed.
func New(cfg Config) (*Kernel, error) {
	if cfg.Release == nil {
		cfg.Release = kernel.NetBSD10
	}
	host, err := newMachine(system.Complete(cfg.Host))
	if err != nil {
		return nil, err
	}
	inputs := new(inet.Inputs)
	s := newStack(host, inputs)
	k := &Kernel{release: cfg.Release, host: host, stack: s, ifs: netif.New(s)}
	k.procs.Clock = host.Clock
	if err := k.boot(cfg, inputs); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

func (k *Kernel) boot(cfg Config, inputs *inet.Inputs) error {
	ifs := k.ifs
	net := &inet.Net{Stack: k.stack, Ifs: ifs, Routes: rtable.New(ifs), Params: inet.NewParams(), Inputs: inputs}
	ifs.Link, ifs.Refused = k.host.device, net.Refused4
	ifs.Nbrinfo = net.Routes.Nbrinfo
	if cfg.Hostname == "" {
		name, err := k.host.Params.Param(hypercall.ParamHostname)
		if err != nil {
			return err
		}
		cfg.Hostname = name
	}
	vars, err := sysctl.New(sysctl.Config{
		Release: cfg.Release, Hostname: cfg.Hostname, Interfaces: ifs, Processes: &k.procs, Clock: k.host.Clock, Random: k.host.random,
	})
	if err != nil {
		return err
	}
	hostname, err := vars.String("kern.hostname")
	if err != nil {
		return err
	}
	ifs.Hostname = hostname.Load
	tcps, err := tcp.New(k.stack, inet.NewTable(net))
	if err != nil {
		return err
	}
	udps := udp.New(net, cfg.Release.PktinfoV4)
	raws, err := rawip.New(net)
	if err != nil {
		return err
	}
	route := routesock.New(net.Routes, ifs, cfg.Release.Routing)
	if err := vars.Add("net.route", route.Node()); err != nil {
		return err
	}
	files := vfs.New(k.host.Clock)
	packets := bpf.New(ifs, cfg.Release)
	files.AddDevice("bpf", 0o644, bpf.Number, packets)
	if cfg.Release.BPFVariables {
		if err := vars.Add("net", packets.Node()); err != nil {
			return err
		}
	}
	k.locals = local.New(files)
	protocols := []socket.Protosw{tcps.Protosw(), udps.Protosw(), raws.Protosw()}
	inets := []socket.Domain{{Family: netbsd.AF_INET, Switch: protocols}, {Family: netbsd.AF_INET6, Switch: protocols}}
	if cfg.Sockin != nil {
		inets = sockin.Domains(cfg.Sockin)
	}
	sockets := socket.New(append(inets,
		route.Domain(),
		route.OldDomain(),
		k.locals.Domain(),
		socket.Domain{Family: netbsd.AF_ARP}, // known, but has no sockets
		link.Domain(),
	)...)
	sockets.InterfaceIoctl = ifs.Ioctl
	if err := bind(vars, ifs, net.Params, &tcps.Params, udps.Params, sockets); err != nil {
		return err
	}
	if cfg.Release.Revision != kernel.NetBSD79934.Revision {
		if err := limit(vars, &k.procs); err != nil {
			return err
		}
	}
	if err := count(vars, k.stack, ifs, udps, raws, inputs); err != nil {
		return err
	}
	if err := obey(vars, ifs, &tcps.Params); err != nil {
		return err
	}
	ifs.Notify = func(e netif.Event) {
		vars.Interface(e)
		net.Routes.Event(e)
		net.Event(e)
	}
	k.table, err = newTable(
		kern.Sysents(),
		new(pipe.Pipes).Sysents(),
		new(kqueue.Queues).Sysents(),
		vars.Sysents(),
		sockets.Sysents(),
		files.Sysents(),
	)
	if err != nil {
		return err
	}
	if err := ifs.Boot(); err != nil {
		return err
	}
	if v, err := k.host.Params.Param(hypercall.ParamVerbose); err == nil && !strings.HasPrefix(v, "0") {
		k.host.printf("NetBSD %s (embedded): %s", cfg.Release.Version, cfg.Hostname)
	}
	return nil
}

func newStack(host machine, inputs *inet.Inputs) *stack.Stack {
	return stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol, arp.NewProtocol},
		TransportProtocols: append(inputs.Factories(), inputs.TCP, icmp.NewProtocol4, icmp.NewProtocol6),
		HandleLocal:        true,
		Clock:              stackClock{host.Clock},
		SecureRNG:          host.random,
	})
}
