// SPDX-License-Identifier: GPL-2.0
#include "test.h"

#define MS	1000000u

static struct hisiacc_completion c[8];

/* ---- Wait ---- */

START_TEST(wait_with_nothing_in_flight_returns_0)
{
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	ck_assert_int_eq(hisiacc_queue_wait(rig.queue, c, 1,
					    HISIACC_NO_DEADLINE), 0);
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	ck_assert_int_eq(hisiacc_queue_wait(rig.queue, c, 1,
					    HISIACC_NO_DEADLINE), 0);
	ck_assert_int_eq(hisiacc_queue_wait(rig.queue, c, 0,
					    HISIACC_NO_DEADLINE), -EINVAL);
	rig_close(&rig);
}
END_TEST


START_TEST(a_short_wait_spins)
{
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	rig_run(&rig, 3000);
	ck_assert_uint_eq(fake.polls, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(a_long_wait_sleeps_once_and_is_woken)
{
	struct hisiacc_queue_stats stats = { .size = sizeof(stats) };
	uint32_t flags = _i ? HISIACC_QUEUE_NO_DOORBELL_MAP : 0;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, flags, true);
	rig_run(&rig, 5 * MS);
	/* The event that the start of the queue had armed may be old. */
	ck_assert_uint_le(fake.polls, 2);
	ck_assert_uint_ge(fake.polls, 1);
	ck_assert_uint_eq(fake_calls(HISI_ACC_QUEUE_EVENT), 1);
	rig_run(&rig, 5 * MS);
	ck_assert_uint_eq(fake_calls(HISI_ACC_QUEUE_EVENT), 1);
	hisiacc_queue_stats(rig.queue, &stats);
	ck_assert_uint_eq(stats.sleeps, fake.polls);
	rig_close(&rig);
}
END_TEST

START_TEST(spinning_shrinks_when_it_does_not_pay)
{
	struct rig rig;
	int i;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	for (i = 0; i < 10; i++)
		rig_run(&rig, 5 * MS);
	ck_assert_uint_eq(rig.queue->spin_ns, 1000);
	for (i = 0; i < 100; i++)
		rig_run(&rig, 300);
	ck_assert_uint_eq(rig.queue->spin_ns, 32000);
	rig_close(&rig);
}
END_TEST

START_TEST(a_signal_does_not_end_a_wait)
{
	uint64_t begin;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	fake.eintr = 5;
	begin = fake.now;
	rig_run(&rig, 5 * MS);
	ck_assert_uint_eq(fake.eintr, 0);
	ck_assert_uint_ge(fake.now - begin, 5 * MS);
	rig_close(&rig);
}
END_TEST

START_TEST(the_deadline_holds_in_the_face_of_signals)
{
	uint64_t deadline;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	fake.hang = true;
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 1);
	fake.eintr = 20;
	deadline = hisiacc_deadline(10 * MS);
	ck_assert_int_eq(hisiacc_queue_wait(rig.queue, c, 1, deadline), -ETIME);
	ck_assert_uint_ge(fake.now, deadline);
	ck_assert_uint_le(fake.now, deadline + MS);
	ck_assert_uint_eq(fake.eintr, 0);
	/* It is still in flight. */
	fake.hang = false;
	ck_assert_int_eq(hisiacc_queue_wait(rig.queue, c, 1,
					    HISIACC_NO_DEADLINE), 1);
	rig_close(&rig);
}
END_TEST

START_TEST(a_past_deadline_only_looks)
{
	unsigned int before;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	fake.delay_ns = MS;
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 1);
	before = fake.ioctls;
	ck_assert_int_eq(hisiacc_queue_wait(rig.queue, c, 1, 0), -ETIME);
	ck_assert_uint_eq(fake.polls, 0);
	ck_assert_uint_eq(fake.ioctls, before);
	fake_run();
	ck_assert_int_eq(hisiacc_queue_wait(rig.queue, c, 1, 0), 1);
	rig_close(&rig);
}
END_TEST

START_TEST(a_deadline_ends_the_spinning_too)
{
	uint64_t deadline;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	fake.hang = true;
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 1);
	deadline = hisiacc_deadline(1000);
	ck_assert_int_eq(hisiacc_queue_wait(rig.queue, c, 1, deadline), -ETIME);
	ck_assert_uint_lt(fake.now, deadline + 1000);
	rig_close(&rig);
}
END_TEST

START_TEST(another_queues_failure_does_not_keep_a_wait_busy)
{
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	fake.ctx_pollerr = true;
	rig_run(&rig, 100 * MS);
	ck_assert_uint_le(fake.polls, 10);
	rig_close(&rig);
}
END_TEST

static void fail_at_last(void)
{
	if (fake.polls == 5)
		fake_fail_queue(0, HISI_ACC_STATE_ERROR);
}

