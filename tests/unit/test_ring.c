// SPDX-License-Identifier: GPL-2.0
#include "test.h"

static const uint32_t depths[] = {
	2, 4, 8, 16, 32, 64, 128, 256, 512, 1024
};

static unsigned int submit_n(struct rig *rig, unsigned int n, uint64_t first)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		must(!rig_prep(rig, first + i));
	must(hisiacc_queue_submit(rig->queue) == (int)n);
	return n;
}

static void expect_n(struct rig *rig, unsigned int n, uint64_t first)
{
	struct hisiacc_completion c;
	unsigned int i;

	for (i = 0; i < n; i++) {
		must(hisiacc_queue_peek(rig->queue, &c, 1) == 1);
		must(c.user_data == first + i);
		must(c.status == HISIACC_STATUS_OK);
		must(c.consumed == 64);
	}
	must(!hisiacc_queue_peek(rig->queue, &c, 1));
}

static void wrap(uint32_t depth, uint32_t flags)
{
	unsigned int sizes[] = { 1, depth / 2, depth - 1 };
	unsigned int i, total = 0, n;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, depth, flags, true);
	/* Long enough for the phase to flip twice at each batch size. */
	for (i = 0; i < N(sizes); i++) {
		for (n = 0; n < 2 * depth + 3; ) {
			submit_n(&rig, sizes[i], total);
			fake_run();
			expect_n(&rig, sizes[i], total);
			n += sizes[i];
			total += sizes[i];
		}
	}
	ck_assert_uint_eq(fake.requests, total);
	rig_close(&rig);
}

START_TEST(completions_come_in_order_over_every_wrap)
{
	wrap(depths[_i], 0);
}
END_TEST

START_TEST(completions_come_in_order_without_a_mapped_doorbell)
{
	wrap(depths[_i], HISIACC_QUEUE_NO_DOORBELL_MAP);
}
END_TEST

START_TEST(a_full_ring_takes_one_less_than_its_depth)
{
	uint32_t depth = depths[_i / 2];
	struct rig rig;
	uint32_t turn;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, depth, _i & 1, true);
	/* At each position of the tail in the ring. */
	for (turn = 0; turn < depth + 2; turn++) {
		ck_assert_uint_eq(hisiacc_queue_room(rig.queue), depth - 1);
		submit_n(&rig, depth - 1, turn);
		ck_assert_uint_eq(hisiacc_queue_room(rig.queue), 0);
		ck_assert_int_eq(rig_prep(&rig, 99), -EAGAIN);
		ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 0);
		fake_run();
		expect_n(&rig, depth - 1, turn);
		submit_n(&rig, 1, 7);
		fake_run();
		expect_n(&rig, 1, 7);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(a_slot_is_free_again_after_each_completion)
{
	uint32_t depth = depths[_i / 2], i;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, depth, _i & 1, true);
	submit_n(&rig, depth - 1, 0);
	for (i = 0; i < 3 * depth; i++) {
		struct hisiacc_completion c;

		fake_run();
		ck_assert_int_eq(hisiacc_queue_peek(rig.queue, &c, 1), 1);
		ck_assert_uint_eq(c.user_data, i);
		ck_assert_uint_eq(hisiacc_queue_room(rig.queue), 1);
		submit_n(&rig, 1, depth - 1 + i);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(an_empty_ring_gives_nothing)
{
	struct hisiacc_completion c[4];
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, depths[_i], 0, true);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 4), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 0);
	ck_assert_uint_eq(fake.sq_doorbells, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(nothing_is_published_before_submit)
{
	struct hisiacc_completion c;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	ck_assert_int_eq(rig_prep(&rig, 2), 0);
	fake_run();
	ck_assert_uint_eq(fake.requests, 0);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, &c, 1), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 2);
	fake_run();
	ck_assert_uint_eq(fake.sq_doorbells, 1);
	ck_assert_uint_eq(fake.requests, 2);
	rig_close(&rig);
}
END_TEST

