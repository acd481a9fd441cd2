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
#include "pin.h"
#include "private.h"

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

static int block_add(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block)
{
	int ret;

	ret = block_map(ctx, block);
	if (!ret)
		interval_tree_insert(&block->node, &ctx->space.blocks);
	return ret;
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

/*
 * The pages of @pin from @page on that are, or will be, in one block, up to
 * @end: the block that is there, or NULL.
 */
static struct hisi_acc_block *next_piece(struct hisi_acc_ctx *ctx,
					 struct hisi_acc_pin *pin,
					 unsigned long page, unsigned long *end)
{
	unsigned long first = pin->start >> PAGE_SHIFT;
	unsigned long last = first + pin->count - 1;
	struct hisi_acc_block *block = first_block(ctx, page, last);

	if (block && block->node.start <= page) {
		*end = min(block->node.last, last);
		return block;
	}
	if (page == first && pin->head_is_part)
		*end = page;
	else if (block)
		*end = block->node.start - 1;
	else if (page < last && pin->tail_is_part)
		*end = last - 1;
	else
		*end = last;
	return NULL;
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

static bool in_reach(struct hisi_acc_ctx *ctx, u64 start, u64 size)
{
	const struct iommu_domain_geometry *geometry = &ctx->space.domain->geometry;

	return start >= geometry->aperture_start &&
	       start + size - 1 <= geometry->aperture_end &&
	       !is_reserved(ctx->dev->qm.dev, start, start + size - 1);
}

/* Pins one piece, or sees to it that what is there can be compared. */
static int pin_piece(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin,
		     unsigned long page, unsigned long *end,
		     struct list_head *blocks)
{
	struct hisi_acc_block *block;

	mutex_lock(&ctx->space.blocks_lock);
	block = next_piece(ctx, pin, page, end);
	mutex_unlock(&ctx->space.blocks_lock);
	if (block)
		return hisi_acc_block_touch(page, *end, pin->read_only) == -EINTR ?
		       -EINTR : 0;
	block = hisi_acc_block_pin(ctx, page << PAGE_SHIFT, *end - page + 1,
				   pin->read_only);
	if (IS_ERR(block))
		return PTR_ERR(block);
	list_add_tail(&block->link, blocks);
	return 0;
}

int hisi_acc_private_pin(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin,
			 struct list_head *blocks)
{
	unsigned long page = pin->start >> PAGE_SHIFT;
	unsigned long last = page + pin->count - 1;
	unsigned long end;
	int ret = 0;

	for (; page <= last && !ret; page = end + 1)
		ret = pin_piece(ctx, pin, page, &end, blocks);
	if (ret)
		hisi_acc_private_drop(ctx, blocks);
	return ret;
}

void hisi_acc_private_drop(struct hisi_acc_ctx *ctx, struct list_head *blocks)
{
	struct hisi_acc_block *block, *next;

	list_for_each_entry_safe(block, next, blocks, link) {
		list_del(&block->link);
		hisi_acc_block_free(ctx, block);
	}
}

/* One more user of a block that is there, if it is what @pin is about. */
static int block_share(struct hisi_acc_block *block, struct hisi_acc_pin *pin,
		       unsigned long page, unsigned long last)
{
	if (block->exclusive || block->read_only != pin->read_only)
		return -EBUSY;
	if (!hisi_acc_block_is_current(block, page, last))
		return -EAGAIN;
	block->users++;
	return 0;
}

static int add_piece(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin,
		     unsigned long page, unsigned long *end,
		     struct list_head *blocks)
{
	struct hisi_acc_block *block = next_piece(ctx, pin, page, end);
	int ret;

	if (block)
		return block_share(block, pin, page, *end);
	block = list_first_entry_or_null(blocks, struct hisi_acc_block, link);
	if (!block || block->node.start != page || block->node.last != *end)
		return -EAGAIN;
	ret = block_add(ctx, block);
	if (!ret)
		list_del(&block->link);
	return ret;
}

int hisi_acc_private_add(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin,
			 struct list_head *blocks)
{
	unsigned long first = pin->start >> PAGE_SHIFT;
	unsigned long last = first + pin->count - 1;
	unsigned long page, end;
	int ret = 0;

	if (!in_reach(ctx, pin->start, (u64)pin->count << PAGE_SHIFT))
		return -EOPNOTSUPP;
	mutex_lock(&ctx->space.blocks_lock);
	for (page = first; page <= last && !ret; page = end + 1) {
		ret = add_piece(ctx, pin, page, &end, blocks);
		if (ret && page > first)
			del_all(ctx, first, page - 1);
	}
	mutex_unlock(&ctx->space.blocks_lock);
	return ret;
}

void hisi_acc_private_del(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin)
{
	unsigned long first = pin->start >> PAGE_SHIFT;

	mutex_lock(&ctx->space.blocks_lock);
	del_all(ctx, first, first + pin->count - 1);
	mutex_unlock(&ctx->space.blocks_lock);
}

int hisi_acc_private_take(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block,
			  u64 addr, unsigned long count)
{
	int ret = -EBUSY;

	if (!in_reach(ctx, addr, (u64)count << PAGE_SHIFT))
		return -EOPNOTSUPP;
	block->exclusive = true;
	block->users = 1;
	block->count = count;
	block->node.start = addr >> PAGE_SHIFT;
	block->node.last = block->node.start + count - 1;
	mutex_lock(&ctx->space.blocks_lock);
	if (!first_block(ctx, block->node.start, block->node.last)) {
		interval_tree_insert(&block->node, &ctx->space.blocks);
		ret = 0;
	}
	mutex_unlock(&ctx->space.blocks_lock);
	return ret;
}

void hisi_acc_private_give(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block)
{
	mutex_lock(&ctx->space.blocks_lock);
	interval_tree_remove(&block->node, &ctx->space.blocks);
	mutex_unlock(&ctx->space.blocks_lock);
}

int hisi_acc_private_map(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block)
{
	return block_map(ctx, block);
}

void hisi_acc_private_unmap(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block)
{
	block_unmap(ctx, block, block->count);
	atomic_dec(&ctx->dev->mappings);
}
