// SPDX-License-Identifier: GPL-2.0
/* The registration cache: hits, bounds, neighbours, memory that changes. */
#include "test.h"

#define PAGE	4096u
#define DEPTH	16

static struct hisiacc_ctx *ctx;
static struct hisiacc_queue *queue;
static uint8_t *arena;			/* of PAGES pages, filled with text */
static struct hisiacc_completion c[DEPTH];

#define PAGES	1024u

static void open_in(uint32_t mode)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr),
					   .depth = DEPTH };

	fake_reset();
	fake.modes = mode;
	ck_assert_int_eq(hisiacc_open("zip0", &ctx), 0);
	ck_assert_int_eq(hisiacc_queue_alloc(ctx, &attr, &queue), 0);
	arena = aligned_alloc(PAGE, PAGES * PAGE);
	fill_text(arena, PAGES * PAGE);
}

static void setup(void)
{
	open_in(HISI_ACC_MODE_DMA);
}

static void setup_pasid(void)
{
	open_in(HISI_ACC_MODE_PASID);
}

static void teardown(void)
{
	hisiacc_queue_free(queue);
	hisiacc_close(ctx);
	fake_check_empty();
	free(arena);
}

static uint8_t *page(unsigned int n)
{
	return arena + (size_t)n * PAGE;
}

static struct hisiacc_cache_info info(void)
{
	struct hisiacc_cache_info info = { .size = sizeof(info) };

	must(!hisiacc_ctx_cache_info(ctx, &info));
	return info;
}

static struct hisiacc_queue_stats stats(void)
{
	struct hisiacc_queue_stats stats = { .size = sizeof(stats) };

	must(!hisiacc_queue_stats(queue, &stats));
	return stats;
}

static void bound(uint32_t entries, uint64_t bytes)
{
	struct hisiacc_cache_attr attr = {
		.size = sizeof(attr), .entries = entries, .bytes = bytes,
	};

	ck_assert_int_eq(hisiacc_ctx_set_cache(ctx, &attr), 0);
}

static unsigned int pin_calls(void)
{
	return fake.calls[HISI_ACC_MEM_PIN & 0x3f];
}

static struct hisiacc_zip_req request(const void *src, size_t n, void *dst,
				      size_t room)
{
	return (struct hisiacc_zip_req){
		.size = sizeof(struct hisiacc_zip_req),
		.format = HISIACC_ZIP_ZLIB,
		.src = src, .src_len = n, .dst = dst, .dst_len = room,
	};
}

/* Compresses a little from one page to another one. */
static int prep(unsigned int src, unsigned int dst)
{
	struct hisiacc_zip_req req = request(page(src) + 8, 64, page(dst) + 8,
					     512);

	return hisiacc_zip_prep(queue, &req, src);
}

static void finish(int n)
{
	int i;

	must(hisiacc_queue_submit(queue) == n);
	fake_run();
	must(hisiacc_queue_peek(queue, c, DEPTH) == n);
	for (i = 0; i < n; i++)
		must(c[i].status == HISIACC_STATUS_OK);
}

static void run(unsigned int src, unsigned int dst)
{
	must(!prep(src, dst));
	finish(1);
}

/* A look at one page, for which nothing is done. */
static int touch(unsigned int n, bool write)
{
	uint16_t ref;
	uint64_t iova;
	int err = hisiacc_cache_get(queue, page(n) + 1, 100, write, &iova,
				    &ref);

	if (!err) {
		must(iova - (uintptr_t)page(n) - 1 ==
		     (queue->mode == HISIACC_MODE_DMA ? FAKE_IOVA : 0));
		hisiacc_cache_put(&ctx->cache, ref);
	}
	return err;
}

/* ---- Hits ---- */

START_TEST(what_is_known_is_not_registered_again)
{
	int i;

	run(0, 9);
	ck_assert_uint_eq(pin_calls(), 2);
	ck_assert_uint_eq(fake.pinned, 2);
	for (i = 0; i < 40; i++)
		run(0, 9);
	ck_assert_uint_eq(pin_calls(), 2);
	ck_assert_uint_eq(stats().cache_misses, 2);
	ck_assert_uint_eq(stats().cache_hits, 80);
	ck_assert_uint_eq(info().entries, 2);
	ck_assert_uint_eq(info().bytes, 2 * PAGE);
	ck_assert_uint_eq(info().registrations, 2);
}
END_TEST

