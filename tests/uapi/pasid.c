// SPDX-License-Identifier: GPL-2.0
/*
 * Private address spaces at a PASID: registered memory at its own address, and
 * many processes on one function that cannot reach each other's memory.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "state.h"
#include "test.h"

static bool reaches(struct device_access *a, uint8_t *data, size_t size)
{
	return device_writes(a, (uintptr_t)data, size, data[0] + 1) &&
	       device_sees(a, (uintptr_t)data, data, size);
}

START_TEST(pasid_is_granted_before_dma)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);

	arg.modes = HISI_ACC_MODE_PASID | HISI_ACC_MODE_DMA;
	expect_ok(acc_queue_alloc(device_open(), &arg));
	ck_assert_uint_eq(arg.out_mode, HISI_ACC_MODE_PASID);
	ck_assert_uint_eq(arg.out_reason, HISI_ACC_REASON_NONE);
	ck_assert_uint_ne(arg.out_pasid, 0);
}
END_TEST

START_TEST(registration_decides_the_mode_as_a_queue_does)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	uint8_t *data = map_anonymous(PAGE);
	int fd = device_open();
	uint32_t handle = pin(fd, data, PAGE);

	arg.modes = HISI_ACC_MODE_SVA | HISI_ACC_MODE_DMA;
	expect_errno(EBUSY, acc_queue_alloc(fd, &arg));
	arg.modes = HISI_ACC_MODE_PASID | HISI_ACC_MODE_DMA;
	expect_ok(acc_queue_alloc(fd, &arg));
	ck_assert_uint_eq(arg.out_mode, HISI_ACC_MODE_PASID);
	expect_ok(acc_mem_unpin(fd, handle));
	expect_ok(acc_queue_free(fd, arg.out_handle));
	/* and with the last object it is forgotten */
	arg.modes = HISI_ACC_MODE_DMA;
	expect_ok(acc_queue_alloc(fd, &arg));
}
END_TEST

START_TEST(registered_memory_is_reached_at_its_address)
{
	uint8_t *data = map_anonymous(8 * PAGE);
	struct device_access a;
	uint32_t handle;

	access_init(&a, 8 * PAGE);
	ck_assert(!reaches(&a, data, 8 * PAGE));
	handle = pin(a.fd, data + 3, 8 * PAGE - 3);
	ck_assert(reaches(&a, data + 3, 8 * PAGE - 3));
	expect_ok(acc_mem_unpin(a.fd, handle));
	ck_assert(!reaches(&a, data + 3, 8 * PAGE - 3));
}
END_TEST

START_TEST(registered_memory_needs_no_page_request)
{
	uint8_t *data = map_anonymous(8 * PAGE);
	struct device_access a;
	uint64_t before;

	access_init(&a, 8 * PAGE);
	pin(a.fd, data, 8 * PAGE);
	before = monitor_count(MONITOR_PAGE_REQUESTS);
	ck_assert(reaches(&a, data, 8 * PAGE));
	ck_assert_uint_eq(monitor_count(MONITOR_PAGE_REQUESTS), before);
}
END_TEST

/* The lines of the kernel's trace that contain @text. */
static int count_trace(const char *text)
{
	FILE *trace = fopen("/sys/kernel/tracing/trace", "r");
	char line[512];
	int count = 0;

	ck_assert_ptr_nonnull(trace);
	while (fgets(line, sizeof(line), trace))
		count += strstr(line, text) != NULL;
	fclose(trace);
	return count;
}

START_TEST(huge_pages_are_mapped_as_huge_pages)
{
	uint8_t *data = map_huge(1);
	struct device_access a;

	if (madvise(data, HUGE, MADV_HUGEPAGE))
		skip("no transparent huge pages");
	memset(data, 1, HUGE);
	access_init(&a, HUGE);
	if (!write_string("/sys/kernel/tracing/events/iommu/map/enable", "1"))
		skip("this kernel does not trace what is mapped");
	write_string("/sys/kernel/tracing/trace", "\n");
	pin(a.fd, data, HUGE);
	write_string("/sys/kernel/tracing/events/iommu/map/enable", "0");
	ck_assert_int_eq(count_trace("size=2097152"), 1);
	ck_assert(reaches(&a, data, HUGE));
}
END_TEST

/* Registrations that overlap */

