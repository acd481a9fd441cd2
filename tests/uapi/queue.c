// SPDX-License-Identifier: GPL-2.0
/* Queues: allocation, freeing, states. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"

/* Allocation */

START_TEST(alloc_gives_what_was_asked_for)
{
	struct hisi_acc_queue_query q;
	struct hisi_acc_queue_alloc arg;
	int fd = device_open();
	uint32_t type, depth;

	for (type = 0; type < query_device(fd).out_queue_types; type++) {
		for (depth = 2; depth <= 1024; depth *= 2) {
			arg = acc_queue_args(type, depth);
			expect_ok(acc_queue_alloc(fd, &arg));
			ck_assert_uint_ne(arg.out_handle, 0);
			ck_assert_uint_eq(arg.out_mode, acc_modes());
			ck_assert_uint_eq(arg.out_reason, HISI_ACC_REASON_NONE);
			ck_assert_uint_eq(arg.out_depth, depth);
			ck_assert_uint_ge(arg.out_sq_size, depth * 128);
			ck_assert_uint_ge(arg.out_cq_size, depth * 16);
			ck_assert_uint_lt(arg.out_queue, query_device(fd).out_queues);
			ck_assert_uint_le(arg.out_db_rand, 0xffff);
			expect_ok(acc_queue_query(fd, arg.out_handle, &q));
			ck_assert_uint_eq(q.out_state, HISI_ACC_STATE_RUNNING);
			ck_assert_uint_eq(q.out_mode, acc_modes());
			ck_assert_uint_eq(q.out_type, type);
			ck_assert_uint_eq(q.out_depth, depth);
			ck_assert_uint_eq(q.out_events, 0);
			ck_assert_uint_eq(q.__reserved, 0);
			expect_ok(acc_queue_free(fd, arg.out_handle));
		}
	}
}
END_TEST

START_TEST(depth_zero_takes_the_largest)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 0);
	int fd = device_open();

	expect_ok(acc_queue_alloc(fd, &arg));
	ck_assert_uint_eq(arg.out_depth, query_device(fd).out_depth_max);
}
END_TEST

/* Fails in this way and takes nothing. */
static void expect_alloc_fails(struct hisi_acc_queue_alloc *arg, int code)
{
	int fd = device_open();
	struct device_usage usage = device_usage();

	expect_errno(code, acc_queue_alloc(fd, arg));
	ck_assert_uint_eq(arg->out_handle, 0);
	expect_usage(&usage);
}

static const uint32_t wrong_depths[] = { 1, 3, 1000, 2048, 0x80000000, UINT32_MAX };

START_TEST(wrong_depth_is_einval)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, wrong_depths[_i]);

	expect_alloc_fails(&arg, EINVAL);
}
END_TEST

static const uint32_t wrong_types[] = { 2, 3, 16, 0x10000, UINT32_MAX };

START_TEST(unknown_type_is_not_supported)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(wrong_types[_i], 16);

	expect_alloc_fails(&arg, EOPNOTSUPP);
}
END_TEST

START_TEST(no_mode_is_einval)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);

	arg.modes = 0;
	expect_alloc_fails(&arg, EINVAL);
}
END_TEST

static const uint32_t other_modes[] = {
	HISI_ACC_MODE_SVA, HISI_ACC_MODE_PASID,
	HISI_ACC_MODE_SVA | HISI_ACC_MODE_PASID, 1u << 3, 1u << 31,
};

START_TEST(mode_that_is_not_to_be_had_is_not_supported)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);

	if (other_modes[_i] & query_device(device_open()).out_modes)
		skip("the mode is to be had");
	arg.modes = other_modes[_i];
	expect_alloc_fails(&arg, EOPNOTSUPP);
}
END_TEST

START_TEST(best_mode_is_granted_with_the_reason)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	int fd = device_open();
	struct hisi_acc_query q = query_device(fd);

	if (q.out_modes != HISI_ACC_MODE_DMA)
		skip("more than one mode is to be had");
	arg.modes = HISI_ACC_MODE_SVA | HISI_ACC_MODE_PASID | HISI_ACC_MODE_DMA;
	expect_ok(acc_queue_alloc(fd, &arg));
	ck_assert_uint_eq(arg.out_mode, HISI_ACC_MODE_DMA);
	ck_assert_uint_ne(arg.out_reason, HISI_ACC_REASON_NONE);
	ck_assert(arg.out_reason == q.out_sva_reason ||
		  arg.out_reason == q.out_pasid_reason);
}
END_TEST

