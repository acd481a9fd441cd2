// SPDX-License-Identifier: GPL-2.0
/* struct hisi_acc_queue: rings, state machine, events. */
#include <linux/eventfd.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "ctx.h"
#include "dev.h"
#include "queue.h"
#include "region.h"

static_assert(sizeof(struct hisi_acc_status) +
	      HISI_ACC_CTX_QUEUES * sizeof(struct hisi_acc_queue_status) <=
	      PAGE_SIZE);

static void queue_make_ready(struct hisi_acc_queue *queue, u32 event)
{
	struct hisi_acc_ctx *ctx = queue->ctx;

	lockdep_assert_held(&ctx->event_lock);

	if (!queue->pending)
		list_add_tail(&queue->ready, &ctx->ready);
	queue->pending |= event;
	wake_up_all(&ctx->wait);
}

static void queue_wake(struct hisi_acc_queue *queue, u32 event)
{
	queue_make_ready(queue, event);
	if (queue->eventfd)
		eventfd_signal(queue->eventfd);
}

static void queue_set_state(struct hisi_acc_queue *queue, u32 state)
{
	struct hisi_acc_ctx *ctx = queue->ctx;

	lockdep_assert_held(&ctx->event_lock);

	if (queue->state == state)
		return;
	ctx->failed += (state == HISI_ACC_STATE_ERROR) -
		       (queue->state == HISI_ACC_STATE_ERROR);
	queue->state = state;
	WRITE_ONCE(queue->status->generation, queue->status->generation + 1);
	WRITE_ONCE(queue->status->state, state);
	if (state == HISI_ACC_STATE_ERROR)
		queue_wake(queue, HISI_ACC_EVENT_STATE);
}

static void queue_change_state(struct hisi_acc_queue *queue, u32 state)
{
	spin_lock(&queue->ctx->event_lock);
	queue_set_state(queue, state);
	spin_unlock(&queue->ctx->event_lock);
}

static void queue_notify(struct hisi_acc_qp *qp, enum hisi_acc_qp_event event)
{
	struct hisi_acc_queue *queue = container_of(qp, struct hisi_acc_queue, qp);
	struct hisi_acc_ctx *ctx = queue->ctx;

	spin_lock(&ctx->event_lock);
	if (event == HISI_ACC_QP_COMPLETION) {
		queue->events++;
		WRITE_ONCE(queue->status->events, (u32)queue->events);
		queue_wake(queue, HISI_ACC_EVENT_COMPLETION);
	} else {
		queue_set_state(queue, HISI_ACC_STATE_ERROR);
	}
	spin_unlock(&ctx->event_lock);
}

bool hisi_acc_queue_next_event(struct hisi_acc_ctx *ctx,
			       struct hisi_acc_event *event)
{
	struct hisi_acc_queue *queue;

	spin_lock(&ctx->event_lock);
	queue = list_first_entry_or_null(&ctx->ready, struct hisi_acc_queue,
					 ready);
	if (queue) {
		event->handle = queue->handle;
		event->flags = queue->pending;
		queue->pending = 0;
		list_del_init(&queue->ready);
	}
	spin_unlock(&ctx->event_lock);
	return queue;
}

void hisi_acc_queue_return_event(struct hisi_acc_ctx *ctx,
				 const struct hisi_acc_event *event)
{
	struct hisi_acc_queue *queue;

	mutex_lock(&ctx->lock);
	queue = xa_load(&ctx->queues, event->handle);
	if (queue) {
		spin_lock(&ctx->event_lock);
		queue_make_ready(queue, event->flags);
		spin_unlock(&ctx->event_lock);
	}
	mutex_unlock(&ctx->lock);
}

static void rings_zero(struct hisi_acc_queue *queue)
{
	unsigned long i;

	for (i = 0; i < queue->sq_pages + queue->cq_pages; i++)
		clear_page(page_address(queue->pages[i]));
}

static void rings_free_pages(struct hisi_acc_queue *queue, unsigned long count)
{
	while (count--)
		put_page(queue->pages[count]);
	kvfree(queue->pages);
}

/* Single pages: user space may keep them mapped longer than the queue lives. */
static int rings_alloc(struct hisi_acc_queue *queue)
{
	struct hisi_acc_dev *dev = queue->ctx->dev;
	u32 depth = queue->qp.depth;
	unsigned long i, count;
	int ret;

	queue->sq_pages = DIV_ROUND_UP(depth << dev->qm.engine->sqe_log2,
				       PAGE_SIZE);
	queue->cq_pages = DIV_ROUND_UP(depth << QM_CQE_SIZE_LOG2, PAGE_SIZE);
	count = queue->sq_pages + queue->cq_pages;
	queue->pages = kvcalloc(count, sizeof(*queue->pages), GFP_KERNEL_ACCOUNT);
	if (!queue->pages)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		queue->pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!queue->pages[i]) {
			ret = -ENOMEM;
			goto free_pages;
		}
	}

	ret = hisi_acc_map_init(&queue->map, dev, queue->pages, count,
				DMA_BIDIRECTIONAL);
	if (ret)
		goto free_pages;
	queue->qp.sq = queue->map.iova;
	queue->qp.cq = queue->map.iova + (queue->sq_pages << PAGE_SHIFT);
	return 0;

