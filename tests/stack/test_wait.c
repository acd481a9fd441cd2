// SPDX-License-Identifier: GPL-2.0
/* Waiting: deadlines, sleep, signals, event loops. */
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "small.h"

static void teardown(void)
{
	monitor_clear(USUAL_DELAY_US);
	stack_close();
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static uint64_t sleeps(void)
{
	struct hisiacc_queue_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(hisiacc_queue_stats(stack.comp, &stats), 0);
	return stats.sleeps;
}

/* Submits one that takes that long. */
static void submit_slow(uint32_t delay_ms)
{
	monitor_set_delay(delay_ms * 1000);
	small_init(1);
	small_prep(stack.comp, 0, 1);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 1);
}

START_TEST(deadline_in_the_past_only_looks)
{
	struct hisiacc_completion done;

	submit_slow(200);
	ck_assert_int_eq(hisiacc_queue_wait(stack.comp, &done, 1, 0), -ETIME);
	ck_assert_int_eq(hisiacc_queue_wait(stack.comp, &done, 1,
					    hisiacc_deadline(0)), -ETIME);
	ck_assert_uint_eq(sleeps(), 0);
	done = take(stack.comp);
	small_check(&done, 0);
	small_prep(stack.comp, 0, 1);
	hisiacc_queue_submit(stack.comp);
	sleep_ms(300);
	ck_assert_int_eq(hisiacc_queue_wait(stack.comp, &done, 1, 0), 1);
}
END_TEST

START_TEST(deadline_is_met_and_the_request_goes_on)
{
	static const uint32_t after_ms[] = { 1, 5, 20, 100 };
	struct hisiacc_completion done;
	uint64_t deadline;
	size_t i;

	submit_slow(1500);
	for (i = 0; i < ARRAY_SIZE(after_ms); i++) {
		deadline = hisiacc_deadline(after_ms[i] * MSEC);
		ck_assert_int_eq(hisiacc_queue_wait(stack.comp, &done, 1,
						    deadline), -ETIME);
		ck_assert_uint_ge(now_ns(), deadline);
		ck_assert_uint_lt(now_ns(), deadline + 250 * MSEC);
	}
	done = take(stack.comp);
	small_check(&done, 0);
}
END_TEST

/* By the interrupt, and without burning the CPU. */
START_TEST(wait_sleeps_until_the_interrupt)
{
	uint64_t interrupts = monitor_count(MONITOR_INTERRUPTS);
	uint64_t start = now_ns(), cpu = cpu_ns();
	struct hisiacc_completion done;

	submit_slow(800);
	done = take(stack.comp);
	small_check(&done, 0);
	ck_assert_uint_ge(now_ns() - start, 800 * MSEC);
	ck_assert_uint_lt(now_ns() - start, 1500 * MSEC);
	ck_assert_uint_lt(cpu_ns() - cpu, 80 * MSEC);
	ck_assert_uint_ge(sleeps(), 1);
	ck_assert_uint_le(sleeps(), 3);
	ck_assert_uint_gt(monitor_count(MONITOR_INTERRUPTS), interrupts);
}
END_TEST

START_TEST(polling_takes_no_interrupt)
{
	struct hisiacc_completion done;
	uint64_t interrupts;
	unsigned int i;

	small_init(1);
	/* the queue starts armed: the first completion takes one */
	small_prep(stack.comp, 0, 1);
	submit_and_collect(stack.comp, &done, 1);
	sleep_ms(20);
	interrupts = monitor_count(MONITOR_INTERRUPTS);
	for (i = 0; i < 500; i++) {
		small_prep(stack.comp, 0, 1);
		ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 1);
		while (!hisiacc_queue_peek(stack.comp, &done, 1))
			;
		small_check(&done, 0);
	}
	ck_assert_uint_le(monitor_count(MONITOR_INTERRUPTS), interrupts + 1);
}
END_TEST

