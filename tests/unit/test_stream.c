// SPDX-License-Identifier: GPL-2.0
#include "test.h"

#define MS	1000000u
#define PLAIN	300000u

static struct rig rig;
static struct hisiacc_zip_stream *stream;
static uint32_t fmt;
static uint8_t *packed, *plain;

static void begin(uint32_t type, uint32_t format)
{
	rig_open(&rig, type, 8, 0, true);
	fmt = format;
	packed = malloc(RIG_HALF);
	plain = malloc(RIG_HALF);
	ck_assert_int_eq(hisiacc_zip_stream_alloc(rig.queue, format, &stream),
			 0);
}

static void end(void)
{
	hisiacc_zip_stream_free(stream);
	rig_close(&rig);
	free(packed);
	free(plain);
}

static struct hisiacc_completion run(const uint8_t *src, size_t src_len,
				     uint8_t *dst, size_t dst_len,
				     uint32_t flags)
{
	struct hisiacc_completion c = { .status = 99 };
	struct hisiacc_zip_req req = rig_req(&rig, 0, src_len, dst_len);

	req.src = src;
	req.dst = dst;
	req.flags = flags;
	must(!hisiacc_zip_stream_run(stream, &req, HISIACC_NO_DEADLINE, &c));
	must(c.consumed <= src_len);
	must(c.produced <= dst_len);
	return c;
}

/*
 * Feeds @len bytes from rig.src in pieces of @in with room for @out at a time;
 * finish comes with the last piece, or behind it. Returns bytes in rig.dst.
 */
static size_t pump(size_t len, size_t in, size_t out, bool finish_apart,
		   uint32_t *status)
{
	size_t pos = 0, produced = 0;
	struct hisiacc_completion c;
	unsigned int idle = 0;

	do {
		size_t n = min_size(in, len - pos);
		bool last = finish_apart ? pos == len : pos + n == len;

		c = run(rig.src + pos, n, rig.dst + produced,
			min_size(out, RIG_HALF - produced),
			last ? HISIACC_ZIP_FINISH : 0);
		pos += c.consumed;
		produced += c.produced;
		idle = c.consumed || c.produced ? 0 : idle + 1;
		must(idle < 3);
	} while (c.status == HISIACC_STATUS_OK);
	*status = c.status;
	if (c.status == HISIACC_STATUS_END)
		ck_assert_uint_eq(pos, len);
	return produced;
}

static const size_t sizes[] = {
	1, 3, 207, 208, 4095, 4097, 65536, RIG_HALF
};

static void compress_all(size_t len, size_t in, size_t out, bool apart)
{
	uint32_t status;
	size_t n;

	n = pump(len, in, out, apart, &status);
	ck_assert_uint_eq(status, HISIACC_STATUS_END);
	ck_assert_uint_eq(ref_decompress(fmt, rig.dst, n, plain,
					 RIG_HALF), len);
	ck_assert_mem_eq(plain, rig.src, len);
	fake_check();
	hisiacc_zip_stream_reset(stream);
}

START_TEST(compression_takes_pieces_of_any_size)
{
	size_t in = sizes[(size_t)_i / N(sizes)];
	size_t out = sizes[(size_t)_i % N(sizes)];
	size_t len = in < 200 || out < 200 ? 9001 : PLAIN;
	size_t f;

	for (f = 0; f < 3; f++) {
		begin(HISIACC_ZIP_COMPRESS, all_formats[f]);
		compress_all(len, in, out, false);
		compress_all(len, in, out, true);
		fill_noise(rig.src, len);
		compress_all(len, in, out, false);
		end();
	}
}
END_TEST

START_TEST(compression_of_every_small_length)
{
	size_t len, f;

	for (f = 0; f < 3; f++) {
		begin(HISIACC_ZIP_COMPRESS, all_formats[f]);
		for (len = 0; len < 40; len++) {
			compress_all(len, 7, 1000, false);
			compress_all(len, 7, 1000, true);
			compress_all(len, 1000, 3, true);
		}
		for (len = 4090; len < 4102; len++) {
			compress_all(len, 4096, 1000, false);
			compress_all(len, 4096, RIG_HALF, true);
			compress_all(len, 100, RIG_HALF, true);
		}
		end();
	}
}
END_TEST

