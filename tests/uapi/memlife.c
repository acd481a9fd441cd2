// SPDX-License-Identifier: GPL-2.0
/* Registered memory while the process or the device goes on. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
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

/* What the process does to a pinned range */

START_TEST(munmap_does_not_change_what_the_device_sees)
{
	uint8_t *data = map_anonymous(4 * PAGE), *again, expected[4 * PAGE];
	struct device_access a;
	uint32_t handle;
	uint64_t iova;

	only_in_modes(HISI_ACC_MODE_DMA | HISI_ACC_MODE_PASID);
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

	only_in_modes(HISI_ACC_MODE_DMA | HISI_ACC_MODE_PASID);
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

	only_in_modes(HISI_ACC_MODE_DMA | HISI_ACC_MODE_PASID);
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

	only_in_modes(HISI_ACC_MODE_DMA | HISI_ACC_MODE_PASID);
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

	only_in_modes(HISI_ACC_MODE_DMA | HISI_ACC_MODE_PASID);
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

	only_in_modes(HISI_ACC_MODE_DMA | HISI_ACC_MODE_PASID);
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
	static uint8_t data[16 * PAGE_MAX];
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
