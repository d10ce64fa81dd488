package netstack_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/internal/transcript"
	"github.com/abigen/abigen/runtime/hypercall/sockin"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
)

// inNamespace tells the test's own process that it has a network of its own.
const inNamespace = "SOCKIN_NAMESPACE"

// TestSockinTranscripts replays recordings of NetBSD's own network stack that are
// about TCP and UDP over the loopback interface, each in a network namespace where
// its ports are free. Of the calls, as many as the number says may differ: the host
// has its own opinion about addresses that are in use, refused connections, or the
// port of a group; its buffers are larger, it has no raw sockets for us, and lacks
// options.
func TestSockinTranscripts(t *testing.T) {
	for name, differ := range map[string]int{
		"B/accept_name_buffers":          0,
		"B/accept_nonblocking_and_flags": 0,
		"B/backlog_full":                 2,
		"B/bind_sa_len":                  0,
		"B/closed_before_accept":         1,
		"B/listen_rules":                 2,
		"B/name_buffers":                 3,
		"B/reset_by_linger_zero":         0,
		"B/reuseport":                    2,
		"B/shutdown_rules":               1,
		"B/tcp4_bind_errors":             4,
		"B/tcp4_bind_twice_and_inuse":    4,
		"B/tcp4_connect_errors":          6,
		"B/tcp4_life":                    2,
		"B/tcp4_nonblocking_connect":     10,
		"B/tcp4_self_connect":            0,
		"B/tcp6_life":                    0,
		"B/time_wait_reuse":              2,
		"B/udp4_connect_rules":           2,
		"B/udp4_send_errors":             8,
		"B/udp6_rules":                   13,
		"B/v6only_and_mapped":            1,
		"C/ip6_defaults":                 52,
		"C/ip6_set_get":                  54,
		"C/ip_defaults":                  30,
		"C/ip_set_get":                   54,
		"C/so_booleans":                  0,
		"C/so_buffers":                   0,
		"C/so_defaults_tcp":              2,
		"C/so_defaults_udp":              2,
		"C/so_lengths":                   6,
		"C/so_linger_and_timeouts":       0,
		"C/so_readonly_and_unknown":      0,
		"C/tcp_info":                     2,
		"C/tcp_options":                  50,
		"C/tcp_options_connected":        19,
		"D/blocked_and_woken":            0,
		"D/close_while_blocked":          0,
		"D/ip6_control_messages":         3,
		"D/ip_control_messages":          0,
		"D/mmsg":                         0,
		"D/recvfrom_name_buffers":        0,
		"D/sigpipe_rules":                0,
		"D/so_timestamp_control":         1,
		"D/tcp_receive":                  0,
		"D/tcp_send_full":                4,
		"D/tcp_urgent":                   0,
		"D/udp4_msghdr":                  0,
		"D/udp4_receive":                 0,
		"D/udp_overflow":                 4,
		"D/waitall_dontwait":             0,
		"H/blocked_poll_select_kevent":   0,
		"H/dup_and_close":                0,
		"H/fcntl_calls":                  0,
		"H/kqueue_tcp":                   2,
		"H/kqueue_udp":                   2,
		"H/poll_tcp_states":              1,
		"H/read_write_vectors":           0,
		"H/select_calls":                 0,
	} {
		t.Run(name, func(t *testing.T) {
			if os.Getenv(inNamespace) != "" {
				replaySockin(t, name, differ)
				return
			}
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run", "^TestSockinTranscripts$/^"+strings.ReplaceAll(name, "/", "$/^")+"$", "-test.v")
			cmd.Env = append(os.Environ(), inNamespace+"=1")
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNET}
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
			out, err := cmd.CombinedOutput()
			if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EINVAL) {
				t.Skipf("no network namespace may be made: %v", err)
			}
			if err != nil {
				t.Errorf("%v", err)
			}
			t.Logf("%s", out)
		})
	}
}

func replaySockin(t *testing.T, name string, differ int) {
	if err := loopbackUp(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(vectors, name+".json")
	sc, err := transcript.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	k, err := netstack.New(netstack.Config{Release: kernel.NetBSD79934, Sockin: new(sockin.Host)})
	if err != nil {
		t.Fatal(err)
	}
	differences, err := transcript.Replay(k, sc)
	if err != nil {
		t.Fatal(err)
	}
	halt(t, k)
	for _, d := range differences {
		t.Log(describe(file, d))
	}
	if len(differences) > differ {
		t.Errorf("%d of %d calls differ, want %d", len(differences), sc.Calls(), differ)
	}
}

// loopbackUp makes the loopback interface of a new namespace work.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}
