/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A queue driven by hand: rings, doorbells and ZIP requests as tests/qemu/
 * spec.rst describes them, without libhisiacc. All calls end the test when the
 * kernel refuses something; children use the ioctls themselves.
 */
#ifndef TESTS_LIB_RAWQUEUE_H
#define TESTS_LIB_RAWQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "ioctls.h"

#define QUEUE_COMPRESS		0
#define QUEUE_DECOMPRESS	1

struct raw_queue {
	int fd;
	struct hisi_acc_queue_alloc arg;
	uint8_t *sq;
	uint8_t *cq;
	volatile uint8_t *db;			/* NULL: rings by ioctl */
	const volatile struct hisi_acc_status *status;
	const volatile struct hisi_acc_queue_status *queue_status;
	uint32_t tail, head;
	bool phase;
	uint16_t db_rand;
};

/* Allocates, and maps everything, the doorbell where that is possible. */
void raw_queue_init(struct raw_queue *q, int fd, uint32_t type, uint32_t depth,
		    uint32_t flags);
/* For tests of the mapped doorbell. */
#define skip_without_doorbell(q)					\
	do {								\
		if (!(q)->db)						\
			skip("the doorbell's page holds more than it");	\
	} while (0)
/* Unmaps, and frees. */
void raw_queue_fini(struct raw_queue *q);
/* QUEUE_START, and the ring state that goes with it. */
void raw_queue_start(struct raw_queue *q);

/* Copies an SQE to the tail. The caller knows that there is room. */
void raw_queue_push(struct raw_queue *q, const uint32_t *sqe);
/* The doorbell's value for this queue. */
uint64_t raw_doorbell(const struct raw_queue *q, bool cq, uint32_t index,
		      bool arm);
/* Stores a value to the mapped doorbell, if there is one. */
void raw_queue_store(struct raw_queue *q, uint64_t value);
/* Publishes the tail; tells the head, and arms the event. */
void raw_queue_ring(struct raw_queue *q);
void raw_queue_ring_cq(struct raw_queue *q, bool arm);
/* Takes the next completion; @sqe, if not NULL, gets the finished entry. */
bool raw_queue_pop(struct raw_queue *q, uint32_t *sqe, int timeout_ms);
/* Whether a completion is there that was not taken. */
bool raw_queue_ready(const struct raw_queue *q);

#define SQE_WORDS 32

enum {
	ZIP_STATUS_OK = 0x00,
	ZIP_STATUS_EXPANDED = 0x0d,
	ZIP_STATUS_NO_SPACE = 0x0e,
	ZIP_STATUS_BAD_CHECK = 0x10,
};

/* One zlib stream, in one go, between two flat buffers. */
void zip_encode(uint32_t *sqe, uint64_t src, uint32_t src_size, uint64_t dst,
		uint32_t dst_size);
uint32_t zip_status(const uint32_t *sqe);
bool zip_succeeded(const uint32_t *sqe);
uint32_t zip_produced(const uint32_t *sqe);

/* Runs one request and waits for its completion. */
void raw_queue_run(struct raw_queue *q, uint64_t src, uint32_t src_size,
		   uint64_t dst, uint32_t dst_size, uint32_t *sqe);

/* Anonymous memory, pinned. */
struct pinned {
	int fd;
	uint8_t *data;
	size_t size;
	uint64_t iova;
	uint32_t handle;
};

void pinned_init(struct pinned *p, int fd, size_t size);
void pinned_fini(struct pinned *p);

/* A queue of the given type with a pinned source and destination. */
struct work {
	struct raw_queue q;
	struct pinned src, dst;
	size_t size;		/* of the plain data */
	size_t src_size;	/* bytes of the source that a request takes */
	uint32_t seed;
};

void work_init(struct work *w, int fd, uint32_t type, size_t size);
void work_init_queue(struct work *w, int fd, uint32_t type, size_t size,
		     uint32_t depth, uint32_t flags);
void work_fini(struct work *w);
/* New data, a cleared destination, and one request published for it. */
void work_submit(struct work *w, uint32_t seed);
/* Whether the completion came, with success, and the data is right. */
bool work_wait(struct work *w, int timeout_ms);
/* Both; fails the test. */
void work_run(struct work *w, uint32_t seed);
/* Whether the destination holds the right result of a request of @produced. */
bool work_is_right(struct work *w, uint32_t produced);
/* Whether the destination is as work_submit() left it. */
bool work_is_untouched(struct work *w);

/* The device works: compresses and restores something in a context of its own. */
void expect_device_works(void);

#endif /* TESTS_LIB_RAWQUEUE_H */
