// SPDX-License-Identifier: GPL-2.0
/* Registered memory: every kind of it, at any address. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
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

/* Of a huge page, however large that is: what a request takes. */
#define PART	(2u << 20)

/* Makes room for huge pages, once; false where there are none. */
static bool have_huge_pages(void)
{
	return write_string("/proc/sys/vm/nr_hugepages", "4");
}

/* How many mappings a registration makes in the mode. */
static int mappings_of(const void *data, size_t size, long pages)
{
	bool head = (uintptr_t)data % PAGE, tail = ((uintptr_t)data + size) % PAGE;

	if (acc_modes() == HISI_ACC_MODE_SVA)
		return 0;
	/* a page that is used in part is mapped by itself, for a neighbour */
	if (acc_modes() == HISI_ACC_MODE_DMA || pages == 1)
		return 1;
	return head + tail + (pages > head + tail);
}

static void expect_usable(void *data, size_t size)
{
	long pages = ((uintptr_t)data % PAGE + size + PAGE - 1) / PAGE;
	int mappings = mappings_of(data, size, pages);
	struct device_usage usage;
	struct device_access a;
	uint32_t handle;
	uint64_t iova;

	access_init(&a, size);
	fill_text(data, size, 1);
	usage = device_usage();
	expect_ok(acc_mem_pin(a.fd, 0, data, size, &handle, &iova));
	ck_assert_uint_ne(handle, 0);
	ck_assert_uint_eq(iova % PAGE, (uintptr_t)data % PAGE);
	usage.pinned_pages += pages;
	usage.mappings += mappings;
	expect_usage(&usage);

	ck_assert(device_sees(&a, iova, data, size));
	ck_assert(device_writes(&a, iova, size, 2));
	ck_assert(is_text(data, size, 2));
	fill_text(data, size, 3);
	ck_assert(device_sees(&a, iova, data, size));

	expect_ok(acc_mem_unpin(a.fd, handle));
	usage.pinned_pages -= pages;
	usage.mappings -= mappings;
	expect_usage(&usage);
	ck_assert(is_text(data, size, 3));
}

/* Kinds of memory */

START_TEST(malloced_memory)
{
	uint8_t *data = malloc(30000);

	expect_usable(data + 13, 30000 - 13);
}
END_TEST

START_TEST(stack_memory)
{
	uint8_t data[20001];

	expect_usable(data + 1, sizeof(data) - 1);
}
END_TEST

START_TEST(static_memory)
{
	static uint8_t bss[10000];
	static uint8_t data[10000] = { 1 };

	expect_usable(bss, sizeof(bss));
	expect_usable(data, sizeof(data));
}
END_TEST

START_TEST(anonymous_memory_never_touched)
{
	expect_usable(map_anonymous(1 << 20), 1 << 20);
}
END_TEST

START_TEST(shared_anonymous_memory)
{
	expect_usable(map(65536, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1), 65536);
}
END_TEST

