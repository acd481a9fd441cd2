// SPDX-License-Identifier: GPL-2.0
/* Registered memory: refusals, handles, limits, accounting. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"

/* Refusals */

static void expect_pin_fails(uint32_t flags, uintptr_t addr, uint64_t size,
			     int code)
{
	int fd = device_open();
	struct device_usage usage = device_usage();
	uint32_t handle = 0;
	long locked = locked_kb();

	expect_errno(code, acc_mem_pin(fd, flags, (void *)addr, size, &handle,
				       NULL));
	ck_assert_uint_eq(handle, 0);
	ck_assert_int_eq(locked_kb(), locked);
	expect_usage(&usage);
}

START_TEST(size_zero_is_einval)
{
	expect_pin_fails(0, (uintptr_t)map_anonymous(PAGE), 0, EINVAL);
}
END_TEST

START_TEST(size_over_the_limit_is_einval)
{
	struct hisi_acc_query q;
	uintptr_t addr = (uintptr_t)map_anonymous(2 * PAGE);

	/* whatever is mapped behind may have an errno of its own */
	expect_ok(munmap((uint8_t *)addr + PAGE, PAGE));
	expect_ok(acc_query(device_open(), &q));
	expect_pin_fails(0, addr, q.out_mem_size_max + 1, EINVAL);
	expect_pin_fails(0, addr, 1ull << 63, EINVAL);
	/* the limit itself is only not mapped */
	expect_pin_fails(0, addr, q.out_mem_size_max, EFAULT);
}
END_TEST

START_TEST(range_that_wraps_is_einval)
{
	expect_pin_fails(0, UINTPTR_MAX, 1 + 1, EINVAL);
	expect_pin_fails(0, UINTPTR_MAX - 100, PAGE, EINVAL);
	expect_pin_fails(HISI_ACC_MEM_READ_ONLY, UINTPTR_MAX - PAGE, 2 * PAGE,
			 EINVAL);
}
END_TEST

#ifdef __aarch64__
#define USER_END	0x1000000000000
#define KERNEL_MEMORY	0xffff000000000000
#define KERNEL_TEXT	0xffff800080000000
#define ADDRESS_TAGS	true
#else
#define USER_END	0x7ffffffff000
#define KERNEL_MEMORY	0xffff888000000000
#define KERNEL_TEXT	0xffffffff81000000
#define ADDRESS_TAGS	false
#endif

START_TEST(kernel_address_is_efault)
{
	expect_pin_fails(0, KERNEL_MEMORY, PAGE, EFAULT);
	expect_pin_fails(HISI_ACC_MEM_READ_ONLY, KERNEL_TEXT, PAGE, EFAULT);
	/* across the end of user memory */
	expect_pin_fails(0, USER_END - PAGE, 4 * PAGE, EFAULT);
	expect_pin_fails(0, USER_END + PAGE, PAGE, EFAULT);
}
END_TEST

/* Arm processors ignore the top byte, which is more than the device does. */
START_TEST(tagged_address_is_refused)
{
	uintptr_t addr = (uintptr_t)map_anonymous(PAGE) | 0x5aull << 56;

	expect_pin_fails(0, addr, PAGE, ADDRESS_TAGS ? EINVAL : EFAULT);
}
END_TEST

START_TEST(unmapped_memory_is_efault)
{
	uint8_t *data = map_anonymous(3 * PAGE);

	expect_ok(munmap(data + PAGE, PAGE));
	expect_pin_fails(0, (uintptr_t)data + PAGE, PAGE, EFAULT);
	expect_pin_fails(0, (uintptr_t)data, 3 * PAGE, EFAULT);
	expect_pin_fails(0, (uintptr_t)data + PAGE - 1, 2, EFAULT);
	expect_pin_fails(0, 0, 1, EFAULT);
}
END_TEST

START_TEST(memory_without_access_is_efault)
{
	uint8_t *data = map_anonymous(PAGE);

	expect_ok(mprotect(data, PAGE, PROT_NONE));
	expect_pin_fails(0, (uintptr_t)data, PAGE, EFAULT);
	expect_pin_fails(HISI_ACC_MEM_READ_ONLY, (uintptr_t)data, PAGE, EFAULT);
}
END_TEST