free_pages:
	rings_free_pages(queue, i);
	return ret;
}

static void rings_free(struct hisi_acc_queue *queue)
{
	hisi_acc_map_fini(&queue->map, queue->ctx->dev);
	rings_free_pages(queue, queue->sq_pages + queue->cq_pages);
}

/*
 * The page that holds the doorbell and nothing that is not the queue's own, or
 * 0: where CPU pages are larger than the gap, the neighbours would be mapped
 * along with it.
 */
static phys_addr_t doorbell_page(struct hisi_acc_qm *qm, u32 id)
{
	phys_addr_t bar;

	if (qm->db_pages) {
		bar = pci_resource_start(qm->pdev, QM_BAR_DOORBELLS);
		return (bar + (phys_addr_t)id * QM_DB_PAGE_SIZE + QM_DB_QUEUE) &
		       PAGE_MASK;
	}
	bar = pci_resource_start(qm->pdev, QM_BAR_REGS);
	return PAGE_SIZE > SZ_4K ? 0 : bar + QM_DB_QUEUE;
}

static void regions_kill(struct hisi_acc_queue *queue)
{
	hisi_acc_region_kill(queue->db_region);
	hisi_acc_region_kill(queue->cq_region);
	hisi_acc_region_kill(queue->sq_region);
}

static int regions_init(struct hisi_acc_queue *queue, u32 flags)
{
	struct hisi_acc_ctx *ctx = queue->ctx;
	phys_addr_t doorbell = doorbell_page(&ctx->dev->qm, queue->qp.id);
	struct hisi_acc_region *region;

	region = hisi_acc_region_ram(ctx, queue->pages, queue->sq_pages, false);
	if (IS_ERR(region))
		return PTR_ERR(region);
	queue->sq_region = region;

	region = hisi_acc_region_ram(ctx, queue->pages + queue->sq_pages,
				     queue->cq_pages, false);
	if (IS_ERR(region))
		return PTR_ERR(region);
	queue->cq_region = region;

	if (!doorbell || (flags & HISI_ACC_QUEUE_NO_DB_MAP))
		return 0;
	region = hisi_acc_region_doorbell(ctx, doorbell);
	if (IS_ERR(region))
		return PTR_ERR(region);
	queue->db_region = region;
	return 0;
}

/* Undoes what queue_create() got done; the hardware half is stopped here. */
void hisi_acc_queue_destroy(struct hisi_acc_queue *queue)
{
	struct hisi_acc_ctx *ctx = queue->ctx;
	struct hisi_acc_qm *qm = &ctx->dev->qm;

	/* first silence user space, then the hardware */
	regions_kill(queue);
	hisi_acc_qp_stop(qm, &queue->qp);
	hisi_acc_qp_put(qm, &queue->qp);	/* no notify() after this */

	spin_lock(&ctx->event_lock);
	list_del(&queue->ready);
	if (queue->state == HISI_ACC_STATE_ERROR)
		ctx->failed--;
	memset(queue->status, 0, sizeof(*queue->status));
	spin_unlock(&ctx->event_lock);

	if (queue->eventfd)
		eventfd_ctx_put(queue->eventfd);
	rings_free(queue);
	hisi_acc_user_put_queue(ctx->user);
	kfree(queue);
}

static int queue_run(struct hisi_acc_queue *queue)
{
	int ret;

	queue_change_state(queue, HISI_ACC_STATE_RUNNING);
	ret = hisi_acc_qp_start(&queue->ctx->dev->qm, &queue->qp);
	if (ret)
		queue_change_state(queue, HISI_ACC_STATE_ERROR);
	return ret;
}

