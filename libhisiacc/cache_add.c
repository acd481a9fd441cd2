// SPDX-License-Identifier: MIT
/* The registration cache: new entries. See cache.h. */
#include <errno.h>

#include "cache_table.h"
#include "internal.h"
#include "sys.h"

/* Neighbours are merged up to this size: small ones that are used together. */
#define MERGE_MAX	((size_t)2 << 20)

/* What can be given up for a registration that failed with @err. */
bool hisiacc_cache_make_way(struct hisiacc_ctx *ctx, int err,
			    const struct hisiacc_range *range)
{
	size_t size, wanted = range->end - range->start, freed = 0;

	switch (err) {
	case -ENOMEM:
		while (freed < wanted && (size = hisiacc_cache_evict_oldest(ctx)))
			freed += size;
		break;
	case -ENOSPC:
		freed = hisiacc_cache_evict_oldest(ctx);
		break;
	case -EBUSY:
		freed = hisiacc_cache_evict_range(ctx, range);
		break;
	}
	return freed;
}

/* Evicts until an entry of that size keeps the bounds. */
static int make_room(struct hisiacc_ctx *ctx, size_t size)
{
	struct hisiacc_cache *cache = &ctx->cache;

	while (cache->count + cache->zombies + cache->pending >= cache->limit ||
	       size > cache->bytes_max ||
	       cache->bytes > cache->bytes_max - size)
		if (size > cache->bytes_max || !hisiacc_cache_evict_oldest(ctx))
			return -ENOMEM;
	return 0;
}

/*
 * Without the lock, as it may take long: the memory may come from a program, by
 * userfaultfd or FUSE, which may even be this one.
 */
static int pin(struct hisiacc_ctx *ctx, uint32_t mode,
	       const struct hisiacc_range *range, bool read_only,
	       struct hisi_acc_mem_pin *arg)
{
	int err;

	*arg = (struct hisi_acc_mem_pin){
		.argsz = sizeof(*arg),
		.flags = HISI_ACC_MEM_WATCH |
			 (read_only ? HISI_ACC_MEM_READ_ONLY : 0),
		.addr = range->start,
		.size = range->end - range->start,
		.modes = mode,
	};
	pthread_mutex_unlock(&ctx->cache.lock);
	err = hisiacc_sys_ioctl(ctx->fd, HISI_ACC_MEM_PIN, arg);
	pthread_mutex_lock(&ctx->cache.lock);
	return err;
}

/* An entry and bytes that nobody else gets meanwhile; there is room. */
static struct hisiacc_cache_entry *reserve(struct hisiacc_cache *cache,
					   size_t size)
{
	struct hisiacc_cache_entry *entry;

	if (cache->free_count) {
		entry = &cache->entries[cache->free[--cache->free_count]];
	} else {
		entry = &cache->entries[cache->made++];
		entry->word = HISIACC_CACHE_TAG_ONE;
	}
	entry->size = size;
	cache->pending++;
	cache->bytes += size;
	return entry;
}

static void unreserve(struct hisiacc_cache *cache,
		      struct hisiacc_cache_entry *entry)
{
	cache->pending--;
	cache->bytes -= entry->size;
	cache->free[cache->free_count++] = (uint16_t)(entry - cache->entries);
}

/* A reserved entry becomes one that lives. */
static void begin(struct hisiacc_ctx *ctx, struct hisiacc_cache_entry *entry,
		  const struct hisi_acc_mem_pin *arg)
{
	struct hisiacc_cache *cache = &ctx->cache;

	cache->pending--;
	cache->registrations++;
	cache->bytes += (size_t)arg->size - entry->size;
	entry->start = (uintptr_t)arg->addr;
	entry->size = (size_t)arg->size;
	entry->delta = arg->out_iova - arg->addr;
	entry->handle = arg->out_handle;
	entry->read_only = arg->flags & HISI_ACC_MEM_READ_ONLY;
	/*
	 * A neighbour in the same pages may have changed while nobody could
	 * look: good for the request that is waiting, and for no other one.
	 */
	if (hisiacc_stale_bit(ctx, entry->handle)) {
		cache->zombies++;
		cache->stale++;
		return;
	}
	__atomic_fetch_add(&entry->word, HISIACC_CACHE_TAG_ONE,
			   __ATOMIC_RELEASE);
	hisiacc_cache_insert(cache, entry);
}

