// SPDX-License-Identifier: GPL-2.0
/* Rings: room, order, batches, depths, several queues and contexts. */
#include <pthread.h>

#include "device.h"
#include "small.h"

static struct hisiacc_ctx_info ctx_info(void)
{
	struct hisiacc_ctx_info info = { .size = sizeof(info) };

	ck_assert_int_eq(hisiacc_ctx_info(stack.ctx, &info), 0);
	return info;
}

static struct hisiacc_queue_stats stats_of(struct hisiacc_queue *queue)
{
	struct hisiacc_queue_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(hisiacc_queue_stats(queue, &stats), 0);
	return stats;
}

START_TEST(empty_queue_has_nothing_to_submit_or_take)
{
	struct hisiacc_completion done;

	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 0);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, &done, 1), 0);
	ck_assert_int_eq(hisiacc_queue_wait(stack.comp, &done, 1,
					    HISIACC_NO_DEADLINE), 0);
	ck_assert_int_eq(hisiacc_queue_wait(stack.comp, &done, 0,
					    HISIACC_NO_DEADLINE), -EINVAL);
	ck_assert_uint_eq(hisiacc_queue_room(stack.comp), 63);
	ck_assert_int_eq(hisiacc_queue_restart(stack.comp), -EBUSY);
}
END_TEST

START_TEST(prepared_requests_do_not_reach_the_device)
{
	uint64_t before = monitor_count(MONITOR_SQ_DOORBELLS);
	struct hisiacc_completion done;

	small_init(4);
	small_prep(stack.comp, 0, 4);
	ck_assert_int_eq(hisiacc_queue_wait(stack.comp, &done, 1,
					    HISIACC_NO_DEADLINE), 0);
	sleep_ms(20);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, &done, 1), 0);
	ck_assert_uint_eq(monitor_count(MONITOR_SQ_DOORBELLS), before);
	ck_assert(small_is_untouched(0));
	ck_assert_uint_eq(hisiacc_queue_room(stack.comp), 59);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 4);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 0);
	done = take(stack.comp);
	small_check(&done, 0);
	ck_assert_uint_eq(monitor_count(MONITOR_SQ_DOORBELLS), before + 1);
}
END_TEST

START_TEST(call_that_waits_on_a_queue_in_use_gives_ebusy)
{
	struct hisiacc_zip_req req;
	struct hisiacc_completion done;

	small_init(2);
	small_prep(stack.comp, 0, 1);
	req = small_req(1);
	ck_assert_int_eq(hisiacc_zip_compress(stack.comp, &req,
					      HISIACC_NO_DEADLINE, &done),
			 -EBUSY);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 1);
	ck_assert_int_eq(hisiacc_zip_compress(stack.comp, &req,
					      HISIACC_NO_DEADLINE, &done),
			 -EBUSY);
	done = take(stack.comp);
	small_check(&done, 0);
	ck_assert_int_eq(hisiacc_zip_compress(stack.comp, &req,
					      HISIACC_NO_DEADLINE, &done), 0);
	ck_assert_int_eq(hisiacc_zip_decompress(stack.comp, &req,
						HISIACC_NO_DEADLINE, &done),
			 -EINVAL);
}
END_TEST

/* Fills a ring to the brim, over and over, so that it wraps at each place. */
static void check_depth(uint32_t depth)
{
	struct hisiacc_queue *queue = queue_new(HISIACC_ZIP_COMPRESS, depth);
	struct hisiacc_completion *done = calloc(depth, sizeof(*done));
	unsigned int round, i;
	struct hisiacc_zip_req req;

	small_init(depth);
	ck_assert_uint_eq(hisiacc_queue_room(queue), depth - 1);
	for (round = 0; round < 3; round++) {
		small_prep(queue, 0, depth - 1);
		ck_assert_uint_eq(hisiacc_queue_room(queue), 0);
		req = small_req(depth - 1);
		ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), -EAGAIN);
		ck_assert_int_eq(hisiacc_queue_submit(queue), (int)depth - 1);
		ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), -EAGAIN);
		submit_and_collect(queue, done, depth - 1);
		for (i = 0; i < depth - 1; i++)
			small_check(&done[i], i);
		ck_assert_uint_eq(hisiacc_queue_room(queue), depth - 1);
	}
	ck_assert_uint_eq(stats_of(queue).completed, 3 * (depth - 1));
	hisiacc_queue_free(queue);
	free(done);
}