static struct hisi_acc_queue *queue_create(struct hisi_acc_ctx *ctx,
					   const struct hisi_acc_queue_alloc *arg,
					   const struct hisi_acc_grant *grant)
{
	struct hisi_acc_dev *dev = ctx->dev;
	struct hisi_acc_queue *queue;
	int ret;

	lockdep_assert_held(&ctx->lock);

	queue = kzalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	queue->ctx = ctx;
	INIT_LIST_HEAD(&queue->ready);
	queue->qp.type = arg->type;
	queue->qp.depth = arg->depth ?: dev->qm.depth_max;
	queue->qp.notify = queue_notify;
	queue->qp.pasid = grant->pasid;
	queue->mode = grant->mode;
	queue->reason = grant->reason;

	ret = hisi_acc_user_get_queue(ctx->user);
	if (ret) {
		ret = -ENOSPC;
		goto free_queue;
	}
	ret = rings_alloc(queue);
	if (ret)
		goto put_user;
	ret = hisi_acc_ctx_add(&ctx->queues, &queue->handle, queue,
			       HISI_ACC_CTX_QUEUES);
	if (ret)
		goto free_rings;
	queue->status = (void *)(ctx->status + 1);
	queue->status += queue->handle - 1;
	ret = hisi_acc_qp_get(&dev->qm, &queue->qp);
	if (ret)
		goto remove;

	/* complete enough to be undone as a whole */
	ret = regions_init(queue, arg->flags);
	if (!ret)
		ret = queue_run(queue);
	if (ret) {
		xa_erase(&ctx->queues, queue->handle);
		hisi_acc_queue_destroy(queue);
		return ERR_PTR(ret);
	}
	return queue;

remove:
	xa_erase(&ctx->queues, queue->handle);
free_rings:
	rings_free(queue);
put_user:
	hisi_acc_user_put_queue(ctx->user);
free_queue:
	kfree(queue);
	return ERR_PTR(ret);
}

static int queue_check(struct hisi_acc_dev *dev,
		       const struct hisi_acc_queue_alloc *arg)
{
	if (!arg->modes || arg->__reserved)
		return -EINVAL;
	if ((arg->modes & ~HISI_ACC_MODES_ALL) ||
	    arg->type >= dev->qm.engine->queue_types)
		return -EOPNOTSUPP;
	if (arg->depth && (!is_power_of_2(arg->depth) ||
			   arg->depth < HISI_ACC_QUEUE_DEPTH_MIN ||
			   arg->depth > dev->qm.depth_max))
		return -EINVAL;
	return 0;
}

static void queue_report(const struct hisi_acc_queue *queue,
			 struct hisi_acc_queue_alloc *arg)
{
	arg->out_handle = queue->handle;
	arg->out_mode = queue->mode;
	arg->out_reason = queue->reason;
	arg->out_pasid = queue->qp.pasid;
	arg->out_depth = queue->qp.depth;
	arg->out_queue = queue->qp.id;
	arg->out_db_rand = queue->qp.rand;
	arg->out_db_offset = QM_DB_QUEUE & ~PAGE_MASK;
	arg->out_status_offset = (void *)queue->status -
				 (void *)queue->ctx->status;
	arg->out_sq_key = queue->sq_region->key;
	arg->out_sq_size = queue->sq_region->size;
	arg->out_cq_key = queue->cq_region->key;
	arg->out_cq_size = queue->cq_region->size;
	arg->out_db_key = queue->db_region ? queue->db_region->key : 0;
	arg->out_db_size = queue->db_region ? queue->db_region->size : 0;
}

static struct eventfd_ctx *eventfd_get(s32 fd)
{
	return fd == -1 ? NULL : eventfd_ctx_fdget(fd);
}

/* The first one. It hears of what has happened to the queue so far. */
static void queue_set_eventfd(struct hisi_acc_queue *queue,
			      struct eventfd_ctx *eventfd)
{
	struct hisi_acc_ctx *ctx = queue->ctx;

	spin_lock(&ctx->event_lock);
	queue->eventfd = eventfd;
	if (eventfd && queue->pending)
		eventfd_signal(eventfd);
	spin_unlock(&ctx->event_lock);
}

int hisi_acc_queue_alloc(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_queue_alloc *arg = data;
	struct hisi_acc_queue *queue;
	struct eventfd_ctx *eventfd;
	struct hisi_acc_grant grant;
	int ret;

	ret = queue_check(ctx->dev, arg);
	if (ret)
		return ret;
	eventfd = eventfd_get(arg->event_fd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);

	ret = hisi_acc_space_get(ctx, arg->modes, &grant);
	if (ret)
		goto put_eventfd;
	mutex_lock(&ctx->lock);
	queue = queue_create(ctx, arg, &grant);
	if (!IS_ERR(queue)) {
		queue_set_eventfd(queue, eventfd);
		eventfd = NULL;
		queue_report(queue, arg);
	}
	mutex_unlock(&ctx->lock);
	if (IS_ERR(queue)) {
		hisi_acc_space_put(ctx);
		ret = PTR_ERR(queue);
	}
put_eventfd:
	if (eventfd)
		eventfd_ctx_put(eventfd);
	return ret;
}

