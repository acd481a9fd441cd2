// SPDX-License-Identifier: GPL-2.0
/* Streams that are fed piece by piece, with cuts anywhere. */
#include "stream.h"

#define MIB	(1u << 20)
#define SRC	(stack.buf)
#define PACKED	(stack.buf + 2 * MIB)
#define BACK	(stack.buf + 5 * MIB)

static void open_stack(void)
{
	stack_open(8u << 20, 16);
}

/* Compresses by the device in pieces; zlib restores. Returns the size. */
static size_t check_compress(enum hisiacc_zip_format format, size_t n,
			     const struct cuts *cuts)
{
	struct hisiacc_zip_stream *stream = stream_new(stack.comp, format);
	struct fed fed = feed(stream, SRC, n, PACKED, 3 * MIB, cuts);

	ck_assert_uint_eq(fed.status, HISIACC_STATUS_END);
	ck_assert_uint_eq(fed.consumed, n);
	memset(BACK, 0, n + 1);
	ck_assert_uint_eq(zlib_inflate(format, PACKED, fed.produced, BACK,
				       n + 1, NULL), n);
	ck_assert_mem_eq(SRC, BACK, n);
	hisiacc_zip_stream_free(stream);
	return fed.produced;
}

/* Restores by the device in pieces what lies at PACKED. */
static void check_decompress(enum hisiacc_zip_format format, size_t size,
			     size_t n, const struct cuts *cuts)
{
	struct hisiacc_zip_stream *stream = stream_new(stack.decomp, format);
	struct fed fed;

	memset(BACK, 0xa5, n + 64);
	fed = feed(stream, PACKED, size, BACK, n + 64, cuts);
	ck_assert_uint_eq(fed.status, HISIACC_STATUS_END);
	ck_assert_uint_eq(fed.consumed, size);
	ck_assert_uint_eq(fed.produced, n);
	ck_assert_mem_eq(SRC, BACK, n);
	ck_assert_msg(all_are(BACK + n, 64, 0xa5), "wrote past the end");
	hisiacc_zip_stream_free(stream);
}

START_TEST(compression_with_random_cuts)
{
	uint32_t seed, most;
	struct cuts cuts;
	size_t n;

	for (seed = 1; seed <= 12; seed++) {
		most = 10u << (seed % 12);
		cuts = (struct cuts){ .in = most, .seed = seed,
				      .out = 10u << (seed * 5 % 13) };
		n = most * 50 < MIB ? most * 50 : MIB;
		fill(SRC, n, seed % PATTERNS, seed);
		check_compress(format_of(_i), n, &cuts);
	}
}
END_TEST

START_TEST(decompression_with_random_cuts)
{
	uint32_t seed, most;
	struct cuts cuts;
	size_t n, size;

	for (seed = 1; seed <= 12; seed++) {
		most = 10u << (seed % 12);
		cuts = (struct cuts){ .in = most, .seed = seed,
				      .out = 10u << (seed * 5 % 13) };
		n = most * 50 < MIB ? most * 50 : MIB;
		fill(SRC, n, seed % PATTERNS, seed);
		size = zlib_deflate(format_of(_i), seed % 10, SRC, n, PACKED,
				    3 * MIB);
		check_decompress(format_of(_i), size, n, &cuts);
	}
}
END_TEST

START_TEST(pieces_of_one_byte_in_and_out)
{
	const struct cuts cuts = { .in = 1, .out = 1 };
	size_t size, n = 600;

	fill(SRC, n, MIXED, 1);
	size = check_compress(format_of(_i), n, &cuts);
	check_decompress(format_of(_i), size, n, &cuts);
	size = zlib_deflate(format_of(_i), 6, SRC, n, PACKED, MIB);
	check_decompress(format_of(_i), size, n, &cuts);
}
END_TEST