START_TEST(every_depth_is_filled_and_emptied)
{
	struct hisiacc_ctx_info info = ctx_info();
	uint32_t depth;

	for (depth = info.depth_min; depth <= info.depth_max && depth <= 4096;
	     depth *= 2)
		check_depth(depth);
	ck_assert_uint_gt(depth, 1024);
}
END_TEST

START_TEST(depth_0_gives_the_largest)
{
	struct hisiacc_queue *queue = queue_new(HISIACC_ZIP_COMPRESS, 0);
	struct hisiacc_queue_info info = { .size = sizeof(info) };

	ck_assert_int_eq(hisiacc_queue_info(queue, &info), 0);
	ck_assert_uint_eq(info.depth, ctx_info().depth_max);
	ck_assert_uint_eq(info.doorbell_mapped,
			  !stack_queue_flags() && device_doorbell_is_alone());
	ck_assert_uint_ne(info.handle, 0);
	hisiacc_queue_free(queue);
}
END_TEST

START_TEST(wrong_attributes_are_refused)
{
	const struct {
		struct hisiacc_queue_attr attr;
		int err;
	} bad[] = {
		{ { .size = 0, .depth = 64 }, -EINVAL },
		{ { .size = sizeof(bad[0].attr), .depth = 3 }, -EINVAL },
		{ { .size = sizeof(bad[0].attr), .depth = 1u << 30 }, -EINVAL },
		{ { .size = sizeof(bad[0].attr), .type = 9 }, -EOPNOTSUPP },
		{ { .size = sizeof(bad[0].attr), .flags = 1u << 31 },
		  -EOPNOTSUPP },
		{ { .size = sizeof(bad[0].attr), .modes = 1u << 31 },
		  -EOPNOTSUPP },
		/* not the context's */
		{ { .size = sizeof(bad[0].attr), .modes = stack_mode() ==
		    HISIACC_MODE_SVA ? HISIACC_MODE_DMA : HISIACC_MODE_SVA },
		  -EBUSY },
	};
	struct hisiacc_queue *queue;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		queue = stack.comp;
		ck_assert_msg(hisiacc_queue_alloc(stack.ctx, &bad[i].attr,
						  &queue) == bad[i].err,
			      "case %zu", i);
		ck_assert_ptr_null(queue);
	}
}
END_TEST

START_TEST(queues_run_out_with_enospc_and_come_back)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr), .depth = 2 };
	unsigned int count = 0, most = ctx_info().queues_max;
	struct hisiacc_queue **queues = calloc(most, sizeof(*queues)), *extra;
	int round, err;

	for (round = 0; round < 2; round++) {
		while (!(err = hisiacc_queue_alloc(stack.ctx, &attr, &extra))) {
			ck_assert_uint_lt(count, most);
			queues[count++] = extra;
		}
		ck_assert_int_eq(err, -ENOSPC);
		ck_assert_uint_eq(count, most - 2);
		while (count)
			hisiacc_queue_free(queues[--count]);
	}
	free(queues);
	check_usable();
}
END_TEST

