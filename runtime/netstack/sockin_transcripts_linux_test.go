package netstack_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/internal/transcript"
	"github.com/abigen/abigen/runtime/hypercall/sockin"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
)

// TestSockinTranscripts replays recordings of NetBSD's own network stack that are
// about TCP and UDP over the loopback interface, in a network namespace where their
// ports are free. Of the calls, as many as the number says may differ: the host
// has its own opinion about addresses that are in use, refused connections, or the
// port of a group; its buffers are larger, it has no raw sockets for us, and lacks
// options.
func TestSockinTranscripts(t *testing.T) {
	t.Parallel()
	netns.Run(t, sockinTranscripts)
}

func sockinTranscripts(t *testing.T) {
	// The next scenario has the same ports.
	if err := os.WriteFile("/proc/sys/net/ipv4/tcp_max_tw_buckets", []byte("0"), 0); err != nil {
		t.Skip(err)
	}
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
			replaySockin(t, name, differ)
		})
	}
}

func replaySockin(t *testing.T, name string, differ int) {
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
