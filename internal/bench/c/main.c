/* The C side of the benchmark. It reads "name count" lines and answers each
 * with the nanoseconds of processor time that count conversions took; a count
 * of 0 asks for the result of one, in hexadecimal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "convert.h"
#include "lookup.h"

static struct lx_sockaddr_in in = { LX_AF_INET, 0x5000, 0x0100007f, { 0 } };
static struct lx_sockaddr_in6 in6 = { LX_AF_INET6, 0x5000, 0, { 0 }, 3 };
static struct lx_sockaddr_un un = { LX_AF_LOCAL, "/run/some/where/socket" };
static struct lx_msghdr msg = { .iovlen = 3, .controllen = 24, .flags = LX_MSG_NOSIGNAL | LX_MSG_DONTWAIT };
static struct nb_stat st = { .mode = 0100644, .size = 1234, .nlink = 1, .blksize = 4096 };
static struct lx_timeval tv = { 5, 6 };
static struct xx_pollfd pfd = { 4, LX_POLLIN | LX_POLLOUT, 0 };
static struct xx_iovec iov = { 0x1000, 6 };
static struct xx_linger lin = { 1, 30 };
static struct lx_ifreq ifr = { "eth0", { .mtu = 1500 } };
static struct {
	struct lx_cmsghdr h;
	int32_t fd[4];
} rights = { { 28, LX_SOL_SOCKET, LX_SCM_RIGHTS }, { 3, 4, 5, 0 } };

static uint64_t result[32];
static struct {
	void *p;
	size_t n;
} to = { result, 128 }, from_in6 = { &in6, sizeof in6 }, from_rights = { &rights, sizeof rights };

static const struct {
	const char *name;
	int (*f)(void *, const void *);
	void *dst;
	const void *src;
	size_t size;
} calls[] = {
	{ "nothing", nothing, result, &in, 0 },
	{ "sockaddr_in", sockaddr_in, result, &in, sizeof(struct nb_sockaddr_in) },
	{ "sockaddr_in6", sockaddr_in6, result, &in6, sizeof(struct nb_sockaddr_in6) },
	{ "sockaddr_un", sockaddr_un, result, &un, sizeof(struct nb_sockaddr_un) },
	{ "sockaddr", sockaddr_bytes, &to, &from_in6, sizeof(struct nb_sockaddr_in6) },
	{ "msghdr", msghdr, result, &msg, sizeof(struct nb_msghdr) },
	{ "control", control, &to, &from_rights, 32 },
	{ "stat", stat_linux, result, &st, sizeof(struct lx_stat) },
	{ "timeval", timeval, result, &tv, sizeof(struct nb_timeval) },
	{ "pollfd", pollfd, result, &pfd, sizeof(struct xx_pollfd) },
	{ "iovec", iovec, result, &iov, sizeof(struct xx_iovec) },
	{ "linger", linger, result, &lin, sizeof(struct xx_linger) },
	{ "ifreq", ifreq, result, &ifr, sizeof(struct nb_ifreq) },
};

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Inputs and outputs of lookups are volatile: nothing is looked up while
 * compiling, and nothing is looked up once for all. */
static volatile int number, level, sink, sink2;

#define LOOKUP(what, in, expr)                               \
	if (strcmp(name, what) == 0) {                       \
		number = in;                                 \
		start = now();                               \
		for (long i = 0; i < n; i++) {               \
			int32_t r = 0;                       \
			int ok = expr;                       \
			sink = r;                            \
			sink2 = ok;                          \
		}                                            \
		return now() - start;                        \
	}

#define NUMBER(expr) ((r = (expr)) >= 0)

static long long lookup(const char *name, long n)
{
	long long start;

	level = LX_SOL_SOCKET;
	LOOKUP("loop", 1, number != 0)
	LOOKUP("errno", NB_EAGAIN, NUMBER(errno_to_linux(number)))
	LOOKUP("family", LX_AF_INET6, NUMBER(address_family((uint16_t)number)))
	LOOKUP("signal", LX_SIGCHLD, NUMBER(signal_to_netbsd(number)))
	LOOKUP("message_flags", LX_MSG_DONTWAIT | LX_MSG_NOSIGNAL, message_flags(number, &r))
	LOOKUP("open_flags", LX_O_RDWR | LX_O_CREAT | LX_O_CLOEXEC, open_flags(number, &r))
	int to_level;
	LOOKUP("socket_option", LX_SO_REUSEADDR, NUMBER(socket_option(level, number, &to_level)))
	return -1;
}

static long long run(const char *name, long n)
{
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		if (strcmp(name, calls[i].name) != 0)
			continue;
		int (*volatile pointer)(void *, const void *) = calls[i].f;
		int (*f)(void *, const void *) = pointer;
		void *dst = calls[i].dst;
		const void *src = calls[i].src;
		if (n == 0) {
			memset(result, 0xff, sizeof result);
			if (f(dst, src) != 0)
				abort();
			for (size_t j = 0; j < calls[i].size; j++)
				printf("%02x", ((unsigned char *)result)[j]);
			return 0;
		}
		long long start = now();
		for (long j = 0; j < n; j++)
			if (f(dst, src) != 0)
				abort();
		return now() - start;
	}
	long long took = lookup(name, n ? n : 1);
	if (n == 0)
		printf("%x %x", (unsigned)sink, (unsigned)sink2);
	return took;
}

int main(void)
{
	char name[32];
	long n;

	while (scanf("%31s %ld", name, &n) == 2) {
		long long took = run(name, n);
		if (n == 0)
			printf("\n");
		else
			printf("%lld\n", took);
		fflush(stdout);
	}
	return 0;
}
