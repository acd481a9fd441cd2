// SPDX-License-Identifier: GPL-2.0
/* File operations: open, the ioctl table, copy in and out, mmap, poll, read. */
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "alloc.h"
#include "ctx.h"
#include "dev.h"
#include "import.h"
#include "mem.h"
#include "queue.h"
#include "region.h"

static int acc_open(struct inode *inode, struct file *file)
{
	struct hisi_acc_dev *dev = container_of(inode->i_cdev,
						struct hisi_acc_dev, cdev);
	struct hisi_acc_ctx *ctx;
	int ret;

	ret = hisi_acc_dev_enter(dev);
	if (ret)
		return ret;
	ctx = hisi_acc_ctx_alloc(dev, file->f_mapping);
	hisi_acc_dev_leave(dev);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	file->private_data = ctx;
	return stream_open(inode, file);
}

static int acc_release(struct inode *inode, struct file *file)
{
	hisi_acc_ctx_free(file->private_data);
	return 0;
}

static int acc_query(struct hisi_acc_ctx *ctx, void *data)
{
	struct hisi_acc_dev *dev = ctx->dev;
	struct hisi_acc_qm *qm = &dev->qm;
	struct hisi_acc_query *arg = data;
	u32 reasons[HISI_ACC_MODES];
	int mode;

	arg->out_modes = 0;
	arg->out_uapi_version = HISI_ACC_UAPI_VERSION;
	arg->out_engine = qm->engine->id;
	arg->out_hw_version = qm->version->number;
	for (mode = 0; mode < HISI_ACC_MODES; mode++) {
		reasons[mode] = hisi_acc_modes_reason(dev, mode, ctx->mm);
		if (reasons[mode])
			continue;
		arg->out_modes |= BIT(mode);
		reasons[mode] = hisi_acc_space_reason(ctx, mode);
	}
	arg->out_sva_reason = reasons[MODE_SVA];
	arg->out_pasid_reason = reasons[MODE_PASID];
	arg->out_dma_reason = reasons[MODE_DMA];
	arg->out_queues = qm->queues;
	arg->out_queues_free = hisi_acc_qp_count_free(qm);
	arg->out_queues_max = HISI_ACC_CTX_QUEUES;
	arg->out_queue_types = qm->engine->queue_types;
	arg->out_depth_min = HISI_ACC_QUEUE_DEPTH_MIN;
	arg->out_depth_max = qm->depth_max;
	arg->out_sqe_size = 1 << qm->engine->sqe_log2;
	arg->out_cqe_size = 1 << QM_CQE_SIZE_LOG2;
	arg->out_mems_max = HISI_ACC_CTX_MEMS;
	arg->out_mem_align = 1;
	arg->out_status_size = PAGE_SIZE;
	arg->out_status_key = ctx->status_region->key;
	arg->out_algs = qm->engine->algs(qm);
	arg->out_mem_size_max = HISI_ACC_MEM_SIZE_MAX;
	arg->out_features = HISI_ACC_FEATURE_FORK_SAFE | HISI_ACC_FEATURE_WATCH |
			    HISI_ACC_FEATURE_DMABUF;
	arg->out_stale_offset = HISI_ACC_CTX_STALE_OFFSET;
	return 0;
}

/* Every argument starts like this. */
struct acc_header {
	__u32 argsz;
	__u32 flags;
};

union acc_args {
	struct acc_header header;
	struct hisi_acc_query query;
	struct hisi_acc_queue_alloc queue_alloc;
	struct hisi_acc_queue_free queue_free;
	struct hisi_acc_queue_query queue_query;
	struct hisi_acc_queue_start queue_start;
	struct hisi_acc_queue_stop queue_stop;
	struct hisi_acc_queue_event queue_event;
	struct hisi_acc_queue_doorbell queue_doorbell;
	struct hisi_acc_mem_pin mem_pin;
	struct hisi_acc_mem_import mem_import;
	struct hisi_acc_mem_alloc mem_alloc;
	struct hisi_acc_export_args mem_export;
	struct hisi_acc_mem_unpin mem_unpin;
};

/*
 * @min is the struct's size in the first release, @out where its outputs start,
 * which go to its end; 0: it has none. @undo takes back what a handler did
 * whose answer could not be delivered. Both run inside the gate, unless they
 * say that they enter it by themselves. @done is called, outside it, when the
 * answer is delivered.
 */
