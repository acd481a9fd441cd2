// SPDX-License-Identifier: GPL-2.0
/* Resets of the function, the way back from them, and errors of the device. */
#include <poll.h>
#include <pthread.h>

#include "small.h"

enum { COUNT = 6, PREPARED = 3 };

/* An asynchronous event: a completion could not be written. */
#define AEQE_CQE_ERROR	2

static void teardown(void)
{
	monitor_clear(USUAL_DELAY_US);
	stack_close();
}

static int poll_events(int timeout_ms)
{
	struct pollfd pollfd = { .fd = hisiacc_ctx_fd(stack.ctx),
				 .events = POLLIN };

	return poll(&pollfd, 1, timeout_ms) == 1 ? pollfd.revents : 0;
}

/* Some in flight, some prepared. */
static void load(void)
{
	monitor_set_delay(2000000);
	small_init(COUNT + PREPARED);
	small_prep(stack.comp, 0, COUNT);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), COUNT);
	small_prep(stack.comp, COUNT, PREPARED);
}

/* The queue has failed, and says so in every way, as often as it is asked. */
static void check_failed(void)
{
	struct hisiacc_completion done;
	int i;

	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(hisiacc_queue_peek(stack.comp, &done, 1), -EIO);
		ck_assert_int_eq(hisiacc_queue_submit(stack.comp), -EIO);
		ck_assert_int_eq(hisiacc_queue_arm(stack.comp), -EIO);
	}
	ck_assert_uint_eq(hisiacc_queue_state(stack.comp), HISIACC_STATE_ERROR);
	ck_assert_int_ne(poll_events(0) & POLLERR, 0);
}

/* Each request is accounted for, exactly once. */
static void check_restart(void)
{
	struct hisiacc_completion done[COUNT + PREPARED + 1];
	unsigned int i;

	monitor_clear(USUAL_DELAY_US);
	ck_assert_int_eq(hisiacc_queue_restart(stack.comp), 0);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done, ARRAY_SIZE(done)),
			 COUNT + PREPARED);
	for (i = 0; i < COUNT + PREPARED; i++) {
		ck_assert_uint_eq(done[i].user_data, small_cookie(i));
		ck_assert_uint_eq(done[i].status,
				  i < COUNT ? HISIACC_STATUS_UNKNOWN :
					      HISIACC_STATUS_CANCELLED);
	}
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done, 1), 0);
	ck_assert_uint_eq(hisiacc_queue_room(stack.comp), 63);
	ck_assert_int_eq(hisiacc_queue_restart(stack.comp), -EBUSY);
	ck_assert_int_eq(hisiacc_queue_restart(stack.decomp), 0);
	ck_assert_int_eq(poll_events(0) & POLLERR, 0);
	check_usable();
}

START_TEST(reset_fails_the_queue_until_it_is_restarted)
{
	uint32_t resets = hisiacc_ctx_reset_generation(stack.ctx);
	struct hisiacc_completion done;

	load();
	device_reset();
	ck_assert_uint_eq(hisiacc_ctx_state(stack.ctx), HISIACC_STATE_RUNNING);
	ck_assert_uint_eq(hisiacc_ctx_reset_generation(stack.ctx), resets + 1);
	ck_assert_int_eq(hisiacc_queue_wait(stack.comp, &done, 1,
					    hisiacc_deadline(5 * SECOND)), -EIO);
	check_failed();
	check_restart();
}
END_TEST

START_TEST(completions_that_arrived_before_a_reset_are_not_lost)
{
	struct hisiacc_completion done[2];
	uint64_t completed = monitor_count(MONITOR_COMPLETED);

	small_init(1);
	small_prep(stack.comp, 0, 1);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 1);
	ck_assert(wait_until(monitor_count(MONITOR_COMPLETED) > completed, 2000));
	device_reset();
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done, 2), 1);
	small_check(&done[0], 0);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done, 2), -EIO);
	ck_assert_int_eq(hisiacc_queue_restart(stack.comp), 0);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done, 2), 0);
	ck_assert_int_eq(hisiacc_queue_restart(stack.decomp), 0);
	check_usable();
}
END_TEST

static void *wait_for_it(void *arg)
{
	struct hisiacc_completion done;
	int *ret = arg;

	*ret = hisiacc_queue_wait(stack.comp, &done, 1,
				  hisiacc_deadline(20 * SECOND));
	return NULL;
}

