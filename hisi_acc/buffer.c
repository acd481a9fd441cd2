// SPDX-License-Identifier: GPL-2.0
/* struct hisi_acc_buffer: its pages, who pays for them, CPU mappings. */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "buffer.h"
#include "ctx.h"
#include "dev.h"

/* Contiguous memory that an IOMMU maps by one entry. */
#define CHUNK_ORDER	get_order(SZ_2M)

/* Frees what the end of a mapping has left. */
static struct workqueue_struct *free_queue;

/*
 * Nobody is killed to make room: the caller hears of it. A chunk becomes single
 * pages, since mappings and pins of others may outlive the buffer.
 */
static struct page *alloc_chunk(unsigned int order)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;
	struct page *page;

	page = alloc_pages(gfp | (order ? __GFP_NORETRY : __GFP_RETRY_MAYFAIL),
			   order);
	if (page && order)
		split_page(page, order);
	return page;
}

static void free_pages_upto(struct hisi_acc_buffer *buffer, unsigned long count)
{
	while (count--)
		put_page(buffer->pages[count]);
}

static int alloc_all(struct hisi_acc_buffer *buffer)
{
	unsigned int order = CHUNK_ORDER;
	unsigned long done = 0, i;
	int ret = -ENOMEM;
	struct page *page;

	while (done < buffer->count) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			goto free_pages;
		}
		if (buffer->count - done < 1UL << order)
			order = 0;
		page = alloc_chunk(order);
		if (!page && order) {
			/* memory is in pieces, and will be for the next one */
			order = 0;
			continue;
		}
		if (!page)
			goto free_pages;
		for (i = 0; i < 1UL << order; i++)
			buffer->pages[done++] = page + i;
		cond_resched();
	}
	return 0;

free_pages:
	free_pages_upto(buffer, done);
	return ret;
}

/*
 * A dma-buf outlives the process, and with it the account of its address space:
 * whoever could make processes could make buffers without end. So the user is
 * charged as well.
 */
static int charge_user(struct hisi_acc_buffer *buffer)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	struct user_struct *user = current_user();
	unsigned long total;

	if (capable(CAP_IPC_LOCK))
		return 0;
	total = atomic_long_add_return(buffer->count, &user->locked_vm);
	if (total > limit) {
		atomic_long_sub(buffer->count, &user->locked_vm);
		return -ENOMEM;
	}
	buffer->user = get_uid(user);
	return 0;
}

static void uncharge_user(struct hisi_acc_buffer *buffer)
{
	if (!buffer->user)
		return;
	atomic_long_sub(buffer->count, &buffer->user->locked_vm);
	free_uid(buffer->user);
}

static int charge(struct hisi_acc_buffer *buffer, struct mm_struct *mm)
{
	int ret;

	ret = charge_user(buffer);
	if (ret)
		return ret;
	ret = account_locked_vm(mm, buffer->count, true);
	if (ret) {
		uncharge_user(buffer);
		return ret;
	}
	mmgrab(mm);
	buffer->mm = mm;
	return 0;
}

static void uncharge(struct hisi_acc_buffer *buffer)
{
	account_locked_vm(buffer->mm, buffer->count, false);
	mmdrop(buffer->mm);
	uncharge_user(buffer);
}

static void buffer_free(struct hisi_acc_buffer *buffer)
{
	free_pages_upto(buffer, buffer->count);
	atomic64_sub(buffer->count, &buffer->dev->pinned_pages);
	uncharge(buffer);
	put_device(&buffer->dev->dev);
	kvfree(buffer->pages);
	kfree(buffer);
}

static void buffer_free_work(struct work_struct *work)
{
	buffer_free(container_of(work, struct hisi_acc_buffer, free_work));
}