static const struct acc_ioctl {
	unsigned int cmd;
	u32 size;
	u32 min;
	u32 out;
	u32 flags;
	bool ungated;
	int (*run)(struct hisi_acc_ctx *ctx, void *arg);
	void (*undo)(struct hisi_acc_ctx *ctx, void *arg);
	void (*done)(struct hisi_acc_ctx *ctx, void *arg);
} acc_ioctls[] = {
#define ACC_IOCTL(_cmd, _type, _last, ...)				\
	{								\
		.cmd = _cmd,						\
		.size = sizeof(struct _type) +				\
			BUILD_BUG_ON_ZERO(sizeof(struct _type) >	\
					  sizeof(union acc_args)),	\
		.min = offsetofend(struct _type, _last),		\
		__VA_ARGS__						\
	}
	ACC_IOCTL(HISI_ACC_QUERY, hisi_acc_query, out_stale_offset,
		  .out = offsetof(struct hisi_acc_query, out_uapi_version),
		  .run = acc_query),
	ACC_IOCTL(HISI_ACC_QUEUE_ALLOC, hisi_acc_queue_alloc, __reserved,
		  .out = offsetof(struct hisi_acc_queue_alloc, out_handle),
		  .flags = HISI_ACC_QUEUE_NO_DB_MAP,
		  .run = hisi_acc_queue_alloc,
		  .undo = hisi_acc_queue_alloc_undo),
	ACC_IOCTL(HISI_ACC_QUEUE_FREE, hisi_acc_queue_free, __reserved,
		  .run = hisi_acc_queue_free),
	ACC_IOCTL(HISI_ACC_QUEUE_QUERY, hisi_acc_queue_query, out_events,
		  .out = offsetof(struct hisi_acc_queue_query, out_state),
		  .run = hisi_acc_queue_query),
	ACC_IOCTL(HISI_ACC_QUEUE_START, hisi_acc_queue_start, out_db_rand,
		  .out = offsetof(struct hisi_acc_queue_start, out_db_rand),
		  .run = hisi_acc_queue_start,
		  .undo = hisi_acc_queue_start_undo),
	ACC_IOCTL(HISI_ACC_QUEUE_STOP, hisi_acc_queue_stop, __reserved,
		  .run = hisi_acc_queue_stop),
	ACC_IOCTL(HISI_ACC_QUEUE_EVENT, hisi_acc_queue_event, event_fd,
		  .run = hisi_acc_queue_event),
	ACC_IOCTL(HISI_ACC_QUEUE_DOORBELL, hisi_acc_queue_doorbell, index,
		  .flags = HISI_ACC_DOORBELL_CQ | HISI_ACC_DOORBELL_ARM,
		  .run = hisi_acc_queue_doorbell),
	ACC_IOCTL(HISI_ACC_MEM_PIN, hisi_acc_mem_pin, out_iova,
		  .out = offsetof(struct hisi_acc_mem_pin, out_handle),
		  .flags = HISI_ACC_MEM_READ_ONLY | HISI_ACC_MEM_ON_DEMAND |
			   HISI_ACC_MEM_WATCH,
		  .ungated = true,
		  .run = hisi_acc_mem_pin,
		  .undo = hisi_acc_mem_pin_undo),
	ACC_IOCTL(HISI_ACC_MEM_IMPORT, hisi_acc_mem_import, out_size,
		  .out = offsetof(struct hisi_acc_mem_import, out_handle),
		  .flags = HISI_ACC_MEM_READ_ONLY,
		  .run = hisi_acc_mem_import,
		  .undo = hisi_acc_mem_import_undo),
	ACC_IOCTL(HISI_ACC_MEM_ALLOC, hisi_acc_mem_alloc, out_key,
		  .out = offsetof(struct hisi_acc_mem_alloc, out_handle),
		  .ungated = true,
		  .run = hisi_acc_mem_alloc,
		  .undo = hisi_acc_mem_alloc_undo),
	/* what it makes is freed without the device */
	ACC_IOCTL(HISI_ACC_MEM_EXPORT, hisi_acc_mem_export, out_fd,
		  .out = offsetof(struct hisi_acc_mem_export, out_fd),
		  .ungated = true,
		  .run = hisi_acc_mem_export,
		  .undo = hisi_acc_mem_export_undo,
		  .done = hisi_acc_mem_export_done),
	ACC_IOCTL(HISI_ACC_MEM_UNPIN, hisi_acc_mem_unpin, __reserved,
		  .run = hisi_acc_mem_unpin),
};

static const struct acc_ioctl *acc_find(unsigned int cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(acc_ioctls); i++)
		if (acc_ioctls[i].cmd == cmd)
			return &acc_ioctls[i];
	return NULL;
}

