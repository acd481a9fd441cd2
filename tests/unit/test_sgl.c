// SPDX-License-Identifier: GPL-2.0
#include "test.h"

static struct rig rig;
static struct hisiacc_sgl *sgl;

static void open_compress(void)
{
	rig_open(&rig, HISIACC_ZIP_COMPRESS, 8, 0, true);
}

static void cleanup(void)
{
	rig_close(&rig);
}

START_TEST(a_list_is_laid_out_as_the_device_reads_it)
{
	struct hisiacc_segment segments[] = {
		{ rig.src + 1, 10, rig.mem }, { rig.src, 0, rig.mem },
		{ rig.src + 100, 0x1234, rig.mem },
	};
	uint64_t addr;
	uint32_t len;
	uint16_t sum;
	uint8_t *hw;

	ck_assert_int_eq(hisiacc_sgl_alloc(rig.queue, 4, &sgl), 0);
	hw = hisiacc_mem_addr(sgl->mem);
	ck_assert_uint_eq(sgl->iova % 64, 0);
	ck_assert_uint_eq(sgl->iova, (uintptr_t)hw + FAKE_IOVA);
	memset(hw, 0xff, 64);
	ck_assert_int_eq(hisiacc_sgl_set(sgl, segments, 3), 0);
	memcpy(&addr, hw, 8);
	ck_assert_uint_eq(addr, 0);
	memcpy(&sum, hw + 8, 2);
	ck_assert_uint_eq(le16toh(sum), 2);
	memcpy(&sum, hw + 10, 2);
	ck_assert_uint_eq(le16toh(sum), 2);
	memcpy(&sum, hw + 12, 2);
	ck_assert_uint_eq(le16toh(sum), 4);
	memcpy(&addr, hw + 64, 8);
	ck_assert_uint_eq(le64toh(addr), (uintptr_t)rig.src + 1 + FAKE_IOVA);
	memcpy(&len, hw + 64 + 16, 4);
	ck_assert_uint_eq(le32toh(len), 10);
	memcpy(&addr, hw + 96, 8);
	ck_assert_uint_eq(le64toh(addr), (uintptr_t)rig.src + 100 + FAKE_IOVA);
	memcpy(&len, hw + 96 + 16, 4);
	ck_assert_uint_eq(le32toh(len), 0x1234);
	hisiacc_sgl_free(sgl);
}
END_TEST

START_TEST(wrong_lists_are_refused_and_empty)
{
	struct hisiacc_segment segments[] = {
		{ rig.src, 10, rig.mem }, { rig.src + 10, 10, rig.mem },
		{ rig.src + 20, 10, rig.mem },
	};
	int err = -EFAULT;

	ck_assert_int_eq(hisiacc_sgl_alloc(rig.queue, 0, &sgl), -EINVAL);
	ck_assert_int_eq(hisiacc_sgl_alloc(rig.queue, 256, &sgl), -EINVAL);
	ck_assert_ptr_null(sgl);
	ck_assert_int_eq(hisiacc_sgl_alloc(rig.queue, 2, &sgl), 0);
	ck_assert_int_eq(hisiacc_sgl_set(sgl, segments, 2), 0);
	ck_assert_uint_eq(sgl->total, 20);
	switch (_i) {
	case 0:
		segments[1].mem = NULL;
		fake.missing = (struct fake_range){ segments[1].addr, 1 };
		break;
	case 1:
		segments[1].addr = rig.src + RIG_MEM - 9;
		break;
	case 2:
		segments[1].len = HISIACC_SGL_ENTRY_SIZE_MAX + 1;
		err = -E2BIG;
		break;
	default:
		err = -E2BIG;
	}
	ck_assert_int_eq(hisiacc_sgl_set(sgl, segments, err == -E2BIG ? 3 : 2),
			 err);
	ck_assert_uint_eq(sgl->total, 0);
	ck_assert_uint_eq(sgl->hw->sum_in_sgl, 0);
	hisiacc_sgl_free(sgl);
	hisiacc_sgl_free(NULL);
}
END_TEST

/* Cuts a buffer into pieces of growing size, from the last one in memory on. */
static struct hisiacc_sgl *cut(struct hisiacc_queue *queue,
			       struct hisiacc_mem *mem, uint8_t *buf,
			       size_t len, size_t first)
{
	struct hisiacc_segment segments[64];
	struct hisiacc_sgl *list;
	size_t pos = 0, n = first, count = 0;

	while (pos < len) {
		n = min_size(n, len - pos);
		segments[count++] = (struct hisiacc_segment){ buf + pos, n,
							      mem };
		pos += n;
		n = n * 2 + 1;
	}
	ck_assert_int_eq(hisiacc_sgl_alloc(queue, (unsigned int)count, &list),
			 0);
	ck_assert_int_eq(hisiacc_sgl_set(list, segments, (unsigned int)count),
			 0);
	return list;
}

