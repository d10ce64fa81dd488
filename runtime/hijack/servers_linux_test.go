//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/abigen/abigen/runtime/hijack"
	"github.com/abigen/abigen/runtime/kernel"
)

var long = flag.Bool("long", false, "have Python test sockets in full, and 5,000 connections at once")

// prelude has functions that wait: until a command succeeds, and until something listens at a
// port.
const prelude = `
try() {
	n=0
	until "$@"; do
		n=$((n+1)); [ $n -lt 900 ] || { echo "no success: $*"; exit 99; }
		sleep 0.05
	done
}
listens() { ss -Htuln "sport = :$1" | grep -q .; }
up() { try listens $1; }
`

// A show is a run of programs.
type show struct {
	needs  []string          // programs
	files  map[string]string // what is in the directory that it runs in
	script string            // for sh(1); $DIR is the directory
	env    []string          // besides that of this process
	want   string            // a pattern of what it prints
	short  bool              // it runs also in short tests
}

// shows are the programs of docs/programs.md, as client and server where they are
// both. They are not made for this, and nothing is made for them.
var shows = map[string]show{
	"python3 http.server, curl, wget": {
		needs: []string{"python3", "curl", "wget", "sha256sum"},
		script: `
			seq 400000 >page
			python3 -m http.server 8000 >/dev/null 2>&1 & P=$!
			up 8000
			curl -sS --max-time 60 http://127.0.0.1:8000/page | cmp - page && echo curl
			curl -sS --max-time 60 -r 0-9 http://localhost:8000/page | head -c 3
			wget -qO- http://127.0.0.1:8000/page | cmp - page && echo wget
			kill $P`,
		want: `^curl\n1\n2wget\n$`,
	},
	"python3 asyncio": {
		short: true,
		needs: []string{"python3"},
		script: `python3 -c '
import asyncio
async def serve(r, w):
    w.write((await r.read()).upper()); await w.drain(); w.close()
async def ask(port, i):
    r, w = await asyncio.open_connection("127.0.0.1", port)
    w.write(b"x%d" % i); w.write_eof(); answer = await r.read(); w.close()
    return answer == b"X%d" % i
async def main():
    s = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(all(await asyncio.gather(*[ask(s.sockets[0].getsockname()[1], i) for i in range(100)])))
asyncio.run(main())'`,
		want: `^True\n$`,
	},
	"nc": {
		short: true,
		needs: []string{"nc"},
		script: `
			echo from the server | nc -lN 127.0.0.1 9000 >got & P=$!
			up 9000
			echo from the client | nc -N 127.0.0.1 9000
			wait $P; cat got
			nc -lu -W 1 127.0.0.1 9001 >got & P=$!
			up 9001
			echo a datagram | nc -u -q 0 127.0.0.1 9001
			wait $P; cat got
			nc -z 127.0.0.1 9002 || echo refused`,
		want: `^from the server\nfrom the client\na datagram\nrefused\n$`,
	},
	"socat": {
		needs: []string{"socat"},
		script: `
			socat TCP-LISTEN:9000,reuseaddr,fork EXEC:cat & P=$!
			up 9000
			for i in 1 2 3; do echo $i | socat -t60 - TCP:127.0.0.1:9000; done
			socat TCP6-LISTEN:9001,reuseaddr,fork,ipv6only=0 TCP4:127.0.0.1:9000 & Q=$!
			up 9001
			echo over IPv6 | socat -t60 - TCP6:[::1]:9001
			echo over IPv4 | socat -t60 - TCP4:127.0.0.1:9001
			kill $P $Q`,
		want: `^1\n2\n3\nover IPv6\nover IPv4\n$`,
	},
	"iperf3": {
		needs: []string{"iperf3"},
		script: `
			iperf3 -s >/dev/null & P=$!
			up 5201
			# The server is not there at once after a test.
			measure() {
				n=0
				until iperf3 "$@" >got 2>&1; do n=$((n+1)); [ $n -lt 300 ] || { cat got; exit 99; }; sleep 0.1; done
				grep -c "receiver" got
			}
			measure -c 127.0.0.1 -n 20M -P 2
			measure -c 127.0.0.1 -n 20M -R
			measure -c 127.0.0.1 -u -b 20M -n 1M
			measure -c ::1 -n 10M
			kill $P`,
		want: `^3\n1\n1\n1\n$`,
	},
	"nginx": {
		short: true,
		needs: []string{"nginx", "curl"},
		files: map[string]string{"nginx.conf": `
			worker_processes 2; daemon off; master_process on; pid nginx.pid; error_log stderr crit;
			events { worker_connections 64; }
			http {
				access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
				server { listen 127.0.0.1:8080; listen [::1]:8080; location / { return 200 "by $pid\n"; } }
				server { listen 127.0.0.1:8081; location / { proxy_pass http://[::1]:8080; } }
			}`},
		script: `
			nginx -p $DIR -c nginx.conf & P=$!
			up 8080; up 8081
			for i in 1 2 3 4 5 6 7 8 9 10; do curl -sS --max-time 60 http://127.0.0.1:8080/; done | grep -c "by "
			curl -sS --max-time 60 http://127.0.0.1:8081/ | grep -c "by "
			kill -HUP $P; sleep 0.2
			curl -sS --max-time 60 "http://[::1]:8080/" | grep -c "by "
			kill -QUIT $P; wait $P; echo $?`,
		want: `^10\n1\n1\n0\n$`,
	},
	"redis": {
		needs: []string{"redis-server", "redis-cli", "redis-benchmark"},
		script: `
			redis-server --port 6380 --bind 127.0.0.1 --save "" >/dev/null & P=$!
			up 6380
			redis-cli -p 6380 set color blue
			redis-cli -p 6380 get color
			redis-benchmark -p 6380 -n 2000 -c 20 -q -t set,lpush | tr '\r' '\n' | grep -c "requests per second"
			redis-cli -p 6380 shutdown nosave; wait $P; echo $?`,
		want: `^OK\nblue\n2\n0\n$`,
	},
	"node": {
		needs: []string{"node"},
		script: `node -e '
			const http = require("http"), os = require("os");
			const s = http.createServer((q, r) => q.pipe(r)).listen(0, "127.0.0.1", () => {
				const q = http.request({port: s.address().port, host: "127.0.0.1", method: "POST"}, r => {
					let n = 0;
					r.on("data", d => n += d.length);
					r.on("end", () => { console.log(n); console.log(os.networkInterfaces().lo0[0].cidr); s.close(); });
				});
				q.end("x".repeat(1 << 20));
			});'`,
		want: `^1048576\n127\.0\.0\.1/8\n$`,
	},
	"ssh": {
		needs: []string{"sshd", "ssh", "ssh-keygen"},
		script: `
			ssh-keygen -q -t ed25519 -N "" -f host; ssh-keygen -q -t ed25519 -N "" -f user
			printf 'Port 2022\nListenAddress 127.0.0.1\nHostKey %s/host\nAuthorizedKeysFile %s/user.pub\nPidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n' $DIR $DIR >conf
			mkdir -p /run/sshd
			$(command -v sshd) -D -f $DIR/conf -E log & P=$!
			up 2022
			seq 100000 >page
			ssh -F none -p 2022 -i user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes $(id -un)@127.0.0.1 "cmp - $DIR/page && ip -br -4 addr" <page || cat log
			kill $P`,
		want: `^lo0 +UNKNOWN +127\.0\.0\.1/8 *\n$`,
	},
	"dig": {
		needs: []string{"dig", "python3"},
		files: map[string]string{"server.py": `
import socket
s = socket.socket(type=socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
while True:
    q, who = s.recvfrom(512)
    end = q.index(0, 12) + 5
    s.sendto(q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + q[12:end] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\1\2\3", who)
`},
		script: `
			python3 server.py & P=$!
			up 53
			dig +short +time=30 +tries=1 example.org @127.0.0.1
			kill $P`,
		want: `^10\.1\.2\.3\n$`,
	},
	"ping": {
		needs: []string{"ping"},
		script: `
			ping -c 2 -i 0.1 -w 30 127.0.0.1 | grep -c "bytes from"
			ping -c 2 -i 0.1 -w 30 ::1 | grep -c "bytes from"`,
		want: `^2\n2\n$`,
	},
}