START_TEST(whole_pages_are_registered_and_no_more)
{
	struct hisiacc_zip_req req = request(page(1) + 4000, 200, page(8),
					     1u << 20);

	ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), 0);
	ck_assert(fake_has_pin(page(1), 2 * PAGE));
	/* no more of the destination than the source can need */
	ck_assert(fake_has_pin(page(8), PAGE));
	finish(1);
}
END_TEST

START_TEST(a_hit_makes_no_call_at_all)
{
	unsigned int before;

	run(0, 9);
	before = fake.ioctls;
	ck_assert_int_eq(prep(0, 9), 0);
	ck_assert_uint_eq(fake.ioctls, before);
	finish(1);
}
END_TEST

START_TEST(queues_of_a_context_share_it)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr) };
	struct hisiacc_queue *first = queue;

	run(0, 9);
	ck_assert_int_eq(hisiacc_queue_alloc(ctx, &attr, &queue), 0);
	run(0, 9);
	ck_assert_uint_eq(pin_calls(), 2);
	ck_assert_uint_eq(stats().cache_misses, 0);
	hisiacc_queue_free(queue);
	queue = first;
	run(0, 9);
	ck_assert_uint_eq(pin_calls(), 2);
}
END_TEST

START_TEST(more_buffers_than_a_queue_remembers_are_found_all_the_same)
{
	unsigned int i, pins;

	for (i = 0; i < 400; i += 2)
		ck_assert_int_eq(touch(i, true), 0);
	pins = pin_calls();
	ck_assert_uint_eq(pins, 200);
	for (i = 400; i; i -= 2)
		ck_assert_int_eq(touch(i - 2, i & 4), 0);
	ck_assert_uint_eq(pin_calls(), pins);
	ck_assert_uint_eq(stats().cache_hits, 200);
}
END_TEST

/* ---- Bounds ---- */

START_TEST(the_one_that_was_not_used_for_longest_goes)
{
	unsigned int i;

	bound(4, 0);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(touch(2 * i, true), 0);
	ck_assert_int_eq(touch(0, true), 0);
	ck_assert_int_eq(touch(20, true), 0);
	ck_assert_uint_eq(info().entries, 4);
	ck_assert_uint_eq(info().evictions, 1);
	ck_assert(fake_has_pin(page(0), PAGE));
	ck_assert(!fake_has_pin(page(2), PAGE));
	ck_assert_int_eq(touch(22, true), 0);
	ck_assert(!fake_has_pin(page(4), PAGE));
	ck_assert(fake_has_pin(page(0), PAGE));
}
END_TEST

START_TEST(bytes_are_bounded)
{
	uint16_t ref, other;
	uint64_t iova;

	bound(100, 8 * PAGE);
	ck_assert_int_eq(touch(0, true), 0);
	ck_assert_int_eq(touch(10, true), 0);
	ck_assert_int_eq(hisiacc_cache_get(queue, page(20), 7 * PAGE, true,
					   &iova, &ref), 0);
	ck_assert_uint_eq(fake.bytes, 8 * PAGE);
	ck_assert(!fake_has_pin(page(0), PAGE));
	/* what is in use stays, and what is larger than all is refused */
	ck_assert_int_eq(hisiacc_cache_get(queue, page(40), 2 * PAGE, true,
					   &iova, &other), -ENOMEM);
	hisiacc_cache_put(&ctx->cache, ref);
	ck_assert_int_eq(hisiacc_cache_get(queue, page(40), 9 * PAGE, true,
					   &iova, &other), -ENOMEM);
	ck_assert_int_eq(hisiacc_cache_get(queue, page(40), 8 * PAGE, true,
					   &iova, &other), 0);
	hisiacc_cache_put(&ctx->cache, other);
}
END_TEST

START_TEST(what_requests_use_is_not_evicted)
{
	bound(2, 0);
	ck_assert_int_eq(prep(0, 9), 0);
	/* the queue itself can do something about it */
	ck_assert_int_eq(prep(20, 30), -EAGAIN);
	ck_assert_int_eq(prep(0, 9), 0);
	finish(2);
	run(20, 30);
	ck_assert(!fake_has_pin(page(0), PAGE));
	bound(1, 0);
	ck_assert_int_eq(prep(0, 9), -ENOMEM);
	ck_assert_uint_eq(hisiacc_queue_room(queue), DEPTH - 1);
}
END_TEST

