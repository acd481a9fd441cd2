// SPDX-License-Identifier: GPL-2.0
/* A queue that is to stop while its requests take their time. */
#include <pthread.h>

#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"

/* One request completes after the other, this long apart. */
#define COUNT		6
#define APART_MS	150

static void submit_one_by_one(struct work *w)
{
	int i;

	monitor_set_delay((COUNT + 1) * APART_MS * 1000);
	for (i = 0; i < COUNT; i++) {
		if (i)
			sleep_ms(APART_MS);
		work_submit(w, i);
	}
}

static void expect_all_done(struct work *w)
{
	int i;

	for (i = 0; i < COUNT; i++)
		ck_assert(raw_queue_pop(&w->q, NULL, 0));
	ck_assert(work_is_right(w, w->size));
}

START_TEST(stop_waits_for_a_slow_request)
{
	long resets = device_attribute("resets");
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_DECOMPRESS, 3000);
	monitor_set_delay(1200000);
	work_submit(&w, 1);
	expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
	expect_state(&w, HISI_ACC_STATE_STOPPED);
	ck_assert(raw_queue_pop(&w.q, NULL, 0));
	ck_assert(work_is_right(&w, w.size));
	ck_assert_int_eq(device_attribute("resets"), resets);
}
END_TEST

START_TEST(stop_waits_while_requests_complete)
{
	long resets = device_attribute("resets");
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_DECOMPRESS, 3000);
	submit_one_by_one(&w);
	expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
	expect_state(&w, HISI_ACC_STATE_STOPPED);
	expect_all_done(&w);
	ck_assert_int_eq(device_attribute("resets"), resets);
}
END_TEST

struct stopper {
	struct work w;
	int64_t took_ms;
	volatile bool stopped;
};

static void *stop_it(void *arg)
{
	struct stopper *s = arg;
	int64_t start = now_ms();

	require_ok(acc_queue_stop(s->w.q.fd, s->w.q.arg.out_handle));
	s->took_ms = now_ms() - start;
	s->stopped = true;
	return NULL;
}

START_TEST(other_queues_come_and_go_meanwhile)
{
	int other = device_open(), rounds = 0;
	struct stopper s = { .took_ms = 0 };
	struct raw_queue q;
	pthread_t thread;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&s.w, device_open(), QUEUE_DECOMPRESS, 3000);
	submit_one_by_one(&s.w);
	/* the first one is about to complete */
	sleep_ms(APART_MS);
	expect_ok(-pthread_create(&thread, NULL, stop_it, &s));
	while (!s.stopped) {
		raw_queue_init(&q, other, QUEUE_COMPRESS, 16, 0);
		raw_queue_fini(&q);
		rounds++;
	}
	expect_ok(-pthread_join(thread, NULL));
	ck_assert_int_gt(s.took_ms, COUNT * APART_MS / 2);
	ck_assert_int_ge(rounds, 5);
	expect_state(&s.w, HISI_ACC_STATE_STOPPED);
	expect_all_done(&s.w);
}
END_TEST

static void add(void)
{
	test_add(stop_waits_for_a_slow_request);
	test_add(stop_waits_while_requests_complete);
	test_add(other_queues_come_and_go_meanwhile);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
