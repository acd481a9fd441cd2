// SPDX-License-Identifier: GPL-2.0
/*
 * Registrations that come and go, very many of them: in the end nothing is left
 * of them. COUNT in the environment says how many of each kind.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "access.h"
#include "device.h"
#include "fixture.h"
#include "process.h"
#include "state.h"
#include "test.h"
#include "vm.h"

/*
 * Caches of the kernel grow with what is done to them, by less than this after
 * a warm-up: slabs in part empty, IOVAs that each CPU keeps for later use (six
 * sizes of 2 * 128 words, and a depot of 32 times 128), per-CPU lists of pages.
 * A leak of 16 bytes in each of 10^5 rounds is three times that.
 */
#define SLACK_KB	512

static long count_of_rounds(void)
{
	const char *count = getenv("COUNT");

	return count ? atol(count) : 1000;
}

/* What there is of something in the machine, 0 where it is not counted. */
static long value_in(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	size_t length = strlen(name);
	char line[256];
	long value = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, length) && strchr(": ", line[length]))
			value = atol(line + length + 1);
	if (file)
		fclose(file);
	return value;
}

static int count_open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	require(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

struct account {
	struct device_usage usage;
	long locked_kb, pinned_kb, files;
	long pages_pinned;	/* of all processes, each time counted */
	long slab_kb, tables_kb, iommu_kb, vmalloc_kb;
};

static struct account take_account(void)
{
	/* each CPU's part of the counters is added to the whole */
	require(write_string("/proc/sys/vm/stat_refresh", "1"));
	return (struct account) {
		.usage = device_usage(),
		.locked_kb = locked_kb(),
		.pinned_kb = value_in("/proc/self/status", "VmPin"),
		.files = count_open_files(),
		.pages_pinned = value_in("/proc/vmstat", "nr_foll_pin_acquired") -
				value_in("/proc/vmstat", "nr_foll_pin_released"),
		.slab_kb = value_in("/proc/meminfo", "SUnreclaim"),
		.tables_kb = value_in("/proc/meminfo", "PageTables"),
		.iommu_kb = value_in("/proc/vmstat", "nr_iommu_pages") *
			    (long)PAGE / 1024,
		.vmalloc_kb = value_in("/proc/meminfo", "VmallocUsed"),
	};
}

/* Since @a, by more than caches do; frees may come behind a grace period. */
static bool has_grown(const struct account *a)
{
	struct account b = take_account();

	return b.slab_kb > a->slab_kb + SLACK_KB ||
	       b.tables_kb > a->tables_kb + SLACK_KB ||
	       b.iommu_kb > a->iommu_kb + SLACK_KB ||
	       b.vmalloc_kb > a->vmalloc_kb + SLACK_KB;
}

/* Nothing is left but what caches have; false where those have too much. */
static bool check_account(const struct account *want, const char *name,
			  long rounds)
{
	bool same = wait_until(!has_grown(want), 2000);
	struct account now = take_account();

	printf("churn: %-34s %6ld times; kB more: slab %ld, tables %ld, iommu %ld, vmalloc %ld\n",
	       name, rounds, now.slab_kb - want->slab_kb,
	       now.tables_kb - want->tables_kb, now.iommu_kb - want->iommu_kb,
	       now.vmalloc_kb - want->vmalloc_kb);
	expect_usage(&want->usage);
	ck_assert_int_eq(now.locked_kb, want->locked_kb);
	ck_assert_int_eq(now.pinned_kb, want->pinned_kb);
	ck_assert_int_eq(now.files, want->files);
	ck_assert_int_eq(now.pages_pinned, want->pages_pinned);
	return same;
}

struct scene {
	int fd;
	uint8_t *data;
	uint8_t *place;		/* address space for a buffer */
	long rounds;
	const struct way *way;
};

/* A way to come and go. */
struct way {
	const char *name;
	void (*round)(struct scene *s, long i);
	uint32_t flags;
	size_t size;
	int part;		/* of the rounds of other ways: one in so many */
	uint32_t modes;		/* in which there is such a thing; 0 for all */
	bool alone;		/* there is no other registration, so no mode */
};

static void pin_and_unpin(struct scene *s, long i)
{
	uint32_t handle;

	(void)i;
	require_ok(acc_mem_pin(s->fd, s->way->flags, s->data, s->way->size,
			       &handle, NULL));
	require_ok(acc_mem_unpin(s->fd, handle));
}

static void pin_somewhere(struct scene *s, long i)
{
	size_t first = i * 977 % (HUGE - 16 * PAGE);
	uint32_t handle;

	require_ok(acc_mem_pin(s->fd, s->way->flags, s->data + first,
			       1 + i * 131 % (16 * PAGE), &handle, NULL));
	require_ok(acc_mem_unpin(s->fd, handle));
}

/* As many as a context may have, at the same time, and no one more. */
static void pin_all(struct scene *s, long i)
{
	static uint32_t handles[8192];
	struct hisi_acc_query q;
	uint32_t n, some;

	(void)i;
	require_ok(acc_query(s->fd, &q));
	require(q.out_mems_max <= ARRAY_SIZE(handles));
	/* one is there all the time */
	for (n = 0; n < q.out_mems_max - 1; n++)
		require_ok(acc_mem_pin(s->fd, 0, s->data + n % 512 * PAGE, 1,
				       &handles[n], NULL));
	require(acc_mem_pin(s->fd, 0, s->data, 1, &some, NULL) && errno == ENOSPC);
	while (n--)
		require_ok(acc_mem_unpin(s->fd, handles[n]));
}

static void pin_and_close(struct scene *s, long i)
{
	int fd = device_open();

	(void)i;
	require_ok(acc_mem_pin(fd, 0, s->data, 3 * PAGE, NULL, NULL));
	require_ok(acc_mem_pin(fd, HISI_ACC_MEM_READ_ONLY, s->data + 8 * PAGE,
			       PAGE, NULL, NULL));
	close(fd);
}

static int pin_and_wait(void *arg)
{
	struct scene *s = arg;
	int fd = device_open();

	child_check(!acc_mem_pin(fd, s->way->flags, s->data, HUGE, NULL, NULL));
	if (s->rounds & 1)
		raise(SIGKILL);
	return 0;
}

static void pin_and_die(struct scene *s, long i)
{
	struct scene child = *s;
	int status;

	child.rounds = i;
	status = child_run(pin_and_wait, &child);
	require(status == (i & 1 ? -SIGKILL : 0));
}

/* Buffers of the driver's */

static struct hisi_acc_mem_alloc alloc_buffer(int fd, uint8_t *place, size_t size)
{
	struct hisi_acc_mem_alloc arg;

	require_ok(acc_mem_alloc(fd, place, size, &arg));
	return arg;
}

static void alloc_and_free(struct scene *s, long i)
{
	(void)i;
	require_ok(acc_mem_unpin(s->fd, alloc_buffer(s->fd, s->place,
						     s->way->size).out_handle));
}

static void alloc_and_map(struct scene *s, long i)
{
	struct hisi_acc_mem_alloc arg = alloc_buffer(s->fd, s->place, s->way->size);
	uint8_t *data = mmap(s->place, arg.out_size, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_FIXED, s->fd, arg.out_key);

	require(data == s->place);
	data[i % arg.out_size] = 1;
	/* either may be the last that uses it */
	if (i & 1)
		require_ok(acc_mem_unpin(s->fd, arg.out_handle));
	require(mmap(s->place, arg.out_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		     MAP_FIXED, -1, 0) == s->place);
	if (!(i & 1))
		require_ok(acc_mem_unpin(s->fd, arg.out_handle));
}

static void export_and_import(struct scene *s, long i)
{
	struct hisi_acc_mem_alloc arg = alloc_buffer(s->fd, s->place, s->way->size);
	struct hisi_acc_mem_import import;
	uint8_t *data;
	int dmabuf;

	dmabuf = require_ok(acc_mem_export(s->fd, arg.out_handle));
	data = map(arg.out_size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf);
	import = acc_import_args(dmabuf, data);
	require_ok(acc_mem_import(s->fd, &import));
	close(dmabuf);
	if (i & 1)
		require_ok(acc_mem_unpin(s->fd, arg.out_handle));
	require_ok(acc_mem_unpin(s->fd, import.out_handle));
	if (!(i & 1))
		require_ok(acc_mem_unpin(s->fd, arg.out_handle));
	require_ok(munmap(data, arg.out_size));
}

static void fail_without_a_descriptor(struct scene *s, long i)
{
	struct hisi_acc_mem_alloc arg = alloc_buffer(s->fd, s->place, s->way->size);
	struct rlimit old, none = {};

	(void)i;
	require_ok(getrlimit(RLIMIT_NOFILE, &old));
	none.rlim_max = old.rlim_max;
	require_ok(setrlimit(RLIMIT_NOFILE, &none));
	require(acc_mem_export(s->fd, arg.out_handle) == -1 && errno == EMFILE);
	require_ok(setrlimit(RLIMIT_NOFILE, &old));
	require_ok(acc_mem_unpin(s->fd, arg.out_handle));
}

/* The last page is not there: all that was pinned before it goes back. */
static void fail_at_a_hole(struct scene *s, long i)
{
	size_t pages = 1 + i % 64;

	require(acc_mem_pin(s->fd, s->way->flags, s->data + HUGE - pages * PAGE,
			    (pages + 1) * PAGE, NULL, NULL) == -1);
	require(errno == EFAULT);
}

static void fail_at_the_limit(struct scene *s, long i)
{
	struct rlimit old, none = {};

	(void)i;
	require_ok(getrlimit(RLIMIT_MEMLOCK, &old));
	none.rlim_max = old.rlim_max;
	require_ok(setrlimit(RLIMIT_MEMLOCK, &none));
	/* root's processes have no limit */
	require_ok(seteuid(65534));
	require(acc_mem_pin(s->fd, 0, s->data, s->way->size, NULL, NULL) == -1);
	require(errno == ENOMEM);
	require_ok(seteuid(0));
	require_ok(setrlimit(RLIMIT_MEMLOCK, &old));
}

/* One page stands at one address: it cannot be read-only and writable. */
static void fail_at_a_neighbour(struct scene *s, long i)
{
	uint32_t handle;

	(void)i;
	require_ok(acc_mem_pin(s->fd, 0, s->data + 5 * PAGE, PAGE, &handle, NULL));
	require(acc_mem_pin(s->fd, HISI_ACC_MEM_READ_ONLY, s->data, 10 * PAGE,
			    NULL, NULL) == -1);
	require(errno == EBUSY);
	require_ok(acc_mem_unpin(s->fd, handle));
}

#define LARGE	(256u << 10)

static const struct way ways[] = {
	{ "alone, with its mode", pin_and_unpin, 0, 100, 10, 0, true },
	{ "a part of a page", pin_and_unpin, 0, 100, 1, 0, false },
	{ "a page, for reading", pin_and_unpin, HISI_ACC_MEM_READ_ONLY, 4096, 1, 0, false },
	{ "256 KiB", pin_and_unpin, 0, LARGE, 1, 0, false },
	{ "256 KiB, for reading", pin_and_unpin, HISI_ACC_MEM_READ_ONLY, LARGE, 1, 0, false },
	{ "256 KiB, watched", pin_and_unpin, HISI_ACC_MEM_WATCH, LARGE, 1, 0, false },
	{ "2 MiB", pin_and_unpin, 0, HUGE, 10, 0, false },
	{ "any size anywhere", pin_somewhere, 0, 0, 1, 0, false },
	{ "any size anywhere, watched", pin_somewhere, HISI_ACC_MEM_WATCH, 0, 1, 0, false },
	{ "on demand", pin_and_unpin, HISI_ACC_MEM_ON_DEMAND, LARGE, 1, 0, false },
	{ "as many at once as there may be", pin_all, 0, 0, 4096, 0, false },
	{ "with its context", pin_and_close, 0, 0, 100, 0, false },
	{ "with its process", pin_and_die, 0, 0, 1000, 0, true },
	{ "with its process, watched", pin_and_die, HISI_ACC_MEM_WATCH, 0, 1000, 0,
	  true },
	{ "a buffer", alloc_and_free, 0, LARGE, 10, 0, false },
	{ "a buffer of 2 MiB", alloc_and_free, 0, HUGE, 100, 0, false },
	{ "a buffer, mapped", alloc_and_map, 0, LARGE, 10, 0, false },
	{ "a buffer, exported and imported", export_and_import, 0, LARGE, 10, 0, false },
	{ "refused, no descriptor left", fail_without_a_descriptor, 0, 4096, 10, 0, false },
	{ "refused, at a hole", fail_at_a_hole, 0, 0, 1, 0, false },
	{ "refused, at a hole, watched", fail_at_a_hole, HISI_ACC_MEM_WATCH, 0, 1, 0, false },
	{ "refused, over the limit", fail_at_the_limit, 0, LARGE, 10, 0, false },
	{ "refused, beside one for writing", fail_at_a_neighbour, 0, 0, 1,
	  HISI_ACC_MODE_PASID, false },
};

static bool can_watch(int fd)
{
	struct hisi_acc_query q;

	expect_ok(acc_query(fd, &q));
	return q.out_features & HISI_ACC_FEATURE_WATCH;
}

START_TEST(nothing_is_left)
{
	const struct way *way = &ways[_i];
	struct scene s = { .way = way };
	struct account account;
	int turn = 0;
	long i;

	if (way->modes)
		only_in_modes(way->modes);
	s.fd = device_open();
	if (way->flags & HISI_ACC_MEM_WATCH && !can_watch(s.fd))
		skip("the module does not watch");
	if (!way->alone)
		expect_ok(acc_mem_pin(s.fd, 0, map_anonymous(PAGE), 1, NULL, NULL));
	s.rounds = count_of_rounds() / way->part + 1;
	s.data = map_huge(1);
	memset(s.data, 1, HUGE);
	require_ok(munmap(s.data + HUGE, PAGE));
	s.place = map(HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for (i = 0; i < s.rounds / 10 + 2; i++)
		way->round(&s, i);
	/* a leak comes each time, what else the kernel is busy with does not */
	do {
		ck_assert_int_lt(turn++, 3);
		account = take_account();
		for (i = 0; i < s.rounds; i++)
			way->round(&s, i);
	} while (!check_account(&account, way->name, s.rounds));
}
END_TEST

static void add(void)
{
	test_set_timeout(600);
	test_add_loop(nothing_is_left, 0, ARRAY_SIZE(ways));
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
