package main

import (
	"strings"
	"testing"
)

// The page arrives, and what was done for it is shown.
func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{
		"client  ioctl(",
		"SIOCAIFADDR, {virt0, 10.0.0.1",
		"RTM_ADD dst 192.0.2.80 gateway 10.0.0.2",
		"server  bind(",
		"connect(",
		"The page: hello, 10.0.0.1:",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
