// SPDX-License-Identifier: GPL-2.0
/*
 * Requests, lists and streams whose memory is known by pointers only: how they
 * end, what they do with little memory, and what is left when a step fails.
 */
#include "test.h"

#define PAGE	4096u
#define DEPTH	8
#define SIZE	(12u << 20)

static struct hisiacc_ctx *ctx;
static struct hisiacc_queue *queue;
static struct hisiacc_completion c[DEPTH];
static uint8_t *src, *dst, *back;

static void take_queue(uint32_t type)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr),
					   .depth = DEPTH, .type = type };

	must(!hisiacc_queue_alloc(ctx, &attr, &queue));
}

static void setup(void)
{
	fake_reset();
	must(!hisiacc_open("zip0", &ctx));
	take_queue(HISIACC_ZIP_COMPRESS);
	src = aligned_alloc(PAGE, SIZE);
	dst = aligned_alloc(PAGE, 2 * SIZE);
	back = aligned_alloc(PAGE, SIZE);
	fill_text(src, SIZE);
	memset(back, 0, SIZE);
}

static void teardown(void)
{
	hisiacc_queue_free(queue);
	hisiacc_close(ctx);
	fake_check_empty();
	free(src);
	free(dst);
	free(back);
}

static struct hisiacc_zip_req request(const void *from, size_t n, void *to,
				      size_t room)
{
	return (struct hisiacc_zip_req){
		.size = sizeof(struct hisiacc_zip_req),
		.format = HISIACC_ZIP_GZIP,
		.src = from, .src_len = n, .dst = to, .dst_len = room,
	};
}

static int prep(void)
{
	struct hisiacc_zip_req req = request(src, 100, dst, 1000);

	return hisiacc_zip_prep(queue, &req, 0);
}

/* References that are held to entries of the cache. */
static uint32_t held(void)
{
	uint32_t i, n = 0;

	for (i = 0; i < ctx->cache.made; i++)
		n += (uint32_t)ctx->cache.entries[i].word;
	return n;
}

/* ---- How requests end ---- */

START_TEST(a_request_refers_to_its_memory_until_it_is_taken)
{
	ck_assert_int_eq(prep(), 0);
	ck_assert_uint_eq(held(), 2);
	ck_assert_int_eq(hisiacc_queue_submit(queue), 1);
	fake_run();
	ck_assert_uint_eq(held(), 2);
	ck_assert_int_eq(hisiacc_queue_peek(queue, c, 1), 1);
	ck_assert_uint_eq(held(), 0);
	ck_assert_uint_eq(queue->special, 0);
}
END_TEST

START_TEST(requests_that_are_refused_refer_to_nothing)
{
	struct hisiacc_zip_req req = request(src, 100, dst, 10);
	int i;

	ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), -ENOSPC);
	req.dst_len = 0;
	ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), -ENOSPC);
	req = request(src, 0, dst, 100);
	ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), -EINVAL);
	req = request(src, SIZE, dst, 100);
	ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), -E2BIG);
	req = request(src, SIZE_MAX, dst, 100);
	ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), -E2BIG);
	ck_assert_uint_eq(held(), 0);
	for (i = 0; i < DEPTH - 1; i++)
		ck_assert_int_eq(prep(), 0);
	ck_assert_int_eq(prep(), -EAGAIN);
	ck_assert_uint_eq(held(), 2 * (DEPTH - 1));
	ck_assert_uint_eq(queue->special, 2 * (DEPTH - 1));
}
END_TEST

START_TEST(cancel_drops_references_once)
{
	ck_assert_int_eq(prep(), 0);
	ck_assert_int_eq(hisiacc_queue_submit(queue), 1);
	ck_assert_int_eq(prep(), 0);
	fake.hang = true;
	fake.lose = _i;
	ck_assert_int_eq(hisiacc_queue_cancel(queue), 0);
	ck_assert_uint_eq(held(), 0);
	ck_assert_uint_eq(queue->special, 0);
	ck_assert_int_eq(hisiacc_queue_peek(queue, c, DEPTH), 2);
	ck_assert_uint_eq(held(), 0);
	fake.hang = false;
	ck_assert_int_eq(prep(), 0);
	ck_assert_uint_eq(held(), 2);
}
END_TEST

