//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// TestServedKernel has programs run on a kernel that is another process's.
func TestServedKernel(t *testing.T) {
	url := serve(t, newKernel(t))
	names := []string{"python3 asyncio", "nc", "nginx", "ping"}
	if testing.Short() {
		names = names[:1]
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { expect(t, dial(t, url), shows[name]) })
	}
}

// TestRealKernel has programs run on NetBSD's own kernel.
func TestRealKernel(t *testing.T) {
	if why := rump.Missing(); why != "" {
		t.Skip(why)
	}
	for name, s := range shows {
		t.Run(name, func(t *testing.T) { expect(t, dial(t, rump.ForTest(t).URL), s) })
	}
}

// A duet is two runs of programs that talk to each other. Both find a directory in
// $BOTH that they share, and the server's address in $SERVER.
type duet struct {
	needs          []string
	files          map[string]string // of the server
	server, client string            // scripts
	want           string            // a pattern of what the client prints
}

// duets end when the client has made a file.
var duets = map[string]duet{
	"http.server and wget": {
		needs: []string{"python3", "wget", "ping"},
		server: `
			echo "a page" >page
			python3 -m http.server 8000 >/dev/null 2>&1 & P=$!
			until_done`,
		client: `
			try wget -q -O page http://$SERVER:8000/page; cat page
			ping -c 1 -w 30 $SERVER | grep -c "bytes from"`,
		want: `^a page\n1\n$`,
	},
	"nginx and curl": {
		needs: []string{"nginx", "curl"},
		files: map[string]string{"nginx.conf": `
			# The directory is its owner's alone.
			user root; worker_processes 2; daemon off; pid nginx.pid; error_log stderr crit; events { worker_connections 64; }
			http {
				access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
				server { listen 8080; root .; }
			}`},
		server: `
			seq 200000 >page; cp page $BOTH/page
			nginx -p $DIR -c nginx.conf & P=$!
			until_done`,
		client: `
			try curl -fs --max-time 60 -o page http://$SERVER:8080/page
			cmp page $BOTH/page && echo same
			for i in 1 2 3 4 5; do curl -sS --max-time 60 http://$SERVER:8080/page & done | wc -l`,
		want: `^same\n1000000\n$`,
	},
	"redis": {
		needs: []string{"redis-server", "redis-cli", "redis-benchmark"},
		server: `
			redis-server --port 6380 --protected-mode no --save "" >/dev/null & P=$!
			until_done`,
		client: `
			try redis-cli -h $SERVER -p 6380 set color blue 2>/dev/null
			redis-cli -h $SERVER -p 6380 get color
			redis-benchmark -h $SERVER -p 6380 -n 500 -c 10 -q -t set | tr '\r' '\n' | grep -c "requests per second"`,
		want: `^OK\nblue\n1\n$`,
	},
	"iperf3": {
		needs: []string{"iperf3"},
		server: `
			iperf3 -s >/dev/null & P=$!
			until_done`,
		client: `
			measure() { iperf3 -c $SERVER "$@" >got 2>&1; }
			try measure -n 5M; grep -c "receiver" got
			try measure -n 5M -R; grep -c "receiver" got
			try measure -u -b 20M -n 500K; grep -c "receiver" got`,
		want: `^1\n1\n1\n$`,
	},
}

// perform runs a duet.
func perform(t *testing.T, server, client kernel.Kernel, addr string, d duet) {
	t.Helper()
	need(t, append(d.needs, "sh", "ss")...)
	env := []string{"SERVER=" + addr, "BOTH=" + t.TempDir()}
	ended := make(chan bool)
	go func() {
		defer close(ended)
		play(t, server, show{files: d.files, env: env, script: `
			until_done() { try test -e $BOTH/done; kill $P; wait $P; exit 0; }` + d.server})
	}()
	got := play(t, client, show{env: env, script: "trap 'touch $BOTH/done' EXIT\n" + d.client})
	<-ended
	if !regexp.MustCompile(d.want).MatchString(got) {
		t.Errorf("the client has printed %q, not %s", got, d.want)
	}
}

// TestTwoKernels has programs on one kernel talk with some on another, over a bus.
func TestTwoKernels(t *testing.T) {
	bus := filepath.Join(t.TempDir(), "bus")
	a, b := newKernel(t), newKernel(t)
	joinBus(t, a, bus, "10.9.0.1/24")
	joinBus(t, b, bus, "10.9.0.2/24")
	for name, d := range duets {
		if testing.Short() && name != "nginx and curl" {
			continue // the others show as much of our concurrency
		}
		t.Run(name, func(t *testing.T) { perform(t, a, b, "10.9.0.1", d) })
	}
}

// TestTwoRuns has programs talk that were run apart on one kernel, which is another
// process's.
func TestTwoRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("the programs are those of TestTwoKernels")
	}
	url := serve(t, newKernel(t))
	a, b := dial(t, url), dial(t, url)
	for name, d := range duets {
		t.Run(name, func(t *testing.T) { perform(t, a, b, "127.0.0.1", d) })
	}
}

// TestRealAndEmbedded has programs on NetBSD's own kernel talk with some on ours.
func TestRealAndEmbedded(t *testing.T) {
	real := dial(t, rump.ForTest(t).URL)
	bus := filepath.Join(t.TempDir(), "bus")
	embedded := newKernel(t)
	joinBus(t, real, bus, "10.9.0.1/24")
	joinBus(t, embedded, bus, "10.9.0.2/24")
	for name, d := range duets {
		t.Run(name+", served by the real one", func(t *testing.T) { perform(t, real, embedded, "10.9.0.1", d) })
		t.Run(name+", served by the embedded one", func(t *testing.T) { perform(t, embedded, real, "10.9.0.2", d) })
	}
}

// joinBus gives a kernel an interface on a bus.
func joinBus(t *testing.T, k kernel.Kernel, bus, addr string) {
	t.Helper()
	c, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	ctx := t.Context()
	for i, step := range []func(context.Context) error{
		func(ctx context.Context) error { return c.SetInt(ctx, "net.inet.ip.dad_count", 0) },
		func(ctx context.Context) error { return c.CreateInterface(ctx, "shmif0") },
		func(ctx context.Context) error { return c.SetLinkString(ctx, "shmif0", bus) },
		func(ctx context.Context) error { return c.AddAddress(ctx, "shmif0", netip.MustParsePrefix(addr)) },
	} {
		if err := step(ctx); err != nil {
			t.Fatal(fmt.Errorf("step %d: %w", i, err))
		}
	}
}

// serve serves a kernel, and returns where.
func serve(t *testing.T, k kernel.Kernel) string {
	t.Helper()
	url := "unix://" + filepath.Join(t.TempDir(), "s")
	ln, err := sysproxy.ListenConfig{}.Listen(url)
	if err != nil {
		t.Fatal(err)
	}
	s := &sysproxy.Server{Kernel: k}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		_ = s.Close()
		<-served
	})
	return url
}

// dial connects to a kernel that is served.
func dial(t *testing.T, url string) kernel.Kernel {
	t.Helper()
	k, err := sysproxy.Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}