START_TEST(one_piece_of_everything)
{
	const struct cuts cuts = { .in = 0 };
	size_t size, n = MIB;

	fill(SRC, n, MIXED, 1);
	size = check_compress(format_of(_i), n, &cuts);
	check_decompress(format_of(_i), size, n, &cuts);
}
END_TEST

START_TEST(every_small_size)
{
	const struct cuts cuts = { .in = 7 };
	size_t size, n;

	for (n = 0; n <= 40; n += 1 + n / 12) {
		fill(SRC, n, TEXT, 1);
		size = check_compress(format_of(_i), n, &cuts);
		check_decompress(format_of(_i), size, n, &cuts);
	}
}
END_TEST

/* The piece sizes at which the library changes its mind. */
START_TEST(pieces_around_the_size_that_is_gathered)
{
	static const uint32_t most[] = { 4092, 4095, 4096, 4097, 4100, 8191,
					 8192, 8193 };
	size_t i, size, n = 60000;
	struct cuts cuts;

	fill(SRC, n, MIXED, 1);
	for (i = 0; i < ARRAY_SIZE(most); i++) {
		cuts = (struct cuts){ .in = most[i], .exact = true };
		size = check_compress(format_of(_i), n, &cuts);
		check_decompress(format_of(_i), size, n, &cuts);
		cuts = (struct cuts){ .out = most[i], .exact = true };
		size = check_compress(format_of(_i), n, &cuts);
		check_decompress(format_of(_i), size, n, &cuts);
	}
}
END_TEST

START_TEST(finish_without_input_ends_the_stream)
{
	enum hisiacc_zip_format format = format_of(_i);
	struct hisiacc_zip_stream *stream = stream_new(stack.comp, format);
	struct hisiacc_completion done;
	size_t size;

	fill(SRC, 100000, TEXT, 1);
	done = run_piece(stream, SRC, 100000, PACKED, MIB, 0);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(done.consumed, 100000);
	size = done.produced;
	done = run_piece(stream, SRC, 0, PACKED + size, MIB, HISIACC_ZIP_FINISH);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_END);
	size += done.produced;
	ck_assert_uint_eq(zlib_inflate(format, PACKED, size, BACK, MIB, NULL),
			  100000);
	ck_assert_mem_eq(SRC, BACK, 100000);
	/* and stays so */
	done = run_piece(stream, SRC, 0, PACKED, MIB, HISIACC_ZIP_FINISH);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_END);
	ck_assert_uint_eq(done.produced, 0);
	hisiacc_zip_stream_free(stream);
}
END_TEST

START_TEST(pieces_of_nothing_change_nothing)
{
	enum hisiacc_zip_format format = format_of(_i);
	struct hisiacc_zip_stream *stream = stream_new(stack.comp, format);
	size_t i, size = 0, n = 50000;
	struct hisiacc_completion done;

	fill(SRC, n, TEXT, 1);
	for (i = 0; i < 10; i++) {
		done = run_piece(stream, SRC, 0, PACKED + size, i * 10, 0);
		ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
		size += done.produced;
		done = run_piece(stream, SRC + i * 5000, 5000, PACKED, 0, 0);
		ck_assert_uint_eq(done.produced, 0);
		done = run_piece(stream, SRC + i * 5000 + done.consumed,
				 5000 - done.consumed, PACKED + size, MIB,
				 i == 9 ? HISIACC_ZIP_FINISH : 0);
		size += done.produced;
	}
	ck_assert_uint_eq(done.status, HISIACC_STATUS_END);
	ck_assert_uint_eq(zlib_inflate(format, PACKED, size, BACK, n, NULL), n);
	ck_assert_mem_eq(SRC, BACK, n);
	hisiacc_zip_stream_free(stream);
}
END_TEST

