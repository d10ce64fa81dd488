package rtnetlink_test

import (
	"bytes"
	"reflect"
	"syscall"
	"testing"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/linux"
)

// TestKernel asks the kernel it runs on for its tables. Whatever it has there,
// its messages have to come out as they were after they were taken apart, and mean
// the same after they went through the model.
func TestKernel(t *testing.T) {
	for _, test := range []struct {
		name string
		get  int
	}{
		{"links", linux.RTM_GETLINK}, {"addresses", linux.RTM_GETADDR},
		{"routes", linux.RTM_GETROUTE}, {"neighbors", linux.RTM_GETNEIGH},
	} {
		t.Run(test.name, func(t *testing.T) {
			dump, err := syscall.NetlinkRIB(test.get, syscall.AF_UNSPEC)
			if err != nil {
				t.Skipf("the kernel does not tell: %v", err)
			}
			entries := 0
			for len(dump) > 0 {
				raw, rest, err := rtnetlink.Parse(dump)
				if err != nil {
					t.Fatal(err)
				}
				one := dump[:len(dump)-len(rest)]
				dump = rest
				if raw.Header.Type == linux.NLMSG_DONE {
					continue
				}
				rebuild(t, raw, one)
				throughModel(t, raw)
				entries++
			}
			if entries == 0 && test.name == "links" {
				t.Error("there are no links, not even lo")
			}
			t.Logf("%d entries", entries)
		})
	}
}

// rebuild checks that a message is the same when it is put together again.
func rebuild(t *testing.T, raw rtnetlink.Message, want []byte) {
	t.Helper()
	var b rtnetlink.Builder
	b.Begin(raw.Header)
	sizes := map[uint16]int{
		linux.RTM_NEWLINK: linux.SizeofIfinfomsg, linux.RTM_NEWADDR: linux.SizeofIfaddrmsg,
		linux.RTM_NEWROUTE: linux.SizeofRtmsg, linux.RTM_NEWNEIGH: linux.SizeofNdmsg,
	}
	n := sizes[raw.Header.Type]
	b.Bytes = append(b.Bytes, raw.Data[:n]...)
	for rest := raw.Data[n:]; len(rest) > 0; {
		size := int(rest[0]) | int(rest[1])<<8
		b.Attribute(uint16(rest[2])|uint16(rest[3])<<8, rest[4:size])
		rest = rest[min((size+3)&^3, len(rest)):]
	}
	b.End()
	if !bytes.Equal(b.Bytes, want) {
		t.Errorf("\n got %x\nwant %x", b.Bytes, want)
	}
}

// throughModel checks that a message means the same when it was written from the
// model.
func throughModel(t *testing.T, raw rtnetlink.Message) {
	t.Helper()
	first, err := raw.Decode()
	if err != nil {
		t.Logf("not in the model: %v", err)
		return
	}
	b, err := rtnetlink.Append(nil, linux.Nlmsghdr{}, first)
	if err != nil {
		t.Errorf("%+v: %v", first.Entry, err)
		return
	}
	raw2, _, err := rtnetlink.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	second, err := raw2.Decode()
	if err != nil || !reflect.DeepEqual(first.Entry, second.Entry) {
		t.Errorf("%v\n got %+v\nwant %+v", err, second.Entry, first.Entry)
	}
	if l, ok := first.Entry.(*routing.Link); ok && l.Flags&routing.LinkLoopback != 0 && l.Type != 24 {
		t.Errorf("a loopback interface of type %d", l.Type)
	}
}
