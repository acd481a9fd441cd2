// SPDX-License-Identifier: GPL-2.0
/*
 * Watched registrations: which calls make one stale, and that the process knows
 * as soon as such a call has returned. With MEMORY=all in the environment also of
 * those for reading.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "process.h"
#include "state.h"
#include "test.h"
#include "vm.h"
#include "watcher.h"

#define RW	(PROT_READ | PROT_WRITE)

/* Of which the first half is registered, and the other half for itself. */
#define PAGES	8
#define HALF	(PAGES / 2 * PAGE)
#define SIZE	(PAGES * PAGE)

#define NUMA_SCAN "/sys/kernel/debug/sched/numa_balancing/"

/* Kinds of memory, and calls that change it */

struct range {
	uint8_t *data;
	int file;
};

static void make_anonymous(struct range *r)
{
	r->data = map_anonymous(SIZE);
}

static void make_memfd(struct range *r)
{
	r->file = require_ok(memfd_create("test", MFD_CLOEXEC));
	require_ok(ftruncate(r->file, SIZE));
	r->data = map(SIZE, RW, MAP_SHARED, r->file);
}

static void make_private_file(struct range *r)
{
	r->file = temporary_file(SIZE);
	r->data = map(SIZE, RW, MAP_PRIVATE, r->file);
}

static bool unmap_all(struct range *r)
{
	return !munmap(r->data, HALF);
}

static bool unmap_first(struct range *r)
{
	return !munmap(r->data, PAGE);
}

static bool unmap_last(struct range *r)
{
	return !munmap(r->data + HALF - PAGE, PAGE);
}

static bool unmap_neighbour(struct range *r)
{
	return !munmap(r->data + HALF, PAGE);
}

static bool move(struct range *r)
{
	return mremap(r->data, HALF, HALF, MREMAP_MAYMOVE | MREMAP_FIXED,
		      map_anonymous(HALF)) != MAP_FAILED;
}

static bool move_pages_only(struct range *r)
{
	return mremap(r->data, HALF, HALF, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		      NULL) != MAP_FAILED;
}

static bool shrink(struct range *r)
{
	return mremap(r->data, HALF, PAGE, 0) != MAP_FAILED;
}

static bool map_over(struct range *r)
{
	return mmap(r->data + PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_FIXED, -1, 0) != MAP_FAILED;
}

static bool drop(struct range *r)
{
	return !madvise(r->data, HALF, MADV_DONTNEED);
}

static bool drop_page(struct range *r)
{
	return !madvise(r->data + PAGE, PAGE, MADV_DONTNEED);
}

static bool remove_pages(struct range *r)
{
	return !madvise(r->data, PAGE, MADV_REMOVE);
}

static bool truncate_file(struct range *r)
{
	return !ftruncate(r->file, PAGE);
}

static int truncate_in_child(void *arg)
{
	return !truncate_file(arg);
}

static bool truncate_elsewhere(struct range *r)
{
	return !child_run(truncate_in_child, r);
}

static bool punch_hole(struct range *r)
{
	return !fallocate(r->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  PAGE, PAGE);
}

static int write_in_child(void *arg)
{
	struct range *r = arg;

	memset(r->data, 7, SIZE);
	return munmap(r->data, SIZE);
}

static bool fork_and_write(struct range *r)
{
	if (child_run(write_in_child, r))
		return false;
	memset(r->data, 8, SIZE);
	return true;
}

static bool protect(struct range *r)
{
	return !mprotect(r->data, SIZE, PROT_NONE) &&
	       !mprotect(r->data, SIZE, PROT_READ) &&
	       !mprotect(r->data, SIZE, RW);
}

static bool lock(struct range *r)
{
	return !mlock(r->data, SIZE) && !munlock(r->data, SIZE);
}

static bool read_and_write(struct range *r)
{
	memset(r->data, 9, SIZE);
	return is_filled(r->data, SIZE, 9) && !msync(r->data, SIZE, MS_SYNC);
}

