// SPDX-License-Identifier: GPL-2.0
/*
 * Damaged data: never success with wrong bytes, and zlib's verdict on
 * everything. The queue goes on.
 */
#include <unistd.h>

#include "stack.h"

#define SRC	(stack.buf)
#define PACKED	(stack.buf + 65536)
#define BACK	(stack.buf + 2 * 65536)
#define WORK	(stack.buf + 3 * 65536)

enum { PLAIN = 700 };

static size_t trailer_size(enum hisiacc_zip_format format)
{
	return format == HISIACC_ZIP_GZIP ? 8 :
	       format == HISIACC_ZIP_ZLIB ? 4 : 0;
}

static bool is_verdict_on_data(uint32_t status)
{
	return status == HISIACC_STATUS_DATA_ERROR ||
	       status == HISIACC_STATUS_CHECKSUM ||
	       status == HISIACC_STATUS_TRUNCATED ||
	       status == HISIACC_STATUS_DST_FULL;
}

/* Decompresses @n bytes at WORK and compares all with what zlib makes of it. */
static struct hisiacc_completion judge(enum hisiacc_zip_format format, size_t n,
				       size_t room)
{
	struct hisiacc_zip_req req = req_of(format, WORK, n, BACK, room);
	struct hisiacc_completion done = { 0 };
	static uint8_t other[PLAIN + 1];
	size_t size;
	int err;

	err = hisiacc_zip_decompress(stack.decomp, &req,
				     hisiacc_deadline(PATIENCE), &done);
	if (err == -EOPNOTSUPP) {
		/* looks like a preset dictionary */
		ck_assert_uint_eq(format, HISIACC_ZIP_ZLIB);
		ck_assert_uint_ne(WORK[1] & 0x20, 0);
		done.status = HISIACC_STATUS_DATA_ERROR;
	} else {
		ck_assert_int_eq(err, 0);
	}
	if (zlib_accepts(format, WORK, n, other, room, &size)) {
		ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
		ck_assert_uint_eq(done.produced, size);
		ck_assert_mem_eq(BACK, other, size);
	} else {
		ck_assert_msg(is_verdict_on_data(done.status),
			      "status %u for what zlib refuses", done.status);
	}
	return done;
}

/* A small file, without errors so far, at PACKED. */
static size_t make(enum hisiacc_zip_format format, int level)
{
	size_t size;

	fill(SRC, PLAIN, TEXT, 6);
	size = zlib_deflate(format, level, SRC, PLAIN, PACKED, 4096);
	memcpy(WORK, PACKED, size);
	ck_assert_uint_eq(judge(format, size, PLAIN).status, HISIACC_STATUS_OK);
	return size;
}

static void check_flips(enum hisiacc_zip_format format, int level)
{
	size_t size = make(format, level), bit;
	struct hisiacc_completion done;

	for (bit = 0; bit < size * 8; bit++) {
		WORK[bit / 8] ^= 1u << (bit % 8);
		done = judge(format, size, PLAIN);
		if (bit / 8 >= size - trailer_size(format))
			ck_assert_uint_eq(done.status, HISIACC_STATUS_CHECKSUM);
		/* there are bits that mean nothing, as in the last byte */
		if (format != HISIACC_ZIP_DEFLATE &&
		    done.status == HISIACC_STATUS_OK)
			ck_assert_mem_eq(BACK, SRC, PLAIN);
		WORK[bit / 8] ^= 1u << (bit % 8);
	}
	ck_assert_uint_eq(judge(format, size, PLAIN).status, HISIACC_STATUS_OK);
}

START_TEST(every_flipped_bit_is_found)
{
	check_flips(format_of(_i), 6);
}
END_TEST

START_TEST(every_flipped_bit_of_stored_data_is_found)
{
	check_flips(format_of(_i), 0);
}
END_TEST

START_TEST(data_cut_anywhere_is_found)
{
	enum hisiacc_zip_format format = format_of(_i);
	size_t size = make(format, 6), n;
	uint32_t status;

	for (n = 1; n < size; n++) {
		status = judge(format, n, PLAIN + 1).status;
		ck_assert_msg(status == HISIACC_STATUS_DATA_ERROR ||
			      status == HISIACC_STATUS_TRUNCATED,
			      "status %u for %zu bytes of %zu", status, n, size);
	}
	check_usable();
}
END_TEST

START_TEST(noise_is_refused)
{
	enum hisiacc_zip_format format = format_of(_i);
	size_t n = make(format, 6);
	uint32_t seed;

	for (seed = 1; seed < 500; seed++) {
		/* behind the header, or instead of all */
		fill(WORK + seed % 12, n - 12, RANDOM, seed);
		(void)judge(format, n, PLAIN);
		memcpy(WORK, PACKED, n);
	}
	check_usable();
}
END_TEST

/* Bad ones between good ones, all in flight at once. */
START_TEST(damaged_requests_leave_their_neighbours_alone)
{
	enum hisiacc_zip_format format = format_of(_i);
	enum { COUNT = 60 };
	size_t size = make(format, 6), i, step = (size + 15) & ~7u;
	struct hisiacc_completion done[COUNT];
	struct hisiacc_zip_req req;

	for (i = 0; i < COUNT; i++) {
		memcpy(WORK + i * step, PACKED, size);
		if (i % 3 == 1)
			WORK[i * step + size / 2] ^= 0x55;
		memset(BACK + i * PLAIN, 0, PLAIN);
		req = req_of(format, WORK + i * step, size, BACK + i * PLAIN,
			     PLAIN - (i % 3 == 2));
		ck_assert_int_eq(hisiacc_zip_prep(stack.decomp, &req, i), 0);
	}
	submit_and_collect(stack.decomp, done, COUNT);
	for (i = 0; i < COUNT; i++) {
		ck_assert_uint_eq(done[i].user_data, i);
		if (i % 3 == 0) {
			ck_assert_uint_eq(done[i].status, HISIACC_STATUS_OK);
			ck_assert_mem_eq(BACK + i * PLAIN, SRC, PLAIN);
		} else if (i % 3 == 2) {
			ck_assert_uint_eq(done[i].status,
					  HISIACC_STATUS_DST_FULL);
		} else if (format != HISIACC_ZIP_DEFLATE) {
			ck_assert_msg(is_verdict_on_data(done[i].status),
				      "status %u", done[i].status);
		}
	}
}
END_TEST

static void add(void)
{
	test_set_timeout(120);
	add_format_test(every_flipped_bit_is_found);
	add_format_test(every_flipped_bit_of_stored_data_is_found);
	add_format_test(data_cut_anywhere_is_found);
	add_format_test(noise_is_refused);
	add_format_test(damaged_requests_leave_their_neighbours_alone);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_default, stack_close);
}
