// SPDX-License-Identifier: GPL-2.0
/* What a queue lets user space map, and what not. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"

static void expect_mmap_fails(int fd, uint64_t key, uint64_t size, int prot,
			      int flags, int code)
{
	void *data;

	errno = 0;
	data = mmap(NULL, size, prot, flags, fd, key);
	ck_assert_msg(data == MAP_FAILED, "mmap succeeded");
	ck_assert_msg(errno == code, "mmap: %s, not %s", strerrorname_np(errno),
		      strerrorname_np(code));
}

START_TEST(mapping_needs_key_size_and_sharing)
{
	const int rw = PROT_READ | PROT_WRITE;
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 1024);
	int fd = device_open(), other = device_open();
	struct hisi_acc_query q = query_device(fd);
	unsigned int i;

	expect_ok(acc_queue_alloc(fd, &arg));
	const struct {
		uint64_t key, size;
		int prot;
	} regions[] = {
		{ arg.out_sq_key, arg.out_sq_size, rw },
		{ arg.out_cq_key, arg.out_cq_size, rw },
		{ arg.out_db_key, arg.out_db_size, rw },
		{ q.out_status_key, q.out_status_size, PROT_READ },
	};

	for (i = 0; i < ARRAY_SIZE(regions); i++) {
		uint64_t key = regions[i].key, size = regions[i].size;
		int prot = regions[i].prot;

		if (!size)
			continue;
		expect_mmap_fails(fd, key, size + PAGE, prot, MAP_SHARED, EINVAL);
		if (size > PAGE) {
			expect_mmap_fails(fd, key, size - PAGE, prot, MAP_SHARED,
					  EINVAL);
			expect_mmap_fails(fd, key + PAGE, size - PAGE, prot,
					  MAP_SHARED, EINVAL);
			expect_mmap_fails(fd, key + PAGE, size, prot, MAP_SHARED,
					  EINVAL);
		}
		expect_mmap_fails(fd, key, size, prot, MAP_PRIVATE, EINVAL);
		expect_mmap_fails(other, key, size, prot, MAP_SHARED, EINVAL);
		ck_assert(mmap(NULL, size, prot, MAP_SHARED, fd, key) !=
			  MAP_FAILED);
		ck_assert(mmap(NULL, size, prot, MAP_SHARED | MAP_POPULATE, fd,
			       key) != MAP_FAILED);
	}
}
END_TEST

START_TEST(key_that_was_not_handed_out_is_einval)
{
	static const uint64_t keys[] = {
		0, 0x7ffffffffffff000, 0xfffffffffffff000, 1ull << 40,
	};
	int fd = device_open();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		void *data = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, keys[i]);

		ck_assert(data == MAP_FAILED);
		ck_assert(errno == EINVAL || errno == EOVERFLOW);
	}
}
END_TEST

START_TEST(nothing_is_executable)
{
	struct raw_queue q;
	const int rx = PROT_READ | PROT_EXEC;
	struct hisi_acc_query info;

	raw_queue_init(&q, device_open(), 0, 16, 0);
	info = query_device(q.fd);
	ck_assert(mmap(NULL, q.arg.out_sq_size, rx, MAP_SHARED, q.fd,
		       q.arg.out_sq_key) == MAP_FAILED);
	if (q.db)
		ck_assert(mmap(NULL, q.arg.out_db_size, rx, MAP_SHARED, q.fd,
			       q.arg.out_db_key) == MAP_FAILED);
	ck_assert(mmap(NULL, info.out_status_size, rx, MAP_SHARED, q.fd,
		       info.out_status_key) == MAP_FAILED);
	expect_errno(EACCES, mprotect(q.sq, q.arg.out_sq_size, rx));
	expect_errno(EACCES, mprotect(q.cq, q.arg.out_cq_size, rx));
	if (q.db)
		expect_errno(EACCES, mprotect((void *)q.db, q.arg.out_db_size,
					      rx));
	expect_errno(EACCES, mprotect((void *)q.status, info.out_status_size,
				      rx));
}
END_TEST

START_TEST(status_page_is_read_only)
{
	const int rw = PROT_READ | PROT_WRITE;
	int mem, fd = device_open();
	struct hisi_acc_query q = query_device(fd);
	void *page;

	expect_mmap_fails(fd, q.out_status_key, q.out_status_size, rw,
			  MAP_SHARED, EACCES);
	page = mmap(NULL, q.out_status_size, PROT_READ, MAP_SHARED, fd,
		    q.out_status_key);
	ck_assert(page != MAP_FAILED);
	expect_errno(EACCES, mprotect(page, q.out_status_size, rw));
	/* not as a debugger either */
	mem = expect_ok(open("/proc/self/mem", O_RDWR));
	ck_assert_int_lt(pwrite(mem, "x", 1, (uintptr_t)page), 1);
	/* nor through the device */
	expect_errno(EFAULT, acc_mem_pin(fd, 0, page, q.out_status_size, NULL,
					 NULL));
	ck_assert_uint_eq(((struct hisi_acc_status *)page)->state,
			  HISI_ACC_STATE_RUNNING);
}
END_TEST

