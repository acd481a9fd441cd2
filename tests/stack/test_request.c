// SPDX-License-Identifier: GPL-2.0
/* What hisiacc_zip_prep() and its like refuse, limits of size, headers. */
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#include "stack.h"

#define MIB	(1u << 20)
#define MAX	((size_t)HISIACC_ZIP_REQUEST_MAX)
#define SRC	(stack.buf)
#define PACKED	(stack.buf + 10 * MIB)
#define BACK	(stack.buf + 24 * MIB)

static struct hisiacc_zip_req good(void)
{
	fill(SRC, 1000, TEXT, 2);
	return req_of(HISIACC_ZIP_ZLIB, SRC, 1000, PACKED, 4096);
}

/* No refused request may leave anything behind in the queue. */
static void check_refused(const struct hisiacc_zip_req *req, int err)
{
	struct hisiacc_zip_req fine = good();
	struct hisiacc_completion done;

	ck_assert_int_eq(hisiacc_zip_prep(stack.comp, req, 1), err);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 0);
	ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &fine, 2), 0);
	submit_and_collect(stack.comp, &done, 1);
	ck_assert_uint_eq(done.user_data, 2);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
}

START_TEST(malformed_requests_give_einval)
{
	struct hisiacc_zip_req req;

	req = good();
	req.size--;
	check_refused(&req, -EINVAL);
	req = good();
	req.size = 0;
	check_refused(&req, -EINVAL);
	req = good();
	req.format = 0;
	check_refused(&req, -EINVAL);
	req = good();
	req.format = 4;
	check_refused(&req, -EINVAL);
	req = good();
	req.flags = HISIACC_ZIP_FINISH;
	check_refused(&req, -EINVAL);
	req = good();
	req.reserved = 1;
	check_refused(&req, -EINVAL);
	req = good();
	req.src_len = 0;
	check_refused(&req, -EINVAL);
}
END_TEST

START_TEST(no_room_behind_the_header_gives_enospc)
{
	struct hisiacc_zip_req req = good();

	for (req.dst_len = 0; req.dst_len <= 2; req.dst_len++)
		check_refused(&req, -ENOSPC);
	req.format = HISIACC_ZIP_GZIP;
	for (req.dst_len = 0; req.dst_len <= 10; req.dst_len++)
		check_refused(&req, -ENOSPC);
}
END_TEST

START_TEST(source_outside_its_registration_gives_efault)
{
	struct hisiacc_zip_req req = good();

	req.src = stack.buf - 1;
	check_refused(&req, -EFAULT);
	req.src = stack.buf + stack.size - 999;
	check_refused(&req, -EFAULT);
	req.src = stack.buf + stack.size;
	req.src_len = 1;
	check_refused(&req, -EFAULT);
	req = good();
	req.src_len = SIZE_MAX;
	check_refused(&req, -EFAULT);
	req = good();
	req.src_mem = NULL;
	req.src = NULL;
	if (stack_mode() != HISIACC_MODE_SVA)
		check_refused(&req, -EFAULT);
}
END_TEST

START_TEST(destination_outside_its_registration_gives_efault)
{
	struct hisiacc_zip_req req = good();

	req.dst = stack.buf - 1;
	check_refused(&req, -EFAULT);
	req.dst = stack.buf + stack.size - 4095;
	check_refused(&req, -EFAULT);
	req = good();
	req.dst_len = SIZE_MAX - 4096;
	check_refused(&req, -EFAULT);
	req = good();
	req.dst_mem = NULL;
	req.dst = NULL;
	if (stack_mode() != HISIACC_MODE_SVA)
		check_refused(&req, -EFAULT);
}
END_TEST

