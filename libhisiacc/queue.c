// SPDX-License-Identifier: MIT
/* Queues: alloc, submit, peek, cancel, restart. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"
#include "ring.h"
#include "sys.h"

_Static_assert(HISIACC_MODE_SVA == HISI_ACC_MODE_SVA &&
	       HISIACC_MODE_PASID == HISI_ACC_MODE_PASID &&
	       HISIACC_MODE_DMA == HISI_ACC_MODE_DMA, "modes");
_Static_assert(HISIACC_STATE_RUNNING == HISI_ACC_STATE_RUNNING &&
	       HISIACC_STATE_STOPPED == HISI_ACC_STATE_STOPPED &&
	       HISIACC_STATE_ERROR == HISI_ACC_STATE_ERROR &&
	       HISIACC_STATE_RESETTING == HISI_ACC_STATE_RESETTING &&
	       HISIACC_STATE_GONE == HISI_ACC_STATE_GONE, "states");
_Static_assert(HISIACC_QUEUE_NO_DOORBELL_MAP == HISI_ACC_QUEUE_NO_DB_MAP,
	       "queue flags");

/* ---- Alloc and free ---- */

/* Rings empty, as the kernel leaves them behind when a queue starts. */
static void ring_init(struct hisiacc_queue *queue, uint32_t db_rand)
{
	queue->db_sq = hisi_qm_db_base(queue->number, HISI_QM_DB_CMD_SQ,
				       db_rand);
	queue->db_cq = hisi_qm_db_base(queue->number, HISI_QM_DB_CMD_CQ,
				       db_rand);
	queue->tail = 0;
	queue->published = 0;
	queue->head = 0;
	queue->acked = 0;
	queue->phase = 1;
	queue->broken = false;
}

/* Is what the kernel granted something that can be worked with? */
static int check_grant(const struct hisiacc_ctx *ctx,
		       const struct hisi_acc_queue_alloc *arg)
{
	uint64_t depth = arg->out_depth;

	if (!(arg->out_mode & arg->modes) ||
	    (arg->out_mode & (arg->out_mode - 1)))
		return -EPROTO;
	if (depth < 2 || depth > HISI_QM_DEPTH_MAX || (depth & (depth - 1)))
		return -EPROTO;
	if (arg->out_sq_size < depth * ctx->sqe_size ||
	    arg->out_cq_size < depth * sizeof(struct hisi_qm_cqe))
		return -EPROTO;
	if (arg->out_db_size &&
	    (arg->out_db_offset % 8 || arg->out_db_size < 8 ||
	     arg->out_db_offset > arg->out_db_size - 8))
		return -EPROTO;
	if (arg->out_status_offset % 4 ||
	    arg->out_status_offset > ctx->status_size ||
	    ctx->status_size - arg->out_status_offset <
	    sizeof(struct hisi_acc_queue_status))
		return -EPROTO;
	return 0;
}

static int map_rings(struct hisiacc_queue *queue,
		     const struct hisi_acc_queue_alloc *arg)
{
	int fd = queue->ctx->fd;
	void *addr;
	int err;

	err = hisiacc_sys_map(fd, arg->out_sq_key, arg->out_sq_size,
			      PROT_READ | PROT_WRITE, &addr);
	if (err)
		return err;
	queue->sq = addr;
	queue->sq_size = arg->out_sq_size;

	err = hisiacc_sys_map(fd, arg->out_cq_key, arg->out_cq_size,
			      PROT_READ | PROT_WRITE, &addr);
	if (err)
		return err;
	queue->cq = addr;
	queue->cq_size = arg->out_cq_size;

	if (!arg->out_db_size)
		return 0;
	err = hisiacc_sys_map(fd, arg->out_db_key, arg->out_db_size,
			      PROT_READ | PROT_WRITE, &queue->db_map);
	if (err)
		return err;
	queue->db_size = arg->out_db_size;
	queue->db = (volatile uint64_t *)((char *)queue->db_map +
					  arg->out_db_offset);
	return 0;
}

