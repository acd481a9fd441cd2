/* SPDX-License-Identifier: GPL-2.0 */
/* Every ioctl with an argument that it takes, for tests that make it wrong. */
#ifndef TESTS_UAPI_OPS_H
#define TESTS_UAPI_OPS_H

#include "device.h"
#include "ioctls.h"
#include "test.h"

/* Entries of the queue that the calls work on, and of the one that they make. */
#define OPS_DEPTH	16

/* Objects for the calls to work on. */
struct env {
	int fd;
	uint32_t queue;		/* running */
	uint32_t mem;
	uint8_t *data;
	uint8_t *place;		/* pages for memory that is not the process' */
	uint32_t buffer;
	int dmabuf;
	struct device_usage usage;
};

union args {
	struct hisi_acc_query query;
	struct hisi_acc_queue_alloc queue_alloc;
	struct hisi_acc_queue_free queue_free;
	struct hisi_acc_queue_query queue_query;
	struct hisi_acc_queue_start queue_start;
	struct hisi_acc_queue_stop queue_stop;
	struct hisi_acc_queue_event queue_event;
	struct hisi_acc_queue_doorbell queue_doorbell;
	struct hisi_acc_mem_pin mem_pin;
	struct hisi_acc_mem_import mem_import;
	struct hisi_acc_mem_alloc mem_alloc;
	struct hisi_acc_mem_export mem_export;
	struct hisi_acc_mem_unpin mem_unpin;
	uint8_t bytes[PAGE_MAX];
};

/* All sizes are those of the first release. */
struct op {
	const char *name;
	unsigned int cmd;
	uint32_t size;
	void (*fill)(struct env *e, union args *a);
	uint32_t flags;		/* known bits */
	uint32_t out, out_size;	/* what the kernel writes; 0: nothing */
	uint32_t handle;	/* offset of the handle, or 0 */
	uint32_t reserved;	/* offset of a reserved word, or 0 */
};

extern const struct op ops[];
extern const int ops_count;

#define AT(_type, _field) offsetof(struct hisi_acc_##_type, _field)

/* A valid argument, in @a, for an environment made for it. */
void prepare(const struct op *op, struct env *e, union args *a);
/* The call fails in this way, and nothing is different afterwards. */
void expect_refusal(const struct op *op, struct env *e, union args *a, int code);
void expect_success(const struct op *op, struct env *e, void *a);

#endif /* TESTS_UAPI_OPS_H */
