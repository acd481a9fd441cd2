// SPDX-License-Identifier: GPL-2.0
/*
 * Shared virtual addressing: any pointer of the process, as it is when the
 * device uses it, and nothing that the process may not touch itself.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "test.h"

/* A device that is asked without any registration of what it is asked for. */
static void expect_reachable(void *data, size_t size)
{
	struct device_access a;
	struct device_usage usage;

	access_init(&a, size);
	usage = device_usage();
	fill_text(data, size, 1);
	ck_assert(device_sees(&a, (uintptr_t)data, data, size));
	ck_assert(device_writes(&a, (uintptr_t)data, size, 2));
	ck_assert(is_text(data, size, 2));
	expect_usage(&usage);
}

START_TEST(sva_is_granted_before_all_others)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);

	arg.modes = HISI_ACC_MODE_SVA | HISI_ACC_MODE_PASID | HISI_ACC_MODE_DMA;
	expect_ok(acc_queue_alloc(device_open(), &arg));
	ck_assert_uint_eq(arg.out_mode, HISI_ACC_MODE_SVA);
	ck_assert_uint_eq(arg.out_reason, HISI_ACC_REASON_NONE);
	ck_assert_uint_ne(arg.out_pasid, 0);
}
END_TEST

/* Kinds of memory */

START_TEST(heap)
{
	uint8_t *data = malloc(30000);

	expect_reachable(data + 13, 30000 - 13);
}
END_TEST

START_TEST(stack)
{
	uint8_t data[20001];

	expect_reachable(data + 1, sizeof(data) - 1);
}
END_TEST

START_TEST(static_data)
{
	static uint8_t bss[10000];
	static uint8_t data[10000] = { 1 };

	expect_reachable(bss, sizeof(bss));
	expect_reachable(data, sizeof(data));
}
END_TEST

START_TEST(memory_that_nobody_has_touched)
{
	enum { PAGES = 64 };
	uint8_t *data = map_anonymous(PAGES * PAGE);
	struct device_access a;
	uint64_t before;

	expect_ok(madvise(data, PAGES * PAGE, MADV_NOHUGEPAGE));
	access_init(&a, PAGES * PAGE);
	ck_assert_int_eq(count_present(data, PAGES), 0);
	before = monitor_count(MONITOR_PAGE_REQUESTS);
	ck_assert(device_writes(&a, (uintptr_t)data, PAGES * PAGE, 1));
	/* the device itself made them come */
	ck_assert_int_eq(count_present(data, PAGES), PAGES);
	ck_assert_uint_ge(monitor_count(MONITOR_PAGE_REQUESTS) - before, PAGES);
	ck_assert(is_text(data, PAGES * PAGE, 1));
}
END_TEST

START_TEST(memory_touched_by_half)
{
	enum { PAGES = 64 };
	uint8_t *data = map_anonymous(PAGES * PAGE);
	struct device_access a;
	int i;

	for (i = 0; i < PAGES; i += 2)
		data[i * PAGE] = 1;
	access_init(&a, PAGES * PAGE);
	ck_assert(device_writes(&a, (uintptr_t)data + 5, PAGES * PAGE - 5, 1));
	ck_assert(is_text(data + 5, PAGES * PAGE - 5, 1));
	ck_assert_uint_eq(data[0], 1);
}
END_TEST

START_TEST(untouched_source_is_zeroes)
{
	uint8_t *data = map_anonymous(10 * PAGE);
	static const uint8_t zeroes[10 * PAGE_MAX];
	struct device_access a;

	access_init(&a, 10 * PAGE);
	ck_assert(device_sees(&a, (uintptr_t)data, zeroes, 10 * PAGE));
}
END_TEST

START_TEST(shared_memory)
{
	expect_reachable(map(65536, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1), 65536);
}
END_TEST

START_TEST(private_file_mapping)
{
	int fd = temporary_file(50000);
	uint8_t byte;

	expect_reachable(map(50000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd),
			 50000);
	/* what the device wrote stays private */
	ck_assert_int_eq(pread(fd, &byte, 1, 100), 1);
	ck_assert_uint_eq(byte, 0);
}
END_TEST

START_TEST(shared_file_mapping)
{
	int fd = temporary_file(50000);
	uint8_t *copy = malloc(50000);

	expect_reachable(map(50000, PROT_READ | PROT_WRITE, MAP_SHARED, fd),
			 50000);
	ck_assert_int_eq(pread(fd, copy, 50000, 0), 50000);
	ck_assert(is_text(copy, 50000, 2));
}
END_TEST

