package rump

import (
	"testing"

	irump "github.com/abigen/abigen/internal/rump"
)

// TestComponents boots a kernel with each component that this package knows.
func TestComponents(t *testing.T) {
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	for name := range needs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, err := New(Config{Apart: true, Components: []string{name}})
			if err != nil {
				t.Fatal(err)
			}
			newThread(t, k)
			if err := k.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