START_TEST(large_pieces_are_not_copied_or_cut)
{
	begin(HISIACC_ZIP_COMPRESS, HISIACC_ZIP_GZIP);
	compress_all(PLAIN, PLAIN, RIG_HALF, false);
	ck_assert_uint_eq(fake.requests, 1);
	ck_assert_uint_eq(le32toh(fake.last_sqe[4]), PLAIN);
	ck_assert_uint_eq(le32toh(fake.last_sqe[7]), 0x3e000000);
	ck_assert_uint_eq(le32toh(fake.last_sqe[18]),
			  (uint32_t)((uintptr_t)rig.src + FAKE_IOVA));
	end();
}
END_TEST

START_TEST(small_writes_are_gathered)
{
	struct hisiacc_completion c;
	size_t i;

	begin(HISIACC_ZIP_COMPRESS, HISIACC_ZIP_GZIP);
	for (i = 0; i < 4095; i++) {
		c = run(rig.src + i, 1, rig.dst, RIG_HALF, 0);
		ck_assert_uint_eq(c.consumed, 1);
	}
	ck_assert_uint_eq(fake.requests, 0);
	run(rig.src + i, 1, rig.dst, RIG_HALF, 0);
	ck_assert_uint_eq(fake.requests, 1);
	end();
}
END_TEST

START_TEST(a_device_that_consumes_less_is_fed_again)
{
	begin(HISIACC_ZIP_COMPRESS, HISIACC_ZIP_ZLIB);
	fake.short_consume = true;
	compress_all(PLAIN, PLAIN, RIG_HALF, false);
	compress_all(9001, 100, 1000, true);
	end();
}
END_TEST

/* ---- Decompression ---- */

static size_t load(size_t len, size_t extra)
{
	size_t n;

	fill_text(plain, len);
	n = ref_compress(fmt, plain, len, packed, RIG_HALF);
	memcpy(rig.src, packed, n);
	memset(rig.src + n, 0x1f, extra);
	return n;
}

START_TEST(decompression_takes_pieces_of_any_size)
{
	size_t in = sizes[(size_t)_i / N(sizes)];
	size_t out = sizes[(size_t)_i % N(sizes)];
	size_t len = in < 200 || out < 200 ? 9001 : PLAIN;
	uint32_t status;
	size_t f, n;
	int apart;

	for (f = 0; f < 3; f++) {
		begin(HISIACC_ZIP_DECOMPRESS, all_formats[f]);
		for (apart = 0; apart < 2; apart++) {
			n = pump(load(len, 0), in, out, apart, &status);
			ck_assert_uint_eq(status, HISIACC_STATUS_END);
			ck_assert_uint_eq(n, len);
			ck_assert_mem_eq(rig.dst, plain, len);
			hisiacc_zip_stream_reset(stream);
			fake_check();
		}
		end();
	}
}
END_TEST

/* From one that does not say that it has some, or pauses before there is need. */
START_TEST(output_is_fetched_as_long_as_there_is_some)
{
	static const uint32_t states[] = { 0, 1, 2, 3 | 5 << 10 };
	uint32_t status;
	size_t len, n;

	begin(HISIACC_ZIP_DECOMPRESS, all_formats[_i % 3]);
	fake.early_pause = states[_i / 3];
	fake.silent_pause = !fake.early_pause;
	memset(plain, 0, RIG_HALF);
	/* A few bits of input are a lot of output; at some length the last. */
	for (len = 8400; len < 9700; len += 13) {
		n = ref_compress(fmt, plain, len, rig.src, RIG_HALF);
		n = pump(n, RIG_HALF, 300, true, &status);
		ck_assert_uint_eq(status, HISIACC_STATUS_END);
		ck_assert_uint_eq(n, len);
		ck_assert_mem_eq(rig.dst, plain, len);
		hisiacc_zip_stream_reset(stream);
	}
	end();
}
END_TEST

START_TEST(consumed_stops_at_the_end_of_a_member)
{
	struct hisiacc_completion c;
	size_t n, pos = 0;
	int member;

	begin(HISIACC_ZIP_DECOMPRESS, HISIACC_ZIP_GZIP);
	n = load(5000, 0);
	memcpy(rig.src + n, rig.src, n);
	memset(rig.src + 2 * n, 0, 50);
	for (member = 0; member < 2; member++) {
		c = run(rig.src + pos, 2 * n + 50 - pos, rig.dst, RIG_HALF, 0);
		ck_assert_uint_eq(c.status, HISIACC_STATUS_END);
		ck_assert_uint_eq(c.consumed, n);
		ck_assert_uint_eq(c.produced, 5000);
		/* More of the same call changes nothing. */
		c = run(rig.src + pos + n, 50, rig.dst, RIG_HALF, 0);
		ck_assert_uint_eq(c.status, HISIACC_STATUS_END);
		ck_assert_uint_eq(c.consumed + c.produced, 0);
		pos += n;
		hisiacc_zip_stream_reset(stream);
	}
	end();
}
END_TEST

