// SPDX-License-Identifier: GPL-2.0
/* Calls that wait for their one request, or for as many as it takes. */
#include "test.h"

#define MS	1000000u

/* ---- One-shots ---- */

static void round_trip(int version, uint32_t format, size_t len, bool noise)
{
	uint8_t *out = malloc(RIG_HALF), *packed = malloc(2 * RIG_HALF);
	struct hisiacc_completion c = { 0 };
	struct hisiacc_zip_req req;
	struct rig rig;
	size_t n;

	fake_reset();
	fake.hw_version = (uint32_t)version;
	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, false);
	if (noise)
		fill_noise(rig.src, len);
	req = rig_req(&rig, format, len, hisiacc_zip_bound(format, len));
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
					      HISIACC_NO_DEADLINE, &c), 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(c.consumed, len);
	ck_assert_uint_le(c.produced, req.dst_len);
	n = ref_decompress(format, rig.dst, c.produced, out, RIG_HALF);
	ck_assert_uint_eq(n, len);
	ck_assert_mem_eq(out, rig.src, len);
	rig_close(&rig);

	fake.hw_version = (uint32_t)version;
	rig_open(&rig, HISIACC_ZIP_DECOMPRESS, 8, 0, false);
	if (noise)
		fill_noise(rig.src, len);
	n = ref_compress(format, rig.src, len, packed, 2 * RIG_HALF);
	memcpy(packed + n, "next", 4);
	memcpy(rig.src, packed, min_size(n + 4, RIG_HALF));
	req = rig_req(&rig, format, n + 4, len + !len);
	ck_assert_int_eq(hisiacc_zip_decompress(rig.queue, &req,
						HISIACC_NO_DEADLINE, &c), 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(c.consumed, n);
	ck_assert_uint_eq(c.produced, len);
	ck_assert_mem_eq(rig.dst, out, len);
	rig_close(&rig);
	free(packed);
	free(out);
}

static const size_t lengths[] = { 0, 1, 3, 64, 4095, 4096, 70001, 500000 };

START_TEST(one_shots_agree_with_zlib)
{
	round_trip(3, all_formats[_i % 3], lengths[_i / 3], false);
	round_trip(3, all_formats[_i % 3], lengths[_i / 3], true);
	if (all_formats[_i % 3] != HISIACC_ZIP_DEFLATE)
		round_trip(2, all_formats[_i % 3], lengths[_i / 3], false);
}
END_TEST

static struct hisiacc_completion decompress(struct rig *rig, uint32_t format,
					    size_t src_len, size_t dst_len)
{
	struct hisiacc_zip_req req = rig_req(rig, format, src_len, dst_len);
	struct hisiacc_completion c = { .status = 99 };

	ck_assert_int_eq(hisiacc_zip_decompress(rig->queue, &req,
						HISIACC_NO_DEADLINE, &c), 0);
	return c;
}

START_TEST(damaged_data_has_its_status)
{
	uint8_t packed[4096], plain[2000];
	uint32_t format = all_formats[_i];
	struct rig rig;
	size_t n;

	rig_open(&rig, HISIACC_ZIP_DECOMPRESS, 8, 0, true);
	fill_text(plain, sizeof(plain));
	n = ref_compress(format, plain, sizeof(plain), packed, sizeof(packed));
	memcpy(rig.src, packed, n);
	ck_assert_uint_eq(decompress(&rig, format, n, 1999).status,
			  HISIACC_STATUS_DST_FULL);
	ck_assert_uint_eq(decompress(&rig, format, n - 1, 4096).status,
			  HISIACC_STATUS_DATA_ERROR);
	ck_assert_uint_eq(decompress(&rig, format, 0, 4096).status,
			  HISIACC_STATUS_TRUNCATED);
	rig.src[12] ^= 0xff;
	ck_assert_uint_ne(decompress(&rig, format, n, 4096).status,
			  HISIACC_STATUS_OK);
	rig.src[12] ^= 0xff;
	if (format == HISIACC_ZIP_DEFLATE) {
		rig_close(&rig);
		return;
	}
	ck_assert_uint_eq(decompress(&rig, format, 1, 4096).status,
			  HISIACC_STATUS_TRUNCATED);
	/* A header and nothing behind it. */
	ck_assert_uint_eq(decompress(&rig, format, format == HISIACC_ZIP_ZLIB ?
				     2 : 10, 4096).status,
			  HISIACC_STATUS_TRUNCATED);
	rig.src[n - 1] ^= 1;
	ck_assert_uint_eq(decompress(&rig, format, n, 4096).status,
			  HISIACC_STATUS_CHECKSUM);
	rig.src[0] ^= 1;
	ck_assert_uint_eq(decompress(&rig, format, n, 4096).status,
			  HISIACC_STATUS_DATA_ERROR);
	rig_close(&rig);
}
END_TEST

