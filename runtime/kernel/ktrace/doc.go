// Package ktrace writes down the system calls that cross the seam between a
// kernel and its users: one line for each, in the style of ktruss(1).
//
//	k = ktrace.New(k, os.Stderr, ktrace.Options{Prefix: "a "})
//
// What it prints is for people. Arguments it knows how to read are shown as C
// would write them; the others as numbers. It looks into the caller's memory
// once before the call and once after it, so the caller and the kernel may see
// other bytes there than the trace shows when a third party changes them.
package ktrace
