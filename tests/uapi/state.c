// SPDX-License-Identifier: GPL-2.0
#include <poll.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "state.h"
#include "test.h"

int kernel_version(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	uname(&name);
	require(sscanf(name.release, "%d.%d", &major, &minor) == 2);
	return VERSION(major, minor);
}

struct hisi_acc_query query_device(int fd)
{
	struct hisi_acc_query q;

	expect_ok(acc_query(fd, &q));
	return q;
}

uint32_t queue_state(int fd, uint32_t handle)
{
	struct hisi_acc_queue_query q;

	expect_ok(acc_queue_query(fd, handle, &q));
	return q.out_state;
}

int poll_for(int fd, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	expect_ok(poll(&pollfd, 1, timeout_ms));
	return pollfd.revents;
}

void expect_state(struct work *w, uint32_t state)
{
	struct hisi_acc_queue_query query;

	ck_assert_uint_eq(w->q.queue_status->state, state);
	expect_ok(acc_queue_query(w->q.fd, w->q.arg.out_handle, &query));
	ck_assert_uint_eq(query.out_state, state);
}