START_TEST(event_fd_not_open_is_ebadf)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);

	arg.event_fd = _i ? 1000 : -2;
	expect_alloc_fails(&arg, EBADF);
}
END_TEST

START_TEST(event_fd_of_another_kind_is_einval)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);

	arg.event_fd = expect_ok(open("/dev/null", O_RDWR));
	expect_alloc_fails(&arg, EINVAL);
}
END_TEST

START_TEST(context_has_as_many_queues_as_query_says)
{
	int fd = device_open();
	struct hisi_acc_query q = query_device(fd);
	struct hisi_acc_queue_alloc arg[256], one_more = acc_queue_args(0, 2);
	uint32_t i, j, max = q.out_queues_max;

	if (max > q.out_queues)
		skip("the function has fewer queues");
	ck_assert_uint_le(max, ARRAY_SIZE(arg));
	for (i = 0; i < max; i++) {
		arg[i] = acc_queue_args(i % 2, 2);
		expect_ok(acc_queue_alloc(fd, &arg[i]));
	}
	for (i = 0; i < max; i++) {
		ck_assert_uint_ge(arg[i].out_status_offset,
				  sizeof(struct hisi_acc_status));
		ck_assert_uint_le(arg[i].out_status_offset +
				  sizeof(struct hisi_acc_queue_status),
				  q.out_status_size);
		for (j = 0; j < i; j++) {
			ck_assert_uint_ne(arg[i].out_handle, arg[j].out_handle);
			ck_assert_uint_ne(arg[i].out_queue, arg[j].out_queue);
			ck_assert_uint_ne(arg[i].out_status_offset,
					  arg[j].out_status_offset);
			ck_assert_uint_ne(arg[i].out_sq_key, arg[j].out_sq_key);
			if (arg[i].out_db_size)
				ck_assert_uint_ne(arg[i].out_db_key,
						  arg[j].out_db_key);
		}
	}
	expect_errno(ENOSPC, acc_queue_alloc(fd, &one_more));
	expect_ok(acc_queue_free(fd, arg[max / 2].out_handle));
	expect_ok(acc_queue_alloc(fd, &one_more));
	expect_errno(ENOSPC, acc_queue_alloc(fd, &arg[max / 2]));
}
END_TEST

START_TEST(function_has_as_many_queues_as_query_says)
{
	int fd = device_open();
	struct hisi_acc_query q = query_device(fd);
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 2);
	uint8_t *seen = calloc(q.out_queues, 1);
	struct device_usage usage = device_usage();
	uint32_t i;

	for (i = 0; i < q.out_queues; i++) {
		if (i && i % q.out_queues_max == 0)
			fd = device_open();
		arg = acc_queue_args(0, 2);
		expect_ok(acc_queue_alloc(fd, &arg));
		ck_assert_uint_lt(arg.out_queue, q.out_queues);
		ck_assert_uint_eq(seen[arg.out_queue], 0);
		seen[arg.out_queue] = 1;
	}
	ck_assert_uint_eq(query_device(fd).out_queues_free, 0);
	fd = device_open();
	expect_errno(ENOSPC, acc_queue_alloc(fd, &arg));
	for (i = 3; i < 100; i++)
		close(i);
	expect_usage(&usage);
}
END_TEST

START_TEST(random_values_differ)
{
	struct hisi_acc_queue_alloc arg;
	uint32_t first = 0, same = 0, i;
	int fd = device_open();

	for (i = 0; i < 8; i++) {
		arg = acc_queue_args(0, 2);
		expect_ok(acc_queue_alloc(fd, &arg));
		first = i ? first : arg.out_db_rand;
		same += arg.out_db_rand == first;
	}
	ck_assert_uint_lt(same, 8);
}
END_TEST

static void *alloc_and_free(void *arg)
{
	struct hisi_acc_queue_alloc queue;
	int i, fd = *(int *)arg;

	for (i = 0; i < 50; i++) {
		queue = acc_queue_args(i % 2, 4);
		if (acc_queue_alloc(fd, &queue) ||
		    acc_queue_stop(fd, queue.out_handle) ||
		    acc_queue_free(fd, queue.out_handle))
			return "failed";
	}
	return NULL;
}

START_TEST(alloc_and_free_in_threads_loses_nothing)
{
	int fds[2] = { device_open(), device_open() };
	struct device_usage usage = device_usage();
	pthread_t threads[4];
	void *result;
	int i;

	for (i = 0; i < 4; i++)
		ck_assert(!pthread_create(&threads[i], NULL, alloc_and_free,
					  &fds[i / 2]));
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		ck_assert_ptr_null(result);
	}
	expect_usage(&usage);
}
END_TEST

