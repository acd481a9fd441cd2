// SPDX-License-Identifier: MIT
/* Registrations of memory that requests name by a pointer: see cache.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "sys.h"

#define LIMIT_DEFAULT	1024u
#define BYTES_DEFAULT	(UINT64_C(256) << 20)

/* Neighbours are merged up to this size: small ones that are used together. */
#define MERGE_MAX	((size_t)2 << 20)

/* Numbers of entries plus 1 are references of 16 bits. */
#define CAPACITY_MAX	65535u

struct range {
	uintptr_t start;
	uintptr_t end;
};

static uint64_t word_of(const struct hisiacc_cache_entry *entry)
{
	return __atomic_load_n(&entry->word, __ATOMIC_ACQUIRE);
}

static uint32_t references(const struct hisiacc_cache_entry *entry)
{
	return (uint32_t)word_of(entry);
}

/* ---- The table ---- */

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

/* Memory for the table, which is touched as far as it is used. */
static int make_table(struct hisiacc_cache *cache)
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
static uint32_t place_of(const struct hisiacc_cache *cache, uintptr_t start)
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

static bool entry_covers(const struct hisiacc_cache_entry *entry,
			 uintptr_t start, size_t len, bool write)
{
	return start >= entry->start && len <= entry->size &&
	       start - entry->start <= entry->size - len &&
	       !(write && entry->read_only);
}

/* A live entry that has all of it, or NULL. */
static struct hisiacc_cache_entry *find(const struct hisiacc_cache *cache,
					uintptr_t start, size_t len, bool write)
{
	uint32_t i = place_of(cache, start);
	struct hisiacc_cache_entry *entry;

	while (i--) {
		entry = &cache->entries[cache->order[i]];
		if (entry_covers(entry, start, len, write))
			return entry;
		if (start - entry->start >= cache->size_max)
			break;
	}
	return NULL;
}

