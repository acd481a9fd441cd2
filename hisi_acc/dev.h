/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device: one PCI function and its node.
 *
 * Lock order, outermost first:
 *   dev->gate		around each operation that may touch the hardware
 *   ctx->space.lock	what a context is bound to
 *   ctx->space.blocks_lock
 *   ctx->lock		handles of a context, state changes of its queues
 *   dev->owner_lock	who has the function, in what kind of mode
 *   dev->users.lock	what each user has
 *   qm->reset_sem	queue pairs against the function's start and stop
 *   qm->image_lock, then mbox->lock
 *   dev->ctxs_lock	who is to be told
 *   ctx->map_lock	what can be mapped; nests inside mmap_lock, so neither
 *			user copies nor pinning may happen under it
 *   qm->qps_lock, then ctx->event_lock (spinlocks)
 *   ctx->watch_lock, ctx->stale_lock (spinlocks, taken in notifiers of the mm)
 * Binding and accounting take mmap_lock, so they happen outside ctx->lock, which
 * nests inside no other lock of the process. Pinning and copying to the process
 * can sleep for as long as it likes: under none of these.
 */
#ifndef HISI_ACC_DEV_H
#define HISI_ACC_DEV_H

#include <linux/cdev.h>
#include <linux/device.h>

#include "uapi/hisi_acc.h"
#include "mode.h"
#include "qm.h"
#include "user.h"

/*
 * Kept alive by its struct device: probe holds one reference until remove, each
 * open file another one (through the cdev).
 */
struct hisi_acc_dev {
	struct device dev;
	struct cdev cdev;
	int id;				/* zip0, zip1, ...; -1: given back */
	struct hisi_acc_modes modes;

	struct rw_semaphore gate;	/* written by remove */
	bool gone;			/* gate */

	struct hisi_acc_qm qm;		/* while not gone */

	struct mutex ctxs_lock;		/* guards this group; ctxs with gate */
	struct list_head ctxs;
	u32 state;			/* HISI_ACC_STATE_* */
	bool doorbells_shut;

	/*
	 * In DMA mode the function belongs to one address space. The last one
	 * is remembered after it let go: the next other one gets a function
	 * that was scrubbed. In the other modes, tagged by a PASID, many share
	 * the function, but for doorbells that lie in one page.
	 */
	struct mutex owner_lock;	/* guards this group */
	struct mm_struct *owner;	/* compared, never entered */
	u32 owner_objects;
	u32 tagged_objects;
	u32 share;			/* HISI_ACC_SHARE_*, when in one page */
	struct mm_struct *share_mm;	/* of the first, only compared */
	kuid_t share_uid;

	struct hisi_acc_users users;

	atomic64_t pinned_pages;
	atomic_t mappings;		/* live IOVA ranges of user objects */
};

/* Among whom queues with doorbells in one page may be shared. */
enum { HISI_ACC_SHARE_MM, HISI_ACC_SHARE_USER, HISI_ACC_SHARE_ANY };

struct hisi_acc_ctx;

struct hisi_acc_dev *hisi_acc_dev_alloc(const struct hisi_acc_engine *engine);
/* Publishes the node: the last step of probe. */
int hisi_acc_dev_register(struct hisi_acc_dev *dev);
/* Takes the node back; when it returns no operation is under way. */
void hisi_acc_dev_unregister(struct hisi_acc_dev *dev);

/* -ENODEV when gone; otherwise leave with hisi_acc_dev_leave(). */
int hisi_acc_dev_enter(struct hisi_acc_dev *dev);
void hisi_acc_dev_leave(struct hisi_acc_dev *dev);

/*
 * One more object of @ctx, with requests that carry a PASID or without: 0,
 * -EBUSY, -ENODEV or an error of the hardware.
 */
int hisi_acc_dev_claim(struct hisi_acc_dev *dev, struct hisi_acc_ctx *ctx,
		       bool tagged);
/* Whether it would be taken, as things are. */
bool hisi_acc_dev_may_claim(struct hisi_acc_dev *dev, struct hisi_acc_ctx *ctx,
			    bool tagged);
void hisi_acc_dev_unclaim(struct hisi_acc_dev *dev, bool tagged);

/* Tells all contexts. GONE is final. */
void hisi_acc_dev_set_state(struct hisi_acc_dev *dev, u32 state);
/* Keeps user space's stores away from the hardware, or lets them through. */
void hisi_acc_dev_shut_doorbells(struct hisi_acc_dev *dev, bool shut);

int hisi_acc_dev_module_init(void);
void hisi_acc_dev_module_exit(void);

/* cdev.c */
extern const struct file_operations hisi_acc_fops;

/* sysfs.c */
extern const struct attribute_group *hisi_acc_sysfs_groups[];

#endif /* HISI_ACC_DEV_H */
