// SPDX-License-Identifier: GPL-2.0
/* Registrations of memory that the driver allocates, and dma-bufs made of it. */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "alloc.h"
#include "block.h"
#include "buffer.h"
#include "ctx.h"
#include "dev.h"
#include "mem.h"
#include "private.h"
#include "region.h"

struct alloc {
	struct hisi_acc_mem mem;
	struct hisi_acc_buffer *buffer;	/* referenced */
	struct hisi_acc_region *region;
	struct hisi_acc_map map;	/* DMA mode */
	struct hisi_acc_block block;	/* PASID mode */
};

static int alloc_map_private(struct hisi_acc_ctx *ctx, struct alloc *alloc)
{
	struct hisi_acc_block *block = &alloc->block;
	int ret;

	ret = hisi_acc_private_take(ctx, block, alloc->mem.iova,
				    alloc->buffer->count);
	if (ret)
		return ret;
	block->pages = alloc->buffer->pages;
	ret = hisi_acc_private_map(ctx, block);
	if (ret)
		hisi_acc_private_give(ctx, block);
	return ret;
}

static int alloc_map(struct hisi_acc_ctx *ctx, struct alloc *alloc)
{
	struct hisi_acc_buffer *buffer = alloc->buffer;
	int ret;

	switch (alloc->mem.mode) {
	case HISI_ACC_MODE_SVA:
		return 0;
	case HISI_ACC_MODE_PASID:
		return alloc_map_private(ctx, alloc);
	}
	ret = hisi_acc_map_init(&alloc->map, ctx->dev, buffer->pages,
				buffer->count, DMA_BIDIRECTIONAL);
	if (!ret)
		alloc->mem.iova = alloc->map.iova;
	return ret;
}

static void alloc_unmap(struct hisi_acc_ctx *ctx, struct alloc *alloc)
{
	if (alloc->mem.mode == HISI_ACC_MODE_PASID) {
		hisi_acc_private_unmap(ctx, &alloc->block);
		hisi_acc_private_give(ctx, &alloc->block);
	}
	if (alloc->mem.mode == HISI_ACC_MODE_DMA)
		hisi_acc_map_fini(&alloc->map, ctx->dev);
}

static void alloc_release(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem)
{
	struct alloc *alloc = container_of(mem, struct alloc, mem);

	hisi_acc_region_kill(alloc->region);
	alloc_unmap(ctx, alloc);
	atomic64_sub(alloc->buffer->count, &ctx->pinned_pages);
	hisi_acc_buffer_put(alloc->buffer);
	kfree(alloc);
}

static const struct hisi_acc_mem_ops alloc_ops = {
	.release = alloc_release,
};

static int alloc_check(const struct hisi_acc_mem_alloc *arg)
{
	if (arg->__reserved || !arg->size || arg->size > HISI_ACC_MEM_SIZE_MAX ||
	    !arg->modes)
		return -EINVAL;
	return arg->modes & ~HISI_ACC_MODES_ALL ? -EOPNOTSUPP : 0;
}

/* What the device needs; then the process may know of it. */
static int alloc_fill(struct hisi_acc_ctx *ctx, struct alloc *alloc,
		      struct hisi_acc_mem_alloc *arg)
{
	struct hisi_acc_buffer *buffer = alloc->buffer;
	u64 size = (u64)buffer->count << PAGE_SHIFT;
	int ret;

	ret = hisi_acc_mem_place(&alloc->mem, arg->addr, size);
	if (ret)
		return ret;
	ret = alloc_map(ctx, alloc);
	if (ret)
		return ret;
	alloc->region = hisi_acc_region_buffer(ctx, buffer);
	if (IS_ERR(alloc->region)) {
		ret = PTR_ERR(alloc->region);
		goto unmap;
	}
	atomic64_add(buffer->count, &ctx->pinned_pages);
	arg->out_mode = alloc->mem.mode;
	arg->out_iova = alloc->mem.iova;
	arg->out_size = size;
	arg->out_key = alloc->region->key;
	ret = hisi_acc_mem_publish(ctx, &alloc->mem, &arg->out_handle);
	if (!ret)
		return 0;

