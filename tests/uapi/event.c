// SPDX-License-Identifier: GPL-2.0
/* Events: poll(), read(), eventfds, arming. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "test.h"

#define EVENT_MS 3000	/* more than an event ever takes */
#define QUIET_MS 50	/* enough for one that should not come */

/* The device reports that it could not write a completion. */
#define AEQE_CQE_ERROR 2

static int open_nonblocking(void)
{
	int fd = device_open();

	expect_ok(fcntl(fd, F_SETFL, O_NONBLOCK));
	return fd;
}

static int poll_for(int fd, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	expect_ok(poll(&pollfd, 1, timeout_ms));
	return pollfd.revents;
}

static void expect_event(int fd, uint32_t handle, uint32_t flags)
{
	struct hisi_acc_event event = {};

	ck_assert_int_eq(expect_ok(read(fd, &event, sizeof(event))),
			 sizeof(event));
	ck_assert_uint_eq(event.handle, handle);
	ck_assert_uint_eq(event.flags, flags);
}

static void expect_no_event(int fd)
{
	struct hisi_acc_event event;

	ck_assert_int_eq(poll_for(fd, QUIET_MS), 0);
	expect_errno(EAGAIN, read(fd, &event, sizeof(event)));
}

static void expect_completion_event(struct work *w)
{
	ck_assert_int_eq(poll_for(w->q.fd, EVENT_MS), POLLIN);
	expect_event(w->q.fd, w->q.arg.out_handle, HISI_ACC_EVENT_COMPLETION);
}

START_TEST(new_context_has_no_event)
{
	expect_no_event(open_nonblocking());
}
END_TEST

START_TEST(completion_makes_an_event)
{
	struct hisi_acc_queue_query query;
	struct work w;

	work_init(&w, open_nonblocking(), 0, 1000);
	expect_no_event(w.q.fd);
	work_submit(&w, 1);
	expect_completion_event(&w);
	ck_assert(work_wait(&w, 0));
	expect_no_event(w.q.fd);
	ck_assert_uint_eq(w.q.queue_status->events, 1);
	expect_ok(acc_queue_query(w.q.fd, w.q.arg.out_handle, &query));
	ck_assert_uint_eq(query.out_events, 1);
}
END_TEST

START_TEST(poll_without_read_stays_ready)
{
	struct pollfd all = { .events = POLLIN | POLLRDNORM | POLLPRI | POLLOUT };
	struct work w;

	work_init(&w, open_nonblocking(), 0, 1000);
	work_submit(&w, 1);
	ck_assert_int_eq(poll_for(w.q.fd, EVENT_MS), POLLIN);
	ck_assert_int_eq(poll_for(w.q.fd, 0), POLLIN);
	all.fd = w.q.fd;
	ck_assert_int_eq(poll(&all, 1, 0), 1);
	ck_assert_int_eq(all.revents, POLLIN | POLLRDNORM);
}
END_TEST

START_TEST(event_is_one_shot)
{
	struct work w;

	work_init(&w, open_nonblocking(), 0, 1000);
	work_submit(&w, 1);
	expect_completion_event(&w);
	ck_assert(work_wait(&w, 0));
	work_run(&w, 2);
	work_run(&w, 3);
	expect_no_event(w.q.fd);
	ck_assert_uint_eq(w.q.queue_status->events, 1);
}
END_TEST

START_TEST(armed_queue_makes_the_next_event)
{
	struct work w;
	int i;

	work_init(&w, open_nonblocking(), 0, 1000);
	for (i = 0; i < 5; i++) {
		work_submit(&w, i);
		expect_completion_event(&w);
		ck_assert(work_wait(&w, 0));
		raw_queue_ring_cq(&w.q, true);
		expect_no_event(w.q.fd);
	}
	ck_assert_uint_eq(w.q.queue_status->events, 5);
}
END_TEST

START_TEST(arming_works_by_call_too)
{
	struct work w;

	work_init(&w, open_nonblocking(), 0, 1000);
	work_submit(&w, 1);
	expect_completion_event(&w);
	ck_assert(work_wait(&w, 0));
	w.q.db = NULL;
	raw_queue_ring_cq(&w.q, true);
	expect_no_event(w.q.fd);
	work_submit(&w, 2);
	expect_completion_event(&w);
}
END_TEST

