/* SPDX-License-Identifier: GPL-2.0 */
/* Memory of the driver's own for processes: allocated, charged, mapped, shared. */
#ifndef HISI_ACC_BUFFER_H
#define HISI_ACC_BUFFER_H

#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/workqueue.h>

struct dma_buf;
struct hisi_acc_ctx;
struct hisi_acc_dev;
struct user_struct;

/*
 * Its registration, its CPU mappings and its dma-bufs hold a reference each. It
 * is charged to one address space and its user, and counted by one device, until
 * the last of them is gone, whatever became of these.
 */
struct hisi_acc_buffer {
	struct kref ref;
	struct hisi_acc_dev *dev;	/* referenced */
	struct mm_struct *mm;		/* grabbed */
	struct user_struct *user;	/* referenced; NULL: may have any number */
	unsigned long count;
	struct page **pages;
	unsigned long pgoff;		/* in the device's node, of the first page */
	struct work_struct free_work;
};

/* Zeroed, for the current process, which has ctx->mm. ERR_PTR(-ENOMEM, -EINTR). */
struct hisi_acc_buffer *hisi_acc_buffer_alloc(struct hisi_acc_ctx *ctx,
					      unsigned long count);
void hisi_acc_buffer_get(struct hisi_acc_buffer *buffer);
/* Takes mmap_lock for the last one. */
void hisi_acc_buffer_put(struct hisi_acc_buffer *buffer);

/*
 * All of it, from the device's node: the mapping starts at buffer->pgoff. The
 * caller's reference becomes the mapping's, and is gone if there is none.
 */
int hisi_acc_buffer_mmap(struct hisi_acc_buffer *buffer,
			 struct vm_area_struct *vma);
/* From a dma-buf, the part that @vma says, which is inside. */
int hisi_acc_buffer_mmap_part(struct hisi_acc_buffer *buffer,
			      struct vm_area_struct *vma);

/* export.c: a new dma-buf, which has a reference of its own. */
struct dma_buf *hisi_acc_buffer_export(struct hisi_acc_buffer *buffer);

int hisi_acc_buffer_module_init(void);
void hisi_acc_buffer_module_exit(void);

#endif /* HISI_ACC_BUFFER_H */
