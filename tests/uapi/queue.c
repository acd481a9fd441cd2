// SPDX-License-Identifier: GPL-2.0
/* Queues: allocation, states, mappings, doorbells, requests. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "test.h"

#define PAGE	4096

static struct hisi_acc_query query(int fd)
{
	struct hisi_acc_query q;

	expect_ok(acc_query(fd, &q));
	return q;
}

static uint32_t state(int fd, uint32_t handle)
{
	struct hisi_acc_queue_query q;

	expect_ok(acc_queue_query(fd, handle, &q));
	return q.out_state;
}

/* Allocation */

START_TEST(alloc_gives_what_was_asked_for)
{
	struct hisi_acc_queue_query q;
	struct hisi_acc_queue_alloc arg;
	int fd = device_open();
	uint32_t type, depth;

	for (type = 0; type < query(fd).out_queue_types; type++) {
		for (depth = 2; depth <= 1024; depth *= 2) {
			arg = acc_queue_args(type, depth);
			expect_ok(acc_queue_alloc(fd, &arg));
			ck_assert_uint_ne(arg.out_handle, 0);
			ck_assert_uint_eq(arg.out_mode, HISI_ACC_MODE_DMA);
			ck_assert_uint_eq(arg.out_reason, HISI_ACC_REASON_NONE);
			ck_assert_uint_eq(arg.out_depth, depth);
			ck_assert_uint_ge(arg.out_sq_size, depth * 128);
			ck_assert_uint_ge(arg.out_cq_size, depth * 16);
			ck_assert_uint_lt(arg.out_queue, query(fd).out_queues);
			ck_assert_uint_le(arg.out_db_rand, 0xffff);
			expect_ok(acc_queue_query(fd, arg.out_handle, &q));
			ck_assert_uint_eq(q.out_state, HISI_ACC_STATE_RUNNING);
			ck_assert_uint_eq(q.out_mode, HISI_ACC_MODE_DMA);
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
	ck_assert_uint_eq(arg.out_depth, query(fd).out_depth_max);
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

	if (other_modes[_i] & query(device_open()).out_modes)
		skip("the mode is to be had");
	arg.modes = other_modes[_i];
	expect_alloc_fails(&arg, EOPNOTSUPP);
}
END_TEST

START_TEST(best_mode_is_granted_with_the_reason)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	int fd = device_open();
	struct hisi_acc_query q = query(fd);

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
	struct hisi_acc_query q = query(fd);
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
			ck_assert_uint_ne(arg[i].out_db_key, arg[j].out_db_key);
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
	struct hisi_acc_query q = query(fd);
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
	ck_assert_uint_eq(query(fd).out_queues_free, 0);
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
	ck_assert_uint_eq(state(q.fd, q.arg.out_handle), HISI_ACC_STATE_STOPPED);
	ck_assert_uint_eq(q.queue_status->state, HISI_ACC_STATE_STOPPED);
	ck_assert_uint_eq(q.queue_status->generation, generation + 1);

	raw_queue_start(&q);
	ck_assert_uint_eq(state(q.fd, q.arg.out_handle), HISI_ACC_STATE_RUNNING);
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

/* Mappings */

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
	struct hisi_acc_query q = query(fd);
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
	info = query(q.fd);
	ck_assert(mmap(NULL, q.arg.out_sq_size, rx, MAP_SHARED, q.fd,
		       q.arg.out_sq_key) == MAP_FAILED);
	ck_assert(mmap(NULL, q.arg.out_db_size, rx, MAP_SHARED, q.fd,
		       q.arg.out_db_key) == MAP_FAILED);
	ck_assert(mmap(NULL, info.out_status_size, rx, MAP_SHARED, q.fd,
		       info.out_status_key) == MAP_FAILED);
	expect_errno(EACCES, mprotect(q.sq, q.arg.out_sq_size, rx));
	expect_errno(EACCES, mprotect(q.cq, q.arg.out_cq_size, rx));
	expect_errno(EACCES, mprotect((void *)q.db, q.arg.out_db_size, rx));
	expect_errno(EACCES, mprotect((void *)q.status, info.out_status_size,
				      rx));
}
END_TEST

START_TEST(status_page_is_read_only)
{
	const int rw = PROT_READ | PROT_WRITE;
	int mem, fd = device_open();
	struct hisi_acc_query q = query(fd);
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
	expect_mmap_fails(fd, arg.out_db_key, arg.out_db_size, rw, MAP_SHARED,
			  EINVAL);
}
END_TEST

START_TEST(mapping_can_be_cut_and_moved_but_not_grown)
{
	struct raw_queue q;
	uint8_t *moved;

	raw_queue_init(&q, device_open(), 0, 256, 0);
	expect_errno(EFAULT, mremap(q.sq, q.arg.out_sq_size,
				    q.arg.out_sq_size + PAGE, MREMAP_MAYMOVE) ==
			     MAP_FAILED ? -1 : 0);
	expect_errno(EFAULT, mremap((void *)q.db, q.arg.out_db_size,
				    q.arg.out_db_size + PAGE, MREMAP_MAYMOVE) ==
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
	ck_assert_uint_eq(q.arg.out_db_size, PAGE);
	ck_assert_uint_le(q.arg.out_db_offset, PAGE - 8);
	if (!monitor_is_there())
		skip("the model has no monitor");
	writes = monitor_count(MONITOR_MAILBOXES);
	for (i = 0; i < PAGE; i += 8)
		(void)*(volatile uint64_t *)(q.db + i);
	ck_assert_uint_eq(monitor_count(MONITOR_MAILBOXES), writes);
}
END_TEST

/* Doorbells and requests */

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
	ck_assert_ptr_nonnull((void *)w.q.db);
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
	ck_assert_uint_eq(state(w.q.fd, w.q.arg.out_handle),
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
	w.q.db = mine.db;
	w.q.db_rand ^= 0x5555;
	work_submit(&w, 1);
	sleep_ms(50);
	ck_assert(!raw_queue_ready(&w.q));
	ck_assert(work_is_untouched(&w));
	value = raw_doorbell(&mine, false, 0, false);
	raw_queue_store(&mine, value);
	ck_assert_uint_eq(state(fd, w.q.arg.out_handle), HISI_ACC_STATE_RUNNING);
	ck_assert_uint_eq(state(fd, mine.arg.out_handle), HISI_ACC_STATE_RUNNING);
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
	ck_assert_uint_eq(state(w.q.fd, w.q.arg.out_handle),
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
	ck_assert_uint_eq(state(fd, w.q.arg.out_handle), HISI_ACC_STATE_ERROR);
	ck_assert_uint_eq(state(fd, other.q.arg.out_handle),
			  HISI_ACC_STATE_RUNNING);
	work_run(&other, 1);
	raw_queue_start(&w.q);
	ck_assert_uint_eq(w.q.queue_status->state, HISI_ACC_STATE_RUNNING);
	work_run(&w, 4);
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
	test_add(mapping_needs_key_size_and_sharing);
	test_add(key_that_was_not_handed_out_is_einval);
	test_add(nothing_is_executable);
	test_add(status_page_is_read_only);
	test_add(keys_of_a_freed_queue_are_einval);
	test_add(mapping_can_be_cut_and_moved_but_not_grown);
	test_add(moved_doorbell_mapping_rings_and_is_taken_back);
	test_add(doorbell_mapped_twice_is_taken_back_twice);
	test_add(doorbell_page_holds_nothing_else);
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
