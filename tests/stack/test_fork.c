// SPDX-License-Identifier: GPL-2.0
/* fork() with a device open, and processes that die in mid-flight. */
#include <pthread.h>
#include <signal.h>

#include "process.h"
#include "small.h"

enum { DEPTH = 64 };

static int use_what_the_parent_has(void *arg)
{
	struct hisiacc_ctx_info info = { .size = sizeof(info) };
	struct hisiacc_queue_attr attr = { .size = sizeof(attr) };
	struct hisiacc_queue *queue = (void *)1;
	struct hisiacc_mem *mem = (void *)1;
	struct hisiacc_event event;
	char page[64];

	(void)arg;
	child_check(hisiacc_ctx_info(stack.ctx, &info) == -EPERM);
	child_check(hisiacc_ctx_events(stack.ctx, &event, 1) == -EPERM);
	child_check(hisiacc_queue_alloc(stack.ctx, &attr, &queue) == -EPERM);
	child_check(!queue);
	child_check(hisiacc_mem_alloc(stack.ctx, 4096, 0, &mem) == -EPERM);
	child_check(!mem);
	child_check(hisiacc_mem_register(stack.ctx, page, 64, 0, &mem) ==
		    -EPERM);
	child_check(!mem);
	child_check(hisiacc_queue_set_event(stack.comp, -1) == -EPERM);
	return 0;
}

START_TEST(calls_in_a_forked_child_give_eperm)
{
	small_init(1);
	small_prep(stack.comp, 0, 1);
	ck_assert_int_eq(child_run(use_what_the_parent_has, NULL), 0);
	hisiacc_queue_submit(stack.comp);
	(void)take(stack.comp);
	check_usable();
}
END_TEST

static int alloc_first(void *ctx)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr) };
	struct hisiacc_queue *queue = (void *)1;

	child_check(hisiacc_queue_alloc(ctx, &attr, &queue) == -EPERM);
	child_check(!queue);
	return 0;
}

/* What the last object of a context takes along must not be missed there. */
START_TEST(a_context_without_objects_gives_eperm_in_a_child)
{
	struct hisiacc_ctx *ctx;

	ck_assert_int_eq(hisiacc_open(hisiacc_ctx_name(stack.ctx), &ctx), 0);
	ck_assert_int_eq(child_run(alloc_first, ctx), 0);
	hisiacc_close(ctx);
}
END_TEST

static int only_leave(void *arg)
{
	return *(int *)arg;
}

START_TEST(fork_in_mid_flight_disturbs_nothing)
{
	struct hisiacc_completion done[DEPTH - 1];
	int round, status = 7;
	unsigned int i;

	monitor_set_delay(20000);
	for (round = 0; round < 20; round++) {
		small_init(DEPTH - 1);
		small_prep(stack.comp, 0, DEPTH - 1);
		ck_assert_int_eq(hisiacc_queue_submit(stack.comp), DEPTH - 1);
		ck_assert_int_eq(child_run(only_leave, &status), 7);
		submit_and_collect(stack.comp, done, DEPTH - 1);
		for (i = 0; i < DEPTH - 1; i++)
			small_check(&done[i], i);
	}
}
END_TEST

/* What the parent writes after a fork is what the device sees. */
START_TEST(registered_memory_stays_the_parents)
{
	uint8_t *mine = aligned_alloc(4096, 65536), *packed = mine + 32768;
	struct hisiacc_zip_req req;
	struct gate gate;
	struct hisiacc_mem *mem;
	uint8_t back[8192];
	pid_t child;
	size_t n;

	memset(mine, 1, 65536);
	ck_assert_int_eq(hisiacc_mem_register(stack.ctx, mine, 65536, 0, &mem),
			 0);
	gate_init(&gate);
	child = fork();
	if (!child) {
		if (!gate_wait(&gate))
			_exit(1);
		/* nothing of the device's or the parent's came here */
		_exit(!all_are(mine, 65536, 1));
	}
	fill(mine, 8192, TEXT, 3);
	req = req_of(HISIACC_ZIP_ZLIB, mine, 8192, packed, 16384);
	req.src_mem = mem;
	req.dst_mem = mem;
	n = zip_pack_ok(&req);
	ck_assert_uint_eq(zlib_inflate(HISIACC_ZIP_ZLIB, packed, n, back, 8192,
				       NULL), 8192);
	ck_assert_mem_eq(mine, back, 8192);
	gate_open(&gate);
	ck_assert_int_eq(child_end(child), 0);
	hisiacc_mem_free(mem);
	free(mine);
}
END_TEST

