// SPDX-License-Identifier: GPL-2.0
/* MEM_ALLOC: memory of the driver's own. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "exporter.h"
#include "fixture.h"
#include "process.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"
#include "vm.h"

#define SIZE		(16 * PAGE)
#define PINNED_MODES	(HISI_ACC_MODE_DMA | HISI_ACC_MODE_PASID)

static long pages_of(size_t size)
{
	return (size + PAGE - 1) / PAGE;
}

/* What it is */

START_TEST(device_and_process_share_it)
{
	const size_t sizes[] = {
		1, PAGE, SIZE, HUGE - PAGE, HUGE, HUGE + 1, 5 * HUGE + 3 * PAGE,
	};
	size_t size = sizes[_i], room = pages_of(size) * PAGE;
	struct device_usage usage;
	struct device_access a;
	struct buffer b;
	size_t tail = room < SIZE ? room : SIZE;

	access_init(&a, SIZE);
	usage = device_usage();
	buffer_init(&b, a.fd, size);
	ck_assert_uint_eq(b.arg.out_mode, acc_modes());
	ck_assert_uint_eq(b.arg.out_size, room);
	if (acc_modes() != HISI_ACC_MODE_DMA)
		ck_assert_uint_eq(b.arg.out_iova, (uintptr_t)b.data);
	ck_assert_int_eq(device_usage().pinned_pages,
			 usage.pinned_pages + pages_of(size));
	ck_assert(is_filled(b.data, room, 0));

	fill_text(b.data + room - tail, tail, 1);
	ck_assert(device_sees(&a, b.arg.out_iova + room - tail,
			      b.data + room - tail, tail));
	ck_assert(device_writes(&a, b.arg.out_iova, tail, 2));
	ck_assert(is_text(b.data, tail, 2));
	expect_ok(acc_mem_unpin(a.fd, b.arg.out_handle));
	munmap(b.data, room);
	ck_assert(device_usage_becomes(&usage, 2000));
}
END_TEST

START_TEST(it_is_contiguous_where_memory_is)
{
	struct buffer b;
	uint64_t frame;
	size_t i, runs = 0;

	buffer_init(&b, device_open(), 4 * HUGE);
	for (i = 0; i < 4 * HUGE / PAGE; i++) {
		frame = vm_frame(b.data + i * PAGE);
		runs += !i || frame != vm_frame(b.data + (i - 1) * PAGE) + 1;
	}
	ck_assert_uint_le(runs, 4);
}
END_TEST

START_TEST(every_buffer_is_zeroed)
{
	int n, fd = device_open();
	struct buffer b;

	for (n = 0; n < 20; n++) {
		buffer_init(&b, fd, n % 2 ? HUGE : SIZE);
		ck_assert(is_filled(b.data, b.arg.out_size, 0));
		memset(b.data, 0x5a, b.arg.out_size);
		munmap(b.data, b.arg.out_size);
		expect_ok(acc_mem_unpin(fd, b.arg.out_handle));
	}
}
END_TEST

/* Refusals */

static void expect_alloc_fails(struct hisi_acc_mem_alloc arg, int code)
{
	int fd = device_open();
	struct device_usage usage = device_usage();
	struct hisi_acc_mem_alloc before = arg;
	long locked = locked_kb();

	expect_errno(code, ioctl(fd, HISI_ACC_MEM_ALLOC, &arg));
	ck_assert_mem_eq(&arg, &before, sizeof(arg));
	ck_assert_int_eq(locked_kb(), locked);
	expect_usage(&usage);
	close(fd);
}

