// SPDX-License-Identifier: GPL-2.0
/*
 * How long a request takes in a shared address space, by what was done to its
 * memory before: nothing, touched, locked, in huge pages, pinned; at rest and
 * while pages are migrated to and fro. REQUESTS in the environment says how
 * many of each. The times are an emulator's; what is asserted is how often the
 * device had to ask for a page.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "test.h"
#include "vm.h"

/* A request reads one page and writes less than two. */
#define BLOCK	(4 * PAGE)
#define BLOCKS	(HUGE / BLOCK)

enum kind { NOTHING, TOUCHED, LOCKED, IN_HUGE_PAGES, PINNED, KINDS };

static const char *const names[KINDS] = {
	"nothing", "touched", "locked", "huge page", "pinned",
};

struct bench {
	struct raw_queue q;
	uint8_t *data;
	int fd;
	volatile bool stop;
	volatile int moves;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void make_ready(struct bench *b, enum kind kind)
{
	b->data = map_huge(1);
	require_ok(madvise(b->data, HUGE, kind == IN_HUGE_PAGES ?
			   MADV_HUGEPAGE : MADV_NOHUGEPAGE));
	if (kind == NOTHING)
		return;
	memset(b->data, 1, HUGE);
	if (kind == LOCKED)
		require_ok(mlock(b->data, HUGE));
	if (kind == PINNED)
		pin(b->fd, b->data, HUGE);
}

/* Source and destination of request number @i. */
static uint8_t *block(struct bench *b, enum kind kind, int i)
{
	uint8_t *at = b->data + i % BLOCKS * BLOCK;

	if (kind == NOTHING)
		require_ok(madvise(at, BLOCK, MADV_DONTNEED));
	return at;
}

static int64_t time_request(struct bench *b, uint8_t *at)
{
	uint32_t sqe[SQE_WORDS];
	int64_t start;

	zip_encode(sqe, (uintptr_t)at, PAGE, (uintptr_t)at + PAGE, 3 * PAGE);
	raw_queue_push(&b->q, sqe);
	start = now_ns();
	raw_queue_ring(&b->q);
	/* spins: raw_queue_pop() may sleep */
	while (!raw_queue_ready(&b->q))
		require(now_ns() - start < 5000000000ll);
	start = now_ns() - start;
	require(raw_queue_pop(&b->q, sqe, 0));
	raw_queue_ring_cq(&b->q, false);
	require(zip_succeeded(sqe));
	return start;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void *move_pages_on(void *arg)
{
	struct bench *b = arg;

	/* a part each time, as the kernel does when it balances nodes */
	for (; !b->stop; b->moves++)
		vm_move(b->data + b->moves % 8 * HUGE / 8, HUGE / 8 / PAGE,
			b->moves / 8 & 1);
	return NULL;
}

static void print_row(enum kind kind, int64_t *times, int count, uint64_t asked)
{
	qsort(times, count, sizeof(*times), compare);
	printf("%-10s %9.1f %9.1f %9.1f %14llu\n", names[kind],
	       times[count / 2] / 1e3, times[count * 99 / 100] / 1e3,
	       times[count * 999ll / 1000] / 1e3, (unsigned long long)asked);
}

/* One row of the table; page requests that it took. */
static uint64_t measure(struct bench *b, enum kind kind, bool moving)
{
	const char *requests = getenv("REQUESTS");
	int count = requests ? atoi(requests) : 1000, i;
	int64_t *times = calloc(count, sizeof(*times));
	uint64_t before;
	pthread_t mover;

	make_ready(b, kind);
	b->stop = false;
	b->moves = 0;
	before = monitor_count(MONITOR_PAGE_REQUESTS);
	if (moving)
		require(!pthread_create(&mover, NULL, move_pages_on, b));
	for (i = 0; i < count; i++)
		times[i] = time_request(b, block(b, kind, i));
	if (moving) {
		b->stop = true;
		pthread_join(mover, NULL);
		require(b->moves > 0);
	}
	before = monitor_count(MONITOR_PAGE_REQUESTS) - before;
	print_row(kind, times, count, before);
	free(times);
	return before;
}

START_TEST(time_by_what_was_done_to_the_memory)
{
	uint64_t asked[KINDS];
	bool moving = _i;
	int kind;

	if (moving && vm_nodes() < 2)
		skip("there is one node");
	monitor_set_delay(0);
	printf("Time of a request, emulated, in us, %s\n%-10s %9s %9s %9s %14s\n",
	       moving ? "while pages move" : "at rest", "memory", "p50", "p99",
	       "p99.9", "page requests");
	for (kind = 0; kind < KINDS; kind++) {
		struct bench b = { .fd = device_open() };

		raw_queue_init(&b.q, b.fd, QUEUE_COMPRESS, 16, 0);
		asked[kind] = measure(&b, kind, moving);
		raw_queue_fini(&b.q);
		close(b.fd);
		munmap(b.data, HUGE);
	}
	ck_assert_uint_gt(asked[NOTHING], 0);
	if (moving)
		return;
	for (kind = TOUCHED; kind < KINDS; kind++)
		ck_assert_uint_eq(asked[kind], 0);
}
END_TEST

static void add(void)
{
	test_set_timeout(300);
	test_add_loop(time_by_what_was_done_to_the_memory, 0, 2);
}

int main(int argc, char **argv)
{
	setenv("MODE", "sva", 1);
	return fixture_main(argc, argv, add);
}
