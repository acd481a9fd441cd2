// SPDX-License-Identifier: GPL-2.0
/* Registered user memory: what one registration is, in each mode. */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "block.h"
#include "ctx.h"
#include "dev.h"
#include "pin.h"

/* Times to try again while others change the memory or its neighbours. */
#define PIN_TRIES	16

static bool pins_nothing(const struct hisi_acc_pin *pin)
{
	return pin->mem.mode == HISI_ACC_MODE_SVA && pin->on_demand;
}

static void drop_block(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin)
{
	if (pin->block)
		hisi_acc_block_free(ctx, pin->block);
	pin->block = NULL;
}

static int take_pages(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin,
		      struct list_head *blocks)
{
	struct hisi_acc_block *block;

	if (pin->mem.mode == HISI_ACC_MODE_PASID)
		return hisi_acc_private_pin(ctx, pin, blocks);
	block = hisi_acc_block_pin(ctx, pin->start, pin->count, pin->read_only);
	if (IS_ERR(block))
		return PTR_ERR(block);
	pin->block = block;
	return 0;
}

/* Who changes the memory all the time gets a registration that is stale. */
static int take_watched_pages(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin,
			      struct list_head *blocks)
{
	unsigned long seq;
	int ret, tries;

	for (tries = 0; ; tries++) {
		seq = hisi_acc_watch_begin(&pin->watch);
		ret = take_pages(ctx, pin, blocks);
		if (ret || !hisi_acc_watch_retry(&pin->watch, seq))
			return ret;
		if (tries == PIN_TRIES) {
			hisi_acc_mem_set_stale(ctx, &pin->mem);
			return 0;
		}
		drop_block(ctx, pin);
		hisi_acc_private_drop(ctx, blocks);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
}

static int map_pages(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin,
		     struct list_head *blocks)
{
	struct hisi_acc_block *block = pin->block;
	int ret;

	switch (pin->mem.mode) {
	case HISI_ACC_MODE_SVA:
		return 0;
	case HISI_ACC_MODE_PASID:
		return hisi_acc_private_add(ctx, pin, blocks);
	}
	ret = hisi_acc_map_init(&block->map, ctx->dev, block->pages, block->count,
				pin->read_only ? DMA_TO_DEVICE :
						 DMA_BIDIRECTIONAL);
	if (!ret)
		pin->mem.iova = block->map.iova;
	return ret;
}

static void unmap_pages(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin)
{
	if (pin->mem.mode == HISI_ACC_MODE_PASID)
		hisi_acc_private_del(ctx, pin);
	if (pin->mem.mode == HISI_ACC_MODE_DMA)
		hisi_acc_map_fini(&pin->block->map, ctx->dev);
}

static void pin_release(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem)
{
	struct hisi_acc_pin *pin = container_of(mem, struct hisi_acc_pin, mem);

	hisi_acc_watch_fini(&pin->watch);
	unmap_pages(ctx, pin);
	drop_block(ctx, pin);
	kfree(pin);
}

static const struct hisi_acc_mem_ops pin_ops = {
	.release = pin_release,
};

static int pin_check(const struct hisi_acc_mem_pin *arg)
{
	u64 end;

	if (arg->__reserved || !arg->size || arg->size > HISI_ACC_MEM_SIZE_MAX ||
	    !arg->modes)
		return -EINVAL;
	if (arg->modes & ~HISI_ACC_MODES_ALL)
		return -EOPNOTSUPP;
	if (check_add_overflow(arg->addr, arg->size, &end) ||
	    PAGE_ALIGN(end) < end || arg->addr != untagged_addr(arg->addr))
		return -EINVAL;
	if (!access_ok(u64_to_user_ptr(arg->addr), arg->size))
		return -EFAULT;
	return 0;
}

static struct hisi_acc_pin *pin_new(const struct hisi_acc_mem_pin *arg)
{
	struct hisi_acc_pin *pin = kzalloc(sizeof(*pin), GFP_KERNEL_ACCOUNT);
	u64 end = arg->addr + arg->size;

	if (!pin)
		return NULL;
	pin->mem.ops = &pin_ops;
	pin->read_only = arg->flags & HISI_ACC_MEM_READ_ONLY;
	pin->on_demand = arg->flags & HISI_ACC_MEM_ON_DEMAND;
	pin->start = arg->addr & PAGE_MASK;
	pin->count = (PAGE_ALIGN(end) - pin->start) >> PAGE_SHIFT;
	pin->head_is_part = !PAGE_ALIGNED(arg->addr);
	pin->tail_is_part = !PAGE_ALIGNED(end);
	pin->mem.iova = pin->start;
	return pin;
}

static int map_and_publish(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin,
			   struct list_head *blocks,
			   struct hisi_acc_mem_pin *arg)
{
	int ret;

	ret = hisi_acc_dev_enter(ctx->dev);
	if (ret)
		return ret;
	ret = map_pages(ctx, pin, blocks);
	if (!ret) {
		arg->out_mode = pin->mem.mode;
		arg->out_iova = pin->mem.iova + offset_in_page(arg->addr);
		ret = hisi_acc_mem_publish(ctx, &pin->mem, &arg->out_handle);
		if (ret)
			unmap_pages(ctx, pin);
	}
	hisi_acc_dev_leave(ctx->dev);
	return ret;
}

static int pin_fill(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin,
		    struct hisi_acc_mem_pin *arg)
{
	int ret, tries = 0;
	LIST_HEAD(blocks);

	if (pins_nothing(pin))
		return map_and_publish(ctx, pin, &blocks, arg);
	if (arg->flags & HISI_ACC_MEM_WATCH) {
		ret = hisi_acc_watch_init(&pin->watch, ctx, &pin->mem, pin->start,
					  pin->count << PAGE_SHIFT);
		if (ret)
			return ret;
	}
	do {
		ret = take_watched_pages(ctx, pin, &blocks);
		if (!ret)
			ret = map_and_publish(ctx, pin, &blocks, arg);
		/* others may have registered the same meanwhile */
		hisi_acc_private_drop(ctx, &blocks);
		if (ret)
			drop_block(ctx, pin);
	} while (ret == -EAGAIN && ++tries < PIN_TRIES &&
		 !fatal_signal_pending(current));
	if (ret)
		hisi_acc_watch_fini(&pin->watch);
	return ret == -EAGAIN ? -EBUSY : ret;
}

/* The mode is known first, since it says whether and how to pin. */
static int pin_get_space(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin,
			 u32 modes)
{
	int ret;

	ret = hisi_acc_dev_enter(ctx->dev);
	if (ret)
		return ret;
	ret = hisi_acc_mem_get_space(ctx, &pin->mem, modes);
	hisi_acc_dev_leave(ctx->dev);
	return ret;
}

/*
 * What pinning waits for is up to the process (userfaultfd, FUSE), and can take
 * for ever: the removal of the device must not wait for it, too.
 */
int hisi_acc_mem_pin(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_mem_pin *arg = data;
	struct hisi_acc_pin *pin;
	int ret;

	ret = pin_check(arg);
	if (ret)
		return ret;
	pin = pin_new(arg);
	if (!pin)
		return -ENOMEM;
	ret = pin_get_space(ctx, pin, arg->modes);
	if (ret)
		goto free_pin;
	ret = pin_fill(ctx, pin, arg);
	if (ret)
		goto put_space;
	return 0;

put_space:
	hisi_acc_mem_put_space(ctx);
free_pin:
	kfree(pin);
	return ret;
}

void hisi_acc_mem_pin_undo(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_mem_pin *arg = data;

	hisi_acc_mem_undo(ctx, arg->out_handle);
}