static bool advise(struct range *r)
{
	return !madvise(r->data, SIZE, MADV_WILLNEED) &&
	       !madvise(r->data, SIZE, MADV_SEQUENTIAL) &&
	       !madvise(r->data, SIZE, MADV_DONTFORK) &&
	       !madvise(r->data, SIZE, MADV_DOFORK);
}

static bool clear_references(struct range *r)
{
	(void)r;
	return write_string("/proc/self/clear_refs", "1") &&
	       write_string("/proc/self/clear_refs", "4");
}

static bool write_to_file(struct range *r)
{
	return pwrite(r->file, "text", 4, 100) == 4 &&
	       !ftruncate(r->file, 2 * SIZE);
}

static bool page_out(struct range *r)
{
	return vm_swap_on() && !madvise(r->data, SIZE, MADV_PAGEOUT);
}

/* The kernel takes rights away to see who comes from where. */
static bool balance(struct range *r)
{
	int64_t end = now_ms() + 2500;
	volatile uint8_t *byte = r->data;

	if (vm_nodes() < 2 ||
	    !write_string(NUMA_SCAN "scan_delay_ms", "10") ||
	    !write_string(NUMA_SCAN "scan_period_min_ms", "10") ||
	    !write_string("/proc/sys/kernel/numa_balancing", "1"))
		return false;
	while (now_ms() < end)
		(*byte)++;
	return write_string("/proc/sys/kernel/numa_balancing", "0");
}

static bool free_lazily(struct range *r)
{
	return !madvise(r->data, HALF, MADV_FREE);
}

static bool migrate(struct range *r)
{
	if (vm_nodes() < 2)
		return false;
	vm_move(r->data, PAGES, 0);
	vm_move(r->data, PAGES, 1);
	return true;
}

static bool merge(struct range *r)
{
	memset(r->data, 3, SIZE);
	return !madvise(r->data, SIZE, MADV_MERGEABLE) && vm_merge();
}

/*
 * MAYBE: the page is still there in the end, but was taken out of the table for
 * a moment, or may be taken later; each kernel is free to do so.
 */
enum outcome { FRESH, STALE, MAYBE };

static const struct change {
	const char *name;
	void (*make)(struct range *r);
	bool (*change)(struct range *r);	/* false where it cannot be made */
	enum outcome outcome;
} changes[] = {
	{ "munmap()", make_anonymous, unmap_all, STALE },
	{ "munmap() of the first page", make_anonymous, unmap_first, STALE },
	{ "munmap() of the last page", make_anonymous, unmap_last, STALE },
	{ "munmap() of a memfd", make_memfd, unmap_all, STALE },
	{ "munmap() of a private file", make_private_file, unmap_all, STALE },
	{ "mremap() to another place", make_anonymous, move, STALE },
	{ "mremap() of the pages alone", make_anonymous, move_pages_only, STALE },
	{ "mremap() to one page", make_anonymous, shrink, STALE },
	{ "mmap() over a page", make_anonymous, map_over, STALE },
	{ "mmap() over a page of a memfd", make_memfd, map_over, STALE },
	{ "MADV_DONTNEED", make_anonymous, drop, STALE },
	{ "MADV_DONTNEED of a page", make_anonymous, drop_page, STALE },
	{ "MADV_DONTNEED of a private file", make_private_file, drop, STALE },
	{ "MADV_REMOVE of a page", make_memfd, remove_pages, STALE },
	{ "truncation", make_memfd, truncate_file, STALE },
	{ "truncation by another process", make_memfd, truncate_elsewhere, STALE },
	{ "truncation of a private file", make_private_file, truncate_file, STALE },
	{ "a hole in the file", make_memfd, punch_hole, STALE },
	{ "munmap() of a neighbour", make_anonymous, unmap_neighbour, FRESH },
	{ "fork() and writes", make_anonymous, fork_and_write, FRESH },
	{ "fork() and writes, memfd", make_memfd, fork_and_write, FRESH },
	{ "fork() and writes, private file", make_private_file, fork_and_write,
	  FRESH },
	{ "mprotect()", make_anonymous, protect, FRESH },
	{ "mprotect() of a memfd", make_memfd, protect, FRESH },
	{ "mlock()", make_anonymous, lock, FRESH },
	{ "loads and stores", make_anonymous, read_and_write, FRESH },
	{ "loads, stores and msync() of a memfd", make_memfd, read_and_write,
	  FRESH },
	{ "advice about use and fork()", make_anonymous, advise, FRESH },
	{ "/proc/self/clear_refs", make_anonymous, clear_references, FRESH },
	{ "write() and growth of the file", make_memfd, write_to_file, FRESH },
	{ "MADV_PAGEOUT", make_anonymous, page_out, FRESH },
	{ "NUMA balancing", make_anonymous, balance, FRESH },
	{ "MADV_FREE", make_anonymous, free_lazily, MAYBE },
	{ "move_pages()", make_anonymous, migrate, MAYBE },
	{ "merging of equal pages", make_anonymous, merge, MAYBE },
	{ "MADV_PAGEOUT of a memfd", make_memfd, page_out, MAYBE },
};

