package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/serve"
	"github.com/abigen/abigen/runtime/kernel"
)

// serveFlags are what the command line has on top of a file.
type serveFlags struct {
	file, kernel, release, hostname, mode string
	rump                                  string
	components, ifaces, routes, sysctls   []string
	public                                bool
}

func (a *app) serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve [flags] [URL...]",
		Short: "Run a kernel, and serve its system calls",
		Long: `Serve boots a kernel, gives it interfaces, addresses, routes and variables, and lets
clients make system calls in it: the other commands of nbnet, and whatever is linked with
NetBSD's librumpclient or run under its librumphijack. It runs until it gets SIGINT or SIGTERM,
or a client halts the kernel, and then removes its sockets and its taps, and with these the
host's routes through them.

A URL is unix:///PATH, or tcp://ADDRESS:PORT. Whoever can connect is the superuser of the
kernel: the protocol has no passwords. A socket in the file system is for its owner only,
unless --socket-mode says otherwise; TCP addresses that other machines reach take --public.

An interface is virt0=tap:NAME, an Ethernet with the host through the tap NAME, which is made
unless it is there, or fd:N for a descriptor handed in; or shmif0=bus:FILE, an Ethernet with all
kernels that have this file as their bus. NAME:COUNT is a tap with so many queues, and fd:N:N...
are a descriptor for each. Behind it come, with commas, addresses with the
length of their prefix, mtu=N, and lladdr=ADDRESS. With sockin in place of interfaces the kernel
has no network of its own: its TCP and UDP sockets are the host's.

With --kernel rump it is NetBSD's own kernel that is served, if its libraries are there: a rump
kernel. It has what the options ask for, and with --component what else its libraries have, such
as npf, bridge or gif.

A route is NETWORK/LEN=GATEWAY, ADDRESS=GATEWAY or default=GATEWAY; in place of the gateway's
address the name of an interface makes the destinations its neighbors.

All of it may stand in a file, in YAML. Flags add to it, or take the place of what there can
be one of:

  listen: [unix:///tmp/router]     # URLs
  hostname: router
  release: 10.1
  socket_mode: 0660
  public: false
  sysctl:
    net.inet.ip.forwarding: 1
  interfaces:                      # or sockin: true
    - name: virt0
      tap: tap0
      addresses: [10.1.0.1/24, "fd01::1/64"]
      mtu: 9000
      lladdr: b2:a0:00:00:00:01
    - shmif0=bus:/tmp/bus,10.2.0.1/24
  routes:
    - {to: 192.0.2.0/24, via: 10.2.0.2}
    - default=10.1.0.254`,
		Example: `  nbnet serve --iface virt0=tap:tap0,10.0.0.1/24,fd00::1/64 unix:///tmp/kernel
  nbnet serve --sysctl net.inet.ip.forwarding=1 \
      --iface virt0=tap:left,10.1.0.1/24 --iface shmif0=bus:/tmp/bus,10.2.0.1/24 \
      --route default=10.1.0.254 unix:///tmp/router
  nbnet serve --file router.yaml`,
		GroupID: kernels,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := f.config(args)
			if err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(a.stderr, nil))
			return serve.Run(cmd.Context(), cfg, nil, log, func(k kernel.Kernel) { a.serving(cfg, k) })
		},
	}
	fl := cmd.Flags()
	f.kernelFlags(cmd)
	fl.StringVar(&f.mode, "socket-mode", "", "the permissions of the socket, an octal `number` (default 0600)")
	fl.BoolVar(&f.public, "public", false, "allow TCP addresses that other machines reach")
	return cmd
}

// kernelFlags are those that say which kernel to boot, and with what.
func (f *serveFlags) kernelFlags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVarP(&f.file, "file", "f", "", "read what to do from this `file` first")
	fl.StringVar(&f.kernel, "kernel", "", "the `kind` of kernel: embedded, or rump, which is NetBSD's own (default embedded)")
	fl.StringVar(&f.rump, "rump", "", "the `directory` whose lib has NetBSD's own kernel (default: $RUMP_PREFIX, or where libraries are)")
	fl.StringArrayVar(&f.components, "component", nil, "a part of NetBSD's own kernel to load besides, as npf, by `NAME`; may be repeated")
	fl.StringVar(&f.release, "release", "", "the `version` of NetBSD whose interface the kernel has: 10.1 or 7.99.34 (default 10.1)")
	fl.StringVar(&f.hostname, "hostname", "", "the `name` of the kernel (default: as the host)")
	fl.StringArrayVar(&f.ifaces, "iface", nil, "an interface, `INTERFACE`=tap:NAME or =bus:FILE, with addresses, or sockin; may be repeated")
	fl.StringArrayVar(&f.routes, "route", nil, "a route, `DESTINATION=GATEWAY`; may be repeated")
	fl.StringArrayVar(&f.sysctls, "sysctl", nil, "a variable, `NAME=VALUE`; may be repeated")
}

// given tells whether any of kernelFlags was.
func (f *serveFlags) given() bool {
	return f.file+f.kernel+f.rump+f.release+f.hostname != "" || len(f.components)+len(f.ifaces)+len(f.routes)+len(f.sysctls) > 0
}

// config puts file and flags together, for a kernel that is served.
func (f *serveFlags) config(urls []string) (*serve.Config, error) {
	cfg, err := f.read(urls)
	if err != nil {
		return nil, err
	}
	if url := os.Getenv("RUMP_SERVER"); len(cfg.Listen) == 0 && url != "" {
		cfg.Listen = []string{url}
	}
	if err := cfg.CheckListen(); err != nil {
		return nil, command.Usage("", "%v", err)
	}
	return cfg, nil
}

// read puts file and flags together.
func (f *serveFlags) read(urls []string) (*serve.Config, error) {
	cfg := new(serve.Config)
	if f.file != "" {
		var err error
		if cfg, err = serve.ReadFile(f.file); err != nil {
			return nil, err
		}
	}
	for flag, to := range map[*string]*string{&f.kernel: &cfg.Kernel, &f.rump: &cfg.Rump, &f.release: &cfg.Release, &f.hostname: &cfg.Hostname, &f.mode: &cfg.SocketMode} {
		if *flag != "" {
			*to = *flag
		}
	}
	cfg.Listen = append(cfg.Listen, urls...)
	cfg.Set = f.sysctls
	cfg.Components = append(cfg.Components, f.components...)
	cfg.Public = cfg.Public || f.public
	for _, s := range f.ifaces {
		if err := cfg.AddInterface(s); err != nil {
			return nil, command.Usage("", "%v", err)
		}
	}
	for _, s := range f.routes {
		var r serve.Route
		if err := r.UnmarshalText([]byte(s)); err != nil {
			return nil, command.Usage("", "%v", err)
		}
		cfg.Routes = append(cfg.Routes, r)
	}
	if err := cfg.Check(); err != nil {
		return nil, command.Usage("", "%v", err)
	}
	return cfg, nil
}

// serving says that clients can connect.
func (a *app) serving(cfg *serve.Config, k kernel.Kernel) {
	if a.json {
		_ = json.NewEncoder(a.stdout).Encode(struct {
			Listen  []string `json:"listen"`
			Release string   `json:"release"`
			PID     int      `json:"pid"`
		}{cfg.Listen, k.Release().Version, os.Getpid()})
		return
	}
	for _, url := range cfg.Listen {
		fmt.Fprintf(a.stderr, "nbnet: NetBSD %s at %s\n", k.Release().Version, url)
	}
}
