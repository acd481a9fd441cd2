/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes within a test. A child says what went wrong by child_check() and by
 * its exit status. Check's asserts all write to one file, so a process that may
 * be killed, or that runs beside asserts of the test itself, must not use them.
 */
#ifndef TESTS_LIB_PROCESS_H
#define TESTS_LIB_PROCESS_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <sys/types.h>
#include <unistd.h>

/* Ends the child with status 1 and a message if the condition fails. */
#define child_check(condition)						\
	do {								\
		if (!(condition)) {					\
			dprintf(2, "%s:%d: child: %s (errno %s)\n",	\
				__FILE__, __LINE__, #condition,		\
				strerrorname_np(errno));		\
			_exit(1);					\
		}							\
	} while (0)

/* The call fails with this errno, or else the child does. */
#define child_check_errno(code, call)					\
	do {								\
		errno = 0;						\
		child_check((long)(call) == -1 && errno == (code));	\
	} while (0)

/* Forks a child that ends with what @run returns, and at the latest with us. */
pid_t child_start(int (*run)(void *arg), void *arg);
/* Waits: exit status, or minus the signal that killed it. */
int child_end(pid_t child);
/* Both. */
int child_run(int (*run)(void *arg), void *arg);

/* A line between processes, made before fork(): one side waits for the other. */
struct gate {
	int fd[2];
};

void gate_init(struct gate *gate);
void gate_open(struct gate *gate);
/* False if it was not opened within 10 s. */
bool gate_wait(struct gate *gate);

/* Over a UNIX socket; receive_fd() returns -1 on failure. */
bool send_fd(int socket, int fd);
int receive_fd(int socket);

/* Lines of /proc/self/maps that contain @text. */
int count_mappings(const char *text);
/* "VmLck" of this process, in kB. */
long locked_kb(void);

/* Whether a store to, or a load from, @address ends in a signal. */
bool touch_kills(volatile void *address, bool write);

#endif /* TESTS_LIB_PROCESS_H */