START_TEST(no_wake_up_is_lost)
{
	uint64_t want = stack_long() ? 100000 : 5000, rounds = 0;
	uint64_t start = now_ns();
	struct hisiacc_completion done;
	uint32_t seed = 1;
	unsigned int n;

	small_init(8);
	/* around the time that a wait spins, so that all races occur */
	while (sleeps() < want) {
		if (rounds++ % 512 == 0)
			monitor_set_delay(next_random(&seed) % 200);
		n = 1 + next_random(&seed) % 2;
		small_prep(stack.comp, 0, n);
		ck_assert_int_eq(hisiacc_queue_submit(stack.comp), (int)n);
		while (n--) {
			ck_assert_int_eq(hisiacc_queue_wait(stack.comp, &done,
				1, hisiacc_deadline(10 * SECOND)), 1);
			ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
		}
	}
	printf("wake-ups: none of %llu lost, %llu us each, emulated\n",
	       (unsigned long long)sleeps(),
	       (unsigned long long)((now_ns() - start) / sleeps() / 1000));
}
END_TEST

/* ---- Signals ---- */

static volatile sig_atomic_t alarms;

static void on_alarm(int signal)
{
	(void)signal;
	alarms++;
}

static void storm(long us)
{
	struct itimerval timer = { { 0, us }, { 0, us } };
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

START_TEST(signals_do_not_end_a_wait)
{
	struct hisiacc_completion done;
	uint64_t deadline;

	storm(2000);
	submit_slow(600);
	deadline = hisiacc_deadline(300 * MSEC);
	ck_assert_int_eq(hisiacc_queue_wait(stack.comp, &done, 1, deadline),
			 -ETIME);
	ck_assert_uint_ge(now_ns(), deadline);
	done = take(stack.comp);
	small_check(&done, 0);
	ck_assert_int_gt(alarms, 50);
	storm(0);
}
END_TEST

START_TEST(signals_do_not_disturb_opening_and_closing)
{
	struct stack mine = stack;
	unsigned int i;

	storm(1000);
	for (i = 0; i < 15; i++) {
		stack_open(1u << 20, 64);
		check_usable();
		ck_assert_int_eq(hisiacc_queue_cancel(stack.comp), 0);
		stack_close();
	}
	storm(0);
	ck_assert_int_gt(alarms, 10);
	stack = mine;
}
END_TEST

/* ---- Event loops ---- */

static bool readable(int fd, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, timeout_ms) == 1 && pollfd.revents == POLLIN;
}

START_TEST(one_arming_gives_one_signal)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	struct hisiacc_completion done[4];
	uint64_t count;

	ck_assert_int_eq(hisiacc_queue_set_event(stack.comp, fd), 0);
	monitor_set_delay(100000);
	small_init(4);
	small_prep(stack.comp, 0, 1);
	submit_and_collect(stack.comp, done, 1);
	/* a queue starts armed: that signal may come after the completion */
	sleep_ms(300);
	(void)!read(fd, &count, sizeof(count));
	ck_assert_int_eq(hisiacc_queue_arm(stack.comp), 0);
	small_prep(stack.comp, 0, 4);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 4);
	ck_assert(!readable(fd, 20));
	ck_assert(readable(fd, 3000));
	sleep_ms(200);
	ck_assert_int_eq(read(fd, &count, sizeof(count)), sizeof(count));
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(hisiacc_queue_arm(stack.comp), 1);
	ck_assert_int_eq(hisiacc_queue_peek(stack.comp, done, 4), 4);
	ck_assert_int_eq(hisiacc_queue_set_event(stack.comp, -1), 0);
	close(fd);
}
END_TEST

START_TEST(what_is_no_eventfd_is_refused)
{
	ck_assert_int_eq(hisiacc_queue_set_event(stack.comp, 999), -EBADF);
	ck_assert_int_eq(hisiacc_queue_set_event(stack.comp, -2), -EBADF);
	ck_assert_int_eq(hisiacc_queue_set_event(stack.comp, 0), -EINVAL);
}
END_TEST

