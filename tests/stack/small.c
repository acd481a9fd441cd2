// SPDX-License-Identifier: GPL-2.0
#include "small.h"

enum { HEADER = 2 };

static uint8_t *src_of(unsigned int i)
{
	return stack.buf + (size_t)i * SMALL_STEP;
}

uint8_t *small_dst(unsigned int i)
{
	return src_of(i) + SMALL_SRC;
}

void small_init(unsigned int count)
{
	unsigned int i;

	/* no Check here: children use it */
	if ((size_t)count * SMALL_STEP > stack.size)
		abort();
	for (i = 0; i < count; i++) {
		fill_text(src_of(i), SMALL_SRC, i);
		memset(small_dst(i), SMALL_CANARY, SMALL_DST);
	}
}

struct hisiacc_zip_req small_req(unsigned int i)
{
	return req_of(HISIACC_ZIP_ZLIB, src_of(i), SMALL_SRC, small_dst(i),
		      SMALL_DST);
}

uint64_t small_cookie(unsigned int i)
{
	return UINT64_C(0xfeed00000000) + i * UINT64_C(0x100000003);
}

void small_prep(struct hisiacc_queue *queue, unsigned int first,
		unsigned int count)
{
	struct hisiacc_zip_req req;
	unsigned int i;

	for (i = first; i < first + count; i++) {
		req = small_req(i);
		ck_assert_int_eq(hisiacc_zip_prep(queue, &req, small_cookie(i)),
				 0);
	}
}

void small_check(const struct hisiacc_completion *done, unsigned int i)
{
	uint8_t back[SMALL_SRC + 1];

	ck_assert_uint_eq(done->user_data, small_cookie(i));
	ck_assert_uint_eq(done->status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(done->consumed, SMALL_SRC);
	ck_assert_uint_eq(zlib_inflate(HISIACC_ZIP_ZLIB, small_dst(i),
				       done->produced, back, sizeof(back),
				       NULL), SMALL_SRC);
	ck_assert_mem_eq(back, src_of(i), SMALL_SRC);
}

bool small_is_untouched(unsigned int i)
{
	return all_are(small_dst(i) + HEADER, SMALL_DST - HEADER, SMALL_CANARY);
}

struct hisiacc_completion take(struct hisiacc_queue *queue)
{
	struct hisiacc_completion done = { .status = 99 };

	ck_assert_int_eq(hisiacc_queue_wait(queue, &done, 1,
					    hisiacc_deadline(PATIENCE)), 1);
	return done;
}

void *small_call(void *arg)
{
	struct hisiacc_zip_req req = small_req(0);
	struct hisiacc_completion done;
	int *ret = arg;

	*ret = hisiacc_zip_compress(stack.comp, &req,
				    hisiacc_deadline(20 * SECOND), &done);
	memset(small_dst(0), SMALL_CANARY, SMALL_DST);
	return NULL;
}
