// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a process, its device and its child write to in any order: the
 * device always sees what the parent sees, and the child what is its own, or
 * the same where the mapping is shared.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "state.h"
#include "test.h"

/* Ends and begins within pages, so that those have other data as well. */
#define SIZE	(3 * PAGE)
#define PART	100

#define RW	(PROT_READ | PROT_WRITE)

/* Kinds of memory; the text with seed 1 is in it. */

static uint8_t *make_anonymous(void)
{
	return map_anonymous(SIZE + PAGE);
}

static uint8_t *make_shared(void)
{
	return map(SIZE + PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static uint8_t *make_memfd(void)
{
	int fd = require_ok(memfd_create("test", MFD_CLOEXEC));

	require_ok(ftruncate(fd, SIZE + PAGE));
	return map(SIZE + PAGE, RW, MAP_SHARED, fd);
}

/* The text is in the file: the process has not touched a page. */
static uint8_t *make_private_file(void)
{
	int fd = temporary_file(SIZE + PAGE);
	uint8_t *text = malloc(SIZE);

	fill_text(text, SIZE, 1);
	require(pwrite(fd, text, SIZE, PART) == (ssize_t)SIZE);
	free(text);
	return map(SIZE + PAGE, RW, MAP_PRIVATE, fd);
}

static uint8_t *make_transparent_huge(void)
{
	uint8_t *data = map_huge(1);

	if (madvise(data, HUGE, MADV_HUGEPAGE))
		return NULL;
	memset(data, 1, HUGE);
	return data;
}

static uint8_t *make_huge(int flags)
{
	void *data;

	if (!write_string("/proc/sys/vm/nr_hugepages", "16"))
		return NULL;
	data = mmap(NULL, huge_page_size(), RW, MAP_ANONYMOUS | MAP_HUGETLB |
		    flags, -1, 0);
	return data == MAP_FAILED ? NULL : data;
}

static uint8_t *make_huge_private(void)
{
	return make_huge(MAP_PRIVATE);
}

static uint8_t *make_huge_shared(void)
{
	return make_huge(MAP_SHARED);
}

static const struct kind {
	const char *name;
	uint8_t *(*make)(void);
	bool shared;
} kinds[] = {
	{ "anonymous memory", make_anonymous, false },
	{ "shared anonymous memory", make_shared, true },
	{ "a private file", make_private_file, false },
	{ "a memfd", make_memfd, true },
	{ "a transparent huge page", make_transparent_huge, false },
	{ "a private huge page", make_huge_private, false },
	{ "a shared huge page", make_huge_shared, true },
};

/* How the device gets at it; the last one is for SVA alone. */
enum how { WRITABLE, READ_ONLY, NOT_PINNED };

static const uint32_t pin_flags[] = { 0, HISI_ACC_MEM_READ_ONLY,
				      HISI_ACC_MEM_ON_DEMAND };
static const char *const hows[] = {
	"pinned", "pinned for reading", "not pinned",
};

/* Who writes next; in any order. */
enum who { DEVICE, PARENT, CHILD };

static const enum who orders[][3] = {
	{ DEVICE, PARENT, CHILD }, { DEVICE, CHILD, PARENT },
	{ PARENT, DEVICE, CHILD }, { PARENT, CHILD, DEVICE },
	{ CHILD, DEVICE, PARENT }, { CHILD, PARENT, DEVICE },
};

/* A family around a range, and what everyone has to see in it. */
struct family {
	const struct kind *kind;
	enum how how;
	struct device_access a;
	uint8_t *data;
	uint32_t handle;
	uint64_t iova;
	uint32_t seed, child_seed;
	int line[2];
	pid_t child;
};

/* The child does as it is told: to write a text, or to look for one. */
struct order {
	bool write;
	uint32_t seed;
};

static int obey(void *arg)
{
	struct family *f = arg;
	struct order order;
	bool done = true;

	close(f->line[0]);
	while (read(f->line[1], &order, sizeof(order)) == sizeof(order)) {
		if (order.write)
			fill_text(f->data, SIZE, order.seed);
		else
			done = is_text(f->data, SIZE, order.seed);
		child_check(write(f->line[1], &done, sizeof(done)) == sizeof(done));
	}
	return 0;
}

static bool tell_child(struct family *f, bool write_it, uint32_t seed)
{
	struct order order = { .write = write_it, .seed = seed };
	bool done = false;

	require(write(f->line[0], &order, sizeof(order)) == sizeof(order));
	require(read(f->line[0], &done, sizeof(done)) == sizeof(done));
	return done;
}

static void start_child(struct family *f)
{
	require_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, f->line));
	f->child = child_start(obey, f);
	close(f->line[1]);
	f->child_seed = f->seed;
}

