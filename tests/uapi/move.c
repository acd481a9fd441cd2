// SPDX-License-Identifier: GPL-2.0
/* dma-bufs that move, or cannot be mapped, while they are registered. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../mover/mover.h"
#include "access.h"
#include "data.h"
#include "device.h"
#include "exporter.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"
#include "watcher.h"

#define SIZE		(16 * PAGE)
#define PINNED_MODES	(HISI_ACC_MODE_DMA | HISI_ACC_MODE_PASID)
#define DEPTH		512
#define REQUESTS	400	/* in flight at a time */

static int device;

/* A dma-buf of the mover's; children and threads use these, too. */
static int mover_create(uint32_t flags)
{
	struct mover_create create = { .size = SIZE, .flags = flags };

	require_ok(ioctl(device, MOVER_CREATE, &create));
	return create.out_fd;
}

static void mover_move(int dmabuf)
{
	struct mover_move move = { .fd = dmabuf };

	require_ok(ioctl(device, MOVER_MOVE, &move));
	/* whoever had it mapped let go of it when told */
	require(!move.out_mappings);
}

static struct mover_check mover_check(int dmabuf)
{
	struct mover_check check = { .fd = dmabuf };

	require_ok(ioctl(device, MOVER_CHECK, &check));
	return check;
}

static void mover_fail(int dmabuf, uint32_t count, uint32_t error)
{
	struct mover_fail fail = { .fd = dmabuf, .count = count, .error = error };

	require_ok(ioctl(device, MOVER_FAIL, &fail));
}

#define need_mover()							\
	do {								\
		if (!exporter_is_there(EXPORTER_MOVER))			\
			skip("the module of tests/mover is not there");	\
		device = require_ok(open("/dev/mover", O_RDWR | O_CLOEXEC)); \
	} while (0)

/* One move at a time */

START_TEST(move_takes_it_from_the_device)
{
	struct device_usage usage;
	struct device_access a;
	struct imported i;
	struct watcher w;
	int dmabuf;

	only_in_modes(PINNED_MODES);
	need_mover();
	dmabuf = mover_create(0);
	access_init(&a, SIZE);
	watcher_init_for(&w, a.fd);
	usage = device_usage();
	imported_init(&i, a.fd, dmabuf, SIZE);
	ck_assert(device_writes(&a, i.iova, SIZE, 1));
	ck_assert_uint_eq(generation(&w), 0);
	ck_assert_uint_eq(mover_check(dmabuf).out_mappings, 1);

	mover_move(dmabuf);
	ck_assert(is_stale(&w, i.handle));
	ck_assert_uint_eq(generation(&w), 1);
	ck_assert_uint_eq(count_stale(&w), 1);
	ck_assert_int_eq(device_usage().mappings, usage.mappings);
	/* an error completion, neither old data nor new */
	ck_assert(!device_reads(&a, i.iova, SIZE));
	ck_assert(!device_writes(&a, i.iova, SIZE, 2));
	ck_assert(is_text(i.data, SIZE, 1));
	/* nothing more happens to a registration that is stale */
	mover_move(dmabuf);
	ck_assert_uint_eq(generation(&w), 1);
	ck_assert_uint_eq(mover_check(dmabuf).out_touched, 0);

	expect_ok(acc_mem_unpin(a.fd, i.handle));
	expect_usage(&usage);
	imported_again(&i);
	ck_assert(!is_stale(&w, i.handle));
	ck_assert(device_sees(&a, i.iova, i.data, SIZE));
	ck_assert(device_writes(&a, i.iova, SIZE, 3));
	ck_assert(is_text(i.data, SIZE, 3));
}
END_TEST

