/* SPDX-License-Identifier: GPL-2.0 */
/* Ranges of a private domain that one registration has alone. */
#ifndef HISI_ACC_PRIVATE_H
#define HISI_ACC_PRIVATE_H

#include <linux/types.h>

struct hisi_acc_block;
struct hisi_acc_ctx;

/*
 * Until hisi_acc_private_give() nobody else maps anything there. 0, -EBUSY, or
 * -EOPNOTSUPP where memory cannot be.
 */
int hisi_acc_private_take(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block,
			  u64 addr, unsigned long count);
void hisi_acc_private_give(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block);

/* block->pages, as a whole, while the range is taken. */
int hisi_acc_private_map(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block);
/* Returns when the device cannot reach them any more. */
void hisi_acc_private_unmap(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block);

#endif /* HISI_ACC_PRIVATE_H */