START_TEST(a_preset_dictionary_is_refused)
{
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_DECOMPRESS, 8, 0, true);
	memcpy(rig.src, "\x78\xbb", 2);
	req = rig_req(&rig, HISIACC_ZIP_ZLIB, 100, 100);
	ck_assert_int_eq(hisiacc_zip_prep(rig.queue, &req, 1), -EOPNOTSUPP);
	ck_assert_int_eq(hisiacc_zip_decompress(rig.queue, &req,
						HISIACC_NO_DEADLINE, &c),
			 -EOPNOTSUPP);
	rig_close(&rig);
}
END_TEST

START_TEST(a_small_destination_is_full)
{
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct rig rig;
	size_t dst_len;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	fill_noise(rig.src, 64);
	for (dst_len = 0; dst_len < 60; dst_len++) {
		req = rig_req(&rig, all_formats[_i], 64, dst_len);
		memset(rig.dst, 0x55, 100);
		ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
						      HISIACC_NO_DEADLINE, &c),
				 0);
		ck_assert_uint_eq(c.status, HISIACC_STATUS_DST_FULL);
		ck_assert_int_eq(rig.dst[dst_len], 0x55);
	}
	req = rig_req(&rig, HISIACC_ZIP_GZIP, 0, 19);
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
					      HISIACC_NO_DEADLINE, &c), 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_DST_FULL);
	rig_close(&rig);
}
END_TEST

START_TEST(nothing_is_decompressed_into_nothing)
{
	uint32_t format = all_formats[_i / 2];
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct rig rig;
	size_t n;

	rig_open(&rig, HISIACC_ZIP_DECOMPRESS, 8, 0, true);
	n = ref_compress(format, "x", (size_t)_i % 2, rig.src, RIG_HALF);
	req = rig_req(&rig, format, n, 0);
	req.dst = NULL;
	req.dst_mem = NULL;
	ck_assert_int_eq(hisiacc_zip_decompress(rig.queue, &req,
						HISIACC_NO_DEADLINE, &c), 0);
	ck_assert_uint_eq(c.status, _i % 2 ? HISIACC_STATUS_DST_FULL :
			  HISIACC_STATUS_OK);
	ck_assert_uint_eq(c.produced, 0);
	if (c.status == HISIACC_STATUS_OK)
		ck_assert_uint_eq(c.consumed, n);
	rig_close(&rig);
}
END_TEST

START_TEST(sync_calls_want_an_idle_queue_of_their_type)
{
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	req = rig_req(&rig, HISIACC_ZIP_ZLIB, 64, 4096);
	ck_assert_int_eq(hisiacc_zip_decompress(rig.queue, &req, 0, &c),
			 -EINVAL);
	ck_assert_int_eq(rig_prep(&rig, 1), 0);
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req, 0, &c), -EBUSY);
	ck_assert_int_eq(hisiacc_queue_cancel(rig.queue), 0);
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req, 0, &c), -EBUSY);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, &c, 1), 1);
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
					      HISIACC_NO_DEADLINE, &c), 0);
	rig_close(&rig);
}
END_TEST

/* ---- Deadlines ---- */

