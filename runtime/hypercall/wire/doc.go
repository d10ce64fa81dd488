// Package wire is an Ethernet segment in memory: each frame that one device
// sends arrives at all others. It joins kernels of one process without any
// help of the host.
package wire
