/* SPDX-License-Identifier: MIT */
/* The structs behind the opaque types, and calls between the library's files. */
#ifndef HISIACC_INTERNAL_H
#define HISIACC_INTERNAL_H

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hisiacc.h"
#include "hisi_acc.h"
#include "hw/qm.h"
#include "hw/sgl.h"
#include "hw/zip.h"

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

static inline size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- Context ---- */

/* Where the generations of ZIP hardware differ; chosen once, in open. */
struct hisiacc_zip_hw {
	uint32_t sqe_type;
	uint32_t tag_word;	/* word of the SQE that comes back as it was */
	uint32_t window;	/* code for the window to compress with */
};

struct hisiacc_ctx {
	int fd;
	const volatile struct hisi_acc_status *status;
	uint64_t status_size;
	uint32_t engine;
	uint32_t sqe_size;
	uint64_t algs;
	const struct hisiacc_zip_hw *zip;
	uint32_t use;		/* atomic: modes, and how many objects; ctx.c */
	char name[HISIACC_NAME_SIZE];
};

#define HISIACC_MODES_ALL \
	((uint32_t)(HISIACC_MODE_SVA | HISIACC_MODE_PASID | HISIACC_MODE_DMA))

/*
 * One queue or registration more, and one less. In between, the mask of
 * acceptable modes, which the first one gives, stays as it is.
 */
uint32_t hisiacc_ctx_hold(struct hisiacc_ctx *ctx);
void hisiacc_ctx_release(struct hisiacc_ctx *ctx);

