/* SPDX-License-Identifier: GPL-2.0 */
/* What the suites share: an open queue on the fake device, data, buffers. */
#ifndef TEST_H
#define TEST_H

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hisiacc.h"
#include "internal.h"
#include "fake_device.h"
#include "sys.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* Check writes a file for each assertion that holds; too slow in a loop. */
#define must(condition) do { \
	if (!(condition)) \
		ck_abort_msg("%s", #condition); \
} while (0)

Suite *cache_suite(void);
Suite *cache_use_suite(void);
Suite *ctx_suite(void);
Suite *error_suite(void);
Suite *import_suite(void);
Suite *mem_suite(void);
Suite *mode_suite(void);
Suite *queue_suite(void);
Suite *ring_suite(void);
Suite *sgl_suite(void);
Suite *stream_suite(void);
Suite *sync_suite(void);
Suite *wait_suite(void);
Suite *zip_suite(void);
Suite *zip_header_suite(void);

struct rig {
	struct hisiacc_ctx *ctx;
	struct hisiacc_queue *queue;
	struct hisiacc_mem *mem;	/* RIG_MEM bytes: source, then destination */
	uint8_t *src;
	uint8_t *dst;
};

#define RIG_HALF	(1u << 20)
#define RIG_MEM		(2 * RIG_HALF)

/* The fake device is reset first if @fresh. */
void rig_open(struct rig *rig, uint32_t type, uint32_t depth, uint32_t flags,
	      bool fresh);
void rig_close(struct rig *rig);
struct hisiacc_zip_req rig_req(struct rig *rig, uint32_t format, size_t src_len,
			       size_t dst_len);
/* Prepares a small request that compresses. */
int rig_prep(struct rig *rig, uint64_t user_data);
/* Has one done, which takes the device that long, and waits for it. */
void rig_run(struct rig *rig, uint64_t delay_ns);

void fill_text(uint8_t *buf, size_t len);	/* compresses well */
void fill_noise(uint8_t *buf, size_t len);	/* does not */

/* By zlib, whole; return bytes. */
size_t ref_compress(uint32_t format, const void *src, size_t len, void *dst,
		    size_t room);
size_t ref_decompress(uint32_t format, const void *src, size_t len, void *dst,
		      size_t room);

static const uint32_t all_formats[] = {
	HISIACC_ZIP_DEFLATE, HISIACC_ZIP_ZLIB, HISIACC_ZIP_GZIP
};

#endif /* TEST_H */
