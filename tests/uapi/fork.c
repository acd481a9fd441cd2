// SPDX-License-Identifier: GPL-2.0
/* What fork() and its relatives do to a context: nothing, to either side. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"

/* Of a huge page, however large that is: what a request takes. */
#define PART	(2u << 20)

static int try_everything(void *arg)
{
	struct work *w = arg;
	struct pollfd pollfd = { .fd = w->q.fd, .events = POLLIN };
	struct hisi_acc_queue_alloc queue = acc_queue_args(0, 16);
	struct hisi_acc_query query;
	struct hisi_acc_event event;
	uint32_t handle = w->q.arg.out_handle;
	int fd = w->q.fd;

	child_check_errno(EPERM, acc_query(fd, &query));
	child_check_errno(EPERM, acc_queue_alloc(fd, &queue));
	child_check_errno(EPERM, acc_queue_stop(fd, handle));
	child_check_errno(EPERM, acc_queue_doorbell(fd, handle, 0, 1));
	child_check_errno(EPERM, acc_queue_free(fd, handle));
	child_check_errno(EPERM, acc_mem_unpin(fd, w->src.handle));
	child_check_errno(EPERM, acc_mem_pin(fd, 0, w->src.data, 1, NULL, NULL));
	child_check_errno(EPERM, read(fd, &event, sizeof(event)));
	errno = 0;
	child_check(mmap(NULL, w->q.arg.out_sq_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED, fd, w->q.arg.out_sq_key) == MAP_FAILED);
	child_check(errno == EPERM);
	child_check(poll(&pollfd, 1, 0) == 1 && pollfd.revents == POLLERR);
	return 0;
}

START_TEST(child_is_refused_everything)
{
	struct work w;

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	ck_assert_int_eq(child_run(try_everything, &w), 0);
	work_run(&w, 1);
}
END_TEST

static int look_for_mappings(void *arg)
{
	(void)arg;
	child_check(count_mappings("hisi_acc") == 0);
	return 0;
}

START_TEST(child_has_no_mappings)
{
	struct work w;

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	raw_queue_ring(&w.q);
	ck_assert_int_eq(count_mappings("hisi_acc"), w.q.db ? 4 : 3);
	ck_assert_int_eq(child_run(look_for_mappings, NULL), 0);
	ck_assert(touch_kills(w.q.sq, true));
	ck_assert(touch_kills(w.q.cq, false));
	ck_assert(!w.q.db || touch_kills(w.q.db, true));
	ck_assert(touch_kills((volatile void *)w.q.status, false));
	work_run(&w, 1);
}
END_TEST

START_TEST(mappings_cannot_be_made_inheritable)
{
	struct raw_queue q;

	raw_queue_init(&q, device_open(), 0, 16, 0);
	if (q.db)
		expect_errno(EINVAL, madvise((void *)q.db, q.arg.out_db_size,
					     MADV_DOFORK));
	expect_errno(EINVAL, madvise((void *)q.sq, q.arg.out_sq_size,
				     MADV_DOFORK));
	expect_errno(EINVAL, madvise((void *)q.cq, q.arg.out_cq_size,
				     MADV_DOFORK));
}
END_TEST

static int open_own(void *arg)
{
	struct hisi_acc_queue_alloc queue = acc_queue_args(0, 16);
	int fd = open(device_node(), O_RDWR);

	(void)arg;
	child_check(fd >= 0);
	child_check_errno(EBUSY, acc_queue_alloc(fd, &queue));
	return 0;
}

START_TEST(childs_own_context_is_somebody_elses)
{
	struct work w;

	only_in_modes(HISI_ACC_MODE_DMA);
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	ck_assert_int_eq(child_run(open_own, NULL), 0);
	work_run(&w, 1);
}
END_TEST

static int close_and_leave(void *arg)
{
	struct work *w = arg;

	close(w->q.fd);
	munmap(w->src.data, w->src.size);
	munmap(w->dst.data, w->dst.size);
	return 0;
}

