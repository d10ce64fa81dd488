// Foreign is what a project with a C header of its own does with abigen: the
// types of gauge.h as two systems have them, in one program.
//
// It decodes a frame of the instrument, sets the gauge up as Linux's driver wants
// it, and translates that, a reading and the ioctl requests to the other system.
package main

//go:generate go tool abigen generate

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/abigen/abigen/abi"

	"example.com/foreign/linux"
	"example.com/foreign/netbsd"
	"example.com/foreign/tolinux"
	"example.com/foreign/tonetbsd"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "foreign:", err)
		os.Exit(1)
	}
}

func run(w io.Writer) error {
	return errors.Join(frame(w), setup(w), reading(w), requests(w))
}

// frame decodes what came over the serial line. The struct is packed, so its
// members are behind methods; it lies in memory as it does on the line.
func frame(w io.Writer) error {
	line := []byte{netbsd.GAUGE_SYNC, 0x01, 0x02, 0x00, 0x04, 0x7a, 0x2e, 0xde, 0xad, 0xbe, 0xef}
	var f netbsd.GaugeFrame
	copy(abi.AsBytes(&f), line)
	fmt.Fprintf(w, "frame:    %d bytes, sequence %d, value %d, check %#x\n",
		netbsd.SizeofGaugeFrame, f.Sequence().Uint16(), f.Value().Uint32(), f.Check().Uint32())
	return nil
}

// setup fills a struct with bit-fields for Linux, and shows what NetBSD makes of it.
func setup(w io.Writer) error {
	lx := linux.GaugeSetup{Channel: linux.GAUGE_PRESSURE, Interval: 500_000}
	lx.SetEnabled(1)
	lx.SetFilter(3)
	lx.SetBits(18)
	lx.SetOffset(-12)
	copy(lx.Name[:], "cellar")
	var nb netbsd.GaugeSetup
	if err := tonetbsd.GaugeSetup(&nb, &lx); err != nil {
		return err
	}
	fmt.Fprintf(w, "setup:    enabled %d, filter %d, %d bits, offset %d, every %d us, %q\n",
		nb.Enabled(), nb.Filter(), nb.Bits(), nb.Offset(), nb.Interval, nb.Name[:abi.StringLen(nb.Name[:])])

	lx.Channel = 3 // no such channel
	fmt.Fprintf(w, "refused:  %v\n", tonetbsd.GaugeSetup(&nb, &lx))
	return nil
}

// reading takes what NetBSD's driver measured to Linux's form.
func reading(w io.Writer) error {
	nb := netbsd.GaugeReading{
		Channel: netbsd.GAUGE_TEMPERATURE, Flags: netbsd.GAUGE_F_VALID | netbsd.GAUGE_F_OVER,
		Time: netbsd.Timeval{Sec: 1_700_000_000, Usec: 250_000}, Value: 293_400,
	}
	var lx linux.GaugeReading
	if err := tolinux.GaugeReading(&lx, &nb); err != nil {
		return err
	}
	fmt.Fprintf(w, "reading:  flags %#x on NetBSD, %#x on Linux, value %d at %d.%06d\n",
		nb.Flags, lx.Flags, lx.Value, lx.Time.Sec, lx.Time.Usec)
	return nil
}

// requests shows the same ioctls by two numbers.
func requests(w io.Writer) error {
	for _, r := range []struct {
		name   string
		number uint32
	}{
		{"GAUGE_IOC_SETUP", netbsd.GAUGE_IOC_SETUP},
		{"GAUGE_IOC_READ", netbsd.GAUGE_IOC_READ},
		{"GAUGE_IOC_RESET", netbsd.GAUGE_IOC_RESET},
	} {
		lx, ok := tolinux.Request(r.number)
		if !ok {
			return fmt.Errorf("%s has no counterpart", r.name)
		}
		fmt.Fprintf(w, "request:  %-15s %#08x on NetBSD, %#08x on Linux\n", r.name, r.number, lx)
	}
	return nil
}
