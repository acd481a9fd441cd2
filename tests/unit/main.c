// SPDX-License-Identifier: GPL-2.0
#include <zlib.h>

#include "test.h"

/* What the library leaks is found by fake_check_empty(), and faster. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

#define TEXT_PERIOD	65536u

void rig_open(struct rig *rig, uint32_t type, uint32_t depth, uint32_t flags,
	      bool fresh)
{
	struct hisiacc_queue_attr attr = {
		.size = sizeof(attr),
		.type = type,
		.depth = depth,
		.flags = flags,
	};

	if (fresh)
		fake_reset();
	ck_assert_int_eq(hisiacc_open("zip0", &rig->ctx), 0);
	ck_assert_int_eq(hisiacc_queue_alloc(rig->ctx, &attr, &rig->queue), 0);
	ck_assert_int_eq(hisiacc_mem_alloc(rig->ctx, RIG_MEM, 0, &rig->mem), 0);
	rig->src = hisiacc_mem_addr(rig->mem);
	rig->dst = rig->src + RIG_HALF;
	fill_text(rig->src, RIG_HALF);
}

void rig_close(struct rig *rig)
{
	hisiacc_mem_free(rig->mem);
	hisiacc_queue_free(rig->queue);
	hisiacc_close(rig->ctx);
	fake_check_empty();
}

struct hisiacc_zip_req rig_req(struct rig *rig, uint32_t format, size_t src_len,
			       size_t dst_len)
{
	return (struct hisiacc_zip_req){
		.size = sizeof(struct hisiacc_zip_req),
		.format = format,
		.src = rig->src,
		.src_len = src_len,
		.src_mem = rig->mem,
		.dst = rig->dst,
		.dst_len = dst_len,
		.dst_mem = rig->mem,
	};
}

int rig_prep(struct rig *rig, uint64_t user_data)
{
	struct hisiacc_zip_req req = rig_req(rig, HISIACC_ZIP_ZLIB, 64, 512);

	return hisiacc_zip_prep(rig->queue, &req, user_data);
}

void rig_run(struct rig *rig, uint64_t delay_ns)
{
	struct hisiacc_completion c[8];

	fake.delay_ns = delay_ns;
	ck_assert_int_eq(rig_prep(rig, delay_ns), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig->queue), 1);
	ck_assert_int_eq(hisiacc_queue_wait(rig->queue, c, 8,
					    HISIACC_NO_DEADLINE), 1);
	ck_assert_uint_eq(c[0].user_data, delay_ns);
}

void fill_text(uint8_t *buf, size_t len)
{
	static const char *const words[] = {
		"queue ", "doorbell ", "ring ", "phase ", "tail ", "head ",
		"context ", "event\n"
	};
	uint32_t x = 1;
	size_t i = 0, n;

	while (i < len && i < TEXT_PERIOD) {
		const char *w = words[(x = x * 1103515245 + 12345) >> 16 & 7];

		n = min_size(strlen(w), len - i);
		memcpy(buf + i, w, n);
		i += n;
	}
	for (; i < len; i += n) {
		n = min_size(i, len - i);
		memcpy(buf + i, buf, n);
	}
}

void fill_noise(uint8_t *buf, size_t len)
{
	uint32_t x = 7;
	size_t i;

	for (i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		buf[i] = (uint8_t)x;
	}
}

static int window_bits(uint32_t format)
{
	return format == HISIACC_ZIP_DEFLATE ? -15 :
	       format == HISIACC_ZIP_ZLIB ? 15 : 31;
}

size_t ref_compress(uint32_t format, const void *src, size_t len, void *dst,
		    size_t room)
{
	z_stream z = { 0 };

	deflateInit2(&z, 6, Z_DEFLATED, window_bits(format), 8, 0);
	z.next_in = (void *)(uintptr_t)src;
	z.avail_in = (uInt)len;
	z.next_out = dst;
	z.avail_out = (uInt)room;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

size_t ref_decompress(uint32_t format, const void *src, size_t len, void *dst,
		      size_t room)
{
	z_stream z = { 0 };

	inflateInit2(&z, window_bits(format));
	z.next_in = (void *)(uintptr_t)src;
	z.avail_in = (uInt)len;
	z.next_out = dst;
	z.avail_out = (uInt)room;
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(z.avail_in, 0);
	inflateEnd(&z);
	return room - z.avail_out;
}

int main(void)
{
	SRunner *runner = srunner_create(ctx_suite());
	int failed;

	srunner_add_suite(runner, cache_suite());
	srunner_add_suite(runner, cache_use_suite());
	srunner_add_suite(runner, error_suite());
	srunner_add_suite(runner, import_suite());
	srunner_add_suite(runner, mem_suite());
	srunner_add_suite(runner, mode_suite());
	srunner_add_suite(runner, queue_suite());
	srunner_add_suite(runner, ring_suite());
	srunner_add_suite(runner, sgl_suite());
	srunner_add_suite(runner, stream_suite());
	srunner_add_suite(runner, sync_suite());
	srunner_add_suite(runner, wait_suite());
	srunner_add_suite(runner, zip_suite());
	srunner_add_suite(runner, zip_header_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
