// Package netns gives a test a network of its own: one in which it may make
// devices, addresses and routes, which nobody else sees, and which goes away with
// the test.
package netns
