// SPDX-License-Identifier: GPL-2.0
/* Streams of all makers, damaged ones, and what follows a stream's end. */
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#include "stream.h"

#define MIB	(1u << 20)
#define SRC	(stack.buf)
#define PACKED	(stack.buf + 2 * MIB)
#define BACK	(stack.buf + 5 * MIB)

enum { PLAIN = 700 };

static void open_stack(void)
{
	stack_open(8u << 20, 16);
}

static void check_restored(enum hisiacc_zip_format format, size_t size,
			   size_t n, const struct cuts *cuts)
{
	struct hisiacc_zip_stream *stream = stream_new(stack.decomp, format);
	struct fed fed;

	memset(BACK, 0xa5, n);
	fed = feed(stream, PACKED, size, BACK, n + 64, cuts);
	ck_assert_uint_eq(fed.status, HISIACC_STATUS_END);
	ck_assert_uint_eq(fed.consumed, size);
	ck_assert_uint_eq(fed.produced, n);
	ck_assert_mem_eq(SRC, BACK, n);
	hisiacc_zip_stream_free(stream);
}

/* ---- All that zlib can make ---- */

static int bits_of(enum hisiacc_zip_format format, int window)
{
	return format == HISIACC_ZIP_DEFLATE ? -window :
	       format == HISIACC_ZIP_ZLIB ? window : window + 16;
}

