// SPDX-License-Identifier: GPL-2.0
/* Watched registrations: bits and handles, and changes while others register. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "process.h"
#include "state.h"
#include "test.h"
#include "watcher.h"

#define RW	(PROT_READ | PROT_WRITE)
#define PAGES	8
#define HALF	(PAGES / 2 * PAGE)
#define SIZE	(PAGES * PAGE)

START_TEST(bit_is_that_of_the_handle)
{
	uint32_t handles[100], before, i, hit = 37;
	struct watcher w, other;
	uint8_t *data;

	watch_or_skip(&w);
	watcher_init(&other);
	data = map_anonymous(ARRAY_SIZE(handles) * PAGE);
	for (i = 0; i < ARRAY_SIZE(handles); i++)
		handles[i] = watch(&w, 0, data + i * PAGE, PAGE);
	before = generation(&w);
	expect_ok(madvise(data + hit * PAGE, PAGE, MADV_DONTNEED));
	for (i = 0; i < ARRAY_SIZE(handles); i++)
		ck_assert_int_eq(is_stale(&w, handles[i]), i == hit);
	ck_assert_uint_eq(count_stale(&w), 1);
	ck_assert_uint_eq(generation(&w), before + 1);
	/* what is stale gets no staler */
	expect_ok(madvise(data + hit * PAGE, PAGE, MADV_DONTNEED));
	ck_assert_uint_eq(generation(&w), before + 1);
	ck_assert_uint_eq(count_stale(&other), 0);
}
END_TEST

START_TEST(every_handle_has_its_bit)
{
	uint8_t *data = map_anonymous(PAGE);
	uint32_t i, before;
	struct watcher w;

	watch_or_skip(&w);
	for (i = 0; i < w.mems; i++)
		ck_assert_uint_le(watch(&w, 0, data, PAGE), w.mems);
	before = generation(&w);
	ck_assert_uint_eq(count_stale(&w), 0);
	expect_ok(madvise(data, PAGE, MADV_DONTNEED));
	ck_assert_uint_eq(count_stale(&w), w.mems);
	ck_assert_uint_eq(generation(&w), before + w.mems);
}
END_TEST

START_TEST(new_registration_is_fresh)
{
	uint8_t *data = map_anonymous(PAGE);
	uint32_t first, handle, i;
	struct watcher w;

	watch_or_skip(&w);
	first = watch(&w, 0, data, PAGE);
	expect_ok(madvise(data, PAGE, MADV_DONTNEED));
	ck_assert(is_stale(&w, first));
	expect_ok(acc_mem_unpin(w.fd, first));
	for (i = 0; i <= w.mems; i++) {
		handle = watch(&w, 0, data, PAGE);
		ck_assert(!is_stale(&w, handle));
		if (handle == first)
			break;
		expect_ok(acc_mem_unpin(w.fd, handle));
	}
	ck_assert_uint_eq(handle, first);
	/* and it is watched again */
	expect_ok(munmap(data, PAGE));
	ck_assert(is_stale(&w, handle));
}
END_TEST

START_TEST(registrations_that_overlap_go_stale_together)
{
	uint8_t *data = map_anonymous(SIZE);
	uint32_t first, second, third, before;
	struct watcher w;

	watch_or_skip(&w);
	first = watch(&w, 0, data, 3 * PAGE);
	second = watch(&w, 0, data + 2 * PAGE, 3 * PAGE);
	third = watch(&w, 0, data + 6 * PAGE, PAGE);
	before = generation(&w);
	expect_ok(munmap(data + 2 * PAGE, PAGE));
	ck_assert(is_stale(&w, first) && is_stale(&w, second));
	ck_assert(!is_stale(&w, third));
	ck_assert_uint_eq(generation(&w), before + 2);
}
END_TEST

START_TEST(no_flag_no_bit)
{
	uint8_t *data = map_anonymous(SIZE);
	struct watcher w;
	uint32_t before;

	watch_or_skip(&w);
	before = generation(&w);
	expect_ok(acc_mem_pin(w.fd, 0, data, SIZE, NULL, NULL));
	expect_ok(munmap(data, SIZE));
	ck_assert_uint_eq(count_stale(&w), 0);
	ck_assert_uint_eq(generation(&w), before);
}
END_TEST

START_TEST(what_is_not_pinned_is_never_stale)
{
	const uint32_t flags = HISI_ACC_MEM_ON_DEMAND;
	uint8_t *data = map_anonymous(SIZE);
	struct watcher w;

	only_in_modes(HISI_ACC_MODE_SVA);
	watch_or_skip(&w);
	watch(&w, flags, data, SIZE);
	expect_ok(munmap(data, SIZE));
	ck_assert_uint_eq(count_stale(&w), 0);
}
END_TEST

