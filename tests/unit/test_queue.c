// SPDX-License-Identifier: GPL-2.0
#include "test.h"

#define MS	1000000u

static struct hisiacc_completion c[1024];

/* ---- Alloc ---- */

START_TEST(info_tells_what_was_granted)
{
	struct hisiacc_queue_info info = { .size = sizeof(info) };
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_DECOMPRESS, 0, 0, true);
	ck_assert_int_eq(hisiacc_queue_info(rig.queue, &info), 0);
	ck_assert_uint_eq(info.mode, HISIACC_MODE_DMA);
	ck_assert_uint_eq(info.reason, HISIACC_REASON_NO_FAULTS);
	ck_assert_uint_eq(info.pasid, 0);
	ck_assert_uint_eq(info.type, HISIACC_ZIP_DECOMPRESS);
	ck_assert_uint_eq(info.depth, 1024);
	ck_assert_uint_eq(info.doorbell_mapped, 1);
	ck_assert_uint_eq(info.handle, 1);
	info.size = sizeof(info) - 1;
	ck_assert_int_eq(hisiacc_queue_info(rig.queue, &info), -EINVAL);
	rig_close(&rig);
}
END_TEST

START_TEST(no_doorbell_is_mapped_when_asked_not_to)
{
	struct hisiacc_queue_info info = { .size = sizeof(info) };
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, HISIACC_QUEUE_NO_DOORBELL_MAP,
		 true);
	hisiacc_queue_info(rig.queue, &info);
	ck_assert_uint_eq(info.doorbell_mapped, 0);
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 1);
	ck_assert_uint_eq(fake_calls(HISI_ACC_QUEUE_DOORBELL), 1);
	rig_close(&rig);
}
END_TEST

START_TEST(wrong_attributes_are_refused)
{
	static const struct {
		struct hisiacc_queue_attr attr;
		int err;
	} cases[] = {
		{ { .size = 0 }, -EINVAL },
		{ { .size = sizeof(struct hisiacc_queue_attr) + 4 }, -EINVAL },
		{ { .size = sizeof(struct hisiacc_queue_attr), .flags = 2 },
		  -EOPNOTSUPP },
		{ { .size = sizeof(struct hisiacc_queue_attr), .modes = 8 },
		  -EOPNOTSUPP },
		{ { .size = sizeof(struct hisiacc_queue_attr),
		    .modes = HISIACC_MODE_SVA }, -EOPNOTSUPP },
		{ { .size = sizeof(struct hisiacc_queue_attr), .depth = 3 },
		  -EINVAL },
		{ { .size = sizeof(struct hisiacc_queue_attr), .type = 2 },
		  -EOPNOTSUPP },
	};
	struct hisiacc_queue *queue = (void *)1;
	struct hisiacc_ctx *ctx;

	fake_reset();
	ck_assert_int_eq(hisiacc_open("zip0", &ctx), 0);
	ck_assert_int_eq(hisiacc_queue_alloc(ctx, &cases[_i].attr, &queue),
			 cases[_i].err);
	ck_assert_ptr_null(queue);
	hisiacc_close(ctx);
	fake_check_empty();
}
END_TEST

START_TEST(each_failing_step_of_alloc_undoes_the_others)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr) };
	struct hisiacc_queue *queue = (void *)1;
	struct hisiacc_ctx *ctx;

	fake_reset();
	ck_assert_int_eq(hisiacc_open("zip0", &ctx), 0);
	fake.map_errno = ENOMEM;
	fake.map_fail_after = (unsigned int)_i;
	ck_assert_int_eq(hisiacc_queue_alloc(ctx, &attr, &queue), -ENOMEM);
	ck_assert_ptr_null(queue);
	hisiacc_close(ctx);
	fake_check_empty();
}
END_TEST

START_TEST(nonsense_from_the_driver_is_refused)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr) };
	struct hisiacc_queue *queue;
	struct hisiacc_ctx *ctx;

	fake_reset();
	if (_i == 0)
		fake.depth_grant = 24;
	else if (_i == 1)
		fake.depth_grant = 2048;	/* more than the rings hold */
	else if (_i == 2)
		fake.depth_grant = 1;
	else if (_i == 3)
		fake.db_offset = 4096;
	else
		fake.features = 0, fake.status_size = 72;
	ck_assert_int_eq(hisiacc_open("zip0", &ctx), 0);
	ck_assert_int_eq(hisiacc_queue_alloc(ctx, &attr, &queue), -EPROTO);
	hisiacc_close(ctx);
	fake_check_empty();
}
END_TEST