/* Submits and takes in random portions; the order never changes. */
START_TEST(random_portions_keep_the_order)
{
	enum { TOTAL = 6000, AREA = 1000 };
	unsigned int prepared = 0, taken = 0, n, i;
	struct hisiacc_completion done[64];
	uint32_t seed = 4;
	int have;

	small_init(AREA);
	while (taken < TOTAL) {
		n = next_random(&seed) % (hisiacc_queue_room(stack.comp) + 1);
		for (i = 0; i < n && prepared < TOTAL; i++)
			small_prep(stack.comp, prepared++ % AREA, 1);
		if (next_random(&seed) % 3)
			ck_assert_int_ge(hisiacc_queue_submit(stack.comp), 0);
		have = hisiacc_queue_peek(stack.comp, done,
					  1 + next_random(&seed) % 64);
		ck_assert_int_ge(have, 0);
		for (i = 0; i < (unsigned int)have; i++)
			small_check(&done[i], taken++ % AREA);
		if (prepared == TOTAL)
			(void)hisiacc_queue_submit(stack.comp);
	}
	ck_assert_uint_eq(taken, TOTAL);
	ck_assert_uint_eq(stats_of(stack.comp).submitted, TOTAL);
	ck_assert_uint_eq(stats_of(stack.comp).completed, TOTAL);
}
END_TEST

/* ---- More than one ---- */

struct worker {
	struct hisiacc_queue *queue;
	pthread_t thread;
	unsigned int first;
	unsigned int errors;
};

/* Check's macros are for the main thread only. */
static void *work(void *arg)
{
	enum { ROUNDS = 200, BATCH = 16 };
	struct worker *worker = arg;
	struct hisiacc_completion done[BATCH];
	unsigned int round, i, have;
	struct hisiacc_zip_req req;
	int n;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < BATCH; i++) {
			req = small_req(worker->first + i);
			worker->errors += !!hisiacc_zip_prep(worker->queue, &req,
				small_cookie(worker->first + i));
		}
		worker->errors += hisiacc_queue_submit(worker->queue) != BATCH;
		for (have = 0; have < BATCH; have += (unsigned int)n) {
			n = hisiacc_queue_wait(worker->queue, done + have,
					       BATCH - have,
					       hisiacc_deadline(PATIENCE));
			if (n <= 0) {
				worker->errors++;
				return NULL;
			}
		}
		for (i = 0; i < BATCH; i++)
			worker->errors += done[i].status ||
				done[i].user_data !=
				small_cookie(worker->first + i);
	}
	return NULL;
}

static void run_workers(struct worker *workers, unsigned int count)
{
	unsigned int i;

	small_init(count * 16);
	for (i = 0; i < count; i++) {
		workers[i].first = i * 16;
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]), 0);
	}
	for (i = 0; i < count; i++) {
		pthread_join(workers[i].thread, NULL);
		ck_assert_uint_eq(workers[i].errors, 0);
	}
}

START_TEST(threads_with_a_queue_each_do_not_disturb_each_other)
{
	struct worker workers[4] = { { .queue = stack.comp } };
	unsigned int i;

	for (i = 1; i < 4; i++)
		workers[i].queue = queue_new(HISIACC_ZIP_COMPRESS, 32);
	run_workers(workers, 4);
	for (i = 1; i < 4; i++)
		hisiacc_queue_free(workers[i].queue);
}
END_TEST

START_TEST(several_contexts_in_one_process)
{
	struct stack many[8], mine = stack;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(many); i++) {
		stack_open(1u << 20, 8);
		many[i] = stack;
	}
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		stack = many[(i * 3) % 8];
		check_usable();
	}
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		stack = many[i];
		stack_close();
	}
	stack = mine;
	check_usable();
}
END_TEST

static void add(void)
{
	test_set_timeout(120);
	test_add(empty_queue_has_nothing_to_submit_or_take);
	test_add(prepared_requests_do_not_reach_the_device);
	test_add(call_that_waits_on_a_queue_in_use_gives_ebusy);
	test_add(every_depth_is_filled_and_emptied);
	test_add(depth_0_gives_the_largest);
	test_add(wrong_attributes_are_refused);
	test_add(queues_run_out_with_enospc_and_come_back);
	test_add(random_portions_keep_the_order);
	test_add(threads_with_a_queue_each_do_not_disturb_each_other);
	test_add(several_contexts_in_one_process);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_default, stack_close);
}
