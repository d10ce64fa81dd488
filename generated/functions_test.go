package generated_test

import (
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
)

// functions are all functions that translate a number. The test that uses them
// writes this file with -update.
var functions = map[string]any{
	"tonetbsd.AddressFamily":     tonetbsd.AddressFamily,
	"tonetbsd.ProtocolFamily":    tonetbsd.ProtocolFamily,
	"tonetbsd.SocketType":        tonetbsd.SocketType,
	"tonetbsd.Protocol":          tonetbsd.Protocol,
	"tonetbsd.SocketLevelOption": tonetbsd.SocketLevelOption,
	"tonetbsd.IPOption":          tonetbsd.IPOption,
	"tonetbsd.IPv6Option":        tonetbsd.IPv6Option,
	"tonetbsd.TCPOption":         tonetbsd.TCPOption,
	"tonetbsd.UDPOption":         tonetbsd.UDPOption,
	"tonetbsd.ICMPv6Option":      tonetbsd.ICMPv6Option,
	"tonetbsd.MessageFlags":      tonetbsd.MessageFlags,
	"tonetbsd.Errno":             tonetbsd.Errno,
	"tonetbsd.OpenFlags":         tonetbsd.OpenFlags,
	"tonetbsd.Signal":            tonetbsd.Signal,
	"tonetbsd.PollEvents":        tonetbsd.PollEvents,
	"tonetbsd.ShutdownHow":       tonetbsd.ShutdownHow,
	"tonetbsd.InterfaceFlags":    tonetbsd.InterfaceFlags,
	"tonetbsd.LinkType":          tonetbsd.LinkType,
	"tolinux.AddressFamily":      tolinux.AddressFamily,
	"tolinux.ProtocolFamily":     tolinux.ProtocolFamily,
	"tolinux.SocketType":         tolinux.SocketType,
	"tolinux.Protocol":           tolinux.Protocol,
	"tolinux.SocketLevelOption":  tolinux.SocketLevelOption,
	"tolinux.IPOption":           tolinux.IPOption,
	"tolinux.IPv6Option":         tolinux.IPv6Option,
	"tolinux.TCPOption":          tolinux.TCPOption,
	"tolinux.UDPOption":          tolinux.UDPOption,
	"tolinux.ICMPv6Option":       tolinux.ICMPv6Option,
	"tolinux.MessageFlags":       tolinux.MessageFlags,
	"tolinux.Errno":              tolinux.Errno,
	"tolinux.OpenFlags":          tolinux.OpenFlags,
	"tolinux.Signal":             tolinux.Signal,
	"tolinux.PollEvents":         tolinux.PollEvents,
	"tolinux.ShutdownHow":        tolinux.ShutdownHow,
	"tolinux.InterfaceFlags":     tolinux.InterfaceFlags,
	"tolinux.LinkType":           tolinux.LinkType,
}
