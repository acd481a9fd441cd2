// SPDX-License-Identifier: GPL-2.0
/* dma-bufs made of buffers: the exporter's side. */
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/iosys-map.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "buffer.h"

/* Owned by its dma-buf, which holds the module. */
struct export {
	struct hisi_acc_buffer *buffer;	/* referenced */
	struct mutex lock;		/* guards maps */
	struct list_head maps;
};

/* The pages as one device sees them. */
struct export_map {
	struct list_head node;
	struct sg_table sgt;
	struct device *dev;
	enum dma_data_direction dir;
};

static struct sg_table *export_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction dir)
{
	struct export *export = attach->dmabuf->priv;
	struct hisi_acc_buffer *buffer = export->buffer;
	struct export_map *map;
	int ret;

	map = kzalloc(sizeof(*map), GFP_KERNEL);
	if (!map)
		return ERR_PTR(-ENOMEM);
	map->dev = attach->dev;
	map->dir = dir;
	ret = sg_alloc_table_from_pages_segment(&map->sgt, buffer->pages,
						buffer->count, 0,
						attach->dmabuf->size,
						dma_get_max_seg_size(map->dev),
						GFP_KERNEL);
	if (ret)
		goto free_map;
	ret = dma_map_sgtable(map->dev, &map->sgt, dir, 0);
	if (ret)
		goto free_table;
	mutex_lock(&export->lock);
	list_add(&map->node, &export->maps);
	mutex_unlock(&export->lock);
	return &map->sgt;

free_table:
	sg_free_table(&map->sgt);
free_map:
	kfree(map);
	return ERR_PTR(ret);
}

static void export_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			 enum dma_data_direction dir)
{
	struct export_map *map = container_of(sgt, struct export_map, sgt);
	struct export *export = attach->dmabuf->priv;

	mutex_lock(&export->lock);
	list_del(&map->node);
	mutex_unlock(&export->lock);
	dma_unmap_sgtable(map->dev, &map->sgt, map->dir, 0);
	sg_free_table(&map->sgt);
	kfree(map);
}

/* What devices have to be told that do not look into the CPU's caches. */
static int export_begin_cpu_access(struct dma_buf *dmabuf,
				   enum dma_data_direction dir)
{
	struct export *export = dmabuf->priv;
	struct export_map *map;

	mutex_lock(&export->lock);
	list_for_each_entry(map, &export->maps, node)
		dma_sync_sgtable_for_cpu(map->dev, &map->sgt, dir);
	mutex_unlock(&export->lock);
	return 0;
}

static int export_end_cpu_access(struct dma_buf *dmabuf,
				 enum dma_data_direction dir)
{
	struct export *export = dmabuf->priv;
	struct export_map *map;

	mutex_lock(&export->lock);
	list_for_each_entry(map, &export->maps, node)
		dma_sync_sgtable_for_device(map->dev, &map->sgt, dir);
	mutex_unlock(&export->lock);
	return 0;
}

static int export_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct export *export = dmabuf->priv;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	return hisi_acc_buffer_mmap_part(export->buffer, vma);
}

static int export_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct export *export = dmabuf->priv;
	void *data;

	data = vmap(export->buffer->pages, export->buffer->count, VM_MAP,
		    PAGE_KERNEL);
	if (!data)
		return -ENOMEM;
	iosys_map_set_vaddr(map, data);
	return 0;
}

static void export_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	vunmap(map->vaddr);
}

static void export_release(struct dma_buf *dmabuf)
{
	struct export *export = dmabuf->priv;

	hisi_acc_buffer_put(export->buffer);
	mutex_destroy(&export->lock);
	kfree(export);
}

/* The pages never move: importers need no word of it, and nothing to pin. */
static const struct dma_buf_ops export_ops = {
	.map_dma_buf = export_map,
	.unmap_dma_buf = export_unmap,
	.begin_cpu_access = export_begin_cpu_access,
	.end_cpu_access = export_end_cpu_access,
	.mmap = export_mmap,
	.vmap = export_vmap,
	.vunmap = export_vunmap,
	.release = export_release,
};

struct dma_buf *hisi_acc_buffer_export(struct hisi_acc_buffer *buffer)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	struct export *export;

	export = kzalloc(sizeof(*export), GFP_KERNEL_ACCOUNT);
	if (!export)
		return ERR_PTR(-ENOMEM);
	export->buffer = buffer;
	mutex_init(&export->lock);
	INIT_LIST_HEAD(&export->maps);
	info.ops = &export_ops;
	info.size = buffer->count << PAGE_SHIFT;
	info.flags = O_RDWR | O_CLOEXEC;
	info.priv = export;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		kfree(export);
		return dmabuf;
	}
	hisi_acc_buffer_get(buffer);
	return dmabuf;
}

MODULE_IMPORT_NS(HISI_ACC_DMA_BUF_NS);
