// SPDX-License-Identifier: GPL-2.0
/*
 * Streams beyond 4 GiB: the size in the gzip trailer wraps, everything else
 * must not. One block of memory, over and over, stands for the file.
 */
#include <stdio.h>
#include <zlib.h>

#include "stream.h"

#define BLOCK	(4u << 20)
#define SRC	(stack.buf)
#define PACKED	(stack.buf + BLOCK)
#define BACK	(stack.buf + 36 * (1u << 20) - BLOCK)

/* A little more than 4 GiB. */
#define BLOCKS	UINT64_C(1025)

/* Long runs, so that all of the file's compressed form fits into memory. */
static void make_block(void)
{
	size_t i;

	for (i = 0; i < BLOCK; i++)
		SRC[i] = (uint8_t)(i >> 16);
}

static size_t compress_blocks(void)
{
	struct hisiacc_zip_stream *stream = stream_new(stack.comp,
						       HISIACC_ZIP_GZIP);
	size_t size = 0, room = (size_t)(BACK - PACKED);
	struct hisiacc_completion done = { 0 };
	uint64_t i, used;

	for (i = 0; i < BLOCKS; i++) {
		for (used = 0; used < BLOCK; used += done.consumed) {
			done = run_piece(stream, SRC + used, BLOCK - used,
					 PACKED + size, room - size,
					 i == BLOCKS - 1 ?
					 HISIACC_ZIP_FINISH : 0);
			ck_assert_uint_ne(done.consumed, 0);
			size += done.produced;
		}
	}
	ck_assert_uint_eq(done.status, HISIACC_STATUS_END);
	hisiacc_zip_stream_free(stream);
	return size;
}

static void check_trailer(const uint8_t *end)
{
	uint32_t one = (uint32_t)crc32(0, SRC, BLOCK), crc = one, word;
	uint64_t i, total = BLOCKS * BLOCK;

	for (i = 1; i < BLOCKS; i++)
		crc = (uint32_t)crc32_combine(crc, one, BLOCK);
	memcpy(&word, end - 8, 4);
	ck_assert_uint_eq(word, crc);
	memcpy(&word, end - 4, 4);
	ck_assert_uint_eq(word, (uint32_t)total);
	ck_assert_uint_lt(word, total);
}

static void restore_blocks(size_t size)
{
	struct hisiacc_zip_stream *stream = stream_new(stack.decomp,
						       HISIACC_ZIP_GZIP);
	struct hisiacc_completion done;
	uint64_t total = 0;
	size_t at = 0, have = 0;

	do {
		done = run_piece(stream, PACKED + at, size - at, BACK + have,
				 BLOCK - have, HISIACC_ZIP_FINISH);
		at += done.consumed;
		have += done.produced;
		total += done.produced;
		if (have == BLOCK) {
			ck_assert(!memcmp(BACK, SRC, BLOCK));
			memset(BACK, 0xa5, BLOCK);
			have = 0;
		}
	} while (done.status == HISIACC_STATUS_OK);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_END);
	ck_assert_uint_eq(at, size);
	ck_assert_uint_eq(total, BLOCKS * BLOCK);
	hisiacc_zip_stream_free(stream);
}

START_TEST(large_stream_is_compressed_and_restored)
{
	int64_t start = now_ms();
	size_t size;

	make_block();
	size = compress_blocks();
	check_trailer(PACKED + size);
	restore_blocks(size);
	printf("stream of %llu MiB: %.1f s there and back, emulated\n",
	       (unsigned long long)(BLOCKS * BLOCK >> 20),
	       (double)(now_ms() - start) / 1000);
}
END_TEST

static void add(void)
{
	test_set_timeout(600);
	test_add(large_stream_is_compressed_and_restored);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_large, stack_close);
}