static void end_child(struct family *f)
{
	close(f->line[0]);
	ck_assert_int_eq(child_end(f->child), 0);
}

static void pin_range(struct family *f)
{
	expect_ok(acc_mem_pin(f->a.fd, pin_flags[f->how], f->data, SIZE,
			      &f->handle, &f->iova));
}

static void expect_seen(struct family *f)
{
	ck_assert(is_text(f->data, SIZE, f->seed));
	ck_assert(device_sees(&f->a, f->iova, f->data, SIZE));
	ck_assert(tell_child(f, false, f->child_seed));
	/* the child's look has not changed what the device sees */
	ck_assert(device_reads(&f->a, f->iova, SIZE));
}

static void let_write(struct family *f, enum who who, uint32_t seed)
{
	switch (who) {
	case DEVICE:
		/* that one which may only read has read already */
		if (f->how == READ_ONLY)
			return;
		ck_assert(device_writes(&f->a, f->iova, SIZE, seed));
		break;
	case PARENT:
		fill_text(f->data, SIZE, seed);
		break;
	case CHILD:
		ck_assert(tell_child(f, true, seed));
		f->child_seed = seed;
		if (f->kind->shared)
			f->seed = seed;
		return;
	}
	f->seed = seed;
	if (f->kind->shared)
		f->child_seed = seed;
}

static void family_init(struct family *f, const struct kind *kind, enum how how)
{
	*f = (struct family) { .kind = kind, .how = how, .seed = 1 };
	access_init(&f->a, SIZE);
	f->data = kind->make();
	if (!f->data)
		return;
	f->data += PART;
	if (kind->make != make_private_file)
		fill_text(f->data, SIZE, 1);
}

/* False where there is no memory of this kind. */
static bool run_order(const struct kind *kind, enum how how, bool pinned_first,
		      const enum who *order)
{
	struct family f;
	uint32_t i;

	family_init(&f, kind, how);
	if (!f.data)
		return false;
	if (pinned_first)
		pin_range(&f);
	start_child(&f);
	if (!pinned_first)
		pin_range(&f);
	expect_seen(&f);
	for (i = 0; i < 3; i++) {
		let_write(&f, order[i], 2 + i);
		expect_seen(&f);
	}
	/* and so it stays when the other one goes */
	end_child(&f);
	ck_assert(is_text(f.data, SIZE, f.seed));
	ck_assert(device_sees(&f.a, f.iova, f.data, SIZE));
	expect_ok(acc_mem_unpin(f.a.fd, f.handle));
	ck_assert(is_text(f.data, SIZE, f.seed));
	close(f.a.fd);
	return true;
}

/* MEMORY=all in the environment: not only two of the orders, but all. */
static void expect_all_orders(const struct kind *kind, enum how how,
			      bool pinned_first)
{
	size_t i, step = getenv("MEMORY") ? 1 : 3;

	if (how == NOT_PINNED)
		only_in_modes(HISI_ACC_MODE_SVA);
	for (i = 0; i < ARRAY_SIZE(orders); i += step)
		if (!run_order(kind, how, pinned_first, orders[i]))
			skip("there is no memory of this kind");
	printf("cow: %s, %s %s fork(): %zu orders\n", kind->name, hows[how],
	       pinned_first ? "before" : "after", i / step);
}

START_TEST(everyone_sees_his_own_after_a_pin_and_a_fork)
{
	expect_all_orders(&kinds[_i / 2], _i % 2, true);
}
END_TEST

START_TEST(everyone_sees_his_own_after_a_fork_and_a_pin)
{
	expect_all_orders(&kinds[_i / 2], _i % 2, false);
}
END_TEST

START_TEST(everyone_sees_his_own_without_a_pin)
{
	expect_all_orders(&kinds[_i], NOT_PINNED, true);
}
END_TEST

/* A child's child has what its parent had. */

