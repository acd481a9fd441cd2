// SPDX-License-Identifier: GPL-2.0
/*
 * Registrations of dma-bufs. The memory is the exporter's, who may move it at any
 * time: it then calls move_notify() with the buffer's reservation lock held. That
 * lock is the innermost of those that may sleep. The IOMMU's mappings are changed
 * under it, and it is taken for nothing else, so nothing can stop the exporter.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "block.h"
#include "ctx.h"
#include "dev.h"
#include "import.h"
#include "mem.h"
#include "private.h"

/* An exporter that is still moving the buffer has so much time. */
#define MOVE_TIMEOUT	(10 * HZ)

struct import {
	struct hisi_acc_mem mem;
	struct hisi_acc_ctx *ctx;
	struct dma_buf *dmabuf;		/* referenced */
	u64 offset, size;		/* what of it */
	enum dma_data_direction dir;
	struct dma_buf_attachment *attach;	/* not in SVA mode */
	struct hisi_acc_block block;	/* PASID mode: its range of addresses */

	/* dmabuf->resv guards the rest */
	struct sg_table *sgt;		/* NULL: the device cannot reach it */
	u64 mapped;			/* PASID mode: bytes in the domain */
};

static struct iommu_domain *dma_domain(struct import *import)
{
	return iommu_get_domain_for_dev(import->ctx->dev->qm.dev);
}

/*
 * In PASID mode the buffer is in the function's own domain, where the exporter
 * has put it and no request with a PASID finds it, and a second time in the
 * context's. What the exporter's list says of pages is not for importers, so the
 * first domain is asked.
 */
static int map_piece_private(struct import *import, u64 at, dma_addr_t addr,
			     u64 size)
{
	struct iommu_domain *from = dma_domain(import);
	struct iommu_domain *to = import->ctx->space.domain;
	int prot = IOMMU_READ | IOMMU_CACHE |
		   (import->dir == DMA_TO_DEVICE ? 0 : IOMMU_WRITE);
	phys_addr_t phys;
	u64 done, run;
	int ret;

	size = PAGE_ALIGN(size);
	for (done = 0; done < size; done += run) {
		phys = iommu_iova_to_phys(from, addr + done);
		if (!phys || !PAGE_ALIGNED(phys))
			return -EOPNOTSUPP;
		run = PAGE_SIZE;
		while (done + run < size &&
		       iommu_iova_to_phys(from, addr + done + run) == phys + run)
			run += PAGE_SIZE;
		ret = hisi_acc_iommu_map(to, import->mem.iova + at + done, phys,
					 run, prot);
		if (ret)
			return ret;
		import->mapped += run;
		cond_resched();
	}
	return 0;
}

static int map_piece(struct import *import, u64 at, dma_addr_t addr, u64 size)
{
	if (import->mem.mode == HISI_ACC_MODE_PASID) {
		if (!PAGE_ALIGNED(addr))
			return -EOPNOTSUPP;
		return map_piece_private(import, at, addr, size);
	}
	if (!at)
		import->mem.iova = addr;
	/* the process is told one address only */
	return addr == import->mem.iova + at ? 0 : -EOPNOTSUPP;
}

static int map_pieces(struct import *import)
{
	u64 skip = import->offset, done = 0;
	struct scatterlist *sg;
	int i, ret;

	for_each_sgtable_dma_sg(import->sgt, sg, i) {
		u64 size = sg_dma_len(sg), from = min(skip, size);

		skip -= from;
		size = min(size - from, import->size - done);
		if (!size)
			continue;
		/* all but the last piece are made of whole pages */
		if (!PAGE_ALIGNED(done))
			return -EOPNOTSUPP;
		ret = map_piece(import, done, sg_dma_address(sg) + from, size);
		if (ret)
			return ret;
		done += size;
	}
	return done == import->size ? 0 : -EOPNOTSUPP;
}

/* Where the device is given addresses of that domain. */
static void flush_dma_domain(struct import *import)
{
	if (import->mem.mode == HISI_ACC_MODE_DMA)
		iommu_flush_iotlb_all(dma_domain(import));
}

/*
 * Returns when the device cannot reach the memory any more. In DMA mode the
 * exporter's call to unmap comes first by nature; whatever it lets go of in there
 * is for that moment in reach of the process that it gave the buffer to.
 */
static void import_unmap(struct import *import)
{
	struct iommu_domain *domain = import->ctx->space.domain;
	size_t mapped = import->mapped;

	if (!import->sgt)
		return;
	/* a private domain is strict */
	if (mapped)
		WARN_ON(iommu_unmap(domain, import->mem.iova, mapped) != mapped);
	import->mapped = 0;
	dma_buf_unmap_attachment(import->attach, import->sgt, import->dir);
	import->sgt = NULL;
	flush_dma_domain(import);
	atomic_dec(&import->ctx->dev->mappings);
}

static int wait_for_moves(struct import *import)
{
	long ret = dma_resv_wait_timeout(import->dmabuf->resv,
					 DMA_RESV_USAGE_KERNEL, true,
					 MOVE_TIMEOUT);

	if (ret > 0)
		return 0;
	return ret ?: -EIO;
}

static int import_map(struct import *import)
{
	struct sg_table *sgt;
	int ret;

	sgt = dma_buf_map_attachment(import->attach, import->dir);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	import->sgt = sgt;
	atomic_inc(&import->ctx->dev->mappings);
	ret = wait_for_moves(import);
	if (!ret)
		ret = map_pieces(import);
	if (ret)
		import_unmap(import);
	return ret;
}

