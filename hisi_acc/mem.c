// SPDX-License-Identifier: GPL-2.0
/* Registered user memory: what one registration is, in each mode. */
#include <linux/mm.h>
#include <linux/slab.h>

#include "block.h"
#include "ctx.h"
#include "dev.h"
#include "mem.h"

static int mem_fill_dma(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem)
{
	struct hisi_acc_block *block;
	int ret;

	block = hisi_acc_block_pin(ctx, mem->start, mem->count, mem->read_only);
	if (IS_ERR(block))
		return PTR_ERR(block);
	ret = hisi_acc_map_init(&block->map, ctx->dev, block->pages, block->count,
				mem->read_only ? DMA_TO_DEVICE :
						 DMA_BIDIRECTIONAL);
	if (ret) {
		hisi_acc_block_free(ctx, block);
		return ret;
	}
	mem->block = block;
	mem->iova = block->map.iova;
	return 0;
}

/* Any address is good already; pinning keeps the memory where it is. */
static int mem_fill_sva(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem)
{
	struct hisi_acc_block *block;

	mem->iova = mem->start;
	if (mem->on_demand)
		return 0;
	block = hisi_acc_block_pin(ctx, mem->start, mem->count, mem->read_only);
	if (IS_ERR(block))
		return PTR_ERR(block);
	mem->block = block;
	return 0;
}

static int mem_fill(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem)
{
	switch (mem->mode) {
	case HISI_ACC_MODE_SVA:
		return mem_fill_sva(ctx, mem);
	case HISI_ACC_MODE_PASID:
		mem->iova = mem->start;
		return hisi_acc_private_add(ctx, mem);
	default:
		return mem_fill_dma(ctx, mem);
	}
}

void hisi_acc_mem_free(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem)
{
	switch (mem->mode) {
	case HISI_ACC_MODE_PASID:
		hisi_acc_private_del(ctx, mem);
		break;
	case HISI_ACC_MODE_DMA:
		hisi_acc_map_fini(&mem->block->map, ctx->dev);
		fallthrough;
	default:
		if (mem->block)
			hisi_acc_block_free(ctx, mem->block);
	}
	hisi_acc_space_put(ctx);
	kfree(mem);
}

static int mem_check(const struct hisi_acc_mem_pin *arg)
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

static struct hisi_acc_mem *mem_create(struct hisi_acc_ctx *ctx,
				       const struct hisi_acc_mem_pin *arg)
{
	struct hisi_acc_grant grant;
	struct hisi_acc_mem *mem;
	u64 end = arg->addr + arg->size;
	int ret;

	mem = kzalloc(sizeof(*mem), GFP_KERNEL_ACCOUNT);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	mem->read_only = arg->flags & HISI_ACC_MEM_READ_ONLY;
	mem->on_demand = arg->flags & HISI_ACC_MEM_ON_DEMAND;
	mem->start = arg->addr & PAGE_MASK;
	mem->count = (PAGE_ALIGN(end) - mem->start) >> PAGE_SHIFT;
	mem->head_is_part = !PAGE_ALIGNED(arg->addr);
	mem->tail_is_part = !PAGE_ALIGNED(end);

	ret = hisi_acc_space_get(ctx, arg->modes, &grant);
	if (ret)
		goto free_mem;
	mem->mode = grant.mode;
	ret = mem_fill(ctx, mem);
	if (ret)
		goto put_space;
	return mem;

put_space:
	hisi_acc_space_put(ctx);
free_mem:
	kfree(mem);
	return ERR_PTR(ret);
}

int hisi_acc_mem_pin(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_mem_pin *arg = data;
	struct hisi_acc_mem *mem;
	int ret;

	ret = mem_check(arg);
	if (ret)
		return ret;
	mem = mem_create(ctx, arg);
	if (IS_ERR(mem))
		return PTR_ERR(mem);

	arg->out_mode = mem->mode;
	arg->out_iova = mem->iova + offset_in_page(arg->addr);
	mutex_lock(&ctx->lock);
	ret = hisi_acc_ctx_add(&ctx->mems, &mem->handle, mem,
			       HISI_ACC_CTX_MEMS);
	arg->out_handle = mem->handle;
	mutex_unlock(&ctx->lock);
	if (ret)
		hisi_acc_mem_free(ctx, mem);
	return ret;
}

static int mem_unpin(struct hisi_acc_ctx *ctx, u32 handle)
{
	struct hisi_acc_mem *mem;

	mutex_lock(&ctx->lock);
	mem = xa_erase(&ctx->mems, handle);
	mutex_unlock(&ctx->lock);
	if (!mem)
		return -ENOENT;
	hisi_acc_mem_free(ctx, mem);
	return 0;
}

int hisi_acc_mem_unpin(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_mem_unpin *arg = data;

	if (arg->__reserved)
		return -EINVAL;
	return mem_unpin(ctx, arg->handle);
}

void hisi_acc_mem_pin_undo(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_mem_pin *arg = data;

	mem_unpin(ctx, arg->out_handle);
}
