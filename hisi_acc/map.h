/* SPDX-License-Identifier: GPL-2.0 */
/* Pages that the device can reach, at one contiguous range of IOVAs. */
#ifndef HISI_ACC_MAP_H
#define HISI_ACC_MAP_H

#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>

struct hisi_acc_dev;

struct hisi_acc_map {
	struct sg_table sgt;
	dma_addr_t iova;
	enum dma_data_direction dir;
};

int hisi_acc_map_init(struct hisi_acc_map *map, struct hisi_acc_dev *dev,
		      struct page **pages, unsigned long count,
		      enum dma_data_direction dir);
/*
 * When it returns the device cannot reach the pages any more, not even through
 * a stale translation, so they may go to somebody else.
 */
void hisi_acc_map_fini(struct hisi_acc_map *map, struct hisi_acc_dev *dev);

#endif /* HISI_ACC_MAP_H */
