// SPDX-License-Identifier: GPL-2.0
/* Pinned user memory: charge, pin; unpin, uncharge. */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "block.h"
#include "ctx.h"
#include "dev.h"

/* Pages pinned at a time, so that a kill is noticed in between. */
#define PIN_BATCH	8192

/* Pages looked at in one go. */
#define LOOK_BATCH	64

/*
 * Some memory the process may use, but it cannot be pinned for long: pages of
 * files whose file systems want to hear of each write, device memory, secrets.
 * The kernel says so with the errno of a bad address.
 */
static int pin_why_not(struct hisi_acc_block *block, unsigned long addr)
{
	unsigned int access = block->read_only ? 0 : FAULT_FLAG_WRITE;
	bool unlocked;
	int ret;

	mmap_read_lock(current->mm);
	/* without the lock where the page takes its time */
	ret = fixup_user_fault(current->mm, addr, access, &unlocked);
	mmap_read_unlock(current->mm);
	return ret ? -EFAULT : -EOPNOTSUPP;
}

static int pin_batch(struct hisi_acc_block *block, unsigned long addr,
		     unsigned long count, struct page **pages)
{
	int ret, forced;

	if (!block->read_only)
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

static int pin_all(struct hisi_acc_block *block, unsigned long start)
{
	unsigned long done = 0;
	int ret = 0;

	while (done < block->count) {
		unsigned long batch = min_t(unsigned long, block->count - done,
					    PIN_BATCH);

		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		ret = pin_batch(block, start + (done << PAGE_SHIFT), batch,
				block->pages + done);
		if (ret <= 0)
			break;
		done += ret;
		cond_resched();
	}
	if (done == block->count)
		return 0;
	unpin_user_pages(block->pages, done);
	if (!ret || ret == -EFAULT)
		return pin_why_not(block, start + (done << PAGE_SHIFT));
	return ret;
}

struct hisi_acc_block *hisi_acc_block_pin(struct hisi_acc_ctx *ctx,
					  unsigned long start,
					  unsigned long count, bool read_only)
{
	struct hisi_acc_block *block;
	int ret = -ENOMEM;

	block = kzalloc(sizeof(*block), GFP_KERNEL_ACCOUNT);
	if (!block)
		return ERR_PTR(-ENOMEM);
	block->read_only = read_only;
	block->count = count;
	block->users = 1;
	block->node.start = start >> PAGE_SHIFT;
	block->node.last = block->node.start + count - 1;
	block->pages = kvmalloc_array(count, sizeof(*block->pages),
				      GFP_KERNEL_ACCOUNT);
	if (!block->pages)
		goto free_block;
	ret = account_locked_vm(ctx->mm, count, true);
	if (ret)
		goto free_pages;
	ret = pin_all(block, start);
	if (ret)
		goto unaccount;
	atomic64_add(count, &ctx->dev->pinned_pages);
	atomic64_add(count, &ctx->pinned_pages);
	return block;

unaccount:
	account_locked_vm(ctx->mm, count, false);
free_pages:
	kvfree(block->pages);
free_block:
	kfree(block);
	return ERR_PTR(ret);
}

void hisi_acc_block_free(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block)
{
	unpin_user_pages_dirty_lock(block->pages, block->count,
				    !block->read_only);
	atomic64_sub(block->count, &ctx->dev->pinned_pages);
	atomic64_sub(block->count, &ctx->pinned_pages);
	account_locked_vm(ctx->mm, block->count, false);
	kvfree(block->pages);
	kfree(block);
}

static int look_batch(unsigned long page, unsigned long last)
{
	return min_t(unsigned long, LOOK_BATCH, last - page + 1);
}

bool hisi_acc_block_is_current(struct hisi_acc_block *block, unsigned long page,
			       unsigned long last)
{
	struct page **pages = block->pages + (page - block->node.start);
	struct page *now[LOOK_BATCH];
	bool same = true;
	int i, got;

	while (same && page <= last) {
		got = get_user_pages_fast_only(page << PAGE_SHIFT,
					       look_batch(page, last),
					       block->read_only ? 0 : FOLL_WRITE,
					       now);
		if (got <= 0)
			return false;
		for (i = 0; i < got; i++) {
			same = same && now[i] == pages[i];
			put_page(now[i]);
		}
		pages += got;
		page += got;
	}
	return same;
}

int hisi_acc_block_touch(unsigned long page, unsigned long last, bool read_only)
{
	struct page *now[LOOK_BATCH];
	int got;

	while (page <= last) {
		if (fatal_signal_pending(current))
			return -EINTR;
		got = pin_user_pages_fast(page << PAGE_SHIFT,
					  look_batch(page, last),
					  read_only ? 0 : FOLL_WRITE, now);
		if (got <= 0)
			return got ?: -EFAULT;
		unpin_user_pages(now, got);
		page += got;
		cond_resched();
	}
	return 0;
}
