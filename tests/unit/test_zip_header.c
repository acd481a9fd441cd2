// SPDX-License-Identifier: GPL-2.0
#include <zlib.h>

#include "test.h"

static const struct {
	uint32_t format;
	size_t len;
	int result;
	const char *bytes;
} table[] = {
	{ HISIACC_ZIP_DEFLATE, 0, 0, "" },
	{ HISIACC_ZIP_DEFLATE, 3, 0, "abc" },
	/* zlib: every byte pair that is valid is a multiple of 31 */
	{ HISIACC_ZIP_ZLIB, 2, 2, "\x78\x9c" },
	{ HISIACC_ZIP_ZLIB, 4, 2, "\x78\x01zz" },
	{ HISIACC_ZIP_ZLIB, 2, 2, "\x08\x1d" },
	{ HISIACC_ZIP_ZLIB, 2, -EBADMSG, "\x78\x9d" },
	{ HISIACC_ZIP_ZLIB, 2, -EBADMSG, "\x79\x9c" },
	{ HISIACC_ZIP_ZLIB, 2, -EBADMSG, "\x77\x85" },	/* method 7 */
	{ HISIACC_ZIP_ZLIB, 2, -EBADMSG, "\x88\x1c" },	/* window 2^16 */
	{ HISIACC_ZIP_ZLIB, 6, -EOPNOTSUPP, "\x78\xbb\0\0\0\0" },
	/* gzip */
	{ HISIACC_ZIP_GZIP, 10, 10, "\x1f\x8b\x08\0\1\2\3\4\2\3" },
	{ HISIACC_ZIP_GZIP, 10, 10, "\x1f\x8b\x08\1\1\2\3\4\2\3" },
	{ HISIACC_ZIP_GZIP, 10, -EBADMSG, "\x1e\x8b\x08\0\0\0\0\0\0\3" },
	{ HISIACC_ZIP_GZIP, 10, -EBADMSG, "\x1f\x8c\x08\0\0\0\0\0\0\3" },
	{ HISIACC_ZIP_GZIP, 10, -EBADMSG, "\x1f\x8b\x07\0\0\0\0\0\0\3" },
	{ HISIACC_ZIP_GZIP, 10, -EBADMSG, "\x1f\x8b\x08\x20\0\0\0\0\0\3" },
	{ HISIACC_ZIP_GZIP, 10, -EBADMSG, "\x1f\x8b\x08\x40\0\0\0\0\0\3" },
	{ HISIACC_ZIP_GZIP, 10, -EBADMSG, "\x1f\x8b\x08\x80\0\0\0\0\0\3" },
	{ HISIACC_ZIP_GZIP, 16, 15, "\x1f\x8b\x08\x04\0\0\0\0\0\3\3\0abcZ" },
	{ HISIACC_ZIP_GZIP, 12, 12, "\x1f\x8b\x08\x04\0\0\0\0\0\3\0\0" },
	{ HISIACC_ZIP_GZIP, 13, 12, "\x1f\x8b\x08\x08\0\0\0\0\0\3n\0Z" },
	{ HISIACC_ZIP_GZIP, 13, 11, "\x1f\x8b\x08\x10\0\0\0\0\0\3\0ZZ" },
	{ HISIACC_ZIP_GZIP, 20, 18,
	  "\x1f\x8b\x08\x1c\0\0\0\0\0\3\1\0xab\0c\0ZZ" },
};

START_TEST(headers_are_measured)
{
	ck_assert_int_eq(hisiacc_zip_header_parse(table[_i].format,
						  table[_i].bytes,
						  table[_i].len),
			 table[_i].result);
}
END_TEST

START_TEST(a_header_cut_at_any_byte_goes_on)
{
	int size = table[_i].result;
	size_t cut;

	if (size < 0)
		size = 0;
	for (cut = 0; cut < (size_t)size; cut++) {
		uint8_t *copy = malloc(cut + 1);	/* to catch overruns */

		memcpy(copy, table[_i].bytes, cut);
		ck_assert_int_eq(hisiacc_zip_header_parse(table[_i].format,
							  copy, cut), -EAGAIN);
		free(copy);
	}
}
END_TEST

START_TEST(a_header_may_come_byte_by_byte)
{
	struct hisiacc_zip_header header = { .format = table[_i].format };
	size_t i, used, total = 0;
	int n = 0;

	for (i = 0; i < table[_i].len && !n; i++) {
		n = hisiacc_zip_header_feed(&header, (const uint8_t *)
					    table[_i].bytes + i, 1, &used);
		total += used;
	}
	if (table[_i].result < 0)
		ck_assert_int_eq(n, table[_i].result);
	else
		ck_assert_int_eq((int)total, table[_i].result);
}
END_TEST

