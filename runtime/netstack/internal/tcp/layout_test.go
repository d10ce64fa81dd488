package tcp

import (
	"reflect"
	"strings"
	"testing"
)

// A release of gVisor whose endpoints are laid out differently is refused, and
// the error names all that is missing.
func TestFindLayoutRefuses(t *testing.T) {
	_, err := findLayout(reflect.TypeFor[struct{ Endpoint int }]())
	if err == nil {
		t.Fatal("a struct without the fields was taken")
	}
	for _, name := range []string{"rcvQueueMu", "sndQueueMu", "acceptMu", "TCPSndBufState", "endpoints"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
	if errLayout != nil {
		t.Errorf("the release in use: %v", errLayout)
	}
}