START_TEST(data_cut_at_any_byte_is_truncated)
{
	uint32_t status;
	size_t n, cut, f;

	for (f = 0; f < 3; f++) {
		begin(HISIACC_ZIP_DECOMPRESS, all_formats[f]);
		n = load(600, 0);
		for (cut = 0; cut < n; cut++) {
			pump(cut, _i ? 7 : n, _i ? 11 : RIG_HALF, _i, &status);
			ck_assert_msg(status == HISIACC_STATUS_TRUNCATED,
				      "cut %zu of %zu: %u", cut, n, status);
			hisiacc_zip_stream_reset(stream);
		}
		fake_check();
		end();
	}
}
END_TEST

START_TEST(without_finish_missing_data_is_waited_for)
{
	struct hisiacc_completion c;
	size_t n;

	begin(HISIACC_ZIP_DECOMPRESS, HISIACC_ZIP_ZLIB);
	n = load(600, 0);
	c = run(rig.src, n - 1, rig.dst, RIG_HALF, 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_OK);
	c = run(rig.src, 0, rig.dst, RIG_HALF, 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(c.produced, 0);
	c = run(rig.src + n - 1, 1, rig.dst, RIG_HALF, 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_END);
	end();
}
END_TEST

static void expect_unusable(void)
{
	struct hisiacc_zip_req req = rig_req(&rig, 0, 10, 100);
	struct hisiacc_completion c;

	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						HISIACC_NO_DEADLINE, &c),
			 -EPIPE);
}

START_TEST(damage_has_its_status_and_ends_the_stream)
{
	struct hisiacc_completion c;
	size_t n;

	begin(HISIACC_ZIP_DECOMPRESS, HISIACC_ZIP_GZIP);
	n = load(600, 0);
	rig.src[n - 5] ^= 1;
	c = run(rig.src, n, rig.dst, RIG_HALF, 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_CHECKSUM);
	expect_unusable();
	hisiacc_zip_stream_reset(stream);

	load(600, 0);
	memset(rig.src + 10, 0xff, 20);
	c = run(rig.src, n, rig.dst, RIG_HALF, 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_DATA_ERROR);
	ck_assert_uint_eq(c.code, FAKE_BAD_DATA);
	expect_unusable();
	hisiacc_zip_stream_reset(stream);

	/* No destination that a stream gives the device is too small. */
	load(600, 0);
	fake.force_status = 0x0e;
	c = run(rig.src, n, rig.dst, RIG_HALF, 0);
	fake.force_status = 0;
	ck_assert_uint_eq(c.status, HISIACC_STATUS_DATA_ERROR);
	expect_unusable();
	hisiacc_zip_stream_reset(stream);

	load(600, 0);
	rig.src[1] = 0;
	c = run(rig.src, n, rig.dst, RIG_HALF, 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_DATA_ERROR);
	expect_unusable();
	hisiacc_zip_stream_reset(stream);

	load(600, 0);
	c = run(rig.src, n, rig.dst, RIG_HALF, 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_END);
	end();
}
END_TEST

START_TEST(a_device_that_makes_no_progress_does_not_hang_the_call)
{
	struct hisiacc_completion c;

	begin((uint32_t)_i, HISIACC_ZIP_GZIP);
	load(5000, 0);
	fake.force_status = 0x100;
	c = run(rig.src, 5000, rig.dst, RIG_HALF, HISIACC_ZIP_FINISH);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_DATA_ERROR);
	ck_assert_uint_le(fake.requests, 2);
	end();
}
END_TEST

static void mutate_more(uint32_t *sqe, uint16_t *cqe)
{
	(void)cqe;
	sqe[15] = htole32(2);
}

START_TEST(a_device_that_promises_output_for_ever_is_not_believed)
{
	struct hisiacc_completion c;
	size_t n;

	begin(HISIACC_ZIP_DECOMPRESS, HISIACC_ZIP_ZLIB);
	n = load(600, 0);
	fake.mutate = mutate_more;
	c = run(rig.src, n - 5, rig.dst, RIG_HALF, HISIACC_ZIP_FINISH);
	*fake.broken_rule = 0;	/* as below */
	ck_assert_uint_eq(c.status, HISIACC_STATUS_TRUNCATED);
	ck_assert_uint_le(fake.requests, 3);
	end();
}
END_TEST