START_TEST(file_open_for_reading_maps_nothing)
{
	int fd = expect_ok(open(device_node(), O_RDONLY));
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	struct hisi_acc_query q = query_device(fd);

	expect_ok(acc_queue_alloc(fd, &arg));
	expect_mmap_fails(fd, q.out_status_key, q.out_status_size, PROT_READ,
			  MAP_SHARED, EINVAL);
	expect_mmap_fails(fd, arg.out_cq_key, arg.out_cq_size, PROT_READ,
			  MAP_SHARED, EINVAL);
	expect_mmap_fails(fd, arg.out_sq_key, arg.out_sq_size,
			  PROT_READ | PROT_WRITE, MAP_SHARED, EACCES);
}
END_TEST

START_TEST(keys_of_a_freed_queue_are_einval)
{
	const int rw = PROT_READ | PROT_WRITE;
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	int fd = device_open();

	expect_ok(acc_queue_alloc(fd, &arg));
	expect_ok(acc_queue_free(fd, arg.out_handle));
	expect_mmap_fails(fd, arg.out_sq_key, arg.out_sq_size, rw, MAP_SHARED,
			  EINVAL);
	expect_mmap_fails(fd, arg.out_cq_key, arg.out_cq_size, rw, MAP_SHARED,
			  EINVAL);
	expect_mmap_fails(fd, arg.out_db_key, PAGE, rw, MAP_SHARED, EINVAL);
}
END_TEST

START_TEST(mapping_can_be_cut_and_moved_but_not_grown)
{
	struct raw_queue q;
	uint8_t *moved;

	raw_queue_init(&q, device_open(), 0, PAGE / 32, 0);
	expect_errno(EFAULT, mremap(q.sq, q.arg.out_sq_size,
				    q.arg.out_sq_size + PAGE, MREMAP_MAYMOVE) ==
			     MAP_FAILED ? -1 : 0);
	if (q.db)
		expect_errno(EFAULT, mremap((void *)q.db, q.arg.out_db_size,
					    q.arg.out_db_size + PAGE,
					    MREMAP_MAYMOVE) ==
				     MAP_FAILED ? -1 : 0);
	q.sq[0] = 1;
	q.sq[2 * PAGE] = 3;
	ck_assert(!munmap(q.sq + PAGE, PAGE));
	ck_assert_uint_eq(q.sq[0], 1);
	ck_assert_uint_eq(q.sq[2 * PAGE], 3);
	moved = mremap(q.sq, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0));
	ck_assert(moved != MAP_FAILED);
	ck_assert_uint_eq(moved[0], 1);
}
END_TEST

