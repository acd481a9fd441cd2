// SPDX-License-Identifier: GPL-2.0
/* What can be mapped: rings, status page, doorbells. */
#include <linux/slab.h>

#include "buffer.h"
#include "ctx.h"
#include "region.h"

/*
 * Offsets are never used twice, whatever the context: taking back one region
 * from the device's address space cannot hit another one.
 */
static atomic64_t next_pgoff = ATOMIC64_INIT(1);

static void region_release(struct kref *ref)
{
	struct hisi_acc_region *region = container_of(ref, struct hisi_acc_region,
						      ref);

	if (region->dummy)
		__free_page(region->dummy);
	kfree(region);
}

static void region_put(struct hisi_acc_region *region)
{
	kref_put(&region->ref, region_release);
}

static struct hisi_acc_region *region_alloc(struct hisi_acc_ctx *ctx, size_t size)
{
	struct hisi_acc_region *region;

	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return NULL;
	kref_init(&region->ref);
	region->ctx = ctx;
	region->size = size;
	region->live = true;
	region->key = (u64)atomic64_fetch_add(size >> PAGE_SHIFT, &next_pgoff)
		      << PAGE_SHIFT;
	return region;
}

static struct hisi_acc_region *region_publish(struct hisi_acc_region *region)
{
	struct hisi_acc_ctx *ctx = region->ctx;
	int ret;

	mutex_lock(&ctx->map_lock);
	ret = xa_err(xa_store(&ctx->regions, region->key >> PAGE_SHIFT, region,
			      GFP_KERNEL_ACCOUNT));
	mutex_unlock(&ctx->map_lock);
	if (!ret)
		return region;
	region_put(region);
	return ERR_PTR(ret);
}

struct hisi_acc_region *hisi_acc_region_ram(struct hisi_acc_ctx *ctx,
					    struct page **pages,
					    unsigned long count, bool read_only)
{
	struct hisi_acc_region *region = region_alloc(ctx, count << PAGE_SHIFT);

	if (!region)
		return ERR_PTR(-ENOMEM);
	region->pages = pages;
	region->read_only = read_only;
	return region_publish(region);
}

struct hisi_acc_region *hisi_acc_region_buffer(struct hisi_acc_ctx *ctx,
					       struct hisi_acc_buffer *buffer)
{
	struct hisi_acc_region *region = region_alloc(ctx, buffer->count << PAGE_SHIFT);

	if (!region)
		return ERR_PTR(-ENOMEM);
	region->buffer = buffer;
	buffer->pgoff = region->key >> PAGE_SHIFT;
	return region_publish(region);
}

struct hisi_acc_region *hisi_acc_region_doorbell(struct hisi_acc_ctx *ctx,
						 phys_addr_t doorbell)
{
	struct hisi_acc_region *region = region_alloc(ctx, PAGE_SIZE);

	if (!region)
		return ERR_PTR(-ENOMEM);
	region->doorbell = doorbell;
	region->dummy = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!region->dummy) {
		region_put(region);
		return ERR_PTR(-ENOMEM);
	}
	return region_publish(region);
}

void hisi_acc_region_kill(struct hisi_acc_region *region)
{
	struct hisi_acc_ctx *ctx;

	if (!region)
		return;
	ctx = region->ctx;
	mutex_lock(&ctx->map_lock);
	region->live = false;
	xa_erase(&ctx->regions, region->key >> PAGE_SHIFT);
	mutex_unlock(&ctx->map_lock);
	/* a fault from here on finds the dummy; those before are undone now */
	if (region->dummy)
		unmap_mapping_range(ctx->mapping, region->key, region->size, 1);
	region_put(region);
}

void hisi_acc_region_shut_doorbells(struct hisi_acc_ctx *ctx, bool shut)
{
	struct hisi_acc_region *region;
	unsigned long i;

	mutex_lock(&ctx->map_lock);
	ctx->doorbells_shut = shut;
	xa_for_each(&ctx->regions, i, region)
		if (region->dummy)
			unmap_mapping_range(ctx->mapping, region->key,
					    region->size, 1);
	mutex_unlock(&ctx->map_lock);
}

static void doorbell_open(struct vm_area_struct *vma)
{
	struct hisi_acc_region *region = vma->vm_private_data;

	kref_get(&region->ref);
}

static void doorbell_close(struct vm_area_struct *vma)
{
	region_put(vma->vm_private_data);
}

static vm_fault_t doorbell_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct hisi_acc_region *region = vma->vm_private_data;
	vm_fault_t ret;

	mutex_lock(&region->ctx->map_lock);
	if (region->live && !region->ctx->doorbells_shut)
		ret = vmf_insert_pfn(vma, vmf->address,
				     PHYS_PFN(region->doorbell));
	else
		ret = vmf_insert_pfn_prot(vma, vmf->address,
					  page_to_pfn(region->dummy),
					  vm_get_page_prot(vma->vm_flags));
	mutex_unlock(&region->ctx->map_lock);
	return ret;
}

static const struct vm_operations_struct doorbell_ops = {
	.open = doorbell_open,
	.close = doorbell_close,
	.fault = doorbell_fault,
};

static int region_check(struct hisi_acc_region *region,
			struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;

	if (size != region->size || !(vma->vm_flags & VM_SHARED) ||
	    (vma->vm_flags & VM_EXEC))
		return -EINVAL;
	if (region->read_only) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	vm_flags_clear(vma, VM_MAYEXEC);
	return 0;
}

static int region_map(struct hisi_acc_region *region, struct vm_area_struct *vma)
{
	/* a child of fork() has nothing to do with it, and VM_IO keeps that so */
	vm_flags_set(vma, VM_IO | VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	if (region->pages)
		return vm_map_pages_zero(vma, region->pages,
					 region->size >> PAGE_SHIFT);

	vm_flags_set(vma, VM_PFNMAP);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_private_data = region;
	vma->vm_ops = &doorbell_ops;
	kref_get(&region->ref);
	return 0;
}

int hisi_acc_region_mmap(struct hisi_acc_ctx *ctx, struct vm_area_struct *vma)
{
	struct hisi_acc_buffer *buffer = NULL;
	struct hisi_acc_region *region;
	int ret = -EINVAL;

	mutex_lock(&ctx->map_lock);
	region = xa_load(&ctx->regions, vma->vm_pgoff);
	if (region)
		ret = region_check(region, vma);
	if (!ret && region->buffer) {
		buffer = region->buffer;
		hisi_acc_buffer_get(buffer);
	} else if (!ret) {
		ret = region_map(region, vma);
	}
	mutex_unlock(&ctx->map_lock);
	if (!buffer)
		return ret;
	/* ordinary memory, for other drivers and for direct I/O as well */
	vm_flags_set(vma, VM_DONTCOPY);
	/* large ones take their time, and a reset wants the lock */
	return hisi_acc_buffer_mmap(buffer, vma);
}
