/* SPDX-License-Identifier: GPL-2.0 */
/* Makers of dma-bufs, and registrations of what they made. */
#ifndef TESTS_UAPI_EXPORTER_H
#define TESTS_UAPI_EXPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ioctls.h"

enum exporter {
	EXPORTER_UDMABUF,	/* a memfd */
	EXPORTER_HEAP,		/* the system heap */
	EXPORTER_VGEM,		/* a GEM object */
	EXPORTER_OWN,		/* MEM_EXPORT of a context that is gone */
	EXPORTER_MOVER,		/* tests/mover */
	EXPORTERS
};

const char *exporter_name(enum exporter exporter);
/* Whether this kernel has it, after a try to load its module. */
bool exporter_is_there(enum exporter exporter);
/* A new dma-buf of zeroes, for reading and writing. */
int exporter_make(enum exporter exporter, size_t size);
/* A dma-buf that is for reading only; -1 if the exporter makes none. */
int exporter_make_read_only(enum exporter exporter, size_t size);

/* A buffer of MEM_ALLOC that is mapped where it was announced. */
struct buffer {
	int fd;			/* of the context */
	uint8_t *data;
	struct hisi_acc_mem_alloc arg;
};

void buffer_init(struct buffer *b, int fd, size_t size);
/* Maps it there once more. */
void buffer_map(struct buffer *b);
/* Addresses for something that is to come. */
void *reserve(size_t size);

/* A dma-buf that is mapped for the CPU, and registered. */
struct imported {
	int fd;			/* of the context */
	int dmabuf;
	uint8_t *data;
	size_t size;
	uint32_t handle;
	uint64_t iova;
};

/* Maps and registers all of it. @dmabuf stays the caller's. */
void imported_init(struct imported *i, int fd, int dmabuf, size_t size);
/* The same of a dma-buf that is mapped already. */
void imported_again(struct imported *i);
void imported_fini(struct imported *i);

/* DMA_BUF_IOCTL_SYNC before and after the CPU's accesses. */
void dmabuf_begin(int dmabuf);
void dmabuf_end(int dmabuf);

#endif /* TESTS_UAPI_EXPORTER_H */