/* Two queues, one epoll on the context, one on eventfds: nothing gets lost. */
static void run_loop(int epoll, struct hisiacc_queue *queues[2], bool by_ctx)
{
	struct hisiacc_event news[4];
	struct hisiacc_completion done;
	struct epoll_event event;
	unsigned int left = 4000;
	uint64_t count;
	int i, n;

	for (i = 0; i < 2; i++) {
		small_prep(queues[i], (unsigned int)i, 1);
		ck_assert_int_eq(hisiacc_queue_submit(queues[i]), 1);
		(void)hisiacc_queue_arm(queues[i]);
	}
	while (left) {
		ck_assert_int_eq(epoll_wait(epoll, &event, 1, 10000), 1);
		if (by_ctx)
			ck_assert_int_ge(hisiacc_ctx_events(stack.ctx, news, 4),
					 0);
		else
			(void)!read(event.data.fd, &count, sizeof(count));
		for (i = 0; i < 2; i++) {
			while ((n = hisiacc_queue_peek(queues[i], &done, 1)) == 1) {
				small_check(&done, (unsigned int)i);
				left -= left > 0;
				small_prep(queues[i], (unsigned int)i, 1);
				hisiacc_queue_submit(queues[i]);
				if (hisiacc_queue_arm(queues[i]) != 1)
					break;
			}
			ck_assert_int_ge(n, 0);
		}
	}
}

START_TEST(event_loop_loses_nothing)
{
	struct hisiacc_queue *queues[2] = {
		stack.comp, queue_new(HISIACC_ZIP_COMPRESS, 8)
	};
	int epoll = epoll_create1(0), fd = eventfd(0, EFD_NONBLOCK), watched;
	struct epoll_event event = { .events = EPOLLIN };

	watched = _i ? hisiacc_ctx_fd(stack.ctx) : fd;
	event.data.fd = watched;
	ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, watched, &event), 0);
	if (!_i) {
		ck_assert_int_eq(hisiacc_queue_set_event(queues[0], fd), 0);
		ck_assert_int_eq(hisiacc_queue_set_event(queues[1], fd), 0);
	}
	small_init(2);
	monitor_set_delay(5);
	run_loop(epoll, queues, _i);
	hisiacc_queue_free(queues[1]);
	close(epoll);
	close(fd);
}
END_TEST

START_TEST(event_names_the_queue)
{
	struct hisiacc_queue_info info = { .size = sizeof(info) };
	struct hisiacc_event event;

	ck_assert_int_eq(hisiacc_queue_info(stack.comp, &info), 0);
	ck_assert_int_eq(hisiacc_ctx_events(stack.ctx, &event, 0), -EINVAL);
	ck_assert_int_eq(hisiacc_ctx_events(stack.ctx, &event, 1), 0);
	submit_slow(20);
	ck_assert(readable(hisiacc_ctx_fd(stack.ctx), 3000));
	ck_assert_int_eq(hisiacc_ctx_events(stack.ctx, &event, 1), 1);
	ck_assert_uint_eq(event.queue, info.handle);
	ck_assert_uint_eq(event.flags, HISIACC_EVENT_COMPLETION);
	ck_assert_int_eq(hisiacc_ctx_events(stack.ctx, &event, 1), 0);
}
END_TEST

static void add(void)
{
	test_set_timeout(900);
	test_add(deadline_in_the_past_only_looks);
	test_add(deadline_is_met_and_the_request_goes_on);
	test_add(wait_sleeps_until_the_interrupt);
	test_add(polling_takes_no_interrupt);
	test_add(no_wake_up_is_lost);
	test_add(signals_do_not_end_a_wait);
	test_add(signals_do_not_disturb_opening_and_closing);
	test_add(one_arming_gives_one_signal);
	test_add(what_is_no_eventfd_is_refused);
	test_add_loop(event_loop_loses_nothing, 0, 2);
	test_add(event_names_the_queue);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_default, teardown);
}
