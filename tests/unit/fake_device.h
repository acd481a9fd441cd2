/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device, a driver and a clock in memory. It stands in for libhisiacc/sys.c:
 * the library's ioctls and mappings end here, and what it writes into the rings
 * is carried out by zlib. Strict where the hardware's reaction is unknown: what
 * breaks a rule is counted, and fake_check() makes a test fail by it.
 *
 * Requests are carried out when time passes: whenever the library looks at the
 * clock, sleeps or makes a system call, or by fake_run().
 */
#ifndef FAKE_DEVICE_H
#define FAKE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "hisi_acc.h"

#define FAKE_QUEUES	4
#define FAKE_IOVA	UINT64_C(0x5a0000000000)	/* added to addresses */
#define FAKE_PASID	7u	/* where the mode has one */
#define FAKE_BAD_DATA	0x01u	/* the device's private code */

struct fake_queue {
	bool used;
	uint32_t *sq;
	uint16_t *cq;
	uint64_t *db;		/* the doorbell register */
	uint64_t db_seen;
	uint32_t number;
	uint32_t rand;
	uint32_t type;
	uint32_t mode;
	uint32_t depth;
	uint32_t sq_head;
	uint32_t sq_tail;
	uint32_t cq_head;	/* as the last doorbell said */
	uint32_t cq_tail;
	uint32_t phase;
	bool armed;
	bool loose;		/* failed, and still at work until it is stopped */
	int event_fd;
	uint64_t ready_at;
};

struct fake_range {
	const void *start;
	size_t size;
};

struct fake {
	/* what the device is; set between fake_reset() and opening it */
	unsigned int devices;
	uint32_t engine;
	uint32_t hw_version;
	uint64_t algs;
	uint32_t modes;			/* those that the machine has */
	uint32_t reasons[3];		/* for those that it has not */
	uint32_t queues_free;
	uint32_t sqe_size;
	uint32_t status_size;
	uint32_t uapi_version;
	uint32_t features;
	uint32_t mems_max;
	uint32_t stale_offset;
	uint32_t db_offset;
	uint32_t depth_grant;		/* overrides what is asked for */
	uint32_t mode_grant;		/* likewise */
	int mode_errno[3];		/* of binding, for a mode in modes */
	bool no_doorbell_map;

	/* how it behaves; set at any time */
	uint64_t delay_ns;		/* from doorbell to completion */
	bool hang;			/* no request completes */
	bool lose;			/* STOP has to reset the device */
	uint32_t fault;			/* state that the next request brings its
					 * queue, which goes on with it */
	unsigned int fail_request;	/* ioctl that fails... */
	int fail_errno;			/* ...with this... */
	unsigned int fail_after;	/* ...after that many good ones */
	unsigned int fail_ioctl;	/* the n-th one from here on, from 1 on, of
					 * those that give nothing back */
	unsigned int fail_alloc;	/* likewise, of the library's callocs */
	uint64_t budget;		/* bytes that may be pinned; 0: any */
	struct fake_range missing;	/* memory that is not there... */
	struct fake_range constant;	/* ...or must not be written... */
	struct fake_range odd;		/* ...or can be pinned to be read only */
	bool unmappable;		/* dma-bufs */
	unsigned int syncs_fail;	/* that many, with EINTR */
	int open_errno;
	int eventfd_errno;
	int map_errno;
	unsigned int map_fail_after;
	unsigned int eintr;		/* polls that a signal ends */
	bool ctx_pollerr;		/* another queue has failed */
	int32_t ctx_state;		/* -1: computed */
	uint32_t force_status;		/* of each request, if not 0 */
	bool silent_pause;		/* streams: ctx_st 0 when output is full */
	uint32_t early_pause;		/* streams: this ctx_st, if not 0, before
					 * output is full */
	bool short_consume;		/* streams: eat 4 bytes less if possible */
	void (*mutate)(uint32_t *sqe, uint16_t *cqe);
	void (*pinned_hook)(void);	/* while a registration is being made */
	void (*poll_hook)(void);	/* before each sleep */

	/* what has happened */
	uint64_t now;
	unsigned int ioctls;
	unsigned int calls[0x40];	/* by number of the ioctl */
	unsigned int sq_doorbells;
	unsigned int cq_doorbells;
	unsigned int arms;
	unsigned int polls;
	unsigned int requests;
	unsigned int stateful;
	unsigned int closed;
	unsigned int eventfds;		/* that are open */
	unsigned int maps;		/* that are not unmapped */
	unsigned int pins;		/* registrations that were not ended */
	unsigned int pinned;		/* of these, with pinned memory */
	unsigned int fds;		/* dma-bufs that are open */
	unsigned int syncs;
	uint64_t sync_flags;		/* of the last one */
	uint64_t pin_bytes;		/* of all registrations there were */
	uint64_t bytes;			/* of those that are pinned */
	uint32_t mode;			/* of the one context; 0: none */
	uint32_t mode_reason;		/* why no better one */
	uint32_t last_sqe[32];		/* as the library wrote it */
	char broken_rule[128];

	struct hisi_acc_status *status;
	struct fake_queue queues[FAKE_QUEUES];
};

extern struct fake fake;

void fake_reset(void);

/* How often that ioctl was made. */
static inline unsigned int fake_calls(unsigned int request)
{
	return fake.calls[request & 0x3f];
}

/* The program has changed that memory: what is watched of it goes stale. */
void fake_change(const void *start, size_t size);
/* A dma-buf of that size; and its exporter moves it. */
int fake_dmabuf(size_t size);
void fake_move(int fd);
/* Is there a registration of this range, exactly? */
bool fake_has_pin(const void *start, size_t size);
void fake_run(void);
/* State of a queue in the status page; the device is quiet from then on. */
void fake_fail_queue(unsigned int queue, uint32_t state);
/* Fails the test if a rule was broken. */
void fake_check(void);
/* Fails the test if something was not given back. */
void fake_check_empty(void);

#endif /* FAKE_DEVICE_H */
