package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/fdbased"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"github.com/abigen/abigen/internal/iperf"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/tap"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// tapChild is set in the process that measures taps, which has a network of its
// own.
const tapChild = "ABIGEN_NETBENCH_TAP"

// tapRates prints how fast iperf3 is with what is at the other end of a tap, and
// with another host over veth.
func tapRates(ctx context.Context, o options, stdout io.Writer) error {
	fmt.Fprintln(stdout)
	if _, err := exec.LookPath("iperf3"); err != nil {
		fmt.Fprintln(stdout, "iperf3 through a tap: left out: iperf3 is not installed")
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, "-rounds", strconv.Itoa(max(1, o.rounds/3)))
	cmd.Env = append(os.Environ(), tapChild+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	cmd.Stdout, cmd.Stderr = stdout, os.Stderr
	err = cmd.Run()
	if errors.Is(err, syscall.EPERM) {
		fmt.Fprintln(stdout, "iperf3 through a tap: left out: no right to make a network namespace")
		return nil
	}
	return err
}

// A peer is what iperf3 is measured with.
type peer struct {
	name string
	addr string // of its server
}

// measureTaps is the process with a network of its own.
func measureTaps(ctx context.Context, o options, stdout io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var peers []peer
	for _, p := range []struct {
		name  string
		start func(ctx context.Context, net byte) (closer func(), err error)
	}{
		{"virt", embeddedOnTap}, {"gonet", gonetOnTap}, {"veth", otherHost},
	} {
		net := byte(len(peers) + 1)
		closer, err := p.start(ctx, net)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		defer func() {
			stop() // that it ends is no error
			closer()
		}()
		peers = append(peers, peer{p.name, fmt.Sprintf("10.99.%d.1", net)})
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "iperf3, Mbit/s\t")
	for _, p := range peers {
		fmt.Fprint(w, p.name, "\t")
	}
	for _, p := range peers[1:] {
		fmt.Fprint(w, "to ", p.name, "\t")
	}
	fmt.Fprintln(w)
	for _, row := range []struct{ name, args string }{
		{"host to stack", ""}, {"stack to host", "-R"}, {"host to stack, 4 streams", "-P 4"}, {"stack to host, 4 streams", "-R -P 4"},
	} {
		figures := make([][]float64, len(peers))
		for range o.rounds {
			for i, p := range peers {
				f, err := runIperf(ctx, p.addr, row.args)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", row.name, p.name, err)
				}
				figures[i] = append(figures[i], f)
			}
		}
		fmt.Fprint(w, row.name, "\t")
		for _, f := range figures {
			fmt.Fprint(w, format(median(f)*1e-6), "\t")
		}
		for _, f := range figures[1:] {
			fmt.Fprintf(w, "%.2f\t", median(figures[0])/median(f))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// runIperf returns how many bits a second arrive.
func runIperf(ctx context.Context, addr, args string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "iperf3", append([]string{"-J", "-t", "1", "-c", addr}, strings.Fields(args)...)...).Output()
	var r struct {
		Error string
		End   struct {
			Received struct {
				Bits float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		}
	}
	if jerr := json.Unmarshal(out, &r); err == nil {
		err = jerr
	}
	if r.Error != "" {
		return 0, errors.New(r.Error)
	}
	return r.End.Received.Bits, err
}

func ip(words string, args ...any) error {
	words = fmt.Sprintf(words, args...)
	if out, err := exec.Command("ip", strings.Fields(words)...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", words, err, out)
	}
	return nil
}

// hostEnd gives the host's end of a link its address.
func hostEnd(name string, net byte) error {
	return errors.Join(ip("addr add 10.99.%d.2/24 dev %s", net, name), ip("link set %s up", name))
}

// serveIperf serves in the background.
func serveIperf(ctx context.Context, l net.Listener) {
	go func() {
		report := func(err error) {
			if ctx.Err() == nil {
				fmt.Fprintln(os.Stderr, "netbench:", err)
			}
		}
		if err := iperf.Serve(ctx, l, report); err != nil {
			report(err)
		}
	}()
}

// embeddedOnTap starts an embedded kernel with virt0.
func embeddedOnTap(ctx context.Context, net byte) (func(), error) {
	name := fmt.Sprintf("tap%d", net)
	k, err := netstack.New(netstack.Config{Host: &hypercall.Host{
		Network: hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) { return tap.Open(name) }),
	}})
	if err != nil {
		return nil, err
	}
	c, err := netcfg.Open(k)
	if err != nil {
		return nil, err
	}
	addr := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 99, net, 1}), 24)
	err = errors.Join(
		c.SetInt(ctx, "net.inet.ip.dad_count", 0),
		c.CreateInterface(ctx, "virt0"),
		c.AddAddress(ctx, "virt0", addr),
		limitBuffers(k, gvisorBuffers),
		hostEnd(name, net),
	)
	if err != nil {
		return nil, err
	}
	n, err := nbsock.New(k, nbsock.Config{})
	if err != nil {
		return nil, err
	}
	l, err := n.Listen("tcp", ":5201")
	if err != nil {
		return nil, err
	}
	serveIperf(ctx, l)
	return func() { _ = k.Close() }, nil
}