/* ---- Cancel and restart ---- */

START_TEST(cancel_delivers_each_request_once)
{
	bool lose = _i & 1;
	bool saved_before = _i & 2;
	struct rig rig;
	int i, n;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 16, 0, true);
	/* Off the start of the ring, so that it wraps. */
	for (i = 0; i < 11; i++)
		rig_run(&rig, 0);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(rig_prep(&rig, 100 + (uint64_t)i), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 3);
	fake_run();
	fake.hang = true;
	for (i = 3; i < 6; i++)
		ck_assert_int_eq(rig_prep(&rig, 100 + (uint64_t)i), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 3);
	for (i = 6; i < 8; i++)
		ck_assert_int_eq(rig_prep(&rig, 100 + (uint64_t)i), 0);
	fake.lose = lose;
	ck_assert_int_eq(hisiacc_queue_cancel(rig.queue), 0);
	if (saved_before)
		ck_assert_int_eq(hisiacc_queue_cancel(rig.queue), 0);
	ck_assert_uint_eq(hisiacc_queue_room(rig.queue), 15 - 8);
	fake.hang = false;
	n = hisiacc_queue_peek(rig.queue, c, 3);
	ck_assert_int_eq(n, 3);
	n += hisiacc_queue_peek(rig.queue, c + n, 1000);
	ck_assert_int_eq(n, 8);
	for (i = 0; i < 8; i++) {
		ck_assert_uint_eq(c[i].user_data, 100 + (uint64_t)i);
		ck_assert_uint_eq(c[i].status, i < (lose ? 3 : 6) ?
				  HISIACC_STATUS_OK : HISIACC_STATUS_CANCELLED);
	}
	ck_assert_uint_eq(hisiacc_queue_room(rig.queue), 15);
	rig_run(&rig, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(cancelled_requests_count_against_the_room)
{
	struct rig rig;
	int i;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 4, 0, true);
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(rig_prep(&rig, (uint64_t)i), 0);
	ck_assert_int_eq(hisiacc_queue_cancel(rig.queue), 0);
	ck_assert_int_eq(rig_prep(&rig, 2), 0);
	ck_assert_int_eq(rig_prep(&rig, 3), -EAGAIN);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 1);
	ck_assert_int_eq(hisiacc_queue_cancel(rig.queue), 0);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 10), 3);
	ck_assert_uint_eq(c[2].user_data, 2);
	ck_assert_uint_eq(c[2].status, HISIACC_STATUS_OK);
	rig_close(&rig);
}
END_TEST

START_TEST(a_failed_queue_refuses_until_restart)
{
	struct rig rig;
	int i;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	ck_assert_int_eq(hisiacc_queue_restart(rig.queue), -EBUSY);
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 1);
	fake_run();
	fake.hang = true;
	ck_assert_int_eq(rig_prep(&rig, 2), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 1);
	ck_assert_int_eq(rig_prep(&rig, 3), 0);
	fake_fail_queue(0, HISI_ACC_STATE_ERROR);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), -EIO);
	/* What did arrive is handed out first. */
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), 1);
	ck_assert_uint_eq(c[0].user_data, 1);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), -EIO);
	fake.hang = false;
	ck_assert_int_eq(hisiacc_queue_restart(rig.queue), 0);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), 2);
	ck_assert_uint_eq(c[0].user_data, 2);
	ck_assert_uint_eq(c[0].status, HISIACC_STATUS_UNKNOWN);
	ck_assert_uint_eq(c[1].user_data, 3);
	ck_assert_uint_eq(c[1].status, HISIACC_STATUS_CANCELLED);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), 0);
	rig_run(&rig, 0);
	rig_close(&rig);
}
END_TEST

