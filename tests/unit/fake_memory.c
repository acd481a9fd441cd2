// SPDX-License-Identifier: GPL-2.0
/* The fake device's memory: registrations, buffers, dma-bufs. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dma-buf.h>

#include "fake_device.h"
#include "fake_memory.h"
#include "fake_zip.h"
#include "sys.h"

#define BUFS	8
#define BUF_FD	300	/* and on, as often as they are opened */

static struct {
	bool used, pinned, read_only, watched;
	uint64_t addr, size;
	int buf;		/* dma-buf that it is of, from 1 on */
} pins[FAKE_MEMS];

static uint64_t bufs[BUFS];	/* sizes of dma-bufs */
static unsigned int bufs_made;
static int fds[64];		/* numbers of them, from 1 on, by open file */

void fake_memory_reset(void)
{
	memset(pins, 0, sizeof(pins));
	memset(fds, 0, sizeof(fds));
	bufs_made = 0;
}

/* ---- Memory as the device sees it ---- */

void *fake_dma(uint32_t mode, uint64_t iova, uint64_t len, bool write)
{
	unsigned int i;
	uint64_t addr = iova;

	if (mode == HISI_ACC_MODE_SVA)
		return (void *)(uintptr_t)iova;
	if (mode == HISI_ACC_MODE_DMA)
		addr -= FAKE_IOVA;
	for (i = 0; i < FAKE_MEMS; i++)
		if (pins[i].used && addr >= pins[i].addr &&
		    addr - pins[i].addr <= pins[i].size &&
		    len <= pins[i].size - (addr - pins[i].addr) &&
		    !(write && pins[i].read_only))
			return (void *)(uintptr_t)addr;
	return NULL;
}

/* ---- Registrations ---- */

static uint32_t *stale_word(unsigned int pin)
{
	return (uint32_t *)((char *)fake.status + FAKE_STALE_OFFSET) + pin / 32;
}