/* With flushes of all kinds and changes of level on the way. */
static size_t zlib_make_odd(enum hisiacc_zip_format format, int window,
			    int level, int strategy, const uint8_t *src,
			    size_t n, uint32_t seed)
{
	static const int flushes[] = { Z_NO_FLUSH, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH,
				       Z_FULL_FLUSH, Z_BLOCK };
	z_stream z = { .next_out = PACKED, .avail_out = 3 * MIB };
	size_t at = 0, len;

	ck_assert_int_eq(deflateInit2(&z, level, Z_DEFLATED,
				      bits_of(format, window),
				      1 + (int)(seed % 9), strategy), Z_OK);
	while (at < n) {
		len = next_random(&seed) % 30000;
		if (len > n - at)
			len = n - at;
		z.next_in = (Bytef *)src + at;
		z.avail_in = (uInt)len;
		(void)deflate(&z, flushes[next_random(&seed) % 5]);
		at += len - z.avail_in;
		if (next_random(&seed) % 4 == 0)
			(void)deflateParams(&z,
					    (int)(next_random(&seed) % 10),
					    strategy);
	}
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

START_TEST(streams_of_every_level_are_read)
{
	struct cuts cuts = { .in = 9000, .out = 20000 };
	size_t size, n = 80000;
	int level;

	for (level = 0; level <= 9; level++) {
		cuts.seed = (uint32_t)level;
		fill(SRC, n, MIXED, cuts.seed);
		size = zlib_deflate(format_of(_i), level, SRC, n, PACKED,
				    3 * MIB);
		check_restored(format_of(_i), size, n, &cuts);
	}
}
END_TEST

START_TEST(streams_of_every_strategy_and_window_are_read)
{
	static const int strategies[] = { Z_DEFAULT_STRATEGY, Z_FILTERED,
					  Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED };
	struct cuts cuts = { .in = 40000, .out = 60000 };
	size_t size, n = 150000;
	int window, i;

	for (window = 9; window <= 15; window++) {
		for (i = 0; i < 5; i++) {
			cuts.seed = (uint32_t)(window * 5 + i);
			fill(SRC, n, i % 2 ? TEXT : MIXED, cuts.seed);
			size = zlib_make_odd(format_of(_i), window, i * 2,
					     strategies[i], SRC, n, cuts.seed);
			check_restored(format_of(_i), size, n, &cuts);
		}
	}
}
END_TEST

/* Distances as far as deflate has them, over many requests' boundaries. */
START_TEST(matches_reach_back_a_whole_window)
{
	struct cuts cuts = { .in = 1000, .out = 9000 };
	size_t size, n = 400000, i;

	fill(SRC, 32768, RANDOM, 1);
	for (i = 32768; i < n; i++)
		SRC[i] = SRC[i - 32500 + i / 50000];
	size = zlib_deflate(format_of(_i), 9, SRC, n, PACKED, 3 * MIB);
	ck_assert_uint_lt(size, n / 4);
	check_restored(format_of(_i), size, n, &cuts);
}
END_TEST

/*
 * A match of 258 bytes at the largest distance, which zlib never makes: a
 * stored block, and a last one of one match.
 */
START_TEST(match_at_the_largest_distance_is_read)
{
	static const uint8_t stored[] = { 0x00, 0x00, 0x80, 0xff, 0x7f };
	static const uint8_t match[] = { 0x1b, 0xbd, 0xff, 0x1f, 0x00 };
	struct cuts cuts = { .in = 3000, .out = 3000 };
	size_t n = 32768 + 258, size;
	uint32_t check, i;

	fill(SRC, 32768, RANDOM, 4);
	memcpy(SRC + 32768, SRC, 258);
	size = (size_t)hisiacc_zip_header_write(HISIACC_ZIP_ZLIB, PACKED, 16);
	memcpy(PACKED + size, stored, 5);
	memcpy(PACKED + size + 5, SRC, 32768);
	memcpy(PACKED + size + 5 + 32768, match, 5);
	size += 5 + 32768 + 5;
	check = (uint32_t)adler32(1, SRC, (uInt)n);
	for (i = 0; i < 4; i++)
		PACKED[size++] = (uint8_t)(check >> (24 - 8 * i));
	ck_assert_uint_eq(zlib_inflate(HISIACC_ZIP_ZLIB, PACKED, size, BACK, n,
				       NULL), n);
	check_restored(HISIACC_ZIP_ZLIB, size, n, &cuts);
}
END_TEST

/* ---- Tools ---- */

static void check_tool(const char *tool, const char *command)
{
	struct cuts cuts = { .in = 5000, .out = 9000, .seed = 1 };
	char line[256];
	size_t size, n = 60000;
	FILE *file;

	snprintf(line, sizeof(line), "command -v %s >/dev/null", tool);
	if (system(line))
		skip("there is no %s", tool);
	fill(SRC, n, MIXED, 8);
	file = fopen("/tmp/stack.plain", "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(SRC, 1, n, file), n);
	fclose(file);
	file = popen(command, "r");
	ck_assert_ptr_nonnull(file);
	size = fread(PACKED, 1, 3 * MIB, file);
	ck_assert_int_eq(pclose(file), 0);
	check_restored(HISIACC_ZIP_GZIP, size, n, &cuts);
}

START_TEST(files_of_gzip_are_read)
{
	check_tool("gzip", _i ? "gzip -9c /tmp/stack.plain" :
				"gzip -1c </tmp/stack.plain");
}
END_TEST

START_TEST(files_of_pigz_are_read)
{
	check_tool("pigz", "pigz -p 2 -b 32 -c /tmp/stack.plain");
}
END_TEST

START_TEST(files_of_zopfli_are_read)
{
	check_tool("zopfli", "zopfli --i1 -c /tmp/stack.plain");
}
END_TEST

/* ---- Around a stream ---- */

START_TEST(headers_are_read_in_pieces)
{
	gz_header header = { .extra = SRC + MIB, .extra_len = 5000,
			     .name = (Bytef *)"name",
			     .comment = (Bytef *)"a comment", .hcrc = 1 };
	z_stream z = { .next_in = SRC, .avail_in = 3000, .next_out = PACKED,
		       .avail_out = MIB };
	static const uint32_t most[] = { 1, 2, 3, 7, 100, 4096 };
	struct cuts cuts = { .out = 1000, .exact = true };
	size_t i;

	fill(SRC, 3000, TEXT, 1);
	fill(SRC + MIB, 5000, RANDOM, 1);
	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, 0), Z_OK);
	ck_assert_int_eq(deflateSetHeader(&z, &header), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	for (i = 0; i < ARRAY_SIZE(most); i++) {
		cuts.in = most[i];
		check_restored(HISIACC_ZIP_GZIP, z.total_out, 3000, &cuts);
	}
	/* the check of the header itself; it ends where the data begins */
	PACKED[11] ^= 1;
	cuts.in = 0;
	ck_assert_uint_eq(feed(stream_new(stack.decomp, HISIACC_ZIP_GZIP),
			       PACKED, z.total_out, BACK, MIB, &cuts).status,
			  HISIACC_STATUS_DATA_ERROR);
}
END_TEST

START_TEST(consumed_stops_at_the_end_of_the_stream)
{
	struct hisiacc_zip_stream *stream = stream_new(stack.decomp,
						       format_of(_i));
	static const uint32_t most[] = { 1, 5, 33, 4096, 0 };
	size_t size, n = 5000, i;
	struct cuts cuts = { 0 };
	struct fed fed;

	fill(SRC, n, TEXT, 1);
	size = zlib_deflate(format_of(_i), 6, SRC, n, PACKED, MIB);
	fill(PACKED + size, 5000, RANDOM, 1);
	for (i = 0; i < ARRAY_SIZE(most); i++) {
		cuts.in = most[i];
		hisiacc_zip_stream_reset(stream);
		fed = feed(stream, PACKED, size + 5000, BACK, MIB, &cuts);
		ck_assert_uint_eq(fed.status, HISIACC_STATUS_END);
		ck_assert_uint_eq(fed.consumed, size);
		ck_assert_uint_eq(fed.produced, n);
	}
	hisiacc_zip_stream_free(stream);
}
END_TEST

START_TEST(members_are_read_by_one_stream_with_resets)
{
	struct hisiacc_zip_stream *stream = stream_new(stack.decomp,
						       HISIACC_ZIP_GZIP);
	struct cuts cuts = { .in = 800, .out = 900, .seed = 2 };
	size_t size = 0, at = 0, out = 0, i;
	struct fed fed;

	fill(SRC, 50 * 2000, MIXED, 1);
	for (i = 0; i < 50; i++)
		size += zlib_deflate(HISIACC_ZIP_GZIP, i % 10, SRC + i * 2000,
				     i % 7 ? 2000 : 0, PACKED + size, 4000);
	for (i = 0; i < 50; i++) {
		fed = feed(stream, PACKED + at, size - at, BACK, MIB, &cuts);
		ck_assert_uint_eq(fed.status, HISIACC_STATUS_END);
		ck_assert_uint_eq(fed.produced, i % 7 ? 2000 : 0);
		ck_assert_mem_eq(BACK, SRC + i * 2000, fed.produced);
		at += fed.consumed;
		out += fed.produced;
		hisiacc_zip_stream_reset(stream);
	}
	ck_assert_uint_eq(at, size);
	hisiacc_zip_stream_free(stream);
}
END_TEST

/* ---- Damage ---- */

/* The stream's verdict on @size bytes at PACKED is zlib's. */
static uint32_t judge(struct hisiacc_zip_stream *stream,
		      enum hisiacc_zip_format format, size_t size,
		      const struct cuts *cuts)
{
	static uint8_t other[PLAIN + 600];
	struct hisiacc_completion done = { .status = HISIACC_STATUS_DATA_ERROR };
	struct hisiacc_zip_req req;
	struct fed fed;
	size_t n;

	hisiacc_zip_stream_reset(stream);
	if (format == HISIACC_ZIP_ZLIB && PACKED[1] & 0x20) {
		/* a preset dictionary, or a damaged header */
		req = req_of(0, PACKED, size, BACK, PLAIN);
		(void)!hisiacc_zip_stream_run(stream, &req,
					      HISIACC_NO_DEADLINE, &done);
		ck_assert_uint_ne(done.status, HISIACC_STATUS_END);
		return done.status;
	}
	fed = feed(stream, PACKED, size, BACK, sizeof(other), cuts);
	if (zlib_accepts(format, PACKED, size, other, sizeof(other), &n)) {
		ck_assert_uint_eq(fed.status, HISIACC_STATUS_END);
		ck_assert_uint_eq(fed.produced, n);
		ck_assert_mem_eq(BACK, other, n);
	} else {
		ck_assert_uint_ne(fed.status, HISIACC_STATUS_END);
	}
	return fed.status;
}

START_TEST(every_flipped_bit_is_found)
{
	enum hisiacc_zip_format format = format_of(_i);
	struct hisiacc_zip_stream *stream = stream_new(stack.decomp, format);
	size_t size, bit, trailer = _i == 2 ? 8 : _i == 1 ? 4 : 0;
	struct cuts cuts = { .out = PLAIN };
	uint32_t status;

	fill(SRC, PLAIN, TEXT, 6);
	size = zlib_deflate(format, 6, SRC, PLAIN, PACKED, MIB);
	for (bit = 0; bit < size * 8; bit++) {
		cuts.seed = (uint32_t)bit;
		cuts.in = bit % 8 ? 0 : 60;
		PACKED[bit / 8] ^= 1u << (bit % 8);
		status = judge(stream, format, size, &cuts);
		if (bit / 8 >= size - trailer)
			ck_assert_uint_eq(status, HISIACC_STATUS_CHECKSUM);
		PACKED[bit / 8] ^= 1u << (bit % 8);
	}
	ck_assert_uint_eq(judge(stream, format, size, &cuts),
			  HISIACC_STATUS_END);
	hisiacc_zip_stream_free(stream);
}
END_TEST

START_TEST(stream_cut_anywhere_is_truncated)
{
	enum hisiacc_zip_format format = format_of(_i);
	struct hisiacc_zip_stream *stream = stream_new(stack.decomp, format);
	struct cuts cuts = { .out = PLAIN };
	size_t size, n;

	fill(SRC, PLAIN, TEXT, 6);
	size = zlib_deflate(format, 6, SRC, PLAIN, PACKED, MIB);
	for (n = 0; n < size; n++) {
		cuts.seed = (uint32_t)n;
		cuts.in = n % 4 ? 0 : 60;
		ck_assert_uint_eq(judge(stream, format, n, &cuts),
				  HISIACC_STATUS_TRUNCATED);
	}
	hisiacc_zip_stream_free(stream);
}
END_TEST

START_TEST(bad_stream_needs_a_reset)
{
	struct hisiacc_zip_stream *stream = stream_new(stack.decomp,
						       HISIACC_ZIP_ZLIB);
	struct hisiacc_zip_req req = req_of(0, PACKED, 100, BACK, 100);
	struct hisiacc_completion done;

	memset(PACKED, 0xff, 100);
	done = run_piece(stream, PACKED, 100, BACK, 100, HISIACC_ZIP_FINISH);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_DATA_ERROR);
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						HISIACC_NO_DEADLINE, &done),
			 -EPIPE);
	hisiacc_zip_stream_reset(stream);
	fill(SRC, 1000, TEXT, 1);
	check_restored(HISIACC_ZIP_ZLIB, zlib_deflate(HISIACC_ZIP_ZLIB, 6, SRC,
						      1000, PACKED, MIB), 1000,
		       &(struct cuts){ .in = 0 });
	hisiacc_zip_stream_free(stream);
}
END_TEST

static void add(void)
{
	test_set_timeout(120);
	add_format_test(streams_of_every_level_are_read);
	add_format_test(streams_of_every_strategy_and_window_are_read);
	add_format_test(matches_reach_back_a_whole_window);
	test_add(match_at_the_largest_distance_is_read);
	test_add_loop(files_of_gzip_are_read, 0, 2);
	test_add(files_of_pigz_are_read);
	test_add(files_of_zopfli_are_read);
	test_add(headers_are_read_in_pieces);
	add_format_test(consumed_stops_at_the_end_of_the_stream);
	test_add(members_are_read_by_one_stream_with_resets);
	add_format_test(every_flipped_bit_is_found);
	add_format_test(stream_cut_anywhere_is_truncated);
	test_add(bad_stream_needs_a_reset);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, open_stack, stack_close);
}
