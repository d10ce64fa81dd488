package namespace

import (
	"slices"
	"testing"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse/layout"
)

// A header declares things to a unit, for a test: what the parser does with C.
type header struct {
	u     *ctype.Unit
	model *ctype.Model
	file  string
	line  int
}

// unitOf returns a unit with what declare declares, laid out.
func unitOf(t *testing.T, arch string, declare func(h *header)) *ctype.Unit {
	t.Helper()
	target := ctype.Target{OS: "netbsd", Arch: arch}
	model, err := target.Model()
	if err != nil {
		t.Fatal(err)
	}
	h := &header{u: &ctype.Unit{Target: target, Sysroot: "test 1.0"}, model: model, file: "test.h"}
	declare(h)
	for _, err := range layout.New(model, h.u.Index()).Unit(h.u) {
		t.Fatal(err)
	}
	return h.u
}

// unitsOf returns the units of several architectures.
func unitsOf(t *testing.T, archs []string, declare func(h *header)) []*ctype.Unit {
	t.Helper()
	var units []*ctype.Unit
	for _, arch := range archs {
		units = append(units, unitOf(t, arch, declare))
	}
	return units
}

var fourArchs = []string{"amd64", "arm64", "386", "arm"}

func (h *header) pos() ctype.Pos {
	h.line++
	return ctype.Pos{File: h.file, Line: h.line, Col: 1}
}

func (h *header) in(file string) { h.file, h.line = file, 0 }

// record declares a struct or union under its key.
func (h *header) record(key string, members ...*ctype.Member) *ctype.Record {
	r := &ctype.Record{Name: key, Complete: true, Members: members, Pos: h.pos()}
	if bare := bareName(key); bare != key && !slices.Contains([]byte(key), '.') {
		r.Tag = bare
	}
	for _, m := range members {
		m.Pos = h.pos()
	}
	h.u.Records = append(h.u.Records, r)
	return r
}

func (h *header) union(key string, members ...*ctype.Member) *ctype.Record {
	r := h.record(key, members...)
	r.Union = true
	return r
}

func (h *header) typedef(name string, t *ctype.Type) {
	h.u.Typedefs = append(h.u.Typedefs, &ctype.Typedef{Name: name, Type: t, Pos: h.pos()})
}

func (h *header) define(name string, value int64) *ctype.Const {
	c := &ctype.Const{Name: name, Type: h.model.Type("int"), Int: ctype.IntegerOf(value), Pos: h.pos()}
	h.u.Consts = append(h.u.Consts, c)
	return c
}

func (h *header) enum(key string, names ...string) {
	e := &ctype.Enum{Name: key, Complete: true, Consts: names, Pos: h.pos()}
	if bare := bareName(key); bare != key {
		e.Tag = bare
	}
	h.u.Enums = append(h.u.Enums, e)
	for i, name := range names {
		h.define(name, int64(i)).Enum = key
	}
}

// The types of members.

func (h *header) basic(name string) *ctype.Type { return h.model.Type(name) }
func ref(key string) *ctype.Type                { return &ctype.Type{Kind: ctype.RecordRef, Name: key} }
func name(typedef string) *ctype.Type           { return &ctype.Type{Kind: ctype.TypedefRef, Name: typedef} }
func ptr(t *ctype.Type) *ctype.Type             { return &ctype.Type{Kind: ctype.Pointer, Elem: t} }
func array(t *ctype.Type, n int64) *ctype.Type {
	return &ctype.Type{Kind: ctype.Array, Elem: t, Len: n}
}

func member(name string, t *ctype.Type) *ctype.Member { return &ctype.Member{Name: name, Type: t} }
func bitField(name string, t *ctype.Type, width int64) *ctype.Member {
	return &ctype.Member{Name: name, Type: t, BitField: true, BitWidth: width}
}

