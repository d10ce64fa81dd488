/* The structures of both systems on amd64, as abigen describes them, and the
 * converters that a person would write between them. */
#ifndef CONVERT_H
#define CONVERT_H

#include <stddef.h>
#include <stdint.h>

struct nb_sockaddr_in {
	uint8_t len, family;
	uint16_t port;
	uint32_t addr;
	char zero[8];
};
struct lx_sockaddr_in {
	uint16_t family, port;
	uint32_t addr;
	char zero[8];
};
struct nb_sockaddr_in6 {
	uint8_t len, family;
	uint16_t port;
	uint32_t flowinfo;
	uint8_t addr[16];
	uint32_t scope_id;
};
struct lx_sockaddr_in6 {
	uint16_t family, port;
	uint32_t flowinfo;
	uint8_t addr[16];
	uint32_t scope_id;
};
struct nb_sockaddr_un {
	uint8_t len, family;
	char path[104];
};
struct lx_sockaddr_un {
	uint16_t family;
	char path[108];
};
struct nb_msghdr {
	uint64_t name;
	uint32_t namelen;
	uint64_t iov;
	int32_t iovlen;
	uint64_t control;
	uint32_t controllen;
	int32_t flags;
};
struct lx_msghdr {
	uint64_t name;
	uint32_t namelen;
	uint64_t iov, iovlen, control, controllen;
	int32_t flags;
};
struct nb_cmsghdr {
	uint32_t len;
	int32_t level, type;
};
struct lx_cmsghdr {
	uint64_t len;
	int32_t level, type;
};
struct timespec64 {
	int64_t sec, nsec;
};
struct nb_stat {
	uint64_t dev;
	uint32_t mode;
	uint64_t ino;
	uint32_t nlink, uid, gid;
	uint64_t rdev;
	struct timespec64 atim, mtim, ctim, birthtim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags, gen, spare[2];
};
struct lx_stat {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid;
	int32_t pad0;
	uint64_t rdev;
	int64_t size, blksize, blocks;
	struct timespec64 atim, mtim, ctim;
	int64_t reserved[3];
};
struct nb_timeval {
	int64_t sec;
	int32_t usec;
};
struct lx_timeval {
	int64_t sec, usec;
};
struct xx_pollfd {
	int32_t fd;
	int16_t events, revents;
};
struct xx_iovec {
	uint64_t base, len;
};
struct xx_linger {
	int32_t onoff, linger;
};
struct nb_ifreq {
	char name[16];
	union {
		uint8_t bytes[128];
		int16_t flags;
		int32_t metric, mtu;
		uint32_t value;
	} u;
};
struct lx_ifreq {
	char name[16];
	union {
		uint8_t bytes[24];
		int16_t flags;
		int32_t ivalue, mtu;
		uint64_t align;
	} u;
};

/* Each returns 0, or -1 and leaves *dst alone. */
int sockaddr_in(void *dst, const void *src);
int sockaddr_in6(void *dst, const void *src);
int sockaddr_un(void *dst, const void *src);
int sockaddr_bytes(void *dst, const void *src);
int msghdr(void *dst, const void *src);
int control(void *dst, const void *src);
int stat_linux(void *dst, const void *src);
int timeval(void *dst, const void *src);
int pollfd(void *dst, const void *src);
int iovec(void *dst, const void *src);
int linger(void *dst, const void *src);
int ifreq(void *dst, const void *src);
int nothing(void *dst, const void *src);

#endif
