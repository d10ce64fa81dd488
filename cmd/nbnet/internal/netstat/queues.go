package netstat

import (
	"context"
	"errors"
	"fmt"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
)

// A queue is one of those between the interfaces and the protocols.
type queue struct {
	Length  int64 `json:"length"`
	Most    int64 `json:"maximum"`
	Dropped int64 `json:"dropped"`
}

// queues does -q.
func (e *env) queues(ctx context.Context) error {
	list := map[string]queue{}
	for _, p := range []struct {
		name, variable string
		family         uint8
	}{{"IP", "net.inet.ip.ifq", netbsd.AF_INET}, {"IPv6", "net.inet6.ip6.ifq", netbsd.AF_INET6}} {
		if e.family != netbsd.AF_UNSPEC && e.family != p.family {
			continue
		}
		var q queue
		for part, to := range map[string]*int64{".len": &q.Length, ".maxlen": &q.Most, ".drops": &q.Dropped} {
			var err error
			if *to, err = e.Int(ctx, p.variable+part); err != nil && !errors.Is(err, netbsd.ENOENT) {
				return err
			}
		}
		if list[p.name] = q; e.json {
			continue
		}
		if _, err := fmt.Fprintf(e.out, "%s:\n\tqueue length: %d\n\tmaximum queue length: %d\n\tpackets dropped: %d\n",
			p.name, q.Length, q.Most, q.Dropped); err != nil {
			return err
		}
	}
	if e.json {
		return command.WriteJSON(e.out, list)
	}
	return nil
}
