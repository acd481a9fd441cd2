/* SPDX-License-Identifier: GPL-2.0 */
/* Between the fake device and its memory. */
#ifndef FAKE_MEMORY_H
#define FAKE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define FAKE_MEMS		512	/* most registrations */
#define FAKE_STALE_OFFSET	1024

#define CTX_FD			100
#define KEY(kind, n)	(((uint64_t)(kind) << 32) | (uint64_t)(n) << 20)
enum { KEY_STATUS = 1, KEY_SQ, KEY_CQ, KEY_DB, KEY_MEM };

void fake_memory_reset(void);
int fake_memory_ioctl(unsigned int request, void *arg);
/* The dma-buf behind a descriptor, from 1 on, or 0; and to close and map it. */
int fake_buf_of(int fd);
void fake_memory_close(int fd);
int fake_memory_map(size_t size, void **out);

/* The mode of a new object, which is the context's if it has one. */
int fake_take_mode(uint32_t modes);

#endif /* FAKE_MEMORY_H */
