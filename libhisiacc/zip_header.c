// SPDX-License-Identifier: MIT
/* Headers, trailers and empty streams: what software does of the formats. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "internal.h"

#define GZIP_HCRC	0x02u
#define GZIP_EXTRA	0x04u
#define GZIP_NAME	0x08u
#define GZIP_COMMENT	0x10u
#define GZIP_RESERVED	0xe0u

#define ZLIB_DICT	0x20u

static const uint8_t zlib_header[] = { 0x78, 0x9c };
static const uint8_t gzip_header[HISIACC_ZIP_HEADER_MAX] = {
	0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3
};

/* What a reader is at. Stages come in this order, some are left out. */
enum stage {
	STAGE_FIXED,
	STAGE_EXTRA_LEN,
	STAGE_EXTRA,
	STAGE_NAME,
	STAGE_COMMENT,
	STAGE_HCRC,
	STAGE_DONE
};

static uint32_t crc32_byte(uint32_t crc, uint8_t byte)
{
	int i;

	crc ^= byte;
	for (i = 0; i < 8; i++)
		crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	return crc;
}

/* The stage after this one; those that the flags leave out are passed over. */
static void next_stage(struct hisiacc_zip_header *header)
{
	static const uint8_t flag[] = {
		[STAGE_EXTRA_LEN] = GZIP_EXTRA,
		[STAGE_EXTRA] = GZIP_EXTRA,
		[STAGE_NAME] = GZIP_NAME,
		[STAGE_COMMENT] = GZIP_COMMENT,
		[STAGE_HCRC] = GZIP_HCRC,
	};

	header->have = 0;
	do {
		header->stage++;
	} while (header->stage < STAGE_DONE &&
		 !(header->flags & flag[header->stage]));
}

static int check_zlib(struct hisiacc_zip_header *header)
{
	const uint8_t *b = header->fixed;

	if ((b[0] & 0x0f) != 8 || b[0] >> 4 > 7 || (b[0] << 8 | b[1]) % 31)
		return -EBADMSG;
	if (b[1] & ZLIB_DICT)
		return -EOPNOTSUPP;
	header->stage = STAGE_DONE;
	return 0;
}

/* The first bytes are looked at as they come: damage is found early. */
static int check_gzip(struct hisiacc_zip_header *header)
{
	uint32_t n = header->have < 3 ? header->have : 3;

	if (memcmp(header->fixed, gzip_header, n))
		return -EBADMSG;
	if (header->have > 3 && header->fixed[3] & GZIP_RESERVED)
		return -EBADMSG;
	if (header->have == sizeof(gzip_header)) {
		header->flags = header->fixed[3];
		next_stage(header);
	}
	return 0;
}

static int feed_byte(struct hisiacc_zip_header *header, uint8_t byte)
{
	uint32_t crc = ~header->crc;

	header->crc = ~crc32_byte(~header->crc, byte);
	switch (header->stage) {
	case STAGE_FIXED:
		header->fixed[header->have++] = byte;
		if (header->format == HISIACC_ZIP_GZIP)
			return check_gzip(header);
		return header->have < sizeof(zlib_header) ? 0 :
		       check_zlib(header);
	case STAGE_EXTRA_LEN:
		header->left |= (uint32_t)byte << 8 * header->have++;
		if (header->have == 2) {
			next_stage(header);
			if (!header->left)
				next_stage(header);
		}
		return 0;
	case STAGE_EXTRA:
		if (!--header->left)
			next_stage(header);
		return 0;
	case STAGE_NAME:
	case STAGE_COMMENT:
		if (!byte)
			next_stage(header);
		return 0;
	default:
		/* STAGE_HCRC: the lower half of what comes before it */
		if (!header->have)
			header->left = ~crc & 0xffff;
		if (byte != (uint8_t)(header->left >> 8 * header->have))
			return -EBADMSG;
		if (++header->have == 2)
			next_stage(header);
		return 0;
	}
}

