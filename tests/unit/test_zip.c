// SPDX-License-Identifier: GPL-2.0
#include "test.h"

/* ---- Encoder: words that are not 0, by number ---- */

#define SRC	UINT64_C(0x1122334455667788)
#define DST	UINT64_C(0x99aabbccddeeff00)
#define CTX	UINT64_C(0x0102030405060708)

static const struct hisiacc_zip_words words = {
	.ctx0 = 0xc0c0c0c0, .ctx1 = 0xc1c1c1c1, .ctx2 = 0xc2c2c2c2,
	.isize = 0x12345678, .checksum = 0x9abcdef0,
};

#define FLAT \
	{ 4, 0x111 }, { 14, 0x222 }, { 18, 0x55667788 }, { 19, 0x11223344 }, \
	{ 20, 0xddeeff00 }, { 21, 0x99aabbcc }
#define WORDS \
	{ 15, 0xc0c0c0c0 }, { 22, 0x05060708 }, { 23, 0x01020304 }, \
	{ 28, 0xc1c1c1c1 }, { 29, 0xc2c2c2c2 }, { 30, 0x12345678 }, \
	{ 31, 0x9abcdef0 }

#define ONE_SHOT	(HISI_ZIP_NEW | HISI_ZIP_FINISH)
#define FIRST		(HISI_ZIP_STATEFUL | HISI_ZIP_NEW)
#define MIDDLE		HISI_ZIP_STATEFUL
#define LAST		(HISI_ZIP_STATEFUL | HISI_ZIP_FINISH)
#define ONLY		(FIRST | LAST)

static const struct {
	int version;
	uint32_t format;
	uint32_t control;
	bool sgl;
	struct { int dw; uint32_t value; } expect[24];
} encodings[] = {
	/* one-shot, each format, both generations */
	{ 3, HISIACC_ZIP_DEFLATE, ONE_SHOT, false,
	  { FLAT, { 7, 0x3a000000 }, { 9, 0x4001 }, { 26, 0x77 } } },
	{ 3, HISIACC_ZIP_ZLIB, ONE_SHOT, false,
	  { FLAT, { 7, 0x3a000000 }, { 9, 0x4002 }, { 26, 0x77 } } },
	{ 3, HISIACC_ZIP_GZIP, ONE_SHOT, false,
	  { FLAT, { 7, 0x3a000000 }, { 9, 0x4003 }, { 26, 0x77 } } },
	{ 2, HISIACC_ZIP_ZLIB, ONE_SHOT, false,
	  { FLAT, { 7, 0x0a000000 }, { 9, 0x0002 }, { 13, 0x77 } } },
	{ 2, HISIACC_ZIP_GZIP, ONE_SHOT, false,
	  { FLAT, { 7, 0x0a000000 }, { 9, 0x0003 }, { 13, 0x77 } } },
	/* scatter lists, with headers to skip */
	{ 3, HISIACC_ZIP_GZIP, ONE_SHOT, true,
	  { FLAT, { 7, 0x3a000055 }, { 8, 0xaa }, { 9, 0x4103 },
	    { 26, 0x77 } } },
	{ 2, HISIACC_ZIP_ZLIB, ONE_SHOT, true,
	  { FLAT, { 7, 0x0a000055 }, { 8, 0xaa }, { 9, 0x0102 },
	    { 13, 0x77 } } },
	/* streams */
	{ 3, HISIACC_ZIP_DEFLATE, FIRST, false,
	  { FLAT, WORDS, { 7, 0x3c000000 }, { 9, 0x4001 }, { 26, 0x77 } } },
	{ 3, HISIACC_ZIP_ZLIB, MIDDLE, false,
	  { FLAT, WORDS, { 7, 0x34000000 }, { 9, 0x4002 }, { 26, 0x77 } } },
	{ 3, HISIACC_ZIP_GZIP, LAST, false,
	  { FLAT, WORDS, { 7, 0x36000000 }, { 9, 0x4003 }, { 26, 0x77 } } },
	{ 3, HISIACC_ZIP_GZIP, ONLY, false,
	  { FLAT, WORDS, { 7, 0x3e000000 }, { 9, 0x4003 }, { 26, 0x77 } } },
	{ 2, HISIACC_ZIP_ZLIB, FIRST, false,
	  { FLAT, WORDS, { 7, 0x0c000000 }, { 9, 0x0002 }, { 13, 0x77 } } },
	{ 2, HISIACC_ZIP_GZIP, MIDDLE, false,
	  { FLAT, WORDS, { 7, 0x04000000 }, { 9, 0x0003 }, { 13, 0x77 } } },
	{ 2, HISIACC_ZIP_GZIP, LAST, false,
	  { FLAT, WORDS, { 7, 0x06000000 }, { 9, 0x0003 }, { 13, 0x77 } } },
};

