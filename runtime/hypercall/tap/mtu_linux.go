package tap

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hypercall"
)

// MTU returns that of the host's interface. One in another network namespace
// cannot be asked, and has what SetMTU said, or 1500.
func (d *Device) MTU() int {
	if !d.away() {
		if mtu, err := d.hostMTU(); err == nil {
			return mtu
		}
	}
	return int(d.mtu.Load())
}

// SetMTU gives the host's interface that MTU, unless it has a larger one. The
// error is EPERM when that takes a right that the program does not have.
func (d *Device) SetMTU(mtu int) error {
	if mtu < 0 || mtu > maxMTU {
		return hypercall.NewError("set MTU", "virt", unix.EINVAL)
	}
	if !d.away() {
		if has, err := d.hostMTU(); err != nil || has < mtu {
			if err := d.setHostMTU(mtu); err != nil {
				return hypercall.NewError("set MTU", "virt", err)
			}
		}
	}
	d.mtu.Store(int64(mtu))
	return nil
}

func (d *Device) hostMTU() (mtu int, err error) {
	err = d.hostIoctl(unix.SIOCGIFMTU, func(*unix.Ifreq) {}, func(ifr *unix.Ifreq) { mtu = int(ifr.Uint32()) })
	return mtu, err
}

func (d *Device) setHostMTU(mtu int) error {
	return d.hostIoctl(unix.SIOCSIFMTU, func(ifr *unix.Ifreq) { ifr.SetUint32(uint32(mtu)) }, func(*unix.Ifreq) {})
}

// hostIoctl makes a request about the host's interface.
func (d *Device) hostIoctl(req uint, in, out func(*unix.Ifreq)) error {
	name, err := d.Name()
	if err != nil {
		return err
	}
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	in(ifr)
	err = unix.IoctlIfreq(fd, req, ifr)
	out(ifr)
	return errors.Join(err, unix.Close(fd))
}

// away tells whether the host's interface is in another network namespace than
// this program, where somebody may move it. A Linux that cannot tell has it here.
func (d *Device) away() (away bool) {
	_ = d.control(func(fd uintptr) {
		ns, err := unix.IoctlRetInt(int(fd), unix.TUNGETDEVNETNS)
		if err != nil {
			return
		}
		defer func() { _ = unix.Close(ns) }()
		var there, here unix.Stat_t
		if unix.Fstat(ns, &there) == nil && unix.Stat("/proc/thread-self/ns/net", &here) == nil {
			away = there.Ino != here.Ino || there.Dev != here.Dev
		}
	})
	return away
}