START_TEST(arming_on_a_filled_ring_makes_an_event_at_once)
{
	struct work w;

	work_init(&w, open_nonblocking(), 0, 1000);
	work_submit(&w, 1);
	expect_completion_event(&w);
	ck_assert(work_wait(&w, 0));
	/* this one comes while the event is not armed */
	work_submit(&w, 2);
	ck_assert(wait_until(raw_queue_ready(&w.q), EVENT_MS));
	expect_no_event(w.q.fd);
	raw_queue_ring_cq(&w.q, true);
	expect_completion_event(&w);
}
END_TEST

START_TEST(head_without_arming_makes_no_event)
{
	struct work w;

	work_init(&w, open_nonblocking(), 0, 1000);
	work_submit(&w, 1);
	expect_completion_event(&w);
	work_submit(&w, 2);
	ck_assert(raw_queue_pop(&w.q, NULL, EVENT_MS));
	ck_assert(wait_until(raw_queue_ready(&w.q), EVENT_MS));
	raw_queue_ring_cq(&w.q, false);
	expect_no_event(w.q.fd);
}
END_TEST

START_TEST(restarted_queue_is_armed)
{
	struct work w;

	work_init(&w, open_nonblocking(), 0, 1000);
	work_submit(&w, 1);
	expect_completion_event(&w);
	ck_assert(work_wait(&w, 0));
	expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
	raw_queue_start(&w.q);
	work_submit(&w, 2);
	expect_completion_event(&w);
}
END_TEST

START_TEST(arm_look_sleep_loses_nothing)
{
	struct hisi_acc_event event;
	struct work w;
	int i;

	work_init(&w, open_nonblocking(), 0, 100);
	for (i = 0; i < 300; i++) {
		work_submit(&w, i);
		for (;;) {
			raw_queue_ring_cq(&w.q, true);
			if (raw_queue_ready(&w.q))
				break;
			ck_assert_int_ne(poll_for(w.q.fd, EVENT_MS), 0);
			while (read(w.q.fd, &event, sizeof(event)) > 0)
				;
		}
		ck_assert(work_wait(&w, 0));
	}
}
END_TEST

/* read() */

START_TEST(short_buffer_is_einval)
{
	struct hisi_acc_event event;
	struct work w;

	work_init(&w, open_nonblocking(), 0, 1000);
	expect_errno(EINVAL, read(w.q.fd, &event, 0));
	expect_errno(EINVAL, read(w.q.fd, &event, sizeof(event) - 1));
	work_submit(&w, 1);
	ck_assert_int_eq(poll_for(w.q.fd, EVENT_MS), POLLIN);
	expect_errno(EINVAL, read(w.q.fd, &event, sizeof(event) - 1));
	expect_completion_event(&w);
}
END_TEST

START_TEST(read_into_bad_memory_is_efault_and_keeps_the_event)
{
	struct work w;
	void *none;

	none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	work_init(&w, open_nonblocking(), 0, 1000);
	work_submit(&w, 1);
	ck_assert_int_eq(poll_for(w.q.fd, EVENT_MS), POLLIN);
	expect_errno(EFAULT, read(w.q.fd, none, sizeof(struct hisi_acc_event)));
	expect_completion_event(&w);
}
END_TEST

START_TEST(read_takes_as_many_as_fit)
{
	struct hisi_acc_event events[4] = {};
	struct work w[5];
	int i, fd = open_nonblocking();

	for (i = 0; i < 5; i++) {
		work_init(&w[i], fd, 0, 1000);
		work_submit(&w[i], i);
		ck_assert(work_wait(&w[i], EVENT_MS));
		ck_assert(wait_until(w[i].q.queue_status->events == 1, EVENT_MS));
	}
	/* room for two and a half */
	ck_assert_int_eq(expect_ok(read(fd, events, 20)), 16);
	ck_assert_uint_eq(events[0].handle, w[0].q.arg.out_handle);
	ck_assert_uint_eq(events[1].handle, w[1].q.arg.out_handle);
	ck_assert_uint_eq(events[2].handle, 0);
	ck_assert_int_eq(poll_for(fd, 0), POLLIN);
	ck_assert_int_eq(expect_ok(read(fd, events, sizeof(events))), 24);
	for (i = 0; i < 3; i++) {
		ck_assert_uint_eq(events[i].handle, w[i + 2].q.arg.out_handle);
		ck_assert_uint_eq(events[i].flags, HISI_ACC_EVENT_COMPLETION);
	}
	expect_no_event(fd);
}
END_TEST