START_TEST(requests_are_encoded_word_by_word)
{
	const struct hisiacc_zip_desc desc = {
		.format = encodings[_i].format,
		.control = encodings[_i].control,
		.sgl = encodings[_i].sgl,
		.tag = 0x77,
		.src = SRC, .src_len = 0x111,
		.dst = DST, .dst_len = 0x222,
		.src_skip = encodings[_i].sgl ? 0x55 : 0,
		.dst_skip = encodings[_i].sgl ? 0xaa : 0,
		.ctx = CTX,
		.words = encodings[_i].control & HISI_ZIP_STATEFUL ? &words :
			 NULL,
	};
	uint32_t expect[32] = { 0 }, sqe[32];
	size_t i;
	uint8_t *bytes = (uint8_t *)sqe;

	for (i = 0; i < N(encodings[_i].expect); i++)
		if (encodings[_i].expect[i].dw)
			expect[encodings[_i].expect[i].dw] =
				encodings[_i].expect[i].value;
	memset(sqe, 0xee, sizeof(sqe));
	hisiacc_zip_encode(encodings[_i].version == 2 ? &hisiacc_zip_hw_v2 :
			   &hisiacc_zip_hw_v3, (struct hisi_zip_sqe *)sqe,
			   &desc);
	for (i = 0; i < 32; i++) {
		uint32_t v = bytes[4 * i] | bytes[4 * i + 1] << 8 |
			     bytes[4 * i + 2] << 16 |
			     (uint32_t)bytes[4 * i + 3] << 24;

		ck_assert_msg(v == expect[i], "dw%zu is %08x, not %08x", i, v,
			      expect[i]);
	}
}
END_TEST

/* ---- Decoder ---- */

START_TEST(statuses_are_told_apart)
{
	static const struct {
		uint32_t dw3, status;
	} cases[] = {
		{ 0x00, HISIACC_STATUS_OK },
		{ 0x100, HISIACC_STATUS_OK },
		{ 0xffffff00, HISIACC_STATUS_OK },
		{ 0x0d, HISIACC_STATUS_OK },
		{ 0x13, HISIACC_STATUS_OK },
		{ 0x113, HISIACC_STATUS_OK },
		{ 0x0e, HISIACC_STATUS_DST_FULL },
		{ 0x10, HISIACC_STATUS_CHECKSUM },
		{ 0x110, HISIACC_STATUS_CHECKSUM },
		{ 0x01, HISIACC_STATUS_DATA_ERROR },
		{ 0x0f, HISIACC_STATUS_DATA_ERROR },
		{ 0x12, HISIACC_STATUS_DATA_ERROR },
		{ 0x14, HISIACC_STATUS_DATA_ERROR },
		{ 0xff, HISIACC_STATUS_DATA_ERROR },
	};
	const struct hisiacc_slot slot = {
		.user_data = 5, .src_add = 10, .dst_add = 2,
		.src_len = 100, .dst_len = 200,
	};
	uint32_t sqe[32] = { htole32(100), htole32(200), 0,
			     htole32(cases[_i].dw3) };
	struct hisiacc_completion c;

	sqe[26] = htole32(3);
	ck_assert(hisiacc_zip_decode(&hisiacc_zip_hw_v3, (void *)sqe, &slot, 3,
				     &c));
	ck_assert_uint_eq(c.status, cases[_i].status);
	ck_assert_uint_eq(c.code, cases[_i].dw3);
	ck_assert_uint_eq(c.user_data, 5);
	ck_assert_uint_eq(c.consumed, 110);
	ck_assert_uint_eq(c.produced, 202);
	ck_assert(!hisiacc_zip_decode(&hisiacc_zip_hw_v2, (void *)sqe, &slot, 3,
				      &c));
	sqe[13] = htole32(3);
	ck_assert(hisiacc_zip_decode(&hisiacc_zip_hw_v2, (void *)sqe, &slot, 3,
				     &c));
	sqe[0] = htole32(101);
	ck_assert(!hisiacc_zip_decode(&hisiacc_zip_hw_v2, (void *)sqe, &slot, 3,
				      &c));
	sqe[0] = 0;
	sqe[1] = htole32(201);
	ck_assert(!hisiacc_zip_decode(&hisiacc_zip_hw_v2, (void *)sqe, &slot, 3,
				      &c));
}
END_TEST