static int start_another(void *arg)
{
	struct family *f = arg;

	child_check(is_text(f->data, SIZE, 1));
	/* this copy is the child's; the grandchild gets another one */
	fill_text(f->data, SIZE, 5);
	f->child = fork();
	if (!f->child) {
		child_check(is_text(f->data, SIZE, 5));
		fill_text(f->data, SIZE, 6);
		_exit(!is_text(f->data, SIZE, 6));
	}
	child_check(!child_end(f->child));
	child_check(is_text(f->data, SIZE, f->kind->shared ? 6 : 5));
	return 0;
}

START_TEST(grandchildren_are_children)
{
	struct family f;

	family_init(&f, &kinds[_i], WRITABLE);
	if (!f.data)
		skip("there is no memory of this kind");
	pin_range(&f);
	ck_assert_int_eq(child_run(start_another, &f), 0);
	f.seed = f.kind->shared ? 6 : 1;
	ck_assert(is_text(f.data, SIZE, f.seed));
	ck_assert(device_sees(&f.a, f.iova, f.data, SIZE));
	ck_assert(device_writes(&f.a, f.iova, SIZE, 7));
	ck_assert(is_text(f.data, SIZE, 7));
}
END_TEST

/* vfork() and the like copy nothing: what they write is ours. */
START_TEST(vfork_is_the_same_memory)
{
	struct family f;
	int status;
	pid_t child;

	family_init(&f, &kinds[_i], WRITABLE);
	if (!f.data)
		skip("there is no memory of this kind");
	pin_range(&f);
	child = vfork();
	if (!child) {
		fill_text(f.data, SIZE, 3);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(is_text(f.data, SIZE, 3));
	ck_assert(device_sees(&f.a, f.iova, f.data, SIZE));
	ck_assert(device_writes(&f.a, f.iova, SIZE, 4));
	ck_assert(is_text(f.data, SIZE, 4));
}
END_TEST

/* Requests that fork() finds in flight end as if there was none. */

static void push_write(struct family *f, uint32_t seed)
{
	struct pinned *spare = &f->a.spare;
	uint8_t *text = malloc(SIZE);
	uint32_t sqe[SQE_WORDS];
	size_t made;

	fill_text(text, SIZE, seed);
	made = zlib_make(spare->data, spare->size, text, SIZE);
	zip_encode(sqe, spare->iova, made, f->iova, SIZE);
	raw_queue_push(&f->a.decompress, sqe);
	raw_queue_ring(&f->a.decompress);
	free(text);
}

static void expect_fork_amid(struct family *f)
{
	uint32_t sqe[SQE_WORDS];

	monitor_set_delay(300000);
	push_write(f, 2);
	ck_assert(wait_until(monitor_count(MONITOR_INFLIGHT) == 1, 1000));
	start_child(f);
	ck_assert_uint_eq(monitor_count(MONITOR_INFLIGHT), 1);
	ck_assert(raw_queue_pop(&f->a.decompress, sqe, 5000));
	ck_assert(zip_succeeded(sqe));
	raw_queue_ring_cq(&f->a.decompress, false);
	f->seed = 2;
	if (f->kind->shared)
		f->child_seed = 2;
	monitor_set_delay(0);
	expect_seen(f);
	let_write(f, CHILD, 3);
	expect_seen(f);
	end_child(f);
}

START_TEST(fork_amid_a_request)
{
	struct family f;

	if (!monitor_is_there())
		skip("the model has no monitor");
	family_init(&f, &kinds[_i % ARRAY_SIZE(kinds)],
		    _i < (int)ARRAY_SIZE(kinds) ? WRITABLE : NOT_PINNED);
	if (!f.data)
		skip("there is no memory of this kind");
	if (f.how == NOT_PINNED)
		only_in_modes(HISI_ACC_MODE_SVA);
	pin_range(&f);
	expect_fork_amid(&f);
}
END_TEST

static void add(void)
{
	const int count = ARRAY_SIZE(kinds);
	bool sva = acc_modes() == HISI_ACC_MODE_SVA;

	test_set_timeout(120);
	test_add_loop(everyone_sees_his_own_after_a_pin_and_a_fork, 0, 2 * count);
	test_add_loop(everyone_sees_his_own_after_a_fork_and_a_pin, 0, 2 * count);
	if (sva)
		test_add_loop(everyone_sees_his_own_without_a_pin, 0, count);
	test_add_loop(grandchildren_are_children, 0, count);
	test_add_loop(vfork_is_the_same_memory, 0, count);
	test_add_loop(fork_amid_a_request, 0, sva ? 2 * count : count);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
