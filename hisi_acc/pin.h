/* SPDX-License-Identifier: GPL-2.0 */
/* Registrations of user memory. */
#ifndef HISI_ACC_PIN_H
#define HISI_ACC_PIN_H

#include <linux/list.h>

#include "mem.h"
#include "watch.h"

struct hisi_acc_block;

/*
 * In DMA mode it has one block, in SVA mode one or none; in PASID mode its
 * memory is made of blocks that others may use as well.
 */
struct hisi_acc_pin {
	struct hisi_acc_mem mem;
	struct hisi_acc_watch watch;
	bool read_only;
	bool on_demand;
	bool head_is_part, tail_is_part;	/* of its page */
	unsigned long start;		/* of the first page */
	unsigned long count;		/* of pages */
	struct hisi_acc_block *block;
};

/*
 * private.c: the memory of a registration in a private domain.
 *
 * Pins the pages that nobody has registered, as @blocks. May sleep for as long
 * as the process likes, so no lock may be held.
 */
int hisi_acc_private_pin(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin,
			 struct list_head *blocks);
/*
 * Maps them, and shares what others have registered. -EAGAIN: others were
 * faster, pin anew. What is left in @blocks is to be dropped in any case.
 */
int hisi_acc_private_add(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin,
			 struct list_head *blocks);
void hisi_acc_private_drop(struct hisi_acc_ctx *ctx, struct list_head *blocks);
void hisi_acc_private_del(struct hisi_acc_ctx *ctx, struct hisi_acc_pin *pin);

#endif /* HISI_ACC_PIN_H */
