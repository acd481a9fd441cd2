// SPDX-License-Identifier: GPL-2.0
/* Requests whose memory is scattered. */
#include <unistd.h>

#include "stack.h"

#define MIB	(1u << 20)
#define SRC	(stack.buf)
#define PACKED	(stack.buf + 4 * MIB)
#define BACK	(stack.buf + 8 * MIB)
/* where the pieces lie: sources, destinations */
#define FROM	(stack.buf + 16 * MIB)
#define TO	(stack.buf + 28 * MIB)
#define AREA	(12 * MIB)

enum { MOST = HISIACC_SGL_ENTRIES_MAX };

struct scatter {
	struct hisiacc_segment segments[MOST];
	unsigned int count;
	struct hisiacc_sgl *sgl;
};

/* Cuts @n bytes into @count pieces with gaps between them; odd lengths. */
static void cut(struct scatter *s, uint8_t *area, size_t n, unsigned int count,
		uint32_t seed)
{
	size_t left = n, len, most;
	unsigned int i;
	uint8_t *at = area;

	s->count = count;
	for (i = 0; i < count; i++) {
		most = 2 * left / (count - i);
		len = i == count - 1 ? left : next_random(&seed) % (most + 1);
		if (len > left)
			len = left;
		at += next_random(&seed) % 100;
		s->segments[i] = (struct hisiacc_segment){ at, len, stack.mem };
		at += len;
		left -= len;
	}
	ck_assert_uint_le((size_t)(at - area), AREA);
}

static void attach(struct scatter *s, struct hisiacc_queue *queue)
{
	ck_assert_int_eq(hisiacc_sgl_alloc(queue, s->count, &s->sgl), 0);
	ck_assert_int_eq(hisiacc_sgl_set(s->sgl, s->segments, s->count), 0);
}

static void scatter_out(const struct scatter *s, const uint8_t *src)
{
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		memcpy(s->segments[i].addr, src, s->segments[i].len);
		src += s->segments[i].len;
	}
}

static void gather_in(const struct scatter *s, uint8_t *dst, size_t n)
{
	unsigned int i;
	size_t len;

	for (i = 0; i < s->count && n; i++) {
		len = s->segments[i].len < n ? s->segments[i].len : n;
		memcpy(dst, s->segments[i].addr, len);
		dst += len;
		n -= len;
	}
}

/* Nothing but the segments was written. */
static bool gaps_are(const struct scatter *s, const uint8_t *area, uint8_t value)
{
	const uint8_t *at = area;
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		if (!all_are(at, (size_t)((uint8_t *)s->segments[i].addr - at),
			     value))
			return false;
		at = (uint8_t *)s->segments[i].addr + s->segments[i].len;
	}
	return all_are(at, 100, value);
}

static struct hisiacc_completion run(struct hisiacc_queue *queue,
				     enum hisiacc_zip_format format,
				     struct scatter *src, struct scatter *dst)
{
	struct hisiacc_zip_req req = { .size = sizeof(req), .format = format };
	struct hisiacc_completion done;

	attach(src, queue);
	attach(dst, queue);
	req.src_sgl = src->sgl;
	req.dst_sgl = dst->sgl;
	ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 7), 0);
	submit_and_collect(queue, &done, 1);
	ck_assert_uint_eq(done.user_data, 7);
	hisiacc_sgl_free(src->sgl);
	hisiacc_sgl_free(dst->sgl);
	return done;
}

static void check_compress(enum hisiacc_zip_format format, size_t n,
			   unsigned int from, unsigned int to)
{
	size_t room = hisiacc_zip_bound(format, n);
	struct hisiacc_completion done;
	struct scatter src, dst;

	fill(SRC, n, MIXED, from);
	cut(&src, FROM, n, from, from + 1);
	cut(&dst, TO, room, to, to + 1000);
	memset(TO, 0xa5, room + MOST * 100);
	scatter_out(&src, SRC);
	done = run(stack.comp, format, &src, &dst);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(done.consumed, n);
	ck_assert_msg(gaps_are(&dst, TO, 0xa5), "wrote between the segments");
	gather_in(&dst, PACKED, done.produced);
	ck_assert_uint_eq(zlib_inflate(format, PACKED, done.produced, BACK,
				       n + 1, NULL), n);
	ck_assert_mem_eq(SRC, BACK, n);
}

