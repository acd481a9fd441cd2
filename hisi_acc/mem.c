// SPDX-License-Identifier: GPL-2.0
/* Registrations of memory, of whatever kind: names, stale bits, the end. */
#include <linux/uaccess.h>

#include "ctx.h"
#include "dev.h"
#include "mem.h"

int hisi_acc_mem_get_space(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem,
			   u32 modes)
{
	struct hisi_acc_grant grant;
	int ret;

	ret = hisi_acc_space_get(ctx, modes, &grant);
	if (!ret)
		mem->mode = grant.mode;
	return ret;
}

void hisi_acc_mem_put_space(struct hisi_acc_ctx *ctx)
{
	hisi_acc_space_put(ctx);
}

int hisi_acc_mem_place(struct hisi_acc_mem *mem, u64 addr, u64 size)
{
	u64 plain = untagged_addr(addr);

	if (mem->mode == HISI_ACC_MODE_DMA)
		return 0;
	/* 0 is what a field holds that was forgotten */
	if (!addr || !PAGE_ALIGNED(addr) || addr != plain ||
	    !access_ok(u64_to_user_ptr(addr), size))
		return -EINVAL;
	mem->iova = addr;
	return 0;
}

/* The word of the status page with a registration's stale bit, and the bit. */
static u32 *stale_word(struct hisi_acc_ctx *ctx, u32 handle, u32 *bit)
{
	u32 *words = (void *)ctx->status + HISI_ACC_CTX_STALE_OFFSET;

	*bit = BIT((handle - 1) % 32);
	return words + (handle - 1) / 32;
}

static void tell_stale(struct hisi_acc_ctx *ctx, u32 handle)
{
	u32 bit, *word = stale_word(ctx, handle, &bit);

	WRITE_ONCE(*word, *word | bit);
	/* who sees the generation sees the bit */
	smp_store_release(&ctx->status->mem_generation,
			  ctx->status->mem_generation + 1);
}

void hisi_acc_mem_set_stale(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem)
{
	unsigned long flags;

	spin_lock_irqsave(&ctx->stale_lock, flags);
	if (!mem->stale && mem->handle)
		tell_stale(ctx, mem->handle);
	mem->stale = true;
	spin_unlock_irqrestore(&ctx->stale_lock, flags);
}

/* A name may have been somebody else's, or the memory may be stale already. */
static void set_handle(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem,
		       u32 handle)
{
	unsigned long flags;
	u32 bit, *word;

	spin_lock_irqsave(&ctx->stale_lock, flags);
	mem->handle = handle;
	if (handle) {
		word = stale_word(ctx, handle, &bit);
		WRITE_ONCE(*word, *word & ~bit);
		if (mem->stale)
			tell_stale(ctx, handle);
	}
	spin_unlock_irqrestore(&ctx->stale_lock, flags);
}

int hisi_acc_mem_publish(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem,
			 u32 *handle)
{
	int ret;

	mutex_lock(&ctx->lock);
	ret = hisi_acc_ctx_add(&ctx->mems, handle, mem, HISI_ACC_CTX_MEMS);
	if (!ret)
		set_handle(ctx, mem, *handle);
	mutex_unlock(&ctx->lock);
	return ret;
}

int hisi_acc_mem_close(struct hisi_acc_ctx *ctx, u32 handle)
{
	struct hisi_acc_mem *mem;

	mutex_lock(&ctx->lock);
	mem = xa_erase(&ctx->mems, handle);
	if (mem)
		set_handle(ctx, mem, 0);
	mutex_unlock(&ctx->lock);
	if (!mem)
		return -ENOENT;
	hisi_acc_mem_free(ctx, mem);
	return 0;
}

void hisi_acc_mem_undo(struct hisi_acc_ctx *ctx, u32 handle)
{
	/* a device that is gone has freed it already */
	if (hisi_acc_dev_enter(ctx->dev))
		return;
	hisi_acc_mem_close(ctx, handle);
	hisi_acc_dev_leave(ctx->dev);
}

void hisi_acc_mem_free(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem)
{
	mem->ops->release(ctx, mem);
	hisi_acc_mem_put_space(ctx);
}

int hisi_acc_mem_unpin(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_mem_unpin *arg = data;

	if (arg->__reserved)
		return -EINVAL;
	return hisi_acc_mem_close(ctx, arg->handle);
}
