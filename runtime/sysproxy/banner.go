package sysproxy

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/abigen/abigen/runtime/kernel"
)

// machine is what NetBSD calls the architecture of this program.
var machine = map[string]string{"amd64": "amd64", "arm64": "evbarm", "386": "i386", "arm": "evbarm"}[runtime.GOARCH]

// protocol is what a server's first line begins with.
const protocol = "RUMPSP-0."

// bannerMax is the longest line that NetBSD's client takes, line feed included.
const bannerMax = 95

// banner returns the line that a server says what it is with.
func banner(r *kernel.Release) string {
	tail := "/" + machine + "\n"
	head := protocol + "4-NetBSD-" + r.Version
	return head[:min(len(head), bannerMax-len(tail))] + tail
}

// readBanner reads the line, without the line feed.
func readBanner(r *bufio.Reader) (string, error) {
	const limit = 256
	var line []byte
	for len(line) < limit {
		c, err := r.ReadByte()
		switch {
		case err == io.EOF && len(line) == 0:
			return "", fmt.Errorf("the server closed the connection at once: it has as many clients as it takes, or is no server of system calls")
		case err != nil:
			return "", unexpected(err)
		case c == '\n':
			return string(line), nil
		}
		line = append(line, c)
	}
	return "", fmt.Errorf("no line feed in the first %d bytes: not a server of system calls", limit)
}

// parseBanner returns the release that a line such as
// "RUMPSP-0.4-NetBSD-7.99.34/amd64" tells of. Releases that are not known by
// name are taken for the nearest.
func parseBanner(line string) (*kernel.Release, error) {
	rest, ok := strings.CutPrefix(line, protocol)
	_, system, ok2 := strings.Cut(rest, "-")
	if !ok || !ok2 {
		return nil, fmt.Errorf("%q is not how a server of version 0 of the protocol begins", line)
	}
	system, mach, _ := strings.Cut(system, "/")
	version, ok := strings.CutPrefix(system, "NetBSD-")
	if !ok {
		return nil, fmt.Errorf("%q does not tell of a NetBSD kernel", line)
	}
	if mach != machine {
		return nil, fmt.Errorf("the kernel is one for %q, and this program has the structs of %q", mach, machine)
	}
	r := *kernel.NetBSD10
	if major, _, _ := strings.Cut(version, "."); major == "7" || major == "6" {
		r = *kernel.NetBSD79934
	}
	r.Version = version
	return &r, nil
}
