/* SPDX-License-Identifier: MIT */
/* What ioctls.c puts into rings and doorbells, and what it finds there. */
#ifndef IOCTLS_ZIP_H
#define IOCTLS_ZIP_H

#include <endian.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the rings are little-endian, and this example does not convert"
#endif

#define ZIP_SQE_SIZE	128

/* Words of a request that this example uses. */
enum {
	ZIP_CONSUMED = 0,	/* written by the device */
	ZIP_PRODUCED = 1,	/* written by the device */
	ZIP_STATUS = 3,		/* written by the device; low byte, 0 is good */
	ZIP_SRC_LEN = 4,
	ZIP_CONTROL = 7,
	ZIP_REQUEST = 9,
	ZIP_TAG_V2 = 13,
	ZIP_DST_LEN = 14,
	ZIP_SRC = 18,		/* two words, like the next */
	ZIP_DST = 20,
	ZIP_TAG_V3 = 26,
};

#define ZIP_CONTROL_WHOLE	0x0a000000u	/* first and last in one */
#define ZIP_CONTROL_V3		0x30000000u	/* form of the request */
#define ZIP_REQUEST_ZLIB	0x02u
#define ZIP_REQUEST_32K		0x4000u		/* window, version 3 only */
#define ZIP_TAG			0x1234u		/* any number, comes back */

/* @cmd: 0 submission ring, 1 completion ring */
static inline uint64_t doorbell_word(uint32_t queue, uint32_t cmd,
				     uint32_t rand, uint32_t index)
{
	return (uint64_t)queue | (uint64_t)cmd << 12 | (uint64_t)rand << 16 |
	       (uint64_t)index << 32;
}

/* One store of 64 bits, behind everything that was written to the ring. */
static inline void doorbell_store(volatile uint64_t *doorbell, uint64_t word)
{
#ifdef __aarch64__
	__asm__ volatile("dmb osh" ::: "memory");
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
	*doorbell = word;
}

/* The device writes the data and the checksum, the header is up to software. */
static inline void zip_header(uint8_t *dst)
{
	dst[0] = 0x78;
	dst[1] = 0x9c;
}

/* Fills a request: compress @src into a zlib stream, behind its header. */
static inline void zip_sqe(uint32_t *sqe, uint32_t version, uint64_t src,
			   uint32_t src_len, uint64_t dst, uint32_t dst_len)
{
	memset(sqe, 0, ZIP_SQE_SIZE);
	dst += 2;
	sqe[ZIP_SRC_LEN] = src_len;
	sqe[ZIP_DST_LEN] = dst_len - 2;
	memcpy(&sqe[ZIP_SRC], &src, sizeof(src));
	memcpy(&sqe[ZIP_DST], &dst, sizeof(dst));
	sqe[ZIP_CONTROL] = ZIP_CONTROL_WHOLE;
	sqe[ZIP_REQUEST] = ZIP_REQUEST_ZLIB;
	if (version >= 3) {
		sqe[ZIP_CONTROL] |= ZIP_CONTROL_V3;
		sqe[ZIP_REQUEST] |= ZIP_REQUEST_32K;
		sqe[ZIP_TAG_V3] = ZIP_TAG;
	} else {
		sqe[ZIP_TAG_V2] = ZIP_TAG;
	}
}

/* Prints what the device wrote into the request; 0 if that is right. */
static inline int zip_result(const uint32_t *sqe, const uint8_t *text,
			     uint32_t len, const uint8_t *dst)
{
	uint32_t a = 1, b = 0, i, end = sqe[ZIP_PRODUCED] + 2;
	const uint8_t *sum = dst + end - 4;

	printf("SQE: status 0x%x, %u bytes consumed, %u produced\n",
	       sqe[ZIP_STATUS], sqe[ZIP_CONSUMED], sqe[ZIP_PRODUCED]);
	if ((sqe[ZIP_STATUS] & 0xff) || sqe[ZIP_CONSUMED] != len ||
	    end < 8 || end > 2048)
		return -1;
	printf("zlib stream:");
	for (i = 0; i < end; i++)
		printf("%s%02x", i % 24 ? " " : "\n  ", dst[i]);
	/* The stream ends in the Adler-32 of the text. */
	for (i = 0; i < len; i++) {
		a = (a + text[i]) % 65521;
		b = (b + a) % 65521;
	}
	i = (uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 |
	    (uint32_t)sum[2] << 8 | sum[3];
	printf("\nchecksum: 0x%08x in the stream, 0x%08x computed here\n",
	       i, b << 16 | a);
	return i == (b << 16 | a) ? 0 : -1;
}

#endif /* IOCTLS_ZIP_H */
