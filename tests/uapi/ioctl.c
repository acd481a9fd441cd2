// SPDX-License-Identifier: GPL-2.0
/*
 * What holds for every ioctl: sizes, flags, reserved fields, where the argument
 * may lie, and that a refused call does nothing. Each test runs once for each
 * line of the table.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "data.h"
#include "device.h"
#include "fixture.h"
#include "ioctls.h"
#include "test.h"

#define DEPTH		16

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

static void fill_query(struct env *e, union args *a)
{
	(void)e;
	(void)a;
}

static void fill_queue_alloc(struct env *e, union args *a)
{
	(void)e;
	a->queue_alloc = acc_queue_args(0, DEPTH);
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
#define AT(_type, _field) offsetof(struct hisi_acc_##_type, _field)

/* All sizes are those of the first release. */
static const struct op {
	const char *name;
	unsigned int cmd;
	uint32_t size;
	void (*fill)(struct env *e, union args *a);
	uint32_t flags;		/* known bits */
	uint32_t out, out_size;	/* what the kernel writes; 0: nothing */
	uint32_t handle;	/* offset of the handle, or 0 */
	uint32_t reserved;	/* offset of a reserved word, or 0 */
} ops[] = {
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

/* A valid argument, in @a, for an environment made for it. */
static void prepare(const struct op *op, struct env *e, union args *a)
{
	struct hisi_acc_queue_alloc queue = acc_queue_args(0, DEPTH);
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

static void expect_refusal(const struct op *op, struct env *e, union args *a,
			   int code)
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

static void expect_success(const struct op *op, struct env *e, void *a)
{
	ck_assert_msg(!ioctl(e->fd, op->cmd, a), "%s: %s", op->name,
		      strerrorname_np(errno));
}

START_TEST(valid_argument_is_taken)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	expect_success(op, &e, &a);
}
END_TEST

START_TEST(argsz_zero_is_einval)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	a.query.argsz = 0;
	expect_refusal(op, &e, &a, EINVAL);
}
END_TEST

START_TEST(argsz_too_small_is_einval)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	a.query.argsz = op->size - 1;
	expect_refusal(op, &e, &a, EINVAL);
}
END_TEST

START_TEST(argsz_with_a_zero_tail_is_taken)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	a.query.argsz = op->size + 64;
	expect_success(op, &e, &a);
}
END_TEST

START_TEST(argsz_of_a_page_is_taken)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	a.query.argsz = PAGE;
	expect_success(op, &e, &a);
}
END_TEST

START_TEST(unknown_first_byte_is_e2big)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	a.query.argsz = op->size + 64;
	a.bytes[op->size] = 1;
	expect_refusal(op, &e, &a, E2BIG);
}
END_TEST

START_TEST(unknown_last_byte_is_e2big)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	a.query.argsz = PAGE;
	a.bytes[PAGE - 1] = 0x80;
	expect_refusal(op, &e, &a, E2BIG);
}
END_TEST

START_TEST(byte_behind_argsz_is_not_looked_at)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	a.bytes[op->size] = 1;
	expect_success(op, &e, &a);
}
END_TEST

START_TEST(argsz_over_a_page_is_e2big)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	a.query.argsz = PAGE + 1;
	expect_refusal(op, &e, &a, E2BIG);
}
END_TEST

START_TEST(argsz_of_all_ones_is_e2big)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	a.query.argsz = UINT32_MAX;
	expect_refusal(op, &e, &a, E2BIG);
}
END_TEST

START_TEST(unknown_flags_are_not_supported)
{
	const struct op *op = &ops[_i];
	uint32_t bit, flags;
	union args a;
	struct env e;

	prepare(op, &e, &a);
	flags = a.query.flags;
	for (bit = 1; bit; bit <<= 1) {
		if (op->flags & bit)
			continue;
		a.query.flags = flags | bit;
		expect_refusal(op, &e, &a, EOPNOTSUPP);
	}
}
END_TEST

START_TEST(reserved_bits_are_einval)
{
	const struct op *op = &ops[_i];
	uint32_t bit;
	union args a;
	struct env e;

	if (!op->reserved)
		return;
	prepare(op, &e, &a);
	for (bit = 1; bit; bit <<= 1) {
		*(uint32_t *)(a.bytes + op->reserved) = bit;
		expect_refusal(op, &e, &a, EINVAL);
	}
}
END_TEST

START_TEST(old_contents_of_outputs_do_not_matter)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	if (!op->out)
		return;
	prepare(op, &e, &a);
	memset(a.bytes + op->out, 0xff, op->out_size);
	expect_success(op, &e, &a);
}
END_TEST