START_TEST(memory_of_another_context_gives_efault)
{
	struct hisiacc_zip_req req = good();
	struct hisiacc_ctx *ctx;
	struct hisiacc_mem *mem;

	ck_assert_int_eq(hisiacc_open_engine(HISIACC_ENGINE_ZIP, &ctx), 0);
	ck_assert_int_eq(hisiacc_mem_alloc(ctx, 8192, 0, &mem), 0);
	req.src = hisiacc_mem_addr(mem);
	req.src_mem = mem;
	check_refused(&req, -EFAULT);
	hisiacc_mem_free(mem);
	hisiacc_close(ctx);
}
END_TEST

START_TEST(read_only_memory_is_a_source_and_no_destination)
{
	static uint8_t mine[8192];
	struct hisiacc_zip_req req = good();
	struct hisiacc_mem *mem;

	fill(mine, sizeof(mine), TEXT, 1);
	ck_assert_int_eq(hisiacc_mem_register(stack.ctx, mine, sizeof(mine),
					      HISIACC_MEM_READ_ONLY, &mem), 0);
	req.dst = mine;
	req.dst_mem = mem;
	check_refused(&req, -EFAULT);
	req = req_of(HISIACC_ZIP_ZLIB, mine, sizeof(mine), PACKED, 16384);
	req.src_mem = mem;
	ck_assert_uint_eq(zlib_inflate(HISIACC_ZIP_ZLIB, PACKED,
				       zip_pack_ok(&req), BACK, sizeof(mine),
				       NULL), sizeof(mine));
	ck_assert_mem_eq(mine, BACK, sizeof(mine));
	hisiacc_mem_free(mem);
}
END_TEST

START_TEST(registered_memory_of_any_alignment_is_used)
{
	uint8_t *mine = malloc(3 * 65536), *src = mine + 13, *dst = mine + 70001;
	struct hisiacc_mem *a, *b;
	struct hisiacc_zip_req req;

	fill(src, 65537, TEXT, 1);
	ck_assert_int_eq(hisiacc_mem_register(stack.ctx, src, 65537, 0, &a), 0);
	ck_assert_int_eq(hisiacc_mem_register(stack.ctx, dst, 65539, 0, &b), 0);
	req = req_of(HISIACC_ZIP_GZIP, src, 65537, dst, 65539);
	req.src_mem = a;
	req.dst_mem = b;
	ck_assert_uint_eq(zlib_inflate(HISIACC_ZIP_GZIP, dst, zip_pack_ok(&req),
				       BACK, 65538, NULL), 65537);
	ck_assert_mem_eq(src, BACK, 65537);
	req.src = src - 1;
	check_refused(&req, -EFAULT);
	hisiacc_mem_free(a);
	hisiacc_mem_free(b);
	free(mine);
}
END_TEST

START_TEST(source_of_the_largest_size_is_one_request)
{
	size_t room = hisiacc_zip_bound(HISIACC_ZIP_ZLIB, MAX);
	struct hisiacc_zip_req req = req_of(HISIACC_ZIP_ZLIB, SRC, MAX, PACKED,
					    room);
	struct hisiacc_completion done;

	fill(SRC, MAX, TEXT, 8);
	ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 1), 0);
	submit_and_collect(stack.comp, &done, 1);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(done.consumed, MAX);
	ck_assert_uint_eq(zlib_inflate(HISIACC_ZIP_ZLIB, PACKED, done.produced,
				       BACK, MAX, NULL), MAX);
	ck_assert_mem_eq(SRC, BACK, MAX);
	req = req_of(HISIACC_ZIP_ZLIB, PACKED, done.produced, BACK, MAX);
	memset(BACK, 0, MAX);
	ck_assert_int_eq(hisiacc_zip_prep(stack.decomp, &req, 1), 0);
	submit_and_collect(stack.decomp, &done, 1);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(done.produced, MAX);
	ck_assert_mem_eq(SRC, BACK, MAX);
}
END_TEST

START_TEST(source_over_the_largest_size_gives_e2big)
{
	struct hisiacc_zip_req req = req_of(HISIACC_ZIP_ZLIB, SRC, MAX + 1,
					    PACKED, 12 * MIB);

	check_refused(&req, -E2BIG);
}
END_TEST

