// SPDX-License-Identifier: GPL-2.0
/* Requests that name memory by nothing but a pointer. */
#include <sys/mman.h>

#include "small.h"

#define SIZE	100000u

static struct hisiacc_zip_req pointers(void *src, void *dst)
{
	return req_of(HISIACC_ZIP_ZLIB, src, SIZE, dst, 2 * SIZE);
}

static void check_packed(const uint8_t *packed, size_t n, const uint8_t *plain)
{
	uint8_t *back = malloc(SIZE);

	ck_assert_uint_eq(zlib_inflate(HISIACC_ZIP_ZLIB, packed, n, back, SIZE,
				       NULL), SIZE);
	ck_assert_mem_eq(back, plain, SIZE);
	free(back);
}

START_TEST(pointer_is_enough_where_the_mode_says_so)
{
	uint8_t *src = malloc(SIZE), *dst = malloc(2 * SIZE);
	struct hisiacc_zip_req req;

	fill(src, SIZE, TEXT, 1);
	req = pointers(src, dst);
	req.src_mem = NULL;
	req.dst_mem = NULL;
	if (stack_mode() == HISIACC_MODE_SVA)
		check_packed(dst, zip_pack_ok(&req), src);
	else
		ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 1), -EFAULT);
	check_usable();
	free(src);
	free(dst);
}
END_TEST

START_TEST(pointers_into_every_kind_of_memory)
{
	static uint8_t data[SIZE];
	uint8_t stack_data[SIZE], *dst = mmap(NULL, 2 * SIZE, PROT_READ |
		PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint8_t *sources[] = { data, stack_data, malloc(SIZE) };
	struct hisiacc_zip_req req;
	size_t i;

	if (stack_mode() != HISIACC_MODE_SVA)
		skip("this mode wants registered memory");
	for (i = 0; i < ARRAY_SIZE(sources); i++) {
		fill(sources[i], SIZE, TEXT, i);
		req = pointers(sources[i], dst);
		req.src_mem = NULL;
		req.dst_mem = NULL;
		check_packed(dst, zip_pack_ok(&req), sources[i]);
	}
	free(sources[2]);
}
END_TEST

START_TEST(nothing_is_pinned_unless_asked_for)
{
	long before = device_attribute("pinned_pages");
	struct hisiacc_mem *mem, *pinned;

	ck_assert_int_eq(hisiacc_mem_alloc(stack.ctx, SIZE, 0, &mem), 0);
	if (stack_mode() == HISIACC_MODE_SVA)
		ck_assert_int_eq(device_attribute("pinned_pages"), before);
	else
		ck_assert_int_gt(device_attribute("pinned_pages"), before);
	before = device_attribute("pinned_pages");
	ck_assert_int_eq(hisiacc_mem_alloc(stack.ctx, SIZE, HISIACC_MEM_PIN,
					   &pinned), 0);
	ck_assert_int_gt(device_attribute("pinned_pages"), before);
	hisiacc_mem_free(pinned);
	ck_assert_int_eq(device_attribute("pinned_pages"), before);
	hisiacc_mem_free(mem);
}
END_TEST

static void add(void)
{
	test_set_timeout(60);
	test_add(pointer_is_enough_where_the_mode_says_so);
	test_add(pointers_into_every_kind_of_memory);
	test_add(nothing_is_pinned_unless_asked_for);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_default, stack_close);
}
