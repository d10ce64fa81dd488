// Package xsys holds the test that compares the generated packages with the
// tables of golang.org/x/sys/unix, which were made by another tool from other
// copies of the headers: where a name is in both, the value is the same, or
// testdata/differences.txt says why not.
package xsys

import (
	"bufio"
	"fmt"
	"go/constant"
	"go/types"
	"os"
	"slices"
	"strings"
	"testing"

	_ "golang.org/x/sys/unix" // the tables; loaded by name below
	"golang.org/x/tools/go/packages"
)

const differencesFile = "testdata/differences.txt"

// structs are the types whose size is compared, by their names in
// golang.org/x/sys/unix and here.
var structs = map[string]string{
	"Cmsghdr": "Cmsghdr", "Flock_t": "Flock", "ICMPv6Filter": "ICMP6Filter", "IPMreq": "IPMreq",
	"IPv6Mreq": "IPv6Mreq", "Iovec": "Iovec", "Linger": "Linger", "Msghdr": "Msghdr", "PollFd": "Pollfd",
	"RawSockaddrAny": "", "RawSockaddrInet4": "SockaddrIn", "RawSockaddrInet6": "SockaddrIn6",
	"RawSockaddrUnix": "SockaddrUn", "RawSockaddrDatalink": "SockaddrDl", "RawSockaddrLinklayer": "SockaddrLl",
	"Rlimit": "Rlimit", "Rusage": "Rusage", "Termios": "Termios", "Timespec": "Timespec", "Timeval": "Timeval",
	"Winsize": "Winsize", "Utsname": "Utsname", "EpollEvent": "EpollEvent", "Kevent_t": "Kevent",
	"Inet6Pktinfo": "In6Pktinfo", "NlMsghdr": "Nlmsghdr", "RtMsg": "Rtmsg", "IfInfomsg": "Ifinfomsg",
	"IfAddrmsg": "Ifaddrmsg", "BpfHdr": "BpfHdr", "BpfProgram": "BpfProgram", "IfMsghdr": "IfMsghdr",
	"IfaMsghdr": "IfaMsghdr", "RtMsghdr": "RtMsghdr", "RtMetrics": "RtMetrics", "Stat_t": "Stat",
}

func TestValues(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the sources of two packages for eight targets")
	}
	explained := readDifferences(t)
	used := map[string]bool{}
	for _, system := range []string{"netbsd", "linux"} {
		for _, arch := range []string{"amd64", "arm64", "386", "arm"} {
			theirs := load(t, "golang.org/x/sys/unix", system, arch)
			ours := load(t, "github.com/abigen/abigen/"+system, "linux", arch)
			n := 0
			differ := func(name, our, their string) {
				key := system + " " + name
				for _, k := range []string{key, system + "/" + arch + " " + name} {
					if _, ok := explained[k]; ok {
						used[k] = true
						return
					}
				}
				t.Errorf("%s/%s %s: here %s, in golang.org/x/sys/unix %s; say why in %s", system, arch, name, our, their, differencesFile)
			}
			for _, name := range theirs.Types.Scope().Names() {
				their, ok := theirs.Types.Scope().Lookup(name).(*types.Const)
				if !ok || !their.Exported() {
					continue
				}
				our, ok := ours.Types.Scope().Lookup(name).(*types.Const)
				if !ok {
					continue
				}
				n++
				if !same(their.Val(), our.Val(), theirs.TypesSizes.Sizeof(types.Typ[types.Uintptr])) {
					differ(name, our.Val().ExactString(), their.Val().ExactString())
				}
			}
			for their, our := range structs {
				a, b := typeNamed(theirs, their), typeNamed(ours, our)
				if a == nil || b == nil {
					continue
				}
				n++
				if x, y := theirs.TypesSizes.Sizeof(a), ours.TypesSizes.Sizeof(b); x != y {
					differ("sizeof "+their, fmt.Sprint(y), fmt.Sprint(x))
				}
			}
			t.Logf("%s/%s: %d names in both", system, arch, n)
			if n < 800 {
				t.Errorf("%s/%s: only %d names in both: were the packages loaded?", system, arch, n)
			}
		}
	}
	for key := range explained {
		if !used[key] {
			t.Errorf("%s explains %q, which does not differ any more", differencesFile, key)
		}
	}
}

// same compares two constants. Request numbers and masks of 32 bits appear as
// negative numbers in one table and as unsigned ones in the other.
func same(a, b constant.Value, word int64) bool {
	if a.Kind() == constant.String || b.Kind() == constant.String {
		return a.ExactString() == b.ExactString()
	}
	x, y := bits(a), bits(b)
	return x == y || (x^y)<<32 == 0 && (x>>32 == 1<<32-1 || y>>32 == 1<<32-1 || word == 4)
}

func bits(v constant.Value) uint64 {
	v = constant.ToInt(v)
	if n, exact := constant.Uint64Val(v); exact {
		return n
	}
	n, _ := constant.Int64Val(v)
	return uint64(n)
}

func typeNamed(p *packages.Package, name string) types.Type {
	obj, ok := p.Types.Scope().Lookup(name).(*types.TypeName)
	if !ok {
		return nil
	}
	return obj.Type()
}

// load type-checks a package as a compiler for the target sees it.
func load(t *testing.T, path, goos, arch string) *packages.Package {
	t.Helper()
	pkgs, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedTypes | packages.NeedTypesSizes | packages.NeedImports | packages.NeedDeps,
		Env:  append(os.Environ(), "GOOS="+goos, "GOARCH="+arch, "CGO_ENABLED=0"),
	}, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range pkgs[0].Errors {
		t.Fatalf("%s for %s/%s: %v", path, goos, arch, e)
	}
	return pkgs[0]
}

// readDifferences reads lines of the form
//
//	SYSTEM[/ARCH] NAME: REASON
//
// in which NAME may have the word sizeof before it.
func readDifferences(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open(differencesFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	explained := map[string]string{}
	sc := bufio.NewScanner(f)
	for line := 1; sc.Scan(); line++ {
		text := strings.TrimSpace(sc.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		names, reason, ok := strings.Cut(text, ": ")
		words := strings.Fields(names)
		if !ok || reason == "" || len(words) < 2 {
			t.Fatalf("%s:%d: want SYSTEM[/ARCH] NAME...: REASON", differencesFile, line)
		}
		for _, name := range words[1:] {
			if name == "sizeof" {
				continue
			}
			if slices.Contains(words, "sizeof") {
				name = "sizeof " + name
			}
			explained[words[0]+" "+name] = reason
		}
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return explained
}