START_TEST(a_failed_queue_keeps_references_until_it_is_restarted)
{
	ck_assert_int_eq(prep(), 0);
	ck_assert_int_eq(hisiacc_queue_submit(queue), 1);
	fake_fail_queue(0, HISI_ACC_STATE_ERROR);
	ck_assert_int_eq(hisiacc_queue_peek(queue, c, DEPTH), -EIO);
	ck_assert_uint_eq(held(), 2);
	ck_assert_uint_eq(hisiacc_ctx_cache_flush(ctx), 2);
	if (_i)
		return;		/* and freeing it will do as well */
	ck_assert_int_eq(hisiacc_queue_restart(queue), 0);
	ck_assert_uint_eq(held(), 0);
	ck_assert_int_eq(hisiacc_queue_peek(queue, c, DEPTH), 1);
	ck_assert_uint_eq(held(), 0);
}
END_TEST

static void write_nonsense(uint32_t *sqe, uint16_t *cqe)
{
	(void)sqe;
	cqe[4] ^= 1;
}

START_TEST(nonsense_drops_no_reference)
{
	ck_assert_int_eq(prep(), 0);
	ck_assert_int_eq(hisiacc_queue_submit(queue), 1);
	fake.mutate = write_nonsense;
	fake_run();
	ck_assert_int_eq(hisiacc_queue_peek(queue, c, DEPTH), -EIO);
	ck_assert_uint_eq(held(), 2);
	fake.mutate = NULL;
	ck_assert_int_eq(hisiacc_queue_restart(queue), 0);
	ck_assert_uint_eq(held(), 0);
}
END_TEST

START_TEST(a_queue_is_freed_with_requests_in_flight)
{
	ck_assert_int_eq(prep(), 0);
	ck_assert_int_eq(hisiacc_queue_submit(queue), 1);
	ck_assert_int_eq(prep(), 0);
	hisiacc_queue_free(queue);
	ck_assert_uint_eq(held(), 0);
	ck_assert_uint_eq(fake.pinned, 0);
	take_queue(HISIACC_ZIP_COMPRESS);
}
END_TEST

/* ---- Little memory ---- */

static void there_and_back(size_t n)
{
	struct hisiacc_zip_req req = request(src, n, dst, 2 * SIZE);
	struct hisiacc_completion done;

	must(!hisiacc_zip_compress(queue, &req, HISIACC_NO_DEADLINE, &done));
	must(done.status == HISIACC_STATUS_OK && done.consumed == n);
	must(ref_decompress(HISIACC_ZIP_GZIP, dst, done.produced, back, SIZE) ==
	     n);
	must(!memcmp(src, back, n));
	hisiacc_queue_free(queue);
	take_queue(HISIACC_ZIP_DECOMPRESS);
	memset(back, 0, n);
	req = request(dst, done.produced, back, n);
	must(!hisiacc_zip_decompress(queue, &req, HISIACC_NO_DEADLINE, &done));
	must(done.status == HISIACC_STATUS_OK && done.produced == n);
	must(!memcmp(src, back, n));
	hisiacc_queue_free(queue);
	take_queue(HISIACC_ZIP_COMPRESS);
}

/* Bytes that may be pinned; what a stream needs for itself among them. */
static const uint64_t budgets[] = {
	32u << 20, 8u << 20, 1u << 20, 300000, 200000, 100000,
};

START_TEST(any_size_will_do_with_little_memory)
{
	static const size_t sizes[] = { 1, 5000, 300000, 8u << 20, SIZE };

	fake.budget = budgets[_i / 5];
	there_and_back(sizes[_i % 5]);
	ck_assert_uint_eq(held(), 0);
}
END_TEST

START_TEST(noise_will_do_with_little_memory)
{
	fill_noise(src, 3u << 20);
	fake.budget = budgets[_i];
	there_and_back(3u << 20);
}
END_TEST

