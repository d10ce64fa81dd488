package emit

import (
	"go/token"
	"strconv"
	"strings"
)

// initialisms are the words of C names that Go spells in capitals, with the
// few that have a spelling of their own.
var initialisms = map[string]string{
	"acl": "ACL", "api": "API", "arp": "ARP", "bpf": "BPF", "cpu": "CPU", "dad": "DAD",
	"dns": "DNS", "egid": "EGID", "euid": "EUID", "fd": "FD", "gid": "GID", "icmp": "ICMP",
	"icmp6": "ICMP6", "icmpv6": "ICMPv6", "id": "ID", "igmp": "IGMP", "io": "IO", "ip": "IP",
	"ip4": "IP4", "ip6": "IP6", "ipc": "IPC", "ipv4": "IPv4", "ipv6": "IPv6", "mac": "MAC",
	"mtu": "MTU", "nd6": "ND6", "nfs": "NFS", "pid": "PID", "ppp": "PPP", "ppid": "PPID",
	"rtt": "RTT", "sgid": "SGID", "sid": "SID", "suid": "SUID", "tcp": "TCP", "ttl": "TTL",
	"udp": "UDP", "uid": "UID", "uuid": "UUID", "vlan": "VLAN", "vnet": "VNET",
}

// Reserved reports whether a C name begins with an underscore. Such names
// belong to the C implementation and are not part of what a system offers.
func Reserved(cName string) bool { return strings.HasPrefix(cName, "_") }

// Exported reports whether a C name, spelled as it is, is an exported Go
// identifier. All C names that begin with a capital letter are.
func Exported(cName string) bool { return token.IsIdentifier(cName) && token.IsExported(cName) }

// TypeName returns the Go name of a C type: capitals at underscores, leading
// underscores dropped, initialisms in capitals. It takes a tag or typedef
// name, or the key of a declaration with its keyword and path:
//
//	sockaddr_in6               SockaddrIn6
//	struct ip_mreq             IPMreq
//	struct in6_addr.__u6_addr  In6AddrU6Addr
//	uid_t                      UidT
func TypeName(cName string) string {
	for _, keyword := range []string{"struct ", "union ", "enum "} {
		cName = strings.TrimPrefix(cName, keyword)
	}
	name := camel(strings.FieldsFunc(cName, func(r rune) bool {
		return r != '$' && !isIdent(r) || r == '_'
	}))
	return startWithLetter(name, "X")
}

// FieldNames returns the Go names of the members of one record, in the same
// order, each of them different. The prefix up to the first underscore is
// dropped when all members have it and something that can begin a name is left
// of each; an empty C name gives an empty Go name and takes no part.
//
//	sin6_len, sin6_port, sin6_scope_id   Len, Port, ScopeID
//	msg_name, msg_namelen, _msg_spare    Name, Namelen, Spare
func FieldNames(cNames []string) []string {
	bare := make([]string, len(cNames))
	for i, name := range cNames {
		bare[i] = strings.TrimLeft(name, "_")
	}
	prefix := commonPrefix(public(cNames, bare))
	var taken Names
	goNames := make([]string, len(cNames))
	for i, name := range bare {
		if cNames[i] == "" {
			continue
		}
		words := strings.Split(strings.TrimPrefix(name, prefix), "_")
		goNames[i] = taken.Take(startWithLetter(camel(words), "X"))
	}
	return goNames
}

// public returns the names that are not reserved by two underscores, which
// mark padding and spare members; they need not follow the record's
// convention. When all are reserved it returns them all.
func public(cNames, bare []string) []string {
	var names []string
	for i, name := range bare {
		if !strings.HasPrefix(cNames[i], "__") {
			names = append(names, name)
		}
	}
	if strings.Join(names, "") == "" {
		return bare
	}
	return names
}

// commonPrefix returns the part up to and including the first underscore that
// all names share, or "" when they share none or need it to be names.
func commonPrefix(names []string) string {
	prefix, named := "", 0
	for _, name := range names {
		if name == "" {
			continue
		}
		i := strings.IndexByte(name, '_')
		rest := strings.TrimLeft(name[i+1:], "_")
		if i < 0 || rest == "" || rest[0] >= '0' && rest[0] <= '9' {
			return ""
		}
		if named++; named == 1 {
			prefix = name[:i+1]
		}
		if name[:i+1] != prefix {
			return ""
		}
	}
	// One member proves no convention; s_addr is a prefix, error_code a name.
	if named == 1 && len(prefix) > len("msg_") {
		return ""
	}
	return prefix
}

// camel joins words in camel case, the first one capitalised too.
func camel(words []string) string {
	var b strings.Builder
	for i, word := range words {
		if word == "" {
			continue
		}
		capitals, ok := initialisms[word]
		typedef := i+1 < len(words) && words[i+1] == "t"
		switch {
		case ok && !typedef:
			b.WriteString(capitals)
		case b.Len() > 0 && isDigit(word[0]) && isDigit(lastByte(b.String())):
			b.WriteString("_" + word)
		default:
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

func startWithLetter(name, letter string) string {
	if name == "" || !token.IsExported(name) {
		return letter + name
	}
	return name
}

// Unexport returns a Go name beginning with a lower-case letter: the leading
// initialism, or the first letter, in lower case. Keywords and the predeclared
// name "len" and its like get an underscore.
//
//	ScopeID  scopeID
//	IPHdr    ipHdr
//	Type     type_
func Unexport(name string) string {
	upper := 0
	for upper < len(name) && (name[upper] >= 'A' && name[upper] <= 'Z') {
		upper++
	}
	if upper > 1 && upper < len(name) && !isDigit(name[upper]) {
		upper-- // the last capital begins the next word
	}
	name = strings.ToLower(name[:upper]) + name[upper:]
	if token.IsKeyword(name) {
		name += "_"
	}
	return name
}

// Names is a set of Go names in one scope. The zero value is empty.
type Names struct{ taken map[string]bool }

// Take returns want, or want with the smallest number from 2 that makes it
// new, and adds it to the set.
func (n *Names) Take(want string) string {
	if n.taken == nil {
		n.taken = make(map[string]bool)
	}
	name := want
	for i := 2; n.taken[name]; i++ {
		name = want + strconv.Itoa(i)
		if isDigit(lastByte(want)) {
			name = want + "_" + strconv.Itoa(i)
		}
	}
	n.taken[name] = true
	return name
}

// Has reports whether name is in the set.
func (n *Names) Has(name string) bool { return n.taken[name] }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isIdent(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r > 0x7f
}

func lastByte(s string) byte {
	if s == "" {
		return 0
	}
	return s[len(s)-1]
}