START_TEST(file_cut_short_is_efault)
{
	int fd = temporary_file(PAGE);
	uint8_t *data = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);

	expect_pin_fails(0, (uintptr_t)data, 2 * PAGE, EFAULT);
}
END_TEST

static void expect_not_pinnable(uintptr_t addr)
{
	int fd = device_open();
	struct device_usage usage = device_usage();
	uint32_t flags;

	for (flags = 0; flags <= HISI_ACC_MEM_READ_ONLY; flags++) {
		ck_assert_int_eq(acc_mem_pin(fd, flags, (void *)addr, PAGE, NULL,
					     NULL), -1);
		ck_assert(errno == EFAULT || errno == EOPNOTSUPP);
		expect_usage(&usage);
	}
}

START_TEST(doorbell_cannot_be_pinned)
{
	struct raw_queue q;

	raw_queue_init(&q, device_open(), 0, 16, 0);
	skip_without_doorbell(&q);
	expect_not_pinnable((uintptr_t)q.db);
}
END_TEST

START_TEST(registers_of_a_device_cannot_be_pinned)
{
	if (!monitor_is_there())
		skip("the model has no monitor");
	expect_not_pinnable((uintptr_t)monitor_registers());
}
END_TEST

START_TEST(file_system_that_forbids_pins_says_so)
{
	int fd = open("/host/out/pinned", O_CREAT | O_RDWR | O_TRUNC, 0600);
	struct hisi_acc_query q;
	void *data;

	if (fd < 0)
		skip("there is no file system of that kind");
	expect_ok(ftruncate(fd, PAGE));
	data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		skip("the file system cannot map files for writing");
	unlink("/host/out/pinned");
	fd = device_open();
	expect_ok(acc_query(fd, &q));
	if (!acc_mem_pin(fd, 0, data, PAGE, NULL, NULL))
		skip("this kernel does not forbid it");
	ck_assert_str_eq(strerrorname_np(errno), "EOPNOTSUPP");
}
END_TEST

/* Handles and limits */

START_TEST(unpinned_handle_is_enoent)
{
	int fd = device_open();
	uint32_t handle;

	expect_ok(acc_mem_pin(fd, 0, map_anonymous(PAGE), PAGE, &handle, NULL));
	expect_ok(acc_mem_unpin(fd, handle));
	expect_errno(ENOENT, acc_mem_unpin(fd, handle));
}
END_TEST

START_TEST(handle_of_another_context_is_enoent)
{
	int fd = device_open(), other = device_open();
	uint32_t handle;

	expect_ok(acc_mem_pin(fd, 0, map_anonymous(PAGE), PAGE, &handle, NULL));
	expect_errno(ENOENT, acc_mem_unpin(other, handle));
	expect_ok(acc_mem_unpin(fd, handle));
}
END_TEST

START_TEST(handle_of_a_queue_is_no_memory)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	int fd = device_open();

	expect_ok(acc_queue_alloc(fd, &arg));
	expect_errno(ENOENT, acc_mem_unpin(fd, arg.out_handle));
}
END_TEST

START_TEST(context_has_as_many_registrations_as_query_says)
{
	uint8_t *data = map_anonymous(PAGE);
	int fd = device_open();
	struct device_usage usage;
	struct hisi_acc_query q;
	uint32_t handle = 0, some, i;

	only_in_modes(HISI_ACC_MODE_DMA | HISI_ACC_MODE_SVA);
	expect_ok(acc_query(fd, &q));
	for (i = 0; i < q.out_mems_max; i++)
		expect_ok(acc_mem_pin(fd, 0, data + i % PAGE, 1, &handle, NULL));
	usage = device_usage();
	ck_assert_int_eq(usage.pinned_pages, q.out_mems_max);
	expect_errno(ENOSPC, acc_mem_pin(fd, 0, data, 1, &some, NULL));
	expect_usage(&usage);
	expect_ok(acc_mem_unpin(fd, handle));
	expect_ok(acc_mem_pin(fd, 0, data, 1, &some, NULL));
	expect_errno(ENOSPC, acc_mem_pin(fd, 0, data, 1, &some, NULL));
}
END_TEST

