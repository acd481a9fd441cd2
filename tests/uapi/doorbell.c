// SPDX-License-Identifier: GPL-2.0
/* Doorbells, mapped and called, and the requests they publish. */
#include <stdlib.h>

#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"

START_TEST(no_doorbell_mapping_if_not_wanted)
{
	struct work w;

	work_init_queue(&w, device_open(), QUEUE_COMPRESS, 2000, 16,
			HISI_ACC_QUEUE_NO_DB_MAP);
	ck_assert_uint_eq(w.q.arg.out_db_size, 0);
	ck_assert_ptr_null((void *)w.q.db);
	work_run(&w, 1);
}
END_TEST

START_TEST(doorbell_call_works_on_every_queue)
{
	struct work w;

	work_init(&w, device_open(), QUEUE_COMPRESS, 2000);
	work_run(&w, 1);
	w.q.db = NULL;
	work_run(&w, 2);
}
END_TEST

START_TEST(doorbell_index_beyond_the_ring_is_einval)
{
	static const uint32_t wrong[] = { 16, 17, 0x10000, 0x10001, UINT32_MAX };
	struct work w;
	unsigned int i, flags;

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	for (flags = 0; flags < 2; flags++)
		for (i = 0; i < ARRAY_SIZE(wrong); i++)
			expect_errno(EINVAL,
				     acc_queue_doorbell(w.q.fd,
							w.q.arg.out_handle,
							flags, wrong[i]));
	work_run(&w, 1);
}
END_TEST

START_TEST(arming_without_cq_is_einval)
{
	struct raw_queue q;

	raw_queue_init(&q, device_open(), 0, 16, 0);
	expect_errno(EINVAL, acc_queue_doorbell(q.fd, q.arg.out_handle,
						HISI_ACC_DOORBELL_ARM, 0));
}
END_TEST

START_TEST(doorbell_with_wrong_random_value_is_dropped)
{
	uint64_t dropped = 0;
	struct work w;
	uint16_t right;

	fixture_expect_guest_errors();
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	skip_without_doorbell(&w.q);
	right = w.q.db_rand;
	if (monitor_is_there())
		dropped = monitor_count(MONITOR_DROPPED_DOORBELLS);
	w.q.db_rand = right ^ 1;
	work_submit(&w, 1);
	sleep_ms(50);
	ck_assert(!raw_queue_ready(&w.q));
	ck_assert(work_is_untouched(&w));
	if (monitor_is_there())
		ck_assert_uint_eq(monitor_count(MONITOR_DROPPED_DOORBELLS),
				  dropped + 1);
	/* the queue goes on */
	w.q.db_rand = right;
	raw_queue_ring(&w.q);
	ck_assert(work_wait(&w, 5000));
	work_run(&w, 2);
	ck_assert_uint_eq(queue_state(w.q.fd, w.q.arg.out_handle),
			  HISI_ACC_STATE_RUNNING);
}
END_TEST

START_TEST(doorbell_cannot_ring_another_queue)
{
	struct work w;
	struct raw_queue mine;
	uint64_t value;
	int fd = device_open();

	/* with the other's number, and what one might guess for its secret */
	fixture_expect_guest_errors();
	raw_queue_init(&mine, fd, 0, 16, 0);
	work_init(&w, fd, QUEUE_COMPRESS, 1000);
	skip_without_doorbell(&w.q);
	w.q.db = mine.db;
	w.q.db_rand ^= 0x5555;
	work_submit(&w, 1);
	sleep_ms(50);
	ck_assert(!raw_queue_ready(&w.q));
	ck_assert(work_is_untouched(&w));
	value = raw_doorbell(&mine, false, 0, false);
	raw_queue_store(&mine, value);
	ck_assert_uint_eq(queue_state(fd, w.q.arg.out_handle), HISI_ACC_STATE_RUNNING);
	ck_assert_uint_eq(queue_state(fd, mine.arg.out_handle), HISI_ACC_STATE_RUNNING);
}
END_TEST

START_TEST(compress_and_decompress_at_each_size)
{
	static const uint32_t sizes[] = { 1, 2, 100, 4095, 4096, 4097, 100000,
					  1 << 20 };
	struct work w;
	uint32_t type;
	int fd = device_open();

	for (type = 0; type < 2; type++) {
		work_init(&w, fd, type, sizes[_i]);
		work_run(&w, _i);
		work_fini(&w);
	}
}
END_TEST

START_TEST(ring_wraps_at_each_depth)
{
	struct work w;
	uint32_t depth = 2u << _i, i;

	work_init_queue(&w, device_open(), QUEUE_COMPRESS, 200, depth, 0);
	for (i = 0; i < 2 * depth + 3; i++)
		work_run(&w, i);
	ck_assert_uint_eq(w.q.tail, (2 * depth + 3) % depth);
}
END_TEST

