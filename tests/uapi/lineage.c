// SPDX-License-Identifier: GPL-2.0
/*
 * Shared address spaces that are copied, left and replaced while the device is
 * at work in them, in memory that is neither pinned nor even there.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "test.h"

#define SIZE	(16 * PAGE)
#define FLIGHT	8	/* requests at a time */

/* Requests from and to pages that nobody has touched. */
static void start_flight(struct raw_queue *q)
{
	uint32_t sqe[SQE_WORDS];
	int i;

	for (i = 0; i < FLIGHT; i++) {
		zip_encode(sqe, (uintptr_t)map_anonymous(SIZE), SIZE,
			   (uintptr_t)map_anonymous(SIZE), SIZE);
		raw_queue_push(q, sqe);
	}
	raw_queue_ring(q);
}

static void end_flight(struct raw_queue *q)
{
	static const uint8_t zeroes[16 * PAGE_MAX];
	uint32_t sqe[SQE_WORDS];
	int i;

	for (i = 0; i < FLIGHT; i++) {
		uint8_t *dst;

		require(raw_queue_pop(q, sqe, 5000));
		require(zip_succeeded(sqe));
		dst = (uint8_t *)((uintptr_t)sqe[20] | (uintptr_t)sqe[21] << 32);
		require(zlib_is(dst, zip_produced(sqe), zeroes, SIZE));
	}
	raw_queue_ring_cq(q, false);
}

/* Programs that are started meanwhile */

static char *const true_argv[] = { "/bin/true", NULL };

static pid_t start_by_vfork(void)
{
	pid_t child = vfork();

	if (!child) {
		execv(true_argv[0], true_argv);
		_exit(127);
	}
	return child;
}

static pid_t start_by_fork(void)
{
	pid_t child = fork();

	if (!child) {
		execv(true_argv[0], true_argv);
		_exit(127);
	}
	return child;
}

static pid_t start_by_spawn(void)
{
	extern char **environ;
	pid_t child;

	require(!posix_spawn(&child, true_argv[0], NULL, NULL, true_argv, environ));
	return child;
}

static pid_t (*const starters[])(void) = {
	start_by_vfork, start_by_fork, start_by_spawn,
};

START_TEST(programs_start_while_the_device_faults)
{
	uint64_t before = monitor_count(MONITOR_PAGE_REQUESTS);
	struct raw_queue q;
	int i;

	raw_queue_init(&q, device_open(), QUEUE_COMPRESS, 16, 0);
	for (i = 0; i < 5; i++) {
		pid_t child;

		start_flight(&q);
		child = starters[_i]();
		ck_assert_int_gt(child, 0);
		ck_assert_int_eq(child_end(child), 0);
		end_flight(&q);
	}
	ck_assert_uint_gt(monitor_count(MONITOR_PAGE_REQUESTS), before);
}
END_TEST

/* Copies */

static int write_own_copy(void *arg)
{
	struct pair *p = arg;
	struct device_access a;

	access_init(&a, 8 * PAGE);
	child_check(device_sees(&a, (uintptr_t)p->data, p->data, 8 * PAGE));
	child_check(device_writes(&a, (uintptr_t)p->data, 8 * PAGE, 7));
	child_check(is_text(p->data, 8 * PAGE, 7));
	gate_open(&p->ready);
	child_check(gate_wait(&p->go));
	child_check(is_text(p->data, 8 * PAGE, 7));
	child_check(device_sees(&a, (uintptr_t)p->data, p->data, 8 * PAGE));
	return 0;
}

START_TEST(child_has_a_device_and_a_copy_of_its_own)
{
	struct pair p = { .data = map_anonymous(8 * PAGE) };
	struct device_access a;
	pid_t child;

	gate_init(&p.ready);
	gate_init(&p.go);
	access_init(&a, 8 * PAGE);
	ck_assert(device_writes(&a, (uintptr_t)p.data, 8 * PAGE, 1));
	child = child_start(write_own_copy, &p);
	ck_assert(gate_wait(&p.ready));
	/* what the child's device wrote went to the child's pages */
	ck_assert(is_text(p.data, 8 * PAGE, 1));
	ck_assert(device_sees(&a, (uintptr_t)p.data, p.data, 8 * PAGE));
	ck_assert(device_writes(&a, (uintptr_t)p.data, 8 * PAGE, 2));
	ck_assert(is_text(p.data, 8 * PAGE, 2));
	gate_open(&p.go);
	ck_assert_int_eq(child_end(child), 0);
}
END_TEST