/* A queue fails, and the device goes on with what it has of it. */
START_TEST(restart_lets_the_device_finish_first)
{
	struct rig rig;
	int i;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(rig_prep(&rig, (uint64_t)i), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 3);
	ck_assert_int_eq(rig_prep(&rig, 3), 0);
	fake.fault = HISI_ACC_STATE_ERROR;
	ck_assert_int_eq(hisiacc_queue_wait(rig.queue, c, 8,
					    HISIACC_NO_DEADLINE), -EIO);
	ck_assert_int_eq(hisiacc_queue_restart(rig.queue), 0);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), 4);
	for (i = 0; i < 4; i++) {
		ck_assert_uint_eq(c[i].user_data, (uint64_t)i);
		ck_assert_uint_eq(c[i].status, i < 3 ? HISIACC_STATUS_OK :
				  HISIACC_STATUS_CANCELLED);
	}
	rig_run(&rig, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(restart_uses_the_new_random_value)
{
	uint32_t before;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	before = fake.queues[0].rand;
	fake_fail_queue(0, HISI_ACC_STATE_ERROR);
	ck_assert_int_eq(hisiacc_queue_restart(rig.queue), 0);
	ck_assert_uint_ne(fake.queues[0].rand, before);
	rig_run(&rig, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(a_device_that_is_gone_still_gives_completions)
{
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	fake.hang = true;
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 1);
	fake_fail_queue(0, HISI_ACC_STATE_GONE);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), -ENODEV);
	ck_assert_int_eq(hisiacc_queue_restart(rig.queue), -ENODEV);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), 1);
	ck_assert_uint_eq(c[0].status, HISIACC_STATUS_UNKNOWN);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), -ENODEV);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), -ENODEV);
	ck_assert_int_eq(hisiacc_queue_state(rig.queue), HISIACC_STATE_GONE);
	rig_close(&rig);
}
END_TEST

START_TEST(cancel_that_cannot_start_again_leaves_an_error)
{
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	fake.fail_request = HISI_ACC_QUEUE_START;
	fake.fail_errno = EIO;
	ck_assert_int_eq(hisiacc_queue_cancel(rig.queue), -EIO);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), 1);
	ck_assert_uint_eq(c[0].status, HISIACC_STATUS_CANCELLED);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), -EIO);
	ck_assert_int_eq(hisiacc_queue_state(rig.queue), HISIACC_STATE_STOPPED);
	ck_assert_int_eq(hisiacc_queue_restart(rig.queue), 0);
	rig_run(&rig, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(cancel_that_cannot_stop_changes_nothing)
{
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	fake.delay_ns = MS;
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 1);
	fake.fail_request = HISI_ACC_QUEUE_STOP;
	fake.fail_errno = EPERM;
	ck_assert_int_eq(hisiacc_queue_cancel(rig.queue), -EPERM);
	ck_assert_int_eq(hisiacc_queue_wait(rig.queue, c, 1,
					    HISIACC_NO_DEADLINE), 1);
	ck_assert_uint_eq(c[0].status, HISIACC_STATUS_OK);
	rig_close(&rig);
}
END_TEST

START_TEST(a_doorbell_call_that_fails_publishes_nothing)
{
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, HISIACC_QUEUE_NO_DOORBELL_MAP,
		 true);
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	fake.fail_request = HISI_ACC_QUEUE_DOORBELL;
	fake.fail_errno = ENODEV;
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), -ENODEV);
	ck_assert_int_eq(hisiacc_queue_wait(rig.queue, c, 1, 0), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 1);
	fake_run();
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), 1);
	rig_close(&rig);
}
END_TEST

Suite *queue_suite(void)
{
	Suite *suite = suite_create("queue");
	TCase *tc = tcase_create("alloc");

	tcase_add_test(tc, info_tells_what_was_granted);
	tcase_add_test(tc, no_doorbell_is_mapped_when_asked_not_to);
	tcase_add_loop_test(tc, wrong_attributes_are_refused, 0, 7);
	tcase_add_loop_test(tc, each_failing_step_of_alloc_undoes_the_others, 0,
			    3);
	tcase_add_loop_test(tc, nonsense_from_the_driver_is_refused, 0, 5);
	suite_add_tcase(suite, tc);

	tc = tcase_create("cancel");
	tcase_add_loop_test(tc, cancel_delivers_each_request_once, 0, 4);
	tcase_add_test(tc, cancelled_requests_count_against_the_room);
	tcase_add_test(tc, a_failed_queue_refuses_until_restart);
	tcase_add_test(tc, restart_lets_the_device_finish_first);
	tcase_add_test(tc, restart_uses_the_new_random_value);
	tcase_add_test(tc, a_device_that_is_gone_still_gives_completions);
	tcase_add_test(tc, cancel_that_cannot_start_again_leaves_an_error);
	tcase_add_test(tc, cancel_that_cannot_stop_changes_nothing);
	tcase_add_test(tc, a_doorbell_call_that_fails_publishes_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}
