package ndp_test

import (
	"testing"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/ifconfig"
	"github.com/abigen/abigen/cmd/nbnet/internal/lab"
	"github.com/abigen/abigen/cmd/nbnet/internal/ndp"
	"github.com/abigen/abigen/runtime/hypercall/wire"
)

func TestScripts(t *testing.T) {
	for name, script := range map[string]string{
		"table": `
			ndp -a
			ndp -s 2001:db8:1::2 02:00:00:00:00:02
			ndp -s 2001:db8:1::3 2:0:0:0:0:3 temp
			ndp -s fe80::4%shmif0 02:00:00:00:00:04 proxy --json
			ndp -an
			ndp 2001:db8:1::2
			ndp -d 2001:db8:1::2
			ndp 2001:db8:1::2
			ndp -c
			ndp -a --json
			ndp -i shmif0
			ndp -i shmif0 -nud basereachable=20000 curhlim=32
			ndp -i shmif0 nud --json
		`,
		"refused": `
			ndp
			ndp -a 2001:db8:1::2
			ndp -ac
			ndp -s 2001:db8:1::2
			ndp -s 2001:db8:1::2 0:1
			ndp -s 2001:db8:9::2 02:00:00:00:00:02
			ndp -d 2001:db8:1::9
			ndp 10.1.0.2
			ndp -p
			ndp -i shmif9
			ndp -i shmif0 fast
			ndp -i shmif0 curhlim=256
		`,
	} {
		t.Run(name, func(t *testing.T) {
			k := lab.Boot(t, lab.Wires{"bus": wire.New()})
			lab.Must(t, k, ifconfig.Command, "shmif0 create link 02:00:00:00:00:01 active")
			lab.Must(t, k, ifconfig.Command, "shmif0 linkstr bus 10.1.0.1/16")
			lab.Must(t, k, ifconfig.Command, "shmif0 inet6 2001:db8:1::1/64 alias")
			lab.Script(t, k, []*command.Command{ndp.Command}, name, script)
		})
	}
}
