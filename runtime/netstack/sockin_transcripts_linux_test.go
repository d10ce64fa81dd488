package netstack_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/internal/transcript"
	"github.com/abigen/abigen/runtime/hypercall/sockin"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
)

// sockinScenarios are about TCP and UDP over the loopback interface.
var sockinScenarios = []string{
	"B/accept_name_buffers",
	"B/accept_nonblocking_and_flags",
	"B/backlog_full",
	"B/bind_sa_len",
	"B/closed_before_accept",
	"B/listen_rules",
	"B/name_buffers",
	"B/reset_by_linger_zero",
	"B/reuseport",
	"B/shutdown_rules",
	"B/tcp4_bind_errors",
	"B/tcp4_bind_twice_and_inuse",
	"B/tcp4_connect_errors",
	"B/tcp4_life",
	"B/tcp4_nonblocking_connect",
	"B/tcp4_self_connect",
	"B/tcp6_life",
	"B/time_wait_reuse",
	"B/udp4_connect_rules",
	"B/udp4_send_errors",
	"B/udp6_rules",
	"B/v6only_and_mapped",
	"C/ip6_defaults",
	"C/ip6_set_get",
	"C/ip_defaults",
	"C/ip_set_get",
	"C/so_booleans",
	"C/so_buffers",
	"C/so_defaults_tcp",
	"C/so_defaults_udp",
	"C/so_lengths",
	"C/so_linger_and_timeouts",
	"C/so_readonly_and_unknown",
	"C/tcp_info",
	"C/tcp_options",
	"C/tcp_options_connected",
	"D/blocked_and_woken",
	"D/close_while_blocked",
	"D/ip6_control_messages",
	"D/ip_control_messages",
	"D/mmsg",
	"D/recvfrom_name_buffers",
	"D/sigpipe_rules",
	"D/so_timestamp_control",
	"D/tcp_receive",
	"D/tcp_send_full",
	"D/tcp_urgent",
	"D/udp4_msghdr",
	"D/udp4_receive",
	"D/udp_overflow",
	"D/waitall_dontwait",
	"H/blocked_poll_select_kevent",
	"H/dup_and_close",
	"H/fcntl_calls",
	"H/kqueue_tcp",
	"H/kqueue_udp",
	"H/poll_tcp_states",
	"H/read_write_vectors",
	"H/select_calls",
}

// TestSockinTranscripts replays recordings of NetBSD's own network stack in a network
// namespace where their ports are free. The calls that differ must be those that
// SOCKIN.md has a reason for.
func TestSockinTranscripts(t *testing.T) {
	t.Parallel()
	netns.Run(t, sockinTranscripts)
}

func sockinTranscripts(t *testing.T) {
	// The next scenario has the same ports.
	if err := os.WriteFile("/proc/sys/net/ipv4/tcp_max_tw_buckets", []byte("0"), 0); err != nil {
		t.Skip(err)
	}
	f, err := os.Open("../../testdata/kernel/SOCKIN.md")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	known, err := transcript.ReadDeviations(f)
	if err != nil {
		t.Fatal(err)
	}
	for name := range known {
		if !slices.Contains(sockinScenarios, name) {
			t.Errorf("%s is not replayed", name)
		}
	}
	for _, name := range sockinScenarios {
		t.Run(name, func(t *testing.T) {
			replaySockin(t, name, known[name])
		})
	}
}

func replaySockin(t *testing.T, name string, known map[int]string) {
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
		if known[d.Step.Line] == "" {
			t.Error(describe(file, d))
		}
	}
	t.Logf("%d of %d calls agree", sc.Calls()-len(differences), sc.Calls())
}
