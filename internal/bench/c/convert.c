/* Hand-written converters. They are in a file of their own, compiled without
 * link-time optimisation, so that each is a call as it is in Go. */
#include <string.h>

#include "convert.h"
#include "lookup.h"

int nothing(void *dst, const void *src)
{
	(void)dst;
	(void)src;
	return 0;
}

int sockaddr_in(void *d, const void *s)
{
	struct nb_sockaddr_in *dst = d;
	const struct lx_sockaddr_in *src = s;
	int family = address_family(src->family);

	if (family < 0)
		return -1;
	dst->len = sizeof *dst;
	dst->family = (uint8_t)family;
	dst->port = src->port;
	dst->addr = src->addr;
	memset(dst->zero, 0, sizeof dst->zero);
	return 0;
}

int sockaddr_in6(void *d, const void *s)
{
	struct nb_sockaddr_in6 *dst = d;
	const struct lx_sockaddr_in6 *src = s;
	int family = address_family(src->family);

	if (family < 0)
		return -1;
	dst->len = sizeof *dst;
	dst->family = (uint8_t)family;
	dst->port = src->port;
	dst->flowinfo = src->flowinfo;
	memcpy(dst->addr, src->addr, sizeof dst->addr);
	dst->scope_id = src->scope_id;
	return 0;
}

int sockaddr_un(void *d, const void *s)
{
	struct nb_sockaddr_un *dst = d;
	const struct lx_sockaddr_un *src = s;
	int family = address_family(src->family);
	size_t n = strnlen(src->path, sizeof src->path);

	if (family < 0 || n > sizeof dst->path)
		return -1;
	if (n == 0)
		for (size_t i = 0; i < sizeof src->path; i++)
			if (src->path[i] != 0)
				return -1;
	dst->len = sizeof *dst;
	dst->family = (uint8_t)family;
	memcpy(dst->path, src->path, n);
	memset(dst->path + n, 0, sizeof dst->path - n);
	return 0;
}

/* A socket address of any family, in buffers with lengths. */
struct span {
	uint8_t *p;
	size_t n;
};

int sockaddr_bytes(void *d, const void *s)
{
	const struct span *dst = d, *src = s;
	struct lx_sockaddr_in6 from6;
	struct nb_sockaddr_in6 to6;
	struct lx_sockaddr_in from;
	struct nb_sockaddr_in to;
	uint16_t family;

	if (src->n < sizeof family)
		return -1;
	memcpy(&family, src->p, sizeof family);
	switch (family) {
	case LX_AF_INET:
		if (src->n < sizeof from || dst->n < sizeof to)
			return -1;
		memcpy(&from, src->p, sizeof from);
		if (sockaddr_in(&to, &from) != 0)
			return -1;
		memcpy(dst->p, &to, sizeof to);
		return 0;
	case LX_AF_INET6:
		if (src->n < sizeof from6 || dst->n < sizeof to6)
			return -1;
		memcpy(&from6, src->p, sizeof from6);
		if (sockaddr_in6(&to6, &from6) != 0)
			return -1;
		memcpy(dst->p, &to6, sizeof to6);
		return 0;
	}
	return -1;
}

int msghdr(void *d, const void *s)
{
	struct nb_msghdr *dst = d;
	const struct lx_msghdr *src = s;
	int32_t flags;

	if (src->iovlen > INT32_MAX || src->controllen > UINT32_MAX)
		return -1;
	if (!message_flags(src->flags, &flags))
		return -1;
	memset(dst, 0, sizeof *dst);
	dst->name = src->name;
	dst->namelen = src->namelen;
	dst->iov = src->iov;
	dst->iovlen = (int32_t)src->iovlen;
	dst->control = src->control;
	dst->controllen = (uint32_t)src->controllen;
	dst->flags = flags;
	return 0;
}

