package netif

import (
	"net/netip"
	"testing"
)

func TestClassBroadcast(t *testing.T) {
	for network, want := range map[string]string{
		"10.1.2.0/24":    "10.255.255.255",
		"172.16.1.0/24":  "172.16.255.255",
		"192.0.2.128/25": "192.0.2.255",
		"192.0.0.0/16":   "192.0.255.255",
		"0.0.0.0/0":      "255.255.255.255",
	} {
		if got := classBroadcast(netip.MustParsePrefix(network)); got.String() != want {
			t.Errorf("%s: %s, want %s", network, got, want)
		}
	}
}