static long pages_kb(long pages)
{
	return pages * PAGE / 1024;
}

START_TEST(close_unpins_everything)
{
	struct device_usage usage = device_usage();
	int i, fd = device_open();
	long locked = locked_kb();

	for (i = 0; i < 20; i++)
		expect_ok(acc_mem_pin(fd, 0, map_anonymous(3 * PAGE), 3 * PAGE,
				      NULL, NULL));
	ck_assert_int_eq(locked_kb(), locked + pages_kb(60));
	close(fd);
	ck_assert_int_eq(locked_kb(), locked);
	expect_usage(&usage);
}
END_TEST

/* RLIMIT_MEMLOCK */

static void limit_locked_pages(long pages)
{
	struct rlimit limit = { pages * PAGE, pages * PAGE };

	expect_ok(setrlimit(RLIMIT_MEMLOCK, &limit));
	drop_privileges();
}

START_TEST(limit_is_exact)
{
	uint8_t *data = map_anonymous(20 * PAGE);
	int fd = device_open();
	uint32_t handle;

	limit_locked_pages(10);
	expect_ok(acc_mem_pin(fd, 0, data, 9 * PAGE, &handle, NULL));
	ck_assert_int_eq(locked_kb(), pages_kb(9));
	expect_ok(acc_mem_unpin(fd, handle));
	ck_assert_int_eq(locked_kb(), 0);
	expect_ok(acc_mem_pin(fd, 0, data, 10 * PAGE, &handle, NULL));
	ck_assert_int_eq(locked_kb(), pages_kb(10));
	expect_errno(ENOMEM, acc_mem_pin(fd, 0, data + 15 * PAGE, 1, NULL, NULL));
	ck_assert_int_eq(locked_kb(), pages_kb(10));
	expect_ok(acc_mem_unpin(fd, handle));
	expect_errno(ENOMEM, acc_mem_pin(fd, 0, data, 11 * PAGE, NULL, NULL));
	ck_assert_int_eq(locked_kb(), 0);
	expect_ok(acc_mem_pin(fd, 0, data, 10 * PAGE, NULL, NULL));
}
END_TEST

START_TEST(limit_counts_touched_pages)
{
	uint8_t *data = map_anonymous(20 * PAGE);
	int fd = device_open();

	limit_locked_pages(2);
	/* two bytes in two pages; ten pages worth of bytes in eleven */
	expect_errno(ENOMEM, acc_mem_pin(fd, 0, data + 1, 2 * PAGE, NULL, NULL));
	expect_ok(acc_mem_pin(fd, 0, data + PAGE - 1, 2, NULL, NULL));
	ck_assert_int_eq(locked_kb(), pages_kb(2));
	expect_errno(ENOMEM, acc_mem_pin(fd, 0, data + 10 * PAGE, 1, NULL, NULL));
}
END_TEST

START_TEST(limit_counts_shared_pages_twice)
{
	uint8_t *data = map_anonymous(20 * PAGE);
	int fd = device_open();

	only_in_modes(HISI_ACC_MODE_DMA | HISI_ACC_MODE_SVA);
	limit_locked_pages(5);
	expect_ok(acc_mem_pin(fd, 0, data, 2 * PAGE, NULL, NULL));
	expect_ok(acc_mem_pin(fd, 0, data, 2 * PAGE, NULL, NULL));
	expect_errno(ENOMEM, acc_mem_pin(fd, 0, data, 2 * PAGE, NULL, NULL));
	ck_assert_int_eq(locked_kb(), pages_kb(4));
}
END_TEST

