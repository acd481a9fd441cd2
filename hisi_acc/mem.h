/* SPDX-License-Identifier: GPL-2.0 */
/* Registered user memory. */
#ifndef HISI_ACC_MEM_H
#define HISI_ACC_MEM_H

#include <linux/types.h>

struct hisi_acc_block;
struct hisi_acc_ctx;

/*
 * Owned by its context. In DMA mode it has one block, in SVA mode one or none;
 * in PASID mode its memory is made of blocks that others may use as well.
 */
struct hisi_acc_mem {
	u32 handle;
	u32 mode;			/* HISI_ACC_MODE_* */
	bool read_only;
	bool on_demand;
	bool head_is_part, tail_is_part;	/* of its page */
	unsigned long start;		/* of the first page */
	unsigned long count;		/* of pages */
	u64 iova;			/* of the first page */
	struct hisi_acc_block *block;
};

#define HISI_ACC_MEM_SIZE_MAX	SZ_4G

int hisi_acc_mem_pin(struct hisi_acc_ctx *ctx, void *arg);
int hisi_acc_mem_unpin(struct hisi_acc_ctx *ctx, void *arg);
void hisi_acc_mem_pin_undo(struct hisi_acc_ctx *ctx, void *arg);
/* Frees one that its context does not name any more. Not under ctx->lock. */
void hisi_acc_mem_free(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem);

/* private.c: the memory of a registration in a private domain */
int hisi_acc_private_add(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem);
void hisi_acc_private_del(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem);

#endif /* HISI_ACC_MEM_H */