START_TEST(new_bounds_hold_at_once)
{
	unsigned int i;

	for (i = 0; i < 10; i++)
		ck_assert_int_eq(touch(2 * i, true), 0);
	bound(6, 0);
	ck_assert_uint_eq(fake.pinned, 6);
	bound(6, 3 * PAGE);
	ck_assert_uint_eq(fake.pinned, 3);
	ck_assert(fake_has_pin(page(18), PAGE));
	bound(0, 0);
	ck_assert_uint_eq(fake.pinned, 0);
	ck_assert_int_eq(touch(0, true), -EFAULT);
	bound(100000, 0);
	ck_assert_uint_eq(info().entries_max, fake.mems_max);
	ck_assert_uint_eq(info().bytes_max, 256u << 20);
	ck_assert_int_eq(touch(0, true), 0);
}
END_TEST

START_TEST(wrong_bounds_are_refused)
{
	struct hisiacc_cache_attr attr = { .size = sizeof(attr), .entries = 1 };
	struct hisiacc_cache_info info = { .size = sizeof(info) - 1 };
	struct hisiacc_ctx *old;

	attr.size++;
	ck_assert_int_eq(hisiacc_ctx_set_cache(ctx, &attr), -EINVAL);
	attr.size--;
	ck_assert_int_eq(hisiacc_ctx_cache_info(ctx, &info), -EINVAL);
	fake.features = 0;
	ck_assert_int_eq(hisiacc_open("zip0", &old), 0);
	ck_assert_int_eq(hisiacc_ctx_set_cache(old, &attr), -EOPNOTSUPP);
	attr.entries = 0;
	ck_assert_int_eq(hisiacc_ctx_set_cache(old, &attr), 0);
	ck_assert_int_eq(hisiacc_ctx_fork_safe(old), 0);
	ck_assert_int_eq(hisiacc_ctx_fork_safe(ctx), 1);
	hisiacc_close(old);
}
END_TEST

START_TEST(flush_leaves_what_is_in_use)
{
	ck_assert_int_eq(prep(0, 9), 0);
	ck_assert_int_eq(touch(20, true), 0);
	ck_assert_uint_eq(hisiacc_ctx_cache_flush(ctx), 2);
	ck_assert_uint_eq(fake.pinned, 2);
	finish(1);
	ck_assert_uint_eq(hisiacc_ctx_cache_flush(ctx), 0);
	ck_assert_uint_eq(fake.pinned, 0);
}
END_TEST

START_TEST(registrations_of_the_program_have_precedence)
{
	struct hisiacc_mem *mem;
	unsigned int i;

	fake.budget = 20 * PAGE;
	for (i = 0; i < 20; i++)
		ck_assert_int_eq(touch(2 * i, true), 0);
	ck_assert_uint_eq(fake.bytes, 20 * PAGE);
	ck_assert_int_eq(hisiacc_mem_register(ctx, page(100), 15 * PAGE, 0,
					      &mem), 0);
	ck_assert_uint_eq(fake.bytes, 20 * PAGE);
	hisiacc_mem_free(mem);
	ck_assert_int_eq(hisiacc_mem_register(ctx, page(100), 21 * PAGE, 0,
					      &mem), -ENOMEM);
	ck_assert_uint_eq(fake.pinned, 0);
}
END_TEST

START_TEST(it_does_not_hold_the_contexts_mode)
{
	run(0, 9);
	ck_assert_uint_eq(fake.pinned, 2);
	hisiacc_queue_free(queue);
	queue = NULL;
	ck_assert_uint_eq(fake.pinned, 0);
	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, 0), 0);
}
END_TEST

/* ---- Neighbours ---- */

START_TEST(neighbours_are_merged_at_a_bounded_cost)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		ck_assert_int_eq(touch(i, true), 0);
	ck_assert_uint_eq(info().entries, 1);
	ck_assert_uint_eq(fake.bytes, 512 * PAGE);
	/* each page in twice as large a range each time: 10 times at most */
	ck_assert_uint_le(fake.pin_bytes, 10ull * 512 * PAGE);
	/* and no more than 2 MiB in one */
	for (; i < 1024; i++)
		ck_assert_int_eq(touch(i, true), 0);
	ck_assert_uint_eq(info().entries, 2);
	ck_assert_uint_eq(info().bytes, 1024 * PAGE);
}
END_TEST

