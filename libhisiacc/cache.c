// SPDX-License-Identifier: MIT
/* Memory that requests name by a pointer: looking it up. See cache.h. */
#include <errno.h>
#include <stdlib.h>

#include "cache_table.h"
#include "internal.h"
#include "sys.h"

#define LIMIT_DEFAULT	1024u
#define BYTES_DEFAULT	(UINT64_C(256) << 20)

/* Numbers of entries plus 1 are references of 16 bits. */
#define CAPACITY_MAX	65535u

void hisiacc_cache_init(struct hisiacc_ctx *ctx)
{
	struct hisiacc_cache *cache = &ctx->cache;

	pthread_mutex_init(&cache->lock, NULL);
	cache->page = hisiacc_sys_page_size();
	cache->bytes_max = BYTES_DEFAULT;
	cache->capacity = ctx->mems_max < CAPACITY_MAX ? ctx->mems_max :
			  CAPACITY_MAX;
	if (ctx->stale)
		cache->limit = cache->capacity < LIMIT_DEFAULT ?
			       cache->capacity : LIMIT_DEFAULT;
}

/* ---- Look up ---- */

static void remember(struct hisiacc_queue *queue, uintptr_t addr,
		     const struct hisiacc_cache_entry *entry)
{
	uint32_t slot = hisiacc_cached_slot(addr);
	struct hisiacc_cached *cached = &queue->cached[slot];
	uint32_t number = (uint32_t)(entry - queue->ctx->cache.entries);

	if (hisiacc_cache_word(entry) & HISIACC_CACHE_TAG_ONE)
		return;
	if (cached->number != number)
		queue->cached[slot ^ 1] = *cached;
	*cached = (struct hisiacc_cached){
		.start = entry->start,
		.delta = entry->delta,
		.size = { (uint32_t)entry->size,
			  entry->read_only ? 0 : (uint32_t)entry->size },
		.tag = (uint32_t)(hisiacc_cache_word(entry) >> HISIACC_CACHE_TAG_SHIFT),
		.number = number,
	};
}

static int lookup(struct hisiacc_queue *queue, uintptr_t start, size_t len,
		  bool write, struct hisiacc_cache_entry **out)
{
	struct hisiacc_ctx *ctx = queue->ctx;
	struct hisiacc_cache *cache = &ctx->cache;
	int err;

	if (!cache->limit)
		return -EFAULT;
	err = hisiacc_cache_table(cache);
	if (err)
		return err;
	hisiacc_cache_refresh(ctx);
	queue->mem_generation = cache->generation;
	*out = hisiacc_cache_find(cache, start, len, write);
	if (*out) {
		queue->cache_hits++;
		return 0;
	}
	queue->cache_misses++;
	return hisiacc_cache_add(ctx, queue->mode, start, len, write, out);
}

int hisiacc_cache_lookup(struct hisiacc_queue *queue, uintptr_t start,
			 size_t len, bool write, uint64_t *iova, uint16_t *ref)
{
	struct hisiacc_cache *cache = &queue->ctx->cache;
	struct hisiacc_cache_entry *entry;
	int err;

	if (hisiacc_cache_hit(queue, hisiacc_cached_slot(start) ^ 1, start, len,
			      write, iova, ref))
		return 0;
	*ref = 0;
	*iova = start;
	if (!len)
		return 0;
	pthread_mutex_lock(&cache->lock);
	err = lookup(queue, start, len, write, &entry);
	if (!err) {
		__atomic_fetch_add(&entry->word, 1, __ATOMIC_ACQUIRE);
		__atomic_store_n(&entry->used, cache->clock, __ATOMIC_RELAXED);
		*ref = (uint16_t)(entry - cache->entries + 1);
		*iova = start + entry->delta;
		remember(queue, start, entry);
	}
	pthread_mutex_unlock(&cache->lock);
	if (err == -ENOSPC)
		err = -ENOMEM;
	/* What the queue has in flight may be what is in the way. */
	if ((err == -ENOMEM || err == -EBUSY) && queue->head != queue->tail)
		err = -EAGAIN;
	return err;
}

void hisiacc_slot_put(struct hisiacc_queue *queue, struct hisiacc_slot *slot)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (!slot->refs[i])
			continue;
		hisiacc_cache_put(&queue->ctx->cache, slot->refs[i]);
		slot->refs[i] = 0;
		queue->special--;
	}
}

