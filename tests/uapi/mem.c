// SPDX-License-Identifier: GPL-2.0
/* Registered memory: every kind of it, accounting, limits, and its end. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <unistd.h>

#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "test.h"

#define PAGE	4096
#define HUGE	(2u << 20)

/* Makes room for huge pages, once; false where there are none. */
static bool have_huge_pages(void)
{
	return write_string("/proc/sys/vm/nr_hugepages", "8");
}

static void *map(size_t size, int prot, int flags, int fd)
{
	void *data = mmap(NULL, size, prot, flags, fd, 0);

	ck_assert_msg(data != MAP_FAILED, "mmap: %s", strerror(errno));
	return data;
}

static void *map_anonymous(size_t size)
{
	return map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* The device as a reader and a writer of memory that a test has pinned. */
struct device_access {
	int fd;
	struct raw_queue compress, decompress;
	struct pinned spare;
};

static void access_init(struct device_access *a, size_t size)
{
	a->fd = device_open();
	raw_queue_init(&a->compress, a->fd, QUEUE_COMPRESS, 16, 0);
	raw_queue_init(&a->decompress, a->fd, QUEUE_DECOMPRESS, 16, 0);
	pinned_init(&a->spare, a->fd, (zlib_room(size) + PAGE) / PAGE * PAGE);
}

/* Whether the device sees these bytes at that address. */
static bool device_sees(struct device_access *a, uint64_t iova, const void *data,
			size_t size)
{
	uint32_t sqe[SQE_WORDS];

	raw_queue_run(&a->compress, iova, size, a->spare.iova, a->spare.size, sqe);
	return zip_succeeded(sqe) &&
	       zlib_is(a->spare.data, zip_produced(sqe), data, size);
}

/* Lets the device write text there; false if it reports an error. */
static bool device_writes(struct device_access *a, uint64_t iova, size_t size,
			  uint32_t seed)
{
	uint8_t *text = malloc(size);
	uint32_t sqe[SQE_WORDS];
	size_t made;

	fill_text(text, size, seed);
	made = zlib_make(a->spare.data, a->spare.size, text, size);
	free(text);
	raw_queue_run(&a->decompress, a->spare.iova, made, iova, size, sqe);
	return zip_succeeded(sqe) && zip_produced(sqe) == size;
}

static bool is_text(const void *data, size_t size, uint32_t seed)
{
	uint8_t *text = malloc(size);
	bool same;

	fill_text(text, size, seed);
	same = !memcmp(data, text, size);
	free(text);
	return same;
}

/* Pins, lets the device read and write, and looks from this side. */
static void expect_usable(void *data, size_t size)
{
	long pages = ((uintptr_t)data % PAGE + size + PAGE - 1) / PAGE;
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
	usage.mappings++;
	expect_usage(&usage);

	ck_assert(device_sees(&a, iova, data, size));
	ck_assert(device_writes(&a, iova, size, 2));
	ck_assert(is_text(data, size, 2));
	fill_text(data, size, 3);
	ck_assert(device_sees(&a, iova, data, size));

	expect_ok(acc_mem_unpin(a.fd, handle));
	usage.pinned_pages -= pages;
	usage.mappings--;
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

static int temporary_file(size_t size)
{
	int fd = expect_ok(open("/tmp", O_TMPFILE | O_RDWR, 0600));

	expect_ok(ftruncate(fd, size));
	return fd;
}

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
	uint8_t *data;

	if (!have_huge_pages())
		skip("no huge pages");
	data = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (data == MAP_FAILED)
		skip("no huge pages are free");
	/* across the border, and from the middle */
	expect_usable(data + HUGE - 10000, 20000);
	expect_usable(data, HUGE);
}
END_TEST

START_TEST(shared_hugetlb_memory)
{
	int fd;

	if (!have_huge_pages())
		skip("no huge pages");
	fd = expect_ok(memfd_create("test", MFD_HUGETLB));
	expect_ok(ftruncate(fd, HUGE));
	expect_usable(map(HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd), HUGE);
}
END_TEST

START_TEST(transparent_huge_memory)
{
	uint8_t *data = map_anonymous(3 * HUGE);

	data += HUGE - (uintptr_t)data % HUGE;
	if (madvise(data, HUGE, MADV_HUGEPAGE))
		skip("no transparent huge pages");
	memset(data, 1, HUGE);
	expect_usable(data + 5, HUGE - 10);
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
	static const uint32_t sizes[] = { 1, 2, 7, 4095, 4096, 4097, 12289 };
	static const uint32_t offsets[] = { 0, 1, 2047, 4095 };
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
	uint8_t *data = map_anonymous(3 * PAGE);
	struct device_access a;
	uint64_t iova;

	access_init(&a, 2 * PAGE);
	memset(data, 7, 3 * PAGE);
	expect_ok(acc_mem_pin(a.fd, 0, data + PAGE, PAGE, NULL, &iova));
	ck_assert(!device_writes(&a, iova, PAGE + 1, 2));
	ck_assert(!device_writes(&a, iova - 1, PAGE, 2));
	ck_assert_uint_eq(data[PAGE - 1], 7);
	ck_assert_uint_eq(data[2 * PAGE], 7);
}
END_TEST

START_TEST(overlapping_registrations_are_independent)
{
	uint8_t *data = map_anonymous(4 * PAGE);
	uint32_t first, second;
	uint64_t iova1, iova2;
	struct device_access a;

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
	uintptr_t addr = (uintptr_t)map_anonymous(PAGE);

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

START_TEST(kernel_address_is_efault)
{
	expect_pin_fails(0, 0xffff888000000000, PAGE, EFAULT);
	expect_pin_fails(HISI_ACC_MEM_READ_ONLY, 0xffffffff81000000, PAGE, EFAULT);
	/* across the end of user memory */
	expect_pin_fails(0, 0x7ffffffff000 - PAGE, 4 * PAGE, EFAULT);
	expect_pin_fails(0, 0x800000000000, PAGE, EFAULT);
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

START_TEST(close_unpins_everything)
{
	struct device_usage usage = device_usage();
	int i, fd = device_open();
	long locked = locked_kb();

	for (i = 0; i < 20; i++)
		expect_ok(acc_mem_pin(fd, 0, map_anonymous(3 * PAGE), 3 * PAGE,
				      NULL, NULL));
	ck_assert_int_eq(locked_kb(), locked + 60 * 4);
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
	ck_assert_int_eq(locked_kb(), 36);
	expect_ok(acc_mem_unpin(fd, handle));
	ck_assert_int_eq(locked_kb(), 0);
	expect_ok(acc_mem_pin(fd, 0, data, 10 * PAGE, &handle, NULL));
	ck_assert_int_eq(locked_kb(), 40);
	expect_errno(ENOMEM, acc_mem_pin(fd, 0, data, 1, NULL, NULL));
	ck_assert_int_eq(locked_kb(), 40);
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
	ck_assert_int_eq(locked_kb(), 8);
	expect_errno(ENOMEM, acc_mem_pin(fd, 0, data, 1, NULL, NULL));
}
END_TEST

START_TEST(limit_counts_shared_pages_twice)
{
	uint8_t *data = map_anonymous(20 * PAGE);
	int fd = device_open();

	limit_locked_pages(5);
	expect_ok(acc_mem_pin(fd, 0, data, 2 * PAGE, NULL, NULL));
	expect_ok(acc_mem_pin(fd, 0, data, 2 * PAGE, NULL, NULL));
	expect_errno(ENOMEM, acc_mem_pin(fd, 0, data, 2 * PAGE, NULL, NULL));
	ck_assert_int_eq(locked_kb(), 16);
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
	ck_assert_int_eq(locked_kb(), 4);
}
END_TEST

/* What the process does to a pinned range */

START_TEST(munmap_does_not_change_what_the_device_sees)
{
	uint8_t *data = map_anonymous(4 * PAGE), *again, expected[4 * PAGE];
	struct device_access a;
	uint32_t handle;
	uint64_t iova;

	access_init(&a, 4 * PAGE);
	fill_text(data, 4 * PAGE, 1);
	fill_text(expected, 4 * PAGE, 1);
	expect_ok(acc_mem_pin(a.fd, 0, data, 4 * PAGE, &handle, &iova));
	expect_ok(munmap(data, 4 * PAGE));
	ck_assert(device_sees(&a, iova, expected, 4 * PAGE));

	again = mmap(data, 4 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	memset(again, 9, 4 * PAGE);
	ck_assert(device_sees(&a, iova, expected, 4 * PAGE));
	ck_assert(device_writes(&a, iova, 4 * PAGE, 2));
	ck_assert_uint_eq(again[0], 9);
	ck_assert_uint_eq(again[4 * PAGE - 1], 9);
	expect_ok(acc_mem_unpin(a.fd, handle));
	ck_assert_uint_eq(again[0], 9);
}
END_TEST

START_TEST(dontneed_does_not_change_what_the_device_sees)
{
	uint8_t *data = map_anonymous(2 * PAGE), expected[2 * PAGE];
	struct device_access a;
	uint64_t iova;

	access_init(&a, 2 * PAGE);
	fill_text(data, 2 * PAGE, 1);
	fill_text(expected, 2 * PAGE, 1);
	expect_ok(acc_mem_pin(a.fd, 0, data, 2 * PAGE, NULL, &iova));
	expect_ok(madvise(data, 2 * PAGE, MADV_DONTNEED));
	ck_assert_uint_eq(data[0], 0);
	ck_assert(device_sees(&a, iova, expected, 2 * PAGE));
}
END_TEST

START_TEST(mprotect_does_not_change_what_the_device_may)
{
	uint8_t *data = map_anonymous(2 * PAGE);
	struct device_access a;
	uint64_t iova;

	access_init(&a, 2 * PAGE);
	expect_ok(acc_mem_pin(a.fd, 0, data, 2 * PAGE, NULL, &iova));
	expect_ok(mprotect(data, 2 * PAGE, PROT_NONE));
	ck_assert(device_writes(&a, iova, 2 * PAGE, 1));
	expect_ok(mprotect(data, 2 * PAGE, PROT_READ));
	ck_assert(is_text(data, 2 * PAGE, 1));
}
END_TEST

START_TEST(truncated_file_does_no_harm)
{
	int fd = temporary_file(4 * PAGE);
	uint8_t *data = map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	struct device_access a;
	uint32_t handle;
	uint64_t iova;

	access_init(&a, 4 * PAGE);
	expect_ok(acc_mem_pin(a.fd, 0, data, 4 * PAGE, &handle, &iova));
	expect_ok(ftruncate(fd, 0));
	ck_assert(device_writes(&a, iova, 4 * PAGE, 1));
	expect_ok(acc_mem_unpin(a.fd, handle));
}
END_TEST

/* Unpinning under a device that is at work */

/* Takes and fills memory, so that freed pages find a new owner. */
static int reuse_pages(void *arg)
{
	struct gate *gates = arg;
	const size_t size = 64 << 20;
	uint8_t *data = map(size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1);

	memset(data, 0x3c, size);
	gate_open(&gates[0]);
	child_check(gate_wait(&gates[1]));
	child_check(is_filled(data, size, 0x3c));
	return 0;
}

START_TEST(unpinned_memory_is_out_of_the_devices_reach)
{
	const size_t size = 64 * PAGE;
	uint32_t sqe[SQE_WORDS], handle;
	struct device_access a;
	struct gate gates[2];
	uint8_t *data, *text;
	uint64_t iova;
	size_t made;
	pid_t child;

	if (!monitor_is_there())
		skip("the model has no monitor");
	access_init(&a, size);
	data = map_anonymous(size);
	text = malloc(size);
	expect_ok(acc_mem_pin(a.fd, 0, data, size, &handle, &iova));
	/* the translation is warm */
	ck_assert(device_writes(&a, iova, size, 1));

	/* a request that is past everything but its last write */
	fill_text(text, size, 2);
	made = zlib_make(a.spare.data, a.spare.size, text, size);
	monitor_set_delay(1500000);
	zip_encode(sqe, a.spare.iova, made, iova, size);
	raw_queue_push(&a.decompress, sqe);
	raw_queue_ring(&a.decompress);
	ck_assert(wait_until(monitor_count(MONITOR_INFLIGHT) == 1, 1000));
	sleep_ms(50);
	expect_ok(acc_mem_unpin(a.fd, handle));
	ck_assert(!raw_queue_ready(&a.decompress));
	ck_assert(is_text(data, size, 1));

	/* one half stays here, the other one goes to somebody else */
	munmap(data + size / 2, size / 2);
	gate_init(&gates[0]);
	gate_init(&gates[1]);
	child = child_start(reuse_pages, gates);
	ck_assert(gate_wait(&gates[0]));
	ck_assert(raw_queue_pop(&a.decompress, sqe, 5000));
	ck_assert(!zip_succeeded(sqe));
	ck_assert(is_text(data, size / 2, 1));
	gate_open(&gates[1]);
	ck_assert_int_eq(child_end(child), 0);
}
END_TEST

static volatile bool writer_stops;

/* Keeps requests that write to one place in flight, and wants no answers. */
struct writer {
	struct device_access a;
	uint64_t iova;
	size_t size;
	size_t made;
};

static void *write_on(void *arg)
{
	struct writer *w = arg;
	uint32_t sqe[SQE_WORDS];

	while (!writer_stops) {
		zip_encode(sqe, w->a.spare.iova, w->made, w->iova, w->size);
		raw_queue_push(&w->a.decompress, sqe);
		raw_queue_ring(&w->a.decompress);
		while (!raw_queue_ready(&w->a.decompress) && !writer_stops)
			;
		if (writer_stops)
			break;
		raw_queue_pop(&w->a.decompress, sqe, 1000);
		raw_queue_ring_cq(&w->a.decompress, false);
		/* each fault is a line in the kernel's log */
		if (!zip_succeeded(sqe))
			sleep_ms(1);
	}
	return NULL;
}

START_TEST(unpin_wins_against_a_busy_writer)
{
	const size_t size = 16 * PAGE;
	struct writer w = { .size = size };
	uint8_t *data, *text;
	pthread_t thread;
	uint32_t handle;
	int round;

	access_init(&w.a, size);
	data = map_anonymous(size);
	text = malloc(size);
	fill_text(text, size, 1);
	w.made = zlib_make(w.a.spare.data, w.a.spare.size, text, size);
	expect_ok(acc_mem_pin(w.a.fd, 0, data, size, &handle, &w.iova));
	ck_assert(!pthread_create(&thread, NULL, write_on, &w));
	for (round = 0; round < 4; round++) {
		ck_assert(wait_until(__atomic_load_n(&data[size - 1],
						     __ATOMIC_RELAXED), 3000));
		expect_ok(acc_mem_unpin(w.a.fd, handle));
		memset(data, 0, size);
		sleep_ms(10);
		ck_assert(is_filled(data, size, 0));
		expect_ok(acc_mem_pin(w.a.fd, 0, data, size, &handle, &w.iova));
	}
	writer_stops = true;
	pthread_join(thread, NULL);
}
END_TEST

static void *pin_and_unpin(void *arg)
{
	static uint8_t data[16 * PAGE];
	int i, fd = *(int *)arg;
	uint32_t handle;

	for (i = 0; i < 200; i++)
		if (acc_mem_pin(fd, 0, data + i, sizeof(data) - i, &handle, NULL) ||
		    acc_mem_unpin(fd, handle))
			return "failed";
	return NULL;
}

START_TEST(pin_and_unpin_in_threads_loses_nothing)
{
	int i, fds[2] = { device_open(), device_open() };
	struct device_usage usage = device_usage();
	pthread_t threads[4];
	void *result;

	for (i = 0; i < 4; i++)
		ck_assert(!pthread_create(&threads[i], NULL, pin_and_unpin,
					  &fds[i / 2]));
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		ck_assert_ptr_null(result);
	}
	expect_usage(&usage);
	ck_assert_int_eq(locked_kb(), 0);
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
	test_add(size_zero_is_einval);
	test_add(size_over_the_limit_is_einval);
	test_add(range_that_wraps_is_einval);
	test_add(kernel_address_is_efault);
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
	test_add(limit_counts_mlocked_memory_too);
	test_add(limit_is_the_process_and_not_the_context);
	test_add(limit_of_zero_is_enomem);
	test_add(failed_pin_gives_its_charge_back);
	test_add(capability_exempts_from_the_limit);
	test_add(munmap_does_not_change_what_the_device_sees);
	test_add(dontneed_does_not_change_what_the_device_sees);
	test_add(mprotect_does_not_change_what_the_device_may);
	test_add(truncated_file_does_no_harm);
	test_add(unpinned_memory_is_out_of_the_devices_reach);
	test_add(unpin_wins_against_a_busy_writer);
	test_add(pin_and_unpin_in_threads_loses_nothing);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
