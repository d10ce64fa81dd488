package coverage_test

import (
	"fmt"

	"github.com/abigen/abigen/gen/coverage"
)

// What was open before tells which names are new.
func ExampleReadOpen() {
	open, err := coverage.ReadOpen([]byte(`system,kind,name,header,archs,status,by,note
netbsd,constant,AF_LINK,sys/socket.h,,mapped,AddressFamily,AF_PACKET
netbsd,constant,MNT_LAZY,sys/fstypes.h,,open,,
`))
	fmt.Println(open, err)
	_, err = coverage.ReadOpen([]byte("a,b,c,d,e,f,g,h\n"))
	fmt.Println(err)
	// Output:
	// map[netbsd constant MNT_LAZY:true] <nil>
	// the columns are a, b, c, d, e, f, g, h, not system, kind, name, header, archs, status, by, note
}