/* @modes: those that the context accepts. */
static int attr_to_arg(const struct hisiacc_ctx *ctx,
		       const struct hisiacc_queue_attr *attr, uint32_t modes,
		       struct hisi_acc_queue_alloc *arg)
{
	if (attr->size != sizeof(*attr))
		return -EINVAL;
	if (attr->flags & ~HISIACC_QUEUE_NO_DOORBELL_MAP ||
	    attr->modes & ~HISIACC_MODES_ALL)
		return -EOPNOTSUPP;
	if (attr->modes & ~modes)
		return -EINVAL;
	if (!ctx->zip)
		return -EOPNOTSUPP;

	*arg = (struct hisi_acc_queue_alloc){
		.argsz = sizeof(*arg),
		.flags = attr->flags,
		.modes = attr->modes ? attr->modes : modes,
		.type = attr->type,
		.depth = attr->depth,
		.event_fd = -1,
	};
	if (!HISIACC_CAN_MAP_DOORBELL)
		arg->flags |= HISI_ACC_QUEUE_NO_DB_MAP;
	return 0;
}

int hisiacc_queue_alloc(struct hisiacc_ctx *ctx,
			const struct hisiacc_queue_attr *attr,
			struct hisiacc_queue **out)
{
	struct hisi_acc_queue_alloc arg;
	struct hisiacc_queue *queue;
	int err;

	*out = NULL;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	queue->ctx = ctx;
	hisiacc_queue_wait_init(queue);
	err = attr_to_arg(ctx, attr, hisiacc_ctx_hold(ctx), &arg);
	if (err)
		goto free_queue;
	err = hisiacc_sys_ioctl(ctx->fd, HISI_ACC_QUEUE_ALLOC, &arg);
	if (err)
		goto free_queue;
	queue->handle = arg.out_handle;
	err = check_grant(ctx, &arg);
	if (err)
		goto free_queue;
	queue->status = (const volatile void *)((const volatile char *)
						ctx->status +
						arg.out_status_offset);
	queue->number = arg.out_queue;
	queue->mode = arg.out_mode;
	queue->reason = arg.out_reason;
	queue->pasid = arg.out_pasid;
	queue->type = attr->type;
	queue->mask = arg.out_depth - 1;
	queue->sqe_size = ctx->sqe_size;
	queue->zip = ctx->zip;
	queue->formats = hisiacc_zip_formats(ctx->algs, attr->type);
	queue->slots = calloc(arg.out_depth, sizeof(*queue->slots));
	queue->saved = calloc(arg.out_depth, sizeof(*queue->saved));
	err = -ENOMEM;
	if (!queue->slots || !queue->saved)
		goto free_queue;
	err = map_rings(queue, &arg);
	if (err)
		goto free_queue;
	ring_init(queue, arg.out_db_rand);
	*out = queue;
	return 0;

free_queue:
	hisiacc_queue_free(queue);
	return err;
}

/* Nothing is in flight any more: what it used may go. */
static void put_all(struct hisiacc_queue *queue)
{
	for (; queue->head != queue->tail;
	     queue->head = (queue->head + 1) & queue->mask)
		hisiacc_slot_put(queue, &queue->slots[queue->head]);
}

void hisiacc_queue_free(struct hisiacc_queue *queue)
{
	struct hisi_acc_queue_free arg = { .argsz = sizeof(arg) };

	if (!queue)
		return;
	hisiacc_zip_stream_free(queue->large);
	if (queue->handle) {
		arg.handle = queue->handle;
		(void)hisiacc_sys_ioctl(queue->ctx->fd, HISI_ACC_QUEUE_FREE,
					&arg);
	}
	put_all(queue);
	if (queue->db_size)
		hisiacc_sys_unmap(queue->db_map, queue->db_size);
	if (queue->cq_size)
		hisiacc_sys_unmap(queue->cq, queue->cq_size);
	if (queue->sq_size)
		hisiacc_sys_unmap(queue->sq, queue->sq_size);
	hisiacc_queue_wait_fini(queue);
	hisiacc_ctx_release(queue->ctx);
	free(queue->saved);
	free(queue->slots);
	free(queue);
}

