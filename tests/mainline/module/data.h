/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the modules beside it share: test data, and the kernel's zlib to
 * compare the accelerator with.
 */
#ifndef MAINLINE_DATA_H
#define MAINLINE_DATA_H

#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/zlib.h>

#define MOST	(1u << 20)
#define ROOM	(MOST + (MOST >> 3) + 256)

enum kind { TEXT, RANDOM, ZEROS, KINDS };

static const char * const kind_names[] = { "text", "noise", "zeros" };

static void report(bool good, const char *what, const char *kind, u32 length)
{
	pr_info("%s: %s, %u B of %s\n", good ? "ok" : "failed", what,
		length, kind);
}

static u32 data_random(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void data_fill(u8 *to, u32 length, enum kind kind, u32 seed)
{
	static const char * const words[] = {
		"queue ", "the ", "of ", "doorbell ", "and ", "ring", "\n",
		"compress", "ed ", "a ", "window ", "is ", "phase ", "to ",
		"bit", ", ",
	};
	u32 state = seed * 2654435761u | 1, at = 0;

	while (at < length) {
		u32 value = data_random(&state);

		switch (kind) {
		case TEXT: {
			const char *word = words[value >> 7 & 15];
			u32 count = min_t(u32, strlen(word), length - at);

			memcpy(to + at, word, count);
			at += count;
			if (at < length && !(value & 0x1f00000))
				to[at++] = '0' + value % 10;
			break;
		}
		case RANDOM:
			to[at++] = value >> 9;
			break;
		default:
			to[at++] = 0;
		}
	}
}

/* Returns the length of the output, or 0. */
static u32 soft_deflate(const u8 *from, u32 length, u8 *to, u32 room, int bits)
{
	struct z_stream_s stream = {};
	u32 result = 0;

	stream.workspace = vzalloc(zlib_deflate_workspacesize(MAX_WBITS,
							      DEF_MEM_LEVEL));
	if (!stream.workspace)
		return 0;
	stream.next_in = from;
	stream.avail_in = length;
	stream.next_out = to;
	stream.avail_out = room;
	if (zlib_deflateInit2(&stream, 6, Z_DEFLATED, bits, DEF_MEM_LEVEL,
			      Z_DEFAULT_STRATEGY) == Z_OK) {
		if (zlib_deflate(&stream, Z_FINISH) == Z_STREAM_END)
			result = stream.total_out;
		zlib_deflateEnd(&stream);
	}
	vfree(stream.workspace);
	return result;
}

/* True if @from is one complete stream and holds exactly @plain. */
static bool soft_inflate(const u8 *from, u32 length, const u8 *plain, u32 size,
			 u8 *scratch, u32 room, int bits)
{
	struct z_stream_s stream = {};
	bool good = false;
	int status;

	stream.workspace = vzalloc(zlib_inflate_workspacesize());
	if (!stream.workspace)
		return false;
	stream.next_in = from;
	stream.avail_in = length;
	stream.next_out = scratch;
	stream.avail_out = room;
	if (zlib_inflateInit2(&stream, bits) == Z_OK) {
		status = zlib_inflate(&stream, Z_SYNC_FLUSH);
		/* Raw streams may need a byte more than there is. */
		if (status == Z_OK && !stream.avail_in && stream.avail_out) {
			static const u8 zero;

			stream.next_in = &zero;
			stream.avail_in = 1;
			status = zlib_inflate(&stream, Z_SYNC_FLUSH);
			stream.avail_in = 0;
		}
		good = status == Z_STREAM_END && !stream.avail_in &&
		       stream.total_out == size &&
		       !memcmp(scratch, plain, size);
		zlib_inflateEnd(&stream);
	}
	vfree(stream.workspace);
	return good;
}

#endif
