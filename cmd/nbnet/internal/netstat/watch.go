package netstat

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
)

// A traffic is what an interface has counted. Its JSON form is that of -w.
type traffic struct {
	Name       string `json:"name"`
	Ipackets   uint64 `json:"inputPackets"`
	Ierrors    uint64 `json:"inputErrors"`
	Ibytes     uint64 `json:"inputBytes"`
	Opackets   uint64 `json:"outputPackets"`
	Oerrors    uint64 `json:"outputErrors"`
	Obytes     uint64 `json:"outputBytes"`
	Collisions uint64 `json:"collisions"`
	Drops      uint64 `json:"drops"`
}

// add adds the counters of o, times sign, to t's.
func (t *traffic) add(o *traffic, sign uint64) {
	t.Ipackets += sign * o.Ipackets
	t.Ierrors += sign * o.Ierrors
	t.Ibytes += sign * o.Ibytes
	t.Opackets += sign * o.Opackets
	t.Oerrors += sign * o.Oerrors
	t.Obytes += sign * o.Obytes
	t.Collisions += sign * o.Collisions
	t.Drops += sign * o.Drops
}

// since returns what t has more than o.
func (t traffic) since(o *traffic) traffic {
	t.add(o, ^uint64(0)) // minus one
	return t
}

// linesPerHeading is after how many lines the columns are named again.
const linesPerHeading = 21

// watch does -w: a line at once with all that was counted so far, and one after
// each interval with what is new.
func (e *env) watch(ctx context.Context) error {
	ticks := time.NewTicker(time.Duration(e.wait) * time.Second)
	defer ticks.Stop()
	var one, all traffic
	for line := 0; ; line++ {
		nowOne, nowAll, err := e.traffic(ctx)
		if err != nil {
			return err
		}
		newOne, newAll := nowOne.since(&one), nowAll.since(&all)
		one, all = nowOne, nowAll
		b := new(bytes.Buffer)
		if e.json {
			_ = json.NewEncoder(b).Encode(map[string]traffic{"interface": newOne, "total": newAll}) // a buffer takes all
		} else {
			if line%linesPerHeading == 0 {
				e.watchHeading(b, nowOne.Name)
			}
			e.watchLine(b, &newOne)
			b.WriteString("  ")
			e.watchLine(b, &newAll)
			b.WriteByte('\n')
		}
		if _, err := e.out.Write(b.Bytes()); err != nil {
			return err
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// traffic returns the counters of the interface that was asked for, or of the last
// one, and those of all together.
func (e *env) traffic(ctx context.Context) (one, all traffic, err error) {
	messages, err := e.Messages(ctx, rtsock.Links(e.Version(), netbsd.AF_UNSPEC, 0))
	if err != nil {
		return one, all, fmt.Errorf("list interfaces: %w", err)
	}
	all.Name = "total"
	found := false
	for _, m := range messages {
		h, ok := m.Header.(*netbsd.IfMsghdr)
		if !ok {
			continue
		}
		sdl, _ := sockaddr.ParseLink(m.Addrs[netbsd.RTAX_IFP])
		i := newIface(h, sdl.Name, "", "")
		t := traffic{
			Name: i.Name, Ipackets: i.Ipackets, Ierrors: i.Ierrors, Ibytes: i.Ibytes, Opackets: i.Opackets,
			Oerrors: i.Oerrors, Obytes: i.Obytes, Collisions: i.Collisions, Drops: i.Drops,
		}
		all.add(&t, 1)
		if e.ifname == "" || e.ifname == t.Name {
			one, found = t, true
		}
	}
	if !found {
		return one, all, unknownInterface(e.ifname)
	}
	return one, all, nil
}

func unknownInterface(name string) error {
	return command.Usage("nbnet ifconfig -l lists those there are", "%s: unknown interface", name)
}

func (e *env) watchHeading(b *bytes.Buffer, name string) {
	for i, n := range []string{name, "total"} {
		if i > 0 {
			b.WriteString("  ")
		}
		if e.set['b'] > 0 {
			fmt.Fprintf(b, "%7.7s in %8s %6.6s out %5s", n, "", n, "")
		} else {
			fmt.Fprintf(b, "%5.5s in %5s%5.5s out %5s %5s", n, "", n, "", "")
		}
		if e.set['d'] > 0 {
			fmt.Fprintf(b, " %5s", "")
		}
	}
	b.WriteByte('\n')
	for i := range 2 {
		if i > 0 {
			b.WriteString("  ")
		}
		if e.set['b'] > 0 {
			fmt.Fprintf(b, "%10s %8s %10s %5s", "bytes", "", "bytes", "")
		} else {
			fmt.Fprintf(b, "%8s %5s %8s %5s %5s", "packets", "errs", "packets", "errs", "colls")
		}
		if e.set['d'] > 0 {
			fmt.Fprintf(b, " %5s", "drops")
		}
	}
	b.WriteByte('\n')
}

func (e *env) watchLine(b *bytes.Buffer, t *traffic) {
	if e.set['b'] > 0 {
		fmt.Fprintf(b, "%10s %8s %10s %5s", e.bytes(t.Ibytes), "", e.bytes(t.Obytes), "")
	} else {
		fmt.Fprintf(b, "%8d %5d %8d %5d %5d", t.Ipackets, t.Ierrors, t.Opackets, t.Oerrors, t.Collisions)
	}
	if e.set['d'] > 0 {
		fmt.Fprintf(b, " %5d", t.Drops)
	}
}