	atomic64_sub(buffer->count, &ctx->pinned_pages);
	hisi_acc_region_kill(alloc->region);
unmap:
	alloc_unmap(ctx, alloc);
	return ret;
}

static int alloc_enter(struct hisi_acc_ctx *ctx, struct alloc *alloc,
		       struct hisi_acc_mem_alloc *arg)
{
	int ret;

	ret = hisi_acc_dev_enter(ctx->dev);
	if (ret)
		return ret;
	ret = hisi_acc_mem_get_space(ctx, &alloc->mem, arg->modes);
	if (!ret) {
		ret = alloc_fill(ctx, alloc, arg);
		if (ret)
			hisi_acc_mem_put_space(ctx);
	}
	hisi_acc_dev_leave(ctx->dev);
	return ret;
}

/* To find and clear the pages takes long: the removal of the device goes on. */
int hisi_acc_mem_alloc(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_mem_alloc *arg = data;
	struct alloc *alloc;
	int ret;

	ret = alloc_check(arg);
	if (ret)
		return ret;
	alloc = kzalloc(sizeof(*alloc), GFP_KERNEL_ACCOUNT);
	if (!alloc)
		return -ENOMEM;
	alloc->mem.ops = &alloc_ops;
	alloc->buffer = hisi_acc_buffer_alloc(ctx, PFN_UP(arg->size));
	if (IS_ERR(alloc->buffer)) {
		ret = PTR_ERR(alloc->buffer);
		goto free_alloc;
	}
	ret = alloc_enter(ctx, alloc, arg);
	if (!ret)
		return 0;

	hisi_acc_buffer_put(alloc->buffer);
free_alloc:
	kfree(alloc);
	return ret;
}

void hisi_acc_mem_alloc_undo(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_mem_alloc *arg = data;

	hisi_acc_mem_undo(ctx, arg->out_handle);
}

/* A reference to the buffer of a registration. */
static struct hisi_acc_buffer *find_buffer(struct hisi_acc_ctx *ctx, u32 handle)
{
	struct hisi_acc_buffer *buffer;
	struct hisi_acc_mem *mem;

	mutex_lock(&ctx->lock);
	mem = xa_load(&ctx->mems, handle);
	if (!mem) {
		buffer = ERR_PTR(-ENOENT);
	} else if (mem->ops != &alloc_ops) {
		buffer = ERR_PTR(-EOPNOTSUPP);
	} else {
		buffer = container_of(mem, struct alloc, mem)->buffer;
		hisi_acc_buffer_get(buffer);
	}
	mutex_unlock(&ctx->lock);
	return buffer;
}

int hisi_acc_mem_export(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_export_args *args = data;
	struct hisi_acc_buffer *buffer;
	int ret, fd;

	ret = hisi_acc_dev_enter(ctx->dev);
	if (ret)
		return ret;
	buffer = find_buffer(ctx, args->arg.handle);
	hisi_acc_dev_leave(ctx->dev);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	args->dmabuf = hisi_acc_buffer_export(buffer);
	hisi_acc_buffer_put(buffer);
	if (IS_ERR(args->dmabuf))
		return PTR_ERR(args->dmabuf);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		dma_buf_put(args->dmabuf);
		return fd;
	}
	args->arg.out_fd = fd;
	return 0;
}

/* Only now other threads can see it. */
void hisi_acc_mem_export_done(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_export_args *args = data;

	fd_install(args->arg.out_fd, args->dmabuf->file);
}

void hisi_acc_mem_export_undo(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_export_args *args = data;

	put_unused_fd(args->arg.out_fd);
	dma_buf_put(args->dmabuf);
}