struct hisi_acc_buffer *hisi_acc_buffer_alloc(struct hisi_acc_ctx *ctx,
					      unsigned long count)
{
	struct hisi_acc_buffer *buffer;
	int ret = -ENOMEM;

	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return ERR_PTR(-ENOMEM);
	kref_init(&buffer->ref);
	INIT_WORK(&buffer->free_work, buffer_free_work);
	buffer->count = count;
	buffer->pages = kvmalloc_array(count, sizeof(*buffer->pages),
				       GFP_KERNEL_ACCOUNT);
	if (!buffer->pages)
		goto free_buffer;
	ret = charge(buffer, ctx->mm);
	if (ret)
		goto free_array;
	ret = alloc_all(buffer);
	if (ret)
		goto uncharge;
	get_device(&ctx->dev->dev);
	buffer->dev = ctx->dev;
	atomic64_add(count, &buffer->dev->pinned_pages);
	return buffer;

uncharge:
	uncharge(buffer);
free_array:
	kvfree(buffer->pages);
free_buffer:
	kfree(buffer);
	return ERR_PTR(ret);
}

void hisi_acc_buffer_get(struct hisi_acc_buffer *buffer)
{
	kref_get(&buffer->ref);
}

static void buffer_release(struct kref *ref)
{
	buffer_free(container_of(ref, struct hisi_acc_buffer, ref));
}

void hisi_acc_buffer_put(struct hisi_acc_buffer *buffer)
{
	kref_put(&buffer->ref, buffer_release);
}

static void buffer_release_later(struct kref *ref)
{
	struct hisi_acc_buffer *buffer = container_of(ref, struct hisi_acc_buffer,
						      ref);

	queue_work(free_queue, &buffer->free_work);
}

/* With mmap_lock, which uncharging would take. */
static void buffer_put_later(struct hisi_acc_buffer *buffer)
{
	kref_put(&buffer->ref, buffer_release_later);
}

static void mapping_open(struct vm_area_struct *vma)
{
	hisi_acc_buffer_get(vma->vm_private_data);
}

static void mapping_close(struct vm_area_struct *vma)
{
	buffer_put_later(vma->vm_private_data);
}

/* All pages are there from the start; MADV_DONTNEED, for one, takes them away. */
static vm_fault_t fault_page(struct vm_fault *vmf, unsigned long index)
{
	struct hisi_acc_buffer *buffer = vmf->vma->vm_private_data;

	if (index >= buffer->count)
		return VM_FAULT_SIGBUS;
	vmf->page = buffer->pages[index];
	get_page(vmf->page);
	return 0;
}

static vm_fault_t mapping_fault(struct vm_fault *vmf)
{
	struct hisi_acc_buffer *buffer = vmf->vma->vm_private_data;

	return fault_page(vmf, vmf->pgoff - buffer->pgoff);
}

static vm_fault_t part_fault(struct vm_fault *vmf)
{
	return fault_page(vmf, vmf->pgoff);
}

static const struct vm_operations_struct mapping_ops = {
	.open = mapping_open,
	.close = mapping_close,
	.fault = mapping_fault,
};

static const struct vm_operations_struct part_ops = {
	.open = mapping_open,
	.close = mapping_close,
	.fault = part_fault,
};

/* A mapping that could not be made is not closed. */
static int mapping_init(struct hisi_acc_buffer *buffer,
			struct vm_area_struct *vma, unsigned long first,
			const struct vm_operations_struct *ops)
{
	unsigned long count = vma_pages(vma);
	int ret;

	vm_flags_set(vma, VM_MIXEDMAP | VM_DONTEXPAND | VM_DONTDUMP);
	ret = vm_insert_pages(vma, vma->vm_start, buffer->pages + first, &count);
	if (ret) {
		buffer_put_later(buffer);
		return ret;
	}
	vma->vm_private_data = buffer;
	vma->vm_ops = ops;
	return 0;
}

int hisi_acc_buffer_mmap(struct hisi_acc_buffer *buffer,
			 struct vm_area_struct *vma)
{
	return mapping_init(buffer, vma, 0, &mapping_ops);
}

int hisi_acc_buffer_mmap_part(struct hisi_acc_buffer *buffer,
			      struct vm_area_struct *vma)
{
	hisi_acc_buffer_get(buffer);
	return mapping_init(buffer, vma, vma->vm_pgoff, &part_ops);
}

int hisi_acc_buffer_module_init(void)
{
	free_queue = alloc_workqueue("hisi_acc", WQ_UNBOUND, 0);
	return free_queue ? 0 : -ENOMEM;
}

/* Nobody has a file of ours any more, so only what is queued is to come. */
void hisi_acc_buffer_module_exit(void)
{
	destroy_workqueue(free_queue);
}
