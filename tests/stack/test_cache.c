// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that changes under the registration cache: what the device reads and
 * writes must be what the process has at that moment, byte by byte. A
 * registration that should have gone shows as old data.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "process.h"
#include "small.h"

/* Buffers of all threads lie side by side, so that they get into one entry. */
enum { THREADS = 2, SLOTS = 64, FLIGHT = 4 };
#define SLOT	((size_t)32768)

struct worker {
	pthread_t thread;
	unsigned int number;
	uint32_t random;
	uint8_t *arena;
	uint8_t *aside;			/* of SLOT bytes, to move memory to */
	struct hisiacc_queue *queue;
	int64_t end_ms;
	unsigned long requests;
	unsigned long forks;
};

static struct hisiacc_cache_info cache_info(void)
{
	struct hisiacc_cache_info info = { .size = sizeof(info) };

	require(!hisiacc_ctx_cache_info(stack.ctx, &info));
	return info;
}

static void *map_at(void *addr, size_t size, int prot)
{
	return require_ok(mmap(addr, size, prot, MAP_PRIVATE | MAP_ANONYMOUS |
			       (addr ? MAP_FIXED : 0), -1, 0));
}

/* ---- What is done to a buffer ---- */

/* Memory by a file, whose pages come from elsewhere. */
static void map_file(uint8_t *slot)
{
	int fd = require_ok(memfd_create("storm", MFD_CLOEXEC));

	require_ok(ftruncate(fd, (off_t)SLOT));
	require_ok(mmap(slot, SLOT, PROT_READ | PROT_WRITE, MAP_SHARED |
			MAP_FIXED, fd, 0));
	close(fd);
}

/* Not in between unmapped: another thread's allocation might come there. */
static void change(struct worker *w, uint8_t *slot)
{
	switch (next_random(&w->random) % 8) {
	case 0:
		map_at(slot, SLOT, PROT_READ | PROT_WRITE);
		break;
	case 1:
		map_at(slot, SLOT, PROT_NONE);
		map_at(slot, SLOT, PROT_READ | PROT_WRITE);
		break;
	case 2:
		madvise(slot, SLOT, MADV_DONTNEED);
		break;
	case 3:
		if (mremap(slot, SLOT, SLOT, MREMAP_MAYMOVE | MREMAP_FIXED |
			   MREMAP_DONTUNMAP, w->aside) == MAP_FAILED)
			map_at(slot, SLOT, PROT_READ | PROT_WRITE);
		break;
	case 4:
		map_file(slot);
		break;
	case 5:
		/* half of it, where a change of the other half is not seen */
		map_at(slot + SLOT / 2, SLOT / 2, PROT_READ | PROT_WRITE);
		break;
	case 6:
		mprotect(slot, SLOT, PROT_READ);
		mprotect(slot, SLOT, PROT_READ | PROT_WRITE);
		break;
	}
}

/* Its memory is the parent's until the parent writes. */
static pid_t fork_a_sleeper(struct worker *w)
{
	pid_t child;

	if (next_random(&w->random) % 8)
		return 0;
	child = fork();
	if (!child)
		for (;;)
			pause();
	require(child > 0);
	w->forks++;
	return child;
}

/* ---- Requests ---- */

struct job {
	uint8_t *src, *dst;
	size_t size;
};

static uint8_t *slot_of(struct worker *w, unsigned int i)
{
	return w->arena + (i * THREADS + w->number) * SLOT;
}