START_TEST(formats_follow_the_algorithm_bits)
{
	static const struct {
		uint64_t algs;
		uint32_t compress, decompress;
	} cases[] = {
		{ 0x00, 0, 0 }, { 0x3f, 0xe, 0xe }, { 0x0f, 0xc, 0xc },
		{ 0x01, 4, 0 }, { 0x02, 0, 4 }, { 0x04, 8, 0 },
		{ 0x08, 0, 8 }, { 0x10, 2, 0 }, { 0x20, 0, 2 },
		{ 0xffc0, 0, 0 },
	};

	ck_assert_uint_eq(hisiacc_zip_formats(cases[_i].algs, 0),
			  cases[_i].compress);
	ck_assert_uint_eq(hisiacc_zip_formats(cases[_i].algs, 1),
			  cases[_i].decompress);
	ck_assert_uint_eq(hisiacc_zip_formats(cases[_i].algs, 2), 0);
}
END_TEST

START_TEST(bound_saturates)
{
	ck_assert_uint_eq(hisiacc_zip_bound(HISIACC_ZIP_GZIP, SIZE_MAX),
			  SIZE_MAX);
	ck_assert_uint_eq(hisiacc_zip_bound(HISIACC_ZIP_GZIP,
					    SIZE_MAX / 9 * 8), SIZE_MAX);
	ck_assert_uint_ge(hisiacc_zip_bound(HISIACC_ZIP_GZIP, 0), 20);
	ck_assert_uint_ge(hisiacc_zip_bound(HISIACC_ZIP_GZIP, 8000),
			  9000 + 8 + 18);
}
END_TEST

/* ---- Prepare ---- */

START_TEST(wrong_requests_are_refused)
{
	struct hisiacc_zip_req req, good;
	struct hisiacc_mem *ro;
	struct hisiacc_sgl *sgl;
	struct rig rig;
	size_t i;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	ck_assert_int_eq(hisiacc_mem_register(rig.ctx, rig.dst, 4096,
					      HISIACC_MEM_READ_ONLY, &ro), 0);
	ck_assert_int_eq(hisiacc_sgl_alloc(rig.queue, 1, &sgl), 0);
	good = rig_req(&rig, HISIACC_ZIP_GZIP, 64, 4096);
	struct {
		struct hisiacc_zip_req req;
		int err;
	} cases[] = {
		[0 ... 17] = { good, 0 },
	};
	cases[1].req.size = 0, cases[1].err = -EINVAL;
	cases[2].req.size++, cases[2].err = -EINVAL;
	cases[3].req.format = 0, cases[3].err = -EINVAL;
	cases[4].req.format = 4, cases[4].err = -EINVAL;
	cases[5].req.flags = HISIACC_ZIP_FINISH, cases[5].err = -EINVAL;
	cases[6].req.reserved = 1, cases[6].err = -EINVAL;
	cases[7].req.src_len = 0, cases[7].err = -EINVAL;
	fake.missing = (struct fake_range){ rig.src, RIG_MEM };
	cases[8].req.src_mem = NULL, cases[8].err = -EFAULT;
	cases[9].req.dst_mem = NULL, cases[9].err = -EFAULT;
	cases[10].req.src_len = RIG_MEM + 1, cases[10].err = -EFAULT;
	cases[11].req.dst_len = RIG_HALF + 1, cases[11].err = -EFAULT;
	cases[12].req.dst_mem = ro, cases[12].err = -EFAULT;
	cases[13].req.dst_len = 10, cases[13].err = -ENOSPC;
	cases[14].req.dst_len = 0, cases[14].err = -ENOSPC;
	cases[15].req.src_sgl = sgl, cases[15].err = -EINVAL;
	cases[16].req.dst_sgl = sgl, cases[16].err = -EINVAL;
	cases[17].req.src = rig.src - 1, cases[17].err = -EFAULT;
	for (i = 0; i < N(cases); i++) {
		req = cases[i].req;
		ck_assert_msg(hisiacc_zip_prep(rig.queue, &req, 1) ==
			      cases[i].err, "case %zu", i);
		ck_assert_uint_eq(hisiacc_queue_room(rig.queue), 6);
	}
	hisiacc_sgl_free(sgl);
	hisiacc_mem_free(ro);
	rig_close(&rig);
}
END_TEST

START_TEST(a_refused_request_writes_nothing)
{
	struct hisiacc_zip_req req;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 2, 0, true);
	memset(rig.dst, 0x55, 100);
	req = rig_req(&rig, HISIACC_ZIP_GZIP, 0, 4096);
	ck_assert_int_eq(hisiacc_zip_prep(rig.queue, &req, 1), -EINVAL);
	ck_assert_int_eq(rig.dst[0], 0x55);
	ck_assert_int_eq(rig_prep(&rig, 0), 0);
	memset(rig.dst, 0x55, 100);
	req = rig_req(&rig, HISIACC_ZIP_GZIP, 64, 4096);
	ck_assert_int_eq(hisiacc_zip_prep(rig.queue, &req, 1), -EAGAIN);
	ck_assert_int_eq(rig.dst[0], 0x55);
	rig_close(&rig);
}
END_TEST