/* ---- Questions ---- */

int hisiacc_queue_info(const struct hisiacc_queue *queue,
		       struct hisiacc_queue_info *info)
{
	if (info->size < sizeof(*info))
		return -EINVAL;
	*info = (struct hisiacc_queue_info){
		.size = sizeof(*info),
		.handle = queue->handle,
		.mode = queue->mode,
		.reason = queue->reason,
		.type = queue->type,
		.depth = queue->mask + 1,
		.doorbell_mapped = queue->db != NULL,
		.pasid = queue->pasid,
	};
	return 0;
}

int hisiacc_queue_stats(const struct hisiacc_queue *queue,
			struct hisiacc_queue_stats *stats)
{
	if (stats->size < sizeof(*stats))
		return -EINVAL;
	*stats = (struct hisiacc_queue_stats){
		.size = sizeof(*stats),
		.submitted = queue->submitted,
		.completed = queue->completed,
		.sq_doorbells = queue->sq_doorbells,
		.cq_doorbells = queue->cq_doorbells,
		.sleeps = queue->sleeps,
		.cache_hits = queue->cache_hits,
		.cache_misses = queue->cache_misses,
	};
	return 0;
}

unsigned int hisiacc_queue_room(const struct hisiacc_queue *queue)
{
	return queue->mask - ((queue->tail - queue->head) & queue->mask) -
	       queue->saved_count;
}

enum hisiacc_state hisiacc_queue_state(const struct hisiacc_queue *queue)
{
	uint32_t state = hisiacc_status_word(&queue->status->state);

	if (hisiacc_ctx_state(queue->ctx) == HISIACC_STATE_GONE)
		return HISIACC_STATE_GONE;
	if (queue->broken && state == HISI_ACC_STATE_RUNNING)
		return HISIACC_STATE_ERROR;
	return (enum hisiacc_state)state;
}

int hisiacc_queue_failure(const struct hisiacc_queue *queue)
{
	switch (hisiacc_queue_state(queue)) {
	case HISIACC_STATE_RUNNING:
		return 0;
	case HISIACC_STATE_GONE:
		return -ENODEV;
	default:
		return -EIO;
	}
}

/* ---- Submit and peek ---- */

int hisiacc_queue_doorbell(struct hisiacc_queue *queue, uint32_t flags,
			   uint32_t index)
{
	struct hisi_acc_queue_doorbell arg = {
		.argsz = sizeof(arg),
		.flags = flags,
		.handle = queue->handle,
		.index = index,
	};

	return hisiacc_sys_ioctl(queue->ctx->fd, HISI_ACC_QUEUE_DOORBELL, &arg);
}

int hisiacc_queue_submit(struct hisiacc_queue *queue)
{
	return hisiacc_ring_submit(queue);
}

void hisiacc_queue_special(struct hisiacc_queue *queue,
			   const struct hisi_zip_sqe *sqe)
{
	if (queue->words)
		hisiacc_zip_words_load(sqe, queue->words);
	hisiacc_slot_put(queue, &queue->slots[queue->head]);
}

/* Puts a completion behind the saved ones. */
static struct hisiacc_completion *save_slot(struct hisiacc_queue *queue)
{
	uint32_t i = (queue->saved_head + queue->saved_count++) & queue->mask;

	return &queue->saved[i];
}

static unsigned int take_saved(struct hisiacc_queue *queue,
			       struct hisiacc_completion *out,
			       unsigned int count)
{
	unsigned int n = 0;

	while (n < count && queue->saved_count) {
		out[n++] = queue->saved[queue->saved_head];
		queue->saved_head = (queue->saved_head + 1) & queue->mask;
		queue->saved_count--;
	}
	queue->completed += n;
	return n;
}

