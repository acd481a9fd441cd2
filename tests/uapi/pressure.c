// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces whose pages the kernel takes, moves, merges: the device waits
 * for a page fault when it comes upon such a page, and pinned ones are none.
 * PRESSURE=all in the environment brings every kind of pressure to bear,
 * PRESSURE_MS says how long each lasts, PRESSURE_REQUESTS how many requests are
 * made under all of them in turn.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "test.h"
#include "vm.h"

/* Part of a huge page, so that there is one to be made of it. */
#define PAGES	16
#define SIZE	(PAGES * PAGE)

/*
 * How the memory was made ready for the device. Of pinned memory the kernel
 * finds out only on its way that it has to stay: to migrate or to merge a page
 * it takes the entry out of the page table, looks, and puts it back. What the
 * device asks for in between is there when it is answered. In a private
 * address space the device has a page table of its own, which nobody takes
 * anything out of.
 */
enum kind { PREFAULTED, LOCKED, PINNED, PRIVATE };

static const char *const kinds[] = {
	"prefaulted", "locked", "pinned", "private",
};

/* What is done to it, and on what kinds of memory the device feels that. */
struct pressure {
	const char *name;
	const char *(*prepare)(uint8_t *data);	/* why not, or NULL */
	void (*apply)(uint8_t *data, int round);
	bool beside;		/* while the device is at work, not before */
	unsigned int felt, may_be_felt;
};

#define ALL_BUT_PINNED	(1 << PREFAULTED | 1 << LOCKED)

static const char *need_swap(uint8_t *data)
{
	(void)data;
	return vm_swap_on() ? NULL : "there is no swap";
}

static void page_out(uint8_t *data, int round)
{
	(void)round;
	madvise(data, HUGE, MADV_PAGEOUT);
}

static const char *need_cgroup(uint8_t *data)
{
	if (!vm_enter_cgroup())
		return "there are no cgroups";
	return need_swap(data);
}

static void reclaim(uint8_t *data, int round)
{
	(void)data;
	(void)round;
	vm_reclaim();
}

static const char *need_nodes(uint8_t *data)
{
	(void)data;
	return vm_nodes() > 1 ? NULL : "there is one node";
}

static void migrate(uint8_t *data, int round)
{
	vm_move(data, PAGES, round & 1);
}

static const char *need_merging(uint8_t *data)
{
	return madvise(data, HUGE, MADV_MERGEABLE) ? "pages are not merged" : NULL;
}

static void merge(uint8_t *data, int round)
{
	int i;

	for (i = 0; i < PAGES; i++)
		memset(data + i * PAGE, round + 1, PAGE);
	require(vm_merge());
}

static int do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

static void fork_once(uint8_t *data, int round)
{
	(void)data;
	(void)round;
	require(!child_run(do_nothing, NULL));
}

static void collapse(uint8_t *data, int round)
{
	(void)round;
	if (vm_collapse(data))
		vm_split(data);
}

static void compact(uint8_t *data, int round)
{
	(void)data;
	(void)round;
	write_string("/proc/sys/vm/compact_memory", "1");
}

static const struct pressure pressures[] = {
	{ "reclaim", need_cgroup, reclaim, false, 1 << PREFAULTED, 0 },
	{ "migration", need_nodes, migrate, true, ALL_BUT_PINNED, 1 << PINNED },
	{ "fork", NULL, fork_once, false, ALL_BUT_PINNED, 0 },
	{ "pageout", need_swap, page_out, false, 1 << PREFAULTED, 0 },
	{ "merging", need_merging, merge, false, ALL_BUT_PINNED, 1 << PINNED },
	{ "collapse", NULL, collapse, true, ALL_BUT_PINNED, 0 },
	{ "compaction", NULL, compact, true, 0, ALL_BUT_PINNED },
};

#define SOME_PRESSURES	3

/* A range of one kind under one pressure. */
struct scene {
	const struct pressure *pressure;
	enum kind kind;
	struct device_access access;
	uint8_t *data;
	volatile bool stop;
	volatile int applied;
	int rounds;
};

