// Package procmem reaches into processes whose calls are caught: their memory,
// and their descriptors.
package procmem