// play runs a show on a kernel, in a directory of its own.
func play(t *testing.T, k kernel.Kernel, s show) string {
	t.Helper()
	need(t, append(s.needs, "sh", "ss")...)
	dir := t.TempDir()
	for name, content := range s.files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := append(os.Environ(), "DIR="+dir, "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	env = append(env, s.env...)
	stdout, stderr, code := run(t, k, hijack.Config{Args: []string{"sh", "-c", prelude + s.script}, Env: env, Dir: dir})
	if code != 0 && code != 143 { // the last is ended by a signal
		t.Errorf("exit code %d", code)
	}
	if stderr != "" {
		t.Logf("%s", stderr)
	}
	return stdout
}

func TestServers(t *testing.T) {
	for name, s := range shows {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && !s.short {
				t.Skip("the others show as much of our concurrency")
			}
			expect(t, newKernel(t), s)
		})
	}
}

// expect plays a show, which must print what it should.
func expect(t *testing.T, k kernel.Kernel, s show) {
	t.Helper()
	if got := play(t, k, s); !regexp.MustCompile(s.want).MatchString(got) {
		t.Errorf("printed %q, not %s", got, s.want)
	}
}

// TestGoServer has a program of Go's, which makes its system calls itself, serve and
// ask for pages.
func TestGoServer(t *testing.T) {
	if got := program(t, newKernel(t), "http"); got != "100 pages\n" {
		t.Errorf("printed %q", got)
	}
}

// TestPythonSockets has Python test its sockets. It knows a protocol that NetBSD
// does not have, UDP-Lite, and one that is no business of the network, AF_VSOCK.
func TestPythonSockets(t *testing.T) {
	if testing.Short() {
		t.Skip("its calls are made one after the other")
	}
	script := `
import sys, unittest
try:
    import test.test_socket as tests
except ImportError:
    print("no tests"); sys.exit(0)
def each(suite):
    for t in suite:
        if isinstance(t, unittest.TestSuite): yield from each(t)
        else: yield t
chosen = unittest.TestSuite(t for t in each(unittest.defaultTestLoader.loadTestsFromModule(tests))
    if "UDPLITE" not in t.id() and "VSOCK" not in t.id() and (not CLASSES or t.id().split(".")[-2] in CLASSES))
result = unittest.TextTestRunner(stream=sys.stderr, verbosity=1).run(chosen)
print(result.testsRun > 20 and result.wasSuccessful())
`
	classes := `["BasicTCPTest", "BasicUDPTest", "BasicSocketPairTest", "NonBlockingTCPTests", "SendmsgTCPTest", "SendmsgUDPTest",
		"SendmsgUDP6Test", "RecvmsgTCPTest", "RecvmsgUDPTest", "SendRecvFdsTests", "TestUnixDomain"]`
	if *long {
		classes = "[]"
	}
	got := play(t, newKernel(t), show{
		needs: []string{"python3"}, files: map[string]string{"t.py": "CLASSES = " + classes + "\n" + script}, script: "exec python3 t.py",
	})
	if strings.TrimSpace(got) == "no tests" {
		t.Skip("Python's tests are not installed")
	}
	if strings.TrimSpace(got) != "True" {
		t.Errorf("printed %q", got)
	}
}