static void *apply_on(void *arg)
{
	struct scene *s = arg;

	for (; !s->stop; s->applied++)
		s->pressure->apply(s->data, s->applied);
	return NULL;
}

static void make_ready(struct scene *s, enum kind kind)
{
	require_ok(madvise(s->data, HUGE, MADV_NOHUGEPAGE));
	memset(s->data, 1, HUGE);
	if (kind == LOCKED)
		require_ok(mlock(s->data, HUGE));
	if (kind >= PINNED)
		pin(s->access.fd, s->data, HUGE);
	/* khugepaged may, from here on */
	madvise(s->data, HUGE, MADV_HUGEPAGE);
}

static void run_round(struct scene *s)
{
	uint64_t at = (uintptr_t)s->data;
	int i;

	ck_assert(device_writes(&s->access, at, SIZE, s->rounds));
	ck_assert(is_text(s->data, SIZE, s->rounds));
	ck_assert(device_sees(&s->access, at, s->data, SIZE));
	/* the device is faster than who checks what it does */
	for (i = 0; s->pressure->beside && i < 50; i++)
		ck_assert(device_reads(&s->access, at, SIZE));
	s->rounds++;
}

static void run_rounds(struct scene *s)
{
	const char *ms = getenv("PRESSURE_MS");
	int64_t end = now_ms() + (ms ? atoi(ms) : 300);
	pthread_t thread;

	if (s->pressure->beside)
		require(!pthread_create(&thread, NULL, apply_on, s));
	do {
		if (!s->pressure->beside)
			s->pressure->apply(s->data, s->rounds);
		run_round(s);
	} while (now_ms() < end || s->rounds < 3 ||
		 (s->pressure->beside && s->applied < 20));
	s->stop = true;
	if (s->pressure->beside)
		pthread_join(thread, NULL);
}

static void note_frames(struct scene *s, uint64_t *frames)
{
	int i;

	for (i = 0; i < PAGES; i++)
		frames[i] = vm_frame(s->data + i * PAGE);
}

/* Whether the pages are where they were, and it took that many requests. */
static void expect_felt(const struct pressure *pressure, enum kind kind,
			bool stays, uint64_t requests)
{
	if (kind >= PINNED)
		ck_assert(stays);
	else if (pressure->apply == migrate)
		ck_assert(!stays);
	if (pressure->felt & 1 << kind)
		ck_assert_uint_gt(requests, 0);
	else if (!(pressure->may_be_felt & 1 << kind))
		ck_assert_uint_eq(requests, 0);
}

static void expect_under(const struct pressure *pressure, enum kind kind)
{
	struct scene s = { .pressure = pressure };
	uint64_t before, frames[2][PAGES];
	const char *why;

	if (kind == PRIVATE)
		acc_set_modes(HISI_ACC_MODE_PASID);
	access_init(&s.access, SIZE);
	s.data = map_huge(1);
	why = pressure->prepare ? pressure->prepare(s.data) : NULL;
	if (why)
		skip("%s", why);
	make_ready(&s, kind);
	note_frames(&s, frames[0]);
	before = monitor_count(MONITOR_PAGE_REQUESTS);
	run_rounds(&s);
	before = monitor_count(MONITOR_PAGE_REQUESTS) - before;
	note_frames(&s, frames[1]);
	printf("%s memory under %s: %d rounds, %lu page requests\n", kinds[kind],
	       pressure->name, s.rounds, (unsigned long)before);
	expect_felt(pressure, kind, !memcmp(frames[0], frames[1],
					    sizeof(frames[0])), before);
	/* what is pinned is charged, and not a page more */
	if (kind != LOCKED)
		ck_assert_int_eq(locked_kb() * 1024,
				 device_attribute("pinned_pages") * PAGE);
}

START_TEST(pinned_memory_stays)
{
	expect_under(&pressures[_i], PINNED);
}
END_TEST

START_TEST(private_memory_stays)
{
	expect_under(&pressures[_i], PRIVATE);
}
END_TEST

