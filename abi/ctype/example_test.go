package ctype_test

import (
	"fmt"

	"github.com/abigen/abigen/abi/ctype"
)

// Headers of two releases disagree about a struct.
func ExampleDiff() {
	unit := func(length string, size int64) *ctype.Unit {
		return &ctype.Unit{Records: []*ctype.Record{{
			Name: "struct linger", Tag: "linger", Complete: true, Size: size, Align: size,
			Members: []*ctype.Member{{Name: "l_onoff", Type: &ctype.Type{Kind: ctype.Int, Name: length, Size: size, Align: size, Signed: true}}},
			Pos:     ctype.Pos{File: "sys/socket.h", Line: 163, Col: 8},
		}}}
	}
	for _, d := range ctype.Diff(unit("int", 4), unit("short", 2)) {
		fmt.Println(d)
	}
	// Output:
	// struct linger: size changed from 4 to 2 (sys/socket.h:163:8)
	// struct linger: alignment changed from 4 to 2 (sys/socket.h:163:8)
	// struct linger.l_onoff: type changed from int to short
}

// The type of a member, as C spells it.
func ExampleType_Declare() {
	handler := &ctype.Type{Kind: ctype.Pointer, Elem: &ctype.Type{
		Kind:   ctype.Function,
		Elem:   &ctype.Type{Kind: ctype.Void},
		Params: []ctype.Param{{Type: &ctype.Type{Kind: ctype.Int, Name: "int"}}},
	}}
	fmt.Println(handler.Declare("sa_handler"))
	// Output: void (*sa_handler)(int)
}