START_TEST(child_that_closes_the_file_does_no_harm)
{
	struct device_usage usage;
	struct work w;
	int i;

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	usage = device_usage();
	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(child_run(close_and_leave, &w), 0);
		expect_usage(&usage);
		work_run(&w, i);
	}
}
END_TEST

/* Pinned memory */

struct family {
	struct work w;
	struct gate forked, written;
	uint8_t *data;
	size_t size;
};

/* The child keeps what was there when it came to be. */
static int look_at_old_data(void *arg)
{
	struct family *f = arg;
	uint8_t *expected = malloc(f->size);

	fill_text(expected, f->size, 1);
	child_check(!memcmp(f->data, expected, f->size));
	gate_open(&f->forked);
	child_check(gate_wait(&f->written));
	child_check(!memcmp(f->data, expected, f->size));
	/* what it writes is its own */
	memset(f->data, 0xee, f->size);
	return 0;
}

/* Writes on both sides of a fork() reach the right memory of each. */
static void expect_fork_is_safe(uint8_t *data, size_t size)
{
	struct family f = { .data = data, .size = size };
	uint32_t sqe[SQE_WORDS], handle = 0;
	struct raw_queue compress, decompress;
	struct pinned spare;
	uint8_t *text = malloc(size);
	uint64_t iova = 0;
	int fd = device_open();
	size_t made;
	pid_t child;

	gate_init(&f.forked);
	gate_init(&f.written);
	raw_queue_init(&compress, fd, QUEUE_COMPRESS, 16, 0);
	raw_queue_init(&decompress, fd, QUEUE_DECOMPRESS, 16, 0);
	pinned_init(&spare, fd, (zlib_room(size) + PAGE) / PAGE * PAGE);
	fill_text(data, size, 1);
	expect_ok(acc_mem_pin(fd, 0, data, size, &handle, &iova));

	child = child_start(look_at_old_data, &f);
	ck_assert(gate_wait(&f.forked));
	/* written by us after the fork, seen by the device */
	fill_text(data, size, 2);
	raw_queue_run(&compress, iova, size, spare.iova, spare.size, sqe);
	ck_assert(zip_succeeded(sqe));
	ck_assert(zlib_is(spare.data, zip_produced(sqe), data, size));
	/* written by the device after the fork, seen by us */
	fill_text(text, size, 3);
	made = zlib_make(spare.data, spare.size, text, size);
	raw_queue_run(&decompress, spare.iova, made, iova, size, sqe);
	ck_assert(zip_succeeded(sqe));
	ck_assert(!memcmp(data, text, size));
	gate_open(&f.written);
	ck_assert_int_eq(child_end(child), 0);
	ck_assert(!memcmp(data, text, size));
	expect_ok(acc_mem_unpin(fd, handle));
	free(text);
}

static uint8_t *map_anonymous(size_t size, int flags)
{
	void *data = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return data == MAP_FAILED ? NULL : data;
}

START_TEST(fork_with_pinned_small_pages)
{
	expect_fork_is_safe(map_anonymous(64 * PAGE, 0), 64 * PAGE);
}
END_TEST

START_TEST(fork_with_a_pinned_part_of_a_page)
{
	expect_fork_is_safe(map_anonymous(2 * PAGE, 0) + 100, PAGE);
}
END_TEST

START_TEST(fork_with_pinned_transparent_huge_pages)
{
	const size_t huge = huge_page_size();
	uint8_t *data = map_anonymous(2 * huge, 0);

	data += huge - (uintptr_t)data % huge;
	if (madvise(data, huge, MADV_HUGEPAGE))
		skip("no transparent huge pages");
	memset(data, 1, huge);
	expect_fork_is_safe(data, PART);
}
END_TEST

START_TEST(fork_with_pinned_hugetlb_pages)
{
	uint8_t *data;

	/* fork() needs a second one for the child */
	if (!write_string("/proc/sys/vm/nr_hugepages", "4"))
		skip("no huge pages");
	data = map_anonymous(huge_page_size(), MAP_HUGETLB);
	if (!data)
		skip("no huge pages are free");
	expect_fork_is_safe(data, PART);
}
END_TEST

