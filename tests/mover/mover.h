/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/mover: dma-bufs whose memory moves at the word of a test. */
#ifndef TESTS_MOVER_H
#define TESTS_MOVER_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define MOVER_CREATE	_IOWR('m', 0, struct mover_create)
#define MOVER_MOVE	_IOWR('m', 1, struct mover_move)
#define MOVER_FAIL	_IOW('m', 2, struct mover_fail)
#define MOVER_CHECK	_IOWR('m', 3, struct mover_check)

/* Each page is mapped by itself, so that device addresses have gaps. */
#define MOVER_SCATTERED	(1U << 0)

struct mover_create {
	__aligned_u64 size;		/* bytes, whole pages */
	__u32 flags;
	__s32 out_fd;
};

/*
 * Tells the importers, copies the data to other pages, and fills the old ones
 * with a pattern. They are kept until the dma-buf is freed. Attachments that have
 * pinned the buffer are told as well, as of something that cannot be helped.
 */
struct mover_move {
	__s32 fd;
	__u32 out_mappings;		/* left when all importers were told */
};

/* The next @count mappings fail with -@error. */
struct mover_fail {
	__s32 fd;
	__u32 count;
	__u32 error;
};

struct mover_check {
	__s32 fd;
	__u32 out_moves;
	__u32 out_touched;		/* pages written to after they were left */
	__u32 out_mappings;
};

#endif /* TESTS_MOVER_H */
