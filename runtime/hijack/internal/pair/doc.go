// Package pair makes the host's socket pairs of which one end stands in a
// program's table of descriptors, and is read and written by the program as it is, and
// the other is the supervisor's.
package pair
