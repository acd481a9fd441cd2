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

#endif /* HISI_ACC_COMPAT_H */