/* ---- fork() among threads ---- */

static volatile bool stop_threads;

struct worker {
	struct hisiacc_queue *queue;
	pthread_t thread;
	unsigned int first;
	unsigned int done;
	unsigned int errors;
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct hisiacc_completion done;
	struct hisiacc_zip_req req;

	while (!stop_threads) {
		req = small_req(worker->first);
		if (hisiacc_zip_prep(worker->queue, &req, 1) ||
		    hisiacc_queue_submit(worker->queue) != 1 ||
		    hisiacc_queue_wait(worker->queue, &done, 1,
				       hisiacc_deadline(PATIENCE)) != 1 ||
		    done.status)
			worker->errors++;
		worker->done++;
	}
	return NULL;
}

/* In the child: a device of its own would need the parent's to be given up. */
static int open_and_close(void *arg)
{
	struct hisiacc_ctx *ctx;

	(void)arg;
	child_check(!hisiacc_open("zip0", &ctx));
	hisiacc_close(ctx);
	return 0;
}

START_TEST(fork_among_threads_that_submit_does_not_hang)
{
	struct worker workers[3] = { { 0 } };
	unsigned int i;

	small_init(3);
	for (i = 0; i < 3; i++) {
		workers[i].queue = queue_new(HISIACC_ZIP_COMPRESS, 8);
		workers[i].first = i;
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]), 0);
	}
	for (i = 0; i < 40; i++)
		ck_assert_int_eq(child_run(open_and_close, NULL), 0);
	stop_threads = true;
	for (i = 0; i < 3; i++) {
		pthread_join(workers[i].thread, NULL);
		ck_assert_uint_eq(workers[i].errors, 0);
		ck_assert_uint_gt(workers[i].done, 0);
		hisiacc_queue_free(workers[i].queue);
	}
}
END_TEST

/* ---- kill -9 ---- */

static int work_until_killed(void *arg)
{
	struct gate *gate = arg;
	struct hisiacc_queue_attr attr = { .size = sizeof(attr),
					   .depth = DEPTH };
	struct hisiacc_completion done[DEPTH];

	child_check(!hisiacc_open_engine(HISIACC_ENGINE_ZIP, &stack.ctx));
	child_check(!hisiacc_queue_alloc(stack.ctx, &attr, &stack.comp));
	child_check(!hisiacc_mem_alloc(stack.ctx, 1u << 20, 0, &stack.mem));
	stack.buf = hisiacc_mem_addr(stack.mem);
	stack.size = hisiacc_mem_size(stack.mem);
	small_init(DEPTH);
	gate_open(gate);
	for (;;) {
		small_prep(stack.comp, 0, hisiacc_queue_room(stack.comp));
		hisiacc_queue_submit(stack.comp);
		hisiacc_queue_peek(stack.comp, done, DEPTH);
	}
}

START_TEST(killed_process_leaves_nothing_behind)
{
	struct device_usage before;
	struct gate gate;
	uint32_t seed = 7;
	int round;
	pid_t child;

	stack_close();
	before = device_usage();
	for (round = 0; round < 15; round++) {
		monitor_set_delay(next_random(&seed) % 3000);
		gate_init(&gate);
		child = child_start(work_until_killed, &gate);
		ck_assert(gate_wait(&gate));
		sleep_ms((int)(next_random(&seed) % 30));
		kill(child, SIGKILL);
		ck_assert_int_eq(child_end(child), -SIGKILL);
		ck_assert(device_usage_becomes(&before, 5000));
		close(gate.fd[0]);
		close(gate.fd[1]);
	}
	stack_open_default();
	check_usable();
}
END_TEST

START_TEST(closing_everything_leaves_nothing_behind)
{
	struct device_usage before;
	int i;

	stack_close();
	before = device_usage();
	for (i = 0; i < 10; i++) {
		stack_open_default();
		check_usable();
		stack_close();
		expect_usage(&before);
	}
	stack_open_default();
}
END_TEST

static void add(void)
{
	test_set_timeout(120);
	test_add(calls_in_a_forked_child_give_eperm);
	test_add(a_context_without_objects_gives_eperm_in_a_child);
	test_add(fork_in_mid_flight_disturbs_nothing);
	test_add(registered_memory_stays_the_parents);
	test_add(fork_among_threads_that_submit_does_not_hang);
	test_add(killed_process_leaves_nothing_behind);
	test_add(closing_everything_leaves_nothing_behind);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_default, stack_close);
}
