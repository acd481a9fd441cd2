/* SPDX-License-Identifier: GPL-2.0 */
/* Contexts: one per open file. */
#ifndef HISI_ACC_CTX_H
#define HISI_ACC_CTX_H

#include <linux/completion.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "space.h"
#include "uapi/hisi_acc.h"

struct hisi_acc_dev;
struct hisi_acc_region;
struct hisi_acc_user;

#define HISI_ACC_CTX_QUEUES	64	/* as many as the status page has room */
#define HISI_ACC_CTX_MEMS	4096

/* In the status page, behind all queues: a bit for each registration. */
#define HISI_ACC_CTX_STALE_OFFSET	2048

/*
 * Owned by its file. Everything in it is freed by hisi_acc_ctx_revoke(), which
 * the end of the mm, the end of the device or the end of the file calls,
 * whichever comes first. Nothing can be made after any of these.
 */
struct hisi_acc_ctx {
	struct hisi_acc_dev *dev;	/* referenced */
	struct mm_struct *mm;		/* grabbed */
	struct mmu_notifier notifier;
	struct completion mm_ends;	/* the notifiers are being called */
	struct work_struct revoke_work;
	struct hisi_acc_user *user;	/* who opened the file; referenced */
	struct address_space *mapping;	/* of the node, for taking back pages */
	struct list_head node;		/* in dev->ctxs */

	struct hisi_acc_space space;

	struct mutex lock;		/* guards queues, mems */
	struct xarray queues;
	struct xarray mems;

	struct mutex map_lock;		/* guards regions, doorbells_shut */
	struct xarray regions;		/* by page offset */
	bool doorbells_shut;

	atomic64_t pinned_pages;

	spinlock_t watch_lock;		/* guards the sequences of all watches */
	spinlock_t stale_lock;		/* guards stale bits and their count */
	struct page *status_page;
	struct hisi_acc_status *status;
	struct hisi_acc_region *status_region;

	spinlock_t event_lock;		/* guards ready, failed; see queue.h */
	struct list_head ready;		/* queues with unread events */
	u32 failed;			/* queues in state ERROR */
	wait_queue_head_t wait;
};

struct hisi_acc_ctx *hisi_acc_ctx_alloc(struct hisi_acc_dev *dev,
					struct address_space *mapping);
void hisi_acc_ctx_free(struct hisi_acc_ctx *ctx);
/* Stops and frees all objects. Safe to call again. Caller is inside the gate. */
void hisi_acc_ctx_revoke(struct hisi_acc_ctx *ctx);

/* Gives @object a free handle in @table. 0, -ENOSPC, -ENOMEM. */
int hisi_acc_ctx_add(struct xarray *table, u32 *handle, void *object, u32 max);
/* Whether the caller lives in the address space that opened the file. */
bool hisi_acc_ctx_is_callers(struct hisi_acc_ctx *ctx);
void hisi_acc_ctx_set_state(struct hisi_acc_ctx *ctx, u32 state, u32 resets);

#endif /* HISI_ACC_CTX_H */