START_TEST(a_failure_behind_that_of_another_queue_is_seen)
{
	uint64_t begin;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	fake.ctx_pollerr = true;
	fake.hang = true;
	fake.poll_hook = fail_at_last;
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 1);
	begin = fake.now;
	ck_assert_int_eq(hisiacc_queue_wait(rig.queue, c, 1,
					    HISIACC_NO_DEADLINE), -EIO);
	ck_assert_uint_lt(fake.now - begin, 200 * MS);
	rig_close(&rig);
}
END_TEST

static void fail_on_poll(struct rig *rig, uint32_t state, int err)
{
	fake.hang = true;
	ck_assert_int_eq(rig_prep(rig, 1), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig->queue), 1);
	fake_fail_queue(0, state);
	ck_assert_int_eq(hisiacc_queue_wait(rig->queue, c, 1,
					    HISIACC_NO_DEADLINE), err);
}

START_TEST(wait_tells_of_a_failed_queue)
{
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	fail_on_poll(&rig, HISI_ACC_STATE_ERROR, -EIO);
	rig_close(&rig);
	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	fail_on_poll(&rig, HISI_ACC_STATE_GONE, -ENODEV);
	rig_close(&rig);
}
END_TEST

START_TEST(a_deadline_far_away_saturates)
{
	fake_reset();
	ck_assert_uint_eq(hisiacc_deadline(UINT64_MAX), HISIACC_NO_DEADLINE);
	ck_assert_uint_eq(hisiacc_deadline(UINT64_MAX - 5),
			  HISIACC_NO_DEADLINE);
	ck_assert_uint_lt(hisiacc_deadline(5), 2000000);
	ck_assert_uint_gt(hisiacc_deadline(5), 1000000);
}
END_TEST

/* ---- Events ---- */

START_TEST(arm_tells_when_completions_are_there)
{
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	ck_assert_int_eq(hisiacc_queue_set_event(rig.queue, 260), 0);
	ck_assert_int_eq(fake.queues[0].event_fd, 260);
	ck_assert_int_eq(hisiacc_queue_arm(rig.queue), 0);
	fake_run();
	ck_assert_uint_eq(fake.arms, 1);
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 1);
	fake_run();
	ck_assert_int_eq(hisiacc_queue_arm(rig.queue), 1);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), 1);
	ck_assert_int_eq(hisiacc_queue_arm(rig.queue), 0);
	ck_assert_int_eq(hisiacc_queue_set_event(rig.queue, -2), -EBADF);
	fake_fail_queue(0, HISI_ACC_STATE_ERROR);
	ck_assert_int_eq(hisiacc_queue_arm(rig.queue), -EIO);
	rig_close(&rig);
}
END_TEST

/* The number may be another file's by now. */
START_TEST(the_kernel_is_told_of_each_descriptor)
{
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	ck_assert_int_eq(hisiacc_queue_set_event(rig.queue, 260), 0);
	ck_assert_int_eq(hisiacc_queue_set_event(rig.queue, 260), 0);
	ck_assert_uint_eq(fake_calls(HISI_ACC_QUEUE_EVENT), 2);
	rig_close(&rig);
}
END_TEST

START_TEST(arm_gives_the_event_back_to_the_program_after_a_wait)
{
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	ck_assert_int_eq(hisiacc_queue_set_event(rig.queue, 260), 0);
	rig_run(&rig, 5 * MS);
	ck_assert_int_eq(fake.queues[0].event_fd, 200);
	ck_assert_int_eq(hisiacc_queue_arm(rig.queue), 0);
	ck_assert_int_eq(fake.queues[0].event_fd, 260);
	rig_close(&rig);
}
END_TEST

Suite *wait_suite(void)
{
	Suite *suite = suite_create("wait");
	TCase *tc = tcase_create("wait");

	tcase_add_test(tc, wait_with_nothing_in_flight_returns_0);
	tcase_add_test(tc, a_short_wait_spins);
	tcase_add_loop_test(tc, a_long_wait_sleeps_once_and_is_woken, 0, 2);
	tcase_add_test(tc, spinning_shrinks_when_it_does_not_pay);
	tcase_add_test(tc, a_signal_does_not_end_a_wait);
	tcase_add_test(tc, the_deadline_holds_in_the_face_of_signals);
	tcase_add_test(tc, a_past_deadline_only_looks);
	tcase_add_test(tc, a_deadline_ends_the_spinning_too);
	tcase_add_test(tc, another_queues_failure_does_not_keep_a_wait_busy);
	tcase_add_test(tc, a_failure_behind_that_of_another_queue_is_seen);
	tcase_add_test(tc, wait_tells_of_a_failed_queue);
	tcase_add_test(tc, a_deadline_far_away_saturates);
	suite_add_tcase(suite, tc);

	tc = tcase_create("event");
	tcase_add_test(tc, arm_tells_when_completions_are_there);
	tcase_add_test(tc, the_kernel_is_told_of_each_descriptor);
	tcase_add_test(tc, arm_gives_the_event_back_to_the_program_after_a_wait);
	suite_add_tcase(suite, tc);
	return suite;
}
