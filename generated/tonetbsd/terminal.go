package tonetbsd

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
)

// The codes for speeds in the c_cflag of Linux's kernel: its number is the place
// in the first list, or, with CBAUDEX, in the second, whose 0 is BOTHER: the speed
// is in a member of its own.
var (
	speeds  = [...]int32{0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400}
	speedsX = [...]int32{0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000}
)

// inputShift is how far the code of the input speed is from that of the output's.
const inputShift = linux.IBSHIFT

// terminalControl translates the control modes of a termios2, without its codes
// for speeds.
func terminalControl(dst *uint32, src *linux.Termios2) error {
	flags, ok := ControlFlags(src.Cflag)
	if !ok {
		return abi.NoCounterpart("termios2", "c_cflag", src.Cflag)
	}
	*dst = flags
	return nil
}

// speed returns the speed that a code means, or other for BOTHER.
func speed(member string, code, other uint32) (int32, error) {
	switch n := code & (linux.CBAUD &^ linux.CBAUDEX); {
	case code&linux.CBAUDEX == 0:
		return speeds[n], nil
	case n != 0:
		return speedsX[n], nil
	}
	var v int32
	if !fit(&v, other) {
		return 0, abi.OutOfRange("termios2", member, other)
	}
	return v, nil
}

func terminalOutputSpeed(dst *int32, src *linux.Termios2) (err error) {
	*dst, err = speed("c_ospeed", src.Cflag, src.Ospeed)
	return err
}

// terminalInputSpeed translates the input speed. Its code 0 means the output's.
func terminalInputSpeed(dst *int32, src *linux.Termios2) (err error) {
	code := src.Cflag >> inputShift & linux.CBAUD
	if code == 0 {
		return terminalOutputSpeed(dst, src)
	}
	if *dst, err = speed("c_ispeed", code, src.Ispeed); err != nil {
		return err
	}
	var output int32
	if err := terminalOutputSpeed(&output, src); err != nil {
		return err
	}
	if *dst == 0 && output != 0 { // which the code 0 would not say
		return abi.NoCounterpart("termios2", "c_ispeed", src.Ispeed)
	}
	return nil
}
