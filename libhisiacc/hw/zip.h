/* SPDX-License-Identifier: MIT */
/*
 * ZIP request, 32 words, little-endian. See spec.rst, "ZIP request",
 * "ZIP status" and "Stream context".
 */
#ifndef HISIACC_HW_ZIP_H
#define HISIACC_HW_ZIP_H

#include <stddef.h>
#include <stdint.h>

struct hisi_zip_sqe {
	uint32_t consumed;	/* dw0, written by the device */
	uint32_t produced;
	uint32_t comp_data_length;
	uint32_t status;	/* dw3, the last of these */
	uint32_t src_len;	/* dw4 */
	uint32_t lba[2];
	uint32_t control;	/* dw7 */
	uint32_t dst_skip;
	uint32_t request;	/* dw9 */
	uint32_t dif[3];
	uint32_t tag_v2;	/* dw13 */
	uint32_t dst_len;	/* dw14 */
	uint32_t ctx0;		/* dw15, given and returned */
	uint32_t comp_head[2];
	uint32_t src_lo;	/* dw18 */
	uint32_t src_hi;
	uint32_t dst_lo;	/* dw20 */
	uint32_t dst_hi;
	uint32_t ctx_lo;	/* dw22 */
	uint32_t ctx_hi;
	uint32_t key1[2];
	uint32_t tag_v3;	/* dw26 */
	uint32_t tag_v3_hi;
	uint32_t ctx1;		/* dw28, given and returned like the rest */
	uint32_t ctx2;
	uint32_t isize;
	uint32_t checksum;	/* dw31 */
};

_Static_assert(sizeof(struct hisi_zip_sqe) == 128, "ZIP SQE size");
_Static_assert(offsetof(struct hisi_zip_sqe, control) == 7 * 4, "dw7");
_Static_assert(offsetof(struct hisi_zip_sqe, tag_v2) == 13 * 4, "dw13");
_Static_assert(offsetof(struct hisi_zip_sqe, ctx0) == 15 * 4, "dw15");
_Static_assert(offsetof(struct hisi_zip_sqe, src_lo) == 18 * 4, "dw18");
_Static_assert(offsetof(struct hisi_zip_sqe, ctx_lo) == 22 * 4, "dw22");
_Static_assert(offsetof(struct hisi_zip_sqe, tag_v3) == 26 * 4, "dw26");
_Static_assert(offsetof(struct hisi_zip_sqe, ctx1) == 28 * 4, "dw28");

/* status */
#define HISI_ZIP_STATUS_MASK		0xffu
#define HISI_ZIP_LAST_BLOCK		(1u << 8)
#define HISI_ZIP_STATUS_OK		0x00u
#define HISI_ZIP_STATUS_EXPANDED	0x0du	/* larger than its source */
#define HISI_ZIP_STATUS_DST_FULL	0x0eu
#define HISI_ZIP_STATUS_CHECKSUM	0x10u
#define HISI_ZIP_STATUS_END		0x13u

/* control */
#define HISI_ZIP_FINISH			(1u << 25)
#define HISI_ZIP_STATEFUL		(1u << 26)
#define HISI_ZIP_NEW			(1u << 27)
#define HISI_ZIP_SQE_TYPE_SHIFT		28
#define HISI_ZIP_SKIP_MAX		0xffffffu

/* request */
#define HISI_ZIP_REQ_DEFLATE		0x01u
#define HISI_ZIP_REQ_ZLIB		0x02u
#define HISI_ZIP_REQ_GZIP		0x03u
#define HISI_ZIP_REQ_SGL		(1u << 8)
#define HISI_ZIP_REQ_WINDOW_SHIFT	12
#define HISI_ZIP_WINDOW_32K		4u

/* ctx0: why a decompressing stream paused, and bits that it holds back */
#define HISI_ZIP_CTX_STATE_MASK		0xfu
#define HISI_ZIP_CTX_OUTPUT_PENDING	1u	/* last block done */
#define HISI_ZIP_CTX_IN_BLOCK		2u
#define HISI_ZIP_CTX_BETWEEN_BLOCKS	3u
#define HISI_ZIP_CTX_TRAILER_MISSING	4u
#define HISI_ZIP_CTX_CACHED_BITS_MASK	(0x3fu << 10)

/* Stream context: software's 64 bytes come first, the device gets the rest. */
#define HISI_ZIP_CTX_SIZE		65536u
#define HISI_ZIP_CTX_OFFSET		64u

/* Space that a streaming request wants for its output. */
#define HISI_ZIP_STREAM_DST_MIN		208u

#endif /* HISIACC_HW_ZIP_H */
