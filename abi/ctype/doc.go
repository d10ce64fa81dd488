// Package ctype holds C declarations of one target as plain data: structs,
// unions, enums, typedefs, constants and function prototypes, each with its
// place in the headers and its layout in memory.
//
// A [Unit] is made by package parse and read by package gen, but nothing here
// knows either: a test or another tool can write a Unit down as a literal, or
// read one from its JSON form. Declarations refer to each other by name, never
// by pointer, so a Unit can be copied, compared and stored as it stands.
package ctype
