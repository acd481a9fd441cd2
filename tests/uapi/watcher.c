// SPDX-License-Identifier: GPL-2.0
#include <sys/mman.h>

#include "device.h"
#include "test.h"
#include "watcher.h"

void watcher_init_for(struct watcher *w, int fd)
{
	struct hisi_acc_query q;
	void *page;

	require_ok(acc_query(fd, &q));
	w->fd = fd;
	w->mems = q.out_mems_max;
	page = mmap(NULL, q.out_status_size, PROT_READ, MAP_SHARED, fd,
		    q.out_status_key);
	require(page != MAP_FAILED);
	require(q.out_stale_offset + q.out_mems_max / 8 <= q.out_status_size);
	w->status = page;
	w->stale = page + q.out_stale_offset;
}

void watcher_init(struct watcher *w)
{
	watcher_init_for(w, device_open());
}

bool can_watch(const struct watcher *w)
{
	struct hisi_acc_query q;

	require_ok(acc_query(w->fd, &q));
	return q.out_features & HISI_ACC_FEATURE_WATCH;
}

bool is_stale(const struct watcher *w, uint32_t handle)
{
	return w->stale[(handle - 1) / 32] >> (handle - 1) % 32 & 1;
}

uint32_t generation(const struct watcher *w)
{
	return __atomic_load_n(&w->status->mem_generation, __ATOMIC_ACQUIRE);
}

uint32_t count_stale(const struct watcher *w)
{
	uint32_t i, count = 0;

	for (i = 0; i < w->mems / 32; i++)
		count += __builtin_popcount(w->stale[i]);
	return count;
}

uint32_t watch(const struct watcher *w, uint32_t flags, void *data, size_t size)
{
	uint32_t handle;

	require_ok(acc_mem_pin(w->fd, flags | HISI_ACC_MEM_WATCH, data, size,
			       &handle, NULL));
	return handle;
}
