package convert_test

import (
	"fmt"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/convert"
	"github.com/abigen/abigen/gen/namespace"
)

// One constant that two systems number differently, and one that only one of
// them has.
func ExampleNewPlan() {
	model := func(name string, numbers map[string]int64, order ...string) convert.SystemModel {
		u := &ctype.Unit{Target: ctype.Target{OS: name, Arch: "amd64"}}
		for i, c := range order {
			u.Consts = append(u.Consts, &ctype.Const{Name: c, Int: ctype.IntegerOf(numbers[c]),
				Pos: ctype.Pos{File: "sys/socket.h", Line: i + 1, Col: 9}})
		}
		names, err := namespace.NewPlan([]*ctype.Unit{u}, nil, namespace.Options{Package: name, Import: "example.com/" + name, System: name})
		if err != nil {
			panic(err)
		}
		return convert.SystemModel{Name: name, Title: name, Import: "example.com/" + name, Units: []*ctype.Unit{u}, GoNames: names}
	}
	netbsd := model("netbsd", map[string]int64{"AF_INET6": 24, "AF_LINK": 18}, "AF_INET6", "AF_LINK")
	linux := model("linux", map[string]int64{"AF_INET6": 10}, "AF_INET6")
	plan, err := convert.NewPlan(netbsd, linux, convert.Rules{
		Systems: []string{"netbsd", "linux"},
		Domains: []*convert.DomainRule{{
			Name: "AddressFamily", What: "address family", Constants: []string{"AF_*"},
			Type: convert.Pair{Left: "uint8", Right: "uint16"},
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan)
	// Output:
	// netbsd to linux
	//
	// domain AddressFamily: uint8 -> uint16
	// 	AF_INET6 0x18 -> 0xa (name)
	// 	open AF_LINK
}
