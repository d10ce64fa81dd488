// Package cprobe asks a C compiler about values: of integer, floating and
// string expressions, and of where in a struct a bit-field lies.
//
// The questions are compiled into one object file, each as an initialized
// constant, and the answers are read from the object's sections. Nothing is
// linked or run, so a compiler for any machine will do, of either byte order.
// A question that does not compile gets the compiler's diagnostic as its
// answer, and does not spoil the others.
package cprobe
