/*
 * Makes null calls of the kernel at $RUMP_SERVER for as many milliseconds as
 * each line of the standard input says, and prints how many a second.
 */
#include <sys/types.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <rump/rump_syscalls.h>
#include <rump/rumpclient.h>

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

int
main(void)
{
	int ms;

	if (rumpclient_init() == -1) {
		perror("rumpclient_init");
		return 1;
	}
	while (scanf("%d", &ms) == 1) {
		double start = now();
		long n = 0;

		do {
			for (int i = 0; i < 100; i++, n++)
				rump_sys_getppid();
		} while (now() - start < ms / 1e3);
		printf("%f\n", n / (now() - start));
		fflush(stdout);
	}
	return 0;
}