int hisiacc_zip_header_feed(struct hisiacc_zip_header *header,
			    const uint8_t *src, size_t len, size_t *used)
{
	size_t i;
	int err;

	*used = 0;
	if (header->format == HISIACC_ZIP_DEFLATE)
		header->stage = STAGE_DONE;
	for (i = 0; i < len && header->stage != STAGE_DONE; i++) {
		err = feed_byte(header, src[i]);
		if (err)
			return err;
	}
	*used = i;
	return header->stage == STAGE_DONE;
}

int hisiacc_zip_header_parse(enum hisiacc_zip_format format, const void *src,
			     size_t len)
{
	struct hisiacc_zip_header header = { .format = format };
	size_t used;
	int n;

	if (format < HISIACC_ZIP_DEFLATE || format > HISIACC_ZIP_GZIP)
		return -EINVAL;
	/* Nearly all: no optional field. */
	if (format == HISIACC_ZIP_GZIP && len >= sizeof(gzip_header) &&
	    !memcmp(src, gzip_header, 4))
		return sizeof(gzip_header);
	n = hisiacc_zip_header_feed(&header, src, len, &used);
	if (n < 0)
		return n;
	if (!n)
		return -EAGAIN;
	return used > INT_MAX ? -E2BIG : (int)used;
}

int hisiacc_zip_header_write(enum hisiacc_zip_format format, void *dst,
			     size_t len)
{
	const uint8_t *src = NULL;
	size_t n = 0;

	switch (format) {
	case HISIACC_ZIP_DEFLATE:
		return 0;
	case HISIACC_ZIP_ZLIB:
		src = zlib_header;
		n = sizeof(zlib_header);
		break;
	case HISIACC_ZIP_GZIP:
		src = gzip_header;
		n = sizeof(gzip_header);
		break;
	default:
		return -EINVAL;
	}
	if (len < n)
		return -ENOSPC;
	memcpy(dst, src, n);
	return (int)n;
}

size_t hisiacc_zip_empty(enum hisiacc_zip_format format, uint8_t *dst)
{
	static const uint8_t trailer[][8] = {
		[HISIACC_ZIP_ZLIB] = { 0, 0, 0, 1 },
		[HISIACC_ZIP_GZIP] = { 0 },
	};
	static const uint8_t trailer_size[] = {
		[HISIACC_ZIP_DEFLATE] = 0,
		[HISIACC_ZIP_ZLIB] = 4,
		[HISIACC_ZIP_GZIP] = 8,
	};
	size_t n = (size_t)hisiacc_zip_header_write(format, dst,
						    HISIACC_ZIP_HEADER_MAX);

	/* A block of fixed codes that holds nothing but its end. */
	dst[n++] = 0x03;
	dst[n++] = 0x00;
	if (format != HISIACC_ZIP_DEFLATE)
		memcpy(dst + n, trailer[format], trailer_size[format]);
	return n + trailer_size[format];
}

static uint32_t reverse_bits(uint32_t v)
{
	uint32_t r = 0;
	int i;

	for (i = 0; i < 32; i++)
		r |= (v >> i & 1) << (31 - i);
	return r;
}

size_t hisiacc_zip_tail(enum hisiacc_zip_format format,
			const struct hisiacc_zip_words *words, uint8_t *dst)
{
	/* A last block, stored, of no bytes. */
	static const uint8_t block[] = { 0x01, 0x00, 0x00, 0xff, 0xff };
	uint32_t check, isize;
	size_t n = sizeof(block);

	memcpy(dst, block, n);
	switch (format) {
	case HISIACC_ZIP_ZLIB:
		check = htobe32(words->checksum);
		memcpy(dst + n, &check, 4);
		return n + 4;
	case HISIACC_ZIP_GZIP:
		/* The device's register is the CRC's complement, mirrored. */
		check = htole32(reverse_bits(~words->checksum));
		isize = htole32(words->isize);
		memcpy(dst + n, &check, 4);
		memcpy(dst + n + 4, &isize, 4);
		return n + 8;
	default:
		return n;
	}
}
