/* SPDX-License-Identifier: MIT */
/* The structs behind the opaque types, and calls between the library's files. */
#ifndef HISIACC_INTERNAL_H
#define HISIACC_INTERNAL_H

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache.h"
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
	uint32_t features;
	uint32_t mems_max;
	const volatile uint32_t *stale;	/* NULL: the driver watches nothing */
	struct hisiacc_cache cache;
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

/* Has the kernel marked a registration as stale? */
static inline bool hisiacc_stale_bit(const struct hisiacc_ctx *ctx,
				     uint32_t handle)
{
	return ctx->stale && handle &&
	       hisiacc_status_word(&ctx->stale[(handle - 1) / 32]) >>
	       (handle - 1) % 32 & 1;
}

/* ---- Memory ---- */

enum hisiacc_mem_kind {
	HISIACC_MEM_PROGRAMS,	/* registered as it was */
	HISIACC_MEM_ALLOCATED,
	HISIACC_MEM_BUFFER,	/* the driver's, can be exported */
	HISIACC_MEM_IMPORTED
};

struct hisiacc_mem {
	/*
	 * Queues of which context take it: NULL if none does as a matter of
	 * course, see hisiacc_mem_iova_odd().
	 */
	const struct hisiacc_ctx *user;
	struct hisiacc_ctx *ctx;
	uintptr_t addr;
	size_t size;
	uint64_t iova;
	uint32_t handle;	/* 0: lost by a refresh that failed */
	uint32_t flags;
	enum hisiacc_mem_kind kind;
	/* of imported memory */
	int fd;
	uint64_t offset;
	bool cpu;		/* the CPU reaches it at addr */
};

/*
 * Registers, with the cache giving way where it can. @addr, @size: what it is
 * about. Counts as an object of the context from here on, unless it fails.
 */
int hisiacc_mem_hold(struct hisiacc_ctx *ctx, unsigned long request, void *arg,
		     uint32_t *modes, uintptr_t addr, size_t size);
struct hisiacc_mem *hisiacc_mem_new(struct hisiacc_ctx *ctx, void *addr,
				    size_t size, uint32_t flags);
void hisiacc_mem_unregister(struct hisiacc_mem *mem);

/*
 * Device address of memory that the CPU does not reach. For requests that the
 * device does alone: without a header.
 */
int hisiacc_mem_iova_odd(const struct hisiacc_ctx *ctx, const void *addr,
			 size_t len, const struct hisiacc_mem *mem, bool write,
			 uint64_t *out);

struct hisiacc_sgl {
	struct hisiacc_queue *queue;
	struct hisiacc_mem *mem;	/* holds the struct hisi_sgl */
	struct hisi_sgl *hw;
	uint64_t iova;
	uint64_t total;			/* bytes that the segments have */
	unsigned int capacity;
	unsigned int count;
	bool read_only;			/* one of the segments is */
	bool cached;			/* one is known by a pointer only */
	bool resolved;			/* and the entries are right, */
	bool writable;			/* for a destination, too */
	uint32_t generation;		/* as the stale bits were then */
	uint16_t *refs;			/* of the segments, to the cache */
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
	uint16_t refs[2];	/* of source and destination, to the cache */
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
	uint32_t mem_generation;	/* of which "cached" is good */
	bool broken;			/* the device wrote nonsense */
	const struct hisiacc_zip_hw *zip;
	uint32_t special;	/* references of slots, and one for words */
	struct hisiacc_zip_words *words;	/* where to, or NULL */
	uint64_t submitted;
	uint64_t completed;
	uint64_t sq_doorbells;
	uint64_t cq_doorbells;
	uint64_t sleeps;
	uint64_t cache_hits;
	uint64_t cache_misses;

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

	struct hisiacc_cached cached[HISIACC_CACHED];
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
	if (unlikely(mem->user != queue->ctx || start < mem->addr ||
		     start - mem->addr > mem->size ||
		     len > mem->size - (start - mem->addr)))
		return -EFAULT;
	if (unlikely(write && (mem->flags & HISIACC_MEM_READ_ONLY)))
		return -EFAULT;
	*out = mem->iova + (start - mem->addr);
	return 0;
}

/*
 * A look at what the queue remembers: true with a device address and a
 * reference. Takes the reference first and then sees whether the entry is
 * still the one: its tag says so.
 */
static inline bool hisiacc_cache_hit(struct hisiacc_queue *queue, uint32_t slot,
				     uintptr_t start, size_t len, bool write,
				     uint64_t *iova, uint16_t *ref)
{
	const struct hisiacc_cached *cached = &queue->cached[slot];
	size_t offset = start - cached->start;
	struct hisiacc_cache_entry *entry;
	uint64_t word;

	if (unlikely(hisiacc_status_word(&queue->ctx->status->mem_generation) !=
		     queue->mem_generation))
		return false;
	if (unlikely(offset >= cached->size[write] ||
		     len > cached->size[write] - offset))
		return false;
	entry = &queue->ctx->cache.entries[cached->number];
	word = __atomic_fetch_add(&entry->word, 1, __ATOMIC_ACQUIRE);
	if (unlikely(word >> HISIACC_CACHE_TAG_SHIFT != cached->tag)) {
		__atomic_fetch_sub(&entry->word, 1, __ATOMIC_RELEASE);
		return false;
	}
	__atomic_store_n(&entry->used,
			 __atomic_load_n(&queue->ctx->cache.clock,
					 __ATOMIC_RELAXED), __ATOMIC_RELAXED);
	queue->cache_hits++;
	*iova = start + cached->delta;
	*ref = (uint16_t)(cached->number + 1);
	return true;
}

/*
 * Device address of memory that is known by a pointer only, and a reference
 * that keeps it registered, for hisiacc_cache_put(). In the modes that pin.
 */
static inline int hisiacc_cache_get(struct hisiacc_queue *queue,
				    const void *addr, size_t len, bool write,
				    uint64_t *iova, uint16_t *ref)
{
	uintptr_t start = (uintptr_t)addr;

	if (likely(hisiacc_cache_hit(queue, hisiacc_cached_slot(start), start,
				     len, write, iova, ref)))
		return 0;
	return hisiacc_cache_lookup(queue, start, len, write, iova, ref);
}

/* Is memory that comes without a registration looked up in the cache? */
static inline bool hisiacc_queue_caches(const struct hisiacc_queue *queue)
{
	return queue->mode != HISIACC_MODE_SVA;
}

/*
 * The same for the source (0) or destination (1) of the request that is being
 * prepared, whose slot keeps the reference.
 */
static inline int hisiacc_slot_get(struct hisiacc_queue *queue, int dst,
				   const void *addr, size_t len, uint64_t *iova)
{
	uint16_t *ref = &queue->slots[queue->tail].refs[dst];
	int err = hisiacc_cache_get(queue, addr, len, dst, iova, ref);

	queue->special += !err;
	return err;
}

/* What a request referred to is not used by it any more. */
void hisiacc_slot_put(struct hisiacc_queue *queue, struct hisiacc_slot *slot);

/* What is to be done about the request at head, if the queue is special. */
void hisiacc_queue_special(struct hisiacc_queue *queue,
			   const struct hisi_zip_sqe *sqe);

/* Makes a list right for a request; in sgl.c. */
int hisiacc_sgl_prepare(struct hisiacc_queue *queue,
			const struct hisiacc_sgl *sgl, bool write);

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
