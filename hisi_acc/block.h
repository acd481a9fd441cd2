/* SPDX-License-Identifier: GPL-2.0 */
/* Blocks: a run of user pages that is charged, pinned and mapped as one. */
#ifndef HISI_ACC_BLOCK_H
#define HISI_ACC_BLOCK_H

#include <linux/interval_tree.h>
#include <linux/list.h>

#include "map.h"

struct hisi_acc_ctx;

/*
 * Owned by the registrations that use it: in a private domain several may, and
 * ctx->space.blocks_lock guards @users then. Pages are charged to the context's
 * mm.
 */
struct hisi_acc_block {
	struct list_head link;		/* in a list of who pins it */
	bool read_only;
	bool exclusive;			/* shared with no pin */
	u32 users;
	unsigned long count;
	struct page **pages;
	struct interval_tree_node node;	/* page numbers */
	struct hisi_acc_map map;	/* DMA mode */
};

/*
 * Charges and pins @count pages from @start on; only the current process' own.
 * Errors are those of HISI_ACC_MEM_PIN.
 */
struct hisi_acc_block *hisi_acc_block_pin(struct hisi_acc_ctx *ctx,
					  unsigned long start,
					  unsigned long count, bool read_only);
/* The device does not reach it any more. Not under ctx->lock. */
void hisi_acc_block_free(struct hisi_acc_ctx *ctx, struct hisi_acc_block *block);
/*
 * Whether the process still has the block's pages from @page to @last, in its
 * page table. Does not sleep for any that is missing there: see
 * hisi_acc_block_touch().
 */
bool hisi_acc_block_is_current(struct hisi_acc_block *block, unsigned long page,
			       unsigned long last);
/* Makes the process have its pages from @page to @last. Keeps none. */
int hisi_acc_block_touch(unsigned long page, unsigned long last, bool read_only);

#endif /* HISI_ACC_BLOCK_H */
