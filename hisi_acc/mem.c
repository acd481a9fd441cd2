// SPDX-License-Identifier: GPL-2.0
/* Registered user memory: charge, pin, map; unmap, flush, unpin, uncharge. */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "ctx.h"
#include "dev.h"
#include "mem.h"

/* Pages pinned at a time, so that a kill is noticed in between. */
#define PIN_BATCH	8192

/*
 * Memory that file systems want to hear of before each write cannot be pinned
 * for long, and the kernel says so with the errno of a bad address.
 */
static int mem_why_not(struct hisi_acc_mem *mem, unsigned long addr)
{
	struct page *page;

	if (mem->read_only || pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	unpin_user_page(page);
	return -EOPNOTSUPP;
}

static int mem_pin_batch(struct hisi_acc_mem *mem, unsigned long addr,
			 unsigned long count, struct page **pages)
{
	int ret, forced;

	if (!mem->read_only)
		return pin_user_pages_fast(addr, count,
					   FOLL_LONGTERM | FOLL_WRITE, pages);
	ret = pin_user_pages_fast(addr, count, FOLL_LONGTERM, pages);
	if (!HISI_ACC_FOLL_BREAK_COW || ret <= 0)
		return ret;
	/* what the process may read is known now, and only that is forced */
	unpin_user_pages(pages, ret);
	forced = pin_user_pages_fast(addr, ret, FOLL_LONGTERM |
				     HISI_ACC_FOLL_BREAK_COW, pages);
	/* a shared mapping has no COW to be broken */
	if (forced == -EFAULT)
		return pin_user_pages_fast(addr, ret, FOLL_LONGTERM, pages);
	return forced;
}

static int mem_pin_pages(struct hisi_acc_mem *mem, unsigned long start)
{
	unsigned long done = 0;
	int ret = 0;

	while (done < mem->count) {
		unsigned long batch = min_t(unsigned long, mem->count - done,
					    PIN_BATCH);

		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		ret = mem_pin_batch(mem, start + (done << PAGE_SHIFT), batch,
				    mem->pages + done);
		if (ret <= 0)
			break;
		done += ret;
		cond_resched();
	}
	if (done == mem->count)
		return 0;
	unpin_user_pages(mem->pages, done);
	if (!ret || ret == -EFAULT)
		return mem_why_not(mem, start + (done << PAGE_SHIFT));
	return ret;
}

static int mem_fill(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem,
		    unsigned long start)
{
	struct hisi_acc_dev *dev = ctx->dev;
	int ret;

	mem->pages = kvmalloc_array(mem->count, sizeof(*mem->pages),
				    GFP_KERNEL_ACCOUNT);
	if (!mem->pages)
		return -ENOMEM;
	ret = account_locked_vm(ctx->mm, mem->count, true);
	if (ret)
		goto free_pages;
	ret = mem_pin_pages(mem, start);
	if (ret)
		goto unaccount;
	ret = hisi_acc_map_init(&mem->map, dev, mem->pages, mem->count,
				mem->read_only ? DMA_TO_DEVICE :
						 DMA_BIDIRECTIONAL);
	if (ret)
		goto unpin;
	atomic64_add(mem->count, &dev->pinned_pages);
	return 0;

unpin:
	unpin_user_pages(mem->pages, mem->count);
unaccount:
	account_locked_vm(ctx->mm, mem->count, false);
free_pages:
	kvfree(mem->pages);
	return ret;
}

void hisi_acc_mem_free(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem)
{
	struct hisi_acc_dev *dev = ctx->dev;

	hisi_acc_map_fini(&mem->map, dev);
	unpin_user_pages_dirty_lock(mem->pages, mem->count, !mem->read_only);
	atomic64_sub(mem->count, &dev->pinned_pages);
	account_locked_vm(ctx->mm, mem->count, false);
	hisi_acc_dev_unclaim(dev);
	kvfree(mem->pages);
	kfree(mem);
}

static int mem_check(const struct hisi_acc_mem_pin *arg)
{
	u64 end;

	if (arg->__reserved || !arg->size || arg->size > HISI_ACC_MEM_SIZE_MAX)
		return -EINVAL;
	if (check_add_overflow(arg->addr, arg->size, &end) ||
	    PAGE_ALIGN(end) < end || arg->addr != untagged_addr(arg->addr))
		return -EINVAL;
	if (!access_ok(u64_to_user_ptr(arg->addr), arg->size))
		return -EFAULT;
	return 0;
}

int hisi_acc_mem_pin(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_mem_pin *arg = data;
	struct hisi_acc_dev *dev = ctx->dev;
	struct hisi_acc_mem *mem;
	unsigned long start;
	int ret;

	ret = mem_check(arg);
	if (ret)
		return ret;
	if (dev->dma_reason)
		return -EOPNOTSUPP;
	ret = hisi_acc_dev_claim(dev, ctx->mm);
	if (ret)
		return ret;

	ret = -ENOMEM;
	mem = kzalloc(sizeof(*mem), GFP_KERNEL_ACCOUNT);
	if (!mem)
		goto unclaim;
	start = arg->addr & PAGE_MASK;
	mem->read_only = arg->flags & HISI_ACC_MEM_READ_ONLY;
	mem->count = (PAGE_ALIGN(arg->addr + arg->size) - start) >> PAGE_SHIFT;
	ret = mem_fill(ctx, mem, start);
	if (ret)
		goto free_mem;

	arg->out_iova = mem->map.iova + offset_in_page(arg->addr);
	mutex_lock(&ctx->lock);
	ret = hisi_acc_ctx_add(&ctx->mems, &mem->handle, mem,
			       HISI_ACC_CTX_MEMS);
	arg->out_handle = mem->handle;
	mutex_unlock(&ctx->lock);
	if (ret)
		hisi_acc_mem_free(ctx, mem);
	return ret;

free_mem:
	kfree(mem);
unclaim:
	hisi_acc_dev_unclaim(dev);
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
