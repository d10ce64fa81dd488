package netstat

import "github.com/abigen/abigen/netbsd"

// The names of what is counted by kind. What has none is shown as a number.
var (
	icmpTypes = map[int]string{
		0: "echo reply", 3: "destination unreachable", 4: "source quench", 5: "routing redirect", 6: "alternate host address",
		8: "echo", 9: "router advertisement", 10: "router solicitation", 11: "time exceeded", 12: "parameter problem",
		13: "time stamp", 14: "time stamp reply", 15: "information request", 16: "information request reply",
		17: "address mask request", 18: "address mask reply",
	}
	icmp6Types = map[int]string{
		1: "unreach", 2: "packet too big", 3: "time exceed", 4: "parameter problem", 128: "echo", 129: "echo reply",
		130: "multicast listener query", 131: "multicast listener report", 132: "multicast listener done",
		133: "router solicitation", 134: "router advertisement", 135: "neighbor solicitation", 136: "neighbor advertisement",
		137: "redirect", 138: "router renumbering", 139: "node information request", 140: "node information reply",
	}
	icmp6Errors = map[int]string{
		netbsd.ICMP6_ERRSTAT_DST_UNREACH_NOROUTE: "no route", netbsd.ICMP6_ERRSTAT_DST_UNREACH_ADMIN: "administratively prohibited",
		netbsd.ICMP6_ERRSTAT_DST_UNREACH_BEYONDSCOPE: "beyond scope", netbsd.ICMP6_ERRSTAT_DST_UNREACH_ADDR: "address unreachable",
		netbsd.ICMP6_ERRSTAT_DST_UNREACH_NOPORT: "port unreachable", netbsd.ICMP6_ERRSTAT_PACKET_TOO_BIG: "packet too big",
		netbsd.ICMP6_ERRSTAT_TIME_EXCEED_TRANSIT: "time exceed transit", netbsd.ICMP6_ERRSTAT_TIME_EXCEED_REASSEMBLY: "time exceed reassembly",
		netbsd.ICMP6_ERRSTAT_PARAMPROB_HEADER: "erroneous header field", netbsd.ICMP6_ERRSTAT_PARAMPROB_NEXTHEADER: "unrecognized next header",
		netbsd.ICMP6_ERRSTAT_PARAMPROB_OPTION: "unrecognized option", netbsd.ICMP6_ERRSTAT_REDIRECT: "redirect",
		netbsd.ICMP6_ERRSTAT_UNKNOWN: "unknown",
	}
	nextHeaders = map[int]string{
		0: "hop by hop", 1: "ICMP", 2: "IGMP", 4: "IP", 6: "TCP", 17: "UDP", 41: "IP6", 43: "routing", 44: "fragment",
		50: "ESP", 51: "AH", 58: "ICMP6", 59: "no next header", 60: "destination option", 89: "OSPF", 97: "Ethernet", 103: "PIM", 132: "SCTP",
	}
)

// tcpStates are the names of the states of TCP (TCPS_*).
var tcpStates = [netbsd.TCP_NSTATES]string{
	"CLOSED", "LISTEN", "SYN_SENT", "SYN_RECEIVED", "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1", "CLOSING", "LAST_ACK", "FIN_WAIT_2", "TIME_WAIT",
}

// services are the names of ports that are shown without -n: those that one
// meets. Both protocols have the same.
var services = map[uint16]string{
	7: "echo", 9: "discard", 13: "daytime", 19: "chargen", 20: "ftp-data", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 37: "time",
	53: "domain", 67: "bootps", 68: "bootpc", 69: "tftp", 79: "finger", 80: "http", 88: "kerberos", 110: "pop3", 111: "sunrpc", 113: "auth",
	119: "nntp", 123: "ntp", 137: "netbios-ns", 138: "netbios-dgm", 139: "netbios-ssn", 143: "imap", 161: "snmp", 162: "snmp-trap", 179: "bgp",
	389: "ldap", 443: "https", 445: "microsoft-ds", 500: "isakmp", 514: "syslog", 515: "printer", 520: "route", 546: "dhcpv6-client", 547: "dhcpv6-server",
	587: "submission", 631: "ipp", 636: "ldaps", 993: "imaps", 995: "pop3s", 2049: "nfsd", 3306: "mysql",
	5432: "postgresql", 8080: "http-alt",
}