static void check_decompress(enum hisiacc_zip_format format, size_t n,
			     unsigned int from, unsigned int to)
{
	struct hisiacc_completion done;
	struct scatter src, dst;
	size_t size;

	fill(SRC, n, MIXED, from);
	size = zlib_deflate(format, 6, SRC, n, PACKED, 4 * MIB);
	cut(&src, FROM, size, from, from + 1);
	cut(&dst, TO, n, to, to + 1000);
	memset(TO, 0xa5, n + MOST * 100);
	scatter_out(&src, PACKED);
	done = run(stack.decomp, format, &src, &dst);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(done.consumed, size);
	ck_assert_uint_eq(done.produced, n);
	ck_assert_msg(gaps_are(&dst, TO, 0xa5), "wrote between the segments");
	gather_in(&dst, BACK, n);
	ck_assert_mem_eq(SRC, BACK, n);
}

START_TEST(lists_of_every_length_are_compressed)
{
	unsigned int i;

	for (i = 1; i <= MOST; i += i < 20 ? 1 : 47)
		check_compress(format_of(_i), 1000 + i * 61, i, MOST + 1 - i);
}
END_TEST

START_TEST(lists_of_every_length_are_decompressed)
{
	unsigned int i;

	for (i = 1; i <= MOST; i += i < 20 ? 1 : 47)
		check_decompress(format_of(_i), 1000 + i * 61, i, MOST + 1 - i);
}
END_TEST

/* So that header and trailer lie in many of them. */
START_TEST(segments_of_a_byte_or_none_work)
{
	check_compress(format_of(_i), 100, 90, MOST);
	check_compress(format_of(_i), 255, MOST, 2);
	check_decompress(format_of(_i), 100, 100, 90);
	check_decompress(format_of(_i), 255, 200, MOST);
}
END_TEST

START_TEST(lists_beyond_the_size_of_a_flat_request_work)
{
	size_t n = 3 * (4 * MIB - 4096);
	struct hisiacc_completion done;
	struct scatter src, dst;
	size_t i;

	/* the same block, seen three times, restored to three places */
	fill(SRC, n / 3, TEXT, 5);
	src.count = 3;
	for (i = 0; i < 3; i++)
		src.segments[i] = (struct hisiacc_segment){ SRC, n / 3,
							    stack.mem };
	dst.count = 1;
	dst.segments[0] = (struct hisiacc_segment){ PACKED, 4 * MIB,
						    stack.mem };
	done = run(stack.comp, HISIACC_ZIP_GZIP, &src, &dst);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(done.consumed, n);
	dst.segments[0].len = done.produced;
	src.segments[0].addr = BACK;
	src.segments[1].addr = BACK + 10 * MIB;
	src.segments[2].addr = BACK + 20 * MIB;
	done = run(stack.decomp, HISIACC_ZIP_GZIP, &dst, &src);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(done.produced, n);
	for (i = 0; i < 3; i++)
		ck_assert_mem_eq(SRC, src.segments[i].addr, n / 3);
}
END_TEST

START_TEST(list_one_byte_too_small_gives_dst_full)
{
	enum hisiacc_zip_format format = format_of(_i);
	struct hisiacc_completion done;
	struct scatter src, dst;
	size_t size, n = 3000;

	fill(SRC, n, TEXT, 1);
	size = zlib_deflate(format, 6, SRC, n, PACKED, 4096);
	cut(&src, FROM, size, 5, 1);
	cut(&dst, TO, n - 1, 9, 2);
	scatter_out(&src, PACKED);
	memset(TO, 0xa5, n + 1000);
	done = run(stack.decomp, format, &src, &dst);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_DST_FULL);
	ck_assert_msg(gaps_are(&dst, TO, 0xa5), "wrote between the segments");
	check_decompress(format, n, 5, 9);
}
END_TEST

/* ---- What is refused ---- */

