/* SPDX-License-Identifier: GPL-2.0 */
/* Registrations: memory that a context has made known to the device. */
#ifndef HISI_ACC_MEM_H
#define HISI_ACC_MEM_H

#include <linux/sizes.h>
#include <linux/types.h>

struct hisi_acc_ctx;
struct hisi_acc_mem;

struct hisi_acc_mem_ops {
	/* Takes the memory from the device, lets go of it, frees @mem. */
	void (*release)(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem);
};

/*
 * What all kinds of registration have in common; the kind's own struct is
 * around it. Owned by its context once it is published.
 */
struct hisi_acc_mem {
	const struct hisi_acc_mem_ops *ops;
	u32 mode;			/* HISI_ACC_MODE_* */
	u64 iova;			/* of the first byte */
	u32 handle;			/* ctx->stale_lock; 0: not published */
	bool stale;			/* ctx->stale_lock */
};

#define HISI_ACC_MEM_SIZE_MAX	SZ_4G

/*
 * A new one that is granted one of @modes: has a share in the context's address
 * space from here on, until hisi_acc_mem_put_space() or hisi_acc_mem_free().
 * Errors are those of HISI_ACC_QUEUE_ALLOC.
 */
int hisi_acc_mem_get_space(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem,
			   u32 modes);
void hisi_acc_mem_put_space(struct hisi_acc_ctx *ctx);

/*
 * Where the process wants @size bytes to be, in the modes that leave that to the
 * process. -EINVAL: not an address that memory can have.
 */
int hisi_acc_mem_place(struct hisi_acc_mem *mem, u64 addr, u64 size);

/* Gives it a name: from now on everybody may free it. 0, -ENOSPC, -ENOMEM. */
int hisi_acc_mem_publish(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem,
			 u32 *handle);
/* Frees the one with this name, if there is one: -ENOENT. */
int hisi_acc_mem_close(struct hisi_acc_ctx *ctx, u32 handle);
/* The same from outside the gate, for one that nobody was told of. */
void hisi_acc_mem_undo(struct hisi_acc_ctx *ctx, u32 handle);
/* Frees one that its context does not name any more. Not under ctx->lock. */
void hisi_acc_mem_free(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem);

/* Tells the process, in the status page. From any context. */
void hisi_acc_mem_set_stale(struct hisi_acc_ctx *ctx, struct hisi_acc_mem *mem);

int hisi_acc_mem_unpin(struct hisi_acc_ctx *ctx, void *arg);

/* pin.c: outside the gate */
int hisi_acc_mem_pin(struct hisi_acc_ctx *ctx, void *arg);
void hisi_acc_mem_pin_undo(struct hisi_acc_ctx *ctx, void *arg);

#endif /* HISI_ACC_MEM_H */