START_TEST(arguments_are_checked)
{
	struct hisi_acc_mem_alloc arg = {
		.argsz = sizeof(arg), .modes = acc_modes(), .size = PAGE,
		.addr = (uintptr_t)reserve(PAGE),
	}, good = arg;

	arg.size = 0;
	expect_alloc_fails(arg, EINVAL);
	arg.size = query_device(device_open()).out_mem_size_max + 1;
	expect_alloc_fails(arg, EINVAL);
	arg.size = UINT64_MAX;
	expect_alloc_fails(arg, EINVAL);
	arg = good;
	arg.modes = 0;
	expect_alloc_fails(arg, EINVAL);
	arg.modes = 1u << 31;
	expect_alloc_fails(arg, EOPNOTSUPP);
	if (acc_modes() == HISI_ACC_MODE_DMA)
		return;
	arg = good;
	arg.addr = 0;
	expect_alloc_fails(arg, EINVAL);
	arg.addr = good.addr + 1;
	expect_alloc_fails(arg, EINVAL);
	arg.addr = -PAGE;
	expect_alloc_fails(arg, EINVAL);
}
END_TEST

START_TEST(registered_addresses_are_taken)
{
	uint8_t *data = map_anonymous(4 * PAGE);
	struct hisi_acc_mem_alloc arg;
	struct buffer b;
	uint32_t handle;

	only_in_modes(HISI_ACC_MODE_PASID);
	buffer_init(&b, device_open(), 4 * PAGE);
	expect_errno(EBUSY, acc_mem_alloc(b.fd, b.data, PAGE, &arg));
	expect_errno(EBUSY, acc_mem_alloc(b.fd, b.data + 3 * PAGE, SIZE, &arg));
	expect_errno(EBUSY, acc_mem_pin(b.fd, 0, b.data + PAGE, 10, &handle, NULL));
	expect_ok(acc_mem_pin(b.fd, 0, data, 4 * PAGE, &handle, NULL));
	expect_errno(EBUSY, acc_mem_alloc(b.fd, data + PAGE, PAGE, &arg));
	expect_ok(acc_mem_unpin(b.fd, handle));
	expect_ok(acc_mem_alloc(b.fd, data + PAGE, PAGE, &arg));
	expect_ok(acc_mem_unpin(b.fd, b.arg.out_handle));
	expect_ok(acc_mem_alloc(b.fd, b.data, 4 * PAGE, &arg));
}
END_TEST

/* Who pays */

static void set_locked_limit(size_t size)
{
	struct rlimit limit = { size, size };

	expect_ok(setrlimit(RLIMIT_MEMLOCK, &limit));
}

START_TEST(limit_holds_to_the_page)
{
	int fd = device_open();
	struct hisi_acc_mem_alloc arg;
	uint8_t *place = reserve(SIZE + PAGE);
	struct device_usage usage = device_usage();
	uint32_t handle;

	set_locked_limit(SIZE);
	drop_privileges();
	expect_errno(ENOMEM, acc_mem_alloc(fd, place, SIZE + 1, &arg));
	ck_assert_int_eq(locked_kb(), 0);
	expect_usage(&usage);
	expect_ok(acc_mem_alloc(fd, place, SIZE, &arg));
	ck_assert_int_eq(locked_kb(), SIZE / 1024);
	handle = arg.out_handle;
	expect_errno(ENOMEM, acc_mem_alloc(fd, place + SIZE, 1, &arg));
	expect_ok(acc_mem_unpin(fd, handle));
	ck_assert_int_eq(locked_kb(), 0);
	expect_ok(acc_mem_alloc(fd, place, SIZE, &arg));
}
END_TEST

START_TEST(mapping_goes_on_paying)
{
	const size_t size = HUGE + SIZE;
	struct device_usage usage;
	struct buffer b;
	int fd = device_open();

	usage = device_usage();
	buffer_init(&b, fd, size);
	memset(b.data, 7, size);
	expect_ok(acc_mem_unpin(fd, b.arg.out_handle));
	ck_assert_int_eq(locked_kb(), size / 1024);
	/* valid memory until the last part of it is unmapped */
	ck_assert(is_filled(b.data, size, 7));
	expect_ok(munmap(b.data, PAGE));
	expect_ok(munmap(b.data + SIZE, HUGE));
	ck_assert(is_filled(b.data + PAGE, SIZE - PAGE, 7));
	ck_assert_int_eq(locked_kb(), size / 1024);
	ck_assert_int_eq(device_usage().mappings, usage.mappings);
	expect_ok(munmap(b.data, SIZE));
	ck_assert(wait_until(!locked_kb(), 2000));
	ck_assert(device_usage_becomes(&usage, 2000));
}
END_TEST

