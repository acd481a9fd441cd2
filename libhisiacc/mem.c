// SPDX-License-Identifier: MIT
/* Memory that the device knows. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"
#include "sys.h"

_Static_assert(HISIACC_MEM_READ_ONLY == HISI_ACC_MEM_READ_ONLY, "mem flags");

#define FLAGS_ALL	(HISIACC_MEM_READ_ONLY | HISIACC_MEM_PIN)

/* Counts as an object of the context from here on, unless it fails. */
static int add(struct hisiacc_mem *mem)
{
	struct hisi_acc_mem_pin arg = {
		.argsz = sizeof(arg),
		.flags = mem->flags & HISIACC_MEM_READ_ONLY,
		.addr = mem->addr,
		.size = mem->size,
		.modes = hisiacc_ctx_hold(mem->ctx),
	};
	int err;

	if (!(mem->flags & HISIACC_MEM_PIN))
		arg.flags |= HISI_ACC_MEM_ON_DEMAND;
	err = hisiacc_sys_ioctl(mem->ctx->fd, HISI_ACC_MEM_PIN, &arg);
	if (err) {
		hisiacc_ctx_release(mem->ctx);
		return err;
	}
	mem->handle = arg.out_handle;
	mem->iova = arg.out_iova;
	return 0;
}

static struct hisiacc_mem *new_mem(struct hisiacc_ctx *ctx, void *addr,
				   size_t size, uint32_t flags)
{
	struct hisiacc_mem *mem = calloc(1, sizeof(*mem));

	if (!mem)
		return NULL;
	mem->ctx = ctx;
	mem->addr = (uintptr_t)addr;
	mem->size = size;
	mem->flags = flags;
	return mem;
}

int hisiacc_mem_register(struct hisiacc_ctx *ctx, void *addr, size_t size,
			 uint32_t flags, struct hisiacc_mem **out)
{
	struct hisiacc_mem *mem;
	int err;

	*out = NULL;
	if (flags & ~FLAGS_ALL)
		return -EOPNOTSUPP;
	mem = new_mem(ctx, addr, size, flags);
	if (!mem)
		return -ENOMEM;
	err = add(mem);
	if (err) {
		free(mem);
		return err;
	}
	*out = mem;
	return 0;
}

int hisiacc_mem_alloc(struct hisiacc_ctx *ctx, size_t size, uint32_t flags,
		      struct hisiacc_mem **out)
{
	size_t page = hisiacc_sys_page_size();
	struct hisiacc_mem *mem;
	void *addr;
	int err;

	*out = NULL;
	if (flags & ~HISIACC_MEM_PIN)
		return -EOPNOTSUPP;
	if (!size || size > SIZE_MAX - page)
		return -EINVAL;
	size = (size + page - 1) & ~(page - 1);
	err = hisiacc_sys_map_anon(size, &addr);
	if (err)
		return err;
	mem = new_mem(ctx, addr, size, flags);
	if (!mem) {
		err = -ENOMEM;
		goto unmap;
	}
	mem->owned = true;
	err = add(mem);
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

void hisiacc_mem_free(struct hisiacc_mem *mem)
{
	struct hisi_acc_mem_unpin arg = { .argsz = sizeof(arg) };

	if (!mem)
		return;
	arg.handle = mem->handle;
	(void)hisiacc_sys_ioctl(mem->ctx->fd, HISI_ACC_MEM_UNPIN, &arg);
	hisiacc_ctx_release(mem->ctx);
	if (mem->owned)
		hisiacc_sys_unmap((void *)mem->addr, mem->size);
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