static int acc_copy_in(const struct acc_ioctl *op, union acc_args *args,
		       void __user *user, u32 *argsz)
{
	int ret;

	if (get_user(*argsz, (u32 __user *)user))
		return -EFAULT;
	if (*argsz < op->min)
		return -EINVAL;
	if (*argsz > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(args, op->size, user, *argsz);
	if (ret)
		return ret;
	return args->header.flags & ~op->flags ? -EOPNOTSUPP : 0;
}

static int acc_copy_out(const struct acc_ioctl *op, const union acc_args *args,
			void __user *user, u32 argsz)
{
	u32 end = min(argsz, op->size);

	if (op->out && copy_to_user(user + op->out, (void *)args + op->out,
				    end - op->out))
		return -EFAULT;
	return 0;
}

static int acc_run(const struct acc_ioctl *op, struct hisi_acc_ctx *ctx,
		   void *args)
{
	int ret;

	if (op->ungated)
		return op->run(ctx, args);
	ret = hisi_acc_dev_enter(ctx->dev);
	if (ret)
		return ret;
	ret = op->run(ctx, args);
	hisi_acc_dev_leave(ctx->dev);
	return ret;
}

static void acc_undo(const struct acc_ioctl *op, struct hisi_acc_ctx *ctx,
		     void *args)
{
	if (!op->undo)
		return;
	if (op->ungated) {
		op->undo(ctx, args);
	} else if (!hisi_acc_dev_enter(ctx->dev)) {
		op->undo(ctx, args);
		hisi_acc_dev_leave(ctx->dev);
	}
}

static long acc_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct hisi_acc_ctx *ctx = file->private_data;
	const struct acc_ioctl *op = acc_find(cmd);
	void __user *user = (void __user *)arg;
	union acc_args args = {};
	u32 argsz;
	int ret;

	if (!op)
		return -ENOTTY;
	if (!hisi_acc_ctx_is_callers(ctx))
		return -EPERM;
	ret = acc_copy_in(op, &args, user, &argsz);
	if (ret)
		return ret;
	ret = acc_run(op, ctx, &args);
	if (ret)
		return ret;
	ret = acc_copy_out(op, &args, user, argsz);
	if (ret)
		acc_undo(op, ctx, &args);
	else if (op->done)
		op->done(ctx, &args);
	return ret;
}

static void acc_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct hisi_acc_ctx *ctx = file->private_data;
	u64 pinned = atomic64_read(&ctx->pinned_pages);

	seq_printf(seq, "hisi-acc-device:\t%s\n", dev_name(&ctx->dev->dev));
	seq_printf(seq, "hisi-acc-mode:\t%s\n",
		   hisi_acc_mode_name(READ_ONCE(ctx->space.mode)));
	seq_printf(seq, "hisi-acc-pinned:\t%llu KiB\n",
		   pinned << (PAGE_SHIFT - 10));
}

static int acc_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct hisi_acc_ctx *ctx = file->private_data;

	if (!hisi_acc_ctx_is_callers(ctx))
		return -EPERM;
	return hisi_acc_region_mmap(ctx, vma);
}

static bool acc_is_gone(struct hisi_acc_ctx *ctx)
{
	return READ_ONCE(ctx->status->state) == HISI_ACC_STATE_GONE;
}

static __poll_t acc_poll(struct file *file, poll_table *table)
{
	struct hisi_acc_ctx *ctx = file->private_data;
	__poll_t mask = 0;

	if (!hisi_acc_ctx_is_callers(ctx))
		return EPOLLERR;
	/* registered in every state: a sleeper must hear of the next one */
	poll_wait(file, &ctx->wait, table);
	spin_lock(&ctx->event_lock);
	if (!list_empty(&ctx->ready))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (ctx->failed)
		mask |= EPOLLERR;
	spin_unlock(&ctx->event_lock);
	if (acc_is_gone(ctx))
		mask |= EPOLLHUP | EPOLLERR;
	return mask;
}

static int acc_wait(struct file *file, struct hisi_acc_ctx *ctx)
{
	if (file->f_flags & O_NONBLOCK)
		return list_empty(&ctx->ready) ? -EAGAIN : 0;
	return wait_event_interruptible(ctx->wait, !list_empty(&ctx->ready) ||
						   acc_is_gone(ctx));
}

static ssize_t acc_read(struct file *file, char __user *buf, size_t size,
			loff_t *pos)
{
	struct hisi_acc_ctx *ctx = file->private_data;
	struct hisi_acc_event event;
	ssize_t done = 0;
	int ret;

	if (!hisi_acc_ctx_is_callers(ctx))
		return -EPERM;
	if (size < sizeof(event))
		return -EINVAL;
	/* somebody else may be faster: sleep until there is one for us */
	while (!done) {
		if (acc_is_gone(ctx))
			return -ENODEV;
		ret = acc_wait(file, ctx);
		if (ret)
			return ret;
		while (size - done >= sizeof(event) &&
		       hisi_acc_queue_next_event(ctx, &event)) {
			if (copy_to_user(buf + done, &event, sizeof(event))) {
				hisi_acc_queue_return_event(ctx, &event);
				return done ?: -EFAULT;
			}
			done += sizeof(event);
		}
	}
	return done;
}

const struct file_operations hisi_acc_fops = {
	.owner = THIS_MODULE,
	.open = acc_open,
	.release = acc_release,
	.unlocked_ioctl = acc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = acc_mmap,
	.poll = acc_poll,
	.read = acc_read,
	.show_fdinfo = acc_show_fdinfo,
};