/* Buffers that no other request of the batch has; most of them have changed. */
static void choose(struct worker *w, struct job *jobs)
{
	unsigned int first = next_random(&w->random) % SLOTS, i;
	pid_t child;

	for (i = 0; i < FLIGHT; i++) {
		jobs[i].src = slot_of(w, (first + 2 * i) % SLOTS);
		jobs[i].dst = slot_of(w, (first + 2 * i + 1) % SLOTS);
		jobs[i].size = 1 + next_random(&w->random) % (SLOT / 2);
		change(w, jobs[i].src);
		change(w, jobs[i].dst);
	}
	child = fork_a_sleeper(w);
	for (i = 0; i < FLIGHT; i++) {
		fill_text(jobs[i].src, jobs[i].size, next_random(&w->random));
		memset(jobs[i].dst, 0x5a, SLOT);
	}
	if (child) {
		kill(child, SIGKILL);
		require(waitpid(child, NULL, 0) == child);
	}
}

static void check(const struct job *job, const struct hisiacc_completion *done)
{
	uint8_t back[SLOT];
	size_t n = 0;

	require(done->status == HISIACC_STATUS_OK);
	require(done->consumed == job->size);
	require(zlib_accepts(HISIACC_ZIP_GZIP, job->dst, done->produced, back,
			     sizeof(back), &n));
	require(n == job->size && !memcmp(back, job->src, n));
	require(is_filled(job->dst + done->produced, SLOT - done->produced,
			  0x5a) || done->produced > SLOT);
}

static void run_jobs(struct worker *w, const struct job *jobs)
{
	struct hisiacc_completion done[FLIGHT];
	unsigned int i, have = 0;
	int n;

	for (i = 0; i < FLIGHT; i++) {
		struct hisiacc_zip_req req = {
			.size = sizeof(req),
			.format = HISIACC_ZIP_GZIP,
			.src = jobs[i].src,
			.src_len = jobs[i].size,
			.dst = jobs[i].dst,
			.dst_len = SLOT,
		};

		require(!hisiacc_zip_prep(w->queue, &req, i));
	}
	require(hisiacc_queue_submit(w->queue) == FLIGHT);
	while (have < FLIGHT) {
		n = hisiacc_queue_wait(w->queue, done + have, FLIGHT - have,
				       hisiacc_deadline(PATIENCE));
		require(n > 0);
		have += (unsigned int)n;
	}
	for (i = 0; i < FLIGHT; i++)
		check(&jobs[done[i].user_data], &done[i]);
	w->requests += FLIGHT;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct job jobs[FLIGHT];

	while (now_ms() < w->end_ms) {
		choose(w, jobs);
		run_jobs(w, jobs);
		/* the same once more: now they are known */
		run_jobs(w, jobs);
	}
	return NULL;
}

static int64_t storm_ms(void)
{
	return stack_long() ? 40000 : 2000;
}

START_TEST(data_is_right_whatever_is_done_to_memory)
{
	struct worker workers[THREADS];
	struct hisiacc_cache_info info;
	uint8_t *arena = map_at(NULL, THREADS * SLOTS * SLOT,
				PROT_READ | PROT_WRITE);
	unsigned long requests = 0, forks = 0;
	unsigned int i;

	if (_i && stack_mode() != HISIACC_MODE_SVA) {
		struct hisiacc_cache_attr small = {
			.size = sizeof(small), .entries = 24,
			.bytes = 24 * SLOT,
		};

		ck_assert_int_eq(hisiacc_ctx_set_cache(stack.ctx, &small), 0);
	}
	for (i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){
			.number = i, .random = 77 + i + 10 * (uint32_t)_i,
			.arena = arena, .aside = map_at(NULL, SLOT, PROT_NONE),
			.queue = queue_new(HISIACC_ZIP_COMPRESS, 16),
			.end_ms = now_ms() + storm_ms(),
		};
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		hisiacc_queue_free(workers[i].queue);
		requests += workers[i].requests;
		forks += workers[i].forks;
	}
	info = cache_info();
	printf("storm, %s, %s: %lu requests, %lu forks, %lu registrations, %lu "
	       "stale, %lu evicted\n", hisiacc_mode_text(stack_mode()),
	       _i ? "small cache" : "usual cache", requests, forks,
	       (unsigned long)info.registrations, (unsigned long)info.stale,
	       (unsigned long)info.evictions);
	ck_assert_uint_gt(requests, 15);
	if (stack_mode() != HISIACC_MODE_SVA)
		ck_assert_uint_gt(info.stale, 0);
	check_usable();
}
END_TEST

