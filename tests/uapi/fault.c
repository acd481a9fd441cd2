// SPDX-License-Identifier: GPL-2.0
/* The hardware hangs, refuses or reports errors. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"

#define EVENT_MS	3000
/* "At most a few seconds" for what hangs, and a reset. */
#define HANG_MS		10000

/* Error bits of the queue manager. */
#define QM_ERROR_CORRECTED	(1u << 3)
#define QM_ERROR_RESET		(1u << 0)
#define ENGINE_ERROR_CORRECTED	(1u << 0)
#define ENGINE_ERROR_RESET	(1u << 2)
#define AEQE_EQ_OVERFLOW	1
#define AEQE_CQE_ERROR		2

/* Hangs */

/* A queue with a request that never ends, and a healthy one beside it. */
struct hang {
	struct work hung, other;
	uint32_t resets;
	int64_t start;
};

static void hang_init(struct hang *h)
{
	int fd = device_open();

	work_init(&h->other, fd, QUEUE_COMPRESS, 1000);
	work_init(&h->hung, fd, QUEUE_DECOMPRESS, 1000);
	work_run(&h->other, 1);
	work_run(&h->hung, 1);
	h->resets = h->other.q.status->reset_generation;
	monitor_hang(1);
	work_submit(&h->hung, 2);
	ck_assert(wait_until(monitor_count(MONITOR_INFLIGHT) == 1, 1000));
	h->start = now_ms();
}

static void expect_recovery(struct hang *h)
{
	ck_assert_int_lt(now_ms() - h->start, HANG_MS);
	ck_assert_uint_eq(monitor_count(MONITOR_INFLIGHT), 0);
	ck_assert_uint_eq(h->other.q.status->reset_generation, h->resets + 1);
	ck_assert_uint_eq(h->other.q.status->state, HISI_ACC_STATE_RUNNING);
	expect_state(&h->other, HISI_ACC_STATE_ERROR);
	monitor_hang(0);
	ck_assert(work_is_untouched(&h->hung));
	raw_queue_start(&h->other.q);
	work_run(&h->other, 3);
}

START_TEST(stop_of_a_hung_queue_resets)
{
	struct hang h;

	if (!monitor_is_there())
		skip("the model has no monitor");
	hang_init(&h);
	expect_ok(acc_queue_stop(h.hung.q.fd, h.hung.q.arg.out_handle));
	expect_state(&h.hung, HISI_ACC_STATE_ERROR);
	expect_recovery(&h);
	raw_queue_start(&h.hung.q);
	work_run(&h.hung, 4);
}
END_TEST

START_TEST(free_of_a_hung_queue_resets)
{
	struct hang h;

	if (!monitor_is_there())
		skip("the model has no monitor");
	hang_init(&h);
	expect_ok(acc_queue_free(h.hung.q.fd, h.hung.q.arg.out_handle));
	expect_recovery(&h);
}
END_TEST

static int hang_and_wait(void *arg)
{
	struct gate *ready = arg;
	struct hang h;

	hang_init(&h);
	gate_open(ready);
	pause();
	return 0;
}

START_TEST(end_of_a_process_with_a_hung_queue_resets)
{
	struct device_usage usage = device_usage();
	long resets = device_attribute("resets");
	struct gate ready;
	int64_t start;
	pid_t child;

	if (!monitor_is_there())
		skip("the model has no monitor");
	gate_init(&ready);
	child = child_start(hang_and_wait, &ready);
	ck_assert(gate_wait(&ready));
	start = now_ms();
	kill(child, SIGKILL);
	ck_assert_int_eq(child_end(child), -SIGKILL);
	ck_assert_int_lt(now_ms() - start, HANG_MS);
	expect_usage(&usage);
	ck_assert_int_eq(device_attribute("resets"), resets + 1);
	monitor_hang(0);
	expect_device_works();
}
END_TEST

START_TEST(unbind_with_a_hung_queue_ends)
{
	struct hang h;

	if (!monitor_is_there())
		skip("the model has no monitor");
	hang_init(&h);
	device_unbind();
	ck_assert_int_lt(now_ms() - h.start, HANG_MS);
	ck_assert_uint_eq(monitor_count(MONITOR_INFLIGHT), 0);
	ck_assert(work_is_untouched(&h.hung));
	monitor_hang(0);
	device_bind();
	expect_device_works();
}
END_TEST

static void *unbind(void *arg)
{
	(void)arg;
	device_unbind();
	return NULL;
}

START_TEST(error_during_removal_starts_no_reset)
{
	uint64_t resets, mailboxes;
	pthread_t thread;

	if (!monitor_is_there())
		skip("the model has no monitor");
	if (device_version() == 2)
		skip("the last thing that is said to it is no command");
	resets = monitor_count(MONITOR_RESETS);
	mailboxes = monitor_count(MONITOR_MAILBOXES);
	monitor_stick_mailboxes(1);
	expect_ok(-pthread_create(&thread, NULL, unbind, NULL));
	ck_assert(wait_until(monitor_count(MONITOR_MAILBOXES) > mailboxes, 1000));
	monitor_raise_qm_error(QM_ERROR_RESET);
	sleep_ms(300);
	monitor_stick_mailboxes(0);
	expect_ok(-pthread_join(thread, NULL));
	ck_assert_uint_eq(monitor_count(MONITOR_RESETS), resets);
	device_bind();
	expect_device_works();
}
END_TEST