START_TEST(events_of_one_queue_are_one)
{
	struct hisi_acc_event events[4];
	struct work w;

	work_init(&w, open_nonblocking(), 0, 1000);
	work_run(&w, 1);
	raw_queue_ring_cq(&w.q, true);
	work_run(&w, 2);
	ck_assert(wait_until(w.q.queue_status->events == 2, EVENT_MS));
	ck_assert_int_eq(expect_ok(read(w.q.fd, events, sizeof(events))),
			 sizeof(events[0]));
	expect_no_event(w.q.fd);
}
END_TEST

START_TEST(blocking_read_sleeps_until_the_event)
{
	struct work w;
	int64_t start;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), 0, 1000);
	monitor_set_delay(300000);
	start = now_ms();
	work_submit(&w, 1);
	expect_event(w.q.fd, w.q.arg.out_handle, HISI_ACC_EVENT_COMPLETION);
	ck_assert_int_ge(now_ms() - start, 250);
	ck_assert(work_wait(&w, 0));
}
END_TEST

static void ignore(int signal)
{
	(void)signal;
}

START_TEST(blocking_read_ends_by_a_signal)
{
	const struct itimerval soon = { .it_value.tv_usec = 100000 };
	const struct sigaction action = { .sa_handler = ignore };
	struct hisi_acc_event event;
	int fd = device_open();

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	expect_errno(EINTR, read(fd, &event, sizeof(event)));
}
END_TEST

START_TEST(node_takes_no_data_and_has_no_position)
{
	struct hisi_acc_event event = {};
	int fd = open_nonblocking();

	expect_errno(EINVAL, write(fd, &event, sizeof(event)));
	expect_errno(ESPIPE, pread(fd, &event, sizeof(event), 0));
}
END_TEST

START_TEST(events_of_a_freed_queue_vanish)
{
	struct work w;

	work_init(&w, open_nonblocking(), 0, 1000);
	work_submit(&w, 1);
	ck_assert_int_eq(poll_for(w.q.fd, EVENT_MS), POLLIN);
	expect_ok(acc_queue_free(w.q.fd, w.q.arg.out_handle));
	expect_no_event(w.q.fd);
}
END_TEST

START_TEST(contexts_have_their_own_events)
{
	int other = open_nonblocking();
	struct work w;

	work_init(&w, open_nonblocking(), 0, 1000);
	work_submit(&w, 1);
	expect_completion_event(&w);
	expect_no_event(other);
}
END_TEST

/* Threads */

struct readers {
	int fd;
	int taken[128];
	int total;
};

