// Package namespace makes a Go package of what one system's C headers declare:
// constants under their C names, structs and unions with the layout C gives
// them, enums, typedefs, an errno and a signal type, and, for chosen records,
// forms that can be read and written for any target ("portable").
//
// [NewPlan] decides everything: names, types, and the form of every member. A
// [Plan] can be printed and asked about records, types and constants, which is
// what package convert does; [Plan.Files] writes it down.
//
// # Forms
//
// A record becomes a Go struct with the C layout on each architecture, padding
// spelled out. What Go cannot place becomes bytes with accessors, see [Form].
package namespace