START_TEST(what_can_only_be_read_by_the_device_is_copied)
{
	fake.odd = (struct fake_range){ dst, 2 * SIZE };
	there_and_back(_i ? 300000 : 10000);
	fake.odd = (struct fake_range){ back, SIZE };
	there_and_back(300000);
	/* while a request that is prepared says so */
	fake.odd = (struct fake_range){ dst, 2 * SIZE };
	ck_assert_int_eq(prep(), -EOPNOTSUPP);
	ck_assert_uint_eq(held(), 0);
}
END_TEST

START_TEST(a_bounded_cache_is_like_little_memory)
{
	struct hisiacc_cache_attr attr = {
		.size = sizeof(attr), .entries = 2, .bytes = 1u << 20,
	};

	ck_assert_int_eq(hisiacc_ctx_set_cache(ctx, &attr), 0);
	there_and_back(5u << 20);
	attr.entries = 1;
	ck_assert_int_eq(hisiacc_ctx_set_cache(ctx, &attr), 0);
	there_and_back(1u << 20);
}
END_TEST

START_TEST(a_stream_in_missing_memory_fails_for_good)
{
	struct hisiacc_zip_req req = request(src, SIZE, dst, 2 * SIZE);
	struct hisiacc_zip_stream *stream;

	req.flags = HISIACC_ZIP_FINISH;
	fake.missing = (struct fake_range){ src + SIZE - 1, 1 };
	ck_assert_int_eq(hisiacc_zip_stream_alloc(queue, HISIACC_ZIP_GZIP,
						  &stream), 0);
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						HISIACC_NO_DEADLINE, c),
			 -EFAULT);
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						HISIACC_NO_DEADLINE, c),
			 -EPIPE);
	fake.missing.size = 0;
	hisiacc_zip_stream_reset(stream);
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						HISIACC_NO_DEADLINE, c), 0);
	ck_assert_uint_eq(c->status, HISIACC_STATUS_END);
	ck_assert_uint_eq(held(), 0);
	hisiacc_zip_stream_free(stream);
}
END_TEST

/* ---- Lists ---- */

static struct hisiacc_sgl *lists[2];

static void alloc_lists(void)
{
	ck_assert_int_eq(hisiacc_sgl_alloc(queue, 4, &lists[0]), 0);
	ck_assert_int_eq(hisiacc_sgl_alloc(queue, 4, &lists[1]), 0);
}

static void set_lists(void)
{
	struct hisiacc_segment from[] = {
		{ src, 1000, NULL }, { src + 100000, 5000, NULL },
	};
	struct hisiacc_segment to[] = {
		{ dst, 3, NULL }, { dst + 100000, 50000, NULL },
	};

	ck_assert_int_eq(hisiacc_sgl_set(lists[0], from, 2), 0);
	ck_assert_int_eq(hisiacc_sgl_set(lists[1], to, 2), 0);
}

static void free_lists(void)
{
	hisiacc_sgl_free(lists[0]);
	hisiacc_sgl_free(lists[1]);
}

static int prep_lists(void)
{
	struct hisiacc_zip_req req = request(NULL, 0, NULL, 0);

	req.src_sgl = lists[0];
	req.dst_sgl = lists[1];
	return hisiacc_zip_prep(queue, &req, 0);
}

static void finish(int n)
{
	must(hisiacc_queue_submit(queue) == n);
	fake_run();
	must(hisiacc_queue_peek(queue, c, DEPTH) == n);
	must(c[n - 1].status == HISIACC_STATUS_OK);
}