START_TEST(dmabuf_goes_on_paying)
{
	struct device_usage usage = device_usage();
	struct buffer b;
	int dmabuf;

	buffer_init(&b, device_open(), SIZE);
	dmabuf = expect_ok(acc_mem_export(b.fd, b.arg.out_handle));
	munmap(b.data, SIZE);
	close(b.fd);
	ck_assert_int_eq(locked_kb(), SIZE / 1024);
	ck_assert_int_eq(device_usage().pinned_pages, SIZE / PAGE);
	close(dmabuf);
	ck_assert(wait_until(!locked_kb(), 2000));
	ck_assert(device_usage_becomes(&usage, 2000));
}
END_TEST

/* In a group that may not have as much. */
static int alloc_too_much(void *arg)
{
	int fd = device_open(), kept = device_open();
	struct hisi_acc_mem_alloc alloc;
	uint8_t *place = reserve(96u << 20);

	(void)arg;
	require_ok(acc_mem_alloc(kept, place, PAGE, &alloc));
	if (!vm_enter_cgroup() || !vm_limit_cgroup(48u << 20))
		return 77;
	child_check_errno(ENOMEM, acc_mem_alloc(fd, place + PAGE, 64u << 20, &alloc));
	child_check(locked_kb() == (long)PAGE / 1024);
	child_check(!acc_mem_alloc(fd, place + PAGE, 16u << 20, &alloc));
	return 0;
}

START_TEST(memory_that_is_not_there_kills_nobody)
{
	int status = child_run(alloc_too_much, NULL);

	vm_limit_cgroup(0);
	if (status == 77)
		skip("there is no memory cgroup");
	ck_assert_int_eq(status, 0);
}
END_TEST

/* The CPU's mappings */

START_TEST(only_the_whole_buffer_is_mapped)
{
	const int rw = PROT_READ | PROT_WRITE;
	struct buffer b;
	uint64_t key;

	buffer_init(&b, device_open(), SIZE);
	key = b.arg.out_key;
	expect_errno(EINVAL, mmap(NULL, SIZE - PAGE, rw, MAP_SHARED, b.fd, key));
	expect_errno(EINVAL, mmap(NULL, SIZE + PAGE, rw, MAP_SHARED, b.fd, key));
	expect_errno(EINVAL, mmap(NULL, PAGE, rw, MAP_SHARED, b.fd, key + PAGE));
	expect_errno(EINVAL, mmap(NULL, SIZE, rw, MAP_PRIVATE, b.fd, key));
	expect_errno(EINVAL, mmap(NULL, SIZE, rw | PROT_EXEC, MAP_SHARED, b.fd, key));
	expect_ok(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, b.fd, key));
	expect_ok(acc_mem_unpin(b.fd, b.arg.out_handle));
	expect_errno(EINVAL, mmap(NULL, SIZE, rw, MAP_SHARED, b.fd, key));
}
END_TEST

START_TEST(pages_survive_what_a_process_does)
{
	struct buffer b;
	uint8_t *moved;

	buffer_init(&b, device_open(), SIZE);
	fill_text(b.data, SIZE, 1);
	expect_ok(madvise(b.data, SIZE, MADV_DONTNEED));
	ck_assert(is_text(b.data, SIZE, 1));
	moved = mremap(b.data, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       reserve(SIZE));
	ck_assert(moved != MAP_FAILED);
	ck_assert(is_text(moved, SIZE, 1));
	expect_ok(madvise(moved, SIZE, MADV_DONTNEED));
	expect_ok(munmap(moved, 2 * PAGE));
	moved[5 * PAGE] = 'x';
	buffer_map(&b);
	ck_assert_uint_eq(b.data[5 * PAGE], 'x');
	expect_errno(EFAULT, mremap(moved + 2 * PAGE, SIZE - 2 * PAGE, 2 * SIZE,
				    MREMAP_MAYMOVE));
}
END_TEST

