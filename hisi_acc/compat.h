/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place where a kernel version is looked at. The module is written
 * for the newest kernel; what is missing on an older one is brought up to it
 * here, under a feature's name.
 */
#ifndef HISI_ACC_COMPAT_H
#define HISI_ACC_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "hisi_acc needs Linux 6.1 or newer."
#endif

/*
 * Until 6.3 a long-term pin for reading does not break COW, so that the device
 * would go on seeing a page that the process has left behind at its next write.
 * Pinning for a forced write does; can go with support for 6.1.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define HISI_ACC_FOLL_BREAK_COW (FOLL_WRITE | FOLL_FORCE)
#else
#define HISI_ACC_FOLL_BREAK_COW 0
#endif

/* Until 6.3 vm_flags is an ordinary field; can go with support for 6.1. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#include <linux/mm.h>
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* Until 6.3 interrupt isolation is asked of two places; can go likewise. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#include <linux/iommu.h>
#include <linux/irqdomain.h>
static inline bool msi_device_has_isolated_msi(struct device *dev)
{
	return irq_domain_check_msi_remap() ||
	       device_iommu_capable(dev, IOMMU_CAP_INTR_REMAP);
}
#endif

/* Until 6.4 a class names its owner; can go with support for 6.1. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#include <linux/device.h>
#include <linux/module.h>
#undef class_create
#define class_create(name) __compat_class_create(THIS_MODULE, name)
static inline struct class *__compat_class_create(struct module *owner,
						  const char *name)
{
	static struct lock_class_key key;

	return __class_create(owner, name, &key);
}
#endif

/* Until 6.8 the caller says how much to add; can go with support for 6.1. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#include <linux/eventfd.h>
#define eventfd_signal(ctx) eventfd_signal(ctx, 1)
#endif

/* Until 6.2 devnode() takes a plain device; can go with support for 6.1. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define HISI_ACC_DEVNODE_ARG struct device
#else
#define HISI_ACC_DEVNODE_ARG const struct device
#endif

/*
 * From 6.16 on the IOMMU driver turns page faults on by itself; before, it has
 * to be asked, and only then are address spaces bound.
 */
#include <linux/iommu.h>
#include <linux/pci.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
static inline bool hisi_acc_iommu_enable_faults(struct device *dev)
{
	if (iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_IOPF))
		return false;
	if (!iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_SVA))
		return true;
	iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF);
	return false;
}

static inline void hisi_acc_iommu_disable_faults(struct device *dev)
{
	iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_SVA);
	iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF);
}
#else
static inline bool hisi_acc_iommu_enable_faults(struct device *dev)
{
#ifdef CONFIG_PCI_PRI
	if (to_pci_dev(dev)->pri_enabled)
		return true;
#endif
	/* the kernel says so of the device on x86 as well, where none stalls */
	return IS_ENABLED(CONFIG_ARM_SMMU_V3) &&
	       device_property_read_bool(dev, "dma-can-stall");
}

static inline void hisi_acc_iommu_disable_faults(struct device *dev)
{
}
#endif

/* Until 6.3 there is one kind of memory for page tables; can go with 6.1. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define hisi_acc_iommu_map(domain, iova, phys, size, prot) \
	iommu_map(domain, iova, phys, size, prot)
#else
#define hisi_acc_iommu_map(domain, iova, phys, size, prot) \
	iommu_map(domain, iova, phys, size, prot, GFP_KERNEL_ACCOUNT)
#endif

/*
 * Until 6.2 the caller of a binding has data there, and how many PASIDs there
 * are is the IOMMU driver's secret; can go with 6.1.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define iommu_sva_bind_device(dev, mm) iommu_sva_bind_device(dev, mm, NULL)
static inline bool hisi_acc_iommu_has_pasids(struct device *dev)
{
	return true;
}
#else
/* PASID 0 stands for requests without one. */
static inline bool hisi_acc_iommu_has_pasids(struct device *dev)
{
	return dev->iommu && dev->iommu->max_pasids > 1;
}
#endif

/*
 * Domains at a PASID: the interface settled in 6.12. Before, there is none,
 * and the mode that needs it is not offered.
 */
#define HISI_ACC_HAS_PASID_DOMAINS (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))
#define HISI_ACC_PASID_NONE	(~0U)

#if HISI_ACC_HAS_PASID_DOMAINS
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define hisi_acc_iommu_domain_alloc(dev) iommu_paging_domain_alloc(dev)
#else
#include <uapi/linux/iommufd.h>
#define hisi_acc_iommu_domain_alloc(dev) \
	iommu_paging_domain_alloc_flags(dev, IOMMU_HWPT_ALLOC_PASID)
#endif
#define hisi_acc_iommu_pasid_alloc(dev)	iommu_alloc_global_pasid(dev)
#define hisi_acc_iommu_pasid_free(pasid) iommu_free_global_pasid(pasid)
#define hisi_acc_iommu_attach(domain, dev, pasid) \
	iommu_attach_device_pasid(domain, dev, pasid, NULL)
#define hisi_acc_iommu_detach(domain, dev, pasid) \
	iommu_detach_device_pasid(domain, dev, pasid)
#else
static inline struct iommu_domain *hisi_acc_iommu_domain_alloc(struct device *dev)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline u32 hisi_acc_iommu_pasid_alloc(struct device *dev)
{
	return HISI_ACC_PASID_NONE;
}

static inline void hisi_acc_iommu_pasid_free(u32 pasid)
{
}

static inline int hisi_acc_iommu_attach(struct iommu_domain *domain,
					struct device *dev, u32 pasid)
{
	return -EOPNOTSUPP;
}

static inline void hisi_acc_iommu_detach(struct iommu_domain *domain,
					 struct device *dev, u32 pasid)
{
}
#endif

/* Until 6.13 a namespace is named without quotes; can go with 6.12. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define HISI_ACC_DMA_BUF_NS DMA_BUF
#else
#define HISI_ACC_DMA_BUF_NS "DMA_BUF"
#endif

/*
 * Before 7.0 a dynamic attachment to a buffer that never moves may be mapped at
 * once, for both directions whatever is asked for later, and until 6.2 exporters
 * of such buffers are called without the reservation lock.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
static inline struct dma_buf_attachment *
hisi_acc_dma_buf_attach(struct dma_buf *dmabuf, struct device *dev,
			const struct dma_buf_attach_ops *ops, void *data)
{
	if (LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0) &&
	    !dma_buf_is_dynamic(dmabuf))
		return dma_buf_attach(dmabuf, dev);
	return dma_buf_dynamic_attach(dmabuf, dev, ops, data);
}

static inline bool hisi_acc_dma_buf_is_locked(struct dma_buf *dmabuf)
{
	return LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0) ||
	       dma_buf_is_dynamic(dmabuf);
}

static inline void hisi_acc_dma_buf_lock(struct dma_buf *dmabuf)
{
	if (hisi_acc_dma_buf_is_locked(dmabuf))
		dma_resv_lock(dmabuf->resv, NULL);
}

static inline void hisi_acc_dma_buf_unlock(struct dma_buf *dmabuf)
{
	if (hisi_acc_dma_buf_is_locked(dmabuf))
		dma_resv_unlock(dmabuf->resv);
}

#endif /* HISI_ACC_COMPAT_H */
