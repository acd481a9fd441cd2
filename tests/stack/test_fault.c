// SPDX-License-Identifier: GPL-2.0
/* Memory that the device cannot reach. The IOMMU complains, nobody else. */
#include "small.h"

static uint8_t *extra;
static struct hisiacc_mem *extra_mem;

static void setup(void)
{
	stack_open_default();
	ck_assert_int_eq(hisiacc_mem_alloc(stack.ctx, 65536, 0, &extra_mem), 0);
	extra = hisiacc_mem_addr(extra_mem);
}

/*
 * A request whose source or destination is given back before the device sees
 * it, and one that is right behind it.
 */
static void check_fault(bool src, bool dst)
{
	uint64_t faults = monitor_count(MONITOR_DMA_FAULTS);
	struct hisiacc_zip_req req;
	struct hisiacc_completion done;

	small_init(3);
	req = small_req(1);
	if (src) {
		memcpy(extra, req.src, req.src_len);
		req.src = extra;
		req.src_mem = extra_mem;
	}
	if (dst) {
		req.dst = extra + 4096;
		req.dst_mem = extra_mem;
	}
	small_prep(stack.comp, 0, 1);
	ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 77), 0);
	small_prep(stack.comp, 2, 1);
	hisiacc_mem_free(extra_mem);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 3);
	done = take(stack.comp);
	small_check(&done, 0);
	done = take(stack.comp);
	ck_assert_uint_eq(done.user_data, 77);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_DATA_ERROR);
	ck_assert_uint_ne(done.code, 0);
	done = take(stack.comp);
	small_check(&done, 2);
	ck_assert_uint_gt(monitor_count(MONITOR_DMA_FAULTS), faults);
	check_usable();
}

START_TEST(source_that_was_freed_fails_the_request_alone)
{
	check_fault(true, false);
}
END_TEST

START_TEST(destination_that_was_freed_fails_the_request_alone)
{
	check_fault(false, true);
}
END_TEST

START_TEST(freed_scatter_list_memory_fails_the_request_alone)
{
	struct hisiacc_segment segments[2] = {
		{ stack.buf, 100, stack.mem }, { extra, 100, extra_mem },
	};
	struct hisiacc_segment room = { stack.buf + 65536, 4096, stack.mem };
	struct hisiacc_zip_req req = { .size = sizeof(req),
				       .format = HISIACC_ZIP_ZLIB };
	struct hisiacc_sgl *src, *dst;
	struct hisiacc_completion done;

	ck_assert_int_eq(hisiacc_sgl_alloc(stack.comp, 2, &src), 0);
	ck_assert_int_eq(hisiacc_sgl_alloc(stack.comp, 1, &dst), 0);
	ck_assert_int_eq(hisiacc_sgl_set(src, segments, 2), 0);
	ck_assert_int_eq(hisiacc_sgl_set(dst, &room, 1), 0);
	req.src_sgl = src;
	req.dst_sgl = dst;
	ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 77), 0);
	hisiacc_mem_free(extra_mem);
	submit_and_collect(stack.comp, &done, 1);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_DATA_ERROR);
	hisiacc_sgl_free(src);
	hisiacc_sgl_free(dst);
	check_usable();
}
END_TEST

/* A request that lost its memory in mid-flight ends, and writes nothing. */
START_TEST(memory_freed_in_mid_flight_is_not_written)
{
	uint8_t *mine = aligned_alloc(4096, 65536);
	struct hisiacc_zip_req req;
	struct hisiacc_completion done;
	struct hisiacc_mem *mem;

	if (stack_mode() == HISIACC_MODE_SVA)
		skip("memory of the process stays in reach");
	memset(mine, 0x5a, 65536);
	ck_assert_int_eq(hisiacc_mem_register(stack.ctx, mine, 65536, 0, &mem),
			 0);
	small_init(1);
	req = small_req(0);
	req.dst = mine + 10;
	req.dst_mem = mem;
	monitor_set_delay(300000);
	ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 1), 0);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 1);
	sleep_ms(50);
	hisiacc_mem_free(mem);
	memset(mine, 0x5a, 65536);
	done = take(stack.comp);
	monitor_clear(USUAL_DELAY_US);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_DATA_ERROR);
	ck_assert(all_are(mine, 65536, 0x5a));
	hisiacc_mem_free(extra_mem);
	check_usable();
	free(mine);
}
END_TEST

static void add(void)
{
	test_set_timeout(60);
	test_add(source_that_was_freed_fails_the_request_alone);
	test_add(destination_that_was_freed_fails_the_request_alone);
	test_add(freed_scatter_list_memory_fails_the_request_alone);
	test_add(memory_freed_in_mid_flight_is_not_written);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, setup, stack_close);
}
