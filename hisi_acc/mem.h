/* SPDX-License-Identifier: GPL-2.0 */
/* Registered user memory. */
#ifndef HISI_ACC_MEM_H
#define HISI_ACC_MEM_H

#include "map.h"

/* Owned by its context. Pages are charged to the context's mm. */
struct hisi_acc_mem {
	u32 handle;
	bool read_only;
	unsigned long count;
	struct page **pages;
	struct hisi_acc_map map;
};

#define HISI_ACC_MEM_SIZE_MAX	SZ_4G

struct hisi_acc_ctx;

int hisi_acc_mem_pin(struct hisi_acc_ctx *ctx, void *arg);
int hisi_acc_mem_unpin(struct hisi_acc_ctx *ctx, void *arg);
void hisi_acc_mem_pin_undo(struct hisi_acc_ctx *ctx, void *arg);
/* Frees one that its context does not name any more. Not under ctx->lock. */
void hisi_acc_mem_free(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem);

#endif /* HISI_ACC_MEM_H */
