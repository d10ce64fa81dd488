package rtsock

// An Action is a call that NetBSD needs so that something happens, or is told: a
// [Write], an [Ioctl], a [SetFlags] or a [Sysctl].
type Action interface{ action() }

func (Write) action()    {}
func (Ioctl) action()    {}
func (SetFlags) action() {}
func (Sysctl) action()   {}

// A Write writes a message to a routing socket. The kernel's answer is a message
// with the same rtm_seq, and when it fails, the write does as well.
type Write struct {
	Message []byte

	// IfExists are the messages to write, one after the other, when Message
	// failed with EEXIST.
	IfExists [][]byte
}