START_TEST(a_list_refers_to_its_memory_until_it_is_set_anew)
{
	struct hisiacc_segment one = { src, 10, NULL };

	alloc_lists();
	set_lists();
	ck_assert_uint_eq(held(), 4);
	ck_assert_int_eq(prep_lists(), 0);
	ck_assert_uint_eq(held(), 4);
	finish(1);
	ck_assert_uint_eq(c->consumed, 6000);
	ck_assert_uint_eq(held(), 4);
	ck_assert_int_eq(hisiacc_sgl_set(lists[0], &one, 1), 0);
	ck_assert_uint_eq(held(), 3);
	ck_assert_int_eq(hisiacc_sgl_set(lists[1], NULL, 0), 0);
	ck_assert_uint_eq(held(), 1);
	free_lists();
	ck_assert_uint_eq(held(), 0);
}
END_TEST

START_TEST(a_list_follows_its_memory)
{
	unsigned int pins;

	alloc_lists();
	set_lists();
	ck_assert_int_eq(prep_lists(), 0);
	finish(1);
	pins = fake.pinned;
	fake_change(src, 1);
	ck_assert_int_eq(prep_lists(), 0);
	finish(1);
	ck_assert_uint_eq(fake.pinned, pins);
	ck_assert_uint_eq(held(), 4);
	/* what has nothing to do with it makes no difference */
	fake.status->mem_generation++;
	ck_assert_int_eq(prep_lists(), 0);
	ck_assert_int_eq(prep_lists(), 0);
	/* while it is in use it cannot be looked up anew */
	fake_change(src, 1);
	ck_assert_int_eq(prep_lists(), -EAGAIN);
	finish(2);
	ck_assert_int_eq(prep_lists(), 0);
	finish(1);
	/* and when that fails it is tried again */
	fake_change(src, 1);
	fake.missing = (struct fake_range){ src, 1 };
	ck_assert_int_eq(prep_lists(), -EFAULT);
	ck_assert_int_eq(prep_lists(), -EFAULT);
	ck_assert_uint_eq(held(), 2);
	fake.missing.size = 0;
	ck_assert_int_eq(prep_lists(), 0);
	finish(1);
	free_lists();
}
END_TEST

START_TEST(a_list_of_constant_memory_is_a_source)
{
	fake.constant = (struct fake_range){ src, 200000 };
	alloc_lists();
	set_lists();
	ck_assert_int_eq(prep_lists(), 0);
	finish(1);
	/* where the device may write is known by now, so forget that */
	ck_assert_int_eq(hisiacc_sgl_set(lists[1], NULL, 0), 0);
	ck_assert_uint_eq(hisiacc_ctx_cache_flush(ctx), 2);
	fake.constant = (struct fake_range){ dst, 1 };
	set_lists();
	ck_assert_int_eq(prep_lists(), -EFAULT);
	fake.constant.size = 0;
	ck_assert_int_eq(prep_lists(), 0);
	finish(1);
	free_lists();
}
END_TEST

START_TEST(a_list_is_for_requests_of_its_queue)
{
	struct hisiacc_queue *first = queue;

	alloc_lists();
	set_lists();
	take_queue(HISIACC_ZIP_COMPRESS);
	ck_assert_int_eq(prep_lists(), -EINVAL);
	hisiacc_queue_free(queue);
	queue = first;
	free_lists();
}
END_TEST

/* ---- Each step fails once ---- */

/* All that there is to do with pointers. 0 or what failed. */
static int do_all(void)
{
	struct hisiacc_zip_req req = request(src, 5000, dst, 10000);
	struct hisiacc_segment one = { src + 70000, 5000, NULL };
	struct hisiacc_zip_stream *stream = NULL;
	struct hisiacc_sgl *list = NULL;
	int err;

	err = hisiacc_zip_compress(queue, &req, HISIACC_NO_DEADLINE, c);
	if (!err)
		err = hisiacc_sgl_alloc(queue, 1, &list);
	if (!err)
		err = hisiacc_sgl_set(list, &one, 1);
	fake_change(src, PAGE);
	req = request(src, 9u << 20, dst, SIZE);
	if (!err)
		err = hisiacc_zip_compress(queue, &req, HISIACC_NO_DEADLINE,
					   c);
	if (!err)
		err = hisiacc_zip_stream_alloc(queue, HISIACC_ZIP_ZLIB,
					       &stream);
	req = request(src + 9999, 100000, dst + 7, 200000);
	if (!err)
		err = hisiacc_zip_stream_run(stream, &req, HISIACC_NO_DEADLINE,
					     c);
	(void)hisiacc_ctx_cache_flush(ctx);
	hisiacc_zip_stream_free(stream);
	hisiacc_sgl_free(list);
	return err;
}