START_TEST(move_tells_all_registrations)
{
	int k, dmabuf, fds[2] = { device_open(), device_open() };
	struct imported i[4];
	struct watcher w[2];

	only_in_modes(PINNED_MODES);
	need_mover();
	dmabuf = mover_create(0);
	for (k = 0; k < 2; k++)
		watcher_init_for(&w[k], fds[k]);
	for (k = 0; k < 4; k++)
		imported_init(&i[k], fds[k / 2], dmabuf, SIZE);
	expect_ok(acc_mem_unpin(fds[0], i[0].handle));
	mover_move(dmabuf);
	ck_assert_uint_eq(generation(&w[0]), 1);
	ck_assert_uint_eq(generation(&w[1]), 2);
	/* the name of the one that was given back is fresh */
	ck_assert(!is_stale(&w[0], i[0].handle));
	ck_assert(is_stale(&w[0], i[1].handle));
	imported_again(&i[0]);
	ck_assert(!is_stale(&w[0], i[0].handle));
}
END_TEST

START_TEST(move_does_not_matter_where_the_page_table_is_shared)
{
	struct device_access a;
	struct imported i;
	struct watcher w;
	int round, dmabuf;

	only_in_modes(HISI_ACC_MODE_SVA);
	need_mover();
	dmabuf = mover_create(0);
	access_init(&a, SIZE);
	watcher_init_for(&w, a.fd);
	imported_init(&i, a.fd, dmabuf, SIZE);
	for (round = 1; round < 20; round++) {
		ck_assert(device_writes(&a, i.iova, SIZE, round));
		mover_move(dmabuf);
		ck_assert(device_sees(&a, i.iova, i.data, SIZE));
		ck_assert(is_text(i.data, SIZE, round));
	}
	ck_assert_uint_eq(generation(&w), 0);
	ck_assert_uint_eq(mover_check(dmabuf).out_touched, 0);
}
END_TEST

/* Moves under a device that is at work */

/* Requests that write a page of the buffer each, one page after the other. */
static void submit_writes(struct device_access *a, uint64_t iova, size_t made)
{
	uint32_t sqe[SQE_WORDS];
	int n;

	for (n = 0; n < REQUESTS; n++) {
		zip_encode(sqe, a->spare.iova, made, iova + n * PAGE % SIZE, PAGE);
		raw_queue_push(&a->decompress, sqe);
	}
	raw_queue_ring(&a->decompress);
}

/* Takes the completions of all; how many were good. */
static int take_all(struct device_access *a)
{
	uint32_t sqe[SQE_WORDS];
	int n, good = 0;

	for (n = 0; n < REQUESTS; n++) {
		ck_assert(raw_queue_pop(&a->decompress, sqe, 5000));
		good += zip_succeeded(sqe);
	}
	raw_queue_ring_cq(&a->decompress, false);
	return good;
}

static size_t make_source(struct device_access *a, uint32_t seed)
{
	uint8_t text[PAGE_MAX];

	fill_text(text, PAGE, seed);
	return zlib_make(a->spare.data, a->spare.size, text, PAGE);
}

static int rounds(void)
{
	const char *text = getenv("MOVES");

	return text ? atoi(text) : 8;
}

/*
 * Moves come at any point of a ring full of requests: each of these succeeds or
 * fails as a whole, none is lost, and nothing is written to a page that was left.
 */
START_TEST(moves_under_requests_in_flight_do_no_harm)
{
	static const uint32_t delays[] = { 50000, 20, 5000, 20 };
	int round, now, good = 0, dmabuf, all = rounds() * REQUESTS;
	struct device_access a;
	struct imported i;
	struct watcher w;
	size_t made;

	need_mover();
	if (!monitor_is_there())
		skip("the model has no monitor");
	dmabuf = mover_create(0);
	access_init(&a, SIZE);
	raw_queue_fini(&a.decompress);
	raw_queue_init(&a.decompress, a.fd, QUEUE_DECOMPRESS, DEPTH, 0);
	watcher_init_for(&w, a.fd);
	imported_init(&i, a.fd, dmabuf, SIZE);
	for (round = 0; round < rounds(); round++) {
		/* the translations are warm */
		ck_assert(device_writes(&a, i.iova, SIZE, 1));
		made = make_source(&a, 1);
		/*
		 * All have their last write before them, soon or not before the
		 * kernel would have invalidated by itself, or some are done.
		 */
		monitor_set_delay(delays[round % ARRAY_SIZE(delays)]);
		submit_writes(&a, i.iova, made);
		if (round % ARRAY_SIZE(delays) == 3)
			wait_until(raw_queue_ready(&a.decompress), 1000);
		mover_move(dmabuf);
		now = take_all(&a);
		good += now;
		ck_assert_uint_eq(mover_check(dmabuf).out_touched, 0);
		if (acc_modes() == HISI_ACC_MODE_SVA) {
			ck_assert_int_eq(now, REQUESTS);
			continue;
		}
		ck_assert(is_stale(&w, i.handle));
		expect_ok(acc_mem_unpin(a.fd, i.handle));
		imported_again(&i);
	}
	ck_assert_int_gt(good, 0);
	/* in SVA mode it is the process' page table that moves */
	ck_assert(acc_modes() == HISI_ACC_MODE_SVA || good < all);
	ck_assert(device_writes(&a, i.iova, SIZE, 2));
	ck_assert(is_text(i.data, SIZE, 2));
}
END_TEST

