// SPDX-License-Identifier: MIT
/* Scatter lists: segments of the program to entries of the hardware's list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int hisiacc_sgl_alloc(struct hisiacc_queue *queue, unsigned int entries,
		      struct hisiacc_sgl **out)
{
	struct hisiacc_sgl *sgl;
	int err;

	*out = NULL;
	if (!entries || entries > HISIACC_SGL_ENTRIES_MAX)
		return -EINVAL;
	sgl = calloc(1, sizeof(*sgl) + entries * (sizeof(sgl->segments[0]) +
						  sizeof(sgl->refs[0])));
	if (!sgl)
		return -ENOMEM;
	err = hisiacc_mem_alloc(queue->ctx, sizeof(*sgl->hw) +
				entries * sizeof(sgl->hw->entries[0]), 0,
				&sgl->mem);
	if (err) {
		free(sgl);
		return err;
	}
	sgl->queue = queue;
	sgl->capacity = entries;
	sgl->refs = (uint16_t *)&sgl->segments[entries];
	sgl->hw = hisiacc_mem_addr(sgl->mem);
	(void)hisiacc_queue_iova(queue, sgl->hw, sizeof(*sgl->hw), sgl->mem,
				 true, &sgl->iova);
	*out = sgl;
	return 0;
}

static void put_refs(struct hisiacc_sgl *sgl)
{
	unsigned int i;

	for (i = 0; i < sgl->count; i++) {
		hisiacc_cache_put(&sgl->queue->ctx->cache, sgl->refs[i]);
		sgl->refs[i] = 0;
	}
	sgl->resolved = false;
}

void hisiacc_sgl_free(struct hisiacc_sgl *sgl)
{
	if (!sgl)
		return;
	put_refs(sgl);
	hisiacc_mem_free(sgl->mem);
	free(sgl);
}

static void clear(struct hisiacc_sgl *sgl)
{
	put_refs(sgl);
	memset(sgl->hw, 0, sizeof(*sgl->hw));
	sgl->count = 0;
	sgl->total = 0;
	sgl->read_only = false;
	sgl->cached = false;
}

static void set_entry(struct hisiacc_sgl *sgl, unsigned int i, uint64_t iova)
{
	sgl->hw->entries[i] = (struct hisi_sgl_entry){
		.buf = htole64(iova),
		.len = htole32((uint32_t)sgl->segments[i].len),
	};
}

static int add(struct hisiacc_sgl *sgl, const struct hisiacc_segment *segment)
{
	uint64_t iova = 0;
	int err = 0;

	if (segment->len > HISIACC_SGL_ENTRY_SIZE_MAX ||
	    sgl->count == sgl->capacity)
		return -E2BIG;
	if (!segment->mem && hisiacc_queue_caches(sgl->queue))
		sgl->cached = true;
	else
		err = hisiacc_queue_iova(sgl->queue, segment->addr,
					 segment->len, segment->mem, false,
					 &iova);
	if (err)
		return err;
	sgl->segments[sgl->count++] = *segment;
	set_entry(sgl, sgl->count - 1, iova);
	sgl->total += segment->len;
	if (segment->mem && (segment->mem->flags & HISIACC_MEM_READ_ONLY))
		sgl->read_only = true;
	return 0;
}

/* ---- Segments that are known by a pointer only ---- */

/* Looks all of them up; the list must not be in use. */
static int resolve(struct hisiacc_sgl *sgl, bool write)
{
	struct hisiacc_queue *queue = sgl->queue;
	uint32_t generation =
		hisiacc_status_word(&queue->ctx->status->mem_generation);
	unsigned int i;
	uint64_t iova;
	int err;

	put_refs(sgl);
	sgl->writable = true;
	for (i = 0; i < sgl->count; i++) {
		const struct hisiacc_segment *segment = &sgl->segments[i];

		if (segment->mem)
			continue;
		err = hisiacc_cache_get(queue, segment->addr, segment->len,
					write, &iova, &sgl->refs[i]);
		if (err) {
			put_refs(sgl);
			return err;
		}
		set_entry(sgl, i, iova);
		if (hisiacc_cache_read_only(&queue->ctx->cache, sgl->refs[i]))
			sgl->writable = false;
	}
	sgl->generation = generation;
	sgl->resolved = true;
	return 0;
}

/* Is what the entries say what the segments are? */
static bool is_good(struct hisiacc_sgl *sgl, bool write)
{
	struct hisiacc_ctx *ctx = sgl->queue->ctx;
	uint32_t generation =
		hisiacc_status_word(&ctx->status->mem_generation);

	if (!sgl->resolved || (write && !sgl->writable))
		return false;
	if (generation == sgl->generation)
		return true;
	if (!hisiacc_cache_alive(ctx, sgl->refs, sgl->count))
		return false;
	sgl->generation = generation;
	return true;
}

int hisiacc_sgl_prepare(struct hisiacc_queue *queue,
			const struct hisiacc_sgl *list, bool write)
{
	struct hisiacc_sgl *sgl = (struct hisiacc_sgl *)(uintptr_t)list;

	if (write && sgl->read_only)
		return -EFAULT;
	if (!sgl->cached)
		return 0;
	if (queue != sgl->queue)
		return -EINVAL;
	if (is_good(sgl, write))
		return 0;
	/* A request in flight may be reading the list. */
	if (queue->head != queue->tail)
		return -EAGAIN;
	return resolve(sgl, write);
}

int hisiacc_sgl_set(struct hisiacc_sgl *sgl,
		    const struct hisiacc_segment *segments, unsigned int count)
{
	uint16_t sum;
	unsigned int i;
	int err = 0;

	clear(sgl);
	for (i = 0; i < count && !err; i++)
		if (segments[i].len)
			err = add(sgl, &segments[i]);
	if (!err && sgl->cached)
		err = resolve(sgl, false);
	if (err) {
		clear(sgl);
		return err;
	}
	sum = htole16((uint16_t)sgl->count);
	sgl->hw->sum_in_chain = sum;
	sgl->hw->sum_in_sgl = sum;
	sgl->hw->length_in_sgl = htole16((uint16_t)sgl->capacity);
	return 0;
}