/* At one address there is one page, whoever has registered it. */
START_TEST(limit_counts_shared_pages_once)
{
	uint8_t *data = map_anonymous(20 * PAGE);
	int fd = device_open();

	only_in_modes(HISI_ACC_MODE_PASID);
	limit_locked_pages(3);
	expect_ok(acc_mem_pin(fd, 0, data, 2 * PAGE, NULL, NULL));
	expect_ok(acc_mem_pin(fd, 0, data, 2 * PAGE, NULL, NULL));
	ck_assert_int_eq(locked_kb(), pages_kb(2));
	expect_ok(acc_mem_pin(fd, 0, data + PAGE, 2 * PAGE, NULL, NULL));
	expect_errno(ENOMEM, acc_mem_pin(fd, 0, data, 4 * PAGE, NULL, NULL));
	ck_assert_int_eq(locked_kb(), pages_kb(3));
}
END_TEST

START_TEST(limit_counts_mlocked_memory_too)
{
	uint8_t *data = map_anonymous(20 * PAGE);
	int fd = device_open();

	limit_locked_pages(4);
	expect_ok(mlock(data, 3 * PAGE));
	expect_errno(ENOMEM, acc_mem_pin(fd, 0, data + 10 * PAGE, 2 * PAGE, NULL,
					 NULL));
	expect_ok(acc_mem_pin(fd, 0, data + 10 * PAGE, PAGE, NULL, NULL));
}
END_TEST

START_TEST(limit_is_the_process_and_not_the_context)
{
	uint8_t *data = map_anonymous(20 * PAGE);
	int first = device_open(), second = device_open();

	limit_locked_pages(4);
	expect_ok(acc_mem_pin(first, 0, data, 3 * PAGE, NULL, NULL));
	expect_errno(ENOMEM, acc_mem_pin(second, 0, data, 2 * PAGE, NULL, NULL));
	close(first);
	expect_ok(acc_mem_pin(second, 0, data, 4 * PAGE, NULL, NULL));
}
END_TEST

START_TEST(limit_of_zero_is_enomem)
{
	uint8_t *data = map_anonymous(PAGE);
	int fd = device_open();

	limit_locked_pages(0);
	expect_errno(ENOMEM, acc_mem_pin(fd, 0, data, PAGE, NULL, NULL));
}
END_TEST

START_TEST(failed_pin_gives_its_charge_back)
{
	uint8_t *data = map_anonymous(20 * PAGE);
	int i, fd = device_open();

	munmap(data + 10 * PAGE, PAGE);
	limit_locked_pages(20);
	for (i = 0; i < 10; i++)
		expect_errno(EFAULT, acc_mem_pin(fd, 0, data, 15 * PAGE, NULL,
						 NULL));
	ck_assert_int_eq(locked_kb(), 0);
}
END_TEST

START_TEST(capability_exempts_from_the_limit)
{
	const struct rlimit none = {};
	uint8_t *data = map_anonymous(PAGE);

	expect_ok(setrlimit(RLIMIT_MEMLOCK, &none));
	expect_ok(acc_mem_pin(device_open(), 0, data, PAGE, NULL, NULL));
	ck_assert_int_eq(locked_kb(), pages_kb(1));
}
END_TEST

static void add(void)
{
	test_add(size_zero_is_einval);
	test_add(size_over_the_limit_is_einval);
	test_add(range_that_wraps_is_einval);
	test_add(kernel_address_is_efault);
	test_add(tagged_address_is_refused);
	test_add(unmapped_memory_is_efault);
	test_add(memory_without_access_is_efault);
	test_add(file_cut_short_is_efault);
	test_add(doorbell_cannot_be_pinned);
	test_add(registers_of_a_device_cannot_be_pinned);
	test_add(file_system_that_forbids_pins_says_so);
	test_add(unpinned_handle_is_enoent);
	test_add(handle_of_another_context_is_enoent);
	test_add(handle_of_a_queue_is_no_memory);
	test_add(context_has_as_many_registrations_as_query_says);
	test_add(close_unpins_everything);
	test_add(limit_is_exact);
	test_add(limit_counts_touched_pages);
	test_add(limit_counts_shared_pages_twice);
	test_add(limit_counts_shared_pages_once);
	test_add(limit_counts_mlocked_memory_too);
	test_add(limit_is_the_process_and_not_the_context);
	test_add(limit_of_zero_is_enomem);
	test_add(failed_pin_gives_its_charge_back);
	test_add(capability_exempts_from_the_limit);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