static void insert(struct hisiacc_cache *cache,
		   struct hisiacc_cache_entry *entry)
{
	uint32_t i = place_of(cache, entry->start);

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
static void give_back(struct hisiacc_ctx *ctx,
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
static bool evict_at(struct hisiacc_ctx *ctx, uint32_t i)
{
	struct hisiacc_cache *cache = &ctx->cache;
	struct hisiacc_cache_entry *entry = &cache->entries[cache->order[i]];
	uint64_t idle = word_of(entry) & ~(HISIACC_CACHE_TAG_ONE - 1);

	if (!__atomic_compare_exchange_n(&entry->word, &idle,
					 idle + HISIACC_CACHE_TAG_ONE, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	remove_at(cache, i);
	give_back(ctx, entry);
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
		if (used < least && !references(entry)) {
			least = used;
			found = i;
		}
	}
	return found;
}

/* Evicts it. Its size, or 0. */
static size_t evict_oldest(struct hisiacc_ctx *ctx)
{
	struct hisiacc_cache *cache = &ctx->cache;
	size_t size;
	uint32_t i;

	while ((i = oldest(cache)) < cache->count) {
		size = cache->entries[cache->order[i]].size;
		if (evict_at(ctx, i))
			return size;
	}
	return 0;
}

static void evict_all(struct hisiacc_ctx *ctx)
{
	uint32_t i = ctx->cache.count;

	while (i--)
		(void)evict_at(ctx, i);
}

static bool overlaps(const struct hisiacc_cache_entry *entry,
		     const struct range *range)
{
	return entry->start < range->end &&
	       range->start < entry->start + entry->size;
}

/* Evicts idle entries that share pages with the range. */
static bool evict_overlapping(struct hisiacc_ctx *ctx,
			      const struct range *range)
{
	struct hisiacc_cache *cache = &ctx->cache;
	uint32_t i = place_of(cache, range->end);
	bool any = false;

	while (i--) {
		struct hisiacc_cache_entry *entry =
			&cache->entries[cache->order[i]];

		if (overlaps(entry, range) && evict_at(ctx, i))
			any = true;
	}
	return any;
}

/* Gives back dead entries whose last reference has gone meanwhile. */
static bool bury(struct hisiacc_ctx *ctx)
{
	struct hisiacc_cache *cache = &ctx->cache;
	struct hisiacc_cache_entry *entry;
	bool any = false;

	for (entry = cache->entries;
	     cache->zombies && entry < cache->entries + cache->made; entry++) {
		uint64_t word = word_of(entry);

		if (!entry->handle || !(word & HISIACC_CACHE_TAG_ONE) ||
		    (uint32_t)word)
			continue;
		give_back(ctx, entry);
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
static void refresh(struct hisiacc_ctx *ctx)
{
	struct hisiacc_cache *cache = &ctx->cache;

	__atomic_store_n(&cache->clock, cache->clock + 1, __ATOMIC_RELAXED);
	look_for_stale(ctx);
	(void)bury(ctx);
}

/* ---- A new entry ---- */

/* What can be given up for a registration that failed with @err. */
static bool make_way(struct hisiacc_ctx *ctx, int err,
		     const struct range *range)
{
	size_t size, wanted = range->end - range->start, freed = 0;

	switch (err) {
	case -ENOMEM:
		while (freed < wanted && (size = evict_oldest(ctx)))
			freed += size;
		break;
	case -ENOSPC:
		freed = evict_oldest(ctx);
		break;
	case -EBUSY:
		freed = evict_overlapping(ctx, range);
		break;
	}
	return freed;
}

/* Evicts until an entry of that size keeps the bounds. */
static int make_room(struct hisiacc_ctx *ctx, size_t size)
{
	struct hisiacc_cache *cache = &ctx->cache;

	while (cache->count + cache->zombies >= cache->limit ||
	       size > cache->bytes_max ||
	       cache->bytes > cache->bytes_max - size)
		if (size > cache->bytes_max || !evict_oldest(ctx))
			return -ENOMEM;
	return 0;
}

static int pin(struct hisiacc_ctx *ctx, uint32_t mode,
	       const struct range *range, bool read_only,
	       struct hisi_acc_mem_pin *arg)
{
	*arg = (struct hisi_acc_mem_pin){
		.argsz = sizeof(*arg),
		.flags = HISI_ACC_MEM_WATCH |
			 (read_only ? HISI_ACC_MEM_READ_ONLY : 0),
		.addr = range->start,
		.size = range->end - range->start,
		.modes = mode,
	};
	return hisiacc_sys_ioctl(ctx->fd, HISI_ACC_MEM_PIN, arg);
}

static struct hisiacc_cache_entry *
new_entry(struct hisiacc_cache *cache, const struct hisi_acc_mem_pin *arg)
{
	struct hisiacc_cache_entry *entry;

	if (cache->free_count) {
		entry = &cache->entries[cache->free[--cache->free_count]];
	} else {
		entry = &cache->entries[cache->made++];
		entry->word = HISIACC_CACHE_TAG_ONE;
	}
	entry->start = (uintptr_t)arg->addr;
	entry->size = (size_t)arg->size;
	entry->delta = arg->out_iova - arg->addr;
	entry->handle = arg->out_handle;
	entry->read_only = arg->flags & HISI_ACC_MEM_READ_ONLY;
	__atomic_fetch_add(&entry->word, HISIACC_CACHE_TAG_ONE,
			   __ATOMIC_RELEASE);
	insert(cache, entry);
	cache->bytes += entry->size;
	cache->registrations++;
	return entry;
}

/*
 * Takes in idle neighbours of the same kind, those that overlap or touch, as
 * long as they have no more bytes than the range has by then: so a page is
 * registered a few times at most until it is part of a large range.
 */
static bool widen(const struct hisiacc_cache *cache, struct range *range,
		  bool read_only)
{
	struct range wide = *range;
	bool changed;
	uint32_t i;

	do {
		changed = false;
		i = place_of(cache, wide.end);
		while (i--) {
			const struct hisiacc_cache_entry *entry =
				&cache->entries[cache->order[i]];
			uintptr_t end = entry->start + entry->size;
			struct range both = {
				entry->start < wide.start ? entry->start :
				wide.start,
				end > wide.end ? end : wide.end,
			};

			if (wide.start > entry->start &&
			    wide.start - entry->start > cache->size_max)
				break;
			if (end < wide.start || references(entry) ||
			    entry->read_only != read_only ||
			    entry->size > wide.end - wide.start ||
			    both.end - both.start > MERGE_MAX ||
			    (both.start == wide.start && both.end == wide.end))
				continue;
			wide = both;
			changed = true;
			break;
		}
	} while (changed);
	changed = wide.start != range->start || wide.end != range->end;
	*range = wide;
	return changed;
}

/* Idle entries of the same kind that have become part of another one. */
static void evict_parts(struct hisiacc_ctx *ctx,
			const struct hisiacc_cache_entry *whole)
{
	struct hisiacc_cache *cache = &ctx->cache;
	uint32_t i = place_of(cache, whole->start + whole->size);

	while (i--) {
		struct hisiacc_cache_entry *entry =
			&cache->entries[cache->order[i]];

		if (entry->start < whole->start)
			break;
		if (entry != whole && entry->read_only == whole->read_only &&
		    entry_covers(whole, entry->start, entry->size, false))
			(void)evict_at(ctx, i);
	}
}

static int add(struct hisiacc_ctx *ctx, uint32_t mode,
	       const struct range *range, bool read_only,
	       struct hisiacc_cache_entry **out)
{
	struct hisiacc_cache *cache = &ctx->cache;
	struct range wide = *range;
	struct hisi_acc_mem_pin arg;
	int err;

	err = make_room(ctx, range->end - range->start);
	if (err)
		return err;
	err = -EAGAIN;
	if (widen(cache, &wide, read_only))
		err = pin(ctx, mode, &wide, read_only, &arg);
	if (err)
		do {
			err = pin(ctx, mode, range, read_only, &arg);
		} while (err && make_way(ctx, err, range));
	if (err)
		return err;
	if (!arg.out_handle || arg.out_handle > ctx->mems_max) {
		struct hisi_acc_mem_unpin unpin = {
			.argsz = sizeof(unpin),
			.handle = arg.out_handle,
		};

		(void)hisiacc_sys_ioctl(ctx->fd, HISI_ACC_MEM_UNPIN, &unpin);
		return -EPROTO;
	}
	*out = new_entry(cache, &arg);
	if ((*out)->size <= MERGE_MAX)
		evict_parts(ctx, *out);
	return 0;
}

static int add_for(struct hisiacc_ctx *ctx, uint32_t mode, uintptr_t start,
		   size_t len, bool write, struct hisiacc_cache_entry **out)
{
	uintptr_t mask = ctx->cache.page - 1;
	struct range range = { start & ~mask, (start + len + mask) & ~mask };
	int err;

	if (range.end <= range.start || range.end - range.start < len ||
	    range.end - range.start > UINT32_MAX)
		return -EFAULT;
	/* What one request reads the next one writes, or their page does. */
	err = add(ctx, mode, &range, false, out);
	if (!write && (err == -EFAULT || err == -EOPNOTSUPP || err == -EBUSY))
		err = add(ctx, mode, &range, true, out);
	return err;
}

/* ---- Look up ---- */

static void remember(struct hisiacc_queue *queue, uintptr_t addr,
		     const struct hisiacc_cache_entry *entry)
{
	uint32_t slot = hisiacc_cached_slot(addr);
	struct hisiacc_cached *cached = &queue->cached[slot];
	uint32_t number = (uint32_t)(entry - queue->ctx->cache.entries);

	if (cached->number != number)
		queue->cached[slot ^ 1] = *cached;
	*cached = (struct hisiacc_cached){
		.start = entry->start,
		.delta = entry->delta,
		.size = { (uint32_t)entry->size,
			  entry->read_only ? 0 : (uint32_t)entry->size },
		.tag = (uint32_t)(word_of(entry) >> HISIACC_CACHE_TAG_SHIFT),
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
	err = make_table(cache);
	if (err)
		return err;
	refresh(ctx);
	queue->mem_generation = cache->generation;
	*out = find(cache, start, len, write);
	if (*out) {
		queue->cache_hits++;
		return 0;
	}
	queue->cache_misses++;
	return add_for(ctx, queue->mode, start, len, write, out);
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
	refresh(ctx);
	for (i = 0; i < count && alive; i++)
		if (refs[i])
			alive = !(word_of(&cache->entries[refs[i] - 1]) &
				  HISIACC_CACHE_TAG_ONE);
	pthread_mutex_unlock(&cache->lock);
	return alive;
}

bool hisiacc_cache_yield(struct hisiacc_ctx *ctx, int err, uintptr_t start,
			 size_t size)
{
	struct range range = { start, start + size };
	bool again;

	if (err != -ENOMEM && err != -ENOSPC && err != -EBUSY)
		return false;
	pthread_mutex_lock(&ctx->cache.lock);
	again = bury(ctx) || make_way(ctx, err, &range);
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
	refresh(ctx);
	while ((cache->count > cache->limit ||
		cache->bytes > cache->bytes_max) && evict_oldest(ctx))
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
	refresh(ctx);
	evict_all(ctx);
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
			give_back(ctx, &cache->entries[i]);
	free(cache->entries);
	pthread_mutex_destroy(&cache->lock);
}
