/*
 * nullcall CALLS ROUNDS: makes null calls in NetBSD's kernel below $RUMP_PREFIX, as
 * one thread of a process, and prints the nanoseconds that one took in each round.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SYS_getpid 20
#define RUMP_RFCFDG 0x02

static const char *const libraries[] = { "rumpuser", "rump", "rumpnet", "rumpnet_net", "rumpnet_netinet" };

static void
need(const void *p)
{
	if (p == NULL) {
		fprintf(stderr, "nullcall: %s\n", dlerror());
		exit(1);
	}
}

static void *
find(const char *name)
{
	void *p = dlsym(RTLD_DEFAULT, name);
	need(p);
	return p;
}

int
main(int argc, char **argv)
{
	char path[4096];
	long calls, rounds, ret[2];
	unsigned long args[8] = { 0 };
	size_t i;

	if (argc != 3 || getenv("RUMP_PREFIX") == NULL)
		return 2;
	calls = atol(argv[1]);
	rounds = atol(argv[2]);
	for (i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		snprintf(path, sizeof(path), "%s/lib/lib%s.so", getenv("RUMP_PREFIX"), libraries[i]);
		need(dlopen(path, RTLD_NOW | RTLD_GLOBAL));
	}
	int (*init)(void) = find("rump_init");
	int (*rfork)(int) = find("rump_pub_lwproc_rfork");
	int (*call)(int, void *, size_t, long *) = find("rump_syscall");
	if (init() != 0 || rfork(RUMP_RFCFDG) != 0)
		return 1;
	while (rounds-- > 0) {
		struct timespec from, to;
		long n;

		clock_gettime(CLOCK_MONOTONIC, &from);
		for (n = 0; n < calls; n++)
			call(SYS_getpid, args, 0, ret);
		clock_gettime(CLOCK_MONOTONIC, &to);
		printf("%.2f\n", ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)) / calls);
	}
	return 0;
}
