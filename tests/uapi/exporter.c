// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xf86drm.h>

#include "../mover/mover.h"
#include "access.h"
#include "device.h"
#include "exporter.h"
#include "test.h"

#define HEAP		"/dev/dma_heap/system"
#define MOVER_MODULE	"/host/out/mover.ko"

static int udmabuf_make(size_t size, bool read_only)
{
	int memfd = require_ok(memfd_create("udmabuf", MFD_ALLOW_SEALING | MFD_CLOEXEC));
	int device = require_ok(open("/dev/udmabuf", O_RDWR | O_CLOEXEC));
	struct udmabuf_create create = {
		.memfd = memfd, .flags = UDMABUF_FLAGS_CLOEXEC, .size = size,
	};
	int fd;

	if (read_only)
		return -1;
	require_ok(ftruncate(memfd, size));
	require_ok(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	fd = require_ok(ioctl(device, UDMABUF_CREATE, &create));
	close(device);
	close(memfd);
	return fd;
}

static int heap_make(size_t size, bool read_only)
{
	int device = require_ok(open(HEAP, O_RDWR | O_CLOEXEC));
	struct dma_heap_allocation_data data = {
		.len = size,
		.fd_flags = O_CLOEXEC | (read_only ? O_RDONLY : O_RDWR),
	};

	require_ok(ioctl(device, DMA_HEAP_IOCTL_ALLOC, &data));
	close(device);
	return data.fd;
}

/* A node of vgem's, or -1. */
static int vgem_open(void)
{
	char path[64];
	drmVersion *version;
	bool is_vgem;
	int i, fd;

	for (i = 0; i < 16; i++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		version = drmGetVersion(fd);
		is_vgem = version && !strcmp(version->name, "vgem");
		drmFreeVersion(version);
		if (is_vgem)
			return fd;
		close(fd);
	}
	return -1;
}

static int vgem_make(size_t size, bool read_only)
{
	int fd, device = require_ok(vgem_open());
	struct drm_mode_create_dumb create = {
		.width = size / 4 / 64, .height = 64, .bpp = 32,
	};

	require_ok(drmIoctl(device, DRM_IOCTL_MODE_CREATE_DUMB, &create));
	require(create.size == size);
	require_ok(drmPrimeHandleToFD(device, create.handle,
				      DRM_CLOEXEC | (read_only ? 0 : DRM_RDWR), &fd));
	close(device);
	return fd;
}

static int own_make(size_t size, bool read_only)
{
	void *place = reserve(size);
	struct hisi_acc_mem_alloc buffer;
	int fd = device_open(), dmabuf;

	if (read_only)
		return -1;
	require_ok(acc_mem_alloc(fd, place, size, &buffer));
	dmabuf = require_ok(acc_mem_export(fd, buffer.out_handle));
	close(fd);
	munmap(place, size);
	return dmabuf;
}

static int mover_make(size_t size, bool read_only)
{
	int device = require_ok(open("/dev/mover", O_RDWR | O_CLOEXEC));
	struct mover_create create = { .size = size };

	if (read_only)
		return -1;
	require_ok(ioctl(device, MOVER_CREATE, &create));
	close(device);
	return create.out_fd;
}

static bool mover_load(void)
{
	int fd = open(MOVER_MODULE, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		syscall(SYS_finit_module, fd, "", 0);
		close(fd);
	}
	return wait_until(!access("/dev/mover", F_OK), fd >= 0 ? 2000 : 0);
}

static bool vgem_load(void)
{
	int fd = vgem_open();

	if (fd < 0 && system("modprobe -q vgem"))
		return false;
	if (fd < 0)
		wait_until((fd = vgem_open()) >= 0, 2000);
	close(fd);
	return fd >= 0;
}

static bool udmabuf_load(void)
{
	return !access("/dev/udmabuf", F_OK) ||
	       (!system("modprobe -q udmabuf") &&
		wait_until(!access("/dev/udmabuf", F_OK), 2000));
}

static bool heap_load(void)
{
	return !access(HEAP, F_OK);
}

static bool own_load(void)
{
	return true;
}

static const struct {
	const char *name;
	bool (*load)(void);
	int (*make)(size_t size, bool read_only);
} exporters[EXPORTERS] = {
	[EXPORTER_UDMABUF] = { "udmabuf", udmabuf_load, udmabuf_make },
	[EXPORTER_HEAP] = { "the system heap", heap_load, heap_make },
	[EXPORTER_VGEM] = { "vgem", vgem_load, vgem_make },
	[EXPORTER_OWN] = { "MEM_EXPORT", own_load, own_make },
	[EXPORTER_MOVER] = { "mover", mover_load, mover_make },
};

const char *exporter_name(enum exporter exporter)
{
	return exporters[exporter].name;
}

bool exporter_is_there(enum exporter exporter)
{
	return exporters[exporter].load();
}

int exporter_make(enum exporter exporter, size_t size)
{
	return exporters[exporter].make(size, false);
}

int exporter_make_read_only(enum exporter exporter, size_t size)
{
	return exporters[exporter].make(size, true);
}

void *reserve(size_t size)
{
	return map(size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

void buffer_map(struct buffer *b)
{
	require(mmap(b->data, b->arg.out_size, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, b->fd, b->arg.out_key) == b->data);
}

void buffer_init(struct buffer *b, int fd, size_t size)
{
	b->fd = fd;
	b->data = reserve(size + PAGE);
	require_ok(acc_mem_alloc(fd, b->data, size, &b->arg));
	buffer_map(b);
}

void imported_init(struct imported *i, int fd, int dmabuf, size_t size)
{
	*i = (struct imported) { .fd = fd, .dmabuf = dmabuf, .size = size };
	i->data = map(size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf);
	imported_again(i);
}

void imported_again(struct imported *i)
{
	struct hisi_acc_mem_import arg = acc_import_args(i->dmabuf, i->data);

	require_ok(acc_mem_import(i->fd, &arg));
	require(arg.out_mode == acc_modes() && arg.out_size == i->size);
	i->handle = arg.out_handle;
	i->iova = arg.out_iova;
}

void imported_fini(struct imported *i)
{
	require_ok(acc_mem_unpin(i->fd, i->handle));
	munmap(i->data, i->size);
}

static void dmabuf_sync(int dmabuf, uint64_t when)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_RW | when };

	require_ok(ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
}

void dmabuf_begin(int dmabuf)
{
	dmabuf_sync(dmabuf, DMA_BUF_SYNC_START);
}

void dmabuf_end(int dmabuf)
{
	dmabuf_sync(dmabuf, DMA_BUF_SYNC_END);
}