START_TEST(huge_pages)
{
	uint8_t *data;

	write_string("/proc/sys/vm/nr_hugepages", "8");
	data = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (data == MAP_FAILED)
		skip("no huge pages are free");
	expect_reachable(data + HUGE - 10000, 20000);
	expect_reachable(data + HUGE, HUGE);
}
END_TEST

START_TEST(transparent_huge_pages)
{
	uint8_t *data = map_huge(1);

	if (madvise(data, HUGE, MADV_HUGEPAGE))
		skip("no transparent huge pages");
	expect_reachable(data + 5, HUGE - 10);
}
END_TEST

START_TEST(memory_beyond_the_limit_of_locked_memory)
{
	struct rlimit limit = { 0, 0 };
	struct device_access a;
	uint8_t *data = map_anonymous(1 << 20);

	access_init(&a, 1 << 20);
	drop_privileges();
	expect_ok(setrlimit(RLIMIT_MEMLOCK, &limit));
	ck_assert(device_writes(&a, (uintptr_t)data, 1 << 20, 1));
	ck_assert(is_text(data, 1 << 20, 1));
}
END_TEST

/* What may not be had */

static const char constant[5000] = "constant";

static void expect_read_only(const void *data, size_t size)
{
	uint8_t *copy = malloc(size);
	struct device_access a;

	memcpy(copy, data, size);
	access_init(&a, size);
	ck_assert(device_sees(&a, (uintptr_t)data, copy, size));
	ck_assert(!device_writes(&a, (uintptr_t)data, size, 2));
	ck_assert_int_eq(memcmp(copy, data, size), 0);
	ck_assert(device_sees(&a, (uintptr_t)data, copy, size));
}

START_TEST(program_text_is_read_only)
{
	expect_read_only((void *)expect_read_only, 300);
}
END_TEST

START_TEST(constants_are_read_only)
{
	expect_read_only(constant, sizeof(constant));
}
END_TEST

START_TEST(protected_memory_is_read_only)
{
	uint8_t *data = map_anonymous(2 * PAGE);

	fill_text(data, 2 * PAGE, 1);
	expect_ok(mprotect(data, 2 * PAGE, PROT_READ));
	expect_read_only(data, 2 * PAGE);
}
END_TEST

static uint64_t bad_address(int i)
{
	uint8_t *data = map_anonymous(2 * PAGE);

	switch (i) {
	case 0:
		return 0;
	case 1:
		expect_ok(munmap(data, 2 * PAGE));
		return (uintptr_t)data;
	case 2:
		expect_ok(mprotect(data, 2 * PAGE, PROT_NONE));
		return (uintptr_t)data;
	case 3:
		return 0xffff888000000000;	/* the kernel's */
	case 4:
		return 0xffffffff81000000;	/* its text */
	case 5:
		return 0x0000800000000000;	/* no address at all */
	case 6:
		return 0xfee00000;		/* interrupts */
	default:
		/* the second page is missing */
		expect_ok(munmap(data + PAGE, PAGE));
		return (uintptr_t)data + PAGE - 16;
	}
}

START_TEST(what_the_process_has_not_the_device_has_not)
{
	uint8_t *good = map_anonymous(PAGE);
	struct device_access a;
	uint64_t addr;

	access_init(&a, PAGE);
	fill_text(good, PAGE, 1);
	/* last, so that nothing is mapped there again */
	addr = bad_address(_i);
	if (!addr)
		fixture_expect_guest_errors();
	ck_assert(!device_sees(&a, addr, good, 1000));
	ck_assert(!device_writes(&a, addr, 1000, 2));
	/* and the queues live on */
	ck_assert(device_sees(&a, (uintptr_t)good, good, PAGE));
	ck_assert(device_writes(&a, (uintptr_t)good, PAGE, 3));
}
END_TEST

/* What changes under the device's eyes */

START_TEST(new_memory_at_an_old_address)
{
	uint8_t *data = map_anonymous(4 * PAGE);
	struct device_access a;

	access_init(&a, 4 * PAGE);
	ck_assert(device_writes(&a, (uintptr_t)data, 4 * PAGE, 1));
	expect_ok(munmap(data, 4 * PAGE));
	ck_assert(!device_writes(&a, (uintptr_t)data, 4 * PAGE, 2));
	ck_assert(mmap(data, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		       MAP_ANONYMOUS | MAP_FIXED, -1, 0) == data);
	ck_assert(is_filled(data, 4 * PAGE, 0));
	ck_assert(device_writes(&a, (uintptr_t)data, 4 * PAGE, 3));
	ck_assert(is_text(data, 4 * PAGE, 3));
}
END_TEST

