/* Numbers of one system to numbers of the other, as a person would write them.
 * Tables of errnos, signals and options come from constants.h, which the
 * program that measures writes out of the same Go constants. */
#ifndef LOOKUP_H
#define LOOKUP_H

#include <stdint.h>

#include "constants.h"

/* Each returns the number, or -1 where there is none. */
static inline int address_family(uint16_t v)
{
	switch (v) {
	case LX_AF_UNSPEC:
		return NB_AF_UNSPEC;
	case LX_AF_LOCAL:
		return NB_AF_LOCAL;
	case LX_AF_INET:
		return NB_AF_INET;
	case LX_AF_INET6:
		return NB_AF_INET6;
	case LX_AF_PACKET:
		return NB_AF_LINK;
	}
	return -1;
}

static inline int table(const short *t, unsigned n, int v)
{
	return (unsigned)v < n ? t[v] : -1;
}

#define TABLE(t, v) table(t, sizeof t / sizeof t[0], v)

static const short errno_table[] = { ERRNO_TABLE };
static const short signal_table[] = { SIGNAL_TABLE };
static const short so_table[] = { SO_TABLE };
static const short ip_table[] = { IP_TABLE };
static const short ipv6_table[] = { IPV6_TABLE };
static const short tcp_table[] = { TCP_TABLE };

static inline int errno_to_linux(int v) { return TABLE(errno_table, v); }
static inline int signal_to_netbsd(int v) { return TABLE(signal_table, v); }

static inline int socket_option(int level, int option, int *to_level)
{
	switch (level) {
	case LX_SOL_SOCKET:
		*to_level = NB_SOL_SOCKET;
		return TABLE(so_table, option);
	case LX_IPPROTO_IP:
		*to_level = NB_IPPROTO_IP;
		return TABLE(ip_table, option);
	case LX_IPPROTO_IPV6:
		*to_level = NB_IPPROTO_IPV6;
		return TABLE(ipv6_table, option);
	case LX_IPPROTO_TCP:
		*to_level = NB_IPPROTO_TCP;
		return TABLE(tcp_table, option);
	}
	return -1;
}

/* Flags: each returns whether all bits of v have a counterpart. */
static inline int message_flags(int32_t v, int32_t *to)
{
	int32_t r = 0;

#define FLAG(name)         \
	if (v & LX_##name) \
		r |= NB_##name;
	MESSAGE_FLAGS
#undef FLAG
	*to = r;
	return (v & ~(int32_t)MESSAGE_KNOWN) == 0;
}

static inline int open_flags(int32_t v, int32_t *to)
{
	int32_t r = v & 3;

	if (r > 2)
		return 0;
	if ((v & LX_O_SYNC) == LX_O_SYNC)
		r |= NB_O_SYNC;
	else if (v & LX_O_DSYNC)
		r |= NB_O_DSYNC;
#define FLAG(name)         \
	if (v & LX_##name) \
		r |= NB_##name;
	OPEN_FLAGS
#undef FLAG
	*to = r;
	return (v & ~(int32_t)OPEN_KNOWN) == 0;
}

#endif
