// SPDX-License-Identifier: GPL-2.0
/* What the machine offers of each memory mode. */
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/moduleparam.h>
#include <linux/msi.h>
#include <linux/pci-ats.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "dev.h"
#include "mode.h"

static char *allowed_words = "sva pasid dma";
module_param_named(modes, allowed_words, charp, 0444);
MODULE_PARM_DESC(modes, "memory modes that may be granted, for all devices that come");

static u32 allowed_first;

static const char * const names[HISI_ACC_MODES] = {
	[MODE_SVA] = "sva",
	[MODE_PASID] = "pasid",
	[MODE_DMA] = "dma",
};

const char *hisi_acc_mode_name(u32 mode)
{
	return mode ? names[__ffs(mode)] : "none";
}

int hisi_acc_modes_print(u32 modes, char *buf)
{
	int i, len = 0;

	for (i = 0; i < HISI_ACC_MODES; i++)
		if (modes & BIT(i))
			len += sysfs_emit_at(buf, len, "%s%s", len ? " " : "",
					     names[i]);
	return len + sysfs_emit_at(buf, len, "\n");
}

int hisi_acc_modes_parse(const char *text, u32 *modes)
{
	char *copy, *rest, *word;
	int i, ret = 0;

	copy = kstrdup(text, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	*modes = 0;
	rest = strim(copy);
	while (!ret && (word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		i = match_string(names, HISI_ACC_MODES, word);
		if (i < 0)
			ret = -EINVAL;
		else
			*modes |= BIT(i);
	}
	kfree(copy);
	return ret;
}

int hisi_acc_modes_module_init(void)
{
	return hisi_acc_modes_parse(allowed_words, &allowed_first);
}

static int count_device(struct device *dev, void *data)
{
	++*(int *)data;
	return 0;
}

static bool group_is_shared(struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);
	int devices = 0;

	if (!group)
		return true;
	iommu_group_for_each_dev(group, &devices, count_device);
	iommu_group_put(group);
	return devices != 1;
}

/* The rings are mapped through the DMA API, whatever the requests use. */
static u32 base_reason(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (!domain)
		return HISI_ACC_REASON_NO_IOMMU;
	if ((domain->type & IOMMU_DOMAIN_DMA) != IOMMU_DOMAIN_DMA)
		return HISI_ACC_REASON_PASSTHROUGH;
	if (group_is_shared(dev))
		return HISI_ACC_REASON_SHARED_GROUP;
	if (!dev_is_dma_coherent(dev))
		return HISI_ACC_REASON_NOT_COHERENT;
	/* writes to the interrupt controller pass the IOMMU on most machines */
	if (!msi_device_has_isolated_msi(dev))
		return HISI_ACC_REASON_SHARED_MSI;
	return HISI_ACC_REASON_NONE;
}

static u32 pasid_reason(struct pci_dev *pdev)
{
	if (!IS_ENABLED(CONFIG_PCI_PASID))
		return HISI_ACC_REASON_KERNEL_OPTION;
	if (pci_pasid_features(pdev) < 0 || !hisi_acc_iommu_has_pasids(&pdev->dev))
		return HISI_ACC_REASON_NO_PASID;
	return HISI_ACC_REASON_NONE;
}

static u32 sva_reason(struct hisi_acc_dev *dev)
{
	u32 reason = pasid_reason(dev->qm.pdev);

	if (reason)
		return reason;
	if (!IS_ENABLED(CONFIG_IOMMU_SVA))
		return HISI_ACC_REASON_KERNEL_OPTION;
	dev->modes.faults = hisi_acc_iommu_enable_faults(dev->qm.dev);
	return dev->modes.faults ? HISI_ACC_REASON_NONE :
				   HISI_ACC_REASON_NO_FAULTS;
}

static u32 private_reason(struct hisi_acc_dev *dev)
{
	u32 reason = pasid_reason(dev->qm.pdev);

	if (reason)
		return reason;
	return HISI_ACC_HAS_PASID_DOMAINS ? HISI_ACC_REASON_NONE :
					    HISI_ACC_REASON_KERNEL_OLD;
}

void hisi_acc_modes_init(struct hisi_acc_dev *dev)
{
	struct hisi_acc_modes *modes = &dev->modes;
	u32 base = base_reason(dev->qm.dev);

	modes->allowed = allowed_first;
	modes->reasons[MODE_SVA] = base ?: sva_reason(dev);
	modes->reasons[MODE_PASID] = base ?: private_reason(dev);
	modes->reasons[MODE_DMA] = base;
}

void hisi_acc_modes_fini(struct hisi_acc_dev *dev)
{
	if (dev->modes.faults)
		hisi_acc_iommu_disable_faults(dev->qm.dev);
	dev->modes.faults = false;
}

u32 hisi_acc_modes_base_reason(const struct hisi_acc_dev *dev)
{
	return dev->modes.reasons[MODE_DMA];
}

/* What will not be otherwise as long as this kernel runs. */
static u32 permanent_reason(int err)
{
	switch (err) {
	case -EOPNOTSUPP:
		return HISI_ACC_REASON_KERNEL_REFUSES;
	case -ENODEV:
	case -EINVAL:
		return HISI_ACC_REASON_IOMMU;
	default:
		return HISI_ACC_REASON_NONE;
	}
}

/* Two who try at once find the same. */
static void try_sva(struct hisi_acc_dev *dev, struct mm_struct *mm)
{
	struct iommu_sva *sva = iommu_sva_bind_device(dev->qm.dev, mm);

	if (IS_ERR(sva))
		WRITE_ONCE(dev->modes.reasons[MODE_SVA],
			   permanent_reason(PTR_ERR(sva)));
	else
		iommu_sva_unbind_device(sva);
	WRITE_ONCE(dev->modes.sva_tried, true);
}

u32 hisi_acc_modes_reason(struct hisi_acc_dev *dev, int mode,
			  struct mm_struct *mm)
{
	u32 reason = READ_ONCE(dev->modes.reasons[mode]);

	if (reason)
		return reason;
	if (!(READ_ONCE(dev->modes.allowed) & BIT(mode)))
		return HISI_ACC_REASON_ADMIN;
	if (mode == MODE_SVA && !READ_ONCE(dev->modes.sva_tried))
		try_sva(dev, mm);
	return READ_ONCE(dev->modes.reasons[mode]);
}