START_TEST(reset_begins_anew_in_every_state)
{
	enum hisiacc_zip_format format = format_of(_i);
	struct hisiacc_zip_stream *comp = stream_new(stack.comp, format);
	struct hisiacc_zip_stream *decomp = stream_new(stack.decomp, format);
	const struct cuts cuts = { .in = 1000, .out = 1000 };
	struct fed fed;
	size_t stop, n = 12000;

	fill(SRC, n, MIXED, 1);
	for (stop = 0; stop <= n; stop += 3000) {
		hisiacc_zip_stream_reset(comp);
		(void)feed_part(comp, SRC, stop, PACKED, MIB, &cuts, false);
		hisiacc_zip_stream_reset(comp);
		fed = feed(comp, SRC, n, PACKED, MIB, &cuts);
		ck_assert_uint_eq(fed.status, HISIACC_STATUS_END);
		hisiacc_zip_stream_reset(decomp);
		(void)feed_part(decomp, PACKED, fed.produced * stop / n, BACK,
				MIB, &cuts, false);
		hisiacc_zip_stream_reset(decomp);
		fed = feed(decomp, PACKED, fed.produced, BACK, n, &cuts);
		ck_assert_uint_eq(fed.status, HISIACC_STATUS_END);
		ck_assert_uint_eq(fed.produced, n);
		ck_assert_mem_eq(SRC, BACK, n);
	}
	hisiacc_zip_stream_free(comp);
	hisiacc_zip_stream_free(decomp);
}
END_TEST

enum { STREAMS = 5 };

/* Each on data of its own, a piece from here and a piece from there. */
static void check_interleaved(struct hisiacc_queue *queue, uint8_t *src,
			      const size_t *size, uint8_t *dst, size_t *made)
{
	struct hisiacc_zip_stream *stream[STREAMS];
	struct hisiacc_completion done;
	size_t at[STREAMS] = { 0 }, n;
	uint32_t seed = 1, i, left = STREAMS;

	for (i = 0; i < STREAMS; i++) {
		stream[i] = stream_new(queue, i % 2 ? HISIACC_ZIP_ZLIB :
						      HISIACC_ZIP_GZIP);
		made[i] = 0;
	}
	while (left) {
		i = next_random(&seed) % STREAMS;
		if (!stream[i])
			continue;
		n = next_random(&seed) % 9000;
		if (n > size[i] - at[i])
			n = size[i] - at[i];
		done = run_piece(stream[i], src + i * 65536 + at[i], n,
				 dst + i * 65536 + made[i], 65536 - made[i],
				 at[i] + n == size[i] ? HISIACC_ZIP_FINISH : 0);
		at[i] += done.consumed;
		made[i] += done.produced;
		if (done.status == HISIACC_STATUS_END) {
			hisiacc_zip_stream_free(stream[i]);
			stream[i] = NULL;
			left--;
			continue;
		}
		ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
	}
}

START_TEST(interleaved_streams_on_one_queue_are_independent)
{
	size_t size[STREAMS], packed[STREAMS], back[STREAMS], i;

	for (i = 0; i < STREAMS; i++) {
		size[i] = 40000 + i * 5000;
		fill(SRC + i * 65536, size[i], i % 2 ? MIXED : TEXT, i);
	}
	check_interleaved(stack.comp, SRC, size, PACKED, packed);
	check_interleaved(stack.decomp, PACKED, packed, BACK, back);
	for (i = 0; i < STREAMS; i++) {
		ck_assert_uint_eq(back[i], size[i]);
		ck_assert_mem_eq(SRC + i * 65536, BACK + i * 65536, size[i]);
	}
}
END_TEST

static void add(void)
{
	test_set_timeout(120);
	add_format_test(compression_with_random_cuts);
	add_format_test(decompression_with_random_cuts);
	add_format_test(pieces_of_one_byte_in_and_out);
	add_format_test(one_piece_of_everything);
	add_format_test(every_small_size);
	add_format_test(pieces_around_the_size_that_is_gathered);
	add_format_test(finish_without_input_ends_the_stream);
	add_format_test(pieces_of_nothing_change_nothing);
	add_format_test(reset_begins_anew_in_every_state);
	test_add(interleaved_streams_on_one_queue_are_independent);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, open_stack, stack_close);
}