/* A word of a status page: the kernel may change it at any time. */
static inline uint32_t hisiacc_status_word(const volatile uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* ---- Memory ---- */

struct hisiacc_mem {
	struct hisiacc_ctx *ctx;
	uintptr_t addr;
	size_t size;
	uint64_t iova;
	uint32_t handle;
	uint32_t flags;
	bool owned;
};

struct hisiacc_sgl {
	const struct hisiacc_queue *queue;
	struct hisiacc_mem *mem;	/* holds the struct hisi_sgl */
	struct hisi_sgl *hw;
	uint64_t iova;
	uint64_t total;			/* bytes that the segments have */
	unsigned int capacity;
	unsigned int count;
	bool read_only;			/* one of the segments is */
	struct hisiacc_segment segments[];
};

/* ---- Queue ---- */

/* What the program's side of a request has to remember. */
struct hisiacc_slot {
	uint64_t user_data;
	uint32_t src_add;	/* header bytes that the device does not count */
	uint32_t dst_add;
	uint32_t src_len;	/* what was offered to the device */
	uint32_t dst_len;
};

/* The words that a stream's request returns, kept beyond its slot's life. */
struct hisiacc_zip_words {
	uint32_t status;
	uint32_t ctx0;
	uint32_t ctx1;
	uint32_t ctx2;
	uint32_t isize;
	uint32_t checksum;
};

/*
 * Indices into the rings. SQ and CQ have the same depth and a completion for
 * each request, in order, so that one head serves both:
 *
 *	acked <= head <= published <= tail <= acked + mask
 *
 * acked..head have been taken by the program, but the device does not know;
 * head..published are in flight; published..tail are prepared.
 */
struct hisiacc_queue {
	/* what submit and peek touch */
	uint8_t *sq;
	struct hisi_qm_cqe *cq;
	struct hisiacc_slot *slots;
	volatile uint64_t *db;		/* NULL: by system call */
	const volatile struct hisi_acc_queue_status *status;
	uint64_t db_sq;			/* doorbell words less the index */
	uint64_t db_cq;
	uint32_t mask;
	uint32_t sqe_size;
	uint32_t tail;
	uint32_t published;
	uint32_t head;
	uint32_t acked;
	uint32_t phase;
	uint32_t saved_count;
	uint32_t mode;
	uint32_t formats;		/* bit per enum hisiacc_zip_format */
	bool broken;			/* the device wrote nonsense */
	const struct hisiacc_zip_hw *zip;
	struct hisiacc_zip_words *words;	/* where to, or NULL */
	uint64_t submitted;
	uint64_t completed;
	uint64_t sq_doorbells;
	uint64_t cq_doorbells;
	uint64_t sleeps;

	/* completions that outlived the rings, at saved_head and on */
	struct hisiacc_completion *saved;
	uint32_t saved_head;

	uint32_t type;
	uint32_t handle;
	uint32_t number;
	uint32_t reason;
	uint32_t pasid;
	int event_own;			/* for wait; -1: not made yet */
	int event_user;			/* the program's, or -1 */
	int event_set;			/* the one that the kernel signals */
	uint32_t spin_ns;
	struct hisiacc_ctx *ctx;
	struct hisiacc_zip_stream *large;	/* for one-shots past a request */
	void *db_map;
	uint64_t sq_size;
	uint64_t cq_size;
	uint64_t db_size;
};

/* 0, -EIO or -ENODEV. */
int hisiacc_queue_failure(const struct hisiacc_queue *queue);

static inline int hisiacc_queue_check(const struct hisiacc_queue *queue)
{
	if (likely(hisiacc_status_word(&queue->status->state) ==
		   HISI_ACC_STATE_RUNNING && !queue->broken))
		return 0;
	return hisiacc_queue_failure(queue);
}

/* Nothing prepared, in flight or not yet taken. */
static inline bool hisiacc_queue_idle(const struct hisiacc_queue *queue)
{
	return queue->tail == queue->head && !queue->saved_count;
}

/* What a queue needs to be waited for. */
void hisiacc_queue_wait_init(struct hisiacc_queue *queue);
void hisiacc_queue_wait_fini(struct hisiacc_queue *queue);

/* Ring by system call, where no doorbell is mapped. */
int hisiacc_queue_doorbell(struct hisiacc_queue *queue, uint32_t flags,
			   uint32_t index);

/*
 * Submit the one request that was prepared on an idle queue and see it through.
 * 0 and a completion; -ETIME and one (the device is done with the request); or
 * another error, and the request is gone.
 */
int hisiacc_queue_run(struct hisiacc_queue *queue, uint64_t deadline_ns,
		      struct hisiacc_completion *out);

/* Has the deadline passed? Looks at the clock only if there is one. */
bool hisiacc_deadline_passed(uint64_t deadline_ns);

/*
 * Device address of memory that a request names, range checked. A context has
 * one mode: memory of the queue's context is registered in the queue's.
 */
static inline int hisiacc_queue_iova(const struct hisiacc_queue *queue,
				     const void *addr, size_t len,
				     const struct hisiacc_mem *mem, bool write,
				     uint64_t *out)
{
	uintptr_t start = (uintptr_t)addr;

	if (!mem) {
		*out = start;
		return queue->mode == HISIACC_MODE_SVA ? 0 : -EFAULT;
	}
	if (unlikely(mem->ctx != queue->ctx || start < mem->addr ||
		     start - mem->addr > mem->size ||
		     len > mem->size - (start - mem->addr)))
		return -EFAULT;
	if (unlikely(write && (mem->flags & HISIACC_MEM_READ_ONLY)))
		return -EFAULT;
	*out = mem->iova + (start - mem->addr);
	return 0;
}

/* ---- ZIP ---- */

/* A request in the device's terms. */
struct hisiacc_zip_desc {
	uint32_t format;
	uint32_t control;	/* HISI_ZIP_NEW and so on */
	bool sgl;
	uint32_t tag;
	uint64_t src;
	uint64_t dst;
	uint32_t src_len;
	uint32_t dst_len;
	uint32_t src_skip;
	uint32_t dst_skip;
	uint64_t ctx;
	const struct hisiacc_zip_words *words;	/* NULL for one-shots */
};

extern const struct hisiacc_zip_hw hisiacc_zip_hw_v2;
extern const struct hisiacc_zip_hw hisiacc_zip_hw_v3;

void hisiacc_zip_encode(const struct hisiacc_zip_hw *hw,
			struct hisi_zip_sqe *sqe,
			const struct hisiacc_zip_desc *desc);

/* False if the entry is not the one that was given to the device. */
bool hisiacc_zip_decode(const struct hisiacc_zip_hw *hw,
			const struct hisi_zip_sqe *sqe,
			const struct hisiacc_slot *slot, uint32_t tag,
			struct hisiacc_completion *out);
void hisiacc_zip_words_load(const struct hisi_zip_sqe *sqe,
			    struct hisiacc_zip_words *words);

/* Bits of queue->formats for a direction. */
uint32_t hisiacc_zip_formats(uint64_t algs, uint32_t type);

/* Is this a request as hisiacc.h describes them? 0 or -EINVAL. */
int hisiacc_zip_req_check(const struct hisiacc_zip_req *req,
			  uint32_t flags_known);

/* A valid empty stream, header and trailer included; at most 20 bytes. */
#define HISIACC_ZIP_EMPTY_MAX	20
size_t hisiacc_zip_empty(enum hisiacc_zip_format format, uint8_t *dst);

/* Ends a stream whose blocks so far were not last ones; at most 13 bytes. */
#define HISIACC_ZIP_TAIL_MAX	13
size_t hisiacc_zip_tail(enum hisiacc_zip_format format,
			const struct hisiacc_zip_words *words, uint8_t *dst);

#define HISIACC_ZIP_HEADER_MAX	10	/* of those that the library writes */

/* Reads a header that comes in pieces; all zero but the format to begin. */
struct hisiacc_zip_header {
	uint32_t format;
	uint32_t stage;
	uint32_t have;		/* bytes of the stage's fixed part */
	uint32_t flags;
	uint32_t left;		/* bytes of the extra field to skip */
	uint32_t crc;
	uint8_t fixed[10];
};

/*
 * Takes bytes of the header, *used at most len. 1 the header is complete, 0 it
 * goes on; -EBADMSG; -EOPNOTSUPP preset dictionary.
 */
int hisiacc_zip_header_feed(struct hisiacc_zip_header *header,
			    const uint8_t *src, size_t len, size_t *used);

/* Starts over, with another format if that is wanted. */
void hisiacc_zip_stream_init(struct hisiacc_zip_stream *stream,
			     enum hisiacc_zip_format format);

#endif /* HISIACC_INTERNAL_H */