bool hisiacc_cache_is_on(struct hisiacc_ctx *ctx)
{
	bool on;

	pthread_mutex_lock(&ctx->cache.lock);
	on = ctx->cache.limit;
	pthread_mutex_unlock(&ctx->cache.lock);
	return on;
}

bool hisiacc_cache_alive(struct hisiacc_ctx *ctx, const uint16_t *refs,
			 unsigned int count)
{
	struct hisiacc_cache *cache = &ctx->cache;
	bool alive = true;
	unsigned int i;

	pthread_mutex_lock(&cache->lock);
	hisiacc_cache_refresh(ctx);
	for (i = 0; i < count && alive; i++)
		if (refs[i])
			alive = !(hisiacc_cache_word(&cache->entries[refs[i] - 1]) &
				  HISIACC_CACHE_TAG_ONE);
	pthread_mutex_unlock(&cache->lock);
	return alive;
}

bool hisiacc_cache_yield(struct hisiacc_ctx *ctx, int err, uintptr_t start,
			 size_t size)
{
	struct hisiacc_range range = { start, start + size };
	bool again;

	if (err != -ENOMEM && err != -ENOSPC && err != -EBUSY)
		return false;
	pthread_mutex_lock(&ctx->cache.lock);
	again = hisiacc_cache_bury(ctx) || hisiacc_cache_make_way(ctx, err, &range);
	pthread_mutex_unlock(&ctx->cache.lock);
	return again;
}

/* ---- What programs may say and ask ---- */

int hisiacc_ctx_set_cache(struct hisiacc_ctx *ctx,
			  const struct hisiacc_cache_attr *attr)
{
	struct hisiacc_cache *cache = &ctx->cache;

	if (attr->size != sizeof(*attr))
		return -EINVAL;
	if (attr->entries && !ctx->stale)
		return -EOPNOTSUPP;
	pthread_mutex_lock(&cache->lock);
	cache->limit = attr->entries < cache->capacity ? attr->entries :
		       cache->capacity;
	cache->bytes_max = attr->bytes ? attr->bytes : BYTES_DEFAULT;
	hisiacc_cache_refresh(ctx);
	while ((cache->count > cache->limit ||
		cache->bytes > cache->bytes_max) && hisiacc_cache_evict_oldest(ctx))
		;
	pthread_mutex_unlock(&cache->lock);
	return 0;
}

int hisiacc_ctx_cache_info(struct hisiacc_ctx *ctx,
			   struct hisiacc_cache_info *info)
{
	struct hisiacc_cache *cache = &ctx->cache;

	if (info->size < sizeof(*info))
		return -EINVAL;
	pthread_mutex_lock(&cache->lock);
	*info = (struct hisiacc_cache_info){
		.size = sizeof(*info),
		.entries = cache->count + cache->zombies,
		.entries_max = cache->limit,
		.bytes = cache->bytes,
		.bytes_max = cache->bytes_max,
		.registrations = cache->registrations,
		.evictions = cache->evictions,
		.stale = cache->stale,
	};
	pthread_mutex_unlock(&cache->lock);
	return 0;
}

unsigned int hisiacc_ctx_cache_flush(struct hisiacc_ctx *ctx)
{
	struct hisiacc_cache *cache = &ctx->cache;
	unsigned int left;

	pthread_mutex_lock(&cache->lock);
	/* Where there is nothing, there may be no status page: in a child. */
	if (cache->count || cache->zombies) {
		hisiacc_cache_refresh(ctx);
		hisiacc_cache_evict_all(ctx);
	}
	left = cache->count + cache->zombies;
	pthread_mutex_unlock(&cache->lock);
	return left;
}

void hisiacc_cache_fini(struct hisiacc_ctx *ctx)
{
	struct hisiacc_cache *cache = &ctx->cache;
	uint32_t i;

	/* A child may have the file, too: its end would give nothing back. */
	for (i = 0; i < cache->made; i++)
		if (cache->entries[i].handle)
			hisiacc_cache_give_back(ctx, &cache->entries[i]);
	free(cache->entries);
	pthread_mutex_destroy(&cache->lock);
}
