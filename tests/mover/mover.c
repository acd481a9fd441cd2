// SPDX-License-Identifier: GPL-2.0
/* An exporter of dma-bufs for tests, which moves its memory when told to. */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mover.h"

#define OLD_BYTE	0xa5
#define SIZE_MAX_BYTES	SZ_64M
/* What is looked after of pages that were left. */
#define OLD_PAGES_MAX	(SZ_64M >> PAGE_SHIFT)

/* A buffer's pages, at the time or formerly. */
struct place {
	struct list_head node;
	struct page *pages[];
};

/* Owned by its dma-buf, whose reservation lock guards it. */
struct mover {
	u32 flags;
	unsigned long count;
	struct place *now;
	struct list_head old;		/* the latest first */
	unsigned long olds;
	u32 touched;			/* of old pages that are no more */
	u32 moves, mappings, pins;
	u32 fail_count, fail_error;
};

static void place_free(struct mover *mover, struct place *place)
{
	unsigned long i;

	for (i = 0; i < mover->count && place->pages[i]; i++)
		__free_page(place->pages[i]);
	kvfree(place);
}

static struct place *place_alloc(struct mover *mover)
{
	struct place *place = kvzalloc(struct_size(place, pages, mover->count),
				       GFP_KERNEL);
	unsigned long i;

	for (i = 0; place && i < mover->count; i++) {
		place->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!place->pages[i]) {
			place_free(mover, place);
			return NULL;
		}
	}
	return place;
}

static int mover_pin(struct dma_buf_attachment *attach)
{
	struct mover *mover = attach->dmabuf->priv;

	mover->pins++;
	return 0;
}

static void mover_unpin(struct dma_buf_attachment *attach)
{
	struct mover *mover = attach->dmabuf->priv;

	mover->pins--;
}

static void scattered_unmap(struct device *dev, struct sg_table *sgt,
			    enum dma_data_direction dir, unsigned int count)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sg(sgt->sgl, sg, count, i)
		dma_unmap_page(dev, sg_dma_address(sg), PAGE_SIZE, dir);
}

/* Somewhere else than at @not. */
static dma_addr_t map_elsewhere(struct device *dev, struct page *page,
				enum dma_data_direction dir, dma_addr_t not)
{
	dma_addr_t addr = dma_map_page(dev, page, 0, PAGE_SIZE, dir), other;

	if (dma_mapping_error(dev, addr) || addr != not)
		return addr;
	other = dma_map_page(dev, page, 0, PAGE_SIZE, dir);
	dma_unmap_page(dev, addr, PAGE_SIZE, dir);
	return other;
}

/* No page lies directly behind the one before. */
static int scattered_map(struct device *dev, struct sg_table *sgt,
			 enum dma_data_direction dir)
{
	dma_addr_t next = DMA_MAPPING_ERROR;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sg(sgt->sgl, sg, sgt->orig_nents, i) {
		sg_dma_address(sg) = map_elsewhere(dev, sg_page(sg), dir, next);
		if (dma_mapping_error(dev, sg_dma_address(sg))) {
			scattered_unmap(dev, sgt, dir, i);
			return -ENOMEM;
		}
		sg_dma_len(sg) = PAGE_SIZE;
		next = sg_dma_address(sg) + PAGE_SIZE;
	}
	sgt->nents = sgt->orig_nents;
	return 0;
}

static struct sg_table *mover_map(struct dma_buf_attachment *attach,
				  enum dma_data_direction dir)
{
	struct mover *mover = attach->dmabuf->priv;
	bool scattered = mover->flags & MOVER_SCATTERED;
	struct sg_table *sgt;
	int ret = -ENOMEM;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (mover->fail_count) {
		mover->fail_count--;
		return ERR_PTR(-(int)mover->fail_error);
	}
	sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table_from_pages_segment(sgt, mover->now->pages,
						mover->count, 0,
						mover->count << PAGE_SHIFT,
						scattered ? PAGE_SIZE : UINT_MAX,
						GFP_KERNEL);
	if (ret)
		goto free_sgt;
	ret = scattered ? scattered_map(attach->dev, sgt, dir) :
			  dma_map_sgtable(attach->dev, sgt, dir, 0);
	if (ret)
		goto free_table;
	mover->mappings++;
	return sgt;

free_table:
	sg_free_table(sgt);
free_sgt:
	kfree(sgt);
	return ERR_PTR(ret);
}

static void mover_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			enum dma_data_direction dir)
{
	struct mover *mover = attach->dmabuf->priv;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (mover->flags & MOVER_SCATTERED)
		scattered_unmap(attach->dev, sgt, dir, sgt->nents);
	else
		dma_unmap_sgtable(attach->dev, sgt, dir, 0);
	sg_free_table(sgt);
	kfree(sgt);
	mover->mappings--;
}

static vm_fault_t mover_fault(struct vm_fault *vmf)
{
	struct dma_buf *dmabuf = vmf->vma->vm_private_data;
	struct mover *mover = dmabuf->priv;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	dma_resv_lock(dmabuf->resv, NULL);
	if (vmf->pgoff < mover->count)
		ret = vmf_insert_pfn(vmf->vma, vmf->address,
				     page_to_pfn(mover->now->pages[vmf->pgoff]));
	dma_resv_unlock(dmabuf->resv);
	return ret;
}

static const struct vm_operations_struct mover_vm_ops = {
	.fault = mover_fault,
};

static int mover_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = dmabuf;
	vma->vm_ops = &mover_vm_ops;
	return 0;
}

static void mover_free(struct mover *mover)
{
	struct place *place, *next;

	list_for_each_entry_safe(place, next, &mover->old, node)
		place_free(mover, place);
	place_free(mover, mover->now);
	kfree(mover);
}

