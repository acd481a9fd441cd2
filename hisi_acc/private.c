// SPDX-License-Identifier: GPL-2.0
/*
 * Memory in a private domain, each page at its own address. An address stands
 * for one page, so registrations that overlap share what they have in common:
 * the domain is made of disjoint blocks, each mapped and unmapped as a whole,
 * since a huge mapping cannot be taken away in parts. A page of which a
 * registration uses only a part is a block of its own: its neighbour in a heap
 * most likely shares it.
 */
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "block.h"
#include "ctx.h"
#include "dev.h"
#include "mem.h"

/* Interrupts, for example, have addresses that memory cannot have as well. */
static bool is_reserved(struct device *dev, u64 start, u64 end)
{
	struct iommu_group *group = iommu_group_get(dev);
	struct iommu_resv_region *resv, *next;
	bool found = false;
	LIST_HEAD(list);

	if (!group || iommu_get_group_resv_regions(group, &list))
		found = true;
	list_for_each_entry_safe(resv, next, &list, list) {
		if (resv->type != IOMMU_RESV_SW_MSI &&
		    resv->start <= end && resv->start + resv->length > start)
			found = true;
		list_del(&resv->list);
		kfree(resv);
	}
	iommu_group_put(group);
	return found;
}

static void block_unmap(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block,
			unsigned long count)
{
	size_t size = count << PAGE_SHIFT;

	/* returns after the invalidation: such a domain is strict */
	WARN_ON(iommu_unmap(ctx->space.domain, block->node.start << PAGE_SHIFT,
			    size) != size);
}

/* Contiguous memory goes to the IOMMU in one piece, so huge pages stay huge. */
static int block_map(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block)
{
	int prot = IOMMU_READ | IOMMU_CACHE |
		   (block->read_only ? 0 : IOMMU_WRITE);
	unsigned long done = 0, piece;
	int ret;

	while (done < block->count) {
		phys_addr_t phys = page_to_phys(block->pages[done]);

		for (piece = 1; done + piece < block->count; piece++)
			if (page_to_phys(block->pages[done + piece]) !=
			    phys + (piece << PAGE_SHIFT))
				break;
		ret = hisi_acc_iommu_map(ctx->space.domain,
					 (block->node.start + done) << PAGE_SHIFT,
					 phys, piece << PAGE_SHIFT, prot);
		if (ret) {
			if (done)
				block_unmap(ctx, block, done);
			return ret;
		}
		done += piece;
		cond_resched();
	}
	atomic_inc(&ctx->dev->mappings);
	return 0;
}

static int block_add(struct hisi_acc_ctx *ctx, unsigned long page,
		     unsigned long last, bool read_only)
{
	struct hisi_acc_block *block;
	int ret;

	block = hisi_acc_block_pin(ctx, page << PAGE_SHIFT, last - page + 1,
				   read_only);
	if (IS_ERR(block))
		return PTR_ERR(block);
	ret = block_map(ctx, block);
	if (ret) {
		hisi_acc_block_free(ctx, block);
		return ret;
	}
	interval_tree_insert(&block->node, &ctx->space.blocks);
	return 0;
}

static void block_del(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block)
{
	interval_tree_remove(&block->node, &ctx->space.blocks);
	block_unmap(ctx, block, block->count);
	atomic_dec(&ctx->dev->mappings);
	hisi_acc_block_free(ctx, block);
}

static struct hisi_acc_block *first_block(struct hisi_acc_ctx *ctx,
					  unsigned long page, unsigned long last)
{
	struct interval_tree_node *node;

	node = interval_tree_iter_first(&ctx->space.blocks, page, last);
	return node ? container_of(node, struct hisi_acc_block, node) : NULL;
}

/* One more user of a block that is there, if it is what @mem is about. */
static int block_share(struct hisi_acc_block *block, struct hisi_acc_mem *mem,
		       unsigned long page, unsigned long last)
{
	if (block->read_only != mem->read_only ||
	    !hisi_acc_block_is_current(block, page, last))
		return -EBUSY;
	block->users++;
	return 0;
}

/* Takes pages of @mem from @page on as one block; @end says how far it goes. */
static int add_next(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem,
		    unsigned long page, unsigned long *end)
{
	unsigned long first = mem->start >> PAGE_SHIFT;
	unsigned long last = first + mem->count - 1;
	struct hisi_acc_block *block = first_block(ctx, page, last);

	if (block && block->node.start <= page) {
		*end = min(block->node.last, last);
		return block_share(block, mem, page, *end);
	}
	if (page == first && mem->head_is_part)
		*end = page;
	else if (block)
		*end = block->node.start - 1;
	else if (page < last && mem->tail_is_part)
		*end = last - 1;
	else
		*end = last;
	return block_add(ctx, page, *end, mem->read_only);
}

/* Gives up one use of each block from @page to @last. */
static void del_all(struct hisi_acc_ctx *ctx, unsigned long page,
		    unsigned long last)
{
	struct hisi_acc_block *block;

	while (page <= last && (block = first_block(ctx, page, last))) {
		page = block->node.last + 1;
		if (!--block->users)
			block_del(ctx, block);
	}
}

int hisi_acc_private_add(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem)
{
	const struct iommu_domain_geometry *geometry = &ctx->space.domain->geometry;
	unsigned long first = mem->start >> PAGE_SHIFT;
	unsigned long last = first + mem->count - 1;
	unsigned long page, end;
	int ret = 0;

	if (mem->start < geometry->aperture_start ||
	    ((u64)last << PAGE_SHIFT) > geometry->aperture_end ||
	    is_reserved(ctx->dev->qm.dev, (u64)first << PAGE_SHIFT,
			((u64)last << PAGE_SHIFT) + PAGE_SIZE - 1))
		return -EOPNOTSUPP;

	mutex_lock(&ctx->space.blocks_lock);
	for (page = first; page <= last && !ret; page = end + 1) {
		ret = add_next(ctx, mem, page, &end);
		if (ret && page > first)
			del_all(ctx, first, page - 1);
	}
	mutex_unlock(&ctx->space.blocks_lock);
	return ret;
}

void hisi_acc_private_del(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem)
{
	unsigned long first = mem->start >> PAGE_SHIFT;

	mutex_lock(&ctx->space.blocks_lock);
	del_all(ctx, first, first + mem->count - 1);
	mutex_unlock(&ctx->space.blocks_lock);
}