START_TEST(after_etime_the_device_is_done_with_the_buffers)
{
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	req = rig_req(&rig, HISIACC_ZIP_ZLIB, 64, 4096);
	fake.hang = true;
	fake.lose = _i;
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
					      hisiacc_deadline(MS), &c),
			 -ETIME);
	ck_assert_uint_eq(c.status, _i ? HISIACC_STATUS_CANCELLED :
			  HISIACC_STATUS_OK);
	ck_assert_uint_eq(fake.calls[HISI_ACC_QUEUE_STOP & 0x3f], 1);
	memset(rig.dst, 0x55, 4096);
	fake.hang = false;
	fake_run();
	ck_assert_int_eq(rig.dst[0], 0x55);
	ck_assert_int_eq(rig.dst[2], 0x55);
	/* The queue is empty and works. */
	ck_assert_uint_eq(hisiacc_queue_room(rig.queue), 7);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, &c, 1), 0);
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
					      HISIACC_NO_DEADLINE, &c), 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_OK);
	rig_close(&rig);
}
END_TEST

START_TEST(a_past_deadline_gives_the_device_nothing)
{
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	req = rig_req(&rig, HISIACC_ZIP_ZLIB, 64, 4096);
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req, 1, &c), -ETIME);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_CANCELLED);
	ck_assert_uint_eq(fake.requests, 0);
	ck_assert_uint_eq(hisiacc_queue_room(rig.queue), 7);
	rig_close(&rig);
}
END_TEST

static const struct {
	uint32_t state;
	int err;
} failures[] = {
	{ HISI_ACC_STATE_ERROR, -EIO }, { HISI_ACC_STATE_GONE, -ENODEV }
};

START_TEST(a_failed_queue_fails_the_call_and_keeps_nothing)
{
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	req = rig_req(&rig, HISIACC_ZIP_ZLIB, 64, 4096);
	fake_fail_queue(0, failures[_i].state);
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
					      HISIACC_NO_DEADLINE, &c),
			 failures[_i].err);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, &c, 1),
			 failures[_i].err);
	ck_assert_uint_eq(hisiacc_queue_room(rig.queue), 7);
	if (!_i) {
		ck_assert_int_eq(hisiacc_queue_restart(rig.queue), 0);
		ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
						      HISIACC_NO_DEADLINE, &c),
				 0);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(a_call_that_cannot_sleep_takes_its_request_back)
{
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	req = rig_req(&rig, HISIACC_ZIP_ZLIB, 64, 4096);
	fake.delay_ns = 5 * MS;
	fake.eventfd_errno = EMFILE;
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
					      HISIACC_NO_DEADLINE, &c), -EMFILE);
	memset(rig.dst, 0x55, 4096);
	fake_run();
	ck_assert_int_eq(rig.dst[2], 0x55);
	/* The queue has not failed. */
	fake.eventfd_errno = 0;
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
					      HISIACC_NO_DEADLINE, &c), 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_OK);
	rig_close(&rig);
}
END_TEST

START_TEST(a_call_that_fails_leaves_the_device_nothing_to_do)
{
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct rig rig;
	size_t i;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	req = rig_req(&rig, HISIACC_ZIP_ZLIB, 64, 4096);
	fake.fault = failures[_i].state;
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
					      HISIACC_NO_DEADLINE, &c),
			 failures[_i].err);
	memset(rig.dst, 0x55, 4096);
	fake_run();
	for (i = 0; i < 4096; i++)
		must(rig.dst[i] == 0x55);
	rig_close(&rig);
}
END_TEST

/* ---- Past one request ---- */

