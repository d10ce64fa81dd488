/*
 * An ordinary Linux program, which knows nothing of NetBSD: a datagram from a
 * child that has executed this program again. Under librumphijack its sockets
 * are those of another kernel, with descriptors that begin at a higher number.
 */
#include <sys/socket.h>
#include <sys/wait.h>
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static struct sockaddr_in sin = { .sin_family = AF_INET };

int
main(int argc, char **argv)
{
	sin.sin_port = htons(6000);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (argc > 1) {
		int s = atoi(argv[1]);

		if (sendto(s, "hello", 5, 0, (void *)&sin, sizeof(sin)) != 5)
			err(1, "sendto in the child");
		return 0;
	}
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
	if (a == -1 || b == -1)
		err(1, "socket");
	if (bind(a, (void *)&sin, sizeof(sin)) == -1)
		err(1, "bind");
	struct pollfd p = { .fd = a, .events = POLLIN };
	if (poll(&p, 1, 0) != 0)
		errx(1, "there is data already");
	pid_t pid = fork();
	if (pid == -1)
		err(1, "fork");
	if (pid == 0) {
		char fd[16];
		char *args[] = { argv[0], fd, NULL };

		snprintf(fd, sizeof(fd), "%d", b);
		execve(argv[0], args, environ);
		err(1, "execve");
	}
	int status;
	if (waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "the child: status %d", status);
	if (poll(&p, 1, 5000) != 1 || p.revents != POLLIN)
		err(1, "poll");
	char buf[16] = "";
	if (recv(a, buf, sizeof(buf), 0) != 5)
		err(1, "recv");
	printf("%s %d\n", buf, a >= 128);
	return 0;
}
