/* SPDX-License-Identifier: MIT */
/*
 * The registration cache: memory that requests name by nothing but a pointer,
 * in the modes that need it pinned. One for each context, shared by its queues.
 *
 * An entry is a registration of whole pages, watched by the kernel. It dies
 * when the kernel has marked it as stale, or when it is evicted; requests in
 * flight hold references, and it is given back when the last of them is gone.
 * The table of entries stays where it is from its first use to the end of the
 * context, so that a queue may look at an entry without a lock and find out
 * afterwards whether it was still the one that it meant.
 *
 * The lock guards everything but hisiacc_cache_entry.word and .used. Under it
 * only does an entry begin or end to live.
 */
#ifndef HISIACC_CACHE_H
#define HISIACC_CACHE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hisiacc_ctx;
struct hisiacc_queue;

/*
 * word: references in the lower half, in the upper one a tag that changes each
 * time the entry begins or ends to live. An odd tag: dead.
 */
#define HISIACC_CACHE_TAG_SHIFT	32
#define HISIACC_CACHE_TAG_ONE	(UINT64_C(1) << HISIACC_CACHE_TAG_SHIFT)

struct hisiacc_cache_entry {
	uint64_t word;		/* atomic */
	uint64_t used;		/* atomic: hisiacc_cache.clock of the last use */
	uintptr_t start;
	size_t size;
	uint64_t delta;		/* device address less start */
	uint32_t handle;	/* 0: not registered */
	bool read_only;
};

struct hisiacc_cache {
	pthread_mutex_t lock;
	struct hisiacc_cache_entry *entries;	/* NULL before the first use */
	uint16_t *order;	/* numbers of the live ones, by address */
	uint16_t *free;		/* numbers of those that can be used again */
	uint32_t capacity;
	uint32_t made;		/* entries that were ever used */
	uint32_t free_count;
	uint32_t count;		/* of live ones */
	uint32_t zombies;	/* dead and still in use */
	uint32_t pending;	/* about to be registered, without the lock */
	uint32_t limit;		/* most live ones; 0: the cache is off */
	uint32_t generation;	/* for which the stale bits were looked at */
	uint64_t clock;		/* atomic; grows whenever the lock is taken */
	size_t page;
	size_t size_max;	/* of any live one */
	uint64_t bytes;		/* of all that are registered, or about to be */
	uint64_t bytes_max;
	uint64_t registrations;
	uint64_t evictions;
	uint64_t stale;
};

/* An entry as a queue remembers it: all that a hit needs. */
struct hisiacc_cached {
	uintptr_t start;
	uint64_t delta;
	uint32_t size[2];	/* for reading; for writing, 0 if it must not */
	uint32_t tag;
	uint32_t number;
};

#define HISIACC_CACHED_BITS	6
#define HISIACC_CACHED		(1u << HISIACC_CACHED_BITS)

/* Where a queue remembers memory: buffers a power of 2 apart do not meet. */
static inline uint32_t hisiacc_cached_slot(uintptr_t addr)
{
	return (uint32_t)(addr >> 12) * 0x9e3779b1u >>
	       (32 - HISIACC_CACHED_BITS);
}

/* References are numbers of entries, from 1 on; 0 is none. */
static inline void hisiacc_cache_put(struct hisiacc_cache *cache, uint16_t ref)
{
	/* What was done with the memory is over before it is given back. */
	if (ref)
		__atomic_fetch_sub(&cache->entries[ref - 1].word, 1,
				   __ATOMIC_RELEASE);
}

static inline bool hisiacc_cache_read_only(const struct hisiacc_cache *cache,
					   uint16_t ref)
{
	return cache->entries[ref - 1].read_only;
}

/*
 * Not in what the queue remembers: looks into the table, registers. As
 * hisiacc_cache_get() in internal.h.
 */
int hisiacc_cache_lookup(struct hisiacc_queue *queue, uintptr_t start,
			 size_t len, bool write, uint64_t *iova, uint16_t *ref);

/* Does it take memory at all? */
bool hisiacc_cache_is_on(struct hisiacc_ctx *ctx);

/*
 * Is each of the references to an entry that lives? Looks at the stale bits
 * first.
 */
bool hisiacc_cache_alive(struct hisiacc_ctx *ctx, const uint16_t *refs,
			 unsigned int count);

/*
 * A registration that has nothing to do with the cache failed with @err: gives
 * back what might be in its way. True: it is worth another try.
 */
bool hisiacc_cache_yield(struct hisiacc_ctx *ctx, int err, uintptr_t start,
			 size_t size);

void hisiacc_cache_init(struct hisiacc_ctx *ctx);
void hisiacc_cache_fini(struct hisiacc_ctx *ctx);

#endif /* HISIACC_CACHE_H */
