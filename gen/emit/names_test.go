package emit

import (
	"slices"
	"strings"
	"testing"
)

func TestTypeName(t *testing.T) {
	for _, tc := range []struct{ c, want string }{
		{"sockaddr_in6", "SockaddrIn6"},
		{"struct msghdr", "Msghdr"},
		{"struct ip", "IP"},
		{"struct ip_mreq", "IPMreq"},
		{"struct ipv6_mreq", "IPv6Mreq"},
		{"union sigval", "Sigval"},
		{"enum uio_rw", "UioRw"},
		{"struct in6_addr.__u6_addr", "In6AddrU6Addr"},
		{"uid_t", "UidT"},
		{"in_port_t", "InPortT"},
		{"__sigset_t", "SigsetT"},
		{"DIR", "DIR"},
		{"fooBar", "FooBar"},
		{"struct 3com", "X3com"},
		{"struct a_1_2", "A1_2"},
		{"_", "X"},
	} {
		if got := TypeName(tc.c); got != tc.want {
			t.Errorf("TypeName(%q) = %q, want %q", tc.c, got, tc.want)
		}
	}
}

func TestFieldNames(t *testing.T) {
	for _, tc := range []struct{ c, want string }{
		{"sin6_len sin6_port sin6_scope_id", "Len Port ScopeID"},
		{"msg_name msg_namelen", "Name Namelen"},
		{"msg_name _msg_spare", "Name Spare"},
		{"ss_len __ss_pad1 __ss_align", "Len Pad1 Align"},
		{"sec nsec", "Sec Nsec"},
		{"tv_sec nsec", "TvSec Nsec"},
		{"s_addr", "Addr"},
		{"error_code", "ErrorCode"},
		{"u6_8 u6_16", "U6_8 U6_16"}, // no prefix: what is left would be digits
		{"a_ a_b", "A AB"},
		{"type Type _type", "Type Type2 Type3"},
		{"v1 V1", "V1 V1_2"},
		{"if_id if_mtu", "ID MTU"},
		{"range func", "Range Func"},
	} {
		if got := strings.Join(FieldNames(strings.Fields(tc.c)), " "); got != tc.want {
			t.Errorf("FieldNames(%s) = %s, want %s", tc.c, got, tc.want)
		}
	}
	if got := FieldNames([]string{"", "a_x", ""}); !slices.Equal(got, []string{"", "X", ""}) {
		t.Errorf("unnamed members: %q", got)
	}
}

func TestUnexport(t *testing.T) {
	for _, tc := range []struct{ name, want string }{
		{"ScopeID", "scopeID"}, {"ID", "id"}, {"IPHdr", "ipHdr"}, {"IP6Hdr", "ip6Hdr"},
		{"Type", "type_"}, {"X", "x"}, {"XId", "xId"},
	} {
		if got := Unexport(tc.name); got != tc.want {
			t.Errorf("Unexport(%q) = %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestExported(t *testing.T) {
	for name, want := range map[string]bool{"AF_INET": true, "lower": false, "_RESERVED": false, "A$B": false} {
		if got := Exported(name); got != want {
			t.Errorf("Exported(%q) = %t", name, got)
		}
	}
}

// TestFileBase holds that no file is left out of a build for its name.
func TestFileBase(t *testing.T) {
	for _, tc := range []struct{ header, want string }{
		{"sys/socket.h", "zsys_socket"},
		{"netinet6/in6.h", "znetinet6_in6"},
		{"linux/if-tun.h", "zlinux_if_tun"},
		{"asm/arm.h", "zasm_arm_h"},
		{"sys/linux.h", "zsys_linux_h"},
		{"sys/unit_test.h", "zsys_unit_test_h"},
		{"linux.h", "zlinux"}, // the go command looks behind the first underscore only
		{"bits/types/__sigset_t.h", "zbits_types___sigset_t"},
		{"UPPER.H", "zupper_h"},
		{"odd.386.h", "zodd_386_h"},
		{"c++/vector", "zc___vector"},
	} {
		if got := FileBase(tc.header); got != tc.want {
			t.Errorf("FileBase(%q) = %q, want %q", tc.header, got, tc.want)
		}
	}
}
