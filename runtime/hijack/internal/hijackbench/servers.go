//go:build linux && (amd64 || arm64)

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A load is a server and a client that measures it, both for sh(1). The server
// ends when it is killed. The client asks $HOST.
type load struct {
	name           string
	needs          string
	server, client string
	figure         func(string) (float64, error)
}

func loads(o options) []load {
	seconds := strconv.Itoa(max(int(o.time.Seconds()), 1))
	nginx := `printf '%s' 'worker_processes 1; daemon off; pid pid; error_log stderr crit; events { }
		http { access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
		server { listen 127.0.0.1:5298 backlog=128; location / { return 200 "a page"; } } }' >nginx.conf; exec nginx -p $PWD -c nginx.conf`
	iperf := func(name, flags string) load {
		return load{name, "iperf3", "exec iperf3 -s -p 5299", "iperf3 -J -c $HOST -p 5299 -t " + seconds + flags, iperfRate}
	}
	return []load{
		iperf("iperf3, Gbit/s", ""),
		iperf("iperf3 -P 4, Gbit/s", " -P 4"),
		{"wrk -c 32 nginx, requests/s", "wrk", nginx, "wrk -t 1 -c 32 -d " + seconds + " http://$HOST:5298/", after("Requests/sec:")},
		{
			"the same, a connection each", "wrk", nginx,
			"wrk -t 1 -c 32 -d " + seconds + " -H 'Connection: close' http://$HOST:5298/", after("Requests/sec:"),
		},
		{
			"redis-benchmark -c 20, GETs/s", "redis-benchmark", `exec redis-server --port 5297 --bind 127.0.0.1 --save ""`,
			`redis-benchmark -h $HOST -p 5297 -q -n 10000 -c 20 -t get | tr '\r' '\n' | grep 'requests per second'`, after("GET:"),
		},
	}
}

// after reads the figure behind a word.
func after(word string) func(string) (float64, error) {
	return func(out string) (float64, error) {
		_, rest, ok := strings.Cut(out, word)
		fields := strings.Fields(rest)
		if !ok || len(fields) == 0 {
			return 0, fmt.Errorf("no %q in %q", word, out)
		}
		return strconv.ParseFloat(fields[0], 64)
	}
}

// ask has the client ask until there is an answer, since a server is not there at
// once.
const ask = `for i in 1 2 3 4 5 6 7 8 9; do sleep 0.2; o=$(sh -c "$CLIENT" 2>/dev/null) && break; done; echo "$o"`

// together runs server and client.
const together = `sh -c "$SERVER" >/dev/null 2>&1 & s=$!; ` + ask + `; kill $s; wait`

// apart runs the client in a network of its own, which slirp4netns joins to the host's.
const apart = `
	sh -c "$SERVER" >/dev/null 2>&1 & s=$!
	HOST=10.0.2.2 unshare -rn sh -c '
		until ip -br addr show tap0 2>/dev/null | grep -q 10.0.2; do sleep 0.05; done
		` + ask + `' > $OUT & c=$!
	sleep 0.3
	slirp4netns --configure --mtu=65520 $c tap0 >/dev/null 2>&1 & n=$!
	wait $c; cat $OUT; kill $n $s; wait`

// measureServers measures servers of others.
func measureServers(o options, w io.Writer) error {
	dir, err := os.MkdirTemp("", "hijackbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// What proxychains4 does to connections that it does not send to a proxy.
	conf := filepath.Join(dir, "proxychains.conf")
	if err := os.WriteFile(conf, []byte("strict_chain\nlocalnet 127.0.0.0/255.0.0.0\n[ProxyList]\nsocks5 127.0.0.1 9\n"), 0o600); err != nil {
		return err
	}
	proxy := wrapped("proxychains4", "proxychains4", "-q", "-f", conf)
	slirp := way{"slirp4netns", func(o options, _, env []string) (string, error) {
		if _, err := exec.LookPath("slirp4netns"); err != nil {
			return "", errMissing
		}
		return runHost(o, []string{"sh", "-c", apart}, env)
	}}
	for _, l := range loads(o) {
		if _, err := exec.LookPath(l.needs); err != nil {
			continue
		}
		env := []string{"HOST=127.0.0.1", "SERVER=cd " + dir + "; " + l.server, "CLIENT=" + l.client, "OUT=" + filepath.Join(dir, "out")}
		row(o, w, l.name, l.figure, []string{"sh", "-c", together}, env, onHost, onStack, proxy, slirp)
	}
	return nil
}
