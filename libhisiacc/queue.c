// SPDX-License-Identifier: MIT
/* Queues: alloc, submit, peek, wait, cancel, restart. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"
#include "ring.h"
#include "sys.h"

/* How long a wait spins: grows when that pays off, shrinks when it does not. */
#define SPIN_MIN_NS	1000u
#define SPIN_MAX_NS	32000u
#define SPIN_START_NS	8000u
#define SPIN_ROUNDS	32

/* Looks at the state this often where no descriptor tells of its changes. */
#define STATE_POLL_NS	20000000u

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

static int set_event(struct hisiacc_queue *queue, int fd)
{
	struct hisi_acc_queue_event arg = {
		.argsz = sizeof(arg),
		.handle = queue->handle,
		.event_fd = fd,
	};
	int err;

	if (fd == queue->event_set)
		return 0;
	err = hisiacc_sys_ioctl(queue->ctx->fd, HISI_ACC_QUEUE_EVENT, &arg);
	if (!err)
		queue->event_set = fd;
	return err;
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
	queue->event_own = -1;
	queue->event_user = -1;
	queue->event_set = -1;
	queue->spin_ns = SPIN_START_NS;

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
	if (queue->db_size)
		hisiacc_sys_unmap(queue->db_map, queue->db_size);
	if (queue->cq_size)
		hisiacc_sys_unmap(queue->cq, queue->cq_size);
	if (queue->sq_size)
		hisiacc_sys_unmap(queue->sq, queue->sq_size);
	if (queue->event_own >= 0)
		hisiacc_sys_close(queue->event_own);
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

/* ---- Wait ---- */

uint64_t hisiacc_deadline(uint64_t from_now_ns)
{
	uint64_t now = hisiacc_sys_now();

	return from_now_ns > UINT64_MAX - now ? HISIACC_NO_DEADLINE :
	       now + from_now_ns;
}

bool hisiacc_deadline_passed(uint64_t deadline_ns)
{
	return deadline_ns != HISIACC_NO_DEADLINE &&
	       hisiacc_sys_now() >= deadline_ns;
}

/* Spins until there is something to peek, or for long enough. */
static bool spin(struct hisiacc_queue *queue, uint64_t deadline_ns)
{
	uint64_t now = hisiacc_sys_now();
	uint64_t end = now + queue->spin_ns;
	int i;

	if (end > deadline_ns)
		end = deadline_ns;
	while (now < end) {
		for (i = 0; i < SPIN_ROUNDS; i++) {
			if (hisiacc_ring_ready(queue) ||
			    hisiacc_queue_check(queue)) {
				queue->spin_ns += queue->spin_ns / 4;
				if (queue->spin_ns > SPIN_MAX_NS)
					queue->spin_ns = SPIN_MAX_NS;
				return true;
			}
			hisiacc_cpu_relax();
		}
		now = hisiacc_sys_now();
	}
	queue->spin_ns /= 2;
	if (queue->spin_ns < SPIN_MIN_NS)
		queue->spin_ns = SPIN_MIN_NS;
	return false;
}

/*
 * Has the kernel signal a descriptor that is the queue's alone, so that two
 * threads with a queue each never take the other's signal.
 */
static int use_own_event(struct hisiacc_queue *queue)
{
	if (queue->event_own < 0) {
		int fd = hisiacc_sys_eventfd();

		if (fd < 0)
			return fd;
		queue->event_own = fd;
	}
	return set_event(queue, queue->event_own);
}

/*
 * Sleeps until the event, a failure, a signal or the deadline. The context's
 * descriptor tells of failures, but of every queue's: if another one's keeps
 * it ready it is left out, and the sleep is bounded instead.
 */
static int sleep_on_event(struct hisiacc_queue *queue, uint64_t deadline_ns,
			  bool *skip_ctx)
{
	struct pollfd fds[] = {
		{ .fd = queue->event_own, .events = POLLIN },
		{ .fd = queue->ctx->fd },
	};
	uint64_t timeout = UINT64_MAX;
	uint64_t count;
	int n;

	if (deadline_ns != HISIACC_NO_DEADLINE) {
		uint64_t now = hisiacc_sys_now();

		if (now >= deadline_ns)
			return -ETIME;
		timeout = deadline_ns - now;
	}
	if (*skip_ctx && timeout > STATE_POLL_NS)
		timeout = STATE_POLL_NS;
	queue->sleeps++;
	n = hisiacc_sys_poll(fds, *skip_ctx ? 1 : 2, timeout);
	if (n < 0)
		return n == -EINTR ? 0 : n;
	if (fds[0].revents)
		(void)hisiacc_sys_read(queue->event_own, &count, sizeof(count));
	else if (n > 0 && !*skip_ctx && fds[1].revents)
		*skip_ctx = true;
	return 0;
}

int hisiacc_queue_wait(struct hisiacc_queue *queue,
		       struct hisiacc_completion *out, unsigned int count,
		       uint64_t deadline_ns)
{
	bool skip_ctx = false;
	int n;

	if (!count)
		return -EINVAL;
	n = hisiacc_queue_peek(queue, out, count);
	if (n || queue->head == queue->published)
		return n;
	if (hisiacc_deadline_passed(deadline_ns))
		return -ETIME;
	if (spin(queue, deadline_ns))
		return hisiacc_queue_peek(queue, out, count);
	n = use_own_event(queue);
	if (n)
		return n;
	for (;;) {
		/* Arm, look, sleep: what comes after the look is signalled. */
		n = hisiacc_ring_ack(queue, HISI_QM_DB_ARM);
		if (n && !hisiacc_queue_check(queue))
			return n;
		n = hisiacc_queue_peek(queue, out, count);
		if (n)
			return n;
		n = sleep_on_event(queue, deadline_ns, &skip_ctx);
		if (n)
			return n;
	}
}

int hisiacc_queue_set_event(struct hisiacc_queue *queue, int fd)
{
	int err;

	if (fd < -1)
		return -EBADF;
	/* The number may name another file by now, so the kernel is told anew. */
	queue->event_set = -2;
	err = set_event(queue, fd);
	if (!err)
		queue->event_user = fd;
	return err;
}

int hisiacc_queue_arm(struct hisiacc_queue *queue)
{
	int err = hisiacc_queue_check(queue);

	if (!err)
		err = set_event(queue, queue->event_user);
	if (!err)
		err = hisiacc_ring_ack(queue, HISI_QM_DB_ARM);
	if (queue->saved_count || hisiacc_ring_ready(queue))
		return 1;
	return err;
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
	int err = 0;

	if (!hisiacc_queue_check(queue))
		return -EBUSY;
	/* Broken by nonsense in its rings: the device still runs it. */
	if (queue->broken)
		err = stop(queue);
	if (err && err != -ENODEV)
		return err;
	save_all(queue, HISIACC_STATUS_UNKNOWN);
	return err ? err : start(queue);
}

/* Forgets the request of a synchronous call that failed. */
static void drop_all(struct hisiacc_queue *queue)
{
	/* A failed queue is quiet, unless it was the library that gave it up. */
	if (queue->broken)
		(void)stop(queue);
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
	}
	drop_all(queue);
	return n;
}