START_TEST(source_over_the_largest_size_is_done_by_the_call_that_waits)
{
	enum pattern pattern = _i ? MIXED : ZERO;
	size_t n = MAX + 1 + (size_t)_i * MIB, size;
	struct hisiacc_zip_req req = req_of(HISIACC_ZIP_GZIP, SRC, n, PACKED,
					    13 * MIB);

	fill(SRC, n, pattern, 8);
	size = zip_pack_ok(&req);
	ck_assert_uint_eq(zlib_inflate(HISIACC_ZIP_GZIP, PACKED, size, BACK,
				       n + 1, NULL), n);
	ck_assert_mem_eq(SRC, BACK, n);
	memset(BACK, 0, n);
	req = req_of(HISIACC_ZIP_GZIP, PACKED, size, BACK, n);
	ck_assert_uint_eq(zip_unpack_ok(&req), n);
	ck_assert_mem_eq(SRC, BACK, n);
	memset(BACK, 0x5a, n);
	req.dst_len = n - 1;
	ck_assert_uint_eq(zip_unpack(&req).status, HISIACC_STATUS_DST_FULL);
	ck_assert_uint_eq(BACK[n - 1], 0x5a);
}
END_TEST

START_TEST(bound_is_enough_for_what_does_not_compress)
{
	enum hisiacc_zip_format format = format_of(_i);
	size_t n, room;
	struct hisiacc_zip_req req;

	fill(SRC, 3 * MIB, RANDOM, 8);
	for (n = 1; n < 3 * MIB; n = n * 3 + 1) {
		room = hisiacc_zip_bound(format, n);
		req = req_of(format, SRC, n, PACKED, room);
		ck_assert_uint_gt(zip_pack_ok(&req), n);
	}
}
END_TEST

/* ---- Headers ---- */

enum { EXTRA = 1, NAME = 2, COMMENT = 4, HCRC = 8, ALL_FIELDS = 15 };

static size_t gzip_with(int fields, const uint8_t *src, size_t n)
{
	gz_header header = {
		.text = fields & 1, .time = 12345, .os = 3,
		.extra = fields & EXTRA ? (Bytef *)SRC + MIB : NULL,
		.extra_len = 60000,
		.name = fields & NAME ? (Bytef *)"a file's name" : NULL,
		.comment = fields & COMMENT ? (Bytef *)"" : NULL,
		.hcrc = fields & HCRC,
	};
	z_stream z = {
		.next_in = (Bytef *)src, .avail_in = (uInt)n,
		.next_out = PACKED, .avail_out = MIB,
	};

	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, 0), Z_OK);
	ck_assert_int_eq(deflateSetHeader(&z, &header), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

START_TEST(gzip_headers_with_all_fields_are_read)
{
	struct hisiacc_zip_req req;
	size_t size, n = 5000;

	fill(SRC, n, TEXT, 3);
	fill(SRC + MIB, 65536, RANDOM, 3);
	size = gzip_with(_i, SRC, n);
	ck_assert_uint_eq(PACKED[3] & 0x1e, (_i & HCRC ? 2 : 0) |
			  (_i & EXTRA ? 4 : 0) | (_i & NAME ? 8 : 0) |
			  (_i & COMMENT ? 16 : 0));
	req = req_of(HISIACC_ZIP_GZIP, PACKED, size, BACK, n);
	memset(BACK, 0, n);
	ck_assert_uint_eq(zip_unpack_ok(&req), n);
	ck_assert_mem_eq(SRC, BACK, n);
}
END_TEST

START_TEST(bad_headers_give_ebadmsg)
{
	static const struct {
		int at, value;
	} bad[] = {
		{ 0, 0x1e }, { 1, 0x8a }, { 2, 7 }, { 3, 0x20 }, { 3, 0x40 },
		{ 3, 0x80 },
	};
	struct hisiacc_zip_req req;
	size_t i, size;
	uint8_t keep;

	fill(SRC, 1000, TEXT, 3);
	size = zlib_deflate(HISIACC_ZIP_GZIP, 6, SRC, 1000, PACKED, 4096);
	req = req_of(HISIACC_ZIP_GZIP, PACKED, size, BACK, 4096);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		keep = PACKED[bad[i].at];
		PACKED[bad[i].at] = (uint8_t)bad[i].value;
		ck_assert_int_eq(hisiacc_zip_prep(stack.decomp, &req, 0),
				 -EBADMSG);
		ck_assert_uint_eq(zip_unpack(&req).status,
				  HISIACC_STATUS_DATA_ERROR);
		PACKED[bad[i].at] = keep;
	}
	ck_assert_uint_eq(zip_unpack_ok(&(struct hisiacc_zip_req){
		.size = sizeof(req), .format = HISIACC_ZIP_GZIP, .src = PACKED,
		.src_len = size, .src_mem = stack.mem, .dst = BACK,
		.dst_len = 4096, .dst_mem = stack.mem }), 1000);
}
END_TEST

