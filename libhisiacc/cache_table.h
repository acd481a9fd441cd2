/* SPDX-License-Identifier: MIT */
/* Between the files of the registration cache. All of it wants the lock. */
#ifndef HISIACC_CACHE_TABLE_H
#define HISIACC_CACHE_TABLE_H

#include "internal.h"

/* Whole pages. */
struct hisiacc_range {
	uintptr_t start;
	uintptr_t end;
};

static inline uint64_t
hisiacc_cache_word(const struct hisiacc_cache_entry *entry)
{
	return __atomic_load_n(&entry->word, __ATOMIC_ACQUIRE);
}

static inline uint32_t
hisiacc_cache_references(const struct hisiacc_cache_entry *entry)
{
	return (uint32_t)hisiacc_cache_word(entry);
}

/* ---- cache_table.c ---- */

/* Makes the table if there is none. 0 or -ENOMEM. */
int hisiacc_cache_table(struct hisiacc_cache *cache);
/* The first place in the order whose entry starts behind @start. */
uint32_t hisiacc_cache_place(const struct hisiacc_cache *cache,
			     uintptr_t start);
bool hisiacc_cache_covers(const struct hisiacc_cache_entry *entry,
			  uintptr_t start, size_t len, bool write);
/* A live entry that has all of it, or NULL. */
struct hisiacc_cache_entry *hisiacc_cache_find(const struct hisiacc_cache *cache,
					       uintptr_t start, size_t len,
					       bool write);
void hisiacc_cache_insert(struct hisiacc_cache *cache,
			  struct hisiacc_cache_entry *entry);

/* Gives back an entry that is dead and that nobody refers to. */
void hisiacc_cache_give_back(struct hisiacc_ctx *ctx,
			     struct hisiacc_cache_entry *entry);
/* True if the entry in that place was idle, and is no more. */
bool hisiacc_cache_evict(struct hisiacc_ctx *ctx, uint32_t place);
/* Evicts the idle entry that was not used for longest. Its size, or 0. */
size_t hisiacc_cache_evict_oldest(struct hisiacc_ctx *ctx);
void hisiacc_cache_evict_all(struct hisiacc_ctx *ctx);
/* Evicts idle entries that share pages with the range. */
bool hisiacc_cache_evict_range(struct hisiacc_ctx *ctx,
			       const struct hisiacc_range *range);
/* Gives back dead entries whose last reference has gone meanwhile. */
bool hisiacc_cache_bury(struct hisiacc_ctx *ctx);
/* Makes the table what the kernel says it is. */
void hisiacc_cache_refresh(struct hisiacc_ctx *ctx);

/* ---- cache_add.c ---- */

/* Gives up what may be in the way of a registration that failed with @err. */
bool hisiacc_cache_make_way(struct hisiacc_ctx *ctx, int err,
			    const struct hisiacc_range *range);
/* Registers memory that is in no entry. Lets go of the lock meanwhile. */
int hisiacc_cache_add(struct hisiacc_ctx *ctx, uint32_t mode, uintptr_t start,
		      size_t len, bool write, struct hisiacc_cache_entry **out);

#endif /* HISIACC_CACHE_TABLE_H */