START_TEST(merging_in_any_order_covers_everything_once)
{
	unsigned int i, n = 0;

	for (i = 0; i < 256; i++, n = (n + 77) % 256)
		ck_assert_int_eq(touch(n, true), 0);
	for (i = 0; i < 256; i++)
		ck_assert_int_eq(touch(i, true), 0);
	ck_assert_uint_le(fake.pin_bytes, 12ull * 256 * PAGE);
	ck_assert_uint_le(info().bytes, 2 * 256 * PAGE);
}
END_TEST

START_TEST(what_is_in_use_or_of_another_kind_is_not_merged)
{
	fake.constant = (struct fake_range){ page(2), PAGE };
	ck_assert_int_eq(prep(0, 9), 0);
	ck_assert_int_eq(touch(1, true), 0);
	ck_assert_int_eq(touch(2, false), 0);
	ck_assert(fake_has_pin(page(0), PAGE));
	ck_assert(fake_has_pin(page(1), PAGE));
	ck_assert(fake_has_pin(page(2), PAGE));
	finish(1);
}
END_TEST

START_TEST(a_neighbour_that_cannot_be_merged_is_left_alone)
{
	ck_assert_int_eq(touch(0, true), 0);
	/* the program has taken the right to write from it meanwhile */
	fake.constant = (struct fake_range){ page(0), PAGE };
	ck_assert_int_eq(touch(1, true), 0);
	ck_assert(fake_has_pin(page(0), PAGE));
	ck_assert(fake_has_pin(page(1), PAGE));
}
END_TEST

/* ---- Memory that changes ---- */

START_TEST(what_has_changed_is_registered_anew)
{
	run(0, 9);
	fake_change(page(0), PAGE);
	run(0, 9);
	ck_assert_uint_eq(pin_calls(), 3);
	ck_assert_uint_eq(fake.pinned, 2);
	ck_assert_uint_eq(info().stale, 1);
	run(0, 9);
	ck_assert_uint_eq(pin_calls(), 3);
}
END_TEST

START_TEST(each_queue_hears_of_it)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr) };
	struct hisiacc_queue *first = queue, *second;

	ck_assert_int_eq(hisiacc_queue_alloc(ctx, &attr, &second), 0);
	run(0, 9);
	queue = second;
	run(0, 9);
	fake_change(page(0), 2 * PAGE);
	run(0, 9);
	queue = first;
	run(0, 9);
	ck_assert_uint_eq(pin_calls(), 3);
	ck_assert_uint_eq(info().stale, 1);
	hisiacc_queue_free(second);
}
END_TEST

START_TEST(a_request_in_flight_keeps_what_has_gone_stale)
{
	ck_assert_int_eq(prep(0, 9), 0);
	ck_assert_int_eq(hisiacc_queue_submit(queue), 1);
	fake_change(page(9), PAGE);
	ck_assert_int_eq(prep(20, 30), 0);
	/* still there for the device; gone for others */
	ck_assert_uint_eq(fake.pinned, 4);
	ck_assert_int_eq(touch(9, true), 0);
	ck_assert_uint_eq(fake.pinned, 5);
	ck_assert_int_eq(hisiacc_queue_submit(queue), 1);
	fake_run();
	ck_assert_int_eq(hisiacc_queue_peek(queue, c, DEPTH), 2);
	/* at the next look it goes */
	ck_assert_int_eq(touch(50, true), 0);
	ck_assert_uint_eq(fake.pinned, 5);
	ck_assert_uint_eq(info().entries, 5);
}
END_TEST

START_TEST(a_slot_that_is_used_again_is_not_taken_for_the_old_one)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr) };
	struct hisiacc_queue *first = queue, *second;
	unsigned int round;

	ck_assert_int_eq(hisiacc_queue_alloc(ctx, &attr, &second), 0);
	bound(1, 0);
	for (round = 0; round < 20; round++) {
		/* the first one remembers what the second one throws out */
		queue = first;
		ck_assert_int_eq(touch(0, true), 0);
		queue = second;
		ck_assert_int_eq(touch(40, true), 0);
	}
	ck_assert_uint_eq(pin_calls(), 40);
	ck_assert_uint_eq(ctx->cache.made, 1);
	queue = first;
	hisiacc_queue_free(second);
}
END_TEST