START_TEST(neighbours_on_one_page)
{
	uint8_t *data = map_anonymous(PAGE);
	struct device_usage usage;
	uint32_t first, second;
	struct device_access a;

	access_init(&a, PAGE);
	usage = device_usage();
	first = pin(a.fd, data + 10, 100);
	second = pin(a.fd, data + 1000, 100);
	/* it is one page */
	usage.pinned_pages++;
	usage.mappings++;
	expect_usage(&usage);
	expect_ok(acc_mem_unpin(a.fd, first));
	ck_assert(reaches(&a, data + 1000, 100));
	expect_ok(acc_mem_unpin(a.fd, second));
	ck_assert(!reaches(&a, data + 1000, 100));
	usage.pinned_pages--;
	usage.mappings--;
	expect_usage(&usage);
}
END_TEST

START_TEST(ranges_that_overlap_in_every_way)
{
	static const struct { int start, end; } ranges[] = {
		{ 8, 24 }, { 0, 12 }, { 20, 32 }, { 10, 14 }, { 0, 32 },
		{ 8, 24 }, { 8, 9 }, { 23, 24 }, { 31, 32 }, { 7, 25 },
	};
	enum { COUNT = ARRAY_SIZE(ranges) };
	uint8_t *data = map_anonymous(32 * PAGE);
	struct device_usage usage;
	uint32_t handle[COUNT], state = 1;
	struct device_access a;
	int round, i, j, page, covered;
	bool have[COUNT] = {};

	access_init(&a, PAGE);
	usage = device_usage();
	for (round = 0; round < 60; round++) {
		i = next_random(&state) % COUNT;
		if (have[i])
			expect_ok(acc_mem_unpin(a.fd, handle[i]));
		else
			handle[i] = pin(a.fd, data + ranges[i].start * PAGE +
					(i & 1), (ranges[i].end -
					ranges[i].start) * PAGE - 2 * (i & 1));
		have[i] = !have[i];
		page = next_random(&state) % 32;
		for (covered = j = 0; j < COUNT; j++)
			covered |= have[j] && page >= ranges[j].start &&
				   page < ranges[j].end;
		/* what is registered is reached */
		ck_assert(!covered || reaches(&a, data + page * PAGE, PAGE));
	}
	for (i = 0; i < COUNT; i++)
		if (have[i])
			expect_ok(acc_mem_unpin(a.fd, handle[i]));
	expect_usage(&usage);
	for (page = 0; page < 32; page++)
		ck_assert(!reaches(&a, data + page * PAGE, PAGE));
}
END_TEST

START_TEST(overlap_must_agree_on_read_only)
{
	uint8_t *data = map_anonymous(2 * PAGE);
	struct device_usage usage;
	int fd = device_open();
	uint32_t handle;
	uint64_t iova;

	expect_ok(acc_mem_pin(fd, HISI_ACC_MEM_READ_ONLY, data, PAGE, &handle,
			      &iova));
	usage = device_usage();
	expect_errno(EBUSY, acc_mem_pin(fd, 0, data, 2 * PAGE, NULL, NULL));
	expect_usage(&usage);
	expect_ok(acc_mem_pin(fd, HISI_ACC_MEM_READ_ONLY, data, 2 * PAGE, NULL,
			      &iova));
	expect_ok(acc_mem_unpin(fd, handle));
}
END_TEST

START_TEST(address_that_names_other_memory_now)
{
	uint8_t *data = map_anonymous(4 * PAGE);
	struct device_access a;
	uint32_t handle;

	access_init(&a, 4 * PAGE);
	handle = pin(a.fd, data, 2 * PAGE);
	ck_assert(mmap(data, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		       MAP_ANONYMOUS | MAP_FIXED, -1, 0) == data);
	expect_errno(EBUSY, acc_mem_pin(a.fd, 0, data, 4 * PAGE, NULL, NULL));
	expect_ok(acc_mem_unpin(a.fd, handle));
	pin(a.fd, data, 4 * PAGE);
	ck_assert(reaches(&a, data, 4 * PAGE));
}
END_TEST

START_TEST(addresses_that_the_iommu_keeps_for_itself)
{
	void *at = (void *)0xfee00000;
	uint8_t *data = mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			     MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	struct device_usage usage = device_usage();

	if (data != at)
		skip("this address is not to be had");
	expect_errno(EOPNOTSUPP, acc_mem_pin(device_open(), 0, data, PAGE, NULL,
					     NULL));
	expect_usage(&usage);
}
END_TEST

/* Many contexts */

START_TEST(contexts_have_spaces_of_their_own)
{
	uint8_t *data = map_anonymous(PAGE);
	struct device_access a, b;

	access_init(&a, PAGE);
	access_init(&b, PAGE);
	ck_assert_uint_ne(a.compress.arg.out_pasid, b.compress.arg.out_pasid);
	ck_assert_uint_eq(a.compress.arg.out_pasid, a.decompress.arg.out_pasid);
	pin(a.fd, data, PAGE);
	ck_assert(reaches(&a, data, PAGE));
	ck_assert(!reaches(&b, data, PAGE));
}
END_TEST