/* Races: a thread moves all the time */

static volatile bool over;

static void *move_on(void *arg)
{
	while (!over)
		mover_move(*(int *)arg);
	return NULL;
}

/* All the memory that moves left is to be freed before it is too much. */
#define RACES 150

struct race {
	int dmabuf;
	struct imported i;
	pthread_t mover;
};

static void race_start(struct race *r, int fd)
{
	r->dmabuf = mover_create(0);
	imported_init(&r->i, fd, r->dmabuf, SIZE);
	expect_ok(acc_mem_unpin(fd, r->i.handle));
	over = false;
	require(!pthread_create(&r->mover, NULL, move_on, &r->dmabuf));
}

static void race_end(struct race *r)
{
	over = true;
	pthread_join(r->mover, NULL);
	ck_assert_uint_eq(mover_check(r->dmabuf).out_touched, 0);
	ck_assert_uint_eq(mover_check(r->dmabuf).out_mappings, 0);
	munmap(r->i.data, SIZE);
	close(r->dmabuf);
}

START_TEST(unpin_and_moves_at_once)
{
	struct device_usage usage;
	struct device_access a;
	struct race r;
	int n;

	need_mover();
	access_init(&a, SIZE);
	usage = device_usage();
	race_start(&r, a.fd);
	for (n = 0; n < RACES; n++) {
		imported_again(&r.i);
		/* it may fail at any moment, and must end at any rate */
		if (n % 4 == 0)
			device_writes(&a, r.i.iova, SIZE, 1);
		expect_ok(acc_mem_unpin(a.fd, r.i.handle));
	}
	race_end(&r);
	expect_usage(&usage);
}
END_TEST

START_TEST(close_and_moves_at_once)
{
	struct device_usage usage = device_usage();
	struct race r;
	int n, fd = device_open();

	need_mover();
	race_start(&r, fd);
	close(fd);
	for (n = 0; n < RACES; n++) {
		r.i.fd = device_open();
		imported_again(&r.i);
		close(r.i.fd);
	}
	race_end(&r);
	expect_usage(&usage);
}
END_TEST

static int import_until_killed(void *arg)
{
	struct imported i = *(struct imported *)arg;

	i.fd = device_open();
	for (;;) {
		imported_again(&i);
		require_ok(acc_mem_unpin(i.fd, i.handle));
	}
	return 0;
}

START_TEST(kill_and_moves_at_once)
{
	struct device_usage usage = device_usage();
	struct race r;
	int n, fd = device_open();
	pid_t child;

	need_mover();
	race_start(&r, fd);
	close(fd);
	for (n = 0; n < 10; n++) {
		child = child_start(import_until_killed, &r.i);
		sleep_ms(10 + n);
		kill(child, SIGKILL);
		ck_assert_int_eq(child_end(child), -SIGKILL);
	}
	race_end(&r);
	ck_assert(device_usage_becomes(&usage, 2000));
}
END_TEST

START_TEST(unbind_and_moves_at_once)
{
	struct race r;
	int n, fd = device_open();

	need_mover();
	race_start(&r, fd);
	close(fd);
	for (n = 0; n < 8; n++) {
		r.i.fd = device_open();
		imported_again(&r.i);
		device_unbind();
		close(r.i.fd);
		device_bind();
	}
	race_end(&r);
	ck_assert_int_eq(device_usage().mappings, 0);
}
END_TEST