/* ctx_st 1, 3, 4 with the end mark, or only half a mark: there is no end yet. */
static uint32_t early_state;
static bool early_done;

static void mutate_early_end(uint32_t *sqe, uint16_t *cqe)
{
	(void)cqe;
	if (!early_done && sqe[3] == htole32(0x113))
		sqe[early_state ? 15 : 3] = htole32(early_state ? early_state :
						    0x13);
	early_done = true;
}

START_TEST(an_end_with_output_pending_is_not_the_end)
{
	static const uint32_t states[] = { 1, 3, 4, 0 };
	struct hisiacc_completion c;
	size_t n;

	begin(HISIACC_ZIP_DECOMPRESS, HISIACC_ZIP_ZLIB);
	n = load(600, 0);
	early_state = states[_i];
	early_done = false;
	fake.mutate = mutate_early_end;
	c = run(rig.src, n, rig.dst, RIG_HALF, 0);
	/* The fake's words differ now, which it would call a broken rule. */
	*fake.broken_rule = 0;
	ck_assert_uint_eq(c.consumed, n);
	ck_assert_uint_eq(c.status, states[_i] == 1 ? HISIACC_STATUS_END :
			  HISIACC_STATUS_OK);
	end();
}
END_TEST

/* ---- Failures ---- */

START_TEST(wrong_calls_are_refused)
{
	struct hisiacc_zip_req req, good;
	struct hisiacc_completion c;
	struct hisiacc_sgl *sgl;

	begin(HISIACC_ZIP_COMPRESS, HISIACC_ZIP_GZIP);
	ck_assert_int_eq(hisiacc_sgl_alloc(rig.queue, 1, &sgl), 0);
	good = rig_req(&rig, 0, 100, 100);
#define REFUSED(change, err) do { \
	req = good; \
	change; \
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req, 0, &c), err); \
} while (0)
	REFUSED(req.size = 8, -EINVAL);
	REFUSED(req.flags = 2, -EINVAL);
	REFUSED(req.reserved = 1, -EINVAL);
	REFUSED(req.src_sgl = sgl, -EINVAL);
	REFUSED(req.dst_sgl = sgl, -EINVAL);
	REFUSED(req.dst_len = RIG_MEM, -EFAULT);
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	REFUSED(req.flags = 0, -EBUSY);
	ck_assert_int_eq(hisiacc_queue_cancel(rig.queue), 0);
	REFUSED(req.flags = 0, -EBUSY);
	hisiacc_sgl_free(sgl);
	end();
	begin(HISIACC_ZIP_COMPRESS, HISIACC_ZIP_GZIP);
	hisiacc_zip_stream_free(stream);
	ck_assert_int_eq(hisiacc_zip_stream_alloc(rig.queue, 4, &stream),
			 -EINVAL);
	ck_assert_ptr_null(stream);
	end();
}
END_TEST

START_TEST(a_deadline_leaves_a_stream_that_can_go_on)
{
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	size_t n, produced;

	begin(HISIACC_ZIP_DECOMPRESS, HISIACC_ZIP_GZIP);
	n = load(PLAIN, 0);
	req = rig_req(&rig, 0, n / 2, RIG_HALF);
	fake.hang = true;	/* until it is stopped, which finishes it */
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						hisiacc_deadline(MS), &c),
			 -ETIME);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(c.consumed, n / 2);
	produced = c.produced;
	ck_assert_uint_gt(produced, 0);
	c = run(rig.src + n / 2, n - n / 2, rig.dst + produced,
		RIG_HALF - produced, HISIACC_ZIP_FINISH);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_END);
	ck_assert_uint_eq(produced + c.produced, PLAIN);
	ck_assert_mem_eq(rig.dst, plain, PLAIN);
	end();
}
END_TEST

START_TEST(a_lost_request_ends_the_stream)
{
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;

	begin((uint32_t)_i, HISIACC_ZIP_GZIP);
	load(PLAIN, 0);
	req = rig_req(&rig, 0, 5000, RIG_HALF);
	fake.hang = fake.lose = true;
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						hisiacc_deadline(MS), &c),
			 -ETIME);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_CANCELLED);
	fake.hang = fake.lose = false;
	expect_unusable();
	hisiacc_zip_stream_reset(stream);
	c = run(rig.src, 5000, rig.dst, RIG_HALF, 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_OK);
	end();
}
END_TEST

