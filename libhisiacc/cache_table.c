// SPDX-License-Identifier: MIT
/* The registration cache: its table, and how entries end. See cache.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cache_table.h"
#include "internal.h"
#include "sys.h"

/* ---- What lives ---- */

/* Memory for the table, which is touched as far as it is used. */
int hisiacc_cache_table(struct hisiacc_cache *cache)
{
	size_t entry = sizeof(*cache->entries) + sizeof(*cache->order) +
		       sizeof(*cache->free);

	if (cache->entries)
		return 0;
	cache->entries = calloc(cache->capacity, entry);
	if (!cache->entries)
		return -ENOMEM;
	cache->order = (uint16_t *)(cache->entries + cache->capacity);
	cache->free = cache->order + cache->capacity;
	return 0;
}

/* The first place in the order whose entry starts behind @start. */
uint32_t hisiacc_cache_place(const struct hisiacc_cache *cache, uintptr_t start)
{
	uint32_t low = 0, high = cache->count, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (cache->entries[cache->order[mid]].start <= start)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool hisiacc_cache_covers(const struct hisiacc_cache_entry *entry,
			  uintptr_t start, size_t len, bool write)
{
	return start >= entry->start && len <= entry->size &&
	       start - entry->start <= entry->size - len &&
	       !(write && entry->read_only);
}

/* A live entry that has all of it, or NULL. */
struct hisiacc_cache_entry *hisiacc_cache_find(const struct hisiacc_cache *cache,
					       uintptr_t start, size_t len,
					       bool write)
{
	uint32_t i = hisiacc_cache_place(cache, start);
	struct hisiacc_cache_entry *entry;

	while (i--) {
		entry = &cache->entries[cache->order[i]];
		if (hisiacc_cache_covers(entry, start, len, write))
			return entry;
		if (start - entry->start >= cache->size_max)
			break;
	}
	return NULL;
}

void hisiacc_cache_insert(struct hisiacc_cache *cache,
			  struct hisiacc_cache_entry *entry)
{
	uint32_t i = hisiacc_cache_place(cache, entry->start);

	memmove(&cache->order[i + 1], &cache->order[i],
		(cache->count - i) * sizeof(*cache->order));
	cache->order[i] = (uint16_t)(entry - cache->entries);
	cache->count++;
	if (entry->size > cache->size_max)
		cache->size_max = entry->size;
}

static void remove_at(struct hisiacc_cache *cache, uint32_t i)
{
	cache->count--;
	memmove(&cache->order[i], &cache->order[i + 1],
		(cache->count - i) * sizeof(*cache->order));
	if (!cache->count)
		cache->size_max = 0;
}

/* ---- The end of an entry ---- */

/* Of one that is dead and that nobody refers to. */
void hisiacc_cache_give_back(struct hisiacc_ctx *ctx,
			     struct hisiacc_cache_entry *entry)
{
	struct hisiacc_cache *cache = &ctx->cache;
	struct hisi_acc_mem_unpin arg = {
		.argsz = sizeof(arg),
		.handle = entry->handle,
	};

	(void)hisiacc_sys_ioctl(ctx->fd, HISI_ACC_MEM_UNPIN, &arg);
	entry->handle = 0;
	cache->bytes -= entry->size;
	cache->free[cache->free_count++] = (uint16_t)(entry - cache->entries);
}

/* True if the entry in that place was idle, and is no more. */
bool hisiacc_cache_evict(struct hisiacc_ctx *ctx, uint32_t i)
{
	struct hisiacc_cache *cache = &ctx->cache;
	struct hisiacc_cache_entry *entry = &cache->entries[cache->order[i]];
	uint64_t idle = hisiacc_cache_word(entry) & ~(HISIACC_CACHE_TAG_ONE - 1);

	if (!__atomic_compare_exchange_n(&entry->word, &idle,
					 idle + HISIACC_CACHE_TAG_ONE, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	remove_at(cache, i);
	hisiacc_cache_give_back(ctx, entry);
	cache->evictions++;
	return true;
}

/* The place of the idle entry that was not used for longest, or count. */
static uint32_t oldest(const struct hisiacc_cache *cache)
{
	uint64_t used, least = UINT64_MAX;
	uint32_t i, found = cache->count;

	for (i = 0; i < cache->count; i++) {
		const struct hisiacc_cache_entry *entry =
			&cache->entries[cache->order[i]];

		used = __atomic_load_n(&entry->used, __ATOMIC_RELAXED);
		if (used < least && !hisiacc_cache_references(entry)) {
			least = used;
			found = i;
		}
	}
	return found;
}

/* Evicts it. Its size, or 0. */
size_t hisiacc_cache_evict_oldest(struct hisiacc_ctx *ctx)
{
	struct hisiacc_cache *cache = &ctx->cache;
	size_t size;
	uint32_t i;

	while ((i = oldest(cache)) < cache->count) {
		size = cache->entries[cache->order[i]].size;
		if (hisiacc_cache_evict(ctx, i))
			return size;
	}
	return 0;
}

void hisiacc_cache_evict_all(struct hisiacc_ctx *ctx)
{
	uint32_t i = ctx->cache.count;

	while (i--)
		(void)hisiacc_cache_evict(ctx, i);
}

static bool overlaps(const struct hisiacc_cache_entry *entry,
		     const struct hisiacc_range *range)
{
	return entry->start < range->end &&
	       range->start < entry->start + entry->size;
}

/* Evicts idle entries that share pages with the range. */
bool hisiacc_cache_evict_range(struct hisiacc_ctx *ctx,
			       const struct hisiacc_range *range)
{
	struct hisiacc_cache *cache = &ctx->cache;
	uint32_t i = hisiacc_cache_place(cache, range->end);
	bool any = false;

	while (i--) {
		struct hisiacc_cache_entry *entry =
			&cache->entries[cache->order[i]];

		if (overlaps(entry, range) && hisiacc_cache_evict(ctx, i))
			any = true;
	}
	return any;
}

/* Gives back dead entries whose last reference has gone meanwhile. */
bool hisiacc_cache_bury(struct hisiacc_ctx *ctx)
{
	struct hisiacc_cache *cache = &ctx->cache;
	struct hisiacc_cache_entry *entry;
	bool any = false;

	for (entry = cache->entries;
	     cache->zombies && entry < cache->entries + cache->made; entry++) {
		uint64_t word = hisiacc_cache_word(entry);

		if (!entry->handle || !(word & HISIACC_CACHE_TAG_ONE) ||
		    (uint32_t)word)
			continue;
		hisiacc_cache_give_back(ctx, entry);
		cache->zombies--;
		any = true;
	}
	return any;
}

/* Entries that the kernel has marked since the last look die. */
static void look_for_stale(struct hisiacc_ctx *ctx)
{
	struct hisiacc_cache *cache = &ctx->cache;
	uint32_t i = cache->count;
	/* Before the bits: one that is set later brings another generation. */
	uint32_t generation =
		hisiacc_status_word(&ctx->status->mem_generation);

	if (generation == cache->generation)
		return;
	while (i--) {
		struct hisiacc_cache_entry *entry =
			&cache->entries[cache->order[i]];

		if (!hisiacc_stale_bit(ctx, entry->handle))
			continue;
		__atomic_fetch_add(&entry->word, HISIACC_CACHE_TAG_ONE,
				   __ATOMIC_ACQUIRE);
		remove_at(cache, i);
		cache->zombies++;
		cache->stale++;
	}
	cache->generation = generation;
}

/* With the lock: the table is as the kernel sees it, as far as can be. */
void hisiacc_cache_refresh(struct hisiacc_ctx *ctx)
{
	struct hisiacc_cache *cache = &ctx->cache;

	__atomic_store_n(&cache->clock, cache->clock + 1, __ATOMIC_RELAXED);
	look_for_stale(ctx);
	(void)hisiacc_cache_bury(ctx);
}