static int queue_free(struct hisi_acc_ctx *ctx, u32 handle)
{
	struct hisi_acc_queue *queue;

	mutex_lock(&ctx->lock);
	queue = xa_erase(&ctx->queues, handle);
	if (queue)
		hisi_acc_queue_destroy(queue);
	mutex_unlock(&ctx->lock);
	if (!queue)
		return -ENOENT;
	hisi_acc_space_put(ctx);
	return 0;
}

void hisi_acc_queue_alloc_undo(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_queue_alloc *arg = data;

	queue_free(ctx, arg->out_handle);
}

int hisi_acc_queue_free(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_queue_free *arg = data;

	return arg->__reserved ? -EINVAL : queue_free(ctx, arg->handle);
}

int hisi_acc_queue_query(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_queue_query *arg = data;
	struct hisi_acc_queue *queue;

	if (arg->__reserved)
		return -EINVAL;
	mutex_lock(&ctx->lock);
	queue = xa_load(&ctx->queues, arg->handle);
	if (queue) {
		spin_lock(&ctx->event_lock);
		arg->out_state = queue->state;
		arg->out_events = queue->events;
		spin_unlock(&ctx->event_lock);
		arg->out_mode = queue->mode;
		arg->out_type = queue->qp.type;
		arg->out_depth = queue->qp.depth;
	}
	mutex_unlock(&ctx->lock);
	return queue ? 0 : -ENOENT;
}

static int queue_restart(struct hisi_acc_queue *queue)
{
	if (queue->state == HISI_ACC_STATE_RUNNING)
		return -EBUSY;
	/* after a fault the hardware half still stands */
	hisi_acc_qp_stop(&queue->ctx->dev->qm, &queue->qp);
	rings_zero(queue);
	return queue_run(queue);
}

int hisi_acc_queue_start(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_queue_start *arg = data;
	struct hisi_acc_queue *queue;
	int ret = -ENOENT;

	mutex_lock(&ctx->lock);
	queue = xa_load(&ctx->queues, arg->handle);
	if (queue) {
		ret = queue_restart(queue);
		arg->out_db_rand = queue->qp.rand;
	}
	mutex_unlock(&ctx->lock);
	return ret;
}

static int queue_stop(struct hisi_acc_ctx *ctx, u32 handle)
{
	struct hisi_acc_queue *queue;

	mutex_lock(&ctx->lock);
	queue = xa_load(&ctx->queues, handle);
	/* a reset that it took has set the state to ERROR */
	if (queue && !hisi_acc_qp_stop(&ctx->dev->qm, &queue->qp)) {
		spin_lock(&ctx->event_lock);
		if (queue->state == HISI_ACC_STATE_RUNNING)
			queue_set_state(queue, HISI_ACC_STATE_STOPPED);
		spin_unlock(&ctx->event_lock);
	}
	mutex_unlock(&ctx->lock);
	return queue ? 0 : -ENOENT;
}

int hisi_acc_queue_stop(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_queue_stop *arg = data;

	return arg->__reserved ? -EINVAL : queue_stop(ctx, arg->handle);
}

void hisi_acc_queue_start_undo(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_queue_start *arg = data;

	queue_stop(ctx, arg->handle);
}

int hisi_acc_queue_event(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_queue_event *arg = data;
	struct eventfd_ctx *eventfd = eventfd_get(arg->event_fd);
	struct hisi_acc_queue *queue;

	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	mutex_lock(&ctx->lock);
	queue = xa_load(&ctx->queues, arg->handle);
	if (queue) {
		spin_lock(&ctx->event_lock);
		swap(queue->eventfd, eventfd);
		spin_unlock(&ctx->event_lock);
	}
	mutex_unlock(&ctx->lock);
	if (eventfd)
		eventfd_ctx_put(eventfd);
	return queue ? 0 : -ENOENT;
}

int hisi_acc_queue_doorbell(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_queue_doorbell *arg = data;
	bool cq = arg->flags & HISI_ACC_DOORBELL_CQ;
	bool arm = arg->flags & HISI_ACC_DOORBELL_ARM;
	struct hisi_acc_queue *queue;
	int ret = -ENOENT;

	if (arm && !cq)
		return -EINVAL;
	mutex_lock(&ctx->lock);
	queue = xa_load(&ctx->queues, arg->handle);
	if (queue && arg->index >= queue->qp.depth)
		ret = -EINVAL;
	else if (queue && READ_ONCE(queue->state) != HISI_ACC_STATE_RUNNING)
		ret = -EIO;
	else if (queue)
		ret = hisi_acc_qp_doorbell(&ctx->dev->qm, &queue->qp,
					   cq ? QM_DB_CMD_CQ : QM_DB_CMD_SQ,
					   arg->index, arm ? QM_DB_PRIO_ARM : 0);
	mutex_unlock(&ctx->lock);
	return ret;
}
