// SPDX-License-Identifier: MIT
/* Memory that the device knows: the program's own, and what is allocated. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "internal.h"
#include "sys.h"

_Static_assert(HISIACC_MEM_READ_ONLY == HISI_ACC_MEM_READ_ONLY, "mem flags");

#define REGISTER_FLAGS	(HISIACC_MEM_READ_ONLY | HISIACC_MEM_PIN)
#define ALLOC_FLAGS	(HISIACC_MEM_PIN | HISIACC_MEM_EXPORTABLE)

/* ---- What all kinds have in common ---- */

int hisiacc_mem_hold(struct hisiacc_ctx *ctx, unsigned long request, void *arg,
		     uint32_t *modes, uintptr_t addr, size_t size)
{
	int err;

	*modes = hisiacc_ctx_hold(ctx);
	do {
		err = hisiacc_sys_ioctl(ctx->fd, request, arg);
	} while (err && hisiacc_cache_yield(ctx, err, addr, size));
	if (err)
		hisiacc_ctx_release(ctx);
	return err;
}

struct hisiacc_mem *hisiacc_mem_new(struct hisiacc_ctx *ctx, void *addr,
				    size_t size, uint32_t flags)
{
	struct hisiacc_mem *mem = calloc(1, sizeof(*mem));

	if (!mem)
		return NULL;
	mem->user = ctx;
	mem->ctx = ctx;
	mem->addr = (uintptr_t)addr;
	mem->size = size;
	mem->flags = flags;
	mem->fd = -1;
	return mem;
}

void hisiacc_mem_unregister(struct hisiacc_mem *mem)
{
	struct hisi_acc_mem_unpin arg = {
		.argsz = sizeof(arg),
		.handle = mem->handle,
	};

	if (!mem->handle)
		return;
	(void)hisiacc_sys_ioctl(mem->ctx->fd, HISI_ACC_MEM_UNPIN, &arg);
	mem->handle = 0;
}

void hisiacc_mem_free(struct hisiacc_mem *mem)
{
	if (!mem)
		return;
	hisiacc_mem_unregister(mem);
	hisiacc_ctx_release(mem->ctx);
	if (mem->kind != HISIACC_MEM_PROGRAMS && mem->addr)
		hisiacc_sys_unmap((void *)mem->addr, mem->size);
	if (mem->fd >= 0)
		hisiacc_sys_close(mem->fd);
	free(mem);
}

void *hisiacc_mem_addr(const struct hisiacc_mem *mem)
{
	return (void *)mem->addr;
}

size_t hisiacc_mem_size(const struct hisiacc_mem *mem)
{
	return mem->size;
}

uint64_t hisiacc_mem_iova(const struct hisiacc_mem *mem)
{
	return mem->iova;
}

/* ---- The program's memory ---- */

static int pin(struct hisiacc_mem *mem)
{
	struct hisi_acc_mem_pin arg = {
		.argsz = sizeof(arg),
		.flags = mem->flags & HISIACC_MEM_READ_ONLY,
		.addr = mem->addr,
		.size = mem->size,
	};
	int err;

	if (!(mem->flags & HISIACC_MEM_PIN))
		arg.flags |= HISI_ACC_MEM_ON_DEMAND;
	err = hisiacc_mem_hold(mem->ctx, HISI_ACC_MEM_PIN, &arg, &arg.modes,
			       mem->addr, mem->size);
	if (err)
		return err;
	mem->handle = arg.out_handle;
	mem->iova = arg.out_iova;
	return 0;
}

int hisiacc_mem_register(struct hisiacc_ctx *ctx, void *addr, size_t size,
			 uint32_t flags, struct hisiacc_mem **out)
{
	struct hisiacc_mem *mem;
	int err;

	*out = NULL;
	if (flags & ~REGISTER_FLAGS)
		return -EOPNOTSUPP;
	mem = hisiacc_mem_new(ctx, addr, size, flags);
	if (!mem)
		return -ENOMEM;
	err = pin(mem);
	if (err) {
		free(mem);
		return err;
	}
	*out = mem;
	return 0;
}

/* ---- Allocated memory ---- */

/* A buffer of the driver's, mapped over @addr, which is reserved for it. */
static int alloc_at(struct hisiacc_mem *mem)
{
	struct hisi_acc_mem_alloc arg = {
		.argsz = sizeof(arg),
		.size = mem->size,
		.addr = mem->addr,
	};
	int err;

	err = hisiacc_mem_hold(mem->ctx, HISI_ACC_MEM_ALLOC, &arg, &arg.modes,
			       mem->addr, mem->size);
	if (err)
		return err == -ENOTTY ? -EOPNOTSUPP : err;
	mem->handle = arg.out_handle;
	mem->iova = arg.out_iova;
	err = arg.out_size == mem->size ? 0 : -EPROTO;
	if (!err)
		err = hisiacc_sys_map_at((void *)mem->addr, mem->ctx->fd,
					 arg.out_key, mem->size,
					 PROT_READ | PROT_WRITE);
	if (err) {
		hisiacc_mem_unregister(mem);
		hisiacc_ctx_release(mem->ctx);
	}
	return err;
}

int hisiacc_mem_alloc(struct hisiacc_ctx *ctx, size_t size, uint32_t flags,
		      struct hisiacc_mem **out)
{
	bool exportable = flags & HISIACC_MEM_EXPORTABLE;
	size_t page = hisiacc_sys_page_size();
	struct hisiacc_mem *mem;
	void *addr;
	int err;

	*out = NULL;
	if (flags & ~ALLOC_FLAGS)
		return -EOPNOTSUPP;
	if (!size || size > SIZE_MAX - page)
		return -EINVAL;
	size = (size + page - 1) & ~(page - 1);
	err = exportable ? hisiacc_sys_reserve(size, &addr) :
	      hisiacc_sys_map_anon(size, &addr);
	if (err)
		return err;
	mem = hisiacc_mem_new(ctx, addr, size, flags);
	if (!mem) {
		err = -ENOMEM;
		goto unmap;
	}
	mem->kind = exportable ? HISIACC_MEM_BUFFER : HISIACC_MEM_ALLOCATED;
	err = exportable ? alloc_at(mem) : pin(mem);
	if (err)
		goto free_mem;
	*out = mem;
	return 0;

free_mem:
	free(mem);
unmap:
	hisiacc_sys_unmap(addr, size);
	return err;
}