START_TEST(a_past_deadline_leaves_the_stream_as_it_was)
{
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	size_t n;

	begin(HISIACC_ZIP_DECOMPRESS, HISIACC_ZIP_ZLIB);
	n = load(600, 0);
	req = rig_req(&rig, 0, n, RIG_HALF);
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req, 0, &c), -ETIME);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(c.consumed, 2);	/* the header */
	ck_assert_uint_eq(fake.requests, 0);
	c = run(rig.src + 2, n - 2, rig.dst, RIG_HALF, HISIACC_ZIP_FINISH);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_END);
	end();
}
END_TEST

START_TEST(a_failed_queue_fails_the_stream)
{
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;

	begin(HISIACC_ZIP_COMPRESS, HISIACC_ZIP_GZIP);
	req = rig_req(&rig, 0, 5000, RIG_HALF);
	fake_fail_queue(0, HISI_ACC_STATE_ERROR);
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						HISIACC_NO_DEADLINE, &c), -EIO);
	ck_assert_int_eq(hisiacc_queue_restart(rig.queue), 0);
	expect_unusable();
	hisiacc_zip_stream_reset(stream);
	compress_all(5000, 5000, RIG_HALF, false);
	end();
}
END_TEST

START_TEST(streams_may_take_turns_on_a_queue)
{
	struct hisiacc_zip_stream *both[2];
	size_t pos[2] = { 0, 0 }, i, turn;
	uint8_t *out[2];

	begin(HISIACC_ZIP_COMPRESS, HISIACC_ZIP_ZLIB);
	both[0] = stream;
	ck_assert_int_eq(hisiacc_zip_stream_alloc(rig.queue, HISIACC_ZIP_GZIP,
						  &both[1]), 0);
	out[0] = rig.dst;
	out[1] = rig.dst + RIG_HALF / 2;
	for (turn = 0; turn < 10; turn++) {
		for (i = 0; i < 2; i++) {
			stream = both[i];
			pos[i] += run(rig.src + turn * 8192, 8192,
				      out[i] + pos[i], RIG_HALF / 2 - pos[i],
				      turn == 9 ? HISIACC_ZIP_FINISH : 0)
				  .produced;
		}
	}
	for (i = 0; i < 2; i++) {
		ck_assert_uint_eq(ref_decompress(i ? HISIACC_ZIP_GZIP :
						 HISIACC_ZIP_ZLIB, out[i],
						 pos[i], plain, RIG_HALF),
				  81920);
		ck_assert_mem_eq(plain, rig.src, 81920);
	}
	hisiacc_zip_stream_free(both[0]);
	end();
}
END_TEST

Suite *stream_suite(void)
{
	Suite *suite = suite_create("stream");
	TCase *tc = tcase_create("compress");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, compression_takes_pieces_of_any_size, 0,
			    N(sizes) * N(sizes));
	tcase_add_test(tc, compression_of_every_small_length);
	tcase_add_test(tc, large_pieces_are_not_copied_or_cut);
	tcase_add_test(tc, small_writes_are_gathered);
	tcase_add_test(tc, a_device_that_consumes_less_is_fed_again);
	suite_add_tcase(suite, tc);

	tc = tcase_create("decompress");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, decompression_takes_pieces_of_any_size, 0,
			    N(sizes) * N(sizes));
	tcase_add_loop_test(tc, output_is_fetched_as_long_as_there_is_some, 0,
			    12);
	tcase_add_test(tc, consumed_stops_at_the_end_of_a_member);
	tcase_add_loop_test(tc, data_cut_at_any_byte_is_truncated, 0, 2);
	tcase_add_test(tc, without_finish_missing_data_is_waited_for);
	tcase_add_test(tc, damage_has_its_status_and_ends_the_stream);
	tcase_add_test(tc, a_device_that_promises_output_for_ever_is_not_believed);
	tcase_add_loop_test(tc, an_end_with_output_pending_is_not_the_end, 0,
			    4);
	suite_add_tcase(suite, tc);

	tc = tcase_create("failures");
	tcase_add_test(tc, wrong_calls_are_refused);
	tcase_add_loop_test(tc,
			    a_device_that_makes_no_progress_does_not_hang_the_call,
			    0, 2);
	tcase_add_test(tc, a_deadline_leaves_a_stream_that_can_go_on);
	tcase_add_loop_test(tc, a_lost_request_ends_the_stream, 0, 2);
	tcase_add_test(tc, a_past_deadline_leaves_the_stream_as_it_was);
	tcase_add_test(tc, a_failed_queue_fails_the_stream);
	tcase_add_test(tc, streams_may_take_turns_on_a_queue);
	suite_add_tcase(suite, tc);
	return suite;
}
