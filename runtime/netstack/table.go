package netstack

import (
	"fmt"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// A table has the system calls by their numbers.
type table [netbsd.SYS_MAXSYSCALL]kern.Sysent

// newTable fills a table. That two packages do the same call is an error.
func newTable(lists ...[]kern.Sysent) (t table, err error) {
	for _, list := range lists {
		for _, s := range list {
			if int(s.Number) >= len(t) || s.Number < 0 || t[s.Number].Handler != nil {
				return t, fmt.Errorf("netstack: system call %d, %s, is there twice or out of range", int(s.Number), s.Number)
			}
			t[s.Number] = s
		}
	}
	return t, nil
}

func (t *table) handler(num syscalls.Number) kern.Handler {
	if uint32(num) >= uint32(len(t)) {
		return nil
	}
	return t[num].Handler
}

// support lists all calls that NetBSD has; those without a handler are None.
func (t *table) support() (list []kernel.Support) {
	for c := range syscalls.All() {
		if int(c.Number) >= len(t) {
			continue
		}
		s := &t[c.Number]
		list = append(list, kernel.Support{Number: c.Number, Level: s.Level, Note: s.Note})
	}
	return list
}
