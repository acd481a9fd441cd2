// SPDX-License-Identifier: GPL-2.0
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "process.h"
#include "test.h"

pid_t child_start(int (*run)(void *arg), void *arg)
{
	pid_t child = fork();

	/* no assert in the child: another thread may have held Check's lock */
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(run(arg));
	}
	require(child >= 0);
	return child;
}

int child_end(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0)
		require(errno == EINTR);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int child_run(int (*run)(void *arg), void *arg)
{
	return child_end(child_start(run, arg));
}

void gate_init(struct gate *gate)
{
	require(!pipe(gate->fd));
}

void gate_open(struct gate *gate)
{
	while (write(gate->fd[1], "", 1) < 0 && errno == EINTR)
		;
}

bool gate_wait(struct gate *gate)
{
	struct pollfd pollfd = { .fd = gate->fd[0], .events = POLLIN };
	char byte;

	return poll(&pollfd, 1, 10000) == 1 && read(gate->fd[0], &byte, 1) == 1;
}

bool send_fd(int socket, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = { "", 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) == 1;
}

int receive_fd(int socket)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {};
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(socket, &message, 0) != 1 || !CMSG_FIRSTHDR(&message) ||
	    CMSG_FIRSTHDR(&message)->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

int count_mappings(const char *text)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	int count = 0;

	if (!maps)
		return -1;
	while (fgets(line, sizeof(line), maps))
		count += !!strstr(line, text);
	fclose(maps);
	return count;
}

long locked_kb(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	long kb = -1;

	if (!status)
		return -1;
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "VmLck: %ld kB", &kb) == 1)
			break;
	fclose(status);
	return kb;
}

struct touch {
	volatile char *address;
	bool write;
};

static int touch(void *arg)
{
	struct touch *t = arg;
	const struct rlimit no_core = {};

	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	if (t->write)
		*t->address = 1;
	else
		(void)*t->address;
	return 0;
}

bool touch_kills(volatile void *address, bool write)
{
	struct touch t = { address, write };
	int status = child_run(touch, &t);

	return status == -SIGSEGV || status == -SIGBUS;
}