START_TEST(private_file)
{
	int fd = temporary_file(50000);
	uint8_t *data, byte;

	data = map(50000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	expect_usable(data, 50000);
	/* what the device wrote stays private */
	ck_assert_int_eq(pread(fd, &byte, 1, 100), 1);
	ck_assert_uint_eq(byte, 0);
}
END_TEST

static void expect_shared_usable(int fd, size_t size)
{
	uint8_t *data = map(size, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	uint8_t *copy = malloc(size);
	struct device_access a;
	uint32_t handle;
	uint64_t iova;

	expect_usable(data, size);
	access_init(&a, size);
	expect_ok(acc_mem_pin(a.fd, 0, data, size, &handle, &iova));
	ck_assert(device_writes(&a, iova, size, 4));
	expect_ok(acc_mem_unpin(a.fd, handle));
	munmap(data, size);
	/* the file has it */
	ck_assert_int_eq(pread(fd, copy, size, 0), size);
	ck_assert(is_text(copy, size, 4));
	free(copy);
}

START_TEST(shared_file)
{
	expect_shared_usable(temporary_file(50000), 50000);
}
END_TEST

START_TEST(memfd_memory)
{
	int fd = expect_ok(memfd_create("test", MFD_CLOEXEC));

	expect_ok(ftruncate(fd, 50000));
	expect_shared_usable(fd, 50000);
}
END_TEST

START_TEST(hugetlb_memory)
{
	const size_t huge = huge_page_size();
	uint8_t *data;

	if (!have_huge_pages())
		skip("no huge pages");
	data = mmap(NULL, 2 * huge, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (data == MAP_FAILED)
		skip("no huge pages are free");
	/* over the seam, and all of a page */
	expect_usable(data + huge - 10000, 20000);
	expect_usable(data, PART);
}
END_TEST

START_TEST(shared_hugetlb_memory)
{
	const size_t huge = huge_page_size();
	int fd;

	if (!have_huge_pages())
		skip("no huge pages");
	fd = expect_ok(memfd_create("test", MFD_HUGETLB));
	expect_ok(ftruncate(fd, huge));
	expect_usable(map(huge, PROT_READ | PROT_WRITE, MAP_SHARED, fd), PART);
}
END_TEST

START_TEST(transparent_huge_memory)
{
	const size_t huge = huge_page_size();
	uint8_t *data = map_anonymous(2 * huge);

	data += huge - (uintptr_t)data % huge;
	if (madvise(data, huge, MADV_HUGEPAGE))
		skip("no transparent huge pages");
	memset(data, 1, huge);
	expect_usable(data + 5, PART - 10);
}
END_TEST

START_TEST(system_v_shared_memory)
{
	int id = expect_ok(shmget(IPC_PRIVATE, 40000, IPC_CREAT | 0600));
	void *data = shmat(id, NULL, 0);

	shmctl(id, IPC_RMID, NULL);
	ck_assert(data != (void *)-1);
	expect_usable(data, 40000);
}
END_TEST

START_TEST(posix_shared_memory)
{
	int fd = expect_ok(shm_open("/hisi_acc_test", O_CREAT | O_RDWR, 0600));

	shm_unlink("/hisi_acc_test");
	expect_ok(ftruncate(fd, 40000));
	expect_shared_usable(fd, 40000);
}
END_TEST

/* Read-only memory, and read-only registrations */

static void expect_readable(const void *data, size_t size)
{
	struct device_access a;
	uint32_t handle;
	uint64_t iova;

	access_init(&a, size);
	expect_errno(EFAULT, acc_mem_pin(a.fd, 0, data, size, &handle, &iova));
	expect_ok(acc_mem_pin(a.fd, HISI_ACC_MEM_READ_ONLY, data, size, &handle,
			      &iova));
	ck_assert(device_sees(&a, iova, data, size));
	expect_ok(acc_mem_unpin(a.fd, handle));
}

START_TEST(program_text)
{
	expect_readable((void *)expect_readable, 300);
}
END_TEST

static const char constant[5000] = "constant";

START_TEST(constant_data)
{
	expect_readable(constant, sizeof(constant));
}
END_TEST

START_TEST(memory_without_write_access)
{
	uint8_t *data = map_anonymous(8192);

	fill_text(data, 8192, 1);
	expect_ok(mprotect(data, 8192, PROT_READ));
	expect_readable(data, 8192);
}
END_TEST

START_TEST(shared_file_open_for_reading)
{
	char path[] = "/tmp/testXXXXXX";
	int fd = expect_ok(mkstemp(path));
	uint8_t data[9000];

	fill_text(data, sizeof(data), 1);
	ck_assert_int_eq(write(fd, data, sizeof(data)), sizeof(data));
	fd = expect_ok(open(path, O_RDONLY));
	unlink(path);
	expect_readable(map(sizeof(data), PROT_READ, MAP_SHARED, fd),
			sizeof(data));
}
END_TEST

START_TEST(device_sees_what_is_written_after_a_read_only_pin)
{
	uint8_t *data = map_anonymous(3 * PAGE);
	struct device_access a;
	uint64_t iova;

	/* nothing is there yet but the zero page */
	access_init(&a, 3 * PAGE);
	expect_ok(acc_mem_pin(a.fd, HISI_ACC_MEM_READ_ONLY, data, 3 * PAGE, NULL,
			      &iova));
	fill_text(data, 3 * PAGE, 1);
	ck_assert(device_sees(&a, iova, data, 3 * PAGE));
}
END_TEST

START_TEST(device_sees_what_is_written_to_a_read_only_pinned_private_file)
{
	int fd = temporary_file(3 * PAGE);
	uint8_t *data = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	struct device_access a;
	uint64_t iova;

	access_init(&a, 3 * PAGE);
	expect_ok(acc_mem_pin(a.fd, HISI_ACC_MEM_READ_ONLY, data, 3 * PAGE, NULL,
			      &iova));
	fill_text(data, 3 * PAGE, 1);
	ck_assert(device_sees(&a, iova, data, 3 * PAGE));
}
END_TEST

START_TEST(device_cannot_write_to_a_read_only_registration)
{
	uint8_t *data = map_anonymous(8192);
	uint64_t iova, faults = 0;
	struct device_access a;

	only_in_modes(HISI_ACC_MODE_DMA | HISI_ACC_MODE_PASID);
	if (monitor_is_there())
		faults = monitor_count(MONITOR_DMA_FAULTS);
	access_init(&a, 8192);
	fill_text(data, 8192, 1);
	expect_ok(acc_mem_pin(a.fd, HISI_ACC_MEM_READ_ONLY, data, 8192, NULL,
			      &iova));
	ck_assert(device_sees(&a, iova, data, 8192));
	ck_assert(!device_writes(&a, iova, 8192, 2));
	ck_assert(is_text(data, 8192, 1));
	if (monitor_is_there())
		ck_assert_uint_gt(monitor_count(MONITOR_DMA_FAULTS), faults);
	/* and the queues go on */
	ck_assert(device_sees(&a, iova, data, 8192));
}
END_TEST

/* Addresses */

START_TEST(any_alignment_and_size)
{
	const uint32_t sizes[] = { 1, 2, 7, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE + 1 };
	const uint32_t offsets[] = { 0, 1, 2047, PAGE - 1 };
	uint8_t *data = map_anonymous(8 * PAGE);
	struct device_access a;
	unsigned int i, j;
	uint32_t handle;
	uint64_t iova;

	access_init(&a, 8 * PAGE);
	fill_noise(data, 8 * PAGE, 1);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			expect_ok(acc_mem_pin(a.fd, 0, data + offsets[j],
					      sizes[i], &handle, &iova));
			ck_assert_uint_eq(iova % PAGE, offsets[j]);
			ck_assert(device_sees(&a, iova, data + offsets[j],
					      sizes[i]));
			expect_ok(acc_mem_unpin(a.fd, handle));
		}
	}
}
END_TEST

START_TEST(scattered_pages_are_one_range)
{
	enum { COUNT = 256 };
	uint8_t *data = map_anonymous(COUNT * PAGE), *filler[COUNT];
	struct device_access a;
	uint64_t iova;
	int i;

	/* pages taken back to front, with others in between */
	for (i = COUNT - 1; i >= 0; i--) {
		data[i * PAGE] = i;
		filler[i] = map_anonymous(PAGE);
		filler[i][0] = i;
	}
	access_init(&a, COUNT * PAGE);
	fill_text(data, COUNT * PAGE, 1);
	expect_ok(acc_mem_pin(a.fd, 0, data, COUNT * PAGE, NULL, &iova));
	ck_assert(device_sees(&a, iova, data, COUNT * PAGE));
	ck_assert(device_writes(&a, iova, COUNT * PAGE, 2));
	ck_assert(is_text(data, COUNT * PAGE, 2));
}
END_TEST

START_TEST(neighbours_of_a_range_are_out_of_reach)
{
	uint8_t *data = map_anonymous(5 * PAGE), *copy = malloc(5 * PAGE);
	struct device_access a;
	uint64_t iova;

	only_in_modes(HISI_ACC_MODE_DMA | HISI_ACC_MODE_PASID);
	access_init(&a, 4 * PAGE);
	fill_noise(data, 5 * PAGE, 1);
	memcpy(copy, data, 5 * PAGE);
	expect_ok(acc_mem_pin(a.fd, 0, data + PAGE, 3 * PAGE, NULL, &iova));
	/* another range may lie there, but not this memory */
	ck_assert(!device_sees(&a, iova - 64, data + PAGE - 64, 128));
	ck_assert(!device_sees(&a, iova + 3 * PAGE - 64, data + 4 * PAGE - 64, 128));
	/* ranges are rounded up to a power of two: nothing lies behind this one */
	ck_assert(!device_writes(&a, iova, 3 * PAGE + 1, 2));
	ck_assert(!memcmp(data, copy, PAGE));
	ck_assert(!memcmp(data + 4 * PAGE, copy + 4 * PAGE, PAGE));
}
END_TEST

START_TEST(overlapping_registrations_are_independent)
{
	uint8_t *data = map_anonymous(4 * PAGE);
	uint32_t first, second;
	uint64_t iova1, iova2;
	struct device_access a;

	only_in_modes(HISI_ACC_MODE_DMA);
	access_init(&a, 4 * PAGE);
	fill_text(data, 4 * PAGE, 1);
	expect_ok(acc_mem_pin(a.fd, 0, data, 3 * PAGE, &first, &iova1));
	expect_ok(acc_mem_pin(a.fd, 0, data + PAGE, 3 * PAGE, &second, &iova2));
	ck_assert_uint_ne(first, second);
	ck_assert(device_sees(&a, iova1, data, 3 * PAGE));
	expect_ok(acc_mem_unpin(a.fd, first));
	ck_assert(device_sees(&a, iova2, data + PAGE, 3 * PAGE));
	ck_assert(!device_sees(&a, iova1, data, 3 * PAGE));
}
END_TEST

/* The words behind @key in /proc/self/fdinfo; "" if it is not there. */
static void fdinfo(int fd, const char *key, char *value, size_t size)
{
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	ck_assert(file);
	*value = 0;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			snprintf(value, size, "%.*s",
				 (int)strcspn(line + strlen(key), "\n"),
				 line + strlen(key));
	fclose(file);
}

static long fdinfo_pinned_kb(int fd)
{
	char value[64];

	fdinfo(fd, "hisi-acc-pinned:\t", value, sizeof(value));
	ck_assert_msg(strstr(value, " KiB"), "fdinfo has no pinned bytes");
	return atol(value);
}

START_TEST(fdinfo_tells_mode_and_pinned_bytes)
{
	static const struct { uint32_t mode; const char *name; } names[] = {
		{ HISI_ACC_MODE_SVA, "sva" }, { HISI_ACC_MODE_PASID, "pasid" },
		{ HISI_ACC_MODE_DMA, "dma" },
	};
	uint8_t *data = map_anonymous(4 * PAGE);
	int fd = device_open(), other = device_open();
	uint32_t first, second;
	char mode[16];
	size_t i;

	fdinfo(fd, "hisi-acc-mode:\t", mode, sizeof(mode));
	ck_assert_str_eq(mode, "none");
	ck_assert_int_eq(fdinfo_pinned_kb(fd), 0);
	expect_ok(acc_mem_pin(fd, 0, data, 3 * PAGE, &first, NULL));
	expect_ok(acc_mem_pin(fd, 0, data + 3 * PAGE, 1, &second, NULL));
	ck_assert_int_eq(fdinfo_pinned_kb(fd), 4 * PAGE / 1024);
	ck_assert_int_eq(fdinfo_pinned_kb(other), 0);
	fdinfo(fd, "hisi-acc-mode:\t", mode, sizeof(mode));
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (acc_modes() == names[i].mode)
			ck_assert_str_eq(mode, names[i].name);
	expect_ok(acc_mem_unpin(fd, first));
	ck_assert_int_eq(fdinfo_pinned_kb(fd), PAGE / 1024);
	expect_ok(acc_mem_unpin(fd, second));
	ck_assert_int_eq(fdinfo_pinned_kb(fd), 0);
}
END_TEST

static void add(void)
{
	test_add(malloced_memory);
	test_add(stack_memory);
	test_add(static_memory);
	test_add(anonymous_memory_never_touched);
	test_add(shared_anonymous_memory);
	test_add(private_file);
	test_add(shared_file);
	test_add(memfd_memory);
	test_add(hugetlb_memory);
	test_add(shared_hugetlb_memory);
	test_add(transparent_huge_memory);
	test_add(system_v_shared_memory);
	test_add(posix_shared_memory);
	test_add(program_text);
	test_add(constant_data);
	test_add(memory_without_write_access);
	test_add(shared_file_open_for_reading);
	test_add(device_sees_what_is_written_after_a_read_only_pin);
	test_add(device_sees_what_is_written_to_a_read_only_pinned_private_file);
	test_add(device_cannot_write_to_a_read_only_registration);
	test_add(any_alignment_and_size);
	test_add(scattered_pages_are_one_range);
	test_add(neighbours_of_a_range_are_out_of_reach);
	test_add(overlapping_registrations_are_independent);
	test_add(fdinfo_tells_mode_and_pinned_bytes);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
