// SPDX-License-Identifier: GPL-2.0
#include "test.h"

static struct hisiacc_ctx *ctx;
static struct hisiacc_mem *mem;

static void setup(void)
{
	fake_reset();
	ck_assert_int_eq(hisiacc_open("zip0", &ctx), 0);
	mem = (void *)1;
}

static void teardown(void)
{
	hisiacc_close(ctx);
	fake_check_empty();
}

START_TEST(registered_memory_stays_as_it_is)
{
	char buf[100] = "as it is";

	ck_assert_int_eq(hisiacc_mem_register(ctx, buf + 1, 99, 0, &mem), 0);
	ck_assert_ptr_eq(hisiacc_mem_addr(mem), buf + 1);
	ck_assert_uint_eq(hisiacc_mem_size(mem), 99);
	hisiacc_mem_free(mem);
	ck_assert_str_eq(buf, "as it is");
}
END_TEST

START_TEST(allocated_memory_is_whole_pages)
{
	ck_assert_int_eq(hisiacc_mem_alloc(ctx, 5000, 0, &mem), 0);
	ck_assert_uint_eq(hisiacc_mem_size(mem), 8192);
	ck_assert_uint_eq((uintptr_t)hisiacc_mem_addr(mem) % 4096, 0);
	ck_assert_int_eq(*(char *)hisiacc_mem_addr(mem), 0);
	hisiacc_mem_free(mem);
	hisiacc_mem_free(NULL);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
	char buf[8];

	ck_assert_int_eq(hisiacc_mem_register(ctx, buf, 8, 4, &mem),
			 -EOPNOTSUPP);
	ck_assert_ptr_null(mem);
	ck_assert_int_eq(hisiacc_mem_register(ctx, buf, 0, 0, &mem), -EINVAL);
	ck_assert_int_eq(hisiacc_mem_alloc(ctx, 0, 0, &mem), -EINVAL);
	ck_assert_int_eq(hisiacc_mem_alloc(ctx, SIZE_MAX, 0, &mem), -EINVAL);
	ck_assert_int_eq(hisiacc_mem_alloc(ctx, SIZE_MAX - 4000, 0, &mem),
			 -EINVAL);
	ck_assert_int_eq(hisiacc_mem_alloc(ctx, 8, 1, &mem), -EOPNOTSUPP);
	ck_assert_ptr_null(mem);
}
END_TEST

START_TEST(a_pin_that_fails_leaves_nothing)
{
	static const int errors[] = { ENOMEM, EFAULT, ENOSPC, EBUSY, ENODEV };
	char buf[8];

	fake.fail_request = HISI_ACC_MEM_PIN;
	fake.fail_errno = errors[_i];
	ck_assert_int_eq(hisiacc_mem_register(ctx, buf, 8, 0, &mem),
			 -errors[_i]);
	ck_assert_ptr_null(mem);
	fake.fail_after = 0;
	ck_assert_int_eq(hisiacc_mem_alloc(ctx, 8, 0, &mem), -errors[_i]);
	ck_assert_ptr_null(mem);
}
END_TEST

START_TEST(addresses_are_checked_to_the_byte)
{
	static const struct {
		int offset;
		size_t len;
		int err;
	} cases[] = {
		{ 0, 100, 0 }, { 0, 0, 0 }, { 99, 1, 0 }, { 100, 0, 0 },
		{ 0, 101, -EFAULT }, { 99, 2, -EFAULT }, { 100, 1, -EFAULT },
		{ 101, 0, -EFAULT }, { -1, 1, -EFAULT }, { -1, 101, -EFAULT },
		{ 1, SIZE_MAX, -EFAULT }, { 50, SIZE_MAX - 49, -EFAULT },
	};
	struct hisiacc_queue queue = { .ctx = ctx, .mode = HISIACC_MODE_DMA };
	uint8_t buf[300];
	uint64_t iova;

	ck_assert_int_eq(hisiacc_mem_register(ctx, buf + 100, 100,
					      HISIACC_MEM_READ_ONLY, &mem), 0);
	ck_assert_int_eq(hisiacc_queue_iova(&queue, buf + 100 +
					    cases[_i].offset, cases[_i].len,
					    mem, false, &iova), cases[_i].err);
	if (!cases[_i].err)
		ck_assert_uint_eq(iova, (uintptr_t)buf + 100 +
				  (unsigned int)cases[_i].offset + FAKE_IOVA);
	ck_assert_int_eq(hisiacc_queue_iova(&queue, buf + 100, 1, mem, true,
					    &iova), -EFAULT);
	ck_assert_int_eq(hisiacc_queue_iova(&queue, buf + 100, 1, NULL, false,
					    &iova), -EFAULT);
	queue.ctx = NULL;
	ck_assert_int_eq(hisiacc_queue_iova(&queue, buf + 100, 1, mem, false,
					    &iova), -EFAULT);
	hisiacc_mem_free(mem);
}
END_TEST

Suite *mem_suite(void)
{
	Suite *suite = suite_create("mem");
	TCase *tc = tcase_create("mem");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, registered_memory_stays_as_it_is);
	tcase_add_test(tc, allocated_memory_is_whole_pages);
	tcase_add_test(tc, wrong_arguments_are_refused);
	tcase_add_loop_test(tc, a_pin_that_fails_leaves_nothing, 0, 5);
	tcase_add_loop_test(tc, addresses_are_checked_to_the_byte, 0, 12);
	suite_add_tcase(suite, tc);
	return suite;
}
