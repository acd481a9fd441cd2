// SPDX-License-Identifier: GPL-2.0
#include "test.h"

#define MS	1000000u

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

START_TEST(a_failed_queue_fails_the_call_and_keeps_nothing)
{
	static const struct {
		uint32_t state;
		int err;
	} cases[] = {
		{ HISI_ACC_STATE_ERROR, -EIO }, { HISI_ACC_STATE_GONE, -ENODEV }
	};
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct rig rig;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	req = rig_req(&rig, HISIACC_ZIP_ZLIB, 64, 4096);
	fake_fail_queue(0, cases[_i].state);
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
					      HISIACC_NO_DEADLINE, &c),
			 cases[_i].err);
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, &c, 1), cases[_i].err);
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
	static const struct {
		uint32_t state;
		int err;
	} cases[] = {
		{ HISI_ACC_STATE_ERROR, -EIO }, { HISI_ACC_STATE_GONE, -ENODEV }
	};
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct rig rig;
	size_t i;

	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
	req = rig_req(&rig, HISIACC_ZIP_ZLIB, 64, 4096);
	fake.fault = cases[_i].state;
	ck_assert_int_eq(hisiacc_zip_compress(rig.queue, &req,
					      HISIACC_NO_DEADLINE, &c),
			 cases[_i].err);
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
	suite_add_tcase(suite, tc);

	tc = tcase_create("sync");
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