START_TEST(prefaulted_memory_goes)
{
	expect_under(&pressures[_i], PREFAULTED);
}
END_TEST

START_TEST(locked_memory_moves)
{
	expect_under(&pressures[_i], LOCKED);
}
END_TEST

/* One pressure after the other, of those that this memory must not feel. */
static void *apply_all_on(void *arg)
{
	const int count = ARRAY_SIZE(pressures);
	struct scene *s = arg;

	for (; !s->stop; s->applied++) {
		const struct pressure *p = &pressures[s->applied % count];

		/* merging writes to the memory */
		if (p->apply != merge &&
		    (s->kind == PREFAULTED || !(p->may_be_felt & 1 << s->kind)))
			p->apply(s->data, s->applied / count);
	}
	return NULL;
}

/* Requests at a time. */
#define BATCH 12

static void read_pages(struct scene *s, long first)
{
	struct device_access *a = &s->access;
	uint32_t sqe[SQE_WORDS];
	int i;

	for (i = 0; i < BATCH; i++) {
		zip_encode(sqe, (uintptr_t)s->data + (first + i) %
			   (HUGE / PAGE) * PAGE, PAGE, a->spare.iova,
			   a->spare.size);
		raw_queue_push(&a->compress, sqe);
	}
	raw_queue_ring(&a->compress);
	for (i = 0; i < BATCH; i++) {
		require(raw_queue_pop(&a->compress, sqe, 10000));
		require(zip_succeeded(sqe));
	}
	raw_queue_ring_cq(&a->compress, false);
}

static uint64_t run_long(struct scene *s, long requests)
{
	uint64_t before = monitor_count(MONITOR_PAGE_REQUESTS);
	pthread_t thread;
	long i;

	require(!pthread_create(&thread, NULL, apply_all_on, s));
	for (i = 0; i < requests || s->applied < 2 * (int)ARRAY_SIZE(pressures);
	     i += BATCH)
		read_pages(s, i);
	s->stop = true;
	pthread_join(thread, NULL);
	before = monitor_count(MONITOR_PAGE_REQUESTS) - before;
	printf("%s memory under all in turn, %d times one: %ld requests, %lu page requests\n",
	       kinds[s->kind], s->applied, i, (unsigned long)before);
	return before;
}

START_TEST(many_requests_under_all_of_it)
{
	static const enum kind turns[] = { PINNED, PRIVATE, PREFAULTED };
	/* what is never to be seen is looked for longest */
	static const int parts[] = { 1, 10, 100 };
	const char *value = getenv("PRESSURE_REQUESTS");
	struct scene s = { .kind = turns[_i] };
	uint64_t asked;

	if (s.kind == PRIVATE)
		acc_set_modes(HISI_ACC_MODE_PASID);
	access_init(&s.access, SIZE);
	s.data = map_huge(1);
	if (need_cgroup(s.data) || need_nodes(s.data))
		skip("not all kinds of pressure are there");
	make_ready(&s, s.kind);
	asked = run_long(&s, (value ? atol(value) : 10000) / parts[_i]);
	if (s.kind == PREFAULTED)
		ck_assert_uint_gt(asked, 0);
	else
		ck_assert_uint_eq(asked, 0);
}
END_TEST

static void add(void)
{
	bool all = getenv("PRESSURE") && !strcmp(getenv("PRESSURE"), "all");
	int count = all ? ARRAY_SIZE(pressures) : SOME_PRESSURES;

	test_set_timeout(300);
	test_add_loop(pinned_memory_stays, 0, count);
	test_add_loop(prefaulted_memory_goes, 0, count);
	if (!all)
		return;
	test_add_loop(locked_memory_moves, 0, count);
	test_add_loop(private_memory_stays, 0, count);
	test_set_timeout(1200);
	test_add_loop(many_requests_under_all_of_it, 0, 3);
}

int main(int argc, char **argv)
{
	setenv("MODE", "sva", 1);
	return fixture_main(argc, argv, add);
}
