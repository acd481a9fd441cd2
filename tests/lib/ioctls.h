/* SPDX-License-Identifier: GPL-2.0 */
/* One function for each ioctl: 0, or -1 and errno. */
#ifndef TESTS_LIB_IOCTLS_H
#define TESTS_LIB_IOCTLS_H

#include <stdint.h>
#include <sys/ioctl.h>

#include "hisi_acc.h"

/*
 * The memory modes that the tests of a run ask for: those that MODE of the
 * environment names ("sva", "pasid" or "dma"), "dma" if it is not there.
 */
uint32_t acc_modes(void);
/* From now on the test asks for these. */
void acc_set_modes(uint32_t modes);

static inline int acc_query(int fd, struct hisi_acc_query *query)
{
	*query = (struct hisi_acc_query) { .argsz = sizeof(*query) };
	return ioctl(fd, HISI_ACC_QUERY, query);
}

/* What QUEUE_ALLOC takes for an ordinary queue. */
static inline struct hisi_acc_queue_alloc acc_queue_args(uint32_t type,
							 uint32_t depth)
{
	return (struct hisi_acc_queue_alloc) {
		.argsz = sizeof(struct hisi_acc_queue_alloc),
		.modes = acc_modes(),
		.type = type,
		.depth = depth,
		.event_fd = -1,
	};
}

static inline int acc_queue_alloc(int fd, struct hisi_acc_queue_alloc *arg)
{
	return ioctl(fd, HISI_ACC_QUEUE_ALLOC, arg);
}

static inline int acc_queue_free(int fd, uint32_t handle)
{
	struct hisi_acc_queue_free arg = {
		.argsz = sizeof(arg), .handle = handle,
	};

	return ioctl(fd, HISI_ACC_QUEUE_FREE, &arg);
}

static inline int acc_queue_query(int fd, uint32_t handle,
				  struct hisi_acc_queue_query *arg)
{
	*arg = (struct hisi_acc_queue_query) {
		.argsz = sizeof(*arg), .handle = handle,
	};
	return ioctl(fd, HISI_ACC_QUEUE_QUERY, arg);
}

static inline int acc_queue_start(int fd, uint32_t handle, uint32_t *db_rand)
{
	struct hisi_acc_queue_start arg = {
		.argsz = sizeof(arg), .handle = handle,
	};
	int ret = ioctl(fd, HISI_ACC_QUEUE_START, &arg);

	if (!ret && db_rand)
		*db_rand = arg.out_db_rand;
	return ret;
}

static inline int acc_queue_stop(int fd, uint32_t handle)
{
	struct hisi_acc_queue_stop arg = {
		.argsz = sizeof(arg), .handle = handle,
	};

	return ioctl(fd, HISI_ACC_QUEUE_STOP, &arg);
}

static inline int acc_queue_event(int fd, uint32_t handle, int event_fd)
{
	struct hisi_acc_queue_event arg = {
		.argsz = sizeof(arg), .handle = handle, .event_fd = event_fd,
	};

	return ioctl(fd, HISI_ACC_QUEUE_EVENT, &arg);
}

static inline int acc_queue_doorbell(int fd, uint32_t handle, uint32_t flags,
				     uint32_t index)
{
	struct hisi_acc_queue_doorbell arg = {
		.argsz = sizeof(arg), .flags = flags,
		.handle = handle, .index = index,
	};

	return ioctl(fd, HISI_ACC_QUEUE_DOORBELL, &arg);
}

static inline int acc_mem_pin(int fd, uint32_t flags, const void *addr,
			      uint64_t size, uint32_t *handle, uint64_t *iova)
{
	struct hisi_acc_mem_pin arg = {
		.argsz = sizeof(arg), .flags = flags,
		.addr = (uintptr_t)addr, .size = size,
		.modes = acc_modes(),
	};
	int ret = ioctl(fd, HISI_ACC_MEM_PIN, &arg);

	if (handle)
		*handle = arg.out_handle;
	if (iova)
		*iova = arg.out_iova;
	return ret;
}

static inline int acc_mem_unpin(int fd, uint32_t handle)
{
	struct hisi_acc_mem_unpin arg = {
		.argsz = sizeof(arg), .handle = handle,
	};

	return ioctl(fd, HISI_ACC_MEM_UNPIN, &arg);
}

/* @addr is of no matter in DMA mode. The answers are in @arg. */
static inline int acc_mem_alloc(int fd, const void *addr, uint64_t size,
				struct hisi_acc_mem_alloc *arg)
{
	*arg = (struct hisi_acc_mem_alloc) {
		.argsz = sizeof(*arg), .modes = acc_modes(),
		.size = size, .addr = (uintptr_t)addr,
	};
	return ioctl(fd, HISI_ACC_MEM_ALLOC, arg);
}

/* A new dma-buf, or -1. */
static inline int acc_mem_export(int fd, uint32_t handle)
{
	struct hisi_acc_mem_export arg = {
		.argsz = sizeof(arg), .handle = handle, .out_fd = -1,
	};

	return ioctl(fd, HISI_ACC_MEM_EXPORT, &arg) ? -1 : arg.out_fd;
}

/* What MEM_IMPORT takes for a whole dma-buf that is mapped at @addr. */
static inline struct hisi_acc_mem_import acc_import_args(int dmabuf,
							 const void *addr)
{
	return (struct hisi_acc_mem_import) {
		.argsz = sizeof(struct hisi_acc_mem_import),
		.fd = dmabuf,
		.modes = acc_modes(),
		.addr = (uintptr_t)addr,
	};
}

static inline int acc_mem_import(int fd, struct hisi_acc_mem_import *arg)
{
	return ioctl(fd, HISI_ACC_MEM_IMPORT, arg);
}

#endif /* TESTS_LIB_IOCTLS_H */
