// SPDX-License-Identifier: GPL-2.0
/*
 * Processes killed at random points: nothing of theirs is left. KILLS in the
 * environment says how many of each kind, SEED where the random numbers start,
 * POLITE=1 that they take no memory from requests under way: then the IOMMU has
 * nothing to find fault with, whenever they die.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data.h"
#include "device.h"
#include "fixture.h"
#include "process.h"
#include "rawqueue.h"
#include "test.h"

#define QUEUES		3
#define MEMS		6
#define MEM_SIZE	(24 * PAGE)
#define SETTLE_MS	4000
#define USUAL_KILLS	100

static long from_environment(const char *name, long usual)
{
	const char *value = getenv(name);

	return value ? atol(value) : usual;
}

/* Shared with the killed processes: how often they submitted something. */
static volatile uint32_t *submissions;

/* What the killed process does, without Check and without an end. */
struct victim {
	uint32_t random;
	bool polite;
	int fd;
	struct hisi_acc_queue_alloc queue[QUEUES];
	uint8_t *sq[QUEUES];
	volatile uint8_t *db[QUEUES];
	uint32_t tail[QUEUES];
	uint8_t *data[MEMS];
	uint32_t handle[MEMS];
	uint64_t iova[MEMS];
};

static void *map(int fd, uint64_t key, uint64_t size)
{
	void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  key);

	child_check(data != MAP_FAILED);
	return data;
}

static void take_queue(struct victim *v, int i)
{
	struct hisi_acc_queue_alloc *q = &v->queue[i];

	*q = acc_queue_args(next_random(&v->random) % 2, 64);
	child_check(!acc_queue_alloc(v->fd, q));
	v->sq[i] = map(v->fd, q->out_sq_key, q->out_sq_size);
	if (q->out_db_size)
		v->db[i] = map(v->fd, q->out_db_key, q->out_db_size);
	v->tail[i] = 0;
}

static void give_queue(struct victim *v, int i)
{
	struct hisi_acc_queue_alloc *q = &v->queue[i];

	munmap(v->sq[i], q->out_sq_size);
	if (q->out_db_size)
		munmap((void *)v->db[i], q->out_db_size);
	child_check(!acc_queue_free(v->fd, q->out_handle));
}

static void take_mem(struct victim *v, int i)
{
	/* where it can, the device makes the pages come by itself */
	child_check(!acc_mem_pin(v->fd, HISI_ACC_MEM_ON_DEMAND, v->data[i],
				 MEM_SIZE, &v->handle[i], &v->iova[i]));
}

static void give_mem(struct victim *v, int i)
{
	child_check(!acc_mem_unpin(v->fd, v->handle[i]));
}

/* Twenty requests, and nobody looks at the answers. */
static void submit(struct victim *v, int i)
{
	struct hisi_acc_queue_alloc *q = &v->queue[i];
	uint32_t sqe[SQE_WORDS], from, to, n;

	for (n = 0; n < 20; n++) {
		from = next_random(&v->random) % MEMS;
		to = next_random(&v->random) % MEMS;
		zip_encode(sqe, v->iova[from], 1000, v->iova[to], MEM_SIZE);
		memcpy(v->sq[i] + v->tail[i] * 128, sqe, 128);
		v->tail[i]++;
	}
	if (!q->out_db_size) {
		child_check(!acc_queue_doorbell(v->fd, q->out_handle, 0,
						v->tail[i]));
		return;
	}
	__sync_synchronize();
	*(volatile uint64_t *)(v->db[i] + q->out_db_offset) = q->out_queue |
		(uint64_t)q->out_db_rand << 16 | (uint64_t)v->tail[i] << 32;
}

static void start_anew(struct victim *v, int i)
{
	uint32_t handle = v->queue[i].out_handle;

	child_check(!acc_queue_stop(v->fd, handle));
	child_check(!acc_queue_start(v->fd, handle, &v->queue[i].out_db_rand));
	v->tail[i] = 0;
}

