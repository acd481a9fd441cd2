/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel says of itself, of a device and its queues. */
#ifndef TESTS_UAPI_STATE_H
#define TESTS_UAPI_STATE_H

#include <stddef.h>

#include "ioctls.h"
#include "rawqueue.h"

/* Of the running kernel. */
int kernel_version(void);
#define VERSION(major, minor)	((major) * 100 + (minor))
/* Since this one, pinning waits for whoever serves the memory. */
#define SERVER_AWAITED	VERSION(6, 3)

struct hisi_acc_query query_device(int fd);
uint32_t queue_state(int fd, uint32_t handle);
/* In the status page as in the answer of the ioctl. */
void expect_state(struct work *w, uint32_t state);
/* Events within that time, at least one. */
int poll_for(int fd, int timeout_ms);

/* What the test says holds in some memory modes only. */
#define only_in_modes(modes)						\
	do {								\
		if (!(acc_modes() & (modes)))				\
			skip("in this mode it is otherwise by nature");	\
	} while (0)

#endif /* TESTS_UAPI_STATE_H */
