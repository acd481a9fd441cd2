// SPDX-License-Identifier: MIT
/* Memory from elsewhere, and for elsewhere: dma-bufs. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <linux/dma-buf.h>

#include "internal.h"
#include "sys.h"

_Static_assert(HISIACC_CPU_READ == DMA_BUF_SYNC_READ &&
	       HISIACC_CPU_WRITE == DMA_BUF_SYNC_WRITE, "CPU access");

/* ---- Import ---- */

/*
 * Where the buffer is to be in the program's address space, which may be where
 * the device has it as well: its mapping, or a place that nothing else gets.
 */
static int map_buffer(struct hisiacc_mem *mem)
{
	int prot = PROT_READ |
		   (mem->flags & HISIACC_MEM_READ_ONLY ? 0 : PROT_WRITE);
	void *addr;
	int err;

	err = hisiacc_sys_map(mem->fd, mem->offset, mem->size, prot, &addr);
	mem->cpu = !err;
	if (err)
		err = hisiacc_sys_reserve(mem->size, &addr);
	if (err)
		return err;
	mem->addr = (uintptr_t)addr;
	return 0;
}

/* @held: it counts as an object of the context already. */
static int import_at(struct hisiacc_mem *mem, bool held)
{
	struct hisi_acc_mem_import arg = {
		.argsz = sizeof(arg),
		.flags = mem->flags,
		.fd = mem->fd,
		.addr = mem->addr,
		.offset = mem->offset,
		.size = mem->size,
	};
	int err;

	err = hisiacc_mem_hold(mem->ctx, HISI_ACC_MEM_IMPORT, &arg, &arg.modes,
			       mem->addr, mem->size);
	if (held && !err)
		hisiacc_ctx_release(mem->ctx);
	if (err)
		return err == -ENOTTY ? -EOPNOTSUPP : err;
	mem->handle = arg.out_handle;
	mem->iova = arg.out_iova;
	if (arg.out_size != mem->size)
		err = -EPROTO;
	/* There the device goes by the mapping, and there is none. */
	else if (arg.out_mode == HISI_ACC_MODE_SVA && !mem->cpu)
		err = -EOPNOTSUPP;
	if (err) {
		hisiacc_mem_unregister(mem);
		if (!held)
			hisiacc_ctx_release(mem->ctx);
		return err;
	}
	mem->user = mem->cpu ? mem->ctx : NULL;
	return 0;
}

/* Bytes of the buffer from the offset on, if not said. */
static int size_of(int fd, uint64_t offset, size_t *size)
{
	uint64_t all;
	int err;

	if (*size)
		return 0;
	err = hisiacc_sys_size(fd, &all);
	if (err)
		return err;
	if (all <= offset || all - offset > SIZE_MAX)
		return -EINVAL;
	*size = (size_t)(all - offset);
	return 0;
}

int hisiacc_mem_import(struct hisiacc_ctx *ctx, int fd, uint64_t offset,
		       size_t size, uint32_t flags, struct hisiacc_mem **out)
{
	struct hisiacc_mem *mem;
	int err;

	*out = NULL;
	if (flags & ~HISIACC_MEM_READ_ONLY ||
	    !(ctx->features & HISI_ACC_FEATURE_DMABUF))
		return -EOPNOTSUPP;
	err = size_of(fd, offset, &size);
	if (err)
		return err;
	mem = hisiacc_mem_new(ctx, NULL, size, flags);
	if (!mem)
		return -ENOMEM;
	mem->kind = HISIACC_MEM_IMPORTED;
	mem->offset = offset;
	mem->fd = hisiacc_sys_dup(fd);
	err = mem->fd < 0 ? mem->fd : map_buffer(mem);
	if (!err)
		err = import_at(mem, false);
	if (err) {
		if (mem->addr)
			hisiacc_sys_unmap((void *)mem->addr, mem->size);
		if (mem->fd >= 0)
			hisiacc_sys_close(mem->fd);
		free(mem);
		return err;
	}
	*out = mem;
	return 0;
}

int hisiacc_mem_import_gem(struct hisiacc_ctx *ctx, int drm_fd,
			   uint32_t gem_handle, uint32_t flags,
			   struct hisiacc_mem **out)
{
	int fd, err;

	*out = NULL;
	fd = hisiacc_sys_prime_fd(drm_fd, gem_handle,
				  !(flags & HISIACC_MEM_READ_ONLY));
	if (fd < 0)
		return fd;
	err = hisiacc_mem_import(ctx, fd, 0, 0, flags, out);
	hisiacc_sys_close(fd);
	return err;
}

int hisiacc_mem_is_stale(const struct hisiacc_mem *mem)
{
	return mem->kind == HISIACC_MEM_IMPORTED &&
	       (!mem->handle || hisiacc_stale_bit(mem->ctx, mem->handle));
}

int hisiacc_mem_refresh(struct hisiacc_mem *mem)
{
	if (!hisiacc_mem_is_stale(mem))
		return 0;
	/* Nobody gets an address of it until it has a new one. */
	mem->user = NULL;
	hisiacc_mem_unregister(mem);
	return import_at(mem, true);
}

int hisiacc_mem_iova_odd(const struct hisiacc_ctx *ctx, const void *addr,
			 size_t len, const struct hisiacc_mem *mem, bool write,
			 uint64_t *out)
{
	size_t offset = (uintptr_t)addr - mem->addr;

	if (mem->user || mem->ctx != ctx || !mem->handle ||
	    offset > mem->size || len > mem->size - offset ||
	    (write && mem->flags & HISIACC_MEM_READ_ONLY))
		return -EFAULT;
	*out = mem->iova + offset;
	return 0;
}

/* ---- The CPU's turn ---- */

static int sync_cpu(const struct hisiacc_mem *mem, uint32_t access,
		    uint64_t edge)
{
	struct dma_buf_sync arg = { .flags = edge | access };
	int err;

	if (!access || access & ~(uint32_t)(HISIACC_CPU_READ |
					    HISIACC_CPU_WRITE))
		return -EINVAL;
	if (mem->kind != HISIACC_MEM_IMPORTED)
		return 0;
	if (!mem->cpu)
		return -EOPNOTSUPP;
	do {
		err = hisiacc_sys_ioctl(mem->fd, DMA_BUF_IOCTL_SYNC, &arg);
	} while (err == -EINTR || err == -EAGAIN);
	return err;
}

int hisiacc_mem_begin_cpu(const struct hisiacc_mem *mem, uint32_t access)
{
	return sync_cpu(mem, access, DMA_BUF_SYNC_START);
}

int hisiacc_mem_end_cpu(const struct hisiacc_mem *mem, uint32_t access)
{
	return sync_cpu(mem, access, DMA_BUF_SYNC_END);
}

/* ---- Export ---- */

int hisiacc_mem_export(const struct hisiacc_mem *mem, int *fd)
{
	struct hisi_acc_mem_export arg = {
		.argsz = sizeof(arg),
		.handle = mem->handle,
	};
	int err;

	*fd = -1;
	if (mem->kind != HISIACC_MEM_BUFFER)
		return -EOPNOTSUPP;
	err = hisiacc_sys_ioctl(mem->ctx->fd, HISI_ACC_MEM_EXPORT, &arg);
	if (err)
		return err == -ENOTTY ? -EOPNOTSUPP : err;
	*fd = arg.out_fd;
	return 0;
}