START_TEST(inputs_come_back_unchanged)
{
	const struct op *op = &ops[_i];
	union args a, before;
	struct env e;

	prepare(op, &e, &a);
	a.query.argsz = op->size + 64;
	before = a;
	expect_success(op, &e, &a);
	ck_assert_mem_eq(&a, &before, op->out ? op->out : op->size);
	ck_assert_mem_eq(a.bytes + op->size, before.bytes + op->size,
			 sizeof(a) - op->size);
}
END_TEST

START_TEST(bytes_behind_argsz_stay)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	memset(a.bytes + op->size, 0xa5, sizeof(a) - op->size);
	expect_success(op, &e, &a);
	ck_assert(is_filled(a.bytes + op->size, sizeof(a) - op->size, 0xa5));
}
END_TEST

/* Two pages, the second one without access, and the last @size bytes before. */
static void *end_of_page(uint32_t size)
{
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(pages != MAP_FAILED);
	ck_assert(!mprotect(pages + PAGE, PAGE, PROT_NONE));
	return pages + PAGE - size;
}

START_TEST(argument_may_end_at_an_unmapped_page)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;
	void *arg;

	prepare(op, &e, &a);
	arg = memcpy(end_of_page(op->size), &a, op->size);
	expect_success(op, &e, arg);
}
END_TEST

START_TEST(argument_may_be_unaligned)
{
	const struct op *op = &ops[_i];
	uint8_t space[PAGE + 8];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	memcpy(space + 1, &a, op->size);
	expect_success(op, &e, space + 1);
}
END_TEST

static void expect_fault(const struct op *op, struct env *e, void *arg)
{
	expect_errno(EFAULT, ioctl(e->fd, op->cmd, arg));
	expect_usage(&e->usage);
}

START_TEST(argument_into_an_unmapped_page_is_efault)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;
	void *arg;

	prepare(op, &e, &a);
	arg = memcpy(end_of_page(op->size - 1), &a, op->size - 1);
	expect_fault(op, &e, arg);
}
END_TEST

START_TEST(tail_into_an_unmapped_page_is_efault)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;
	void *arg;

	prepare(op, &e, &a);
	a.query.argsz = op->size + 8;
	arg = memcpy(end_of_page(op->size), &a, op->size);
	expect_fault(op, &e, arg);
}
END_TEST

START_TEST(bad_pointers_are_efault)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	expect_fault(op, &e, NULL);
	expect_fault(op, &e, (void *)-8l);
	expect_fault(op, &e, (void *)0xffff888000000000ul);
	expect_fault(op, &e, (void *)0x7ffffffff000ul);
}
END_TEST

static void *read_only_copy(const union args *a)
{
	void *copy = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(copy != MAP_FAILED);
	memcpy(copy, a, PAGE);
	ck_assert(!mprotect(copy, PAGE, PROT_READ));
	return copy;
}

START_TEST(outputs_into_read_only_memory_are_efault_and_leak_nothing)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;
	int i;

	if (!op->out)
		return;
	prepare(op, &e, &a);
	for (i = 0; i < 5; i++)
		expect_fault(op, &e, read_only_copy(&a));
	/* a queue that was to be started can still be used */
	if (op->cmd == HISI_ACC_QUEUE_START) {
		expect_ok(acc_queue_stop(e.fd, e.queue));
		expect_success(op, &e, &a);
	}
}
END_TEST

START_TEST(argument_without_outputs_may_be_read_only)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	if (op->out)
		return;
	prepare(op, &e, &a);
	expect_success(op, &e, read_only_copy(&a));
}
END_TEST

START_TEST(unknown_handles_are_enoent)
{
	static const uint32_t wrong[] = {
		0, 3, 65, 4097, 0x7fffffff, 0x80000001, UINT32_MAX,
	};
	const struct op *op = &ops[_i];
	unsigned int i;
	union args a;
	struct env e;

	if (!op->handle)
		return;
	prepare(op, &e, &a);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		*(uint32_t *)(a.bytes + op->handle) = wrong[i];
		expect_refusal(op, &e, &a, ENOENT);
	}
}
END_TEST

START_TEST(handles_of_another_context_are_enoent)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;
	int other;

	if (!op->handle)
		return;
	prepare(op, &e, &a);
	other = device_open();
	expect_errno(ENOENT, ioctl(other, op->cmd, &a));
	expect_usage(&e.usage);
}
END_TEST

