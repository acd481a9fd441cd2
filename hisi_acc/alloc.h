/* SPDX-License-Identifier: GPL-2.0 */
/* Registrations of memory that the driver allocates. */
#ifndef HISI_ACC_ALLOC_H
#define HISI_ACC_ALLOC_H

#include "uapi/hisi_acc.h"

struct dma_buf;
struct hisi_acc_ctx;

/* The argument of MEM_EXPORT, and what waits for its delivery. */
struct hisi_acc_export_args {
	struct hisi_acc_mem_export arg;
	struct dma_buf *dmabuf;
};

/* Outside the gate. */
int hisi_acc_mem_alloc(struct hisi_acc_ctx *ctx, void *arg);
void hisi_acc_mem_alloc_undo(struct hisi_acc_ctx *ctx, void *arg);

/* These take a struct hisi_acc_export_args; outside the gate, too. */
int hisi_acc_mem_export(struct hisi_acc_ctx *ctx, void *args);
void hisi_acc_mem_export_done(struct hisi_acc_ctx *ctx, void *args);
void hisi_acc_mem_export_undo(struct hisi_acc_ctx *ctx, void *args);

#endif /* HISI_ACC_ALLOC_H */
