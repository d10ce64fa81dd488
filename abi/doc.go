// Package abi holds the words that generated code is written in: foreign
// addresses, integers in network byte order, memory that is not ours, the
// tables that constants are translated by, and the errors of a translation.
//
// It is used by the packages abigen writes and by programs that use them, and
// imports nothing but the standard library. Nothing that generated code calls
// allocates unless it makes an error.
package abi