static void mark_stale(unsigned int pin)
{
	*stale_word(pin) |= 1u << pin % 32;
	__atomic_fetch_add(&fake.status->mem_generation, 1, __ATOMIC_RELEASE);
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

static bool hits(const struct fake_range *range, uint64_t addr, uint64_t size)
{
	return range->size &&
	       overlap((uintptr_t)range->start, range->size, addr, size);
}

void fake_change(const void *start, size_t size)
{
	unsigned int i;

	for (i = 0; i < FAKE_MEMS; i++)
		if (pins[i].used && pins[i].watched &&
		    overlap((uintptr_t)start, size, pins[i].addr, pins[i].size))
			mark_stale(i);
}

bool fake_has_pin(const void *start, size_t size)
{
	unsigned int i;

	for (i = 0; i < FAKE_MEMS; i++)
		if (pins[i].used && pins[i].addr == (uintptr_t)start &&
		    pins[i].size == size)
			return true;
	return false;
}

/* In a space of its own an address stands for one page, with one right. */
static bool clashes(uint64_t addr, uint64_t size, bool read_only, bool alone)
{
	unsigned int i;

	for (i = 0; i < FAKE_MEMS; i++)
		if (pins[i].used && fake.mode == HISI_ACC_MODE_PASID &&
		    overlap(pins[i].addr, pins[i].size, addr, size) &&
		    (alone || pins[i].read_only != read_only ||
		     *stale_word(i) >> i % 32 & 1))
			return true;
	return false;
}

static int check_memory(uint64_t addr, uint64_t size, bool read_only)
{
	if (hits(&fake.missing, addr, size) ||
	    (!read_only && hits(&fake.constant, addr, size)))
		return -EFAULT;
	if (!read_only && hits(&fake.odd, addr, size))
		return -EOPNOTSUPP;
	return 0;
}

/* A registration; its handle, or negative errno. */
static int add_pin(uint64_t addr, uint64_t size, bool read_only, bool pinned)
{
	unsigned int i;

	for (i = 0; i < fake.mems_max && pins[i].used; i++)
		;
	if (i == fake.mems_max)
		return -ENOSPC;
	if (pinned && fake.budget && fake.bytes + size > fake.budget)
		return -ENOMEM;
	memset(&pins[i], 0, sizeof(pins[i]));
	pins[i].used = true;
	pins[i].pinned = pinned;
	pins[i].addr = addr;
	pins[i].size = size;
	pins[i].read_only = read_only;
	*stale_word(i) &= ~(1u << i % 32);
	fake.pins++;
	fake.pinned += pinned;
	if (pinned) {
		fake.bytes += size;
		fake.pin_bytes += size;
	}
	return 1 + (int)i;
}

static uint64_t device_address(uint64_t addr)
{
	return addr + (fake.mode == HISI_ACC_MODE_DMA ? FAKE_IOVA : 0);
}

static int do_pin(struct hisi_acc_mem_pin *arg)
{
	bool read_only = arg->flags & HISI_ACC_MEM_READ_ONLY;
	uint32_t known = HISI_ACC_MEM_READ_ONLY | HISI_ACC_MEM_ON_DEMAND;
	int err;

	if (fake.features & HISI_ACC_FEATURE_WATCH)
		known |= HISI_ACC_MEM_WATCH;
	if (!arg->size)
		return -EINVAL;
	if (arg->flags & ~known)
		return -EOPNOTSUPP;
	err = fake_take_mode(arg->modes);
	if (!err)
		err = check_memory(arg->addr, arg->size, read_only);
	if (!err && clashes(arg->addr, arg->size, read_only, false))
		err = -EBUSY;
	if (!err)
		err = add_pin(arg->addr, arg->size, read_only,
			      !(fake.mode == HISI_ACC_MODE_SVA &&
				arg->flags & HISI_ACC_MEM_ON_DEMAND));
	if (err < 0)
		return err;
	pins[err - 1].watched = arg->flags & HISI_ACC_MEM_WATCH;
	if (fake.pinned_hook)
		fake.pinned_hook();
	arg->out_handle = (uint32_t)err;
	arg->out_mode = fake.mode;
	arg->out_iova = device_address(arg->addr);
	return 0;
}

static int do_unpin(uint32_t handle)
{
	unsigned int i = handle - 1;

	if (i >= FAKE_MEMS || !pins[i].used)
		return -ENOENT;
	pins[i].used = false;
	fake.pins--;
	fake.pinned -= pins[i].pinned;
	if (pins[i].pinned)
		fake.bytes -= pins[i].size;
	return 0;
}

/* ---- Buffers of the driver's, and others' ---- */

static int open_buf(int buf)
{
	unsigned int i;

	for (i = 0; i < 64 && fds[i]; i++)
		;
	if (i == 64)
		return -EMFILE;
	fds[i] = buf;
	fake.fds++;
	return BUF_FD + (int)i;
}

/* The dma-buf behind a descriptor, from 1 on, or 0. */
int fake_buf_of(int fd)
{
	return fd >= BUF_FD && fd < BUF_FD + 64 ? fds[fd - BUF_FD] : 0;
}

int fake_dmabuf(size_t size)
{
	bufs[bufs_made++] = size;
	return open_buf((int)bufs_made);
}

void fake_move(int fd)
{
	unsigned int i;

	for (i = 0; i < FAKE_MEMS; i++)
		if (pins[i].used && pins[i].buf && pins[i].buf == fake_buf_of(fd))
			mark_stale(i);
}

static int do_mem_alloc(struct hisi_acc_mem_alloc *arg)
{
	int err;

	if (!arg->size || arg->addr % 4096)
		return -EINVAL;
	err = fake_take_mode(arg->modes);
	if (!err && clashes(arg->addr, arg->size, false, true))
		err = -EBUSY;
	if (!err)
		err = add_pin(arg->addr, arg->size, false, true);
	if (err < 0)
		return err;
	arg->out_handle = (uint32_t)err;
	arg->out_mode = fake.mode;
	arg->out_iova = device_address(arg->addr);
	arg->out_size = arg->size;
	arg->out_key = KEY(KEY_MEM, 0);
	return 0;
}

static int do_export(struct hisi_acc_mem_export *arg)
{
	unsigned int i = arg->handle - 1;
	int fd;

	if (i >= FAKE_MEMS || !pins[i].used)
		return -ENOENT;
	fd = fake_dmabuf(pins[i].size);
	if (fd < 0)
		return fd;
	arg->out_fd = fd;
	return 0;
}

static int do_import(struct hisi_acc_mem_import *arg)
{
	int buf = fake_buf_of(arg->fd), err;

	if (!buf || arg->addr % 4096 || arg->offset % 4096 || !arg->size ||
	    arg->offset + arg->size > bufs[buf - 1])
		return -EINVAL;
	err = fake_take_mode(arg->modes);
	if (!err && clashes(arg->addr, arg->size, false, true))
		err = -EBUSY;
	if (!err)
		err = add_pin(arg->addr, arg->size,
			      arg->flags & HISI_ACC_MEM_READ_ONLY, false);
	if (err < 0)
		return err;
	pins[err - 1].buf = buf;
	arg->out_handle = (uint32_t)err;
	arg->out_mode = fake.mode;
	arg->out_iova = device_address(arg->addr);
	arg->out_size = arg->size;
	return 0;
}

static int do_sync(const struct dma_buf_sync *arg)
{
	if (fake.syncs_fail) {
		fake.syncs_fail--;
		return -EINTR;
	}
	fake.syncs++;
	fake.sync_flags = arg->flags;
	return 0;
}

/* ---- Calls that end here ---- */

int fake_memory_ioctl(unsigned int request, void *arg)
{
	switch (request) {
	case DMA_BUF_IOCTL_SYNC:
		return do_sync(arg);
	case HISI_ACC_MEM_PIN:
		return do_pin(arg);
	case HISI_ACC_MEM_UNPIN:
		return do_unpin(((struct hisi_acc_mem_unpin *)arg)->handle);
	case HISI_ACC_MEM_ALLOC:
		return do_mem_alloc(arg);
	case HISI_ACC_MEM_EXPORT:
		return do_export(arg);
	case HISI_ACC_MEM_IMPORT:
		return fake.features & HISI_ACC_FEATURE_DMABUF ?
		       do_import(arg) : -ENOTTY;
	default:
		return -ENOTTY;
	}
}

void fake_memory_close(int fd)
{
	fds[fd - BUF_FD] = 0;
	fake.fds--;
}

int fake_memory_map(size_t size, void **out)
{
	return fake.unmappable ? -ENODEV : hisiacc_sys_reserve(size, out);
}

int hisiacc_sys_map_anon(size_t size, void **out)
{
	*out = aligned_alloc(4096, size);
	if (!*out)
		return -ENOMEM;
	memset(*out, 0, size);
	fake.maps++;
	return 0;
}

int hisiacc_sys_reserve(size_t size, void **out)
{
	return hisiacc_sys_map_anon((size + 4095) & ~(size_t)4095, out);
}

int hisiacc_sys_map_at(void *addr, int fd, uint64_t key, uint64_t size,
		       int prot)
{
	(void)prot;
	if (fd != CTX_FD || key != KEY(KEY_MEM, 0))
		return -EINVAL;
	if (fake.map_errno && !fake.map_fail_after--)
		return -fake.map_errno;
	memset(addr, 0, size);
	return 0;
}

int hisiacc_sys_dup(int fd)
{
	return fake_buf_of(fd) ? open_buf(fake_buf_of(fd)) : -EBADF;
}

int hisiacc_sys_size(int fd, uint64_t *size)
{
	if (!fake_buf_of(fd))
		return -EBADF;
	*size = bufs[fake_buf_of(fd) - 1];
	return 0;
}

int hisiacc_sys_prime_fd(int drm_fd, uint32_t handle, bool write)
{
	(void)write;
	return drm_fd == 7 && handle == 1 ? fake_dmabuf(8192) : -ENOENT;
}

/* In the library's sources this is calloc(). */
void *fake_calloc(size_t count, size_t size);
void *fake_calloc(size_t count, size_t size)
{
	if (fake.fail_alloc && !--fake.fail_alloc)
		return NULL;
	return calloc(count, size);
}
