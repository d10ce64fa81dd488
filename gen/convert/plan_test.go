package convert

import (
	"testing"

	"github.com/abigen/abigen/gen/namespace"
)

func TestTry(t *testing.T) {
	nb := newUnit("netbsd", "amd64", "sys/socket.h").
		consts("AF_UNSPEC", 0, "AF_INET", 2, "AF_INET6", 24, "AF_LOCAL", 1, "AF_UNIX", 1, "AF_LINK", 18, "AF_ROUTE", 34,
			"SOL_SOCKET", 0xffff, "SCM_RIGHTS", 1, "O_RDONLY", 0, "O_WRONLY", 1, "O_RDWR", 2, "O_ACCMODE", 3, "O_SYNC", 0x80, "O_DSYNC", 0x10000,
			"O_APPEND", 8, "O_NONBLOCK", 4, "SIOCGIFADDR", 0xc0906921, "SIOCGIFMTU", 0xc0906922).
		record("struct in6_addr", "s6_addr", "unsigned char", 16).
		record("struct sockaddr", "sa_len", "unsigned char", 0, "sa_family", "unsigned char", 0, "sa_data", "char", 14).
		record("struct sockaddr_un", "sun_len", "unsigned char", 0, "sun_family", "unsigned char", 0, "sun_path", "char", 104).
		record("struct sockaddr_in6", "sin6_len", "unsigned char", 0, "sin6_family", "unsigned char", 0, "sin6_port", "unsigned short", 0,
			"sin6_flowinfo", "unsigned int", 0, "sin6_addr", "struct in6_addr", 0, "sin6_scope_id", "unsigned int", 0).
		record("struct msghdr", "msg_name", "void*", 0, "msg_namelen", "unsigned int", 0, "msg_iov", "void*", 0, "msg_iovlen", "int", 0).
		record("struct cmsghdr", "cmsg_len", "unsigned int", 0, "cmsg_level", "int", 0, "cmsg_type", "int", 0).
		record("union ifreq_u", "ifru_addr", "struct sockaddr", 0, "ifru_mtu", "int", 0).
		record("struct ifreq", "ifr_name", "char", 16, "ifr_ifru", "union ifreq_u", 0)
	lx := newUnit("linux", "amd64", "bits/socket.h").
		consts("AF_UNSPEC", 0, "AF_INET", 2, "AF_INET6", 10, "AF_UNIX", 1, "AF_LOCAL", 1, "AF_PACKET", 17, "AF_NETLINK", 16, "AF_ROUTE", 16,
			"SOL_SOCKET", 1, "SCM_RIGHTS", 1, "O_RDONLY", 0, "O_WRONLY", 1, "O_RDWR", 2, "O_ACCMODE", 3, "O_SYNC", 0x101000, "O_DSYNC", 0x1000,
			"O_APPEND", 0x400, "O_NONBLOCK", 0x800, "SIOCGIFADDR", 0x8915, "SIOCGIFMTU", 0x8916).
		record("struct in6_addr", "s6_addr", "unsigned char", 16).
		record("struct sockaddr", "sa_family", "unsigned short", 0, "sa_data", "char", 14).
		record("struct sockaddr_un", "sun_family", "unsigned short", 0, "sun_path", "char", 108).
		record("struct sockaddr_in6", "sin6_family", "unsigned short", 0, "sin6_port", "unsigned short", 0,
			"sin6_flowinfo", "unsigned int", 0, "sin6_addr", "struct in6_addr", 0, "sin6_scope_id", "unsigned int", 0).
		record("struct msghdr", "msg_name", "void*", 0, "msg_namelen", "unsigned int", 0, "msg_iov", "void*", 0, "msg_iovlen", "unsigned long", 0).
		record("struct cmsghdr", "cmsg_len", "unsigned long", 0, "cmsg_level", "int", 0, "cmsg_type", "int", 0).
		record("union ifreq_u", "ifru_addr", "struct sockaddr", 0, "ifru_mtu", "int", 0).
		record("struct ifreq", "ifr_name", "char", 16, "ifr_ifru", "union ifreq_u", 0)
	from, to := lx.model(t, namespace.Options{}), nb.model(t, namespace.Options{})
	pair := func(s string) Pair {
		var p Pair
		if err := p.UnmarshalText([]byte(s)); err != nil {
			t.Fatal(err)
		}
		return p
	}
	rules := Rules{
		Systems: []string{"netbsd", "linux"},
		Domains: []*DomainRule{
			{Name: "AddressFamily", What: "address family", Type: pair("uint8 = uint16"), Constants: []string{"AF_*"},
				Pairs: []Pair{pair("AF_LINK = AF_PACKET")}, Without: []*WhyRule{{Names: []string{"AF_ROUTE", "AF_NETLINK"}, Why: "other protocols"}}},
			{Name: "OpenFlags", What: "open flags", Type: pair("int32"), Flags: true, Constants: []string{"O_*"},
				Fields: []*FieldRule{{Mask: pair("O_ACCMODE"), Values: []Pair{pair("O_RDONLY"), pair("O_WRONLY"), pair("O_RDWR")}}}},
		},
		Records: []*RecordRule{
			{Records: []Pair{pair("in6_addr"), pair("msghdr")}},
			{Records: []Pair{pair("sockaddr_in6")}, Members: []*MemberRule{
				{Member: pair("sin6_len = "), Length: true}, {Member: pair("sin6_family"), Domain: "AddressFamily"}}},
			{Records: []Pair{pair("sockaddr_un")}, Members: []*MemberRule{
				{Member: pair("sun_len = "), Length: true}, {Member: pair("sun_family"), Domain: "AddressFamily"}, {Member: pair("sun_path"), Text: "path"}}},
			{Records: []Pair{pair("ifreq")}, Param: "request", Members: []*MemberRule{
				{Member: pair("ifr_name"), Text: "name"},
				{Member: pair("ifr_ifru"), Union: &CasesRule{By: "request", Cases: []*CaseRule{
					{Tags: []Pair{pair("SIOCGIFADDR")}, Member: pair("ifru_addr"), As: "Sockaddr"},
					{Tags: []Pair{pair("SIOCGIFMTU")}, Member: pair("ifru_mtu")},
				}}}}},
		},
		Unions: []*UnionRule{{Name: "Sockaddr", Header: pair("sockaddr"), Tag: pair("sa_family"), Length: pair("sa_len = "), Cases: []*VariantRule{
			{Tag: pair("AF_INET6"), Record: pair("sockaddr_in6")},
			{Tag: pair("AF_UNIX"), Record: pair("sockaddr_un"), Text: pair("sun_path")},
			{Tag: pair("AF_UNSPEC"), Empty: true},
		}}},
		Chains: []*ChainRule{{Name: "ControlMessages", Header: pair("cmsghdr"), Length: pair("cmsg_len"), Level: pair("cmsg_level"), Type: pair("cmsg_type"),
			Align: pair("8"), Messages: []*MessageRule{{Level: pair("SOL_SOCKET"), Type: pair("SCM_RIGHTS"), Elements: 4}}}},
	}
	for _, d := range [][2]SystemModel{{from, to}, {to, from}} {
		plan, err := NewPlan(d[0], d[1], rules)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(plan)
		files, err := plan.Files("example.com/to" + d[1].Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			t.Log(string(f))
		}
	}
}
