// SPDX-License-Identifier: MIT
/* Memory that the device knows. */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"
#include "sys.h"

_Static_assert(HISIACC_MEM_READ_ONLY == HISI_ACC_MEM_READ_ONLY, "mem flags");

/* Where the mode does not need it nothing is pinned. */
static int pin(struct hisiacc_mem *mem)
{
	struct hisi_acc_mem_pin arg = {
		.argsz = sizeof(arg),
		.flags = mem->flags | HISI_ACC_MEM_ON_DEMAND,
		.addr = mem->addr,
		.size = mem->size,
		.modes = HISI_ACC_MODE_SVA | HISI_ACC_MODE_PASID |
			 HISI_ACC_MODE_DMA,
	};
	int err;

	err = hisiacc_sys_ioctl(mem->ctx->fd, HISI_ACC_MEM_PIN, &arg);
	if (err)
		return err;
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
	if (flags & ~HISIACC_MEM_READ_ONLY)
		return -EOPNOTSUPP;
	mem = new_mem(ctx, addr, size, flags);
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

static int alloc(struct hisiacc_ctx *ctx, size_t size, bool registered,
		 struct hisiacc_mem **out)
{
	size_t page = hisiacc_sys_page_size();
	struct hisiacc_mem *mem;
	void *addr;
	int err;

	*out = NULL;
	if (!size || size > SIZE_MAX - page)
		return -EINVAL;
	size = (size + page - 1) & ~(page - 1);
	err = hisiacc_sys_map_anon(size, &addr);
	if (err)
		return err;
	mem = new_mem(ctx, addr, size, 0);
	if (!mem) {
		err = -ENOMEM;
		goto unmap;
	}
	mem->owned = true;
	if (registered)
		err = pin(mem);
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

int hisiacc_mem_alloc(struct hisiacc_ctx *ctx, size_t size, uint32_t flags,
		      struct hisiacc_mem **out)
{
	*out = NULL;
	if (flags)
		return -EOPNOTSUPP;
	return alloc(ctx, size, true, out);
}

int hisiacc_queue_mem_alloc(struct hisiacc_queue *queue, size_t size,
			    struct hisiacc_mem **out)
{
	return alloc(queue->ctx, size, queue->mode != HISIACC_MODE_SVA, out);
}

void hisiacc_mem_free(struct hisiacc_mem *mem)
{
	struct hisi_acc_mem_unpin arg = { .argsz = sizeof(arg) };

	if (!mem)
		return;
	if (mem->handle) {
		arg.handle = mem->handle;
		(void)hisiacc_sys_ioctl(mem->ctx->fd, HISI_ACC_MEM_UNPIN, &arg);
	}
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