int hisiacc_queue_peek(struct hisiacc_queue *queue,
		       struct hisiacc_completion *out, unsigned int count)
{
	unsigned int n = 0;
	int err;

	if (unlikely(queue->saved_count))
		n = take_saved(queue, out, count);
	n += hisiacc_ring_peek(queue, out + n, count - n);
	if (likely(n))
		return (int)n;
	err = hisiacc_queue_check(queue);
	if (likely(!err))
		return 0;
	/* What arrived between the look at the ring and that at the state. */
	n = hisiacc_ring_peek(queue, out, count);
	return n ? (int)n : err;
}

/* ---- Cancel and restart ---- */

static int stop(struct hisiacc_queue *queue)
{
	struct hisi_acc_queue_stop arg = {
		.argsz = sizeof(arg),
		.handle = queue->handle,
	};

	return hisiacc_sys_ioctl(queue->ctx->fd, HISI_ACC_QUEUE_STOP, &arg);
}

static int start(struct hisiacc_queue *queue)
{
	struct hisi_acc_queue_start arg = {
		.argsz = sizeof(arg),
		.handle = queue->handle,
	};
	int err;

	err = hisiacc_sys_ioctl(queue->ctx->fd, HISI_ACC_QUEUE_START, &arg);
	if (!err)
		ring_init(queue, arg.out_db_rand);
	return err;
}

/*
 * Moves every request that is out of the rings, which are about to be zeroed:
 * completed ones as they are, submitted ones as @lost, prepared ones as
 * cancelled. The device must be quiet.
 */
static void save_all(struct hisiacc_queue *queue, uint32_t lost)
{
	struct hisiacc_completion done, *c;
	uint32_t status = lost;

	while (!queue->broken && hisiacc_ring_ready(queue) &&
	       hisiacc_ring_pop(queue, &done))
		*save_slot(queue) = done;

	while (queue->head != queue->tail) {
		if (queue->head == queue->published) {
			status = HISIACC_STATUS_CANCELLED;
			queue->published = queue->tail;
		}
		c = save_slot(queue);
		*c = (struct hisiacc_completion){
			.user_data = queue->slots[queue->head].user_data,
			.status = status,
		};
		hisiacc_slot_put(queue, &queue->slots[queue->head]);
		queue->head = (queue->head + 1) & queue->mask;
	}
	queue->published = queue->tail;
	queue->acked = queue->tail;
}

int hisiacc_queue_cancel(struct hisiacc_queue *queue)
{
	int err = stop(queue);

	if (err && err != -ENODEV)
		return err;
	save_all(queue, HISIACC_STATUS_CANCELLED);
	return err ? err : start(queue);
}

int hisiacc_queue_restart(struct hisiacc_queue *queue)
{
	int err;

	if (!hisiacc_queue_check(queue))
		return -EBUSY;
	/* The state says that it failed, not that the device is done with it. */
	err = stop(queue);
	if (err && err != -ENODEV)
		return err;
	save_all(queue, HISIACC_STATUS_UNKNOWN);
	return err ? err : start(queue);
}

/* Forgets the request of a synchronous call that failed. */
static void drop_all(struct hisiacc_queue *queue)
{
	save_all(queue, HISIACC_STATUS_UNKNOWN);
	queue->completed += queue->saved_count;
	queue->saved_count = 0;
}

int hisiacc_queue_run(struct hisiacc_queue *queue, uint64_t deadline_ns,
		      struct hisiacc_completion *out)
{
	int n = hisiacc_queue_submit(queue);
	int err;

	if (n > 0)
		n = hisiacc_queue_wait(queue, out, 1, deadline_ns);
	if (n == 1)
		return 0;
	if (n == -ETIME || !hisiacc_queue_check(queue)) {
		err = hisiacc_queue_cancel(queue);
		if (!err && n == -ETIME) {
			take_saved(queue, out, 1);
			return -ETIME;
		}
		if (err)
			n = err;
	} else {
		/* It has failed, and the device may still be at work on it. */
		(void)stop(queue);
	}
	drop_all(queue);
	return n;
}
