package tolinux

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// The codes for speeds in the c_cflag of Linux's kernel: its number is the place
// in the first list, or, with CBAUDEX, in the second, whose 0 is BOTHER: the speed
// is in a member of its own.
var (
	speeds  = [...]int32{0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400}
	speedsX = [...]int32{0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000}
)

// terminalControl translates the control modes of a termios, and adds the codes
// for its speeds, so that a struct of the kernel that is without members for
// them, the beginning of a termios2, is right as well.
func terminalControl(dst *uint32, src *netbsd.Termios) error {
	flags, ok := ControlFlags(src.Cflag)
	if !ok {
		return abi.NoCounterpart("termios", "c_cflag", src.Cflag)
	}
	flags |= speedCode(src.Ospeed)
	if src.Ispeed != src.Ospeed {
		flags |= speedCode(src.Ispeed) << linux.IBSHIFT
	}
	*dst = flags
	return nil
}

func speedCode(speed int32) uint32 {
	for code, v := range speeds {
		if v == speed {
			return uint32(code)
		}
	}
	for code, v := range speedsX {
		if v == speed {
			return linux.CBAUDEX | uint32(code)
		}
	}
	return linux.BOTHER
}

func terminalOutputSpeed(dst *uint32, src *netbsd.Termios) error {
	if src.Ospeed < 0 {
		return abi.OutOfRange("termios", "c_ospeed", src.Ospeed)
	}
	*dst = uint32(src.Ospeed)
	return nil
}

// terminalInputSpeed translates the input speed. Linux's code 0 means the
// output's, so that there is none for an input speed of 0 besides another's.
func terminalInputSpeed(dst *uint32, src *netbsd.Termios) error {
	if src.Ispeed < 0 || src.Ispeed == 0 && src.Ospeed != 0 {
		return abi.OutOfRange("termios", "c_ispeed", src.Ispeed)
	}
	*dst = uint32(src.Ispeed)
	return nil
}