#ifdef __x86_64__
/* The kernel's entry for 32-bit processes, which this process may use too. */
static int ioctl32(int fd, unsigned int cmd, void *arg)
{
	long ret = 54;

	asm volatile("int $0x80" : "+a"(ret)
		     : "b"((long)fd), "c"((long)cmd), "d"(arg)
		     : "memory", "r8", "r9", "r10", "r11");
	errno = (int)ret < 0 ? -(int)ret : 0;
	return (int)ret < 0 ? -1 : 0;
}

START_TEST(a_32_bit_process_gets_the_same)
{
	const struct op *op = &ops[_i];
	union args a, *low;
	struct env e;

	prepare(op, &e, &a);
	low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	ck_assert(low != MAP_FAILED);
	memcpy(low, &a, op->size);
	low->query.argsz = 0;
	expect_errno(EINVAL, ioctl32(e.fd, op->cmd, low));
	memcpy(low, &a, op->size);
	expect_ok(ioctl32(e.fd, op->cmd, low));
}
END_TEST
#endif

START_TEST(unknown_numbers_are_enotty)
{
	union args a;
	struct env e;
	unsigned int i, nr;

	prepare(&ops[0], &e, &a);
	for (nr = 0; nr < 256; nr++) {
		for (i = 0; i < ARRAY_SIZE(ops); i++)
			if (ops[i].cmd == _IO(HISI_ACC_IOCTL_TYPE, nr))
				break;
		if (i == ARRAY_SIZE(ops))
			expect_errno(ENOTTY, ioctl(e.fd, _IO(HISI_ACC_IOCTL_TYPE,
							    nr), &a));
	}
}
END_TEST

START_TEST(numbers_of_another_type_are_enotty)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	expect_errno(ENOTTY, ioctl(e.fd, _IO(HISI_ACC_IOCTL_TYPE - 1,
					     _IOC_NR(op->cmd)), &a));
	expect_errno(ENOTTY, ioctl(e.fd, _IO(HISI_ACC_IOCTL_TYPE + 1,
					     _IOC_NR(op->cmd)), &a));
	expect_usage(&e.usage);
}
END_TEST

START_TEST(numbers_with_a_size_are_enotty)
{
	const struct op *op = &ops[_i];
	union args a;
	struct env e;

	prepare(op, &e, &a);
	expect_errno(ENOTTY, ioctl(e.fd, _IOC(_IOC_READ | _IOC_WRITE,
					      HISI_ACC_IOCTL_TYPE,
					      _IOC_NR(op->cmd), op->size), &a));
	expect_usage(&e.usage);
}
END_TEST

static void add(void)
{
	const int all = ARRAY_SIZE(ops);

	test_add_loop(valid_argument_is_taken, 0, all);
	test_add_loop(argsz_zero_is_einval, 0, all);
	test_add_loop(argsz_too_small_is_einval, 0, all);
	test_add_loop(argsz_with_a_zero_tail_is_taken, 0, all);
	test_add_loop(argsz_of_a_page_is_taken, 0, all);
	test_add_loop(unknown_first_byte_is_e2big, 0, all);
	test_add_loop(unknown_last_byte_is_e2big, 0, all);
	test_add_loop(byte_behind_argsz_is_not_looked_at, 0, all);
	test_add_loop(argsz_over_a_page_is_e2big, 0, all);
	test_add_loop(argsz_of_all_ones_is_e2big, 0, all);
	test_add_loop(unknown_flags_are_not_supported, 0, all);
	test_add_loop(reserved_bits_are_einval, 0, all);
	test_add_loop(old_contents_of_outputs_do_not_matter, 0, all);
	test_add_loop(inputs_come_back_unchanged, 0, all);
	test_add_loop(bytes_behind_argsz_stay, 0, all);
	test_add_loop(argument_may_end_at_an_unmapped_page, 0, all);
	test_add_loop(argument_may_be_unaligned, 0, all);
	test_add_loop(argument_into_an_unmapped_page_is_efault, 0, all);
	test_add_loop(tail_into_an_unmapped_page_is_efault, 0, all);
	test_add_loop(bad_pointers_are_efault, 0, all);
	test_add_loop(outputs_into_read_only_memory_are_efault_and_leak_nothing,
		      0, all);
	test_add_loop(argument_without_outputs_may_be_read_only, 0, all);
	test_add_loop(unknown_handles_are_enoent, 0, all);
	test_add_loop(handles_of_another_context_are_enoent, 0, all);
#ifdef __x86_64__
	test_add_loop(a_32_bit_process_gets_the_same, 0, all);
#endif
	test_add(unknown_numbers_are_enotty);
	test_add_loop(numbers_of_another_type_are_enotty, 0, all);
	test_add_loop(numbers_with_a_size_are_enotty, 0, all);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