static void *take_events(void *arg)
{
	struct readers *r = arg;
	struct hisi_acc_event event;

	while (read(r->fd, &event, sizeof(event)) == sizeof(event)) {
		__atomic_fetch_add(&r->taken[event.handle], 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&r->total, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

START_TEST(each_event_goes_to_one_of_many_readers)
{
	enum { QUEUES = 6, ROUNDS = 20 };
	struct readers r = { .fd = device_open() };
	struct work w[QUEUES];
	pthread_t threads[4];
	int i, round;

	for (i = 0; i < QUEUES; i++)
		work_init(&w[i], r.fd, 0, 200);
	for (i = 0; i < 4; i++)
		ck_assert(!pthread_create(&threads[i], NULL, take_events, &r));
	for (round = 1; round <= ROUNDS; round++) {
		for (i = 0; i < QUEUES; i++)
			work_submit(&w[i], round);
		for (i = 0; i < QUEUES; i++)
			ck_assert(work_wait(&w[i], EVENT_MS));
		ck_assert(wait_until(__atomic_load_n(&r.total, __ATOMIC_RELAXED)
				     == round * QUEUES, EVENT_MS));
		for (i = 0; i < QUEUES; i++)
			raw_queue_ring_cq(&w[i].q, true);
	}
	for (i = 0; i < QUEUES; i++)
		ck_assert_int_eq(r.taken[w[i].q.arg.out_handle], ROUNDS);
}
END_TEST

/* epoll */

static int epoll_on(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };
	int epoll = expect_ok(epoll_create1(0));

	expect_ok(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	return epoll;
}

START_TEST(epoll_wakes_a_sleeper)
{
	struct epoll_event event;
	struct work w;
	int epoll;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, open_nonblocking(), 0, 1000);
	epoll = epoll_on(w.q.fd, EPOLLIN);
	ck_assert_int_eq(epoll_wait(epoll, &event, 1, 0), 0);
	monitor_set_delay(200000);
	work_submit(&w, 1);
	ck_assert_int_eq(epoll_wait(epoll, &event, 1, EVENT_MS), 1);
	ck_assert_uint_eq(event.events, EPOLLIN);
	expect_completion_event(&w);
	ck_assert_int_eq(epoll_wait(epoll, &event, 1, 0), 0);
}
END_TEST

START_TEST(epoll_edge_comes_with_each_event)
{
	struct epoll_event event;
	struct work w;
	int epoll, i;

	work_init(&w, open_nonblocking(), 0, 1000);
	epoll = epoll_on(w.q.fd, EPOLLIN | EPOLLET);
	for (i = 0; i < 3; i++) {
		work_submit(&w, i);
		ck_assert_int_eq(epoll_wait(epoll, &event, 1, EVENT_MS), 1);
		ck_assert_int_eq(epoll_wait(epoll, &event, 1, 0), 0);
		ck_assert(work_wait(&w, 0));
		raw_queue_ring_cq(&w.q, true);
	}
}
END_TEST

/* eventfd */

static uint64_t eventfd_value(int fd)
{
	uint64_t value = 0;

	return read(fd, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

static void work_init_eventfd(struct work *w, int fd, int event_fd)
{
	work_init(w, fd, 0, 1000);
	expect_ok(acc_queue_event(fd, w->q.arg.out_handle, event_fd));
}

START_TEST(eventfd_given_at_alloc_is_signalled)
{
	struct raw_queue q = { .phase = true, .arg = acc_queue_args(0, 16) };
	int event_fd = expect_ok(eventfd(0, EFD_NONBLOCK));
	uint32_t sqe[SQE_WORDS];
	struct pinned src, dst;

	q.fd = device_open();
	q.arg.event_fd = event_fd;
	expect_ok(acc_queue_alloc(q.fd, &q.arg));
	q.db_rand = q.arg.out_db_rand;
	q.sq = mmap(NULL, q.arg.out_sq_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		    q.fd, q.arg.out_sq_key);
	pinned_init(&src, q.fd, 4096);
	pinned_init(&dst, q.fd, 4096);
	ck_assert_uint_eq(eventfd_value(event_fd), 0);
	zip_encode(sqe, src.iova, 100, dst.iova, 4096);
	raw_queue_push(&q, sqe);
	raw_queue_ring(&q);
	ck_assert_int_eq(poll_for(event_fd, EVENT_MS), POLLIN);
	ck_assert_uint_eq(eventfd_value(event_fd), 1);
}
END_TEST

START_TEST(eventfd_counts_each_event)
{
	int event_fd = expect_ok(eventfd(0, EFD_NONBLOCK)), i;
	struct work w;

	work_init_eventfd(&w, open_nonblocking(), event_fd);
	for (i = 0; i < 4; i++) {
		work_run(&w, i);
		ck_assert(wait_until(w.q.queue_status->events == (uint32_t)i + 1,
				     EVENT_MS));
		raw_queue_ring_cq(&w.q, true);
	}
	ck_assert_uint_eq(eventfd_value(event_fd), 4);
	/* read() has them as well */
	expect_completion_event(&w);
}
END_TEST

START_TEST(replaced_eventfd_is_silent)
{
	int old = expect_ok(eventfd(0, EFD_NONBLOCK));
	int new = expect_ok(eventfd(0, EFD_NONBLOCK));
	struct work w;

	work_init_eventfd(&w, open_nonblocking(), old);
	expect_ok(acc_queue_event(w.q.fd, w.q.arg.out_handle, new));
	work_run(&w, 1);
	ck_assert_int_eq(poll_for(new, EVENT_MS), POLLIN);
	ck_assert_uint_eq(eventfd_value(new), 1);
	ck_assert_uint_eq(eventfd_value(old), 0);
}
END_TEST

START_TEST(removed_eventfd_is_silent)
{
	int event_fd = expect_ok(eventfd(0, EFD_NONBLOCK));
	struct work w;

	work_init_eventfd(&w, open_nonblocking(), event_fd);
	expect_ok(acc_queue_event(w.q.fd, w.q.arg.out_handle, -1));
	work_submit(&w, 1);
	expect_completion_event(&w);
	ck_assert_uint_eq(eventfd_value(event_fd), 0);
}
END_TEST

START_TEST(wrong_eventfd_leaves_the_old_one)
{
	int event_fd = expect_ok(eventfd(0, EFD_NONBLOCK));
	struct work w;

	work_init_eventfd(&w, open_nonblocking(), event_fd);
	expect_errno(EBADF, acc_queue_event(w.q.fd, w.q.arg.out_handle, 1000));
	expect_errno(EBADF, acc_queue_event(w.q.fd, w.q.arg.out_handle, -2));
	expect_errno(EINVAL, acc_queue_event(w.q.fd, w.q.arg.out_handle, w.q.fd));
	work_run(&w, 1);
	ck_assert_int_eq(poll_for(event_fd, EVENT_MS), POLLIN);
}
END_TEST

START_TEST(closed_eventfd_does_no_harm)
{
	int event_fd = expect_ok(eventfd(0, EFD_NONBLOCK));
	struct work w;

	work_init_eventfd(&w, open_nonblocking(), event_fd);
	close(event_fd);
	work_submit(&w, 1);
	expect_completion_event(&w);
}
END_TEST

START_TEST(queues_may_share_an_eventfd)
{
	int event_fd = expect_ok(eventfd(0, EFD_NONBLOCK));
	int i, fd = open_nonblocking();
	struct work w[3];

	for (i = 0; i < 3; i++) {
		work_init_eventfd(&w[i], fd, event_fd);
		work_run(&w[i], i);
		ck_assert(wait_until(w[i].q.queue_status->events == 1, EVENT_MS));
	}
	ck_assert_uint_eq(eventfd_value(event_fd), 3);
}
END_TEST

/* Failed queues */

static void fail_queue(struct work *w)
{
	monitor_raise_event(AEQE_CQE_ERROR, w->q.arg.out_queue);
	ck_assert(wait_until(w->q.queue_status->state == HISI_ACC_STATE_ERROR,
			     EVENT_MS));
}

START_TEST(failed_queue_makes_an_event_and_pollerr)
{
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, open_nonblocking(), 0, 1000);
	fail_queue(&w);
	ck_assert_int_eq(poll_for(w.q.fd, EVENT_MS), POLLIN | POLLERR);
	expect_event(w.q.fd, w.q.arg.out_handle, HISI_ACC_EVENT_STATE);
	/* the condition stays until it is dealt with */
	ck_assert_int_eq(poll_for(w.q.fd, 0), POLLERR);
	raw_queue_start(&w.q);
	ck_assert_int_eq(poll_for(w.q.fd, 0), 0);
	work_run(&w, 1);
}
END_TEST

START_TEST(freeing_the_failed_queue_ends_pollerr)
{
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, open_nonblocking(), 0, 1000);
	fail_queue(&w);
	expect_ok(acc_queue_free(w.q.fd, w.q.arg.out_handle));
	ck_assert_int_eq(poll_for(w.q.fd, 0), 0);
}
END_TEST

START_TEST(failure_wakes_epoll_and_blocked_read)
{
	struct epoll_event event;
	struct readers r = {};
	pthread_t thread;
	struct work w;
	int epoll;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), 0, 1000);
	epoll = epoll_on(w.q.fd, EPOLLIN);
	r.fd = w.q.fd;
	ck_assert(!pthread_create(&thread, NULL, take_events, &r));
	sleep_ms(50);
	monitor_raise_event(AEQE_CQE_ERROR, w.q.arg.out_queue);
	ck_assert_int_eq(epoll_wait(epoll, &event, 1, EVENT_MS), 1);
	ck_assert_uint_ne(event.events & EPOLLERR, 0);
	ck_assert(wait_until(__atomic_load_n(&r.total, __ATOMIC_RELAXED) == 1,
			     EVENT_MS));
	ck_assert_int_eq(r.taken[w.q.arg.out_handle], 1);
}
END_TEST