START_TEST(one_doorbell_publishes_a_batch)
{
	struct hisiacc_queue_stats stats = { .size = sizeof(stats) };
	struct hisiacc_completion c[32];
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 1024, 0, true);
	submit_n(&rig, 32, 0);
	fake_run();
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 32), 32);
	ck_assert_int_eq(hisiacc_queue_stats(rig.queue, &stats), 0);
	ck_assert_uint_eq(stats.submitted, 32);
	ck_assert_uint_eq(stats.completed, 32);
	ck_assert_uint_eq(stats.sq_doorbells, 1);
	ck_assert_uint_eq(stats.cq_doorbells, 0);
	ck_assert_uint_eq(stats.sleeps, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(completion_slots_are_given_back_by_the_half_ring)
{
	struct hisiacc_queue_stats stats = { .size = sizeof(stats) };
	struct rig rig;
	int i;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 64, 0, true);
	for (i = 0; i < 640; i++) {
		submit_n(&rig, 1, 0);
		fake_run();
		expect_n(&rig, 1, 0);
	}
	hisiacc_queue_stats(rig.queue, &stats);
	ck_assert_uint_eq(stats.cq_doorbells, 640 / 32);
	ck_assert_uint_eq(stats.sq_doorbells, 640);
	rig_close(&rig);
}
END_TEST

START_TEST(no_ioctl_is_made_between_submit_and_peek)
{
	unsigned int before;
	struct rig rig;
	int i;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 16, 0, true);
	before = fake.ioctls;
	for (i = 0; i < 100; i++) {
		submit_n(&rig, 5, 0);
		fake_run();
		expect_n(&rig, 5, 0);
	}
	ck_assert_uint_eq(fake.ioctls, before);
	ck_assert_uint_eq(fake.polls, 0);
	rig_close(&rig);
}
END_TEST

/* ---- A device that writes nonsense ---- */

static uint16_t evil_sq_head;

static void mutate_sq_head(uint32_t *sqe, uint16_t *cqe)
{
	(void)sqe;
	cqe[4] = evil_sq_head;
}

START_TEST(a_completion_for_another_slot_fails_the_queue)
{
	static const uint16_t heads[] = { 1, 2, 7, 8, 9, 0x7fff, 0x8000, 0xffff };
	struct hisiacc_completion c[8];
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	evil_sq_head = heads[_i];
	fake.mutate = mutate_sq_head;
	submit_n(&rig, 2, 40);
	fake_run();
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), -EIO);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), -EIO);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), -EIO);
	ck_assert_int_eq(hisiacc_queue_state(rig.queue), HISIACC_STATE_ERROR);
	fake.mutate = NULL;
	ck_assert_int_eq(hisiacc_queue_restart(rig.queue), 0);
	ck_assert_uint_eq(fake.calls[HISI_ACC_QUEUE_STOP & 0x3f], 1);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, c, 8), 2);
	ck_assert_uint_eq(c[0].user_data, 40);
	ck_assert_uint_eq(c[1].user_data, 41);
	ck_assert_uint_eq(c[0].status, HISIACC_STATUS_UNKNOWN);
	submit_n(&rig, 2, 50);
	fake_run();
	expect_n(&rig, 2, 50);
	rig_close(&rig);
}
END_TEST

static void mutate_phase(uint32_t *sqe, uint16_t *cqe)
{
	(void)sqe;
	cqe[7] ^= 1;
}

START_TEST(an_entry_with_the_other_phase_is_no_completion)
{
	struct hisiacc_completion c;
	struct rig rig;
	uint32_t i;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	for (i = 0; i < (unsigned int)_i; i++) {
		submit_n(&rig, 1, 0);
		fake_run();
		expect_n(&rig, 1, 0);
	}
	fake.mutate = mutate_phase;
	submit_n(&rig, 1, 0);
	fake_run();
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, &c, 1), 0);
	fake.mutate = NULL;
	rig_close(&rig);
}
END_TEST

static void mutate_upper_bits(uint32_t *sqe, uint16_t *cqe)
{
	(void)sqe;
	cqe[0] = cqe[1] = cqe[2] = cqe[3] = cqe[5] = cqe[6] = 0xffff;
	cqe[7] |= 0xfffe;
}