START_TEST(a_handle_that_is_used_again_is_not_stale)
{
	unsigned int i;

	bound(1, 0);
	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(touch(0, true), 0);
		fake_change(page(0), 1);
		ck_assert_int_eq(touch(0, true), 0);
		ck_assert_int_eq(touch(0, true), 0);
	}
	ck_assert_uint_eq(info().stale, 5);
	ck_assert_uint_eq(pin_calls(), 6);
}
END_TEST

START_TEST(changes_elsewhere_cost_a_look_and_nothing_else)
{
	struct hisiacc_mem *mem;

	run(0, 9);
	ck_assert_int_eq(hisiacc_mem_register(ctx, page(50), 10, 0, &mem), 0);
	fake.status->mem_generation += 3;
	run(0, 9);
	ck_assert_uint_eq(pin_calls(), 3);
	ck_assert_uint_eq(queue->mem_generation, 3);
	hisiacc_mem_free(mem);
}
END_TEST

/* As if by another thread, which also looks at the stale bits first. */
static void change_meanwhile(void)
{
	fake.pinned_hook = NULL;
	fake_change(page(0), PAGE);
	(void)hisiacc_ctx_cache_flush(ctx);
}

START_TEST(what_changes_while_it_is_registered_is_used_once)
{
	/* Without it there would be nothing to look at the bits for. */
	ck_assert_int_eq(touch(40, true), 0);
	fake.pinned_hook = change_meanwhile;
	ck_assert_int_eq(prep(0, 9), 0);
	ck_assert_uint_eq(info().stale, 1);
	finish(1);
	ck_assert_int_eq(touch(0, true), 0);
	ck_assert_uint_eq(pin_calls(), 4);
	ck_assert_uint_eq(fake.pinned, 2);
	ck_assert_int_eq(touch(0, true), 0);
	ck_assert_uint_eq(pin_calls(), 4);
}
END_TEST

/* The same memory is registered twice at a time, and once in the end. */
static void register_meanwhile(void)
{
	fake.pinned_hook = NULL;
	must(!touch(0, true));
}

START_TEST(two_registrations_at_a_time_become_one)
{
	fake.pinned_hook = register_meanwhile;
	ck_assert_int_eq(touch(0, true), 0);
	ck_assert_uint_eq(pin_calls(), 2);
	ck_assert_uint_eq(fake.pinned, 1);
	ck_assert_uint_eq(info().bytes, PAGE);
}
END_TEST

static void find_no_room_meanwhile(void)
{
	fake.pinned_hook = NULL;
	must(touch(20, true) == -ENOMEM);
}

START_TEST(the_bound_counts_what_is_being_registered)
{
	bound(1, 0);
	fake.pinned_hook = find_no_room_meanwhile;
	ck_assert_int_eq(touch(0, true), 0);
	ck_assert_uint_eq(info().entries, 1);
	ck_assert_int_eq(touch(20, true), 0);
	ck_assert_uint_eq(info().entries, 1);
}
END_TEST

/* ---- Memory of other kinds ---- */

START_TEST(constant_memory_is_a_source)
{
	fake.constant = (struct fake_range){ page(0), PAGE };
	run(0, 9);
	ck_assert_int_eq(prep(9, 0), -EFAULT);
	run(0, 9);
	ck_assert_uint_eq(fake.pinned, 2);
	ck_assert_uint_eq(hisiacc_queue_room(queue), DEPTH - 1);
}
END_TEST

START_TEST(memory_that_is_not_there_is_refused)
{
	fake.missing = (struct fake_range){ page(0), PAGE };
	ck_assert_int_eq(prep(0, 9), -EFAULT);
	ck_assert_int_eq(prep(9, 0), -EFAULT);
	ck_assert_int_eq(prep(9, 20), 0);
	finish(1);
}
END_TEST

START_TEST(an_address_that_wraps_is_refused)
{
	uint16_t ref;
	uint64_t iova;

	ck_assert_int_eq(hisiacc_cache_get(queue, (void *)(UINTPTR_MAX - 5), 10,
					   false, &iova, &ref), -EFAULT);
	ck_assert_int_eq(hisiacc_cache_get(queue, page(0), SIZE_MAX - 5000,
					   false, &iova, &ref), -EFAULT);
	ck_assert_int_eq(hisiacc_cache_get(queue, page(0), SIZE_MAX,
					   false, &iova, &ref), -EFAULT);
	ck_assert_uint_eq(pin_calls(), 0);
}
END_TEST

