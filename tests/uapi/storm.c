// SPDX-License-Identifier: GPL-2.0
/*
 * Shared virtual addressing while the address space changes under the device's
 * hands. STORM_SECONDS in the environment says for how long.
 */
#include <pthread.h>
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
#include "vm.h"

#define PAGES	16
#define SIZE	(PAGES * PAGE)
#define FLIGHT	8		/* requests at a time, from one source */
#define CANARY	0xc7
#define KHUGEPAGED "/sys/kernel/mm/transparent_hugepage/khugepaged/"

/* Memory with the device at work in it, and the thread that changes it. */
struct scene {
	struct raw_queue queue;
	uint8_t *src, *dst, *plain, *copy;
	size_t room, rooms;	/* of one request, of all */
	uint32_t random;
	int change;
	int round;
	volatile bool landed;
	pthread_t changer;
};

static void wait_a_little(struct scene *s)
{
	usleep(next_random(&s->random) % 2000);
}

static void *map_at(void *place, size_t size)
{
	void *data = mmap(place, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			  MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	require(data == place);
	return data;
}

static void make_read_only(struct scene *s)
{
	require_ok(mprotect(s->src, SIZE, PROT_READ));
	wait_a_little(s);
	require_ok(mprotect(s->src, SIZE, PROT_READ | PROT_WRITE));
}

static void write_in_child(struct scene *s)
{
	pid_t child = fork();

	if (!child) {
		memset(s->src, 1, SIZE);
		memset(s->dst, 2, s->rooms);
		_exit(0);
	}
	require(child > 0);
	require(waitpid(child, NULL, 0) == child);
}

static void move_away_and_back(struct scene *s)
{
	uint8_t *place = map_anonymous(SIZE);

	require(mremap(s->src, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       place) == place);
	wait_a_little(s);
	require(mremap(place, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       s->src) == s->src);
}

static void unmap_for_a_while(struct scene *s)
{
	require_ok(munmap(s->src, SIZE));
	wait_a_little(s);
	map_at(s->src, SIZE);
	madvise(s->src, HUGE, MADV_HUGEPAGE);
}

/* From the return of mprotect() on not a byte changes. */
static void freeze_destination(struct scene *s)
{
	require_ok(mprotect(s->dst, s->rooms, PROT_READ));
	memcpy(s->copy, s->dst, s->rooms);
	wait_a_little(s);
	require(!memcmp(s->copy, s->dst, s->rooms));
	require_ok(mprotect(s->dst, s->rooms, PROT_READ | PROT_WRITE));
}

/* The old pages go to somebody else at once. */
static void replace_destination(struct scene *s)
{
	uint8_t *other;

	map_at(s->dst, s->rooms);
	other = map_anonymous(s->rooms);
	memset(other, CANARY, s->rooms);
	wait_a_little(s);
	require(is_filled(other, s->rooms, CANARY));
	munmap(other, s->rooms);
}

enum change {
	NOTHING, READ_ONLY, FORK, PAGE_OUT, COLLAPSE, COMPACT, MIGRATE,
	/* from here on a request may fail */
	HARSH, MOVE = HARSH, THROW_AWAY, UNMAP, FREEZE, REPLACE,
	CHANGES
};

static const char *const names[CHANGES] = {
	"no change", "mprotect", "fork", "pageout", "collapse", "compaction",
	"migration", "mremap", "MADV_DONTNEED", "munmap",
	"mprotect of the destination", "mmap over the destination",
};

static void apply_change(struct scene *s)
{
	switch (s->change) {
	case READ_ONLY:
		make_read_only(s);
		break;
	case FORK:
		write_in_child(s);
		break;
	case PAGE_OUT:
		madvise(s->src, SIZE, MADV_PAGEOUT);
		madvise(s->dst, s->rooms, MADV_PAGEOUT);
		break;
	case COLLAPSE:
		vm_collapse(s->src);
		break;
	case COMPACT:
		write_string("/proc/sys/vm/compact_memory", "1");
		break;
	case MIGRATE:
		vm_move(s->src, PAGES, s->round & 1);
		vm_move(s->dst, s->rooms / PAGE, s->round & 1);
		break;
	case MOVE:
		move_away_and_back(s);
		break;
	case THROW_AWAY:
		require_ok(madvise(s->src, SIZE, MADV_DONTNEED));
		break;
	case UNMAP:
		unmap_for_a_while(s);
		break;
	case FREEZE:
		freeze_destination(s);
		break;
	case REPLACE:
		replace_destination(s);
		break;
	}
}

static void *change(void *arg)
{
	struct scene *s = arg;

	do {
		wait_a_little(s);
		apply_change(s);
	} while (!s->landed);
	return NULL;
}

/* Each byte of the source was read before or after it was thrown away. */
static bool bytes_are_old_or_new(const uint8_t *text, const uint8_t *plain)
{
	size_t i;

	for (i = 0; i < SIZE; i++)
		if (text[i] != plain[i] && text[i])
			return false;
	return true;
}

/* Whether it succeeded; if it did, then with the right bytes. */
static bool check_result(struct scene *s, const uint32_t *sqe)
{
	const uint8_t *dst = (uint8_t *)((uintptr_t)sqe[20] |
					 (uintptr_t)sqe[21] << 32);
	bool ok = zip_succeeded(sqe);

	require(ok || s->change >= HARSH);
	switch (s->change) {
	case REPLACE:
		/* pages that were replaced under way have lost a part of it */
		break;
	case THROW_AWAY:
	case UNMAP:
		require(!ok || zlib_restore(s->copy, SIZE, dst,
					    zip_produced(sqe)) == SIZE);
		require(!ok || bytes_are_old_or_new(s->copy, s->plain));
		break;
	default:
		require(!ok || zlib_is(dst, zip_produced(sqe), s->plain, SIZE));
	}
	return ok;
}

/* One kind of change amid requests; how many of them failed. */
static int run_round(struct scene *s)
{
	uint32_t sqe[FLIGHT][SQE_WORDS];
	int i, failed = 0;

	s->landed = false;
	fill_text(s->plain, SIZE, s->random);
	memcpy(s->src, s->plain, SIZE);
	monitor_set_delay(next_random(&s->random) % 1000);
	require(!pthread_create(&s->changer, NULL, change, s));
	for (i = 0; i < FLIGHT; i++) {
		zip_encode(sqe[i], (uintptr_t)s->src, SIZE,
			   (uintptr_t)s->dst + i * s->room, s->room);
		raw_queue_push(&s->queue, sqe[i]);
	}
	/* the changes have begun, or are about to */
	usleep(s->random % 3000);
	raw_queue_ring(&s->queue);
	for (i = 0; i < FLIGHT; i++)
		require(raw_queue_pop(&s->queue, sqe[i], 10000));
	raw_queue_ring_cq(&s->queue, false);
	s->landed = true;
	require(!pthread_join(s->changer, NULL));
	for (i = 0; i < FLIGHT; i++)
		failed += !check_result(s, sqe[i]);
	return failed;
}

static void scene_init(struct scene *s)
{
	*s = (struct scene) { .random = 1 };
	s->room = (zlib_room(SIZE) + PAGE) / PAGE * PAGE;
	s->rooms = FLIGHT * s->room;
	raw_queue_init(&s->queue, device_open(), QUEUE_COMPRESS, 16, 0);
	s->plain = malloc(SIZE);
	s->copy = malloc(s->rooms);
	s->src = map_huge(1);
	s->dst = map_anonymous(s->rooms);
	madvise(s->src, HUGE, MADV_HUGEPAGE);
	/* the kernel's own thread has nothing to do but this */
	write_string(KHUGEPAGED "scan_sleep_millisecs", "10");
	write_string(KHUGEPAGED "alloc_sleep_millisecs", "10");
	if (!vm_swap_on())
		printf("storm: there is no swap\n");
}

START_TEST(no_byte_is_wrong)
{
	const char *seconds = getenv("STORM_SECONDS");
	int64_t end = now_ms() + 1000 * (seconds ? atoi(seconds) : 3);
	uint64_t requests = monitor_count(MONITOR_PAGE_REQUESTS);
	int failed[CHANGES] = {}, i;
	struct scene s;

	scene_init(&s);
	/* each change at least once, and each as often */
	for (; now_ms() < end || s.round % CHANGES; s.round++) {
		s.change = s.round % CHANGES;
		failed[s.change] += run_round(&s);
	}
	requests = monitor_count(MONITOR_PAGE_REQUESTS) - requests;
	printf("storm: %d times each change to %d requests, %lu page requests\n",
	       s.round / CHANGES, FLIGHT, (unsigned long)requests);
	for (i = HARSH; i < CHANGES; i++)
		printf("storm: %d requests failed in %s\n", failed[i], names[i]);
	ck_assert_uint_gt(requests, 0);
	/* a storm that is long enough does meet the device */
	ck_assert(s.round < 20 * CHANGES || failed[UNMAP]);
}
END_TEST

static void add(void)
{
	test_set_timeout(1000);
	test_add(no_byte_is_wrong);
}

int main(int argc, char **argv)
{
	setenv("MODE", "sva", 1);
	return fixture_main(argc, argv, add);
}