// everything declares one of each thing.
func everything(h *header) {
	for name, c := range map[string]string{"uint8_t": "unsigned char"} {
		h.typedef(name, h.basic(c))
	}
	h.typedef("uint16_t", h.basic("unsigned short"))
	h.typedef("uint32_t", h.basic("unsigned int"))
	h.typedef("sa_family_t", name("uint8_t"))
	h.typedef("in_port_t", name("uint16_t"))
	h.typedef("socklen_t", name("uint32_t"))
	h.in("netinet6/in6.h")
	h.define("INET6_ADDRSTRLEN", 46)
	h.record("struct in6_addr", member("__u6_addr", ref("struct in6_addr.__u6_addr")))
	h.union("struct in6_addr.__u6_addr",
		member("__u6_addr8", array(name("uint8_t"), 16)),
		member("__u6_addr16", array(name("uint16_t"), 8)),
		member("__u6_addr32", array(name("uint32_t"), 4)))
	h.record("struct sockaddr_in6",
		member("sin6_len", name("uint8_t")),
		member("sin6_family", name("sa_family_t")),
		member("sin6_port", name("in_port_t")),
		member("sin6_flowinfo", name("uint32_t")),
		member("sin6_addr", ref("struct in6_addr")),
		member("sin6_scope_id", name("uint32_t")))
	h.in("sys/socket.h")
	for i, name := range []string{"SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW"} {
		h.define(name, int64(i)+1)
	}
	for i, name := range []string{"MSG_OOB", "MSG_PEEK", "MSG_DONTROUTE", "MSG_EOR", "MSG_TRUNC", "MSG_CTRUNC", "MSG_WAITALL", "MSG_DONTWAIT"} {
		h.define(name, 1<<i)
	}
	h.define("SO_MINUS", -5)
	h.define("lowercase", 3)
	h.define("_RESERVED", 3)
	h.define("MAP_FAILED", -1).Type = ptr(h.basic("void"))
	h.u.Consts = append(h.u.Consts,
		&ctype.Const{Name: "PATH_X", Kind: ctype.ConstString, String: "/a\"b\xff", Pos: h.pos()},
		&ctype.Const{Name: "DBL_X", Kind: ctype.ConstFloat, Float: 3, Pos: h.pos()},
		&ctype.Const{Name: "ULONG_X", Int: ctype.Integer{Bits: 1<<(8*uint(h.model.Long.Size)) - 1}, Pos: h.pos()})
	h.record("struct msghdr",
		member("msg_name", ptr(h.basic("void"))),
		member("msg_namelen", name("socklen_t")),
		member("msg_iov", ptr(ref("struct iovec"))),
		member("msg_iovlen", h.basic("int")),
		member("msg_control", ptr(h.basic("void"))),
		member("msg_controllen", name("socklen_t")),
		member("msg_flags", h.basic("int")))
	h.in("netinet/ip.h")
	h.record("struct ip",
		bitField("ip_hl", h.basic("unsigned int"), 4),
		bitField("ip_v", h.basic("unsigned int"), 4),
		member("ip_tos", name("uint8_t")),
		member("ip_len", name("uint16_t")),
		bitField("ip_s", h.basic("int"), 5),
		bitField("ip_wide", h.basic("unsigned int"), 27)).Attrs.Packed = true
	h.in("sys/signal.h")
	h.define("SIGHUP", 1)
	h.define("SIGINT", 2)
	h.union("union sigval", member("sival_int", h.basic("int")), member("sival_ptr", ptr(h.basic("void"))))
	h.typedef("sigval_t", ref("union sigval"))
	h.record("struct sigevent",
		member("sigev_notify", h.basic("int")),
		member("", ref("struct sigevent.#1")),
		member("sigev_value", ref("union sigval")))
	h.union("struct sigevent.#1",
		member("sigev_long", h.basic("long long")),
		member("", ref("struct sigevent.#1.#1")))
	h.record("struct sigevent.#1.#1",
		member("sigev_a", h.basic("short")),
		member("sigev_b", h.basic("int")),
		bitField("sigev_bit", h.basic("int"), 3))
	h.record("struct epoll_event", member("events", name("uint32_t")), member("data", ref("union epoll_data")),
		member("last", h.basic("char"))).Attrs.Packed = true
	h.union("union epoll_data", member("u64", h.basic("unsigned long long")), member("fd", h.basic("int")))
	h.record("struct flex", member("n", h.basic("unsigned long")), member("data", array(h.basic("char"), -1)))
	h.record("struct odd", member("ld", h.basic("long double")), member("cplx", h.basic("double _Complex")),
		member("type", h.basic("char")), member("_Type", h.basic("char")))
	h.record("struct straddle", bitField("a", h.basic("unsigned int"), 3), bitField("b", h.basic("long long"), 33),
		bitField("c", h.basic("unsigned int"), 30), member("d", h.basic("char"))).Attrs.Packed = true
	h.record("struct __fsid", member("__fsid_val", array(h.basic("int"), 2)))
	h.typedef("fsid_t", ref("struct __fsid"))
	h.enum("enum uio_rw", "UIO_READ", "UIO_WRITE", "uio_lower")
	h.typedef("sig_t", ptr(&ctype.Type{Kind: ctype.Function, Elem: h.basic("void"), Params: []ctype.Param{{Type: h.basic("int")}}}))
	h.in("sys/errno.h")
	h.define("ENOENT", 2)
	h.define("EAGAIN", 35)
	h.define("EWOULDBLOCK", 35)
	h.define("ENOTSUP", 86)
	h.define("ELAST", 86)
}

var everythingOptions = Options{
	Package: "netbsd", Import: "example.com/netbsd", System: "NetBSD",
	NetworkOrder: []string{"in_port_t", "sockaddr_in6.sin6_flowinfo"},
	Bytes:        []string{"struct in6_addr"},
	Notes:        map[string]string{"msghdr.msg_flags": "MSG_*"},
	Errno: Numbers{Match: []string{"E[A-Z]*"}, Except: []string{"ELAST"}, Headers: []string{"sys/errno.h"},
		Wording: map[string]string{"ENOENT": "No such file or directory", "EAGAIN": "Resource temporarily unavailable"}},
	Signal: Numbers{Match: []string{"SIG[A-Z]*"}, Headers: []string{"sys/signal.h"},
		Wording: map[string]string{"SIGHUP": "Hangup"}},
}