START_TEST(one_doorbell_publishes_many_requests)
{
	enum { COUNT = 1023, SIZE = 64, ROOM = 256 };
	int fd = device_open();
	uint32_t sqe[SQE_WORDS], i;
	struct pinned src, dst;
	struct raw_queue q;

	raw_queue_init(&q, fd, QUEUE_COMPRESS, 1024, 0);
	pinned_init(&src, fd, COUNT * SIZE);
	pinned_init(&dst, fd, COUNT * ROOM);
	fill_text(src.data, src.size, 1);
	for (i = 0; i < COUNT; i++) {
		zip_encode(sqe, src.iova + i * SIZE, SIZE, dst.iova + i * ROOM,
			   ROOM);
		raw_queue_push(&q, sqe);
	}
	raw_queue_ring(&q);
	for (i = 0; i < COUNT; i++) {
		ck_assert(raw_queue_pop(&q, sqe, 5000));
		ck_assert_uint_eq(sqe[18], (uint32_t)(src.iova + i * SIZE));
		ck_assert(zip_succeeded(sqe));
		ck_assert(zlib_is(dst.data + i * ROOM, zip_produced(sqe),
				  src.data + i * SIZE, SIZE));
	}
	raw_queue_ring_cq(&q, false);
	ck_assert(!raw_queue_ready(&q));
}
END_TEST

START_TEST(many_queues_work_side_by_side)
{
	enum { QUEUES = 16 };
	struct work *w = calloc(QUEUES, sizeof(*w));
	int i, round, fd = device_open();

	for (i = 0; i < QUEUES; i++)
		work_init(&w[i], fd, i % 2, 3000 + i);
	for (round = 0; round < 5; round++) {
		for (i = 0; i < QUEUES; i++)
			work_submit(&w[i], round * QUEUES + i);
		for (i = 0; i < QUEUES; i++)
			ck_assert(work_wait(&w[i], 5000));
	}
}
END_TEST

START_TEST(request_with_a_bad_address_fails_alone)
{
	uint64_t faults = 0;
	uint32_t sqe[SQE_WORDS];
	struct work w;

	if (monitor_is_there())
		faults = monitor_count(MONITOR_DMA_FAULTS);
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	raw_queue_run(&w.q, 0x123450000, 1000, w.dst.iova, w.dst.size, sqe);
	ck_assert(!zip_succeeded(sqe));
	raw_queue_run(&w.q, w.src.iova, 1000, 0x123450000, w.dst.size, sqe);
	ck_assert(!zip_succeeded(sqe));
	if (monitor_is_there())
		ck_assert_uint_gt(monitor_count(MONITOR_DMA_FAULTS), faults + 1);
	ck_assert_uint_eq(queue_state(w.q.fd, w.q.arg.out_handle),
			  HISI_ACC_STATE_RUNNING);
	work_run(&w, 1);
}
END_TEST

START_TEST(malformed_request_fails_alone)
{
	uint32_t sqe[SQE_WORDS];
	struct work w;

	fixture_expect_guest_errors();
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	memset(sqe, 0xff, sizeof(sqe));
	raw_queue_push(&w.q, sqe);
	memset(sqe, 0, sizeof(sqe));
	raw_queue_push(&w.q, sqe);
	raw_queue_ring(&w.q);
	ck_assert(raw_queue_pop(&w.q, sqe, 5000));
	ck_assert(!zip_succeeded(sqe));
	ck_assert(raw_queue_pop(&w.q, sqe, 5000));
	ck_assert(!zip_succeeded(sqe));
	raw_queue_ring_cq(&w.q, false);
	work_run(&w, 1);
}
END_TEST

START_TEST(full_completion_ring_is_an_error_of_the_queue)
{
	struct work w, other;
	int i, fd = device_open();

	/* completions are taken, but the device is never told */
	fixture_expect_guest_errors();
	work_init(&other, fd, QUEUE_COMPRESS, 1000);
	work_init_queue(&w, fd, QUEUE_COMPRESS, 100, 4, 0);
	for (i = 0; i < 3; i++) {
		work_submit(&w, i);
		ck_assert(raw_queue_pop(&w.q, NULL, 5000));
	}
	work_submit(&w, 3);
	ck_assert(wait_until(w.q.queue_status->state == HISI_ACC_STATE_ERROR,
			     3000));
	ck_assert_uint_eq(queue_state(fd, w.q.arg.out_handle), HISI_ACC_STATE_ERROR);
	ck_assert_uint_eq(queue_state(fd, other.q.arg.out_handle),
			  HISI_ACC_STATE_RUNNING);
	work_run(&other, 1);
	raw_queue_start(&w.q);
	ck_assert_uint_eq(w.q.queue_status->state, HISI_ACC_STATE_RUNNING);
	work_run(&w, 4);
}
END_TEST

static void add(void)
{
	test_add(no_doorbell_mapping_if_not_wanted);
	test_add(doorbell_call_works_on_every_queue);
	test_add(doorbell_index_beyond_the_ring_is_einval);
	test_add(arming_without_cq_is_einval);
	test_add(doorbell_with_wrong_random_value_is_dropped);
	test_add(doorbell_cannot_ring_another_queue);
	test_add_loop(compress_and_decompress_at_each_size, 0, 8);
	test_add_loop(ring_wraps_at_each_depth, 0, 6);
	test_add(one_doorbell_publishes_many_requests);
	test_add(many_queues_work_side_by_side);
	test_add(request_with_a_bad_address_fails_alone);
	test_add(malformed_request_fails_alone);
	test_add(full_completion_ring_is_an_error_of_the_queue);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
