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

int temporary_file(size_t size)
{
	int fd = require_ok(open("/tmp", O_TMPFILE | O_RDWR, 0600));

	require_ok(ftruncate(fd, size));
	return fd;
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
