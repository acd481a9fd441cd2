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
	sgl = calloc(1, sizeof(*sgl) + entries * sizeof(sgl->segments[0]));
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
	sgl->hw = hisiacc_mem_addr(sgl->mem);
	(void)hisiacc_queue_iova(queue, sgl->hw, sizeof(*sgl->hw), sgl->mem,
				 true, &sgl->iova);
	*out = sgl;
	return 0;
}

void hisiacc_sgl_free(struct hisiacc_sgl *sgl)
{
	if (!sgl)
		return;
	hisiacc_mem_free(sgl->mem);
	free(sgl);
}

static void clear(struct hisiacc_sgl *sgl)
{
	memset(sgl->hw, 0, sizeof(*sgl->hw));
	sgl->count = 0;
	sgl->total = 0;
	sgl->read_only = false;
}

static int add(struct hisiacc_sgl *sgl, const struct hisiacc_segment *segment)
{
	struct hisi_sgl_entry *entry = &sgl->hw->entries[sgl->count];
	uint64_t iova;
	int err;

	if (segment->len > HISIACC_SGL_ENTRY_SIZE_MAX ||
	    sgl->count == sgl->capacity)
		return -E2BIG;
	err = hisiacc_queue_iova(sgl->queue, segment->addr, segment->len,
				 segment->mem, false, &iova);
	if (err)
		return err;
	*entry = (struct hisi_sgl_entry){
		.buf = htole64(iova),
		.len = htole32((uint32_t)segment->len),
	};
	sgl->segments[sgl->count++] = *segment;
	sgl->total += segment->len;
	if (segment->mem && (segment->mem->flags & HISIACC_MEM_READ_ONLY))
		sgl->read_only = true;
	return 0;
}

int hisiacc_sgl_set(struct hisiacc_sgl *sgl,
		    const struct hisiacc_segment *segments, unsigned int count)
{
	uint16_t sum;
	unsigned int i;
	int err;

	clear(sgl);
	for (i = 0; i < count; i++) {
		if (!segments[i].len)
			continue;
		err = add(sgl, &segments[i]);
		if (err) {
			clear(sgl);
			return err;
		}
	}
	sum = htole16((uint16_t)sgl->count);
	sgl->hw->sum_in_chain = sum;
	sgl->hw->sum_in_sgl = sum;
	sgl->hw->length_in_sgl = htole16((uint16_t)sgl->capacity);
	return 0;
}
