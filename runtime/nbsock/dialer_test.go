package nbsock_test

import (
	"strings"
	"testing"

	"github.com/abigen/abigen/runtime/nbsock"
)

func TestNoNet(t *testing.T) {
	_, err := new(nbsock.Dialer).Dial("tcp", "127.0.0.1:9")
	_, err1 := new(nbsock.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	_, err2 := new(nbsock.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	for _, err := range []error{err, err1, err2} {
		if err == nil || !strings.Contains(err.Error(), "Net is not set") {
			t.Errorf("got %v", err)
		}
	}
}