static int keep_still(void *arg)
{
	struct gate *go = arg;

	child_check(gate_wait(go));
	return 0;
}

START_TEST(children_hold_no_pins)
{
	struct device_usage usage = device_usage();
	struct gate go;
	struct work w;
	pid_t child;

	gate_init(&go);
	work_init(&w, device_open(), QUEUE_COMPRESS, 10000);
	child = child_start(keep_still, &go);
	work_run(&w, 1);
	work_fini(&w);
	expect_usage(&usage);
	ck_assert_int_eq(locked_kb(), 0);
	gate_open(&go);
	ck_assert_int_eq(child_end(child), 0);
}
END_TEST

/* fork()'s relatives, with requests in flight */

static char *const true_argv[] = { "/bin/true", NULL };

static void start_by_vfork(void)
{
	int status;
	pid_t child = vfork();

	if (!child) {
		execv(true_argv[0], true_argv);
		_exit(127);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

static void start_by_spawn(void)
{
	extern char **environ;
	int status;
	pid_t child;

	ck_assert_int_eq(posix_spawn(&child, true_argv[0], NULL, NULL, true_argv,
				     environ), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

static void start_by_system(void)
{
	ck_assert_int_eq(system("true"), 0);
}

static void start_by_popen(void)
{
	FILE *pipe = popen("echo word", "r");
	char word[16] = "";

	ck_assert_ptr_nonnull(pipe);
	ck_assert_ptr_nonnull(fgets(word, sizeof(word), pipe));
	ck_assert_str_eq(word, "word\n");
	ck_assert_int_eq(pclose(pipe), 0);
}

static void (*const starters[])(void) = {
	start_by_vfork, start_by_spawn, start_by_system, start_by_popen,
};

START_TEST(starting_programs_does_no_harm)
{
	struct device_usage usage;
	struct work w;
	int i;

	work_init(&w, device_open(), QUEUE_COMPRESS, 3000);
	usage = device_usage();
	for (i = 0; i < 5; i++) {
		work_submit(&w, i);
		starters[_i]();
		ck_assert(work_wait(&w, 5000));
		expect_usage(&usage);
	}
}
END_TEST

/* Threads submit while another one forks */

struct submitter {
	struct work w;
	volatile bool stop;
	volatile int runs;
};

static void *submit_on(void *arg)
{
	struct submitter *s = arg;

	while (!s->stop) {
		work_submit(&s->w, s->runs);
		if (!work_wait(&s->w, 5000))
			return "failed";
		s->runs++;
	}
	return NULL;
}

static int do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

START_TEST(fork_among_submitting_threads)
{
	struct submitter s[2] = {};
	pthread_t threads[2];
	void *result;
	int i, fd = device_open();

	for (i = 0; i < 2; i++) {
		work_init(&s[i].w, fd, i, 8000);
		ck_assert(!pthread_create(&threads[i], NULL, submit_on, &s[i]));
	}
	for (i = 0; i < 40; i++)
		ck_assert_int_eq(child_run(do_nothing, NULL), 0);
	ck_assert(wait_until(s[0].runs > 5 && s[1].runs > 5, 10000));
	for (i = 0; i < 2; i++)
		s[i].stop = true;
	for (i = 0; i < 2; i++) {
		pthread_join(threads[i], &result);
		ck_assert_ptr_null(result);
	}
}
END_TEST

static void add(void)
{
	test_add(child_is_refused_everything);
	test_add(child_has_no_mappings);
	test_add(mappings_cannot_be_made_inheritable);
	test_add(childs_own_context_is_somebody_elses);
	test_add(child_that_closes_the_file_does_no_harm);
	test_add(fork_with_pinned_small_pages);
	test_add(fork_with_a_pinned_part_of_a_page);
	test_add(fork_with_pinned_transparent_huge_pages);
	test_add(fork_with_pinned_hugetlb_pages);
	test_add(children_hold_no_pins);
	test_add_loop(starting_programs_does_no_harm, 0, ARRAY_SIZE(starters));
	test_add(fork_among_submitting_threads);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