START_TEST(processes_do_not_meet_at_one_address)
{
	expect_processes_do_not_meet();
}
END_TEST

START_TEST(pasids_run_out_and_come_back)
{
	struct hisi_acc_queue_alloc arg;
	struct hisi_acc_query query;
	uint8_t *data = map_anonymous(PAGE);
	int fds[300], count, fd, i;
	uint32_t handle;

	for (count = 0; count < 300; count++) {
		fds[count] = device_open();
		if (acc_mem_pin(fds[count], HISI_ACC_MEM_READ_ONLY, data, PAGE,
				&handle, NULL))
			break;
	}
	if (count == 300)
		skip("there are more than 300 PASIDs");
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_gt(count, 10);
	fd = device_open();
	expect_ok(acc_query(fd, &query));
	ck_assert_uint_eq(query.out_pasid_reason, HISI_ACC_REASON_EXHAUSTED);
	ck_assert_uint_ne(query.out_modes & HISI_ACC_MODE_PASID, 0);
	close(fds[0]);
	arg = acc_queue_args(0, 16);
	expect_ok(acc_queue_alloc(fd, &arg));
	for (i = 1; i <= count; i++)
		close(fds[i]);
	expect_ok(acc_query(fd, &query));
	ck_assert_uint_eq(query.out_pasid_reason, HISI_ACC_REASON_NONE);
}
END_TEST

static void set_attribute(const char *name, const char *value)
{
	char path[DEVICE_PATH_MAX];

	snprintf(path, sizeof(path), "/sys/class/hisi_acc/zip0/%s", name);
	ck_assert_msg(write_string(path, value), "%s: %s", path, strerror(errno));
}

START_TEST(user_has_a_limit)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	int first = device_open(), second = device_open();
	struct hisi_acc_query query;
	long usual = device_attribute("user_pasids_max");
	char text[16];

	set_attribute("user_pasids_max", "1");
	drop_privileges();
	expect_ok(acc_queue_alloc(first, &arg));
	/* one more of this context takes none */
	expect_ok(acc_queue_alloc(first, &arg));
	expect_ok(acc_query(second, &query));
	snprintf(text, sizeof(text), "%ld", usual);
	ck_assert_uint_eq(query.out_pasid_reason, HISI_ACC_REASON_LIMIT);
	expect_errno(ENOSPC, acc_queue_alloc(second, &arg));
}
END_TEST

START_TEST(administrator_switches_modes_off)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	struct hisi_acc_query query;
	int fd = device_open();

	set_attribute("modes", "dma");
	expect_ok(acc_query(fd, &query));
	expect_errno(EOPNOTSUPP, acc_queue_alloc(fd, &arg));
	arg.modes = HISI_ACC_MODE_PASID | HISI_ACC_MODE_DMA;
	expect_ok(acc_queue_alloc(fd, &arg));
	set_attribute("modes", "sva pasid dma");
	ck_assert_uint_eq(query.out_pasid_reason, HISI_ACC_REASON_ADMIN);
	ck_assert_uint_eq(arg.out_mode, HISI_ACC_MODE_DMA);
	ck_assert_uint_eq(arg.out_reason, HISI_ACC_REASON_ADMIN);
}
END_TEST

static void restore_attributes(void)
{
	set_attribute("modes", "sva pasid dma");
	set_attribute("user_pasids_max", "128");
}

START_TEST(attributes_are_as_they_were)
{
	restore_attributes();
	ck_assert_int_eq(device_attribute("user_pasids_max"), 128);
}
END_TEST

static void add(void)
{
	test_add(pasid_is_granted_before_dma);
	test_add(registration_decides_the_mode_as_a_queue_does);
	test_add(registered_memory_is_reached_at_its_address);
	test_add(registered_memory_needs_no_page_request);
	test_add(huge_pages_are_mapped_as_huge_pages);
	test_add(neighbours_on_one_page);
	test_add(ranges_that_overlap_in_every_way);
	test_add(overlap_must_agree_on_read_only);
	test_add(address_that_names_other_memory_now);
	test_add(addresses_that_the_iommu_keeps_for_itself);
	test_add(contexts_have_spaces_of_their_own);
	test_add(processes_do_not_meet_at_one_address);
	test_add(pasids_run_out_and_come_back);
	test_add(user_has_a_limit);
	test_add(administrator_switches_modes_off);
	test_add(attributes_are_as_they_were);
}

int main(int argc, char **argv)
{
	setenv("MODE", "pasid", 1);
	return fixture_main(argc, argv, add);
}
