/* SPDX-License-Identifier: GPL-2.0 */
/* Queues: a hardware queue pair, its rings and its events, as a user object. */
#ifndef HISI_ACC_QUEUE_H
#define HISI_ACC_QUEUE_H

#include "map.h"
#include "qm.h"

#define HISI_ACC_QUEUE_DEPTH_MIN	2

struct eventfd_ctx;
struct hisi_acc_ctx;
struct hisi_acc_region;

/*
 * Owned by its context. qp.id is valid from alloc to destroy. The rings are
 * written by user space: the kernel zeroes them and never looks inside.
 */
struct hisi_acc_queue {
	struct hisi_acc_ctx *ctx;
	struct hisi_acc_qp qp;
	u32 handle;
	u32 mode;			/* HISI_ACC_MODE_* */
	u32 reason;			/* why no better one */

	struct page **pages;		/* SQ, then CQ */
	unsigned long sq_pages, cq_pages;
	struct hisi_acc_map map;
	struct hisi_acc_region *sq_region, *cq_region, *db_region;

	/* ctx->event_lock guards the rest */
	u32 state;			/* HISI_ACC_STATE_* */
	u32 pending;			/* HISI_ACC_EVENT_* not read yet */
	u64 events;
	struct list_head ready;		/* in ctx->ready while pending */
	struct eventfd_ctx *eventfd;	/* or NULL */
	struct hisi_acc_queue_status *status;
};

int hisi_acc_queue_alloc(struct hisi_acc_ctx *ctx, void *arg);
void hisi_acc_queue_alloc_undo(struct hisi_acc_ctx *ctx, void *arg);
int hisi_acc_queue_free(struct hisi_acc_ctx *ctx, void *arg);
int hisi_acc_queue_query(struct hisi_acc_ctx *ctx, void *arg);
int hisi_acc_queue_start(struct hisi_acc_ctx *ctx, void *arg);
void hisi_acc_queue_start_undo(struct hisi_acc_ctx *ctx, void *arg);
int hisi_acc_queue_stop(struct hisi_acc_ctx *ctx, void *arg);
int hisi_acc_queue_event(struct hisi_acc_ctx *ctx, void *arg);
int hisi_acc_queue_doorbell(struct hisi_acc_ctx *ctx, void *arg);

/* Stops and frees one that its context does not name any more. */
void hisi_acc_queue_destroy(struct hisi_acc_queue *queue);
/* Takes the events of the next ready queue; false when there is none. */
bool hisi_acc_queue_next_event(struct hisi_acc_ctx *ctx,
			       struct hisi_acc_event *event);
/* Gives back what could not be delivered. */
void hisi_acc_queue_return_event(struct hisi_acc_ctx *ctx,
				 const struct hisi_acc_event *event);

#endif /* HISI_ACC_QUEUE_H */
