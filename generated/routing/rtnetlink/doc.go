// Package rtnetlink reads and writes what Linux programs say to their kernel about
// the tables of package [routing], and what it answers: messages of netlink's
// NETLINK_ROUTE family, of netlink(7) and rtnetlink(7). It knows no sockets;
// everything is bytes.
//
// A netlink message is a struct nlmsghdr, a struct that its type tells (ifinfomsg,
// ifaddrmsg, rtmsg, ndmsg), and attributes, each with its length and type in
// front. Messages and attributes begin at multiples of four bytes.
// [Parse] takes messages apart and [Builder] puts them together; [Message.Decode]
// and [Append] convert between them and the model. Integers are in the byte order of the
// machine, addresses in network order.
package rtnetlink
