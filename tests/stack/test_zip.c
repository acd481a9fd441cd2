// SPDX-License-Identifier: GPL-2.0
/* One-shot compression and decompression, zlib being the judge. */
#include <unistd.h>

#include "stack.h"

#define MIB	(1u << 20)

/* Where things lie in the stack's memory; sources and results up to 1 MiB. */
#define SRC	(stack.buf)
#define PACKED	(stack.buf + MIB + 4096)
#define BACK	(stack.buf + 5 * MIB / 2)

static const size_t sizes[] = {
	301, 511, 512, 1000, 4093, 4094, 4095, 4096, 4097, 4098, 8191, 8192,
	8193, 32767, 32768, 32769, 65535, 65536, 65537, 100000, MIB - 1, MIB,
};

/* Compresses on the device, restores by zlib. */
static void check_compress(enum hisiacc_zip_format format, size_t n,
			   enum pattern pattern)
{
	size_t room = hisiacc_zip_bound(format, n), size;
	struct hisiacc_zip_req req = req_of(format, SRC, n, PACKED, room);

	fill(SRC, n, pattern, (uint32_t)n);
	memset(PACKED + room, 0xa5, 64);
	size = zip_pack_ok(&req);
	ck_assert_msg(all_are(PACKED + room, 64, 0xa5), "wrote past the end");
	ck_assert_uint_eq(zlib_inflate(format, PACKED, size, BACK, n + 1, NULL),
			  n);
	ck_assert_mem_eq(SRC, BACK, n);
}

/* Compresses by zlib, restores on the device. */
static void check_decompress(enum hisiacc_zip_format format, size_t n,
			     enum pattern pattern, int level)
{
	size_t size;
	struct hisiacc_zip_req req;

	fill(SRC, n, pattern, (uint32_t)n);
	size = zlib_deflate(format, level, SRC, n, PACKED, MIB + 65536);
	memset(BACK, 0x5a, n + 64);
	req = req_of(format, PACKED, size, BACK, n);
	ck_assert_uint_eq(zip_unpack_ok(&req), n);
	ck_assert_mem_eq(SRC, BACK, n);
	ck_assert_msg(all_are(BACK + n, 64, 0x5a), "wrote past the end");
}

START_TEST(zlib_reads_what_the_device_wrote_small)
{
	size_t n;

	for (n = 1; n <= 300; n++)
		check_compress(format_of(_i), n, n % PATTERNS);
}
END_TEST

START_TEST(zlib_reads_what_the_device_wrote)
{
	enum pattern pattern;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (pattern = TEXT; pattern < PATTERNS; pattern++)
			check_compress(format_of(_i), sizes[i], pattern);
}
END_TEST

START_TEST(the_device_reads_what_zlib_wrote_small)
{
	size_t n;

	for (n = 1; n <= 300; n++)
		check_decompress(format_of(_i), n, n % PATTERNS, n % 10);
}
END_TEST

START_TEST(the_device_reads_what_zlib_wrote)
{
	enum pattern pattern;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (pattern = TEXT; pattern < PATTERNS; pattern++)
			check_decompress(format_of(_i), sizes[i], pattern,
					 i % 3 ? 1 : 6);
}
END_TEST

START_TEST(every_level_of_zlib_is_read)
{
	int level;

	for (level = 0; level <= 9; level++)
		check_decompress(format_of(_i), 70000, MIXED, level);
}
END_TEST

START_TEST(empty_source_compresses_to_an_empty_stream)
{
	struct hisiacc_zip_req req = req_of(format_of(_i), SRC, 0, PACKED, 64);
	size_t size;

	size = zip_pack_ok(&req);
	ck_assert_uint_eq(zlib_inflate(format_of(_i), PACKED, size, BACK, 1,
				       NULL), 0);
	req.dst_len = size - 1;
	ck_assert_uint_eq(zip_pack(&req).status, HISIACC_STATUS_DST_FULL);
}
END_TEST

START_TEST(empty_stream_decompresses_to_nothing)
{
	struct hisiacc_zip_req req;
	size_t size;

	size = zlib_deflate(format_of(_i), 6, SRC, 0, PACKED, 64);
	req = req_of(format_of(_i), PACKED, size, BACK, 16);
	ck_assert_uint_eq(zip_unpack_ok(&req), 0);
}
END_TEST

START_TEST(empty_source_decompresses_to_truncated)
{
	struct hisiacc_zip_req req = req_of(format_of(_i), PACKED, 0, BACK, 16);
	struct hisiacc_completion done;

	done = zip_unpack(&req);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_TRUNCATED);
	ck_assert_uint_eq(done.produced, 0);
}
END_TEST

