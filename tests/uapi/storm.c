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

#define PAGES	24
#define SIZE	(PAGES * PAGE)
#define CANARY	0xc7

/* Memory with the device at work in it, and the thread that changes it. */
struct scene {
	struct raw_queue queue;
	uint8_t *src, *dst, *plain;
	size_t room;
	uint32_t random;
	int change;
	pthread_t changer;
};

static void write_in_child(struct scene *s)
{
	pid_t child = fork();

	if (!child) {
		memset(s->src, 1, SIZE);
		memset(s->dst, 2, s->room);
		_exit(0);
	}
	require(child > 0);
	require(waitpid(child, NULL, 0) == child);
}

static void protect_and_release(struct scene *s)
{
	require_ok(mprotect(s->src, SIZE, PROT_READ));
	usleep(200);
	require_ok(mprotect(s->src, SIZE, PROT_READ | PROT_WRITE));
}

static void move_away_and_back(struct scene *s)
{
	uint8_t *place = map_anonymous(SIZE);

	require(mremap(s->src, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       place) == place);
	usleep(100);
	require(mremap(place, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       s->src) == s->src);
}

/* The old pages go to somebody else at once. */
static void replace_destination(struct scene *s)
{
	uint8_t *other;

	require(mmap(s->dst, s->room, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		     MAP_ANONYMOUS | MAP_FIXED, -1, 0) == s->dst);
	other = map_anonymous(s->room);
	memset(other, CANARY, s->room);
	usleep(2000);
	require(is_filled(other, s->room, CANARY));
	munmap(other, s->room);
}

enum change {
	NOTHING, PROTECT, FORK, PAGE_OUT, COLLAPSE, COMPACT,
	/* from here on a request may fail */
	HARSH, MOVE = HARSH, THROW_AWAY, REPLACE,
	CHANGES
};

static void *change(void *arg)
{
	struct scene *s = arg;

	usleep(s->random % 1500);
	switch (s->change) {
	case PROTECT:
		protect_and_release(s);
		break;
	case FORK:
		write_in_child(s);
		break;
	case PAGE_OUT:
		madvise(s->src, SIZE, MADV_PAGEOUT);
		madvise(s->dst, s->room, MADV_COLD);
		break;
	case COLLAPSE:
		madvise(s->src, HUGE, MADV_HUGEPAGE);
		madvise(s->src, HUGE, 25 /* MADV_COLLAPSE */);
		break;
	case COMPACT:
		write_string("/proc/sys/vm/compact_memory", "1");
		break;
	case MOVE:
		move_away_and_back(s);
		break;
	case THROW_AWAY:
		require_ok(madvise(s->src, SIZE, MADV_DONTNEED));
		break;
	case REPLACE:
		replace_destination(s);
		break;
	}
	return NULL;
}

/* Each page of the source was read whole, before or after it was thrown away. */
static bool pages_are_old_or_new(const uint8_t *text, const uint8_t *plain)
{
	size_t i;

	for (i = 0; i < SIZE; i++)
		if (text[i] != plain[i] && text[i])
			return false;
	return true;
}

static bool inflate_to(uint8_t *out, const uint8_t *data, size_t size)
{
	return zlib_restore(out, SIZE, data, size) == SIZE;
}

static void check_result(struct scene *s, const uint32_t *sqe, uint8_t *out)
{
	bool ok = zip_succeeded(sqe);

	if (s->change < HARSH) {
		require(ok);
		require(zlib_is(s->dst, zip_produced(sqe), s->plain, SIZE));
		return;
	}
	/* pages that were replaced under way have lost a part of it */
	if (!ok || s->change == REPLACE)
		return;
	require(inflate_to(out, s->dst, zip_produced(sqe)));
	if (s->change == MOVE)
		require(!memcmp(out, s->plain, SIZE));
	else
		require(pages_are_old_or_new(out, s->plain));
}

START_TEST(no_byte_is_wrong)
{
	const char *seconds = getenv("STORM_SECONDS");
	int64_t end = now_ms() + 1000 * (seconds ? atoi(seconds) : 5);
	struct scene s = { .random = 1, .room = (zlib_room(SIZE) + PAGE) / PAGE * PAGE };
	uint8_t *out = malloc(SIZE);
	uint32_t counts[CHANGES] = {}, failed = 0, sqe[SQE_WORDS];
	uint32_t delay = monitor_delay();
	int i;

	write_string("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs",
		     "10");
	raw_queue_init(&s.queue, device_open(), QUEUE_COMPRESS, 16, 0);
	s.plain = malloc(SIZE);
	s.src = map_huge(1);
	s.dst = map_anonymous(s.room);
	while (now_ms() < end) {
		s.change = next_random(&s.random) / 11 % CHANGES;
		fill_text(s.plain, SIZE, s.random);
		memcpy(s.src, s.plain, SIZE);
		monitor_set_delay(next_random(&s.random) % 1000);
		zip_encode(sqe, (uintptr_t)s.src, SIZE, (uintptr_t)s.dst, s.room);
		require(!pthread_create(&s.changer, NULL, change, &s));
		raw_queue_push(&s.queue, sqe);
		raw_queue_ring(&s.queue);
		require(raw_queue_pop(&s.queue, sqe, 10000));
		raw_queue_ring_cq(&s.queue, false);
		require(!pthread_join(s.changer, NULL));
		check_result(&s, sqe, out);
		counts[s.change]++;
		failed += !zip_succeeded(sqe);
	}
	monitor_set_delay(delay);
	for (i = 0; i < CHANGES; i++)
		ck_assert_uint_gt(counts[i], 0);
	printf("storm: %u moves, %u discards, %u replacements, %u requests failed of them\n",
	       counts[MOVE], counts[THROW_AWAY], counts[REPLACE], failed);
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