START_TEST(failure_of_a_queue_is_no_other_queues_business)
{
	int fd = open_nonblocking();
	struct work w, same_context, other_context;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, fd, 0, 1000);
	work_init(&same_context, fd, 0, 1000);
	work_init(&other_context, open_nonblocking(), 0, 1000);
	fail_queue(&w);
	ck_assert_uint_eq(same_context.q.queue_status->state,
			  HISI_ACC_STATE_RUNNING);
	ck_assert_int_eq(poll_for(other_context.q.fd, 0), 0);
	work_run(&same_context, 1);
	work_run(&other_context, 2);
}
END_TEST

START_TEST(stop_of_a_failed_queue_leaves_it_failed)
{
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, open_nonblocking(), 0, 1000);
	fail_queue(&w);
	expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
	ck_assert_uint_eq(w.q.queue_status->state, HISI_ACC_STATE_ERROR);
	raw_queue_start(&w.q);
	work_run(&w, 1);
}
END_TEST

START_TEST(device_reports_about_no_queue_are_survived)
{
	static const unsigned int queues[] = { 900, 1023, 4095, 0xffff };
	struct work w;
	unsigned int i, type;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, open_nonblocking(), 0, 1000);
	for (i = 0; i < ARRAY_SIZE(queues); i++) {
		for (type = 0; type < 16; type++) {
			if (type == 1)	/* asks for a reset */
				continue;
			monitor_raise_event(type, queues[i]);
			sleep_ms(2);
		}
	}
	ck_assert_uint_eq(w.q.queue_status->state, HISI_ACC_STATE_RUNNING);
	work_run(&w, 1);
}
END_TEST

