package nearest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNames(t *testing.T) {
	all := []string{"sockaddr_in", "sockaddr_in6", "sockaddr_un", "msghdr", "AF_INET6", "timeval", "timespec"}
	for _, test := range []struct {
		name string
		want []string
	}{
		{"sockaddr_in5", []string{"sockaddr_in", "sockaddr_in6", "sockaddr_un"}},
		{"msghrd", []string{"msghdr"}},
		{"af_inet6", []string{"AF_INET6"}},
		{"timevals", []string{"timeval", "timespec"}},
		{"completely_else", nil},
		{"msghdr", nil}, // itself is no suggestion
		{"", nil},
	} {
		if diff := cmp.Diff(test.want, Names(test.name, all)); diff != "" {
			t.Errorf("Names(%q) (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestSuggest(t *testing.T) {
	if got, want := Suggest("sockaddr_in5", []string{"sockaddr_in", "sockaddr_in6"}), "; did you mean sockaddr_in or sockaddr_in6?"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Suggest("x", []string{"sockaddr"}); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}