static void change_mem(struct victim *v, int i)
{
	int queue;

	for (queue = 0; v->polite && queue < QUEUES; queue++)
		start_anew(v, queue);
	give_mem(v, i);
	take_mem(v, i);
}

static void live(struct victim *v)
{
	int i;

	v->polite = from_environment("POLITE", 0);
	v->fd = open(device_node(), O_RDWR);
	child_check(v->fd >= 0);
	for (i = 0; i < QUEUES; i++)
		take_queue(v, i);
	for (i = 0; i < MEMS; i++) {
		v->data[i] = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		child_check(v->data[i] != MAP_FAILED);
		fill_text(v->data[i], MEM_SIZE, i);
		take_mem(v, i);
	}
	for (;;) {
		i = next_random(&v->random) % QUEUES;
		switch (next_random(&v->random) / 7 % 8) {
		case 0:
			give_queue(v, i);
			take_queue(v, i);
			break;
		case 1:
			change_mem(v, i);
			break;
		case 2:
			start_anew(v, i);
			break;
		case 3:
			madvise(v->data[i], MEM_SIZE, MADV_DONTNEED);
			break;
		default:
			/* no more than fit without taking completions */
			if (v->tail[i] > 40)
				start_anew(v, i);
			submit(v, i);
			(*submissions)++;
		}
	}
}

static void *live_in_thread(void *arg)
{
	struct victim v = { .random = *(uint32_t *)arg };

	live(&v);
	return NULL;
}

static int live_alone(void *arg)
{
	live_in_thread(arg);
	return 1;
}

static int live_in_threads(void *arg)
{
	uint32_t seeds[3], i;
	pthread_t thread;

	for (i = 0; i < 3; i++) {
		seeds[i] = *(uint32_t *)arg + i;
		if (i < 2)
			child_check(!pthread_create(&thread, NULL,
						    live_in_thread, &seeds[i]));
	}
	live_in_thread(&seeds[2]);
	return 1;
}

/* A grandchild with the file in its hands lives longer. */
static int live_with_child(void *arg)
{
	struct victim v = { .random = *(uint32_t *)arg };

	v.fd = open(device_node(), O_RDWR);
	child_check(v.fd >= 0);
	if (!fork()) {
		sleep_ms(100);
		_exit(0);
	}
	live(&v);
	return 1;
}

static int (*const lives[])(void *arg) = {
	live_alone, live_in_threads, live_with_child,
};

/* A random moment of its life: counted from its birth, or from its first work. */
static void wait_for_the_moment(bool at_work, uint32_t *random)
{
	if (at_work)
		ck_assert(wait_until(*submissions, 5000));
	usleep(next_random(random) % (at_work ? 10000 : 20000));
}

START_TEST(killed_process_leaves_nothing)
{
	long kills = from_environment("KILLS", USUAL_KILLS), i;
	uint32_t seed = from_environment("SEED", 1) + _i, random = seed;
	struct device_usage usage = device_usage();
	long resets = device_attribute("resets");
	int64_t start;
	pid_t child;

	submissions = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(submissions != MAP_FAILED);
	for (i = 0; i < kills; i++) {
		uint32_t own = next_random(&random);

		*submissions = 0;
		child = child_start(lives[_i], &own);
		wait_for_the_moment(i % 2, &random);
		kill(child, SIGKILL);
		start = now_ms();
		ck_assert_int_eq(child_end(child), -SIGKILL);
		ck_assert_msg(device_usage_becomes(&usage, SETTLE_MS),
			      "kill %ld, seed %u: something is left", i, seed);
		ck_assert_int_lt(now_ms() - start, SETTLE_MS);
	}
	/* none of that took a reset */
	ck_assert_int_eq(device_attribute("resets"), resets);
	expect_device_works();
}
END_TEST

static void add(void)
{
	test_set_timeout(60 + from_environment("KILLS", USUAL_KILLS));
	test_add_loop(killed_process_leaves_nothing, 0, ARRAY_SIZE(lives));
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