START_TEST(protection_taken_away_and_given_back)
{
	uint8_t *data = map_anonymous(4 * PAGE);
	struct device_access a;

	access_init(&a, 4 * PAGE);
	ck_assert(device_writes(&a, (uintptr_t)data, 4 * PAGE, 1));
	expect_ok(mprotect(data, 4 * PAGE, PROT_READ));
	ck_assert(!device_writes(&a, (uintptr_t)data, 4 * PAGE, 2));
	ck_assert(is_text(data, 4 * PAGE, 1));
	expect_ok(mprotect(data, 4 * PAGE, PROT_READ | PROT_WRITE));
	ck_assert(device_writes(&a, (uintptr_t)data, 4 * PAGE, 3));
	ck_assert(is_text(data, 4 * PAGE, 3));
}
END_TEST

START_TEST(memory_that_moves)
{
	uint8_t *data = map_anonymous(4 * PAGE), *moved;
	struct device_access a;

	access_init(&a, 4 * PAGE);
	ck_assert(device_writes(&a, (uintptr_t)data, 4 * PAGE, 1));
	moved = map_anonymous(4 * PAGE);
	ck_assert(mremap(data, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE |
			 MREMAP_FIXED, moved) == moved);
	ck_assert(!device_writes(&a, (uintptr_t)data, 4 * PAGE, 2));
	ck_assert(is_text(moved, 4 * PAGE, 1));
	ck_assert(device_sees(&a, (uintptr_t)moved, moved, 4 * PAGE));
	ck_assert(device_writes(&a, (uintptr_t)moved, 4 * PAGE, 3));
	ck_assert(is_text(moved, 4 * PAGE, 3));
}
END_TEST

START_TEST(memory_thrown_away_is_zeroes)
{
	static const uint8_t zeroes[4 * PAGE_MAX];
	uint8_t *data = map_anonymous(4 * PAGE);
	struct device_access a;

	access_init(&a, 4 * PAGE);
	ck_assert(device_writes(&a, (uintptr_t)data, 4 * PAGE, 1));
	expect_ok(madvise(data, 4 * PAGE, MADV_DONTNEED));
	ck_assert(device_sees(&a, (uintptr_t)data, zeroes, 4 * PAGE));
	ck_assert(device_writes(&a, (uintptr_t)data, 4 * PAGE, 2));
	ck_assert(is_text(data, 4 * PAGE, 2));
}
END_TEST

static int keep_the_old(void *arg)
{
	struct pair *p = arg;

	child_check(gate_wait(&p->go));
	child_check(is_text(p->data, 4 * PAGE, 1));
	return 0;
}

START_TEST(device_follows_the_parent_after_fork)
{
	struct pair c = { .data = map_anonymous(4 * PAGE) };
	struct device_access a;
	pid_t child;

	access_init(&a, 4 * PAGE);
	ck_assert(device_writes(&a, (uintptr_t)c.data, 4 * PAGE, 1));
	gate_init(&c.go);
	child = child_start(keep_the_old, &c);
	/* the first page is copied by the CPU's write, the others by the device's */
	c.data[0] ^= 1;
	ck_assert(device_sees(&a, (uintptr_t)c.data, c.data, 4 * PAGE));
	ck_assert(device_writes(&a, (uintptr_t)c.data, 4 * PAGE, 2));
	ck_assert(is_text(c.data, 4 * PAGE, 2));
	gate_open(&c.go);
	ck_assert_int_eq(child_end(child), 0);
	ck_assert(device_sees(&a, (uintptr_t)c.data, c.data, 4 * PAGE));
}
END_TEST

static void add(void)
{
	test_add(sva_is_granted_before_all_others);
	test_add(heap);
	test_add(stack);
	test_add(static_data);
	test_add(memory_that_nobody_has_touched);
	test_add(memory_touched_by_half);
	test_add(untouched_source_is_zeroes);
	test_add(shared_memory);
	test_add(private_file_mapping);
	test_add(shared_file_mapping);
	test_add(huge_pages);
	test_add(transparent_huge_pages);
	test_add(memory_beyond_the_limit_of_locked_memory);
	test_add(program_text_is_read_only);
	test_add(constants_are_read_only);
	test_add(protected_memory_is_read_only);
	test_add_loop(what_the_process_has_not_the_device_has_not, 0, 8);
	test_add(new_memory_at_an_old_address);
	test_add(protection_taken_away_and_given_back);
	test_add(memory_that_moves);
	test_add(memory_thrown_away_is_zeroes);
	test_add(device_follows_the_parent_after_fork);
}

int main(int argc, char **argv)
{
	setenv("MODE", "sva", 1);
	return fixture_main(argc, argv, add);
}