START_TEST(refused_registration_leaves_no_watch)
{
	uint8_t *data = map_anonymous(SIZE);
	struct watcher w;

	watch_or_skip(&w);
	expect_ok(munmap(data + HALF, PAGE));
	expect_errno(EFAULT, acc_mem_pin(w.fd, HISI_ACC_MEM_WATCH, data, SIZE,
					 NULL, NULL));
	expect_ok(munmap(data, SIZE));
	ck_assert_uint_eq(count_stale(&w), 0);
}
END_TEST

/* Threads */

static volatile bool stop;

struct place {
	uint8_t *data;
	int way;
};

/* Gives other pages to a place, again and again. */
static void *change_pages(void *arg)
{
	struct place *p = arg;
	uint32_t random = 1;

	while (!stop) {
		size_t first = next_random(&random) % PAGES;

		if (p->way)
			require(mmap(p->data + first * PAGE, PAGE, RW, MAP_PRIVATE |
				     MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
				MAP_FAILED);
		else
			require_ok(madvise(p->data + first * PAGE, PAGE,
					   MADV_DONTNEED));
		usleep(next_random(&random) % 30000);
	}
	return NULL;
}

/*
 * What the device has written is what the process reads, or else the bit is set
 * by the time the process sees that it is not.
 */
START_TEST(no_change_goes_unnoticed)
{
	struct place p = { .data = map_anonymous(SIZE), .way = _i };
	int changed = 0, rounds, lost = 0;
	struct device_access a;
	struct watcher w;
	pthread_t thread;

	watch_or_skip(&w);
	access_init(&a, SIZE);
	watcher_init_for(&w, a.fd);
	require(!pthread_create(&thread, NULL, change_pages, &p));
	for (rounds = 0; rounds < 200; rounds++) {
		uint32_t handle;
		uint64_t iova;

		if (acc_mem_pin(a.fd, HISI_ACC_MEM_WATCH, p.data, SIZE, &handle,
				&iova)) {
			/* between the parts of an mmap() over it */
			ck_assert_int_eq(errno, EFAULT);
			continue;
		}
		ck_assert(device_writes(&a, iova, SIZE, rounds));
		if (!is_text(p.data, SIZE, rounds)) {
			lost++;
			ck_assert(is_stale(&w, handle));
		}
		changed += is_stale(&w, handle);
		expect_ok(acc_mem_unpin(a.fd, handle));
	}
	stop = true;
	pthread_join(thread, NULL);
	printf("watch: of %d registrations %d went stale, %d with what was written\n",
	       rounds, changed, lost);
	ck_assert_int_gt(changed, 0);
	ck_assert_int_lt(changed, rounds);
}
END_TEST

static void *watch_and_forget(void *arg)
{
	struct watcher *w = arg;
	static uint8_t *data;

	data = map_anonymous(SIZE);
	while (!stop)
		require_ok(acc_mem_unpin(w->fd, watch(w, 0, data, SIZE)));
	return NULL;
}

/* Each waits for the other's locks, if for any. */
START_TEST(watching_and_changing_in_threads_never_hangs)
{
	struct place places[2] = { { map_anonymous(SIZE), 0 },
				   { map_anonymous(SIZE), 1 } };
	struct device_usage usage = device_usage();
	pthread_t threads[4];
	struct watcher w;
	int i;

	watch_or_skip(&w);
	for (i = 0; i < 2; i++) {
		watch(&w, 0, places[i].data, SIZE);
		require(!pthread_create(&threads[i], NULL, change_pages,
					&places[i]));
		require(!pthread_create(&threads[2 + i], NULL, watch_and_forget,
					&w));
	}
	sleep_ms(1500);
	stop = true;
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	close(w.fd);
	munmap((void *)w.status, query_device(device_open()).out_status_size);
	ck_assert(device_usage_becomes(&usage, 2000));
	ck_assert_int_eq(locked_kb(), 0);
}
END_TEST

static void add(void)
{
	test_add(bit_is_that_of_the_handle);
	test_add(every_handle_has_its_bit);
	test_add(new_registration_is_fresh);
	test_add(registrations_that_overlap_go_stale_together);
	test_add(no_flag_no_bit);
	test_add(what_is_not_pinned_is_never_stale);
	test_add(refused_registration_leaves_no_watch);
	test_add_loop(no_change_goes_unnoticed, 0, 2);
	test_add(watching_and_changing_in_threads_never_hangs);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
