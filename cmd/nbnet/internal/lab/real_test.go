package lab_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/abigen/abigen/cmd/nbnet/internal/arp"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/ifconfig"
	"github.com/abigen/abigen/cmd/nbnet/internal/lab"
	"github.com/abigen/abigen/cmd/nbnet/internal/ndp"
	"github.com/abigen/abigen/cmd/nbnet/internal/netstat"
	"github.com/abigen/abigen/cmd/nbnet/internal/ping"
	"github.com/abigen/abigen/cmd/nbnet/internal/route"
	"github.com/abigen/abigen/cmd/nbnet/internal/sysctl"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/sysproxy"
)

// real starts the NetBSD kernel at RUMP_PREFIX, and connects to it.
func real(t *testing.T) kernel.Kernel {
	t.Helper()
	prefix := os.Getenv("RUMP_PREFIX")
	if prefix == "" {
		t.Skip("RUMP_PREFIX does not say where a NetBSD kernel is")
	}
	url := "unix://" + filepath.Join(t.TempDir(), "kernel")
	cmd := exec.Command(filepath.Join(prefix, "bin/rump_server"), "-s", "-lrumpvfs", "-lrumpnet", "-lrumpnet_net",
		"-lrumpnet_netinet", "-lrumpnet_netinet6", "-lrumpnet_local", "-lrumpnet_shmif", url)
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Join(prefix, "lib"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		k, err := sysproxy.Dial(t.Context(), url)
		if err == nil {
			t.Cleanup(func() { _ = k.Close() })
			return k
		}
		if time.Since(began) > 20*time.Second {
			t.Fatal(err)
		}
	}
}

// All commands do on the real kernel what they do on the embedded one.
func TestKernels(t *testing.T) {
	const script = `
		ifconfig -l
		ifconfig shmif0 create
		ifconfig shmif0 link 02:00:00:00:00:01 active
		ifconfig shmif0 linkstr BUS 10.1.0.1/16
		ifconfig shmif0 inet6 2001:db8::1/64 alias
		ifconfig -w 30
		ifconfig -a
		ifconfig shmif0 --json
		sysctl -w net.inet.ip.ttl=60
		sysctl net.inet.ip.ttl net.inet.ip.forwarding
		route add default 10.1.0.2
		route add default 10.1.0.3
		route add -net 10.2.0.0 -netmask 255.255.0.0 10.1.0.4 -mtu 1300
		route add -inet6 2001:db8:2::/48 2001:db8::2
		route -n show
		route -n get 10.2.3.4
		route delete 10.2/16
		route delete 10.2/16
		route flush
		arp -s 10.1.0.7 02:00:00:00:00:07
		arp -an
		arp -d 10.1.0.7
		arp -an
		ping -c 1 127.0.0.1
		ping -c 1 10.1.0.1
		ping6 -c 1 ::1
		netstat -rn -f inet
		netstat -an
		ifconfig shmif0 inet 10.1.0.1 -alias
		ifconfig shmif0 down
		ifconfig shmif0 destroy
		ifconfig shmif0
		ifconfig lo9 10.0.0.1
	`
	commands := []*command.Command{
		ifconfig.Command, sysctl.Command, route.Command, arp.Command, ndp.Command, ping.Command, ping.Command6, netstat.Command,
	}
	bus := filepath.Join(t.TempDir(), "bus")
	t.Run("embedded", func(t *testing.T) {
		lab.Bus(t, lab.Boot(t, lab.Any), commands, "kernels", script, bus)
	})
	t.Run("real", func(t *testing.T) {
		lab.Bus(t, real(t), commands, "kernels", script, bus)
	})
}
