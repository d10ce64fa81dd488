// Package tap is the Ethernet between a kernel and Linux: the kernel's end of a
// tap device, the other end of which is an interface of the host. It is what
// stands behind virt(4).
//
// A tap that nobody made before exists as long as its [Device], and takes the
// addresses and routes of the host that go through it along when it is closed. One
// that was made persistent ("ip tuntap add dev tap0 mode tap") stays. Nothing is
// configured on the host's side but the MTU, which is raised when the kernel asks
// for more; somebody has to bring it up.
//
// A device has one queue, or several, each with a descriptor and a goroutine of its
// own that reads from it. Linux passes the frames of a connection through the queue
// that its answers come by. Between Linux and a kernel that takes them
// ([hypercall.OffloadDevice]) go TCP segments of up to 64 KB, which nobody has to
// cut up or put together, without checksums, which nobody has to compute: in front
// of each frame stands a struct virtio_net_hdr that says so.
package tap