static void add(void)
{
	test_add(new_context_has_no_event);
	test_add(completion_makes_an_event);
	test_add(poll_without_read_stays_ready);
	test_add(event_is_one_shot);
	test_add(armed_queue_makes_the_next_event);
	test_add(arming_works_by_call_too);
	test_add(arming_on_a_filled_ring_makes_an_event_at_once);
	test_add(head_without_arming_makes_no_event);
	test_add(restarted_queue_is_armed);
	test_add(arm_look_sleep_loses_nothing);
	test_add(short_buffer_is_einval);
	test_add(read_into_bad_memory_is_efault_and_keeps_the_event);
	test_add(read_takes_as_many_as_fit);
	test_add(events_of_one_queue_are_one);
	test_add(blocking_read_sleeps_until_the_event);
	test_add(blocking_read_ends_by_a_signal);
	test_add(node_takes_no_data_and_has_no_position);
	test_add(events_of_a_freed_queue_vanish);
	test_add(contexts_have_their_own_events);
	test_add(each_event_goes_to_one_of_many_readers);
	test_add(epoll_wakes_a_sleeper);
	test_add(epoll_edge_comes_with_each_event);
	test_add(eventfd_given_at_alloc_is_signalled);
	test_add(eventfd_counts_each_event);
	test_add(replaced_eventfd_is_silent);
	test_add(removed_eventfd_is_silent);
	test_add(wrong_eventfd_leaves_the_old_one);
	test_add(closed_eventfd_does_no_harm);
	test_add(queues_may_share_an_eventfd);
	test_add(failed_queue_makes_an_event_and_pollerr);
	test_add(freeing_the_failed_queue_ends_pollerr);
	test_add(failure_wakes_epoll_and_blocked_read);
	test_add(failure_of_a_queue_is_no_other_queues_business);
	test_add(stop_of_a_failed_queue_leaves_it_failed);
	test_add(device_reports_about_no_queue_are_survived);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