START_TEST(reset_wakes_who_waits)
{
	pthread_t thread;
	int ret = 1;
	int64_t start;

	load();
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_it, &ret), 0);
	sleep_ms(300);
	start = now_ms();
	device_reset();
	pthread_join(thread, NULL);
	ck_assert_int_eq(ret, -EIO);
	ck_assert_int_lt(now_ms() - start, 1500);
	check_restart();
}
END_TEST

START_TEST(reset_is_news_on_the_descriptor)
{
	struct hisiacc_queue_info info = { .size = sizeof(info) };
	struct hisiacc_event event[4];
	bool seen = false;
	int i, n;

	ck_assert_int_eq(hisiacc_queue_info(stack.comp, &info), 0);
	ck_assert_int_eq(poll_events(0), 0);
	load();
	device_reset();
	ck_assert_int_eq(poll_events(1000) & (POLLIN | POLLERR),
			 POLLIN | POLLERR);
	n = hisiacc_ctx_events(stack.ctx, event, 4);
	ck_assert_int_ge(n, 2);
	for (i = 0; i < n; i++)
		seen |= event[i].queue == info.handle &&
			event[i].flags & HISIACC_EVENT_STATE;
	ck_assert(seen);
	check_restart();
}
END_TEST

START_TEST(cancel_after_a_reset_gives_an_empty_queue)
{
	struct hisiacc_completion done[COUNT + PREPARED + 1];
	unsigned int i;
	int err;

	load();
	device_reset();
	err = hisiacc_queue_cancel(stack.comp);
	ck_assert_msg(!err || err == -EIO, "%d", err);
	if (err)
		ck_assert_int_eq(hisiacc_queue_restart(stack.comp), 0);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done, ARRAY_SIZE(done)),
			 COUNT + PREPARED);
	for (i = 0; i < COUNT + PREPARED; i++)
		ck_assert_uint_ne(done[i].status, HISIACC_STATUS_OK);
	monitor_clear(USUAL_DELAY_US);
	ck_assert_int_eq(hisiacc_queue_restart(stack.decomp), 0);
	check_usable();
}
END_TEST

START_TEST(stream_needs_a_reset_after_one_of_the_device)
{
	struct hisiacc_zip_req req = req_of(0, stack.buf, 50000,
					    stack.buf + 65536, 100000);
	struct hisiacc_zip_stream *stream;
	struct hisiacc_completion done;

	fill(stack.buf, 50000, TEXT, 1);
	ck_assert_int_eq(hisiacc_zip_stream_alloc(stack.comp, HISIACC_ZIP_ZLIB,
						  &stream), 0);
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						HISIACC_NO_DEADLINE, &done), 0);
	device_reset();
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						HISIACC_NO_DEADLINE, &done),
			 -EIO);
	ck_assert_int_eq(hisiacc_queue_restart(stack.comp), 0);
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						HISIACC_NO_DEADLINE, &done),
			 -EPIPE);
	hisiacc_zip_stream_reset(stream);
	req.flags = HISIACC_ZIP_FINISH;
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						HISIACC_NO_DEADLINE, &done), 0);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_END);
	hisiacc_zip_stream_free(stream);
}
END_TEST

START_TEST(many_resets_in_a_row)
{
	struct hisiacc_completion done[COUNT];
	unsigned int round, i;
	int n;

	for (round = 0; round < 10; round++) {
		small_init(COUNT);
		small_prep(stack.comp, 0, COUNT);
		ck_assert_int_eq(hisiacc_queue_submit(stack.comp), COUNT);
		device_reset();
		ck_assert_int_eq(hisiacc_queue_restart(stack.comp), 0);
		n = hisiacc_queue_peek(stack.comp, done, COUNT);
		ck_assert_int_eq(n, COUNT);
		for (i = 0; i < COUNT; i++)
			if (done[i].status == HISIACC_STATUS_OK)
				small_check(&done[i], i);
			else
				ck_assert_uint_eq(done[i].status,
						  HISIACC_STATUS_UNKNOWN);
	}
	ck_assert_int_eq(hisiacc_queue_restart(stack.decomp), 0);
	check_usable();
}
END_TEST

/* ---- Errors that the device reports ---- */

/* Bits of the engine and of the queue manager that call for a reset. */
START_TEST(error_of_the_hardware_resets_it)
{
	static const uint32_t engine_bits[] = { 1u << 2, 1u << 4, 1u << 9 };
	uint32_t resets = hisiacc_ctx_reset_generation(stack.ctx);

	load();
	if (_i < 3)
		monitor_raise_engine_error(engine_bits[_i]);
	else
		monitor_raise_qm_error(1u << 0);
	ck_assert(wait_until(hisiacc_ctx_reset_generation(stack.ctx) != resets,
			     5000));
	ck_assert(wait_until(hisiacc_ctx_state(stack.ctx) ==
			     HISIACC_STATE_RUNNING, 5000));
	check_failed();
	check_restart();
}
END_TEST

