/* SPDX-License-Identifier: GPL-2.0 */
/* Watches: when user memory that was pinned is no longer the process'. */
#ifndef HISI_ACC_WATCH_H
#define HISI_ACC_WATCH_H

#include <linux/mmu_notifier.h>

struct hisi_acc_ctx;
struct hisi_acc_mem;

/* Owned by a registration, which it makes stale. */
struct hisi_acc_watch {
	struct mmu_interval_notifier notifier;	/* .mm: not watching yet if NULL */
	struct hisi_acc_ctx *ctx;
	struct hisi_acc_mem *mem;
};

/* 0, -ENOMEM or -EINTR. No lock of the process may be held. */
int hisi_acc_watch_init(struct hisi_acc_watch *watch, struct hisi_acc_ctx *ctx,
			struct hisi_acc_mem *mem, unsigned long start,
			unsigned long size);
void hisi_acc_watch_fini(struct hisi_acc_watch *watch);

/*
 * Around pinning: what is pinned after begin, and not to be pinned again by the
 * word of retry, is the process' memory until the registration is stale.
 */
unsigned long hisi_acc_watch_begin(struct hisi_acc_watch *watch);
bool hisi_acc_watch_retry(struct hisi_acc_watch *watch, unsigned long seq);

#endif /* HISI_ACC_WATCH_H */
