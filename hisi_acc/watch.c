// SPDX-License-Identifier: GPL-2.0
/* What happens to the address range of a registration. */
#include "ctx.h"
#include "mem.h"
#include "watch.h"

/*
 * Pinned pages stay in the process' table when only access to them changes: a
 * fork that protects them for the child, mprotect(), a hint for NUMA balancing.
 */
static bool leaves_pages(const struct mmu_notifier_range *range)
{
	return range->event == MMU_NOTIFY_PROTECTION_VMA ||
	       range->event == MMU_NOTIFY_PROTECTION_PAGE ||
	       range->event == MMU_NOTIFY_SOFT_DIRTY;
}

/* The memory is pinned: nothing has to be waited for, it is only a message. */
static bool watch_invalidate(struct mmu_interval_notifier *notifier,
			     const struct mmu_notifier_range *range,
			     unsigned long seq)
{
	struct hisi_acc_watch *watch = container_of(notifier,
						    struct hisi_acc_watch,
						    notifier);

	if (leaves_pages(range))
		return true;
	spin_lock(&watch->ctx->watch_lock);
	mmu_interval_set_seq(notifier, seq);
	spin_unlock(&watch->ctx->watch_lock);
	hisi_acc_mem_set_stale(watch->ctx, watch->mem);
	return true;
}

static const struct mmu_interval_notifier_ops watch_ops = {
	.invalidate = watch_invalidate,
};

int hisi_acc_watch_init(struct hisi_acc_watch *watch, struct hisi_acc_ctx *ctx,
			struct hisi_acc_mem *mem, unsigned long start,
			unsigned long size)
{
	int ret;

	watch->ctx = ctx;
	watch->mem = mem;
	ret = mmu_interval_notifier_insert(&watch->notifier, ctx->mm, start,
					   size, &watch_ops);
	if (ret)
		watch->notifier.mm = NULL;
	return ret;
}

void hisi_acc_watch_fini(struct hisi_acc_watch *watch)
{
	if (watch->notifier.mm)
		mmu_interval_notifier_remove(&watch->notifier);
}

unsigned long hisi_acc_watch_begin(struct hisi_acc_watch *watch)
{
	unsigned long seq, flags;

	if (!watch->notifier.mm)
		return 0;
	/* waits for changes that are under way */
	seq = mmu_interval_read_begin(&watch->notifier);
	spin_lock_irqsave(&watch->ctx->stale_lock, flags);
	watch->mem->stale = false;
	spin_unlock_irqrestore(&watch->ctx->stale_lock, flags);
	return seq;
}

bool hisi_acc_watch_retry(struct hisi_acc_watch *watch, unsigned long seq)
{
	bool retry;

	if (!watch->notifier.mm)
		return false;
	spin_lock(&watch->ctx->watch_lock);
	retry = mmu_interval_read_retry(&watch->notifier, seq);
	spin_unlock(&watch->ctx->watch_lock);
	return retry;
}