START_TEST(list_without_room_for_the_segments_gives_e2big)
{
	struct hisiacc_segment segments[3] = {
		{ SRC, 10, stack.mem }, { SRC, 10, stack.mem },
		{ SRC, 10, stack.mem },
	};
	struct hisiacc_zip_req req = { .size = sizeof(req),
				       .format = HISIACC_ZIP_ZLIB };
	struct hisiacc_sgl *src, *dst;

	ck_assert_int_eq(hisiacc_sgl_alloc(stack.comp, 2, &src), 0);
	ck_assert_int_eq(hisiacc_sgl_alloc(stack.comp, 2, &dst), 0);
	ck_assert_int_eq(hisiacc_sgl_set(dst, segments, 2), 0);
	ck_assert_int_eq(hisiacc_sgl_set(src, segments, 2), 0);
	ck_assert_int_eq(hisiacc_sgl_set(src, segments, 3), -E2BIG);
	/* and is empty now */
	req.src_sgl = src;
	req.dst_sgl = dst;
	ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 0), -EINVAL);
	segments[0].len = HISIACC_SGL_ENTRY_SIZE_MAX + 1;
	ck_assert_int_eq(hisiacc_sgl_set(src, segments, 1), -E2BIG);
	segments[0].len = HISIACC_SGL_ENTRY_SIZE_MAX;
	ck_assert_int_eq(hisiacc_sgl_set(src, segments, 1), 0);
	req.dst_sgl = NULL;
	ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 0), -EINVAL);
	hisiacc_sgl_free(src);
	hisiacc_sgl_free(dst);
}
END_TEST

START_TEST(segment_outside_its_registration_gives_efault)
{
	struct hisiacc_segment bad[] = {
		{ stack.buf - 1, 10, stack.mem },
		{ stack.buf + stack.size - 9, 10, stack.mem },
		{ NULL, 10, NULL },
	};
	struct hisiacc_sgl *sgl;
	size_t i, count = sizeof(bad) / sizeof(bad[0]);

	/* the last one is the device's to find fault with where it can */
	if (stack_mode() == HISIACC_MODE_SVA)
		count--;
	ck_assert_int_eq(hisiacc_sgl_alloc(stack.comp, 1, &sgl), 0);
	for (i = 0; i < count; i++)
		ck_assert_int_eq(hisiacc_sgl_set(sgl, &bad[i], 1), -EFAULT);
	hisiacc_sgl_free(sgl);
	hisiacc_sgl_free(NULL);
}
END_TEST

START_TEST(list_with_read_only_memory_is_no_destination)
{
	static uint8_t mine[4096];
	struct hisiacc_segment segment = { mine, sizeof(mine), NULL };
	struct hisiacc_segment other = { SRC, 100, stack.mem };
	struct hisiacc_zip_req req = { .size = sizeof(req),
				       .format = HISIACC_ZIP_ZLIB };
	struct hisiacc_sgl *src, *dst;
	struct hisiacc_mem *mem;

	ck_assert_int_eq(hisiacc_mem_register(stack.ctx, mine, sizeof(mine),
					      HISIACC_MEM_READ_ONLY, &mem), 0);
	segment.mem = mem;
	ck_assert_int_eq(hisiacc_sgl_alloc(stack.comp, 1, &src), 0);
	ck_assert_int_eq(hisiacc_sgl_alloc(stack.comp, 1, &dst), 0);
	ck_assert_int_eq(hisiacc_sgl_set(src, &other, 1), 0);
	ck_assert_int_eq(hisiacc_sgl_set(dst, &segment, 1), 0);
	req.src_sgl = src;
	req.dst_sgl = dst;
	ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 0), -EFAULT);
	hisiacc_sgl_free(src);
	hisiacc_sgl_free(dst);
	hisiacc_mem_free(mem);
}
END_TEST

START_TEST(lists_of_no_or_too_many_entries_give_einval)
{
	struct hisiacc_sgl *sgl;

	ck_assert_int_eq(hisiacc_sgl_alloc(stack.comp, 0, &sgl), -EINVAL);
	ck_assert_ptr_null(sgl);
	ck_assert_int_eq(hisiacc_sgl_alloc(stack.comp, MOST + 1, &sgl), -EINVAL);
	ck_assert_ptr_null(sgl);
}
END_TEST

static void add(void)
{
	test_set_timeout(120);
	add_format_test(lists_of_every_length_are_compressed);
	add_format_test(lists_of_every_length_are_decompressed);
	add_format_test(segments_of_a_byte_or_none_work);
	test_add(lists_beyond_the_size_of_a_flat_request_work);
	add_format_test(list_one_byte_too_small_gives_dst_full);
	test_add(list_without_room_for_the_segments_gives_e2big);
	test_add(segment_outside_its_registration_gives_efault);
	test_add(list_with_read_only_memory_is_no_destination);
	test_add(lists_of_no_or_too_many_entries_give_einval);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_large, stack_close);
}
