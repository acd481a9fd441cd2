/* SPDX-License-Identifier: GPL-2.0 */
/* A context's address space as the device sees it. */
#ifndef HISI_ACC_SPACE_H
#define HISI_ACC_SPACE_H

#include <linux/mutex.h>
#include <linux/rbtree.h>

#include "mode.h"

struct hisi_acc_ctx;
struct iommu_domain;
struct iommu_sva;

/*
 * Owned by its context. Bound when the first queue or registration wants a
 * mode, unbound when the last one is gone. Neither may happen in a notifier of
 * the mm: both may wait for the others.
 */
struct hisi_acc_space {
	struct mutex lock;		/* guards this group */
	u32 mode;			/* HISI_ACC_MODE_*, 0: not bound */
	u32 reason;			/* why no better one */
	u32 objects;
	bool tagged;			/* fixed while there are objects */

	u32 pasid;			/* fixed while bound; 0: DMA mode */
	struct iommu_sva *sva;		/* SVA mode */
	struct iommu_domain *domain;	/* PASID mode */

	struct mutex blocks_lock;	/* guards blocks, what is in domain */
	struct rb_root_cached blocks;	/* PASID mode, by page; disjoint */
};

/* What an object was granted. */
struct hisi_acc_grant {
	u32 mode;			/* HISI_ACC_MODE_* */
	u32 reason;			/* HISI_ACC_REASON_* */
	u32 pasid;
};

void hisi_acc_space_init(struct hisi_acc_space *space);
void hisi_acc_space_fini(struct hisi_acc_space *space);

/*
 * One more object in one of @modes. Called by a process of ctx->mm, outside
 * ctx->lock. Errors are those of HISI_ACC_QUEUE_ALLOC.
 */
int hisi_acc_space_get(struct hisi_acc_ctx *ctx, u32 modes,
		       struct hisi_acc_grant *grant);
void hisi_acc_space_put(struct hisi_acc_ctx *ctx);
/*
 * The device goes, and all objects are gone: unbinds, even if somebody is about
 * to make one, who will not succeed.
 */
void hisi_acc_space_revoke(struct hisi_acc_ctx *ctx);
/* HISI_ACC_REASON_*: why the machine's mode is not to be had right now. */
u32 hisi_acc_space_reason(struct hisi_acc_ctx *ctx, int mode);

#endif /* HISI_ACC_SPACE_H */