/* Which half, or both, a change has an effect on: those that name a part. */
static bool is_about_all(const struct change *c)
{
	return c->change == truncate_file || c->change == truncate_elsewhere ||
	       c->outcome == MAYBE;
}

static void expect_change(const struct change *c, uint32_t flags)
{
	uint32_t half, other, before;
	struct watcher w;
	struct range r;
	bool stale;

	watch_or_skip(&w);
	c->make(&r);
	memset(r.data, 1, SIZE);
	half = watch(&w, flags, r.data, HALF);
	other = c->change == unmap_neighbour ?
		half : watch(&w, flags, r.data + HALF, HALF);
	ck_assert(!is_stale(&w, half) && !is_stale(&w, other));
	before = generation(&w);
	if (!c->change(&r))
		skip("no %s here", c->name);
	stale = is_stale(&w, half);
	if (c->outcome != MAYBE)
		ck_assert_msg(stale == (c->outcome == STALE), "%s: %s", c->name,
			      stale ? "stale" : "not stale");
	else
		printf("watch: %s: %s\n", c->name, stale ? "stale" : "not stale");
	if (!is_about_all(c))
		ck_assert(other == half || !is_stale(&w, other));
	/* each bit is counted once */
	ck_assert_uint_eq(generation(&w) - before, count_stale(&w));
	expect_ok(acc_mem_unpin(w.fd, half));
}

START_TEST(change_is_told)
{
	expect_change(&changes[_i], 0);
}
END_TEST

START_TEST(change_is_told_of_read_only_registrations)
{
	expect_change(&changes[_i], HISI_ACC_MEM_READ_ONLY);
}
END_TEST

/* Huge pages: any part that goes is a part of the page. */
START_TEST(huge_pages_are_watched)
{
	static const char *const names[] = { "transparent", "hugetlb" };
	struct watcher w;
	uint32_t handle;
	uint8_t *data;

	watch_or_skip(&w);
	if (_i) {
		if (!write_string("/proc/sys/vm/nr_hugepages", "4"))
			skip("no huge pages");
		data = mmap(NULL, HUGE, RW, MAP_PRIVATE | MAP_ANONYMOUS |
			    MAP_HUGETLB, -1, 0);
		if (data == MAP_FAILED)
			skip("no huge pages are free");
	} else {
		data = map_huge(1);
		if (madvise(data, HUGE, MADV_HUGEPAGE))
			skip("no huge pages");
	}
	memset(data, 1, HUGE);
	handle = watch(&w, 0, data + 100 * PAGE + 1, 20 * PAGE);
	expect_ok(mprotect(data, HUGE, PROT_READ));
	expect_ok(mprotect(data, HUGE, RW));
	ck_assert_msg(!is_stale(&w, handle), "%s", names[_i]);
	expect_ok(munmap(data, HUGE));
	ck_assert_msg(is_stale(&w, handle), "%s", names[_i]);
}
END_TEST

static void add(void)
{
	test_add_loop(change_is_told, 0, ARRAY_SIZE(changes));
	if (getenv("MEMORY"))
		test_add_loop(change_is_told_of_read_only_registrations, 0,
			      ARRAY_SIZE(changes));
	test_add_loop(huge_pages_are_watched, 0, 2);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
