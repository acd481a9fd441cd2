// SPDX-License-Identifier: GPL-2.0
/* IOVA ranges through the kernel's DMA API. */
#include <linux/iommu.h>

#include "dev.h"
#include "map.h"

static bool map_is_contiguous(struct hisi_acc_map *map)
{
	dma_addr_t next = sg_dma_address(map->sgt.sgl);
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(&map->sgt, sg, i) {
		if (sg_dma_address(sg) != next)
			return false;
		next += sg_dma_len(sg);
	}
	return true;
}

int hisi_acc_map_init(struct hisi_acc_map *map, struct hisi_acc_dev *dev,
		      struct page **pages, unsigned long count,
		      enum dma_data_direction dir)
{
	int ret;

	ret = sg_alloc_table_from_pages(&map->sgt, pages, count, 0,
					count << PAGE_SHIFT, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	map->dir = dir;
	ret = dma_map_sgtable(dev->qm.dev, &map->sgt, dir, 0);
	if (ret)
		goto free_table;
	map->iova = sg_dma_address(map->sgt.sgl);
	atomic_inc(&dev->mappings);
	/* an IOMMU merges all into one range; anything else is not usable */
	if (!map_is_contiguous(map)) {
		hisi_acc_map_fini(map, dev);
		return -EIO;
	}
	return 0;

free_table:
	sg_free_table(&map->sgt);
	return ret;
}

void hisi_acc_map_fini(struct hisi_acc_map *map, struct hisi_acc_dev *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev->qm.dev);

	dma_unmap_sgtable(dev->qm.dev, &map->sgt, map->dir, 0);
	/*
	 * By default the kernel leaves translations in the IOTLB for a while.
	 * Here the one who asks the device for accesses is a process.
	 */
	if (domain)
		iommu_flush_iotlb_all(domain);
	sg_free_table(&map->sgt);
	atomic_dec(&dev->mappings);
}
