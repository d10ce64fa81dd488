package layout_test

import (
	"fmt"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse/layout"
)

// A struct is laid out for a 64-bit and for a 32-bit machine.
func Example() {
	for _, arch := range []string{"amd64", "386"} {
		r := &ctype.Record{Name: "struct timespec", Tag: "timespec", Complete: true, Members: []*ctype.Member{
			{Name: "tv_sec", Type: &ctype.Type{Kind: ctype.Int, Name: "long long"}},
			{Name: "tv_nsec", Type: &ctype.Type{Kind: ctype.Int, Name: "long"}},
		}}
		model, err := ctype.Target{OS: "netbsd", Arch: arch}.Model()
		if err != nil {
			fmt.Println(err)
			return
		}
		u := &ctype.Unit{Records: []*ctype.Record{r}}
		if err := layout.New(model, u.Index()).Record(r); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(arch, "size", r.Size, "align", r.Align, "tv_nsec at", r.Members[1].Offset)
	}
	// Output:
	// amd64 size 16 align 8 tv_nsec at 8
	// 386 size 12 align 4 tv_nsec at 8
}