/*
 * The exporter is about to move the memory. What the device does with it from now
 * on is an error that the process finds in the completion.
 */
static void import_move_notify(struct dma_buf_attachment *attach)
{
	struct import *import = attach->importer_priv;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (!import->sgt)
		return;
	import_unmap(import);
	hisi_acc_mem_set_stale(import->ctx, &import->mem);
}

/* By position: the second one is called move_notify or invalidate_mappings. */
static const struct dma_buf_attach_ops attach_ops = {
	false, import_move_notify,
};

static int import_attach(struct import *import)
{
	struct dma_buf_attachment *attach;
	int ret;

	attach = hisi_acc_dma_buf_attach(import->dmabuf, import->ctx->dev->qm.dev,
					 &attach_ops, import);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	import->attach = attach;
	hisi_acc_dma_buf_lock(import->dmabuf);
	ret = import_map(import);
	hisi_acc_dma_buf_unlock(import->dmabuf);
	if (ret)
		dma_buf_detach(import->dmabuf, attach);
	return ret;
}

static void import_detach(struct import *import)
{
	hisi_acc_dma_buf_lock(import->dmabuf);
	import_unmap(import);
	hisi_acc_dma_buf_unlock(import->dmabuf);
	dma_buf_detach(import->dmabuf, import->attach);
	/* on older kernels some mappings last as long as the attachment */
	flush_dma_domain(import);
}

static int import_bind(struct import *import)
{
	struct hisi_acc_ctx *ctx = import->ctx;
	int ret;

	if (import->mem.mode == HISI_ACC_MODE_SVA)
		return 0;
	if (import->mem.mode == HISI_ACC_MODE_PASID) {
		ret = hisi_acc_private_take(ctx, &import->block, import->mem.iova,
					    PFN_UP(import->size));
		if (ret)
			return ret;
	}
	ret = import_attach(import);
	if (ret && import->mem.mode == HISI_ACC_MODE_PASID)
		hisi_acc_private_give(ctx, &import->block);
	return ret;
}

static void import_unbind(struct import *import)
{
	if (import->mem.mode == HISI_ACC_MODE_SVA)
		return;
	import_detach(import);
	if (import->mem.mode == HISI_ACC_MODE_PASID)
		hisi_acc_private_give(import->ctx, &import->block);
}

static void import_release(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem)
{
	struct import *import = container_of(mem, struct import, mem);

	import_unbind(import);
	dma_buf_put(import->dmabuf);
	kfree(import);
}

static const struct hisi_acc_mem_ops import_ops = {
	.release = import_release,
};

static int import_check(struct import *import,
			const struct hisi_acc_mem_import *arg)
{
	u64 rest;

	if (!PAGE_ALIGNED(arg->offset) || arg->offset >= import->dmabuf->size)
		return -EINVAL;
	rest = import->dmabuf->size - arg->offset;
	import->offset = arg->offset;
	import->size = arg->size ?: rest;
	if (import->size > rest || import->size > HISI_ACC_MEM_SIZE_MAX)
		return -EINVAL;
	if (arg->flags & HISI_ACC_MEM_READ_ONLY)
		import->dir = DMA_TO_DEVICE;
	else if (import->dmabuf->file->f_mode & FMODE_WRITE)
		import->dir = DMA_BIDIRECTIONAL;
	else
		return -EACCES;
	return 0;
}

static int import_fill(struct import *import, struct hisi_acc_mem_import *arg)
{
	struct hisi_acc_ctx *ctx = import->ctx;
	int ret;

	ret = hisi_acc_mem_get_space(ctx, &import->mem, arg->modes);
	if (ret)
		return ret;
	ret = hisi_acc_mem_place(&import->mem, arg->addr, PAGE_ALIGN(import->size));
	if (ret)
		goto put_space;
	ret = import_bind(import);
	if (ret)
		goto put_space;
	arg->out_mode = import->mem.mode;
	arg->out_iova = import->mem.iova;
	arg->out_size = import->size;
	ret = hisi_acc_mem_publish(ctx, &import->mem, &arg->out_handle);
	if (!ret)
		return 0;
	import_unbind(import);

put_space:
	hisi_acc_mem_put_space(ctx);
	return ret;
}

int hisi_acc_mem_import(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_mem_import *arg = data;
	struct import *import;
	int ret;

	if (!arg->modes)
		return -EINVAL;
	if (arg->modes & ~HISI_ACC_MODES_ALL)
		return -EOPNOTSUPP;
	import = kzalloc(sizeof(*import), GFP_KERNEL_ACCOUNT);
	if (!import)
		return -ENOMEM;
	import->mem.ops = &import_ops;
	import->ctx = ctx;
	import->dmabuf = dma_buf_get(arg->fd);
	if (IS_ERR(import->dmabuf)) {
		ret = PTR_ERR(import->dmabuf);
		goto free_import;
	}
	ret = import_check(import, arg);
	if (!ret)
		ret = import_fill(import, arg);
	if (!ret)
		return 0;

	dma_buf_put(import->dmabuf);
free_import:
	kfree(import);
	return ret;
}

void hisi_acc_mem_import_undo(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_mem_import *arg = data;

	hisi_acc_mem_close(ctx, arg->out_handle);
}
