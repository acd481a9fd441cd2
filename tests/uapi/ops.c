// SPDX-License-Identifier: GPL-2.0
#include <sys/mman.h>

#include "ops.h"

static void fill_query(struct env *e, union args *a)
{
	(void)e;
	(void)a;
}

static void fill_queue_alloc(struct env *e, union args *a)
{
	(void)e;
	a->queue_alloc = acc_queue_args(0, OPS_DEPTH);
}

static void fill_queue_free(struct env *e, union args *a)
{
	a->queue_free.handle = e->queue;
}

static void fill_queue_query(struct env *e, union args *a)
{
	a->queue_query.handle = e->queue;
}

static void fill_queue_start(struct env *e, union args *a)
{
	expect_ok(acc_queue_stop(e->fd, e->queue));
	a->queue_start.handle = e->queue;
}

static void fill_queue_stop(struct env *e, union args *a)
{
	a->queue_stop.handle = e->queue;
}

static void fill_queue_event(struct env *e, union args *a)
{
	a->queue_event.handle = e->queue;
	a->queue_event.event_fd = -1;
}

static void fill_queue_doorbell(struct env *e, union args *a)
{
	a->queue_doorbell.flags = HISI_ACC_DOORBELL_CQ;
	a->queue_doorbell.handle = e->queue;
}

static void fill_mem_pin(struct env *e, union args *a)
{
	a->mem_pin.addr = (uintptr_t)e->data;
	a->mem_pin.size = PAGE;
	a->mem_pin.modes = acc_modes();
}

static void fill_mem_import(struct env *e, union args *a)
{
	a->mem_import = acc_import_args(e->dmabuf, e->place + PAGE);
}

static void fill_mem_alloc(struct env *e, union args *a)
{
	a->mem_alloc.modes = acc_modes();
	a->mem_alloc.size = PAGE;
	a->mem_alloc.addr = (uintptr_t)e->place + 2 * PAGE;
}

static void fill_mem_export(struct env *e, union args *a)
{
	a->mem_export.handle = e->buffer;
}

static void fill_mem_unpin(struct env *e, union args *a)
{
	a->mem_unpin.handle = e->mem;
}

#define OP(_cmd, _type, _flags, _out, _out_size, _handle, _reserved)	\
	{								\
		.name = #_type,						\
		.cmd = _cmd,						\
		.size = sizeof(struct hisi_acc_##_type),		\
		.fill = fill_##_type,					\
		.flags = _flags,					\
		.out = _out,						\
		.out_size = _out_size,					\
		.handle = _handle,					\
		.reserved = _reserved,					\
	}

const struct op ops[] = {
	OP(HISI_ACC_QUERY, query, 0, AT(query, out_uapi_version),
	   sizeof(struct hisi_acc_query) - AT(query, out_uapi_version), 0, 0),
	OP(HISI_ACC_QUEUE_ALLOC, queue_alloc, HISI_ACC_QUEUE_NO_DB_MAP,
	   AT(queue_alloc, out_handle), AT(queue_alloc, __reserved) -
	   AT(queue_alloc, out_handle), 0, AT(queue_alloc, __reserved)),
	OP(HISI_ACC_QUEUE_FREE, queue_free, 0, 0, 0,
	   AT(queue_free, handle), AT(queue_free, __reserved)),
	OP(HISI_ACC_QUEUE_QUERY, queue_query, 0, AT(queue_query, out_state), 16,
	   AT(queue_query, handle), AT(queue_query, __reserved)),
	OP(HISI_ACC_QUEUE_START, queue_start, 0, AT(queue_start, out_db_rand), 4,
	   AT(queue_start, handle), 0),
	OP(HISI_ACC_QUEUE_STOP, queue_stop, 0, 0, 0,
	   AT(queue_stop, handle), AT(queue_stop, __reserved)),
	OP(HISI_ACC_QUEUE_EVENT, queue_event, 0, 0, 0,
	   AT(queue_event, handle), 0),
	OP(HISI_ACC_QUEUE_DOORBELL, queue_doorbell,
	   HISI_ACC_DOORBELL_CQ | HISI_ACC_DOORBELL_ARM, 0, 0,
	   AT(queue_doorbell, handle), 0),
	OP(HISI_ACC_MEM_PIN, mem_pin,
	   HISI_ACC_MEM_READ_ONLY | HISI_ACC_MEM_ON_DEMAND |
	   HISI_ACC_MEM_WATCH,
	   AT(mem_pin, out_handle), 16, 0, AT(mem_pin, __reserved)),
	OP(HISI_ACC_MEM_IMPORT, mem_import, HISI_ACC_MEM_READ_ONLY,
	   AT(mem_import, out_handle), 24, 0, 0),
	OP(HISI_ACC_MEM_ALLOC, mem_alloc, 0, AT(mem_alloc, out_handle), 32, 0,
	   AT(mem_alloc, __reserved)),
	OP(HISI_ACC_MEM_EXPORT, mem_export, 0, AT(mem_export, out_fd), 4,
	   AT(mem_export, handle), 0),
	OP(HISI_ACC_MEM_UNPIN, mem_unpin, 0, 0, 0,
	   AT(mem_unpin, handle), AT(mem_unpin, __reserved)),
};

const int ops_count = ARRAY_SIZE(ops);

void prepare(const struct op *op, struct env *e, union args *a)
{
	struct hisi_acc_queue_alloc queue = acc_queue_args(0, OPS_DEPTH);
	struct hisi_acc_mem_alloc buffer;

	e->fd = device_open();
	expect_ok(acc_queue_alloc(e->fd, &queue));
	e->queue = queue.out_handle;
	e->data = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(e->data != MAP_FAILED);
	expect_ok(acc_mem_pin(e->fd, 0, e->data, 2 * PAGE, &e->mem, NULL));
	e->place = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	ck_assert(e->place != MAP_FAILED);
	expect_ok(acc_mem_alloc(e->fd, e->place, PAGE, &buffer));
	e->buffer = buffer.out_handle;
	e->dmabuf = expect_ok(acc_mem_export(e->fd, e->buffer));

	memset(a, 0, sizeof(*a));
	op->fill(e, a);
	a->query.argsz = op->size;
	e->usage = device_usage();
}

void expect_refusal(const struct op *op, struct env *e, union args *a, int code)
{
	union args before = *a;
	struct hisi_acc_queue_query query;

	expect_errno(code, ioctl(e->fd, op->cmd, a));
	ck_assert_msg(!memcmp(a, &before, sizeof(before)),
		      "%s: the failed call wrote something", op->name);
	expect_usage(&e->usage);
	/* the objects are as they were */
	expect_ok(acc_queue_query(e->fd, e->queue, &query));
	ck_assert_uint_eq(query.out_state, op->cmd == HISI_ACC_QUEUE_START ?
					   HISI_ACC_STATE_STOPPED :
					   HISI_ACC_STATE_RUNNING);
}

void expect_success(const struct op *op, struct env *e, void *a)
{
	ck_assert_msg(!ioctl(e->fd, op->cmd, a), "%s: %s", op->name,
		      strerrorname_np(errno));
}