START_TEST(scattered_requests_agree_with_zlib)
{
	uint32_t format = all_formats[_i % 3];
	size_t first = (size_t)_i / 3 + 1, n, len = 20000;
	uint8_t *out = malloc(RIG_HALF);
	struct hisiacc_sgl *src, *dst;
	struct hisiacc_completion c;
	struct hisiacc_zip_req req;
	struct rig back;

	src = cut(rig.queue, rig.mem, rig.src, len, first);
	dst = cut(rig.queue, rig.mem, rig.dst, 30000, first);
	req = rig_req(&rig, format, 0, 0);
	req.src_sgl = src;
	req.dst_sgl = dst;
	ck_assert_int_eq(hisiacc_zip_prep(rig.queue, &req, 9), 0);
	ck_assert_int_eq(hisiacc_queue_submit(rig.queue), 1);
	fake_run();
	ck_assert_int_eq(hisiacc_queue_peek(rig.queue, &c, 1), 1);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(c.consumed, len);
	n = ref_decompress(format, rig.dst, c.produced, out, RIG_HALF);
	ck_assert_uint_eq(n, len);
	ck_assert_mem_eq(out, rig.src, len);
	hisiacc_sgl_free(src);
	hisiacc_sgl_free(dst);

	n = c.produced;
	rig_open(&back, HISIACC_ZIP_DECOMPRESS, 8, 0, false);
	memcpy(back.src, rig.dst, n);
	src = cut(back.queue, back.mem, back.src, n, first);
	dst = cut(back.queue, back.mem, back.dst, len, first);
	req.src_sgl = src;
	req.dst_sgl = dst;
	ck_assert_int_eq(hisiacc_zip_prep(back.queue, &req, 9), 0);
	ck_assert_int_eq(hisiacc_queue_submit(back.queue), 1);
	fake_run();
	ck_assert_int_eq(hisiacc_queue_peek(back.queue, &c, 1), 1);
	ck_assert_uint_eq(c.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(c.consumed, n);
	ck_assert_uint_eq(c.produced, len);
	ck_assert_mem_eq(back.dst, out, len);
	hisiacc_sgl_free(src);
	hisiacc_sgl_free(dst);
	hisiacc_mem_free(back.mem);
	hisiacc_queue_free(back.queue);
	hisiacc_close(back.ctx);
	free(out);
}
END_TEST

START_TEST(a_read_only_list_is_no_destination)
{
	struct hisiacc_segment segment = { rig.dst, 100, NULL };
	struct hisiacc_sgl *src, *dst;
	struct hisiacc_zip_req req;
	struct hisiacc_mem *ro;

	ck_assert_int_eq(hisiacc_mem_register(rig.ctx, rig.dst, 100,
					      HISIACC_MEM_READ_ONLY, &ro), 0);
	segment.mem = ro;
	ck_assert_int_eq(hisiacc_sgl_alloc(rig.queue, 1, &src), 0);
	ck_assert_int_eq(hisiacc_sgl_set(src, &segment, 1), 0);
	ck_assert_int_eq(hisiacc_sgl_alloc(rig.queue, 1, &dst), 0);
	ck_assert_int_eq(hisiacc_sgl_set(dst, &segment, 1), 0);
	req = rig_req(&rig, HISIACC_ZIP_ZLIB, 0, 0);
	req.src_sgl = src;
	req.dst_sgl = dst;
	ck_assert_int_eq(hisiacc_zip_prep(rig.queue, &req, 1), -EFAULT);
	segment.mem = rig.mem;
	ck_assert_int_eq(hisiacc_sgl_set(dst, &segment, 1), 0);
	ck_assert_int_eq(hisiacc_zip_prep(rig.queue, &req, 1), 0);
	hisiacc_sgl_free(src);
	hisiacc_sgl_free(dst);
	hisiacc_mem_free(ro);
}
END_TEST

Suite *sgl_suite(void)
{
	Suite *suite = suite_create("sgl");
	TCase *tc = tcase_create("sgl");

	tcase_add_checked_fixture(tc, open_compress, cleanup);
	tcase_add_test(tc, a_list_is_laid_out_as_the_device_reads_it);
	tcase_add_loop_test(tc, wrong_lists_are_refused_and_empty, 0, 4);
	tcase_add_loop_test(tc, scattered_requests_agree_with_zlib, 0, 36);
	tcase_add_test(tc, a_read_only_list_is_no_destination);
	suite_add_tcase(suite, tc);
	return suite;
}