static void mover_release(struct dma_buf *dmabuf)
{
	mover_free(dmabuf->priv);
}

static const struct dma_buf_ops mover_ops = {
	.pin = mover_pin,
	.unpin = mover_unpin,
	.map_dma_buf = mover_map,
	.unmap_dma_buf = mover_unmap,
	.mmap = mover_mmap,
	.release = mover_release,
};

static int create(struct mover_create *arg)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	struct mover *mover;

	if (!arg->size || !PAGE_ALIGNED(arg->size) || arg->size > SIZE_MAX_BYTES)
		return -EINVAL;
	mover = kzalloc(sizeof(*mover), GFP_KERNEL);
	if (!mover)
		return -ENOMEM;
	INIT_LIST_HEAD(&mover->old);
	mover->flags = arg->flags;
	mover->count = arg->size >> PAGE_SHIFT;
	mover->now = place_alloc(mover);
	if (!mover->now) {
		kfree(mover);
		return -ENOMEM;
	}
	info.ops = &mover_ops;
	info.size = arg->size;
	info.flags = O_RDWR | O_CLOEXEC;
	info.priv = mover;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		mover_free(mover);
		return PTR_ERR(dmabuf);
	}
	arg->out_fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (arg->out_fd < 0)
		dma_buf_put(dmabuf);
	return min(arg->out_fd, 0);
}

static u32 touched_pages(const struct mover *mover, const struct place *place)
{
	unsigned long i;
	u32 touched = 0;

	for (i = 0; i < mover->count; i++)
		touched += !!memchr_inv(page_address(place->pages[i]), OLD_BYTE,
					PAGE_SIZE);
	return touched;
}

static u32 count_touched(struct mover *mover)
{
	u32 touched = mover->touched;
	struct place *place;

	list_for_each_entry(place, &mover->old, node)
		touched += touched_pages(mover, place);
	return touched;
}

/* Whoever moves without end must not use up the memory. */
static void drop_oldest(struct mover *mover)
{
	struct place *place = list_last_entry(&mover->old, struct place, node);

	mover->touched += touched_pages(mover, place);
	list_del(&place->node);
	mover->olds--;
	place_free(mover, place);
}

/* From the first line on that follows the notification, nobody writes to them. */
static void leave(struct mover *mover, struct place *to)
{
	struct place *from = mover->now;
	unsigned long i;

	for (i = 0; i < mover->count; i++) {
		copy_page(page_address(to->pages[i]), page_address(from->pages[i]));
		memset(page_address(from->pages[i]), OLD_BYTE, PAGE_SIZE);
	}
	list_add(&from->node, &mover->old);
	mover->olds++;
	if (mover->olds * mover->count > OLD_PAGES_MAX)
		drop_oldest(mover);
	mover->now = to;
	mover->moves++;
}

static int move(struct dma_buf *dmabuf, struct mover_move *arg)
{
	struct mover *mover = dmabuf->priv;
	struct place *to = place_alloc(mover);

	if (!to)
		return -ENOMEM;
	dma_resv_lock(dmabuf->resv, NULL);
	dma_buf_move_notify(dmabuf);
	arg->out_mappings = mover->mappings;
	unmap_mapping_range(dmabuf->file->f_mapping, 0, 0, 1);
	leave(mover, to);
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

static int fail(struct dma_buf *dmabuf, const struct mover_fail *arg)
{
	struct mover *mover = dmabuf->priv;

	if (!arg->error || arg->error > MAX_ERRNO)
		return -EINVAL;
	dma_resv_lock(dmabuf->resv, NULL);
	mover->fail_count = arg->count;
	mover->fail_error = arg->error;
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

static int check(struct dma_buf *dmabuf, struct mover_check *arg)
{
	struct mover *mover = dmabuf->priv;

	dma_resv_lock(dmabuf->resv, NULL);
	arg->out_moves = mover->moves;
	arg->out_mappings = mover->mappings;
	arg->out_touched = count_touched(mover);
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

union args {
	struct mover_create create;
	struct mover_move move;
	struct mover_fail fail;
	struct mover_check check;
	__s32 fd;
};

static int run(unsigned int cmd, union args *args)
{
	struct dma_buf *dmabuf;
	int ret = -EINVAL;

	if (cmd == MOVER_CREATE)
		return create(&args->create);
	dmabuf = dma_buf_get(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	if (dmabuf->ops != &mover_ops)
		cmd = 0;
	if (cmd == MOVER_MOVE)
		ret = move(dmabuf, &args->move);
	else if (cmd == MOVER_FAIL)
		ret = fail(dmabuf, &args->fail);
	else if (cmd == MOVER_CHECK)
		ret = check(dmabuf, &args->check);
	dma_buf_put(dmabuf);
	return ret;
}

static long mover_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	union args args = {};
	int ret;

	if (_IOC_SIZE(cmd) > sizeof(args))
		return -ENOTTY;
	if (copy_from_user(&args, user, _IOC_SIZE(cmd)))
		return -EFAULT;
	ret = run(cmd, &args);
	if (!ret && _IOC_DIR(cmd) & _IOC_READ &&
	    copy_to_user(user, &args, _IOC_SIZE(cmd)))
		return -EFAULT;
	return ret;
}

static const struct file_operations mover_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = mover_ioctl,
};

static struct miscdevice mover_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mover",
	.fops = &mover_fops,
};
module_misc_device(mover_device);

MODULE_IMPORT_NS(HISI_ACC_DMA_BUF_NS);
MODULE_DESCRIPTION("dma-bufs that move, for tests");
MODULE_LICENSE("GPL");
