package namespace

import "github.com/abigen/abigen/abi/ctype"

// Options are what a person decides about a package. The zero value of each
// field but the first three works.
type Options struct {
	Package string // name of the Go package, such as "netbsd"
	Import  string // its import path
	System  string // the system as the texts call it, such as "NetBSD"
	ABI     string // import path of package abi; that of abigen when empty

	// NetworkOrder names what is big-endian in memory on every machine: a
	// typedef ("in_port_t") or a member ("sockaddr_in.sin_port"). Such
	// members get the types abi.BE16, abi.BE32 and abi.BE64.
	NetworkOrder []string

	// Rename gives Go names: of a type under its C name ("struct tm",
	// "uid_t"), or of a member ("sockaddr_in.sin_port").
	Rename map[string]string

	// Exclude are patterns, as for path.Match, of the C names of types and
	// constants to leave out.
	Exclude []string

	// Bytes names records to be emitted as a byte array type of their size,
	// for the few whose C form is a union nobody wants: "struct in6_addr".
	Bytes []string

	// Notes adds to the comment of a member ("msghdr.msg_flags"): "MSG_*".
	Notes map[string]string

	// Place tells where one of the options above names something, given the
	// option's key in the configuration ("network_order") and the name. It
	// may be nil; errors then have no place.
	Place func(option, name string) ctype.Pos

	Errno  Numbers // the error numbers
	Signal Numbers // the signal numbers

	// Portable names the records that package portable covers.
	Portable []string
}

// Numbers says which constants belong to a numbered type, and what they mean
// in the system's own words.
type Numbers struct {
	// Match and Except are patterns of constant names: "E*", "ELAST". What
	// has a Wording belongs to the type in any case, and so do further names
	// for its number. The type is not made when nothing is asked for.
	Match  []string
	Except []string

	// Headers limits the match to constants declared in one of these
	// headers, given as patterns ("sys/errno.h", "asm-generic/errno*.h").
	// Empty means any header.
	Headers []string

	// Wording is what the system says for a constant, by C name.
	Wording map[string]string
}

// abiPath returns the import path of package abi.
func (o *Options) abiPath() string {
	if o.ABI != "" {
		return o.ABI
	}
	return "github.com/abigen/abigen/abi"
}