/* zlib's own idea of a header with everything, the checksum included. */
START_TEST(zlibs_headers_are_understood)
{
	uint8_t buf[1000], extra[300] = { 1, 2, 3 };
	gz_header head = {
		.text = 1, .time = 77, .os = 3,
		.extra = _i & 1 ? extra : NULL, .extra_len = sizeof(extra),
		.name = _i & 2 ? (Bytef *)(uintptr_t)"file.txt" : NULL,
		.comment = _i & 4 ? (Bytef *)(uintptr_t)"hello" : NULL,
		.hcrc = _i >> 3 & 1,
	};
	z_stream z = { .next_out = buf, .avail_out = sizeof(buf) };
	int size = 10 + (_i & 1 ? 302 : 0) + (_i & 2 ? 9 : 0) +
		   (_i & 4 ? 6 : 0) + (_i & 8 ? 2 : 0);
	int cut;

	deflateInit2(&z, 6, Z_DEFLATED, 31, 8, 0);
	deflateSetHeader(&z, &head);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	ck_assert_int_eq(hisiacc_zip_header_parse(HISIACC_ZIP_GZIP, buf,
						  z.total_out), size);
	for (cut = 0; cut < size; cut++)
		ck_assert_int_eq(hisiacc_zip_header_parse(HISIACC_ZIP_GZIP, buf,
							  (size_t)cut),
				 -EAGAIN);
	if (_i & 8) {
		buf[size - 1] ^= 1;
		ck_assert_int_eq(hisiacc_zip_header_parse(HISIACC_ZIP_GZIP, buf,
							  z.total_out),
				 -EBADMSG);
		buf[size - 1] ^= 1;
		buf[4] ^= 1;
		ck_assert_int_eq(hisiacc_zip_header_parse(HISIACC_ZIP_GZIP, buf,
							  z.total_out),
				 -EBADMSG);
	}
}
END_TEST

START_TEST(damage_is_found_at_the_first_byte_that_has_it)
{
	uint8_t bad = 0x1e;

	ck_assert_int_eq(hisiacc_zip_header_parse(HISIACC_ZIP_GZIP, &bad, 1),
			 -EBADMSG);
	ck_assert_int_eq(hisiacc_zip_header_parse(HISIACC_ZIP_GZIP,
						  "\x1f\x8b\x09", 3), -EBADMSG);
	ck_assert_int_eq(hisiacc_zip_header_parse(HISIACC_ZIP_GZIP,
						  "\x1f\x8b\x08\xe0", 4),
			 -EBADMSG);
}
END_TEST

START_TEST(written_headers_are_valid)
{
	static const int size[] = { 0, 2, 10 };
	uint32_t format = all_formats[_i];
	uint8_t buf[11] = { 0 };
	int n;

	for (n = 0; n < size[_i]; n++)
		ck_assert_int_eq(hisiacc_zip_header_write(format, buf,
							  (size_t)n), -ENOSPC);
	ck_assert_uint_eq(buf[0], 0);
	ck_assert_int_eq(hisiacc_zip_header_write(format, buf, 11), size[_i]);
	ck_assert_uint_eq(buf[size[_i]], 0);
	ck_assert_int_eq(hisiacc_zip_header_parse(format, buf, 11), size[_i]);
}
END_TEST

START_TEST(unknown_formats_are_refused)
{
	static const uint32_t formats[] = { 0, 4, 0xffffffff };
	uint8_t buf[10];
	size_t i;

	for (i = 0; i < N(formats); i++) {
		ck_assert_int_eq(hisiacc_zip_header_parse(formats[i], buf, 10),
				 -EINVAL);
		ck_assert_int_eq(hisiacc_zip_header_write(formats[i], buf, 10),
				 -EINVAL);
	}
}
END_TEST

START_TEST(empty_streams_are_valid)
{
	static const size_t size[] = { 2, 8, 20 };
	uint8_t buf[HISIACC_ZIP_EMPTY_MAX], out[1];
	size_t n = hisiacc_zip_empty(all_formats[_i], buf);

	ck_assert_uint_eq(n, size[_i]);
	ck_assert_uint_eq(ref_decompress(all_formats[_i], buf, n, out, 1), 0);
}
END_TEST

START_TEST(tails_hold_the_checksum)
{
	/* "abc": Adler-32 024d0127; CRC-32 352441c2, mirrored complement. */
	static const uint32_t check[] = { 0x5555, 0x024d0127, 0xbc7ddb53 };
	static const char *const tails[] = {
		"\x01\x00\x00\xff\xff",
		"\x01\x00\x00\xff\xff\x02\x4d\x01\x27",
		"\x01\x00\x00\xff\xff\xc2\x41\x24\x35\x03\x00\x00\x00",
	};
	static const size_t size[] = { 5, 9, 13 };
	struct hisiacc_zip_words words = { .checksum = check[_i], .isize = 3 };
	uint8_t buf[HISIACC_ZIP_TAIL_MAX];

	ck_assert_uint_eq(hisiacc_zip_tail(all_formats[_i], &words, buf),
			  size[_i]);
	ck_assert_mem_eq(buf, tails[_i], size[_i]);
}
END_TEST

Suite *zip_header_suite(void)
{
	Suite *suite = suite_create("zip_header");
	TCase *tc = tcase_create("parse");

	tcase_add_loop_test(tc, headers_are_measured, 0, N(table));
	tcase_add_loop_test(tc, a_header_cut_at_any_byte_goes_on, 0, N(table));
	tcase_add_loop_test(tc, a_header_may_come_byte_by_byte, 0, N(table));
	tcase_add_loop_test(tc, zlibs_headers_are_understood, 0, 16);
	tcase_add_test(tc, damage_is_found_at_the_first_byte_that_has_it);
	tcase_add_test(tc, unknown_formats_are_refused);
	suite_add_tcase(suite, tc);

	tc = tcase_create("write");
	tcase_add_loop_test(tc, written_headers_are_valid, 0, 3);
	tcase_add_loop_test(tc, empty_streams_are_valid, 0, 3);
	tcase_add_loop_test(tc, tails_hold_the_checksum, 0, 3);
	suite_add_tcase(suite, tc);
	return suite;
}