START_TEST(device_that_was_left_at_work_is_taken_over)
{
	if (!monitor_is_there())
		skip("the model has no monitor");
	if (device_version() == 2)
		skip("the last thing that is said to it is no command");
	expect_device_works();
	/* it refuses to give its queues up */
	monitor_fail_mailboxes(1);
	device_unbind();
	device_bind();
	expect_device_works();
}
END_TEST

/* Refusals of the hardware */

START_TEST(refused_bring_up_leaves_nothing_behind)
{
	const char *name = strrchr(device_pci(), '/') + 1;

	if (!monitor_is_there())
		skip("the model has no monitor");
	device_unbind();
	monitor_fail_mailboxes(1);
	ck_assert(!write_string("/sys/bus/pci/drivers/hisi_acc/bind", name));
	ck_assert(!device_is_bound());
	ck_assert_ptr_null(device_node());
	device_bind();
	expect_device_works();
}
END_TEST

START_TEST(refused_mailbox_makes_alloc_fail_alone)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	struct device_usage usage;
	int fd = device_open();

	if (!monitor_is_there())
		skip("the model has no monitor");
	/* the function is ours already: what fails is the queue */
	expect_ok(acc_queue_alloc(fd, &arg));
	usage = device_usage();
	monitor_fail_mailboxes(1);
	expect_errno(EIO, acc_queue_alloc(fd, &arg));
	expect_usage(&usage);
	expect_ok(acc_queue_alloc(fd, &arg));
	close(fd);
	expect_device_works();
}
END_TEST

START_TEST(refused_mailbox_makes_start_fail)
{
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
	monitor_fail_mailboxes(1);
	expect_errno(EIO, acc_queue_start(w.q.fd, w.q.arg.out_handle, NULL));
	expect_state(&w, HISI_ACC_STATE_ERROR);
	raw_queue_start(&w.q);
	expect_state(&w, HISI_ACC_STATE_RUNNING);
	work_run(&w, 1);
}
END_TEST

START_TEST(refused_mailbox_makes_stop_reset)
{
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	work_run(&w, 1);
	monitor_fail_mailboxes(1);
	expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
	expect_state(&w, HISI_ACC_STATE_ERROR);
	raw_queue_start(&w.q);
	work_run(&w, 2);
}
END_TEST

START_TEST(mailbox_that_never_answers_is_given_up)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	int fd = device_open();
	int64_t start;
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, fd, QUEUE_COMPRESS, 1000);
	monitor_stick_mailboxes(1);
	start = now_ms();
	expect_errno(EIO, acc_queue_alloc(fd, &arg));
	ck_assert_int_lt(now_ms() - start, HANG_MS);
	monitor_stick_mailboxes(0);
	if (w.q.queue_status->state == HISI_ACC_STATE_ERROR)
		raw_queue_start(&w.q);
	work_run(&w, 1);
	expect_ok(acc_queue_alloc(fd, &arg));
}
END_TEST

/* For those who come later as well. */
static int find_it_gone(void *unused)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	int fd = device_open();

	(void)unused;
	child_check_errno(ENODEV, acc_queue_alloc(fd, &arg));
	child_check_errno(ENODEV, acc_mem_pin(fd, 0, &arg, sizeof(arg), NULL, NULL));
	return 0;
}

START_TEST(device_that_cannot_be_reset_is_gone)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	struct hang h;

	if (!monitor_is_there())
		skip("the model has no monitor");
	hang_init(&h);
	monitor_fail_mailboxes(1000);
	acc_queue_stop(h.hung.q.fd, h.hung.q.arg.out_handle);
	ck_assert_int_lt(now_ms() - h.start, HANG_MS);
	ck_assert_uint_eq(h.other.q.status->state, HISI_ACC_STATE_GONE);
	ck_assert_int_ne(poll_for(h.other.q.fd, 0) & POLLHUP, 0);
	expect_errno(ENODEV, read(h.other.q.fd, &arg, sizeof(arg)));
	expect_errno(ENODEV, acc_queue_alloc(h.other.q.fd, &arg));
	expect_errno(ENODEV, acc_queue_start(h.other.q.fd,
					     h.other.q.arg.out_handle, NULL));
	expect_errno(ENODEV, acc_mem_pin(h.other.q.fd, 0, &arg, sizeof(arg), NULL,
					 NULL));
	raw_queue_store(&h.other.q, 1);
	ck_assert(work_is_untouched(&h.hung));
	close(h.other.q.fd);
	ck_assert_int_eq(child_run(find_it_gone, NULL), 0);

	/* bound anew it is as good as new */
	monitor_clear(20);
	device_unbind();
	device_bind();
	expect_device_works();
}
END_TEST

