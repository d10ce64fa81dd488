package sysroot_test

import (
	"fmt"
	"testing/fstest"

	"github.com/abigen/abigen/parse/sysroot"
)

func ExampleIncludes_Find() {
	inc := &sysroot.Includes{
		FS: fstest.MapFS{
			"include/generic/sys/socket.h": {},
			"include/generic/float.h":      {},
			"include/amd64/float.h":        {},
		},
		Dirs: []string{"include/amd64", "include/generic"},
	}
	for _, name := range []string{"sys/socket.h", "float.h", "sys/epoll.h"} {
		fmt.Println(inc.Find(name))
	}
	// Output:
	// include/generic/sys/socket.h <nil>
	// include/amd64/float.h <nil>
	//  include sys/epoll.h: file does not exist
}
