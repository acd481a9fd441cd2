// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "test.h"

void *map(size_t size, int prot, int flags, int fd)
{
	void *data = mmap(NULL, size, prot, flags, fd, 0);

	require(data != MAP_FAILED);
	return data;
}

void *map_anonymous(size_t size)
{
	return map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

void *map_huge(size_t count)
{
	uint8_t *data = map_anonymous((count + 1) * HUGE);

	return data + HUGE - (uintptr_t)data % HUGE;
}

int temporary_file(size_t size)
{
	int fd = require_ok(open("/tmp", O_TMPFILE | O_RDWR, 0600));

	require_ok(ftruncate(fd, size));
	return fd;
}

int count_present(const void *data, size_t pages)
{
	unsigned char present[1024];
	int count = 0;
	size_t i;

	require(pages <= sizeof(present));
	require_ok(mincore((void *)data, pages * PAGE, present));
	for (i = 0; i < pages; i++)
		count += present[i] & 1;
	return count;
}

uint32_t pin(int fd, void *data, size_t size)
{
	uint32_t handle;
	uint64_t iova;

	require_ok(acc_mem_pin(fd, 0, data, size, &handle, &iova));
	require(iova == (uintptr_t)data);
	return handle;
}

void access_init(struct device_access *a, size_t size)
{
	a->fd = device_open();
	raw_queue_init(&a->compress, a->fd, QUEUE_COMPRESS, 16, 0);
	raw_queue_init(&a->decompress, a->fd, QUEUE_DECOMPRESS, 16, 0);
	pinned_init(&a->spare, a->fd, (zlib_room(size) + PAGE) / PAGE * PAGE);
}

bool device_sees(struct device_access *a, uint64_t iova, const void *data,
			size_t size)
{
	uint32_t sqe[SQE_WORDS];

	raw_queue_run(&a->compress, iova, size, a->spare.iova, a->spare.size, sqe);
	return zip_succeeded(sqe) &&
	       zlib_is(a->spare.data, zip_produced(sqe), data, size);
}

bool device_reads(struct device_access *a, uint64_t iova, size_t size)
{
	uint32_t sqe[SQE_WORDS];

	raw_queue_run(&a->compress, iova, size, a->spare.iova, a->spare.size, sqe);
	return zip_succeeded(sqe);
}

bool device_writes(struct device_access *a, uint64_t iova, size_t size,
			  uint32_t seed)
{
	uint8_t *text = malloc(size);
	uint32_t sqe[SQE_WORDS];
	size_t made;

	fill_text(text, size, seed);
	made = zlib_make(a->spare.data, a->spare.size, text, size);
	free(text);
	raw_queue_run(&a->decompress, a->spare.iova, made, iova, size, sqe);
	return zip_succeeded(sqe) && zip_produced(sqe) == size;
}

bool is_text(const void *data, size_t size, uint32_t seed)
{
	uint8_t *text = malloc(size);
	bool same;

	fill_text(text, size, seed);
	same = !memcmp(data, text, size);
	free(text);
	return same;
}

/* Where the process's memory is not the device's anyway, it is registered. */
static void access_prepare(struct device_access *a, uint8_t *data, size_t size)
{
	access_init(a, size);
	if (acc_modes() == HISI_ACC_MODE_SVA)
		return;
	require(!device_writes(a, (uintptr_t)data, size, 1));
	pin(a->fd, data, size);
}

static int write_own(void *arg)
{
	struct pair *p = arg;
	struct device_access a;

	access_prepare(&a, p->data, 8 * PAGE);
	child_check(device_writes(&a, (uintptr_t)p->data, 8 * PAGE, 7));
	gate_open(&p->ready);
	child_check(gate_wait(&p->go));
	child_check(is_text(p->data, 8 * PAGE, 7));
	return 0;
}

void expect_processes_do_not_meet(void)
{
	struct pair p = { .data = map_anonymous(8 * PAGE) };
	struct device_access a;
	pid_t child;

	gate_init(&p.ready);
	gate_init(&p.go);
	access_prepare(&a, p.data, 8 * PAGE);
	child = child_start(write_own, &p);
	ck_assert(device_writes(&a, (uintptr_t)p.data, 8 * PAGE, 8));
	ck_assert(gate_wait(&p.ready));
	ck_assert(is_text(p.data, 8 * PAGE, 8));
	ck_assert(device_sees(&a, (uintptr_t)p.data, p.data, 8 * PAGE));
	gate_open(&p.go);
	ck_assert_int_eq(child_end(child), 0);
}

int fault_until_killed(void *ready)
{
	size_t size = 32 * PAGE;
	uint32_t sqe[SQE_WORDS];
	struct raw_queue q;

	raw_queue_init(&q, device_open(), QUEUE_COMPRESS, 16, 0);
	if (ready)
		gate_open(ready);
	for (;;) {
		uint8_t *src = map_anonymous(size), *dst = map_anonymous(size);

		zip_encode(sqe, (uintptr_t)src, size, (uintptr_t)dst, size);
		raw_queue_push(&q, sqe);
		raw_queue_ring(&q);
		if (!raw_queue_pop(&q, NULL, 5000))
			return 1;
		raw_queue_ring_cq(&q, false);
		munmap(src, size);
		munmap(dst, size);
	}
}