/* Error reports of the hardware */

START_TEST(corrected_errors_are_only_noted)
{
	struct work w;
	int i;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	for (i = 0; i < 3; i++) {
		monitor_raise_qm_error(QM_ERROR_CORRECTED);
		monitor_raise_engine_error(ENGINE_ERROR_CORRECTED);
		sleep_ms(20);
	}
	expect_state(&w, HISI_ACC_STATE_RUNNING);
	work_run(&w, 1);
}
END_TEST

START_TEST(doorbell_call_on_a_failed_queue_is_eio)
{
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	monitor_raise_event(AEQE_CQE_ERROR, w.q.arg.out_queue);
	ck_assert(wait_until(w.q.queue_status->state == HISI_ACC_STATE_ERROR,
			     EVENT_MS));
	expect_errno(EIO, acc_queue_doorbell(w.q.fd, w.q.arg.out_handle, 0, 0));
	raw_queue_start(&w.q);
	work_run(&w, 1);
}
END_TEST

START_TEST(failed_queue_signals_its_eventfd)
{
	int event_fd = expect_ok(eventfd(0, EFD_NONBLOCK));
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	expect_ok(acc_queue_event(w.q.fd, w.q.arg.out_handle, event_fd));
	monitor_raise_event(AEQE_CQE_ERROR, w.q.arg.out_queue);
	ck_assert_int_eq(poll_for(event_fd, EVENT_MS), POLLIN);
	expect_state(&w, HISI_ACC_STATE_ERROR);
}
END_TEST

START_TEST(failed_queue_does_not_silence_the_others)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = expect_ok(epoll_create1(0)), fd = device_open();
	struct work failed, other;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&failed, fd, QUEUE_COMPRESS, 1000);
	work_init(&other, fd, QUEUE_COMPRESS, 1000);
	monitor_raise_event(AEQE_CQE_ERROR, failed.q.arg.out_queue);
	ck_assert_int_eq(poll_for(fd, EVENT_MS), POLLIN | POLLERR);
	expect_ok(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	ck_assert_int_eq(epoll_wait(epoll, &event, 1, 0), 1);
	ck_assert_int_eq(epoll_wait(epoll, &event, 1, 0), 0);
	work_submit(&other, 1);
	ck_assert_int_eq(epoll_wait(epoll, &event, 1, EVENT_MS), 1);
	ck_assert_uint_eq(event.events, EPOLLIN | EPOLLERR);
}
END_TEST

static void expect_reset_and_recovery(struct work *w, uint32_t resets)
{
	ck_assert(wait_until(w->q.status->reset_generation == resets + 1 &&
			     w->q.status->state == HISI_ACC_STATE_RUNNING,
			     HANG_MS));
	ck_assert(wait_until(w->q.queue_status->state == HISI_ACC_STATE_ERROR,
			     EVENT_MS));
	raw_queue_start(&w->q);
	work_run(w, 1);
	sleep_ms(50);
	ck_assert_uint_eq(w->q.status->reset_generation, resets + 1);
}

START_TEST(fatal_errors_lead_to_a_reset)
{
	uint32_t resets;
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	resets = w.q.status->reset_generation;
	if (_i)
		monitor_raise_engine_error(ENGINE_ERROR_RESET);
	else
		monitor_raise_qm_error(QM_ERROR_RESET);
	expect_reset_and_recovery(&w, resets);
}
END_TEST

START_TEST(full_event_ring_leads_to_a_reset)
{
	uint32_t resets;
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	resets = w.q.status->reset_generation;
	monitor_raise_event(AEQE_EQ_OVERFLOW, 0);
	expect_reset_and_recovery(&w, resets);
}
END_TEST

static void add(void)
{
	test_add(stop_of_a_hung_queue_resets);
	test_add(free_of_a_hung_queue_resets);
	test_add(end_of_a_process_with_a_hung_queue_resets);
	test_add(unbind_with_a_hung_queue_ends);
	test_add(error_during_removal_starts_no_reset);
	test_add(device_that_was_left_at_work_is_taken_over);
	test_add(refused_bring_up_leaves_nothing_behind);
	test_add(refused_mailbox_makes_alloc_fail_alone);
	test_add(refused_mailbox_makes_start_fail);
	test_add(refused_mailbox_makes_stop_reset);
	test_add(mailbox_that_never_answers_is_given_up);
	test_add(device_that_cannot_be_reset_is_gone);
	test_add(doorbell_call_on_a_failed_queue_is_eio);
	test_add(failed_queue_signals_its_eventfd);
	test_add(failed_queue_does_not_silence_the_others);
	test_add(corrected_errors_are_only_noted);
	test_add_loop(fatal_errors_lead_to_a_reset, 0, 2);
	test_add(full_event_ring_leads_to_a_reset);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