START_TEST(large_buffers_are_done_as_a_stream)
{
	size_t len = 20u << 20, room = 24u << 20, n;
	struct hisiacc_completion c;
	struct hisiacc_mem *mem;
	struct hisiacc_zip_req req;
	struct rig rig, rig2;
	uint8_t *buf, *out = malloc(len);

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	ck_assert_int_eq(hisiacc_mem_alloc(rig.ctx, len + room, 0, &mem), 0);
	buf = hisiacc_mem_addr(mem);
	if (_i)
		fill_noise(buf, len);
	else
		fill_text(buf, len);
	req = rig_req(&rig, HISIACC_ZIP_GZIP, len, room);
	req.src = buf;
	req.dst = buf + len;
	req.src_mem = req.dst_mem = mem;
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
					      HISIACC_NO_DEADLINE, &c), 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(c.consumed, len);
	ck_assert_uint_gt(fake.stateful, 2);
	n = ref_decompress(HISIACC_ZIP_GZIP, buf + len, c.produced, out, len);
	ck_assert_uint_eq(n, len);
	ck_assert_mem_eq(out, buf, len);

	/* And back; small source, large destination. */
	rig_open(&rig2, HISIACC_ZIP_DECOMPRESS, 8, 0, false);
	n = c.produced;
	memset(buf, 0, len);
	req.src = buf + len;
	req.src_len = n;
	req.dst = buf;
	req.dst_len = len;
	ck_assert_int_eq(hisiacc_mem_register(rig2.ctx, buf, len + room, 0,
					      &req.src_mem), 0);
	req.dst_mem = req.src_mem;
	ck_assert_int_eq(hisiacc_zip_decompress(rig2.queue, &req,
						HISIACC_NO_DEADLINE, &c), 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(c.consumed, n);
	ck_assert_uint_eq(c.produced, len);
	ck_assert_mem_eq(out, buf, len);
	req.dst_len = len - 1;
	ck_assert_int_eq(hisiacc_zip_decompress(rig2.queue, &req,
						HISIACC_NO_DEADLINE, &c), 0);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_DST_FULL);
	fake_check();
	free(out);
}
END_TEST

START_TEST(a_deadline_in_a_large_buffer_is_no_full_destination)
{
	size_t len = 20u << 20, room = 24u << 20;
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct hisiacc_mem *mem;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	ck_assert_int_eq(hisiacc_mem_alloc(rig.ctx, len + room, 0, &mem), 0);
	req = rig_req(&rig, HISIACC_ZIP_GZIP, len, room);
	req.src = hisiacc_mem_addr(mem);
	req.dst = (uint8_t *)hisiacc_mem_addr(mem) + len;
	req.src_mem = req.dst_mem = mem;
	fake.delay_ns = 10 * MS;
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
					      hisiacc_deadline(15 * MS), &c),
			 -ETIME);
	ck_assert_uint_gt(c.produced, 0);
	ck_assert_uint_lt(c.consumed, len);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_CANCELLED);
	hisiacc_mem_free(mem);
	rig_close(&rig);
}
END_TEST
Suite *sync_suite(void)
{
	Suite *suite = suite_create("sync");
	TCase *tc = tcase_create("sync");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, one_shots_agree_with_zlib, 0, 3 * N(lengths));
	tcase_add_loop_test(tc, damaged_data_has_its_status, 0, 3);
	tcase_add_test(tc, a_preset_dictionary_is_refused);
	tcase_add_loop_test(tc, a_small_destination_is_full, 0, 3);
	tcase_add_loop_test(tc, nothing_is_decompressed_into_nothing, 0, 6);
	tcase_add_test(tc, sync_calls_want_an_idle_queue_of_their_type);
	tcase_add_loop_test(tc, after_etime_the_device_is_done_with_the_buffers,
			    0, 2);
	tcase_add_test(tc, a_past_deadline_gives_the_device_nothing);
	tcase_add_loop_test(tc, a_failed_queue_fails_the_call_and_keeps_nothing,
			    0, 2);
	tcase_add_test(tc, a_call_that_cannot_sleep_takes_its_request_back);
	tcase_add_loop_test(tc, a_call_that_fails_leaves_the_device_nothing_to_do,
			    0, 2);
	tcase_add_loop_test(tc, large_buffers_are_done_as_a_stream, 0, 2);
	tcase_add_test(tc, a_deadline_in_a_large_buffer_is_no_full_destination);
	suite_add_tcase(suite, tc);
	return suite;
}
