// SPDX-License-Identifier: GPL-2.0
/* Taking requests back, with a device that is slow and one that hangs. */
#include <time.h>

#include "small.h"

enum { COUNT = 12 };

static void teardown(void)
{
	monitor_clear(USUAL_DELAY_US);
	stack_close();
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/*
 * Takes the completions of requests 0 to count - 1, of which the first ones may
 * be done and all others are cancelled; their memory must stay as it is from
 * now on. Returns how many were done.
 */
static unsigned int check_cancelled(unsigned int count)
{
	struct hisiacc_completion done[2 * COUNT];
	static uint8_t before[2 * COUNT][SMALL_DST];
	unsigned int i, finished = 0;

	for (i = 0; i < count; i++)
		memcpy(before[i], small_dst(i), SMALL_DST);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done, 2 * COUNT),
			 (int)count);
	for (i = 0; i < count; i++) {
		ck_assert_uint_eq(done[i].user_data, small_cookie(i));
		if (done[i].status == HISIACC_STATUS_OK) {
			ck_assert_uint_eq(finished, i);
			small_check(&done[i], i);
			finished++;
			continue;
		}
		ck_assert_uint_eq(done[i].status, HISIACC_STATUS_CANCELLED);
		ck_assert_uint_eq(done[i].produced, 0);
		ck_assert_uint_eq(done[i].consumed, 0);
	}
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done, 1), 0);
	ck_assert_uint_eq(hisiacc_queue_room(stack.comp), 63);
	monitor_clear(USUAL_DELAY_US);
	sleep_ms(400);
	for (i = 0; i < count; i++)
		ck_assert_mem_eq(before[i], small_dst(i), SMALL_DST);
	return finished;
}

START_TEST(cancel_of_an_empty_queue_does_nothing)
{
	struct hisiacc_completion done;

	ck_assert_int_eq(hisiacc_queue_cancel(stack.comp), 0);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, &done, 1), 0);
	check_usable();
}
END_TEST

START_TEST(cancel_of_prepared_requests_gives_each_a_completion)
{
	small_init(COUNT);
	small_prep(stack.comp, 0, COUNT);
	ck_assert_int_eq(hisiacc_queue_cancel(stack.comp), 0);
	ck_assert_uint_eq(check_cancelled(COUNT), 0);
	ck_assert(small_is_untouched(0));
	check_usable();
}
END_TEST

START_TEST(cancel_in_mid_flight_leaves_the_buffers_alone)
{
	monitor_set_delay(100000);
	small_init(2 * COUNT);
	small_prep(stack.comp, 0, COUNT);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), COUNT);
	small_prep(stack.comp, COUNT, COUNT);
	ck_assert_int_eq(hisiacc_queue_cancel(stack.comp), 0);
	ck_assert_uint_le(check_cancelled(2 * COUNT), COUNT);
	check_usable();
}
END_TEST

START_TEST(cancel_at_any_moment)
{
	struct hisiacc_completion done[COUNT];
	unsigned int round, i;
	uint32_t seed = 3;
	int n;

	monitor_set_delay(50);
	for (round = 0; round < 40; round++) {
		small_init(COUNT);
		small_prep(stack.comp, 0, COUNT);
		ck_assert_int_eq(hisiacc_queue_submit(stack.comp), COUNT);
		n = hisiacc_queue_peek(stack.comp, done,
				       next_random(&seed) % COUNT);
		for (i = next_random(&seed) % 3000; i; i--)
			__asm__ volatile("");
		ck_assert_int_eq(hisiacc_queue_cancel(stack.comp), 0);
		ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done + n,
						    COUNT), COUNT - n);
		for (i = 0; i < COUNT; i++) {
			ck_assert_uint_eq(done[i].user_data, small_cookie(i));
			if (done[i].status == HISIACC_STATUS_OK)
				small_check(&done[i], i);
			else
				ck_assert_uint_eq(done[i].status,
						  HISIACC_STATUS_CANCELLED);
		}
	}
	check_usable();
}
END_TEST

START_TEST(call_that_waits_gives_its_request_back_at_the_deadline)
{
	struct hisiacc_completion done = { .status = 99 };
	struct hisiacc_zip_req req;
	uint64_t deadline;

	small_init(2);
	req = small_req(1);
	monitor_set_delay(300000);
	deadline = hisiacc_deadline(30 * MSEC);
	ck_assert_int_eq(hisiacc_zip_compress(stack.comp, &req, deadline,
					      &done), -ETIME);
	ck_assert_uint_ge(now_ns(), deadline);
	ck_assert_msg(done.status == HISIACC_STATUS_OK ||
		      done.status == HISIACC_STATUS_CANCELLED, "status %u",
		      done.status);
	memset(small_dst(1), SMALL_CANARY, SMALL_DST);
	sleep_ms(600);
	ck_assert(small_is_untouched(1));
	monitor_set_delay(USUAL_DELAY_US);
	check_usable();
}
END_TEST

START_TEST(call_that_waits_with_a_past_deadline_does_nothing)
{
	struct hisiacc_completion done = { .status = 99 };
	uint64_t before = monitor_count(MONITOR_SQ_DOORBELLS);
	struct hisiacc_zip_req req;

	small_init(1);
	req = small_req(0);
	ck_assert_int_eq(hisiacc_zip_compress(stack.comp, &req, 1, &done),
			 -ETIME);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_CANCELLED);
	ck_assert_uint_eq(monitor_count(MONITOR_SQ_DOORBELLS), before);
	ck_assert(small_is_untouched(0));
	check_usable();
}
END_TEST