/* The queue has failed, and the device goes on with the requests it has. */
START_TEST(failed_queue_finishes_before_it_is_restarted)
{
	struct hisiacc_completion done[COUNT + PREPARED];
	unsigned int i;

	load();
	monitor_set_delay(300000);
	/* the first queue of a device that nobody uses has number 0 */
	monitor_raise_event(AEQE_CQE_ERROR, 0);
	ck_assert(wait_until(hisiacc_queue_state(stack.comp) ==
			     HISIACC_STATE_ERROR, 2000));
	ck_assert_int_eq(hisiacc_queue_restart(stack.comp), 0);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done, ARRAY_SIZE(done)),
			 COUNT + PREPARED);
	for (i = 0; i < COUNT; i++)
		small_check(&done[i], i);
	for (; i < COUNT + PREPARED; i++)
		ck_assert_uint_eq(done[i].status, HISIACC_STATUS_CANCELLED);
	check_usable();
}
END_TEST

START_TEST(failed_call_leaves_the_device_nothing_to_do)
{
	pthread_t thread;
	int ret = 1;

	monitor_set_delay(600000);
	small_init(1);
	ck_assert_int_eq(pthread_create(&thread, NULL, small_call, &ret), 0);
	sleep_ms(200);
	monitor_raise_event(AEQE_CQE_ERROR, 0);
	pthread_join(thread, NULL);
	sleep_ms(800);
	ck_assert_int_eq(ret, -EIO);
	ck_assert(small_is_untouched(0));
	ck_assert_int_eq(hisiacc_queue_restart(stack.comp), 0);
	monitor_clear(USUAL_DELAY_US);
	check_usable();
}
END_TEST

START_TEST(correctable_error_disturbs_nobody)
{
	uint32_t resets = hisiacc_ctx_reset_generation(stack.ctx);
	struct hisiacc_completion done;

	monitor_set_delay(300000);
	small_init(1);
	small_prep(stack.comp, 0, 1);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 1);
	monitor_raise_engine_error(1);
	done = take(stack.comp);
	small_check(&done, 0);
	ck_assert_uint_eq(hisiacc_ctx_reset_generation(stack.ctx), resets);
}
END_TEST

START_TEST(status_of_the_device_becomes_a_status_of_the_request)
{
	static const struct {
		uint8_t device;
		uint32_t status;
	} table[] = {
		{ 0x00, HISIACC_STATUS_OK }, { 0x0d, HISIACC_STATUS_OK },
		{ 0x0e, HISIACC_STATUS_DST_FULL },
		{ 0x10, HISIACC_STATUS_CHECKSUM },
		{ 0x01, HISIACC_STATUS_DATA_ERROR },
		{ 0x0f, HISIACC_STATUS_DATA_ERROR },
		{ 0x7f, HISIACC_STATUS_DATA_ERROR },
		{ 0xff, HISIACC_STATUS_DATA_ERROR },
	};
	struct hisiacc_completion done;
	size_t i;

	small_init(2);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		monitor_force_status(1, table[i].device);
		small_prep(stack.comp, 0, 2);
		ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 2);
		done = take(stack.comp);
		ck_assert_uint_eq(done.status, table[i].status);
		ck_assert_uint_eq(done.code, table[i].device);
		done = take(stack.comp);
		small_check(&done, 1);
	}
}
END_TEST

static void add(void)
{
	test_set_timeout(60);
	test_add(reset_fails_the_queue_until_it_is_restarted);
	test_add(completions_that_arrived_before_a_reset_are_not_lost);
	test_add(reset_wakes_who_waits);
	test_add(reset_is_news_on_the_descriptor);
	test_add(cancel_after_a_reset_gives_an_empty_queue);
	test_add(stream_needs_a_reset_after_one_of_the_device);
	test_add(many_resets_in_a_row);
	test_add_loop(error_of_the_hardware_resets_it, 0, 4);
	test_add(failed_queue_finishes_before_it_is_restarted);
	test_add(failed_call_leaves_the_device_nothing_to_do);
	test_add(correctable_error_disturbs_nobody);
	test_add(status_of_the_device_becomes_a_status_of_the_request);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_default, teardown);
}
