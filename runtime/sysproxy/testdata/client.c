/*
 * A client of the kernel at $RUMP_SERVER, linked with NetBSD's library: calls,
 * copies in both directions, a fork, threads, an exec. Says "ok", or what went wrong.
 */
#include <sys/types.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rump/rump_syscalls.h>
#include <rump/rumpclient.h>

#define NB_AF_LOCAL	1
#define NB_AF_INET	2
#define NB_SOCK_STREAM	1
#define NB_SOCK_DGRAM	2

/* struct sockaddr_in of NetBSD */
struct nb_sockaddr_in {
	uint8_t len, family;
	uint16_t port;
	uint32_t addr;
	char zero[8];
};

static void
check(int ok, const char *what)
{
	if (!ok)
		err(1, "%s", what);
}

static void *
reader(void *arg)
{
	int fd = *(int *)arg;
	static char buf[16];

	check(rump_sys_read(fd, buf, sizeof(buf)) == 5, "read in a thread");
	return buf;
}

static void
datagrams(void)
{
	static char out[60000], in[60000];
	struct nb_sockaddr_in sin = { sizeof(sin), NB_AF_INET, 0, 0x0100007f, "" };
	unsigned int len = sizeof(sin);
	int s = rump_sys_socket(NB_AF_INET, NB_SOCK_DGRAM, 0);

	check(s >= 3, "socket");
	check(rump_sys_bind(s, (void *)&sin, sizeof(sin)) == 0, "bind");
	check(rump_sys_getsockname(s, (void *)&sin, &len) == 0, "getsockname");
	check(len == sizeof(sin) && sin.port != 0, "the name");
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = i * 7;
	int size = 1 << 17;
	check(rump_sys_setsockopt(s, 0xffff, 0x1001, &size, sizeof(size)) == 0, "SO_SNDBUF");
	check(rump_sys_setsockopt(s, 0xffff, 0x1002, &size, sizeof(size)) == 0, "SO_RCVBUF");
	check(rump_sys_sendto(s, out, sizeof(out), 0, (void *)&sin, len) == sizeof(out), "sendto");
	check(rump_sys_recvfrom(s, in, sizeof(in), 0, NULL, NULL) == sizeof(in), "recvfrom");
	check(memcmp(out, in, sizeof(in)) == 0, "the data");
	check(rump_sys_close(s) == 0, "close");
	check(rump_sys_close(s) == -1 && errno == EBADF, "close of a closed descriptor");
	check(rump_sys_socket(99, NB_SOCK_DGRAM, 0) == -1 && errno == 47, "a family that is not there");
}

/* again is what the program does when it has replaced itself. */
static int
again(char **argv)
{
	int kept = atoi(argv[2]), closed = atoi(argv[3]);

	check(rumpclient_init() == 0, "init after exec");
	check(rump_sys_getpid() == atoi(argv[1]), "the pid after exec");
	check(rump_sys_fcntl(kept, 1) == 0, "a descriptor that was kept");
	check(rump_sys_close(closed) == -1 && errno == EBADF, "one that was to be closed");
	printf("ok\n");
	return 0;
}

int
main(int argc, char **argv)
{
	int sp[2];

	if (argc > 1)
		return again(argv);
	char buf[16];
	pthread_t thread;
	void *got;

	check(rumpclient_init() == 0, "init");
	datagrams();
	check(rump_sys_socketpair(NB_AF_LOCAL, NB_SOCK_STREAM, 0, sp) == 0, "socketpair");
	check(pthread_create(&thread, NULL, reader, &sp[0]) == 0, "pthread_create");
	usleep(20000);
	check(rump_sys_write(sp[1], "hello", 5) == 5, "write");
	check(pthread_join(thread, &got) == 0 && memcmp(got, "hello", 5) == 0, "what the thread has read");
	pid_t before = rump_sys_getpid();

	pid_t pid = rumpclient_fork();
	check(pid >= 0, "fork");
	if (pid == 0) {
		check(rump_sys_getpid() != before, "the pid of the child");
		check(rump_sys_write(sp[1], "child", 5) == 5, "write in the child");
		_exit(0);
	}
	int status;
	check(waitpid(pid, &status, 0) == pid && status == 0, "the child");
	check(rump_sys_read(sp[0], buf, sizeof(buf)) == 5 && memcmp(buf, "child", 5) == 0, "what the child wrote");
	check(rump_sys_close(sp[1]) == 0, "close");
	check(rump_sys_read(sp[0], buf, sizeof(buf)) == 0, "the end, when the child has exited");
	check(rump_sys_socketpair(NB_AF_LOCAL, NB_SOCK_STREAM, 0, sp) == 0, "socketpair");
	check(rump_sys_fcntl(sp[1], 2, (void *)1) == 0, "F_SETFD");
	char pidarg[16], kept[16], closed[16];
	snprintf(pidarg, sizeof(pidarg), "%d", (int)rump_sys_getpid());
	snprintf(kept, sizeof(kept), "%d", sp[0]);
	snprintf(closed, sizeof(closed), "%d", sp[1]);
	char *next[] = { argv[0], pidarg, kept, closed, NULL };
	extern char **environ;
	rumpclient_exec("/proc/self/exe", next, environ);
	err(1, "exec");
}
