// Package procnet tells Linux programs about the network of a NetBSD kernel where
// they look for it besides netlink: in the files of /proc/net, proc_pid_net(5), and by
// the ioctls of netdevice(7). What it says agrees with package netlink.
package procnet