START_TEST(stream_goes_on_or_says_that_it_needs_a_reset_after_a_deadline)
{
	enum { SIZE = 100000, ROOM = 400000 };
	uint8_t *src = stack.buf, *packed = src + ROOM, *back = packed + ROOM;
	struct hisiacc_zip_req req = req_of(0, src, SIZE, packed, ROOM);
	struct hisiacc_zip_stream *stream;
	struct hisiacc_completion done;
	size_t in, out;

	fill(src, SIZE, MIXED, 1);
	ck_assert_int_eq(hisiacc_zip_stream_alloc(stack.comp, HISIACC_ZIP_GZIP,
						  &stream), 0);
	monitor_set_delay(150000);
	req.flags = HISIACC_ZIP_FINISH;
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						hisiacc_deadline(20 * MSEC),
						&done), -ETIME);
	monitor_set_delay(USUAL_DELAY_US);
	in = done.consumed;
	out = done.produced;
	if (done.status == HISIACC_STATUS_CANCELLED) {
		ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
				HISIACC_NO_DEADLINE, &done), -EPIPE);
		hisiacc_zip_stream_reset(stream);
		in = 0;
		out = 0;
	} else if (done.status != HISIACC_STATUS_END) {
		ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
	}
	while (done.status != HISIACC_STATUS_END) {
		req = req_of(0, src + in, SIZE - in, packed + out, ROOM - out);
		req.flags = HISIACC_ZIP_FINISH;
		ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
				HISIACC_NO_DEADLINE, &done), 0);
		in += done.consumed;
		out += done.produced;
	}
	ck_assert_uint_eq(in, SIZE);
	ck_assert_uint_eq(zlib_inflate(HISIACC_ZIP_GZIP, packed, out, back,
				       SIZE, NULL), SIZE);
	ck_assert_mem_eq(src, back, SIZE);
	hisiacc_zip_stream_free(stream);
}
END_TEST

/* ---- A device that hangs ---- */

START_TEST(cancel_resets_a_device_that_hangs)
{
	uint32_t resets = hisiacc_ctx_reset_generation(stack.ctx);
	uint64_t start = now_ns();

	small_init(2 * COUNT);
	monitor_hang(1);
	small_prep(stack.comp, 0, COUNT);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), COUNT);
	small_prep(stack.comp, COUNT, 3);
	ck_assert_int_eq(hisiacc_queue_cancel(stack.comp), 0);
	ck_assert_uint_lt(now_ns() - start, 20 * SECOND);
	ck_assert_uint_eq(hisiacc_ctx_reset_generation(stack.ctx), resets + 1);
	ck_assert_uint_eq(check_cancelled(COUNT + 3), 0);
	/* the neighbour was reset along with it, and says so */
	ck_assert_uint_eq(hisiacc_queue_state(stack.decomp),
			  HISIACC_STATE_ERROR);
	ck_assert_int_eq(hisiacc_queue_restart(stack.decomp), 0);
	check_usable();
}
END_TEST

START_TEST(deadline_of_a_call_that_waits_holds_on_a_device_that_hangs)
{
	struct hisiacc_completion done = { .status = 99 };
	struct hisiacc_zip_req req;
	uint64_t start = now_ns();

	small_init(1);
	req = small_req(0);
	monitor_hang(1);
	ck_assert_int_eq(hisiacc_zip_compress(stack.comp, &req,
					      hisiacc_deadline(100 * MSEC),
					      &done), -ETIME);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_CANCELLED);
	ck_assert_uint_lt(now_ns() - start, 20 * SECOND);
	ck_assert_int_eq(hisiacc_queue_restart(stack.decomp), 0);
	check_usable();
}
END_TEST

START_TEST(freeing_the_queue_ends_a_hang)
{
	struct hisiacc_queue *queue = queue_new(HISIACC_ZIP_COMPRESS, 16);
	uint64_t start = now_ns();

	small_init(COUNT);
	monitor_hang(1);
	small_prep(queue, 0, COUNT);
	ck_assert_int_eq(hisiacc_queue_submit(queue), COUNT);
	hisiacc_queue_free(queue);
	ck_assert_uint_lt(now_ns() - start, 20 * SECOND);
	memset(small_dst(1), SMALL_CANARY, SMALL_DST);
	monitor_clear(USUAL_DELAY_US);
	sleep_ms(300);
	ck_assert(small_is_untouched(1));
	ck_assert_int_eq(hisiacc_queue_restart(stack.comp), 0);
	ck_assert_int_eq(hisiacc_queue_restart(stack.decomp), 0);
	check_usable();
}
END_TEST

static void add(void)
{
	test_set_timeout(120);
	test_add(cancel_of_an_empty_queue_does_nothing);
	test_add(cancel_of_prepared_requests_gives_each_a_completion);
	test_add(cancel_in_mid_flight_leaves_the_buffers_alone);
	test_add(cancel_at_any_moment);
	test_add(call_that_waits_gives_its_request_back_at_the_deadline);
	test_add(call_that_waits_with_a_past_deadline_does_nothing);
	test_add(stream_goes_on_or_says_that_it_needs_a_reset_after_a_deadline);
	test_add(cancel_resets_a_device_that_hangs);
	test_add(deadline_of_a_call_that_waits_holds_on_a_device_that_hangs);
	test_add(freeing_the_queue_ends_a_hang);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_default, teardown);
}