/* Freeing */

START_TEST(freed_handle_is_enoent)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	struct hisi_acc_queue_query q;
	int fd = device_open();

	expect_ok(acc_queue_alloc(fd, &arg));
	expect_ok(acc_queue_free(fd, arg.out_handle));
	expect_errno(ENOENT, acc_queue_free(fd, arg.out_handle));
	expect_errno(ENOENT, acc_queue_query(fd, arg.out_handle, &q));
	expect_errno(ENOENT, acc_queue_stop(fd, arg.out_handle));
	expect_errno(ENOENT, acc_queue_start(fd, arg.out_handle, NULL));
	expect_errno(ENOENT, acc_queue_event(fd, arg.out_handle, -1));
	expect_errno(ENOENT, acc_queue_doorbell(fd, arg.out_handle, 0, 0));
}
END_TEST

START_TEST(free_takes_a_stopped_queue)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	int fd = device_open();

	expect_ok(acc_queue_alloc(fd, &arg));
	expect_ok(acc_queue_stop(fd, arg.out_handle));
	expect_ok(acc_queue_free(fd, arg.out_handle));
}
END_TEST

START_TEST(free_finishes_requests_first)
{
	struct work w;
	int i;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 3000);
	monitor_set_delay(100000);
	for (i = 0; i < 3; i++)
		work_submit(&w, i);
	expect_ok(acc_queue_free(w.q.fd, w.q.arg.out_handle));
	/* nothing to wait for: the ring is valid memory still */
	for (i = 0; i < 2; i++)
		ck_assert(raw_queue_pop(&w.q, NULL, 0));
	ck_assert(raw_queue_ready(&w.q));
	w.q.db = NULL;
	uint32_t sqe[SQE_WORDS];
	ck_assert(raw_queue_pop(&w.q, sqe, 0));
	ck_assert(zip_succeeded(sqe));
	ck_assert(work_is_right(&w, zip_produced(sqe)));
	ck_assert_uint_eq(monitor_count(MONITOR_INFLIGHT), 0);
}
END_TEST

START_TEST(freed_queue_leaves_the_status_page)
{
	struct raw_queue q;

	raw_queue_init(&q, device_open(), 0, 16, 0);
	ck_assert_uint_eq(q.queue_status->state, HISI_ACC_STATE_RUNNING);
	expect_ok(acc_queue_free(q.fd, q.arg.out_handle));
	ck_assert_uint_ne(q.queue_status->state, HISI_ACC_STATE_RUNNING);
}
END_TEST

START_TEST(ring_mappings_stay_memory_after_free)
{
	struct raw_queue q;

	raw_queue_init(&q, device_open(), 0, 1024, 0);
	expect_ok(acc_queue_free(q.fd, q.arg.out_handle));
	memset(q.sq, 0x11, q.arg.out_sq_size);
	memset(q.cq, 0x22, q.arg.out_cq_size);
	close(q.fd);
	ck_assert_uint_eq(q.sq[q.arg.out_sq_size - 1], 0x11);
	ck_assert_uint_eq(q.cq[q.arg.out_cq_size - 1], 0x22);
}
END_TEST

START_TEST(doorbell_mapping_is_harmless_after_free)
{
	uint64_t doorbells, errors, dropped;
	struct raw_queue q;

	if (!monitor_is_there())
		skip("the model has no monitor");
	raw_queue_init(&q, device_open(), 0, 16, 0);
	skip_without_doorbell(&q);
	doorbells = monitor_count(MONITOR_SQ_DOORBELLS);
	raw_queue_store(&q, raw_doorbell(&q, false, 0, false));
	ck_assert_uint_eq(monitor_count(MONITOR_SQ_DOORBELLS), doorbells + 1);

	expect_ok(acc_queue_free(q.fd, q.arg.out_handle));
	doorbells = monitor_count(MONITOR_SQ_DOORBELLS);
	dropped = monitor_count(MONITOR_DROPPED_DOORBELLS);
	errors = monitor_count(MONITOR_GUEST_ERRORS);
	raw_queue_store(&q, raw_doorbell(&q, false, 1, false));
	ck_assert_uint_eq(monitor_count(MONITOR_SQ_DOORBELLS), doorbells);
	ck_assert_uint_eq(monitor_count(MONITOR_DROPPED_DOORBELLS), dropped);
	ck_assert_uint_eq(monitor_count(MONITOR_GUEST_ERRORS), errors);
}
END_TEST

