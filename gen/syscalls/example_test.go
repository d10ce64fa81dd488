package syscalls_test

import (
	"fmt"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/namespace"
	"github.com/abigen/abigen/gen/syscalls"
)

// A number, a prototype and the kernel's struct of the arguments make a
// function.
func ExampleNewPlan() {
	integer := &ctype.Type{Kind: ctype.Int, Name: "int", Size: 4, Align: 4, Signed: true}
	pointer := func(to *ctype.Type) *ctype.Type {
		return &ctype.Type{Kind: ctype.Pointer, Size: 8, Align: 8, Elem: to}
	}
	args := &ctype.Type{Kind: ctype.RecordRef, Name: "struct sys_listen_args"}
	unit := &ctype.Unit{
		Target: ctype.Target{OS: "netbsd", Arch: "amd64"},
		Consts: []*ctype.Const{{
			Name: "SYS_listen", Type: integer, Int: ctype.IntegerOf(106), Pos: ctype.Pos{File: "sys/syscall.h"},
		}},
		Records: []*ctype.Record{{
			Name: args.Name, Complete: true, Size: 16, Align: 8,
			Members: []*ctype.Member{{Name: "s", Type: integer}, {Name: "backlog", Type: integer, Offset: 8}},
		}},
		Funcs: []*ctype.Func{
			{Name: "rump_sys_listen", Symbol: "rump___sysimpl_listen", Pos: ctype.Pos{File: "rump/rump_syscalls.h"}, Type: &ctype.Type{
				Kind: ctype.Function, Elem: integer, Params: []ctype.Param{{Type: integer}, {Type: integer}},
			}},
			{Name: "sys_listen", Type: &ctype.Type{
				Kind: ctype.Function, Elem: integer, Params: []ctype.Param{{Type: pointer(integer)}, {Type: pointer(args)}, {Type: pointer(integer)}},
			}},
		},
	}
	units := []*ctype.Unit{unit}
	types, err := namespace.NewPlan(units, nil, namespace.Options{Package: "netbsd", Import: "example.com/netbsd", System: "NetBSD"})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := syscalls.NewPlan(units, types, syscalls.Options{
		Package: "syscalls", Import: "example.com/netbsd/syscalls", System: "NetBSD",
		Numbers: "sys/syscall.h", Prototypes: "rump/rump_syscalls.h", Status: []string{"listen"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(p)
	// Output:
	// amd64: 64-bit slots, 64-bit arguments aligned to 1
	//  106 listen 0:s(Int32) 1:backlog(Int32) -> Listen: int listen(int s, int backlog), status
}
