package command_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
)

func TestGetopt(t *testing.T) {
	for _, tt := range []struct {
		args     []string
		opts     []command.Option
		operands []string
		problem  string
	}{
		{[]string{"-ab", "-w5", "-w", "6", "lo0", "-a"}, []command.Option{{Letter: 'a'}, {Letter: 'b'}, {Letter: 'w', Value: "5"}, {Letter: 'w', Value: "6"}}, []string{"lo0", "-a"}, ""},
		{[]string{"-aw", "5"}, []command.Option{{Letter: 'a'}, {Letter: 'w', Value: "5"}}, []string{}, ""},
		{[]string{"--", "-a"}, nil, []string{"-a"}, ""},
		{[]string{"-", "x"}, nil, []string{"-", "x"}, ""},
		{[]string{"-w"}, nil, nil, "option requires an argument -- w"},
		{[]string{"-:"}, nil, nil, "unknown option -- :"},
		{[]string{"-az"}, nil, nil, "unknown option -- z"},
	} {
		opts, operands, err := command.Getopt(tt.args, "abw:")
		var usage *command.UsageError
		switch {
		case tt.problem != "":
			if !errors.As(err, &usage) || usage.Problem != tt.problem {
				t.Errorf("%q: %v", tt.args, err)
			}
		case err != nil || !reflect.DeepEqual(opts, tt.opts) || len(operands)+len(tt.operands) > 0 && !reflect.DeepEqual(operands, tt.operands):
			t.Errorf("%q: %v, %q, %v", tt.args, opts, operands, err)
		}
	}
}

func TestJSON(t *testing.T) {
	rest, on := command.JSON([]string{"lo0", "--json", "--", "--json"})
	if !on || !reflect.DeepEqual(rest, []string{"lo0", "--", "--json"}) {
		t.Errorf("%q, %v", rest, on)
	}
}

func TestHumanize(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1.0K", 1536: "1.5K", 10200: "10K", 1 << 20: "1.0M", 1023 << 10: "1.0M", 1<<64 - 1: "16E"} {
		if got := command.Humanize(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

func TestBits(t *testing.T) {
	bits := []command.Bit{{Mask: 1, Name: "UP"}, {Mask: 8, Name: "LOOPBACK"}}
	for v, want := range map[uint64]string{0: "0", 9: "0x9<UP,LOOPBACK>", 4: "0x4", 12: "0xc<LOOPBACK>"} {
		if got := command.Bits(v, bits); got != want {
			t.Errorf("%d is %s, want %s", v, got, want)
		}
	}
}