START_TEST(every_alignment_works)
{
	enum hisiacc_zip_format format = format_of(_i);
	uint8_t *page = SRC + 65536 - 2048;
	size_t a, b, n = 4000, size;
	struct hisiacc_zip_req req;

	fill(SRC, MIB, MIXED, 3);
	for (a = 0; a <= 64; a++) {
		b = a * 7 % 65;
		req = req_of(format, page + a, n, PACKED + b, 8192);
		size = zip_pack_ok(&req);
		memset(BACK, 0, n + 64);
		req = req_of(format, PACKED + b, size, BACK + (a ^ 21), n);
		ck_assert_uint_eq(zip_unpack_ok(&req), n);
		ck_assert_mem_eq(page + a, BACK + (a ^ 21), n);
		ck_assert_uint_eq(zlib_inflate(format, PACKED + b, size, BACK,
					       n, NULL), n);
		ck_assert_mem_eq(page + a, BACK, n);
	}
}
END_TEST

START_TEST(compressing_into_one_byte_too_little_gives_dst_full)
{
	struct hisiacc_zip_req req = req_of(format_of(_i), SRC, 5000, PACKED,
					    8192);
	struct hisiacc_completion done;

	fill(SRC, 5000, MIXED, 9);
	req.dst_len = zip_pack_ok(&req) - 1;
	memset(PACKED, 0xa5, 8192);
	done = zip_pack(&req);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_DST_FULL);
	ck_assert_msg(all_are(PACKED + req.dst_len, 64, 0xa5),
		      "wrote past the end");
	for (req.dst_len = 0; req.dst_len < 40; req.dst_len++)
		ck_assert_uint_eq(zip_pack(&req).status,
				  HISIACC_STATUS_DST_FULL);
	check_usable();
}
END_TEST

START_TEST(decompressing_into_one_byte_too_little_gives_dst_full)
{
	struct hisiacc_zip_req req;
	size_t size, n = 5000;

	fill(SRC, n, MIXED, 9);
	size = zlib_deflate(format_of(_i), 6, SRC, n, PACKED, 8192);
	req = req_of(format_of(_i), PACKED, size, BACK, n);
	ck_assert_uint_eq(zip_unpack_ok(&req), n);
	memset(BACK, 0x5a, n + 64);
	req.dst_len = n - 1;
	ck_assert_uint_eq(zip_unpack(&req).status, HISIACC_STATUS_DST_FULL);
	ck_assert_msg(all_are(BACK + n - 1, 64, 0x5a), "wrote past the end");
	req.dst_len = 1;
	ck_assert_uint_eq(zip_unpack(&req).status, HISIACC_STATUS_DST_FULL);
	check_usable();
}
END_TEST

START_TEST(what_follows_the_stream_is_left_alone)
{
	struct hisiacc_completion done;
	struct hisiacc_zip_req req;
	size_t size, n = 3000, extra;

	fill(SRC, n, TEXT, 1);
	size = zlib_deflate(format_of(_i), 6, SRC, n, PACKED, 8192);
	fill(PACKED + size, 4096, RANDOM, 1);
	for (extra = 1; extra < 4096; extra = extra * 2 + 1) {
		req = req_of(format_of(_i), PACKED, size + extra, BACK, n + 10);
		done = zip_unpack(&req);
		ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
		ck_assert_uint_eq(done.consumed, size);
		ck_assert_uint_eq(done.produced, n);
		ck_assert_mem_eq(SRC, BACK, n);
	}
}
END_TEST

START_TEST(members_are_read_one_after_the_other)
{
	enum hisiacc_zip_format format = format_of(_i);
	size_t at = 0, out = 0, i, size = 0;
	struct hisiacc_completion done;
	struct hisiacc_zip_req req;

	fill(SRC, 100 * 500, MIXED, 4);
	for (i = 0; i < 100; i++)
		size += zlib_deflate(format, i % 10, SRC + i * 500, 500,
				     PACKED + size, 1000);
	while (at < size) {
		req = req_of(format, PACKED + at, size - at, BACK + out, 500);
		done = zip_unpack(&req);
		ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
		ck_assert_uint_eq(done.produced, 500);
		at += done.consumed;
		out += done.produced;
	}
	ck_assert_uint_eq(at, size);
	ck_assert_uint_eq(out, 100 * 500);
	ck_assert_mem_eq(SRC, BACK, out);
}
END_TEST

static void add(void)
{
	test_set_timeout(120);
	add_format_test(zlib_reads_what_the_device_wrote_small);
	add_format_test(zlib_reads_what_the_device_wrote);
	add_format_test(the_device_reads_what_zlib_wrote_small);
	add_format_test(the_device_reads_what_zlib_wrote);
	add_format_test(every_level_of_zlib_is_read);
	add_format_test(empty_source_compresses_to_an_empty_stream);
	add_format_test(empty_stream_decompresses_to_nothing);
	add_format_test(empty_source_decompresses_to_truncated);
	add_format_test(every_alignment_works);
	add_format_test(compressing_into_one_byte_too_little_gives_dst_full);
	add_format_test(decompressing_into_one_byte_too_little_gives_dst_full);
	add_format_test(what_follows_the_stream_is_left_alone);
	add_format_test(members_are_read_one_after_the_other);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_default, stack_close);
}