// gonetOnTap starts a stack of gVisor's with its own link endpoint on a tap.
func gonetOnTap(ctx context.Context, net byte) (func(), error) {
	name := fmt.Sprintf("tap%d", net)
	fd, err := openTap(name)
	if err != nil {
		return nil, err
	}
	link, err := fdbased.New(&fdbased.Options{
		FDs: []int{fd}, MTU: 1500, EthernetHeader: true, Address: tcpip.LinkAddress([]byte{2, 0, 0, 0, 0, net}),
	})
	if err != nil {
		return nil, err
	}
	l, closer, err := gonetListener(link, [4]byte{10, 99, net, 1})
	if err != nil {
		return nil, err
	}
	if err := hostEnd(name, net); err != nil {
		return nil, err
	}
	serveIperf(ctx, l)
	return closer, nil
}

func openTap(name string) (int, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return -1, err
	}
	ifr.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	return fd, unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
}

func gonetListener(link stack.LinkEndpoint, a [4]byte) (net.Listener, func(), error) {
	const nic = 1
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
		HandleLocal:        true,
	})
	if err := s.CreateNIC(nic, link); err != nil {
		return nil, nil, errors.New(err.String())
	}
	sack := tcpip.TCPSACKEnabled(true) // as the embedded kernel has it
	if err := s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack); err != nil {
		return nil, nil, errors.New(err.String())
	}
	addr := tcpip.AddrFrom4(a)
	prefix := tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: tcpip.AddressWithPrefix{Address: addr, PrefixLen: 24}}
	if err := s.AddProtocolAddress(nic, prefix, stack.AddressProperties{}); err != nil {
		return nil, nil, errors.New(err.String())
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}})
	l, err := gonet.ListenTCP(s, tcpip.FullAddress{NIC: nic, Addr: addr, Port: 5201}, ipv4.ProtocolNumber)
	return l, s.Destroy, err
}

// otherHost starts iperf3 in another network namespace.
func otherHost(ctx context.Context, net byte) (func(), error) {
	cmd := exec.CommandContext(ctx, "sh", "-c", "echo; read _; exec iperf3 -s > /dev/null")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := bufio.NewReader(out).ReadByte(); err != nil {
		return nil, err
	}
	pid := cmd.Process.Pid
	there := func(words string, args ...any) error {
		words = fmt.Sprintf(words, args...)
		if out, err := exec.Command("nsenter", append([]string{fmt.Sprintf("--net=/proc/%d/ns/net", pid), "ip"}, strings.Fields(words)...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", words, err, out)
		}
		return nil
	}
	err = errors.Join(
		ip("link add veth0 type veth peer name veth1 netns %d", pid),
		hostEnd("veth0", net),
		there("addr add 10.99.%d.1/24 dev veth1", net),
		there("link set veth1 up"),
	)
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(in, "\n")
	for deadline := time.Now().Add(10 * time.Second); err == nil && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if _, probe := runIperf(ctx, fmt.Sprintf("10.99.%d.1", net), "-n 1K"); probe == nil {
			break
		}
	}
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}, err
}
