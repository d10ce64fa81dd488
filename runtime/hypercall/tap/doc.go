// Package tap is the Ethernet between a kernel and Linux: the kernel's end of a
// tap device, the other end of which is an interface of the host. It is what
// stands behind virt(4).
//
// A tap that nobody made before exists as long as its [Device], and takes the
// addresses and routes of the host that go through it along when it is closed. One
// that was made persistent ("ip tuntap add dev tap0 mode tap") stays. Nothing is
// configured on the host's side but the MTU, which is raised when the kernel asks
// for more; somebody has to bring it up.
package tap
