// SPDX-License-Identifier: GPL-2.0
/* struct hisi_acc_ctx: who owns it, what it holds, when that ends. */
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "ctx.h"
#include "dev.h"
#include "mem.h"
#include "queue.h"
#include "region.h"

bool hisi_acc_ctx_is_callers(struct hisi_acc_ctx *ctx)
{
	return current->mm == ctx->mm;
}

int hisi_acc_ctx_add(struct xarray *table, u32 *handle, void *object, u32 max)
{
	int ret;

	ret = xa_alloc(table, handle, object, XA_LIMIT(1, max),
		       GFP_KERNEL_ACCOUNT);
	return ret == -EBUSY ? -ENOSPC : ret;
}

void hisi_acc_ctx_set_state(struct hisi_acc_ctx *ctx, u32 state, u32 resets)
{
	WRITE_ONCE(ctx->status->reset_generation, resets);
	WRITE_ONCE(ctx->status->state, state);
	wake_up_all(&ctx->wait);
}

void hisi_acc_ctx_revoke(struct hisi_acc_ctx *ctx)
{
	struct hisi_acc_queue *queue;
	struct hisi_acc_mem *mem;
	u32 queues = 0;
	unsigned long i;

	/* nothing is added to what each of the queues has to finish */
	hisi_acc_region_shut_doorbells(ctx, true);
	/* queues first: what they use may go away only after them */
	mutex_lock(&ctx->lock);
	xa_for_each(&ctx->queues, i, queue) {
		xa_erase(&ctx->queues, i);
		hisi_acc_queue_destroy(queue);
		queues++;
	}
	mutex_unlock(&ctx->lock);
	while (queues--)
		hisi_acc_space_put(ctx);

	/* taking mmap_lock, this cannot be done under ctx->lock */
	for (;;) {
		mutex_lock(&ctx->lock);
		i = 0;
		mem = xa_find(&ctx->mems, &i, ULONG_MAX, XA_PRESENT);
		if (mem)
			xa_erase(&ctx->mems, i);
		mutex_unlock(&ctx->lock);
		if (!mem)
			break;
		hisi_acc_mem_free(ctx, mem);
	}
}

static void ctx_revoke_inside(struct hisi_acc_ctx *ctx)
{
	/* a device that is gone has revoked already */
	if (hisi_acc_dev_enter(ctx->dev))
		return;
	hisi_acc_ctx_revoke(ctx);
	hisi_acc_dev_leave(ctx->dev);
}

static void ctx_revoke_work(struct work_struct *work)
{
	ctx_revoke_inside(container_of(work, struct hisi_acc_ctx, revoke_work));
}

/*
 * The address space ends, maybe long before the last close of the file. Who ends
 * it can be the worker that serves the device's page faults, having had the last
 * reference. And while this runs, that worker may be waiting for all notifiers to
 * return, whoever's mm they are about: to wait here for requests that wait for
 * pages would be for ever.
 */
static void mm_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	struct hisi_acc_ctx *ctx = container_of(notifier, struct hisi_acc_ctx,
						notifier);

	complete_all(&ctx->mm_ends);
	schedule_work(&ctx->revoke_work);
}

static const struct mmu_notifier_ops notifier_ops = {
	.release = mm_release,
};

static int ctx_init_status(struct hisi_acc_ctx *ctx)
{
	BUILD_BUG_ON(HISI_ACC_CTX_STALE_OFFSET + HISI_ACC_CTX_MEMS / 8 > PAGE_SIZE);

	ctx->status_page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!ctx->status_page)
		return -ENOMEM;
	ctx->status = page_address(ctx->status_page);
	ctx->status_region = hisi_acc_region_ram(ctx, &ctx->status_page, 1, true);
	if (IS_ERR(ctx->status_region)) {
		__free_page(ctx->status_page);
		return PTR_ERR(ctx->status_region);
	}
	return 0;
}

struct hisi_acc_ctx *hisi_acc_ctx_alloc(struct hisi_acc_dev *dev,
					struct address_space *mapping)
{
	struct hisi_acc_ctx *ctx;
	int ret;

	if (!current->mm)
		return ERR_PTR(-EINVAL);
	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return ERR_PTR(-ENOMEM);

	ctx->user = hisi_acc_user_get(dev);
	if (!ctx->user) {
		kfree(ctx);
		return ERR_PTR(-ENOMEM);
	}
	ctx->dev = dev;
	ctx->mm = current->mm;
	ctx->mapping = mapping;
	hisi_acc_space_init(&ctx->space);
	init_completion(&ctx->mm_ends);
	INIT_WORK(&ctx->revoke_work, ctx_revoke_work);
	mutex_init(&ctx->lock);
	mutex_init(&ctx->map_lock);
	xa_init_flags(&ctx->queues, XA_FLAGS_ALLOC1);
	xa_init_flags(&ctx->mems, XA_FLAGS_ALLOC1);
	xa_init(&ctx->regions);
	spin_lock_init(&ctx->watch_lock);
	spin_lock_init(&ctx->stale_lock);
	spin_lock_init(&ctx->event_lock);
	INIT_LIST_HEAD(&ctx->ready);
	init_waitqueue_head(&ctx->wait);

	ret = ctx_init_status(ctx);
	if (ret)
		goto free_ctx;
	ctx->notifier.ops = &notifier_ops;
	ret = mmu_notifier_register(&ctx->notifier, ctx->mm);
	if (ret)
		goto fini_status;

	/* longer than the notifier's: what is pinned is uncharged after it */
	mmgrab(ctx->mm);
	get_device(&dev->dev);
	mutex_lock(&dev->ctxs_lock);
	list_add_tail(&ctx->node, &dev->ctxs);
	ctx->doorbells_shut = dev->doorbells_shut;
	WRITE_ONCE(ctx->status->reset_generation, dev->qm.resets);
	WRITE_ONCE(ctx->status->state, dev->state);
	mutex_unlock(&dev->ctxs_lock);
	return ctx;

fini_status:
	hisi_acc_region_kill(ctx->status_region);
	__free_page(ctx->status_page);
free_ctx:
	hisi_acc_user_put(ctx->user);
	kfree(ctx);
	return ERR_PTR(ret);
}

void hisi_acc_ctx_free(struct hisi_acc_ctx *ctx)
{
	struct hisi_acc_dev *dev = ctx->dev;

	/* whoever waits for the end of a process finds everything given back */
	ctx_revoke_inside(ctx);
	mmu_notifier_unregister(&ctx->notifier, ctx->mm);
	cancel_work_sync(&ctx->revoke_work);
	mmdrop(ctx->mm);

	down_read(&dev->gate);
	mutex_lock(&dev->ctxs_lock);
	list_del(&ctx->node);
	mutex_unlock(&dev->ctxs_lock);
	up_read(&dev->gate);

	hisi_acc_region_kill(ctx->status_region);
	__free_page(ctx->status_page);
	xa_destroy(&ctx->regions);
	xa_destroy(&ctx->mems);
	xa_destroy(&ctx->queues);
	mutex_destroy(&ctx->map_lock);
	mutex_destroy(&ctx->lock);
	hisi_acc_space_fini(&ctx->space);
	hisi_acc_user_put(ctx->user);
	kfree(ctx);
	put_device(&dev->dev);
}