START_TEST(other_bits_of_an_entry_are_ignored)
{
	struct rig rig;
	int i;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	fake.mutate = mutate_upper_bits;
	for (i = 0; i < 20; i++) {
		submit_n(&rig, 1, 0);
		fake_run();
		expect_n(&rig, 1, 0);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(an_entry_with_nothing_in_flight_is_no_completion)
{
	struct hisiacc_completion c;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	fake.queues[0].cq[7] = htole16(1);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, &c, 1), 0);
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, &c, 1), 0);
	ck_assert_uint_eq(hisiacc_queue_room(rig.queue), 6);
	rig_close(&rig);
}
END_TEST

static int evil_word;
static uint32_t evil_value;

static void mutate_sqe(uint32_t *sqe, uint16_t *cqe)
{
	(void)cqe;
	sqe[evil_word] = evil_value;
}

START_TEST(impossible_results_fail_the_queue)
{
	static const struct {
		int word;
		uint32_t value;
	} cases[] = {
		{ 0, 65 },		/* consumed more than there was */
		{ 0, 0xffffffff },
		{ 1, 511 },		/* produced more than fits (2 are header) */
		{ 1, 0xffffffff },
		{ 26, 1 },		/* the tag of another request */
	};
	struct hisiacc_completion c;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	evil_word = cases[_i].word;
	evil_value = cases[_i].value;
	fake.mutate = mutate_sqe;
	submit_n(&rig, 1, 0);
	fake_run();
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, &c, 1), -EIO);
	rig_close(&rig);
}
END_TEST

START_TEST(a_slot_keeps_nothing_of_its_last_request)
{
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 2, 0, true);
	evil_word = _i;
	evil_value = 0xdeadbeef;
	submit_n(&rig, 1, 0);
	fake_run();
	expect_n(&rig, 1, 0);
	submit_n(&rig, 1, 0);
	fake_run();
	expect_n(&rig, 1, 0);
	/* Slot 0 again; the device has scribbled over the whole of it. */
	memset(fake.queues[0].sq, 0xff, 128);
	submit_n(&rig, 1, 0);
	fake_run();
	ck_assert_uint_eq(fake.last_sqe[_i], _i == 4 ? 64 : _i == 7 ?
			  0x3a000000 : _i == 9 ? 0x4002 : _i == 14 ? 510 :
			  _i >= 18 && _i < 22 ? fake.last_sqe[_i] : 0);
	expect_n(&rig, 1, 0);
	rig_close(&rig);
}
END_TEST

Suite *ring_suite(void)
{
	Suite *suite = suite_create("ring");
	TCase *tc = tcase_create("depths");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, completions_come_in_order_over_every_wrap, 0,
			    N(depths));
	tcase_add_loop_test(tc,
			    completions_come_in_order_without_a_mapped_doorbell,
			    0, N(depths));
	tcase_add_loop_test(tc, a_full_ring_takes_one_less_than_its_depth, 0,
			    2 * 7);
	tcase_add_loop_test(tc, a_slot_is_free_again_after_each_completion, 0,
			    2 * N(depths));
	tcase_add_loop_test(tc, an_empty_ring_gives_nothing, 0, N(depths));
	suite_add_tcase(suite, tc);

	tc = tcase_create("doorbells");
	tcase_add_test(tc, nothing_is_published_before_submit);
	tcase_add_test(tc, one_doorbell_publishes_a_batch);
	tcase_add_test(tc, completion_slots_are_given_back_by_the_half_ring);
	tcase_add_test(tc, no_ioctl_is_made_between_submit_and_peek);
	suite_add_tcase(suite, tc);

	tc = tcase_create("hostile");
	tcase_add_loop_test(tc, a_completion_for_another_slot_fails_the_queue,
			    0, 8);
	tcase_add_loop_test(tc, an_entry_with_the_other_phase_is_no_completion,
			    0, 17);
	tcase_add_test(tc, an_entry_with_nothing_in_flight_is_no_completion);
	tcase_add_test(tc, other_bits_of_an_entry_are_ignored);
	tcase_add_loop_test(tc, impossible_results_fail_the_queue, 0, 5);
	tcase_add_loop_test(tc, a_slot_keeps_nothing_of_its_last_request, 0,
			    32);
	suite_add_tcase(suite, tc);
	return suite;
}
