package ctype_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/abigen/abigen/abi/ctype"
)

func TestDiffSame(t *testing.T) {
	a, b := sample(), sample()
	b.Records[5].Pos.Line = 99                                // moved
	b.Funcs[0].Type.Params[1].Name = "length"                 // renamed
	b.Consts[0].Int = ctype.Integer{Bits: 1, Signed: true}    // held in another way
	b.Skipped = append(b.Skipped, ctype.Skipped{Name: "max"}) // not described
	for _, d := range ctype.Diff(a, b) {
		t.Errorf("%s", d)
	}
}

func TestDiff(t *testing.T) {
	a, b := sample(), sample()
	x := b.Index()
	rec := x.Record("struct sample")
	rec.Size, rec.Align = 56, 8
	rec.Members[1].BitWidth = 4
	rec.Members[5].Offset = 20
	rec.Members[6].Name = "color2"
	rec.Members[7].Type = x.Typedef("socklen_t").Type
	x.Record("struct hidden").Complete = true
	x.Typedef("socklen_t").Type = &ctype.Type{Kind: ctype.Int, Name: "unsigned int", Size: 8, Align: 4}
	x.Typedef("odd_t").Attrs.Aligned = 4
	x.Enum("enum color").Type = &ctype.Type{Kind: ctype.Int, Name: "unsigned int", Size: 4, Align: 4}
	x.Const("GREEN").Int = ctype.IntegerOf(3)
	x.Const("_PATH").String = "/dev/null"
	x.Func("sample").Symbol = ""
	x.Func("sample").Type = &ctype.Type{Kind: ctype.Function, Elem: x.Const("GREEN").Type}
	a.Records = append(a.Records, &ctype.Record{Name: "union gone", Union: true, Complete: true, Size: 3})
	b.Consts = append(b.Consts, &ctype.Const{Name: "NEW", Int: ctype.IntegerOf(-7), Pos: ctype.Pos{File: "new.h", Line: 4}})

	var got []string
	for _, d := range ctype.Diff(a, b) {
		got = append(got, d.String())
	}
	want := []string{
		"struct hidden: completeness changed from only declared to defined (sys/sample.h:2:8)",
		"struct sample: size changed from 48 to 56 (sys/sample.h:6:8)",
		"struct sample: alignment changed from 16 to 8 (sys/sample.h:6:8)",
		"struct sample.flags: place changed from 3 bits from bit 64 to 4 bits from bit 64 (sys/sample.h:8:11)",
		"struct sample.pos: offset changed from 16 to 20 (sys/sample.h:13:25)",
		"struct sample.color: removed, was enum color color at 28 (sys/sample.h:14:13)",
		"struct sample.hook: type changed from int (*)(struct hidden *, socklen_t, ...) to unsigned int (sys/sample.h:15:8)",
		"struct sample.color2: added, enum color color2 at 28 (sys/sample.h:14:13)",
		"union gone: removed, was union of 3 bytes",
		"enum color: type changed from int to unsigned int (sys/sample.h:3:6)",
		"typedef socklen_t: size changed from 4 to 8 (sys/sample.h:1:22)",
		"typedef odd_t: alignment changed from 2 to 4 (sys/sample.h:19:13)",
		"constant GREEN: value changed from 2 to 3 (sys/sample.h:3:23)",
		`constant _PATH: value changed from "/dev/<null>é\n" to "/dev/null" (sys/sample.h:35:9)`,
		"constant NEW: added, -7 (new.h:4)",
		"function sample: prototype changed from int sample(struct hidden *, socklen_t, ...) to int sample(void) (sys/sample.h:40:5)",
		"function sample: symbol changed from __sample50 to sample (sys/sample.h:40:5)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}