/* Threads with queues of one context, while another one forks. */

#define THREADS 4

struct worker {
	struct raw_queue q;
	pthread_t thread;
	volatile bool stop;
	volatile int runs;
};

static void run_fresh(struct raw_queue *q, uint32_t seed)
{
	uint8_t *src = map_anonymous(SIZE), *dst = map_anonymous(2 * SIZE);
	uint32_t sqe[SQE_WORDS];

	fill_text(src, SIZE, seed);
	raw_queue_run(q, (uintptr_t)src, SIZE, (uintptr_t)dst, 2 * SIZE, sqe);
	require(zip_succeeded(sqe));
	require(zlib_is(dst, zip_produced(sqe), src, SIZE));
	munmap(src, SIZE);
	munmap(dst, 2 * SIZE);
}

static void *work_on(void *arg)
{
	struct worker *w = arg;

	for (; !w->stop; w->runs++)
		run_fresh(&w->q, w->runs);
	return NULL;
}

static int do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

START_TEST(threads_of_one_context_while_another_forks)
{
	static struct worker workers[THREADS];
	int fd = device_open(), i, round;

	for (i = 0; i < THREADS; i++) {
		raw_queue_init(&workers[i].q, fd, QUEUE_COMPRESS, 16, 0);
		ck_assert_uint_eq(workers[i].q.arg.out_pasid,
				  workers[0].q.arg.out_pasid);
	}
	for (i = 0; i < THREADS; i++)
		ck_assert(!pthread_create(&workers[i].thread, NULL, work_on,
					  &workers[i]));
	for (round = 0; round < 40; round++)
		ck_assert_int_eq(child_run(do_nothing, NULL), 0);
	for (i = 0; i < THREADS; i++) {
		ck_assert(wait_until(workers[i].runs > 3, 10000));
		workers[i].stop = true;
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
}
END_TEST

/* Ends */

static int exec_at_work(void *arg)
{
	int flags = *(int *)arg;
	struct raw_queue q;

	raw_queue_init(&q, open(device_node(), O_RDWR | flags), QUEUE_COMPRESS,
		       16, 0);
	start_flight(&q);
	execv(true_argv[0], true_argv);
	return 127;
}

/* The old address space ends in exec(), with the file open or not. */
START_TEST(exec_while_the_device_faults)
{
	struct device_usage usage = device_usage();
	int flags[] = { 0, O_CLOEXEC }, i;

	monitor_set_delay(1000);
	for (i = 0; i < 10; i++) {
		ck_assert_int_eq(child_run(exec_at_work, &flags[i % 2]), 0);
		ck_assert(device_usage_becomes(&usage, 2000));
	}
	expect_device_works();
}
END_TEST

struct survivor {
	struct raw_queue q;
	struct gate go;
};

static int work_alone(void *arg)
{
	struct survivor *s = arg;
	int i;

	require(gate_wait(&s->go));
	for (i = 0; i < 10; i++)
		run_fresh(&s->q, i);
	_exit(0);
}

/* The one who opened the file leaves, the address space stays. */
static int leave_it_to_another(void *arg)
{
	struct survivor *s = arg;
	uint8_t *stack = map_anonymous(1 << 16);

	raw_queue_init(&s->q, device_open(), QUEUE_COMPRESS, 16, 0);
	run_fresh(&s->q, 1);
	require_ok(clone(work_alone, stack + (1 << 16), CLONE_VM | SIGCHLD, s));
	/* no destructors, which would be the other's as well */
	_exit(0);
}

START_TEST(context_lives_as_long_as_its_address_space)
{
	struct device_usage usage = device_usage(), held = usage;
	struct survivor s;
	pid_t child;

	gate_init(&s.go);
	child = child_start(leave_it_to_another, &s);
	ck_assert_int_eq(child_end(child), 0);
	held.queues_free--;
	held.mappings = device_usage().mappings;
	expect_usage(&held);
	gate_open(&s.go);
	ck_assert(device_usage_becomes(&usage, 5000));
}
END_TEST

static void add(void)
{
	test_set_timeout(60);
	test_add_loop(programs_start_while_the_device_faults, 0,
		      ARRAY_SIZE(starters));
	test_add(child_has_a_device_and_a_copy_of_its_own);
	test_add(threads_of_one_context_while_another_forks);
	test_add(exec_while_the_device_faults);
	test_add(context_lives_as_long_as_its_address_space);
}

int main(int argc, char **argv)
{
	setenv("MODE", "sva", 1);
	return fixture_main(argc, argv, add);
}