START_TEST(old_doorbell_mapping_does_not_ring_the_next_queue)
{
	uint64_t doorbells;
	struct raw_queue old;
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	raw_queue_init(&old, device_open(), 0, 16, 0);
	skip_without_doorbell(&old);
	expect_ok(acc_queue_free(old.fd, old.arg.out_handle));
	work_init(&w, old.fd, QUEUE_COMPRESS, 1000);
	if (w.q.arg.out_queue != old.arg.out_queue)
		skip("the next queue has another number");
	doorbells = monitor_count(MONITOR_SQ_DOORBELLS);
	raw_queue_store(&old, raw_doorbell(&w.q, false, 1, false));
	ck_assert_uint_eq(monitor_count(MONITOR_SQ_DOORBELLS), doorbells);
	work_run(&w, 1);
}
END_TEST

START_TEST(new_rings_are_zeroed)
{
	struct raw_queue q;
	int round, fd = device_open();

	for (round = 0; round < 3; round++) {
		raw_queue_init(&q, fd, 0, 256, 0);
		ck_assert(is_filled(q.sq, q.arg.out_sq_size, 0));
		ck_assert(is_filled(q.cq, q.arg.out_cq_size, 0));
		memset(q.sq, 0x5a, q.arg.out_sq_size);
		memset(q.cq, 0x5a, q.arg.out_cq_size);
		raw_queue_fini(&q);
	}
}
END_TEST

/* States */

START_TEST(stop_and_start_change_the_state)
{
	uint32_t generation;
	struct raw_queue q;

	raw_queue_init(&q, device_open(), 0, 16, 0);
	generation = q.queue_status->generation;
	ck_assert_uint_eq(q.queue_status->state, HISI_ACC_STATE_RUNNING);

	expect_ok(acc_queue_stop(q.fd, q.arg.out_handle));
	ck_assert_uint_eq(queue_state(q.fd, q.arg.out_handle), HISI_ACC_STATE_STOPPED);
	ck_assert_uint_eq(q.queue_status->state, HISI_ACC_STATE_STOPPED);
	ck_assert_uint_eq(q.queue_status->generation, generation + 1);

	raw_queue_start(&q);
	ck_assert_uint_eq(queue_state(q.fd, q.arg.out_handle), HISI_ACC_STATE_RUNNING);
	ck_assert_uint_eq(q.queue_status->state, HISI_ACC_STATE_RUNNING);
	ck_assert_uint_eq(q.queue_status->generation, generation + 2);
}
END_TEST

START_TEST(stop_of_a_stopped_queue_does_nothing)
{
	uint32_t generation;
	struct raw_queue q;

	raw_queue_init(&q, device_open(), 0, 16, 0);
	expect_ok(acc_queue_stop(q.fd, q.arg.out_handle));
	generation = q.queue_status->generation;
	expect_ok(acc_queue_stop(q.fd, q.arg.out_handle));
	ck_assert_uint_eq(q.queue_status->state, HISI_ACC_STATE_STOPPED);
	ck_assert_uint_eq(q.queue_status->generation, generation);
}
END_TEST

START_TEST(start_of_a_running_queue_is_ebusy)
{
	uint32_t db_rand = 0x12345678;
	struct work w;

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	expect_errno(EBUSY, acc_queue_start(w.q.fd, w.q.arg.out_handle, &db_rand));
	ck_assert_uint_eq(db_rand, 0x12345678);
	work_run(&w, 1);
}
END_TEST

START_TEST(start_begins_anew)
{
	uint16_t first, same = 0;
	struct work w;
	int round;

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	first = w.q.db_rand;
	for (round = 0; round < 8; round++) {
		work_run(&w, round);
		work_run(&w, round);
		expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
		memset(w.q.sq, 0x5a, w.q.arg.out_sq_size);
		memset(w.q.cq, 0x5a, w.q.arg.out_cq_size);
		raw_queue_start(&w.q);
		ck_assert(is_filled(w.q.sq, w.q.arg.out_sq_size, 0));
		ck_assert(is_filled(w.q.cq, w.q.arg.out_cq_size, 0));
		same += w.q.db_rand == first;
	}
	ck_assert_uint_lt(same, 8);
	work_run(&w, 9);
}
END_TEST