/* ---- One thing at a time ---- */

static uint64_t misses(void)
{
	struct hisiacc_queue_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(hisiacc_queue_stats(stack.comp, &stats), 0);
	return stats.cache_misses;
}

static void pack(uint8_t *src, uint8_t *dst)
{
	struct hisiacc_zip_req req = req_of(HISIACC_ZIP_GZIP, src, SLOT / 2,
					    dst, SLOT);
	uint8_t back[SLOT];

	req.src_mem = NULL;
	req.dst_mem = NULL;
	memset(dst, 0, SLOT);
	ck_assert_uint_eq(zlib_inflate(HISIACC_ZIP_GZIP, dst, zip_pack_ok(&req),
				       back, SLOT, NULL), SLOT / 2);
	ck_assert_mem_eq(back, src, SLOT / 2);
}

START_TEST(what_is_registered_is_given_back_when_it_is_unmapped)
{
	uint8_t *src = map_at(NULL, SLOT, PROT_READ | PROT_WRITE);
	uint8_t *dst = map_at(NULL, SLOT, PROT_READ | PROT_WRITE);
	struct device_usage before = device_usage();
	uint64_t known;

	if (stack_mode() == HISIACC_MODE_SVA)
		skip("nothing is registered in this mode");
	fill(src, SLOT, TEXT, 1);
	pack(src, dst);
	known = misses();
	pack(src, dst);
	ck_assert_uint_eq(misses(), known);
	ck_assert_int_gt(device_usage().pinned_pages, before.pinned_pages);
	munmap(dst, SLOT);
	munmap(src, SLOT);
	/* at the latest when the cache is looked at the next time */
	hisiacc_ctx_cache_flush(stack.ctx);
	expect_usage(&before);
	ck_assert_uint_ge(cache_info().stale, 1);
}
END_TEST

START_TEST(a_fork_does_not_cost_a_registration)
{
	uint8_t *src = map_at(NULL, SLOT, PROT_READ | PROT_WRITE);
	uint8_t *dst = map_at(NULL, SLOT, PROT_READ | PROT_WRITE);
	uint64_t known;
	pid_t child;

	fill(src, SLOT, TEXT, 1);
	pack(src, dst);
	known = misses();
	child = fork();
	if (!child)
		for (;;)
			pause();
	ck_assert_int_gt(child, 0);
	fill(src, SLOT, TEXT, 2);
	pack(src, dst);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	if (hisiacc_ctx_fork_safe(stack.ctx))
		ck_assert_uint_eq(misses(), known);
}
END_TEST

START_TEST(the_cache_holds_no_mode)
{
	uint8_t *src = map_at(NULL, 2 * SLOT, PROT_READ | PROT_WRITE);

	fill(src, SLOT, TEXT, 1);
	pack(src, src + SLOT);
	hisiacc_mem_free(stack.mem);
	hisiacc_queue_free(stack.comp);
	hisiacc_queue_free(stack.decomp);
	stack.mem = NULL;
	stack.comp = NULL;
	stack.decomp = NULL;
	ck_assert_int_eq(device_usage().pinned_pages, 0);
	ck_assert_uint_eq(cache_info().entries, 0);
	ck_assert_int_eq(hisiacc_ctx_set_modes(stack.ctx, 0), 0);
}
END_TEST

static void add(void)
{
	test_set_timeout(400);
	test_add(what_is_registered_is_given_back_when_it_is_unmapped);
	test_add(a_fork_does_not_cost_a_registration);
	test_add(the_cache_holds_no_mode);
	test_add_loop(data_is_right_whatever_is_done_to_memory, 0, 2);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_default, stack_close);
}
