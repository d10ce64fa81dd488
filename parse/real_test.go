package parse_test

import (
	"strings"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/internal/probetest"
	"github.com/abigen/abigen/internal/verify"
	"github.com/abigen/abigen/parse"
)

// The sets of real headers that the tests and benchmarks of this package read.
var (
	netbsdSocket = parse.Group{Name: "socket", Headers: []string{"sys/socket.h", "net/if.h", "netinet/in.h"}}

	netbsdAll = parse.Group{Name: "all", Headers: strings.Fields(`
		sys/types.h sys/param.h sys/socket.h sys/un.h sys/uio.h sys/ioctl.h sys/sockio.h sys/filio.h sys/ttycom.h sys/time.h
		sys/timex.h sys/stat.h sys/statvfs.h sys/mount.h sys/fcntl.h sys/poll.h sys/select.h sys/event.h sys/sysctl.h
		sys/signal.h sys/errno.h sys/resource.h sys/wait.h sys/mman.h sys/dirent.h sys/syscall.h sys/ipc.h sys/shm.h
		sys/ktrace.h sys/disklabel.h sys/utsname.h net/if.h net/if_dl.h net/if_types.h net/if_arp.h net/if_media.h
		net/if_ether.h net/ethertypes.h net/route.h net/bpf.h netinet/in.h netinet/in_systm.h netinet/ip.h netinet/ip6.h
		netinet/ip_icmp.h netinet/icmp6.h netinet/ip_var.h netinet/tcp.h netinet/tcp_timer.h netinet/tcp_var.h
		netinet/tcp_fsm.h netinet/udp.h netinet/udp_var.h netinet/if_ether.h netinet6/in6.h netinet6/in6_var.h
		netinet6/ip6_var.h netinet6/nd6.h rump/rump.h rump/rumpdefs.h ufs/ffs/fs.h ufs/ufs/dinode.h ufs/ufs/dir.h`)}

	linuxLibc = parse.Group{Name: "libc", Headers: strings.Fields(`
		sys/types.h sys/socket.h sys/un.h sys/uio.h sys/ioctl.h sys/time.h sys/timex.h sys/stat.h sys/statvfs.h sys/statfs.h
		sys/mount.h fcntl.h poll.h sys/select.h sys/epoll.h sys/eventfd.h sys/signalfd.h sys/timerfd.h signal.h errno.h
		sys/resource.h sys/wait.h sys/mman.h dirent.h sys/syscall.h sys/ipc.h sys/shm.h sys/utsname.h net/if.h net/if_arp.h
		net/ethernet.h net/route.h netinet/in.h netinet/ip.h netinet/ip6.h netinet/ip_icmp.h netinet/icmp6.h netinet/tcp.h
		netinet/udp.h netinet/if_ether.h netpacket/packet.h time.h unistd.h`), Define: []parse.Define{{Name: "_GNU_SOURCE", Value: "1"}}}

	linuxKernel = parse.Group{Name: "kernel", Headers: strings.Fields(`
		linux/types.h linux/socket.h linux/in.h linux/in6.h linux/netlink.h linux/rtnetlink.h linux/if.h linux/if_tun.h
		linux/if_packet.h linux/if_link.h linux/if_addr.h linux/if_ether.h linux/seccomp.h linux/filter.h linux/bpf.h
		linux/sockios.h linux/errqueue.h linux/net_tstamp.h linux/tcp.h linux/udp.h linux/ip.h linux/ipv6.h linux/icmp.h
		linux/icmpv6.h linux/neighbour.h linux/stat.h linux/io_uring.h linux/capability.h linux/ptrace.h linux/audit.h
		linux/fs.h linux/input.h linux/videodev2.h linux/perf_event.h`)}
)

// explained are the differences that are meant, with the reason.
var explained = map[string]string{
	"value of __HAVE_GENERIC_SELECTION": "asks whether the compiler is clang, which our predefined macros do not say",
	"value of __has_safe_buffers":       "asks for a feature of clang's, which our __has_feature does not have",
}

// TestCompilers compares everything that the real headers declare with what zig
// cc makes of it.
func TestCompilers(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles some 10,000 expressions for each target")
	}
	z := probetest.OpenZig(t)
	for _, tc := range []struct {
		group   parse.Group
		targets string
	}{
		{netbsdAll, "netbsd/amd64 netbsd/arm64 netbsd/386 netbsd/arm netbsd/sparc64 netbsd/powerpc netbsd/mips"},
		{linuxLibc, "linux/amd64 linux/arm64 linux/386 linux/arm"},
		{linuxKernel, "linux/amd64 linux/arm64 linux/386 linux/arm"},
	} {
		for name := range strings.FieldsSeq(tc.targets) {
			t.Run(tc.group.Name+"/"+name, func(t *testing.T) {
				target, err := ctype.ParseTarget(name)
				if err != nil {
					t.Fatal(err)
				}
				inc, err := z.Includes(t.Context(), target)
				if err != nil {
					t.Fatal(err)
				}
				u, err := parse.Headers(t.Context(), inc, tc.group, parse.Options{})
				if err != nil {
					t.Fatal(err)
				}
				res, err := verify.Headers(t.Context(), verify.Judge{Name: "zig cc", Compiler: probetest.Zig(t, target)}, tc.group, u)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%d claims, %d records, %d constants", res.Claims, len(u.Records), len(u.Consts))
				for i, d := range res.Differences {
					if explained[d.What] != "" {
						continue
					}
					if i == 40 {
						t.Errorf("and %d more", len(res.Differences)-i)
						break
					}
					t.Error(d)
				}
			})
		}
	}
}