START_TEST(stop_finishes_published_requests)
{
	struct work w;
	int64_t start;
	int i;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_DECOMPRESS, 3000);
	monitor_set_delay(200000);
	for (i = 0; i < 5; i++)
		work_submit(&w, i);
	start = now_ms();
	expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
	ck_assert_int_lt(now_ms() - start, 5000);
	ck_assert_uint_eq(w.q.queue_status->state, HISI_ACC_STATE_STOPPED);
	ck_assert_uint_eq(monitor_count(MONITOR_INFLIGHT), 0);
	for (i = 0; i < 5; i++)
		ck_assert(raw_queue_pop(&w.q, NULL, 0));
	ck_assert(work_is_right(&w, w.size));
}
END_TEST

START_TEST(doorbell_of_a_stopped_queue_has_no_effect)
{
	uint64_t completed;
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	skip_without_doorbell(&w.q);
	work_run(&w, 1);
	expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
	completed = monitor_count(MONITOR_COMPLETED);
	work_submit(&w, 2);
	sleep_ms(50);
	ck_assert_uint_eq(monitor_count(MONITOR_COMPLETED), completed);
	ck_assert(work_is_untouched(&w));
	ck_assert(!raw_queue_ready(&w.q));
	/* and leaves nothing behind */
	raw_queue_start(&w.q);
	work_run(&w, 3);
	ck_assert_uint_eq(monitor_count(MONITOR_COMPLETED), completed + 1);
}
END_TEST

START_TEST(doorbell_call_on_a_stopped_queue_is_eio)
{
	struct raw_queue q;

	raw_queue_init(&q, device_open(), 0, 16, 0);
	expect_ok(acc_queue_stop(q.fd, q.arg.out_handle));
	expect_errno(EIO, acc_queue_doorbell(q.fd, q.arg.out_handle, 0, 0));
	raw_queue_start(&q);
	expect_ok(acc_queue_doorbell(q.fd, q.arg.out_handle, 0, 0));
}
END_TEST

START_TEST(old_random_value_is_refused_after_start)
{
	uint16_t old;
	struct work w;
	int round = 0;

	fixture_expect_guest_errors();
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	skip_without_doorbell(&w.q);
	do {
		old = w.q.db_rand;
		expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
		raw_queue_start(&w.q);
	} while (w.q.db_rand == old && round++ < 5);
	uint16_t new = w.q.db_rand;

	w.q.db_rand = old;
	work_submit(&w, 1);
	sleep_ms(50);
	ck_assert(!raw_queue_ready(&w.q));
	w.q.db_rand = new;
	raw_queue_ring(&w.q);
	ck_assert(work_wait(&w, 5000));
}
END_TEST

static void add(void)
{
	test_add(alloc_gives_what_was_asked_for);
	test_add(depth_zero_takes_the_largest);
	test_add_loop(wrong_depth_is_einval, 0, ARRAY_SIZE(wrong_depths));
	test_add_loop(unknown_type_is_not_supported, 0, ARRAY_SIZE(wrong_types));
	test_add(no_mode_is_einval);
	test_add_loop(mode_that_is_not_to_be_had_is_not_supported, 0,
		      ARRAY_SIZE(other_modes));
	test_add(best_mode_is_granted_with_the_reason);
	test_add_loop(event_fd_not_open_is_ebadf, 0, 2);
	test_add(event_fd_of_another_kind_is_einval);
	test_add(context_has_as_many_queues_as_query_says);
	test_add(function_has_as_many_queues_as_query_says);
	test_add(random_values_differ);
	test_add(alloc_and_free_in_threads_loses_nothing);
	test_add(freed_handle_is_enoent);
	test_add(free_takes_a_stopped_queue);
	test_add(free_finishes_requests_first);
	test_add(freed_queue_leaves_the_status_page);
	test_add(ring_mappings_stay_memory_after_free);
	test_add(doorbell_mapping_is_harmless_after_free);
	test_add(old_doorbell_mapping_does_not_ring_the_next_queue);
	test_add(new_rings_are_zeroed);
	test_add(stop_and_start_change_the_state);
	test_add(stop_of_a_stopped_queue_does_nothing);
	test_add(start_of_a_running_queue_is_ebusy);
	test_add(start_begins_anew);
	test_add(stop_finishes_published_requests);
	test_add(doorbell_of_a_stopped_queue_has_no_effect);
	test_add(doorbell_call_on_a_stopped_queue_is_eio);
	test_add(old_random_value_is_refused_after_start);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