/* A chain of messages with descriptors; the others are not needed here. */
int control(void *d, const void *s)
{
	const struct span *dst = d, *src = s;
	size_t in = 0, out = 0;

	while (in < src->n) {
		struct lx_cmsghdr from;
		struct nb_cmsghdr to;
		size_t size, end;

		if (src->n - in < sizeof from)
			return -1;
		memcpy(&from, src->p + in, sizeof from);
		if (from.len < 16 || from.len > src->n - in)
			return -1;
		size = from.len - 16;
		if (dst->n - out < 16 + size)
			return -1;
		if (from.level != LX_SOL_SOCKET || from.type != LX_SCM_RIGHTS || size % 4 != 0)
			return -1;
		to.len = (uint32_t)(16 + size);
		to.level = NB_SOL_SOCKET;
		to.type = NB_SCM_RIGHTS;
		memcpy(dst->p + out, &to, sizeof to);
		memset(dst->p + out + sizeof to, 0, 16 - sizeof to);
		memcpy(dst->p + out + 16, src->p + in + 16, size);
		end = out + ((16 + size + 7) & ~(size_t)7);
		if (end > dst->n)
			end = dst->n;
		memset(dst->p + out + 16 + size, 0, end - (out + 16 + size));
		out = end;
		in += (from.len + 7) & ~(uint64_t)7;
	}
	return 0;
}

int stat_linux(void *d, const void *s)
{
	struct lx_stat *dst = d;
	const struct nb_stat *src = s;

	memset(dst, 0, sizeof *dst);
	dst->dev = src->dev;
	dst->ino = src->ino;
	dst->nlink = src->nlink;
	dst->mode = src->mode;
	dst->uid = src->uid;
	dst->gid = src->gid;
	dst->rdev = src->rdev;
	dst->size = src->size;
	dst->blksize = src->blksize;
	dst->blocks = src->blocks;
	dst->atim = src->atim;
	dst->mtim = src->mtim;
	dst->ctim = src->ctim;
	return 0;
}

int timeval(void *d, const void *s)
{
	struct nb_timeval *dst = d;
	const struct lx_timeval *src = s;

	if (src->usec != (int32_t)src->usec)
		return -1;
	memset(dst, 0, sizeof *dst);
	dst->sec = src->sec;
	dst->usec = (int32_t)src->usec;
	return 0;
}

static int poll_events(int16_t v, int16_t *to)
{
	uint16_t u = (uint16_t)v;
	uint16_t r = u & (LX_POLLIN | LX_POLLPRI | LX_POLLOUT | LX_POLLERR | LX_POLLHUP | LX_POLLNVAL |
			  LX_POLLRDNORM | LX_POLLRDBAND);

	if (u & LX_POLLWRNORM)
		r |= NB_POLLWRNORM;
	if (u & LX_POLLWRBAND)
		r |= NB_POLLWRBAND;
	*to = (int16_t)r;
	return (u & ~0x3ff) == 0;
}

int pollfd(void *d, const void *s)
{
	struct xx_pollfd *dst = d;
	const struct xx_pollfd *src = s;
	int16_t events, revents;

	if (!poll_events(src->events, &events) || !poll_events(src->revents, &revents))
		return -1;
	dst->fd = src->fd;
	dst->events = events;
	dst->revents = revents;
	return 0;
}

int iovec(void *d, const void *s)
{
	struct xx_iovec *dst = d;
	const struct xx_iovec *src = s;

	dst->base = src->base;
	dst->len = src->len;
	return 0;
}

int linger(void *d, const void *s)
{
	struct xx_linger *dst = d;
	const struct xx_linger *src = s;

	if (src->linger < 0 || src->linger > 0xffff)
		return -1;
	dst->onoff = src->onoff;
	dst->linger = src->linger;
	return 0;
}

/* The request is a variable, as it is in Go. */
volatile uint64_t ifreq_request = LX_SIOCSIFMTU;

int ifreq(void *d, const void *s)
{
	struct nb_ifreq *dst = d;
	const struct lx_ifreq *src = s;
	size_t n = strnlen(src->name, sizeof src->name);

	if (n > 15)
		return -1;
	switch (ifreq_request) {
	case LX_SIOCGIFMTU:
	case LX_SIOCSIFMTU:
		memset(dst, 0, sizeof *dst);
		memcpy(dst->name, src->name, n);
		dst->u.mtu = src->u.mtu;
		return 0;
	case LX_SIOCGIFMETRIC:
	case LX_SIOCSIFMETRIC:
		memset(dst, 0, sizeof *dst);
		memcpy(dst->name, src->name, n);
		dst->u.metric = src->u.ivalue;
		return 0;
	case LX_SIOCGIFINDEX:
		if (src->u.ivalue < 0)
			return -1;
		memset(dst, 0, sizeof *dst);
		memcpy(dst->name, src->name, n);
		dst->u.value = (uint32_t)src->u.ivalue;
		return 0;
	}
	return -1;
}
