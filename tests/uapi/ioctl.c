// SPDX-License-Identifier: GPL-2.0
/*
 * What holds for every ioctl: sizes, flags, reserved fields, where the argument
 * may lie, and that a refused call does nothing. Each test runs once for each
 * line of the table.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "data.h"
#include "fixture.h"
#include "ops.h"

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
	unsigned int nr;
	int i;

	prepare(&ops[0], &e, &a);
	for (nr = 0; nr < 256; nr++) {
		for (i = 0; i < ops_count; i++)
			if (ops[i].cmd == _IO(HISI_ACC_IOCTL_TYPE, nr))
				break;
		if (i == ops_count)
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
	const int all = ops_count;

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
