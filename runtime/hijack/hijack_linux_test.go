//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"testing"

	"github.com/abigen/abigen/runtime/hijack"
	"github.com/abigen/abigen/runtime/nbsock"
)

func TestPrograms(t *testing.T) {
	for _, name := range []string{"tcp", "udp", "refused"} {
		t.Run(name, func(t *testing.T) { program(t, newKernel(t), name) })
	}
}

// What listens on the host is not there for a program.
func TestHostIsNotReached(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	program(t, newKernel(t), "host", ln.Addr().String())
}

// A program of others, which knows nothing of all this, gets a page from a
// server on the kernel.
func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	k := newKernel(t)
	n, err := nbsock.New(k, nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := n.Listen("tcp", "127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "a page")
	})}
	go func() { _ = s.Serve(ln) }()
	defer s.Close()
	stdout, stderr, code := run(t, k, hijack.Config{Args: []string{curl, "-sS", "--max-time", "30", "http://127.0.0.1/"}})
	if stdout != "a page" || code != 0 {
		t.Errorf("exit code %d, %q, %s", code, stdout, stderr)
	}
}
