/* SPDX-License-Identifier: GPL-2.0 */
/* Registrations of dma-bufs, whoever exports them. */
#ifndef HISI_ACC_IMPORT_H
#define HISI_ACC_IMPORT_H

struct hisi_acc_ctx;

int hisi_acc_mem_import(struct hisi_acc_ctx *ctx, void *arg);
void hisi_acc_mem_import_undo(struct hisi_acc_ctx *ctx, void *arg);

#endif /* HISI_ACC_IMPORT_H */
