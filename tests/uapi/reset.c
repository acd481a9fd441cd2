// SPDX-License-Identifier: GPL-2.0
/* The device is reset while it is in use. */
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"

START_TEST(reset_fails_queues_until_they_are_started)
{
	uint32_t resets, generation;
	struct hisi_acc_event event;
	struct work w;

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	work_run(&w, 1);
	expect_ok(read(w.q.fd, &event, sizeof(event)));
	resets = w.q.status->reset_generation;
	generation = w.q.queue_status->generation;
	ck_assert_int_eq(resets, device_attribute("resets"));

	device_reset();
	ck_assert_uint_eq(w.q.status->state, HISI_ACC_STATE_RUNNING);
	ck_assert_uint_eq(w.q.status->reset_generation, resets + 1);
	ck_assert_int_eq(resets + 1, device_attribute("resets"));
	ck_assert_uint_eq(w.q.queue_status->generation, generation + 1);
	expect_state(&w, HISI_ACC_STATE_ERROR);
	ck_assert_int_eq(poll_for(w.q.fd, 0), POLLIN | POLLERR);
	ck_assert_int_eq(expect_ok(read(w.q.fd, &event, sizeof(event))), 8);
	ck_assert_uint_eq(event.handle, w.q.arg.out_handle);
	ck_assert_uint_ne(event.flags & HISI_ACC_EVENT_STATE, 0);
	expect_errno(EIO, acc_queue_doorbell(w.q.fd, w.q.arg.out_handle, 0, 0));

	raw_queue_start(&w.q);
	expect_state(&w, HISI_ACC_STATE_RUNNING);
	ck_assert_int_eq(poll_for(w.q.fd, 0), 0);
	work_run(&w, 2);
}
END_TEST

START_TEST(reset_leaves_stopped_queues_stopped)
{
	struct work w;

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
	device_reset();
	expect_state(&w, HISI_ACC_STATE_STOPPED);
	raw_queue_start(&w.q);
	work_run(&w, 1);
}
END_TEST

START_TEST(reset_keeps_registered_memory)
{
	struct device_usage usage;
	struct work w;

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	usage = device_usage();
	device_reset();
	expect_usage(&usage);
	raw_queue_start(&w.q);
	work_run(&w, 1);
	/* and it can be given back */
	device_reset();
	pinned_fini(&w.src);
	pinned_fini(&w.dst);
	raw_queue_fini(&w.q);
}
END_TEST

START_TEST(reset_in_mid_flight_loses_requests)
{
	struct work w;
	int i;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_DECOMPRESS, 2000);
	monitor_set_delay(1500000);
	for (i = 0; i < 5; i++)
		work_submit(&w, i);
	ck_assert(wait_until(monitor_count(MONITOR_INFLIGHT) > 0, 1000));
	device_reset();
	expect_state(&w, HISI_ACC_STATE_ERROR);
	ck_assert_uint_eq(monitor_count(MONITOR_INFLIGHT), 0);
	sleep_ms(1700);
	ck_assert(work_is_untouched(&w));
	ck_assert(!raw_queue_ready(&w.q));
	monitor_set_delay(20);
	raw_queue_start(&w.q);
	work_run(&w, 9);
}
END_TEST

START_TEST(doorbells_after_a_reset_reach_nothing)
{
	uint64_t completed;
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 2000);
	skip_without_doorbell(&w.q);
	work_run(&w, 1);
	device_reset();
	completed = monitor_count(MONITOR_COMPLETED);
	work_submit(&w, 2);
	sleep_ms(50);
	ck_assert_uint_eq(monitor_count(MONITOR_COMPLETED), completed);
	ck_assert(work_is_untouched(&w));
	raw_queue_start(&w.q);
	work_run(&w, 3);
}
END_TEST

START_TEST(reset_fails_queues_of_all_contexts)
{
	struct work a, b;

	work_init(&a, device_open(), QUEUE_COMPRESS, 1000);
	work_init(&b, device_open(), QUEUE_DECOMPRESS, 1000);
	device_reset();
	expect_state(&a, HISI_ACC_STATE_ERROR);
	expect_state(&b, HISI_ACC_STATE_ERROR);
	/* one started queue does not start the other one */
	raw_queue_start(&a.q);
	work_run(&a, 1);
	expect_state(&b, HISI_ACC_STATE_ERROR);
	ck_assert_int_eq(poll_for(a.q.fd, 0) & POLLERR, 0);
	ck_assert_int_ne(poll_for(b.q.fd, 0) & POLLERR, 0);
	raw_queue_start(&b.q);
	work_run(&b, 2);
}
END_TEST

START_TEST(context_opened_after_resets_knows_their_number)
{
	const volatile struct hisi_acc_status *status;
	struct hisi_acc_query query;
	long resets = device_attribute("resets");
	int fd;

	device_reset();
	device_reset();
	fd = device_open();
	expect_ok(acc_query(fd, &query));
	status = mmap(NULL, query.out_status_size, PROT_READ, MAP_SHARED, fd,
		      query.out_status_key);
	ck_assert_int_eq(status->reset_generation, resets + 2);
	expect_device_works();
}
END_TEST

START_TEST(many_resets_under_a_busy_process)
{
	struct work w;
	int i;

	work_init(&w, device_open(), QUEUE_COMPRESS, 3000);
	for (i = 0; i < 20; i++) {
		work_submit(&w, i);
		work_submit(&w, i);
		device_reset();
		expect_state(&w, HISI_ACC_STATE_ERROR);
		raw_queue_start(&w.q);
		work_run(&w, i);
	}
}
END_TEST

struct ringer {
	struct raw_queue *q;
	volatile bool stop;
};

static void *ring_on(void *arg)
{
	struct ringer *r = arg;

	while (!r->stop)
		raw_queue_store(r->q, raw_doorbell(r->q, true, 0, false));
	return NULL;
}

START_TEST(doorbells_during_resets_do_no_harm)
{
	struct ringer ringer;
	pthread_t thread;
	struct work w;
	int i;

	work_init(&w, device_open(), QUEUE_COMPRESS, 3000);
	skip_without_doorbell(&w.q);
	ringer = (struct ringer) { .q = &w.q };
	ck_assert(!pthread_create(&thread, NULL, ring_on, &ringer));
	for (i = 0; i < 5; i++)
		device_reset();
	ringer.stop = true;
	pthread_join(thread, NULL);
	ck_assert_uint_eq(w.q.status->state, HISI_ACC_STATE_RUNNING);
	raw_queue_start(&w.q);
	work_run(&w, 1);
}
END_TEST

static void add(void)
{
	test_add(reset_fails_queues_until_they_are_started);
	test_add(reset_leaves_stopped_queues_stopped);
	test_add(reset_keeps_registered_memory);
	test_add(reset_in_mid_flight_loses_requests);
	test_add(doorbells_after_a_reset_reach_nothing);
	test_add(reset_fails_queues_of_all_contexts);
	test_add(context_opened_after_resets_knows_their_number);
	test_add(many_resets_under_a_busy_process);
	test_add(doorbells_during_resets_do_no_harm);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