static int touch_inherited(void *data)
{
	return touch_kills(data, false) ? 0 : 1;
}

START_TEST(child_has_no_mapping)
{
	struct buffer b;

	buffer_init(&b, device_open(), SIZE);
	ck_assert_int_eq(child_run(touch_inherited, b.data), 0);
}
END_TEST

START_TEST(it_is_memory_for_other_devices_too)
{
	struct device_access a;
	struct buffer b;
	uint32_t handle;
	uint64_t iova;

	only_in_modes(HISI_ACC_MODE_DMA | HISI_ACC_MODE_SVA);
	buffer_init(&b, device_open(), SIZE);
	access_init(&a, SIZE);
	fill_text(b.data, SIZE, 1);
	expect_ok(acc_mem_pin(a.fd, 0, b.data, SIZE, &handle, &iova));
	ck_assert(device_sees(&a, iova, b.data, SIZE));
	/* a pin that outlives the buffer */
	expect_ok(acc_mem_unpin(b.fd, b.arg.out_handle));
	ck_assert(device_writes(&a, iova, SIZE, 2));
	ck_assert(is_text(b.data, SIZE, 2));
	if (acc_modes() == HISI_ACC_MODE_SVA)
		return;
	munmap(b.data, SIZE);
	ck_assert(device_writes(&a, iova, SIZE, 3));
	expect_ok(acc_mem_unpin(a.fd, handle));
}
END_TEST

/* The end of it */

START_TEST(freed_memory_is_out_of_the_devices_reach)
{
	struct device_access a;
	uint64_t iova;
	struct buffer b;

	only_in_modes(PINNED_MODES);
	access_init(&a, SIZE);
	buffer_init(&b, a.fd, SIZE);
	iova = b.arg.out_iova;
	ck_assert(device_writes(&a, iova, SIZE, 1));
	expect_ok(acc_mem_unpin(a.fd, b.arg.out_handle));
	ck_assert(!device_writes(&a, iova, SIZE, 2));
	ck_assert(is_text(b.data, SIZE, 1));
	expect_errno(ENOENT, acc_mem_unpin(a.fd, b.arg.out_handle));
}
END_TEST

START_TEST(mapping_survives_the_device)
{
	struct device_usage usage = device_usage();
	struct device_access a;
	struct buffer b;

	access_init(&a, SIZE);
	buffer_init(&b, a.fd, SIZE);
	ck_assert(device_writes(&a, b.arg.out_iova, SIZE, 1));
	device_unbind();
	expect_errno(ENODEV, acc_mem_export(a.fd, b.arg.out_handle));
	expect_errno(ENODEV, acc_mem_alloc(a.fd, b.data, SIZE, &b.arg));
	ck_assert(is_text(b.data, SIZE, 1));
	close(a.fd);
	device_bind();
	munmap(b.data, SIZE);
	ck_assert(device_usage_becomes(&usage, 2000));
}
END_TEST

static void add(void)
{
	test_add_loop(device_and_process_share_it, 0, 7);
	test_add(it_is_contiguous_where_memory_is);
	test_add(every_buffer_is_zeroed);
	test_add(arguments_are_checked);
	test_add(registered_addresses_are_taken);
	test_add(limit_holds_to_the_page);
	test_add(mapping_goes_on_paying);
	test_add(dmabuf_goes_on_paying);
	test_add(memory_that_is_not_there_kills_nobody);
	test_add(only_the_whole_buffer_is_mapped);
	test_add(pages_survive_what_a_process_does);
	test_add(child_has_no_mapping);
	test_add(it_is_memory_for_other_devices_too);
	test_add(freed_memory_is_out_of_the_devices_reach);
	test_add(mapping_survives_the_device);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