START_TEST(moved_doorbell_mapping_rings_and_is_taken_back)
{
	uint64_t doorbells;
	struct work w;
	void *place;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	skip_without_doorbell(&w.q);
	work_run(&w, 1);
	place = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	w.q.db = mremap((void *)w.q.db, PAGE, PAGE,
			MREMAP_MAYMOVE | MREMAP_FIXED, place);
	ck_assert(w.q.db != MAP_FAILED);
	work_run(&w, 2);
	expect_ok(acc_queue_free(w.q.fd, w.q.arg.out_handle));
	doorbells = monitor_count(MONITOR_SQ_DOORBELLS);
	raw_queue_store(&w.q, raw_doorbell(&w.q, false, 3, false));
	ck_assert_uint_eq(monitor_count(MONITOR_SQ_DOORBELLS), doorbells);
}
END_TEST

START_TEST(doorbell_mapped_twice_is_taken_back_twice)
{
	volatile uint8_t *second;
	uint64_t doorbells;
	struct raw_queue q;

	if (!monitor_is_there())
		skip("the model has no monitor");
	raw_queue_init(&q, device_open(), 0, 16, 0);
	skip_without_doorbell(&q);
	second = mmap(NULL, q.arg.out_db_size, PROT_READ | PROT_WRITE,
		      MAP_SHARED, q.fd, q.arg.out_db_key);
	ck_assert(second != MAP_FAILED);
	raw_queue_store(&q, raw_doorbell(&q, false, 0, false));
	q.db = second;
	raw_queue_store(&q, raw_doorbell(&q, false, 0, false));
	expect_ok(acc_queue_free(q.fd, q.arg.out_handle));
	doorbells = monitor_count(MONITOR_SQ_DOORBELLS);
	raw_queue_store(&q, raw_doorbell(&q, false, 0, false));
	ck_assert_uint_eq(monitor_count(MONITOR_SQ_DOORBELLS), doorbells);
}
END_TEST

START_TEST(doorbell_page_holds_nothing_else)
{
	uint64_t writes;
	struct raw_queue q;
	unsigned int i;

	/* the mailbox of the shared register block lies outside of it */
	raw_queue_init(&q, device_open(), 0, 16, 0);
	skip_without_doorbell(&q);
	ck_assert_uint_le(q.arg.out_db_offset, PAGE - 8);
	if (!monitor_is_there())
		skip("the model has no monitor");
	writes = monitor_count(MONITOR_MAILBOXES);
	for (i = 0; i < PAGE; i += 8)
		(void)*(volatile uint64_t *)(q.db + i);
	ck_assert_uint_eq(monitor_count(MONITOR_MAILBOXES), writes);
}
END_TEST

START_TEST(no_other_offset_can_be_mapped)
{
	const int rw = PROT_READ | PROT_WRITE;
	const uint64_t span = 512 * PAGE;
	struct raw_queue q;
	uint64_t key, status;

	/* above all not the registers beside a doorbell that is not offered */
	raw_queue_init(&q, device_open(), 0, 16, 0);
	status = query_device(q.fd).out_status_key;
	key = q.arg.out_sq_key > span ? q.arg.out_sq_key - span : 0;
	for (; key < q.arg.out_sq_key + span; key += PAGE)
		if (key != q.arg.out_sq_key && key != q.arg.out_cq_key &&
		    key != status && !(q.db && key == q.arg.out_db_key))
			expect_mmap_fails(q.fd, key, PAGE, rw, MAP_SHARED,
					  EINVAL);
}
END_TEST

static void add(void)
{
	test_add(mapping_needs_key_size_and_sharing);
	test_add(key_that_was_not_handed_out_is_einval);
	test_add(nothing_is_executable);
	test_add(status_page_is_read_only);
	test_add(file_open_for_reading_maps_nothing);
	test_add(keys_of_a_freed_queue_are_einval);
	test_add(mapping_can_be_cut_and_moved_but_not_grown);
	test_add(moved_doorbell_mapping_rings_and_is_taken_back);
	test_add(doorbell_mapped_twice_is_taken_back_twice);
	test_add(doorbell_page_holds_nothing_else);
	test_add(no_other_offset_can_be_mapped);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