START_TEST(preset_dictionary_gives_eopnotsupp)
{
	z_stream z = {
		.next_in = SRC, .avail_in = 1000,
		.next_out = PACKED, .avail_out = 4096,
	};
	struct hisiacc_completion done;
	struct hisiacc_zip_req req;

	fill(SRC, 1000, TEXT, 3);
	ck_assert_int_eq(deflateInit(&z, 6), Z_OK);
	ck_assert_int_eq(deflateSetDictionary(&z, (Bytef *)"queue of the ", 13),
			 Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	req = req_of(HISIACC_ZIP_ZLIB, PACKED, z.total_out, BACK, 4096);
	deflateEnd(&z);
	ck_assert_int_eq(hisiacc_zip_prep(stack.decomp, &req, 0), -EOPNOTSUPP);
	ck_assert_int_eq(hisiacc_zip_decompress(stack.decomp, &req,
						HISIACC_NO_DEADLINE, &done),
			 -EOPNOTSUPP);
}
END_TEST

START_TEST(raw_deflate_on_version_2_gives_eopnotsupp)
{
	struct hisiacc_zip_req req = good();
	struct hisiacc_zip_stream *stream;
	struct hisiacc_completion done;

	req.format = HISIACC_ZIP_DEFLATE;
	check_refused(&req, -EOPNOTSUPP);
	ck_assert_int_eq(hisiacc_zip_compress(stack.comp, &req,
					      HISIACC_NO_DEADLINE, &done),
			 -EOPNOTSUPP);
	ck_assert_int_eq(hisiacc_zip_stream_alloc(stack.comp,
						  HISIACC_ZIP_DEFLATE, &stream),
			 -EOPNOTSUPP);
	ck_assert_ptr_null(stream);
}
END_TEST

static void add(void)
{
	test_set_timeout(120);
	test_add(malformed_requests_give_einval);
	test_add(no_room_behind_the_header_gives_enospc);
	test_add(source_outside_its_registration_gives_efault);
	test_add(destination_outside_its_registration_gives_efault);
	test_add(memory_of_another_context_gives_efault);
	test_add(read_only_memory_is_a_source_and_no_destination);
	test_add(registered_memory_of_any_alignment_is_used);
	test_add(source_of_the_largest_size_is_one_request);
	test_add(source_over_the_largest_size_gives_e2big);
	test_add_loop(source_over_the_largest_size_is_done_by_the_call_that_waits,
		0, 2);
	add_format_test(bound_is_enough_for_what_does_not_compress);
	test_add_loop(gzip_headers_with_all_fields_are_read, 0,
			    ALL_FIELDS + 1);
	test_add(bad_headers_give_ebadmsg);
	test_add(preset_dictionary_gives_eopnotsupp);
	if (first_format())
		test_add(raw_deflate_on_version_2_gives_eopnotsupp);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_large, stack_close);
}
