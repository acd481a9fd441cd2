/* SPDX-License-Identifier: GPL-2.0 */
/* A piece of a context that user space can map. */
#ifndef HISI_ACC_REGION_H
#define HISI_ACC_REGION_H

#include <linux/kref.h>
#include <linux/mm.h>

struct hisi_acc_buffer;
struct hisi_acc_ctx;

/*
 * RAM (pages set), a buffer, or one doorbell page (dummy set). The context's table holds
 * a reference, and each mapping of a doorbell another one. ctx->map_lock guards
 * live; a context outlives its mappings, since these hold its file.
 */
struct hisi_acc_region {
	struct kref ref;
	struct hisi_acc_ctx *ctx;
	u64 key;			/* mmap offset */
	size_t size;
	bool read_only;
	struct page **pages;		/* a mapping holds each by itself */
	struct hisi_acc_buffer *buffer;	/* a mapping holds it by itself */
	phys_addr_t doorbell;
	struct page *dummy;		/* takes the doorbell's place */
	bool live;
};

/* These make the region mappable at once; ERR_PTR(-ENOMEM). */
struct hisi_acc_region *hisi_acc_region_ram(struct hisi_acc_ctx *ctx,
					    struct page **pages,
					    unsigned long count, bool read_only);
/* Whoever has the buffer keeps it until the region is killed. */
struct hisi_acc_region *hisi_acc_region_buffer(struct hisi_acc_ctx *ctx,
					       struct hisi_acc_buffer *buffer);
struct hisi_acc_region *hisi_acc_region_doorbell(struct hisi_acc_ctx *ctx,
						 phys_addr_t doorbell);
/*
 * No new mapping from now on. Mappings of RAM stay; behind mappings of a
 * doorbell lies a harmless page. NULL is fine.
 */
void hisi_acc_region_kill(struct hisi_acc_region *region);

/*
 * While shut, the harmless page lies behind every doorbell of the context: the
 * function does not listen, or its registers do not answer at all.
 */
void hisi_acc_region_shut_doorbells(struct hisi_acc_ctx *ctx, bool shut);

int hisi_acc_region_mmap(struct hisi_acc_ctx *ctx, struct vm_area_struct *vma);

#endif /* HISI_ACC_REGION_H */
