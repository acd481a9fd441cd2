// SPDX-License-Identifier: GPL-2.0
/* The driver goes away under a program's feet. */
#include <poll.h>
#include <pthread.h>

#include "small.h"

enum { COUNT = 6 };

/* Everything can be freed, and the device comes back. */
static void teardown(void)
{
	monitor_clear(USUAL_DELAY_US);
	stack_close();
	stack_open_default();
	check_usable();
	stack_close();
}

static void check_gone(void)
{
	struct pollfd pollfd = { .fd = hisiacc_ctx_fd(stack.ctx),
				 .events = POLLIN };
	struct hisiacc_ctx_info info = { .size = sizeof(info) };
	struct hisiacc_queue_attr attr = { .size = sizeof(attr) };
	struct hisiacc_zip_req req;
	struct hisiacc_queue *queue;
	struct hisiacc_completion done;
	struct hisiacc_event event;
	struct hisiacc_mem *mem;

	ck_assert_uint_eq(hisiacc_ctx_state(stack.ctx), HISIACC_STATE_GONE);
	ck_assert_uint_eq(hisiacc_queue_state(stack.comp), HISIACC_STATE_GONE);
	ck_assert_int_eq(poll(&pollfd, 1, 0), 1);
	ck_assert_int_ne(pollfd.revents & POLLHUP, 0);
	ck_assert_int_eq(hisiacc_ctx_info(stack.ctx, &info), -ENODEV);
	ck_assert_int_eq(hisiacc_ctx_events(stack.ctx, &event, 1), -ENODEV);
	ck_assert_int_eq(hisiacc_queue_alloc(stack.ctx, &attr, &queue), -ENODEV);
	ck_assert_int_eq(hisiacc_mem_alloc(stack.ctx, 4096, 0, &mem), -ENODEV);
	ck_assert_ptr_null(mem);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), -ENODEV);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, &done, 1), -ENODEV);
	ck_assert_int_eq(hisiacc_queue_arm(stack.comp), -ENODEV);
	small_init(1);
	req = small_req(0);
	ck_assert_int_eq(hisiacc_zip_compress(stack.comp, &req,
					      hisiacc_deadline(SECOND), &done),
			 -ENODEV);
}

START_TEST(idle_context_survives_an_unbinding)
{
	device_unbind();
	check_gone();
	ck_assert_int_eq(hisiacc_list(NULL, 0), 0);
}
END_TEST

START_TEST(requests_in_flight_are_accounted_for)
{
	struct hisiacc_completion done[COUNT + 1];
	unsigned int i;

	monitor_set_delay(500000);
	small_init(COUNT);
	small_prep(stack.comp, 0, COUNT);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), COUNT);
	device_unbind();
	ck_assert_int_eq(hisiacc_queue_restart(stack.comp), -ENODEV);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done, COUNT + 1), COUNT);
	for (i = 0; i < COUNT; i++) {
		ck_assert_uint_eq(done[i].user_data, small_cookie(i));
		if (done[i].status == HISIACC_STATUS_OK)
			small_check(&done[i], i);
		else
			ck_assert_uint_eq(done[i].status,
					  HISIACC_STATUS_UNKNOWN);
	}
	check_gone();
}
END_TEST

START_TEST(cancel_without_a_device_gives_enodev)
{
	struct hisiacc_completion done[COUNT + 1];

	monitor_set_delay(500000);
	small_init(COUNT);
	small_prep(stack.comp, 0, COUNT);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), COUNT);
	device_unbind();
	ck_assert_int_eq(hisiacc_queue_cancel(stack.comp), -ENODEV);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done, COUNT + 1), COUNT);
	check_gone();
}
END_TEST

static void *wait_for_it(void *arg)
{
	struct hisiacc_completion done;
	int *ret = arg;

	do {
		*ret = hisiacc_queue_wait(stack.comp, &done, 1,
					  hisiacc_deadline(20 * SECOND));
	} while (*ret > 0);
	return NULL;
}

START_TEST(unbinding_wakes_who_waits)
{
	struct hisiacc_completion done[COUNT + 1];
	pthread_t thread;
	int ret = 1;

	small_init(COUNT);
	monitor_hang(1);
	small_prep(stack.comp, 0, COUNT);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), COUNT);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_it, &ret), 0);
	sleep_ms(200);
	device_unbind();
	pthread_join(thread, NULL);
	/* stopping a queue that hangs takes a reset, which may be seen first */
	ck_assert_msg(ret == -ENODEV || ret == -EIO, "%d", ret);
	ck_assert_int_eq(hisiacc_queue_restart(stack.comp), -ENODEV);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done, COUNT + 1), COUNT);
	check_gone();
}
END_TEST

START_TEST(call_that_waits_is_not_over_before_the_device_is_done)
{
	pthread_t thread;
	int ret = 1;

	monitor_set_delay(600000);
	small_init(1);
	ck_assert_int_eq(pthread_create(&thread, NULL, small_call, &ret), 0);
	sleep_ms(200);
	device_unbind();
	pthread_join(thread, NULL);
	sleep_ms(600);
	ck_assert(!ret || ret == -ENODEV);
	ck_assert(small_is_untouched(0));
}
END_TEST

START_TEST(doorbell_of_a_device_that_left_kills_nobody)
{
	struct hisiacc_completion done;
	unsigned int i;

	/* stores of a submit that did not look at the state first */
	small_init(COUNT);
	for (i = 0; i < COUNT; i++) {
		small_prep(stack.comp, i, 1);
		if (i == COUNT / 2)
			device_unbind();
		(void)hisiacc_queue_submit(stack.comp);
		(void)hisiacc_queue_peek(stack.comp, &done, 1);
		(void)hisiacc_queue_arm(stack.comp);
	}
	ck_assert_uint_eq(hisiacc_queue_state(stack.comp), HISIACC_STATE_GONE);
}
END_TEST

START_TEST(new_context_works_beside_one_of_the_lost_device)
{
	struct stack old = stack;

	device_unbind();
	device_bind();
	stack_open_default();
	check_usable();
	stack_close();
	stack = old;
	check_gone();
}
END_TEST

static void add(void)
{
	test_set_timeout(60);
	test_add(idle_context_survives_an_unbinding);
	test_add(requests_in_flight_are_accounted_for);
	test_add(cancel_without_a_device_gives_enodev);
	test_add(unbinding_wakes_who_waits);
	test_add(call_that_waits_is_not_over_before_the_device_is_done);
	test_add(doorbell_of_a_device_that_left_kills_nobody);
	test_add(new_context_works_beside_one_of_the_lost_device);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_default, teardown);
}
