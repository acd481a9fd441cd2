// SPDX-License-Identifier: GPL-2.0
/*
 * Submits and completes requests, batch by batch, on rings in memory and with
 * a device that does nothing but write completions. To be run by callgrind,
 * which counts the library's instructions only: see ./instructions.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"
#include "sys.h"

#define DEPTH	1024u
#define MEMS	32u

static struct hisi_acc_status status[2] = {
	{ .state = HISI_ACC_STATE_RUNNING }, { .state = HISI_ACC_STATE_RUNNING }
};
static uint8_t sq[DEPTH * 128] __attribute__((aligned(64)));
static struct hisi_qm_cqe cq[DEPTH] __attribute__((aligned(64)));
static struct hisiacc_slot slots[DEPTH];
static uint64_t doorbell;
static uint32_t stale[1];
static struct hisiacc_ctx ctx = { .status = status, .status_size = 128,
				  .stale = stale, .mems_max = MEMS };
static struct hisiacc_queue queue = {
	.ctx = &ctx, .sq = sq, .cq = cq, .slots = slots,
	.db = &doorbell, .status = (void *)&status[1],
	.mask = DEPTH - 1, .sqe_size = 128, .phase = 1,
	.mode = HISIACC_MODE_DMA, .formats = 0xe, .zip = &hisiacc_zip_hw_v3,
};

/* Nothing of the system is needed on this path, once memory is registered. */
int hisiacc_sys_ioctl(int fd, unsigned long request, void *arg)
{
	static uint32_t pins;
	struct hisi_acc_mem_pin *pin = arg;

	(void)fd;
	if (request != HISI_ACC_MEM_PIN || pins == MEMS)
		abort();
	pin->out_handle = ++pins;
	pin->out_mode = HISI_ACC_MODE_DMA;
	pin->out_iova = pin->addr;
	return 0;
}

int hisiacc_sys_list(char (**names)[HISIACC_NAME_SIZE], unsigned int *count)
{
	(void)names, (void)count;
	abort();
}

int hisiacc_sys_open(const char *path)
{
	(void)path;
	abort();
}

void hisiacc_sys_close(int fd)
{
	(void)fd;
}

int hisiacc_sys_read(int fd, void *buf, size_t size)
{
	(void)fd, (void)buf, (void)size;
	abort();
}

int hisiacc_sys_map(int fd, uint64_t key, uint64_t size, int prot, void **out)
{
	(void)fd, (void)key, (void)size, (void)prot, (void)out;
	abort();
}

int hisiacc_sys_map_anon(size_t size, void **out)
{
	(void)size, (void)out;
	abort();
}

int hisiacc_sys_map_at(void *addr, int fd, uint64_t key, uint64_t size,
		       int prot)
{
	(void)addr, (void)fd, (void)key, (void)size, (void)prot;
	abort();
}

int hisiacc_sys_reserve(size_t size, void **out)
{
	(void)size, (void)out;
	abort();
}

int hisiacc_sys_dup(int fd)
{
	(void)fd;
	abort();
}

int hisiacc_sys_size(int fd, uint64_t *size)
{
	(void)fd, (void)size;
	abort();
}

int hisiacc_sys_prime_fd(int drm_fd, uint32_t handle, bool write)
{
	(void)drm_fd, (void)handle, (void)write;
	abort();
}

void hisiacc_sys_unmap(void *addr, uint64_t size)
{
	(void)addr, (void)size;
}

int hisiacc_sys_eventfd(void)
{
	abort();
}

int hisiacc_sys_poll(struct pollfd *fds, unsigned int count,
		     uint64_t timeout_ns)
{
	(void)fds, (void)count, (void)timeout_ns;
	abort();
}

uint64_t hisiacc_sys_now(void)
{
	return 0;
}

size_t hisiacc_sys_page_size(void)
{
	return 4096;
}

static void device(unsigned int batch)
{
	static unsigned int tail;
	static uint16_t phase = 1;

	for (; batch; batch--) {
		*(uint32_t *)(sq + 128 * tail) = htole32(4096);
		*(uint32_t *)(sq + 128 * tail + 4) = htole32(1000);
		cq[tail].sq_head = htole16((uint16_t)tail);
		cq[tail].w7 = htole16(phase);
		tail = (tail + 1) % DEPTH;
		phase ^= !tail;
	}
}

int main(int argc, char **argv)
{
	static uint8_t src[4096] __attribute__((aligned(4096)));
	static uint8_t dst[8192] __attribute__((aligned(4096)));
	unsigned int batch = argc > 1 ? (unsigned int)atoi(argv[1]) : 1;
	unsigned int requests = argc > 2 ? (unsigned int)atoi(argv[2]) : 32000;
	int pointers = argc > 3 ? atoi(argv[3]) : 0;
	struct hisiacc_mem src_mem = { .user = &ctx, .addr = (uintptr_t)src,
				       .size = sizeof(src) };
	struct hisiacc_mem dst_mem = { .user = &ctx, .addr = (uintptr_t)dst,
				       .size = sizeof(dst) };
	struct hisiacc_zip_req req = {
		.size = sizeof(req), .format = HISIACC_ZIP_GZIP,
		.src = src, .src_len = sizeof(src), .src_mem = &src_mem,
		.dst = dst, .dst_len = sizeof(dst), .dst_mem = &dst_mem,
	};
	struct hisiacc_completion c[64];
	unsigned int i, n;

	if (!batch || batch > 64)
		return EXIT_FAILURE;
	hisiacc_cache_init(&ctx);
	/* By pointers only: 1 the destination, 2 the source as well. */
	if (pointers > 0)
		req.dst_mem = NULL;
	if (pointers > 1)
		req.src_mem = NULL;
	for (n = 0; n < requests; n += batch) {
		for (i = 0; i < batch; i++)
			if (hisiacc_zip_prep(&queue, &req, i))
				return EXIT_FAILURE;
		if (hisiacc_queue_submit(&queue) != (int)batch)
			return EXIT_FAILURE;
		device(batch);
		if (hisiacc_queue_peek(&queue, c, 64) != (int)batch ||
		    c[batch - 1].consumed != 4096)
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