START_TEST(an_idle_entry_of_another_kind_gives_way)
{
	struct hisiacc_mem *mem;

	/* constant first, and then not any more */
	fake.constant = (struct fake_range){ page(0), PAGE };
	ck_assert_int_eq(touch(0, false), 0);
	fake.constant.size = 0;
	ck_assert_int_eq(touch(0, true), 0);
	ck_assert_uint_eq(fake.pinned, 1);
	/* what the program registers has precedence here, too */
	ck_assert_int_eq(hisiacc_mem_register(ctx, page(0), PAGE,
					      HISIACC_MEM_READ_ONLY, &mem), 0);
	ck_assert_uint_eq(fake.pinned, 1);
	ck_assert_int_eq(touch(0, true), -EBUSY);
	ck_assert_int_eq(touch(0, false), 0);
	hisiacc_mem_free(mem);
}
END_TEST

START_TEST(stale_memory_in_use_is_waited_for)
{
	ck_assert_int_eq(prep(0, 9), 0);
	ck_assert_int_eq(hisiacc_queue_submit(queue), 1);
	fake_change(page(0), PAGE);
	/* its address stands for the old page until then */
	ck_assert_int_eq(prep(0, 20), -EAGAIN);
	fake_run();
	ck_assert_int_eq(hisiacc_queue_peek(queue, c, 1), 1);
	run(0, 20);
}
END_TEST

Suite *cache_suite(void)
{
	Suite *suite = suite_create("cache");
	TCase *tc = tcase_create("hits");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_known_is_not_registered_again);
	tcase_add_test(tc, whole_pages_are_registered_and_no_more);
	tcase_add_test(tc, a_hit_makes_no_call_at_all);
	tcase_add_test(tc, queues_of_a_context_share_it);
	tcase_add_test(tc, more_buffers_than_a_queue_remembers_are_found_all_the_same);
	suite_add_tcase(suite, tc);

	tc = tcase_create("bounds");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_one_that_was_not_used_for_longest_goes);
	tcase_add_test(tc, bytes_are_bounded);
	tcase_add_test(tc, what_requests_use_is_not_evicted);
	tcase_add_test(tc, new_bounds_hold_at_once);
	tcase_add_test(tc, wrong_bounds_are_refused);
	tcase_add_test(tc, flush_leaves_what_is_in_use);
	tcase_add_test(tc, registrations_of_the_program_have_precedence);
	tcase_add_test(tc, it_does_not_hold_the_contexts_mode);
	suite_add_tcase(suite, tc);

	tc = tcase_create("neighbours");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, neighbours_are_merged_at_a_bounded_cost);
	tcase_add_test(tc, merging_in_any_order_covers_everything_once);
	tcase_add_test(tc, what_is_in_use_or_of_another_kind_is_not_merged);
	tcase_add_test(tc, a_neighbour_that_cannot_be_merged_is_left_alone);
	suite_add_tcase(suite, tc);

	tc = tcase_create("changes");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_has_changed_is_registered_anew);
	tcase_add_test(tc, each_queue_hears_of_it);
	tcase_add_test(tc, a_request_in_flight_keeps_what_has_gone_stale);
	tcase_add_test(tc, a_slot_that_is_used_again_is_not_taken_for_the_old_one);
	tcase_add_test(tc, a_handle_that_is_used_again_is_not_stale);
	tcase_add_test(tc, what_changes_while_it_is_registered_is_used_once);
	tcase_add_test(tc, two_registrations_at_a_time_become_one);
	tcase_add_test(tc, the_bound_counts_what_is_being_registered);
	tcase_add_test(tc, changes_elsewhere_cost_a_look_and_nothing_else);
	suite_add_tcase(suite, tc);

	tc = tcase_create("kinds");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, constant_memory_is_a_source);
	tcase_add_test(tc, memory_that_is_not_there_is_refused);
	tcase_add_test(tc, an_address_that_wraps_is_refused);
	suite_add_tcase(suite, tc);

	tc = tcase_create("spaces of their own");
	tcase_add_checked_fixture(tc, setup_pasid, teardown);
	tcase_add_test(tc, an_idle_entry_of_another_kind_gives_way);
	tcase_add_test(tc, stale_memory_in_use_is_waited_for);
	suite_add_tcase(suite, tc);
	return suite;
}