/* Nothing that would make the queue's requests slower from then on. */
START_TEST(a_refused_request_leaves_no_trace)
{
	struct hisiacc_zip_req req;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	req = rig_req(&rig, HISIACC_ZIP_GZIP, _i ? 64 : 0, _i ? 0 : 4096);
	req.src_mem = req.dst_mem = NULL;
	ck_assert_int_eq(hisiacc_zip_prep(rig.queue, &req, 1),
			 _i ? -ENOSPC : -EINVAL);
	ck_assert_uint_eq(rig.queue->special, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(a_device_without_raw_deflate_refuses_it)
{
	struct hisiacc_zip_stream *stream = (void *)1;
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct rig rig;

	fake_reset();
	fake.hw_version = 2;
	fake.algs = 0xf;
	rig_open(&rig, (uint32_t)_i, 8, 0, false);
	req = rig_req(&rig, HISIACC_ZIP_DEFLATE, 64, 4096);
	ck_assert_int_eq(hisiacc_zip_prep(rig.queue, &req, 1), -EOPNOTSUPP);
	ck_assert_int_eq((_i ? hisiacc_zip_decompress : hisiacc_zip_compress)
			 (rig.queue, &req, HISIACC_NO_DEADLINE, &c),
			 -EOPNOTSUPP);
	ck_assert_int_eq(hisiacc_zip_stream_alloc(rig.queue,
						  HISIACC_ZIP_DEFLATE, &stream),
			 -EOPNOTSUPP);
	ck_assert_ptr_null(stream);
	rig_close(&rig);
}
END_TEST

START_TEST(large_requests_are_refused_and_large_room_is_not)
{
	struct hisiacc_mem *mem;
	struct hisiacc_zip_req req;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	ck_assert_int_eq(hisiacc_mem_alloc(rig.ctx, 20u << 20, 0, &mem), 0);
	req = rig_req(&rig, HISIACC_ZIP_ZLIB, 0, 0);
	req.src = hisiacc_mem_addr(mem);
	req.dst = (uint8_t *)hisiacc_mem_addr(mem) + (9 << 20);
	req.src_mem = req.dst_mem = mem;
	req.src_len = HISIACC_ZIP_REQUEST_MAX + 1;
	req.dst_len = 10 << 20;
	ck_assert_int_eq(hisiacc_zip_prep(rig.queue, &req, 1), -E2BIG);
	req.src_len--;
	ck_assert_int_eq(hisiacc_zip_prep(rig.queue, &req, 1), 0);
	ck_assert_uint_eq(fake.queues[0].sq[14], HISIACC_ZIP_REQUEST_MAX);
	hisiacc_mem_free(mem);
	rig_close(&rig);
}
END_TEST

/* In SVA mode no registration bounds them. */
START_TEST(sizes_beyond_32_bits_are_not_cut_off)
{
	struct hisiacc_zip_req req;
	struct rig rig;

	fake_reset();
	fake.modes = HISI_ACC_MODE_SVA;
	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, false);
	req = rig_req(&rig, HISIACC_ZIP_ZLIB, (UINT64_C(1) << 32) + 64, 4096);
	req.src_mem = req.dst_mem = NULL;
	ck_assert_int_eq(hisiacc_zip_prep(rig.queue, &req, 1), -E2BIG);
	req.src_len = 64;
	req.dst_len = (UINT64_C(1) << 32) + 4096;
	ck_assert_int_eq(hisiacc_zip_prep(rig.queue, &req, 1), 0);
	ck_assert_uint_eq(fake.queues[0].sq[14], HISIACC_ZIP_REQUEST_MAX);
	rig_close(&rig);
}
END_TEST

Suite *zip_suite(void)
{
	Suite *suite = suite_create("zip");
	TCase *tc = tcase_create("encode");

	tcase_add_loop_test(tc, requests_are_encoded_word_by_word, 0,
			    N(encodings));
	tcase_add_loop_test(tc, statuses_are_told_apart, 0, 14);
	tcase_add_loop_test(tc, formats_follow_the_algorithm_bits, 0, 10);
	tcase_add_test(tc, bound_saturates);
	suite_add_tcase(suite, tc);

	tc = tcase_create("prep");
	tcase_add_test(tc, wrong_requests_are_refused);
	tcase_add_test(tc, a_refused_request_writes_nothing);
	tcase_add_loop_test(tc, a_refused_request_leaves_no_trace, 0, 2);
	tcase_add_loop_test(tc, a_device_without_raw_deflate_refuses_it, 0, 2);
	tcase_add_test(tc, large_requests_are_refused_and_large_room_is_not);
	tcase_add_test(tc, sizes_beyond_32_bits_are_not_cut_off);
	suite_add_tcase(suite, tc);
	return suite;
}