/*
 * Takes in idle neighbours of the same kind, those that overlap or touch, as
 * long as they have no more bytes than the range has by then: so a page is
 * registered a few times at most until it is part of a large range.
 */
static bool widen(const struct hisiacc_cache *cache,
		  struct hisiacc_range *range, bool read_only)
{
	struct hisiacc_range wide = *range;
	bool changed;
	uint32_t i;

	do {
		changed = false;
		i = hisiacc_cache_place(cache, wide.end);
		while (i--) {
			const struct hisiacc_cache_entry *entry =
				&cache->entries[cache->order[i]];
			uintptr_t end = entry->start + entry->size;
			struct hisiacc_range both = {
				entry->start < wide.start ? entry->start :
				wide.start,
				end > wide.end ? end : wide.end,
			};

			if (wide.start > entry->start &&
			    wide.start - entry->start > cache->size_max)
				break;
			if (end < wide.start || hisiacc_cache_references(entry) ||
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
	uint32_t i = hisiacc_cache_place(cache, whole->start + whole->size);

	while (i--) {
		struct hisiacc_cache_entry *entry =
			&cache->entries[cache->order[i]];

		if (entry->start < whole->start)
			break;
		if (entry != whole && entry->read_only == whole->read_only &&
		    hisiacc_cache_covers(whole, entry->start, entry->size, false))
			(void)hisiacc_cache_evict(ctx, i);
	}
}

/* Registers the range, with neighbours or without. */
static int pin_range(struct hisiacc_ctx *ctx, uint32_t mode,
		     const struct hisiacc_range *range, bool read_only,
		     struct hisi_acc_mem_pin *arg)
{
	struct hisiacc_range wide = *range;
	int err = -EAGAIN;

	if (widen(&ctx->cache, &wide, read_only))
		err = pin(ctx, mode, &wide, read_only, arg);
	if (err)
		do {
			err = pin(ctx, mode, range, read_only, arg);
		} while (err && hisiacc_cache_make_way(ctx, err, range));
	if (!err && (!arg->out_handle || arg->out_handle > ctx->mems_max)) {
		struct hisi_acc_mem_unpin unpin = {
			.argsz = sizeof(unpin),
			.handle = arg->out_handle,
		};

		(void)hisiacc_sys_ioctl(ctx->fd, HISI_ACC_MEM_UNPIN, &unpin);
		err = -EPROTO;
	}
	return err;
}

static int add(struct hisiacc_ctx *ctx, uint32_t mode,
	       const struct hisiacc_range *range, bool read_only,
	       struct hisiacc_cache_entry **out)
{
	struct hisiacc_cache *cache = &ctx->cache;
	struct hisiacc_cache_entry *entry;
	struct hisi_acc_mem_pin arg;
	int err;

	err = make_room(ctx, range->end - range->start);
	if (err)
		return err;
	entry = reserve(cache, range->end - range->start);
	err = pin_range(ctx, mode, range, read_only, &arg);
	if (err) {
		unreserve(cache, entry);
		return err;
	}
	begin(ctx, entry, &arg);
	if (entry->size <= MERGE_MAX)
		evict_parts(ctx, entry);
	*out = entry;
	return 0;
}

int hisiacc_cache_add(struct hisiacc_ctx *ctx, uint32_t mode, uintptr_t start,
		      size_t len, bool write, struct hisiacc_cache_entry **out)
{
	uintptr_t mask = ctx->cache.page - 1;
	struct hisiacc_range range = { start & ~mask, (start + len + mask) & ~mask };
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