static void *import_again_and_again(void *arg)
{
	struct imported i = *(struct imported *)arg;

	while (!over) {
		struct hisi_acc_mem_import args = acc_import_args(i.dmabuf, i.data);

		if (!acc_mem_import(i.fd, &args))
			acc_mem_unpin(i.fd, args.out_handle);
		else
			require(errno == ENODEV || errno == EBUSY);
	}
	return NULL;
}

START_TEST(unbind_and_imports_at_once)
{
	struct race r;
	pthread_t importer;
	int n, fd;

	need_mover();
	for (n = 0; n < 4; n++) {
		fd = device_open();
		race_start(&r, fd);
		require(!pthread_create(&importer, NULL, import_again_and_again,
					&r.i));
		sleep_ms(5 * n);
		device_unbind();
		device_bind();
		over = true;
		pthread_join(importer, NULL);
		race_end(&r);
		close(fd);
	}
	ck_assert_int_eq(device_usage().mappings, 0);
}
END_TEST

/* Exporters that fail */

START_TEST(what_the_exporter_says_is_passed_on)
{
	static const int errors[] = { ENOMEM, EBUSY, EIO, ENXIO, EAGAIN };
	struct device_usage usage = device_usage();
	struct hisi_acc_mem_import arg;
	int dmabuf, fd = device_open();
	uint8_t *data;
	size_t e;

	only_in_modes(PINNED_MODES);
	need_mover();
	dmabuf = mover_create(0);
	data = map(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf);
	arg = acc_import_args(dmabuf, data);
	for (e = 0; e < ARRAY_SIZE(errors); e++) {
		mover_fail(dmabuf, 1, errors[e]);
		expect_errno(errors[e], acc_mem_import(fd, &arg));
		expect_usage(&usage);
	}
	ck_assert_uint_eq(mover_check(dmabuf).out_mappings, 0);
	/* nothing of it stays in the way */
	expect_ok(acc_mem_import(fd, &arg));
}
END_TEST

START_TEST(buffer_with_gaps_needs_a_page_table_of_the_process)
{
	struct hisi_acc_mem_import arg;
	struct device_access a;
	struct imported i;
	int dmabuf;

	need_mover();
	dmabuf = mover_create(MOVER_SCATTERED);
	access_init(&a, SIZE);
	if (acc_modes() == HISI_ACC_MODE_DMA) {
		arg = acc_import_args(dmabuf, NULL);
		expect_errno(EOPNOTSUPP, acc_mem_import(a.fd, &arg));
		ck_assert_uint_eq(mover_check(dmabuf).out_mappings, 0);
		/* one page of it has no gap */
		arg.offset = 3 * PAGE;
		arg.size = PAGE;
		expect_ok(acc_mem_import(a.fd, &arg));
		ck_assert(device_writes(&a, arg.out_iova, PAGE, 1));
		return;
	}
	imported_init(&i, a.fd, dmabuf, SIZE);
	fill_text(i.data, SIZE, 1);
	ck_assert(device_sees(&a, i.iova, i.data, SIZE));
	ck_assert(device_writes(&a, i.iova, SIZE, 2));
	ck_assert(is_text(i.data, SIZE, 2));
	if (acc_modes() == HISI_ACC_MODE_SVA)
		return;
	mover_move(dmabuf);
	ck_assert(!device_reads(&a, i.iova, SIZE));
}
END_TEST

static void add(void)
{
	test_add(move_takes_it_from_the_device);
	test_add(move_tells_all_registrations);
	test_add(move_does_not_matter_where_the_page_table_is_shared);
	test_set_timeout(60);
	test_add(moves_under_requests_in_flight_do_no_harm);
	test_add(unpin_and_moves_at_once);
	test_add(close_and_moves_at_once);
	test_add(kill_and_moves_at_once);
	test_add(unbind_and_moves_at_once);
	test_add(unbind_and_imports_at_once);
	test_set_timeout(20);
	test_add(what_the_exporter_says_is_passed_on);
	test_add(buffer_with_gaps_needs_a_page_table_of_the_process);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