START_TEST(no_failing_system_call_leaves_anything)
{
	static const int errors[] = { ENOMEM, EFAULT, EIO, ENOSPC, EBUSY };
	unsigned int n;
	int err;

	fake.fail_errno = errors[_i];
	for (n = 1;; n++) {
		fake.fail_ioctl = n;
		err = do_all();
		ck_assert_uint_eq(held(), 0);
		if (fake.fail_ioctl)
			break;	/* so many there are not */
		ck_assert_msg(!err || err == -errors[_i] || err == -ENOMEM,
			      "call %u: %d", n, err);
		/* a stop that fails is the end of a queue */
		fake.fail_ioctl = 0;
		hisiacc_queue_free(queue);
		ck_assert_uint_eq(fake.pinned, 0);
		take_queue(HISIACC_ZIP_COMPRESS);
	}
	ck_assert_int_eq(err, 0);
	ck_assert_uint_gt(n, 8);
	fake.fail_ioctl = 0;
}
END_TEST

START_TEST(no_failing_allocation_leaves_anything)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr),
					   .depth = DEPTH };
	unsigned int n;
	int err;

	for (n = 1;; n++) {
		hisiacc_queue_free(queue);
		hisiacc_close(ctx);
		queue = NULL;
		fake_check_empty();
		fake.fail_alloc = n;
		err = hisiacc_open("zip0", &ctx);
		if (!err)
			err = hisiacc_queue_alloc(ctx, &attr, &queue);
		if (!err)
			err = do_all();
		if (fake.fail_alloc)
			break;
		/* without a table, a stream copies */
		ck_assert_msg(!err || err == -ENOMEM, "calloc %u: %d", n, err);
	}
	ck_assert_int_eq(err, 0);
	ck_assert_uint_gt(n, 8);
	fake.fail_alloc = 0;
}
END_TEST

Suite *cache_use_suite(void)
{
	Suite *suite = suite_create("cache in use");
	TCase *tc = tcase_create("ends");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_request_refers_to_its_memory_until_it_is_taken);
	tcase_add_test(tc, requests_that_are_refused_refer_to_nothing);
	tcase_add_loop_test(tc, cancel_drops_references_once, 0, 2);
	tcase_add_loop_test(tc, a_failed_queue_keeps_references_until_it_is_restarted,
			    0, 2);
	tcase_add_test(tc, nonsense_drops_no_reference);
	tcase_add_test(tc, a_queue_is_freed_with_requests_in_flight);
	suite_add_tcase(suite, tc);

	tc = tcase_create("little memory");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, any_size_will_do_with_little_memory, 0,
			    5 * N(budgets));
	tcase_add_loop_test(tc, noise_will_do_with_little_memory, 0,
			    N(budgets));
	tcase_add_loop_test(tc, what_can_only_be_read_by_the_device_is_copied,
			    0, 2);
	tcase_add_test(tc, a_bounded_cache_is_like_little_memory);
	tcase_add_test(tc, a_stream_in_missing_memory_fails_for_good);
	suite_add_tcase(suite, tc);

	tc = tcase_create("lists");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_list_refers_to_its_memory_until_it_is_set_anew);
	tcase_add_test(tc, a_list_follows_its_memory);
	tcase_add_test(tc, a_list_of_constant_memory_is_a_source);
	tcase_add_test(tc, a_list_is_for_requests_of_its_queue);
	suite_add_tcase(suite, tc);

	tc = tcase_create("failing steps");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, no_failing_system_call_leaves_anything, 0, 5);
	tcase_add_test(tc, no_failing_allocation_leaves_anything);
	suite_add_tcase(suite, tc);
	return suite;
}
