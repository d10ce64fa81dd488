// Package hypercall is what a kernel takes from its host, behind one small
// interface for each kind of thing.
package hypercall
