// SPDX-License-Identifier: GPL-2.0
/* Contexts: whose they are, what ends them, and who has the function. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
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

/* Anonymous memory that processes share. */
static void *shared(size_t size)
{
	void *data = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert(data != MAP_FAILED);
	return data;
}

/* In a process that did not open @fd: everything is refused. 0 if so. */
static int expect_stranger(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct hisi_acc_queue_alloc queue = acc_queue_args(0, 16);
	struct hisi_acc_queue_query queue_query;
	struct hisi_acc_query query;
	struct hisi_acc_event event;
	static uint8_t data[PAGE_MAX];
	int i;

	child_check_errno(EPERM, acc_query(fd, &query));
	child_check_errno(EPERM, acc_queue_alloc(fd, &queue));
	child_check_errno(EPERM, acc_queue_query(fd, 1, &queue_query));
	child_check_errno(EPERM, acc_queue_stop(fd, 1));
	child_check_errno(EPERM, acc_queue_start(fd, 1, NULL));
	child_check_errno(EPERM, acc_queue_event(fd, 1, -1));
	child_check_errno(EPERM, acc_queue_doorbell(fd, 1, 0, 0));
	child_check_errno(EPERM, acc_queue_free(fd, 1));
	child_check_errno(EPERM, acc_mem_pin(fd, 0, data, PAGE, NULL, NULL));
	child_check_errno(EPERM, acc_mem_unpin(fd, 1));
	child_check_errno(EPERM, read(fd, &event, sizeof(event)));
	for (i = 0; i < 20; i++) {
		errno = 0;
		child_check(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd,
				 (off_t)i * PAGE) == MAP_FAILED);
		child_check(errno == EPERM);
	}
	child_check(poll(&pollfd, 1, 0) == 1);
	child_check(pollfd.revents == POLLERR);
	return 0;
}

/* Contexts of one process */

START_TEST(contexts_are_independent)
{
	struct work a, b;

	work_init(&a, device_open(), QUEUE_COMPRESS, 1000);
	work_init(&b, device_open(), QUEUE_DECOMPRESS, 1000);
	ck_assert_uint_eq(a.q.arg.out_handle, b.q.arg.out_handle);
	work_submit(&a, 1);
	work_submit(&b, 2);
	ck_assert(work_wait(&a, 5000));
	ck_assert(work_wait(&b, 5000));
	close(a.q.fd);
	work_run(&b, 3);
}
END_TEST

START_TEST(close_frees_everything)
{
	struct device_usage usage = device_usage();
	int round, i, fd;
	struct work w[4];

	for (round = 0; round < 5; round++) {
		fd = device_open();
		for (i = 0; i < 4; i++)
			work_init(&w[i], fd, i % 2, 1000);
		work_run(&w[0], 1);
		/* mappings hold the file open */
		for (i = 0; i < 4; i++) {
			munmap(w[i].q.sq, w[i].q.arg.out_sq_size);
			munmap(w[i].q.cq, w[i].q.arg.out_cq_size);
			munmap((void *)w[i].q.db, w[i].q.arg.out_db_size);
			munmap((void *)w[i].q.status, PAGE);
		}
		close(fd);
		expect_usage(&usage);
		ck_assert_int_eq(locked_kb(), 0);
	}
}
END_TEST

START_TEST(file_lives_as_long_as_its_copies)
{
	struct device_usage usage = device_usage();
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	struct hisi_acc_queue_query query;
	int fd = device_open(), copy = expect_ok(dup(fd));

	expect_ok(acc_queue_alloc(fd, &arg));
	close(fd);
	expect_ok(acc_queue_query(copy, arg.out_handle, &query));
	close(copy);
	expect_usage(&usage);
}
END_TEST

START_TEST(mapping_alone_keeps_the_queue_working)
{
	struct work w;
	uint32_t sqe[SQE_WORDS];

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	skip_without_doorbell(&w.q);
	close(w.q.fd);
	work_submit(&w, 1);
	ck_assert(raw_queue_pop(&w.q, sqe, 5000));
	ck_assert(zip_succeeded(sqe));
	ck_assert(work_is_right(&w, zip_produced(sqe)));
}
END_TEST

START_TEST(close_in_mid_flight_is_clean)
{
	struct device_usage usage = device_usage();
	struct work w;
	int i;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_DECOMPRESS, 4000);
	monitor_set_delay(150000);
	for (i = 0; i < 10; i++)
		work_submit(&w, i);
	munmap(w.q.sq, w.q.arg.out_sq_size);
	munmap(w.q.cq, w.q.arg.out_cq_size);
	munmap((void *)w.q.db, w.q.arg.out_db_size);
	munmap((void *)w.q.status, PAGE);
	close(w.q.fd);
	expect_usage(&usage);
	ck_assert_uint_eq(monitor_count(MONITOR_INFLIGHT), 0);
	memset(w.dst.data, 0x77, w.dst.size);
	sleep_ms(300);
	ck_assert(is_filled(w.dst.data, w.dst.size, 0x77));
	monitor_set_delay(20);
	expect_device_works();
}
END_TEST

static void *use_in_thread(void *arg)
{
	struct hisi_acc_queue_alloc queue = acc_queue_args(0, 16);
	int fd = *(int *)arg;

	return acc_queue_alloc(fd, &queue) ||
	       acc_queue_free(fd, queue.out_handle) ? "failed" : NULL;
}

START_TEST(threads_may_use_it)
{
	pthread_t thread;
	void *result;
	int fd = device_open();

	ck_assert(!pthread_create(&thread, NULL, use_in_thread, &fd));
	pthread_join(thread, &result);
	ck_assert_ptr_null(result);
}
END_TEST

/* Other processes */

struct party {
	int fd;
	int socket[2];
	struct gate ready, go, done;
	struct hisi_acc_queue_alloc *queue;
};

static void party_init(struct party *p)
{
	ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, p->socket));
	gate_init(&p->ready);
	gate_init(&p->go);
	gate_init(&p->done);
	p->queue = shared(PAGE);
	*p->queue = acc_queue_args(0, 16);
}

static int receive_and_try(void *arg)
{
	struct party *p = arg;
	int fd = receive_fd(p->socket[1]);

	child_check(fd >= 0);
	return expect_stranger(fd);
}

START_TEST(received_file_is_refused)
{
	struct party p;
	struct work w;
	pid_t child;

	party_init(&p);
	child = child_start(receive_and_try, &p);
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	ck_assert(send_fd(p.socket[0], w.q.fd));
	ck_assert_int_eq(child_end(child), 0);
	work_run(&w, 1);
}
END_TEST

static int give_away_and_come_back(void *arg)
{
	struct party *p = arg;
	struct hisi_acc_query query;
	int fd = receive_fd(p->socket[1]);

	child_check(fd >= 0);
	child_check_errno(EPERM, acc_query(fd, &query));
	child_check(send_fd(p->socket[1], fd));
	return 0;
}

START_TEST(returned_file_works_again)
{
	struct hisi_acc_query query;
	struct party p;
	pid_t child;
	int fd;

	party_init(&p);
	child = child_start(give_away_and_come_back, &p);
	fd = device_open();
	ck_assert(send_fd(p.socket[0], fd));
	close(fd);
	fd = receive_fd(p.socket[0]);
	ck_assert_int_ge(fd, 0);
	expect_ok(acc_query(fd, &query));
	ck_assert_int_eq(child_end(child), 0);
}
END_TEST

static int hold_queue(void *arg)
{
	struct party *p = arg;
	int fd = open(device_node(), O_RDWR);

	child_check(fd >= 0);
	child_check(!acc_queue_alloc(fd, p->queue));
	gate_open(&p->ready);
	child_check(gate_wait(&p->go));
	return 0;
}

static int hold_memory(void *arg)
{
	static uint8_t data[PAGE_MAX];
	struct party *p = arg;
	int fd = open(device_node(), O_RDWR);

	child_check(fd >= 0);
	child_check(!acc_mem_pin(fd, 0, data, PAGE, NULL, NULL));
	gate_open(&p->ready);
	child_check(gate_wait(&p->go));
	return 0;
}

START_TEST(function_of_another_process_is_ebusy)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	struct hisi_acc_query query;
	static uint8_t data[PAGE_MAX];
	int fd = device_open();
	struct party p;
	pid_t child;

	only_in_modes(HISI_ACC_MODE_DMA);
	party_init(&p);
	child = child_start(_i ? hold_memory : hold_queue, &p);
	ck_assert(gate_wait(&p.ready));
	expect_ok(acc_query(fd, &query));
	expect_errno(EBUSY, acc_queue_alloc(fd, &arg));
	expect_errno(EBUSY, acc_mem_pin(fd, 0, data, PAGE, NULL, NULL));
	gate_open(&p.go);
	ck_assert_int_eq(child_end(child), 0);
	expect_ok(acc_queue_alloc(fd, &arg));
	expect_ok(acc_mem_pin(fd, 0, data, PAGE, NULL, NULL));
}
END_TEST

static int hold_then_free(void *arg)
{
	struct party *p = arg;
	int fd = open(device_node(), O_RDWR);

	child_check(fd >= 0);
	child_check(!acc_queue_alloc(fd, p->queue));
	gate_open(&p->ready);
	child_check(gate_wait(&p->go));
	child_check(!acc_queue_free(fd, p->queue->out_handle));
	gate_open(&p->ready);
	child_check(gate_wait(&p->go));
	child_check_errno(EBUSY, acc_queue_alloc(fd, p->queue));
	return 0;
}

START_TEST(freeing_the_last_object_gives_the_function_away)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	int fd = device_open();
	struct party p;
	pid_t child;

	only_in_modes(HISI_ACC_MODE_DMA);
	party_init(&p);
	child = child_start(hold_then_free, &p);
	ck_assert(gate_wait(&p.ready));
	expect_errno(EBUSY, acc_queue_alloc(fd, &arg));
	gate_open(&p.go);
	ck_assert(gate_wait(&p.ready));
	expect_ok(acc_queue_alloc(fd, &arg));
	gate_open(&p.go);
	ck_assert_int_eq(child_end(child), 0);
	expect_device_works();
}
END_TEST

/* Works until told to end, without Check: asserts of this sort are enough. */
static int hand_over(void *arg)
{
	struct party *p = arg;
	static uint8_t data[9 * PAGE_MAX]
		__attribute__((aligned(PAGE_MAX)));
	int fd = open(device_node(), O_RDWR);

	child_check(fd >= 0);
	child_check(!acc_queue_alloc(fd, p->queue));
	child_check(!acc_mem_pin(fd, 0, data + 1, 8 * PAGE, NULL, NULL));
	child_check(send_fd(p->socket[1], fd));
	child_check(gate_wait(&p->go));
	return 0;
}

START_TEST(end_of_the_owner_frees_before_the_last_close)
{
	struct device_usage usage = device_usage();
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	struct party p;
	pid_t child;
	int fd;

	party_init(&p);
	child = child_start(hand_over, &p);
	fd = receive_fd(p.socket[0]);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(device_usage().queues_free, usage.queues_free - 1);
	ck_assert_int_eq(device_usage().pinned_pages, 9);
	if (_i)
		kill(child, SIGKILL);
	else
		gate_open(&p.go);
	ck_assert_int_eq(child_end(child), _i ? -SIGKILL : 0);
	/* the file is open still, here */
	ck_assert(device_usage_becomes(&usage, 2000));
	ck_assert_int_eq(expect_stranger(fd), 0);
	/* the function itself is let go of last */
	ck_assert(wait_until(!acc_queue_alloc(device_open(), &arg), 2000));
	close(fd);
	expect_device_works();
}
END_TEST

static int wait_with_file(void *arg)
{
	struct party *p = arg;

	child_check(gate_wait(&p->go));
	return expect_stranger(p->fd);
}

static int die_before_the_child(void *arg)
{
	struct party *p = arg;
	pid_t child;

	p->fd = open(device_node(), O_RDWR);
	child_check(p->fd >= 0);
	child_check(!acc_queue_alloc(p->fd, p->queue));
	child = fork();
	child_check(child >= 0);
	if (!child) {
		int status = wait_with_file(p);

		if (!status)
			gate_open(&p->done);
		_exit(status);
	}
	return 0;
}

START_TEST(child_with_the_file_does_not_keep_the_objects)
{
	struct device_usage usage = device_usage();
	struct party p;

	party_init(&p);
	ck_assert_int_eq(child_run(die_before_the_child, &p), 0);
	ck_assert(device_usage_becomes(&usage, 2000));
	gate_open(&p.go);
	ck_assert(gate_wait(&p.done));
}
END_TEST

static int open_again(void *arg)
{
	struct hisi_acc_query query;
	struct party *p = arg;
	char path[64];
	int fd;

	/* the file of another process, as a path: a context of one's own */
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getppid(), p->fd);
	fd = open(path, O_RDWR);
	child_check(fd >= 0);
	child_check(!acc_query(fd, &query));
	child_check_errno(ENOENT, acc_queue_free(fd, p->queue->out_handle));
	return 0;
}

START_TEST(file_opened_through_proc_is_a_new_context)
{
	struct party p;

	party_init(&p);
	p.fd = device_open();
	expect_ok(acc_queue_alloc(p.fd, p.queue));
	ck_assert_int_eq(child_run(open_again, &p), 0);
	expect_ok(acc_queue_free(p.fd, p.queue->out_handle));
}
END_TEST

/* exec */

static int exec_self(void *arg)
{
	struct party *p = arg;
	static uint8_t data[3 * PAGE_MAX];
	char numbers[5][16];

	p->fd = open(device_node(), O_RDWR);
	child_check(p->fd >= 0);
	child_check(!acc_queue_alloc(p->fd, p->queue));
	child_check(!acc_mem_pin(p->fd, 0, data, sizeof(data), NULL, NULL));
	snprintf(numbers[0], 16, "%d", p->fd);
	snprintf(numbers[1], 16, "%d", p->ready.fd[0]);
	snprintf(numbers[2], 16, "%d", p->ready.fd[1]);
	snprintf(numbers[3], 16, "%d", p->go.fd[0]);
	snprintf(numbers[4], 16, "%d", p->go.fd[1]);
	execl("/proc/self/exe", "ctx", "--after-exec", numbers[0], numbers[1],
	      numbers[2], numbers[3], numbers[4], NULL);
	return 2;
}

/* The other half, in the new program. */
static int after_exec(char **numbers)
{
	struct party p = {
		.fd = atoi(numbers[0]),
		.ready.fd = { atoi(numbers[1]), atoi(numbers[2]) },
		.go.fd = { atoi(numbers[3]), atoi(numbers[4]) },
	};

	gate_open(&p.ready);
	child_check(gate_wait(&p.go));
	child_check(fcntl(p.fd, F_GETFD) >= 0);
	child_check(!count_mappings("hisi_acc/"));
	return expect_stranger(p.fd);
}

START_TEST(exec_ends_the_context_while_the_file_stays_open)
{
	struct device_usage usage = device_usage();
	struct party p;
	pid_t child;

	party_init(&p);
	child = child_start(exec_self, &p);
	ck_assert(gate_wait(&p.ready));
	ck_assert(device_usage_becomes(&usage, 2000));
	gate_open(&p.go);
	ck_assert_int_eq(child_end(child), 0);
}
END_TEST

static int exec_true(void *arg)
{
	struct party *p = arg;
	int fd = open(device_node(), O_RDWR | O_CLOEXEC);

	child_check(fd >= 0);
	child_check(!acc_queue_alloc(fd, p->queue));
	execl("/proc/self/exe", "ctx", "--count-files", NULL);
	return 2;
}

static int count_files(void)
{
	char path[64], name[256];
	ssize_t size;
	int fd;

	for (fd = 0; fd < 256; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		size = readlink(path, name, sizeof(name) - 1);
		if (size <= 0)
			continue;
		name[size] = '\0';
		child_check(!strstr(name, "hisi_acc/"));
	}
	return 0;
}

START_TEST(exec_closes_a_file_opened_so)
{
	struct device_usage usage = device_usage();
	struct party p;

	party_init(&p);
	ck_assert_int_eq(child_run(exec_true, &p), 0);
	expect_usage(&usage);
}
END_TEST

/* A process that shares the memory, but neither files nor signals. */

static int use_same_memory(void *arg)
{
	struct hisi_acc_queue_alloc queue = acc_queue_args(0, 16);
	struct party *p = arg;

	return acc_queue_alloc(p->fd, &queue) ||
	       acc_queue_free(p->fd, queue.out_handle);
}

START_TEST(process_in_the_same_memory_may_use_it)
{
	struct party p = { .fd = device_open() };
	uint8_t *stack = shared(1 << 16);
	int status;
	pid_t child;

	child = clone(use_same_memory, stack + (1 << 16), CLONE_VM | SIGCHLD, &p);
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* Order of owners */

static int work_alone(void *arg)
{
	(void)arg;
	expect_device_works();
	return 0;
}

START_TEST(owners_in_turn_find_a_clean_function)
{
	int i;

	for (i = 0; i < 10; i++)
		ck_assert_int_eq(child_run(work_alone, NULL), 0);
}
END_TEST

static void add(void)
{
	test_add(contexts_are_independent);
	test_add(close_frees_everything);
	test_add(file_lives_as_long_as_its_copies);
	test_add(mapping_alone_keeps_the_queue_working);
	test_add(close_in_mid_flight_is_clean);
	test_add(threads_may_use_it);
	test_add(received_file_is_refused);
	test_add(returned_file_works_again);
	test_add_loop(function_of_another_process_is_ebusy, 0, 2);
	test_add(freeing_the_last_object_gives_the_function_away);
	test_add_loop(end_of_the_owner_frees_before_the_last_close, 0, 2);
	test_add(child_with_the_file_does_not_keep_the_objects);
	test_add(file_opened_through_proc_is_a_new_context);
	test_add(exec_ends_the_context_while_the_file_stays_open);
	test_add(exec_closes_a_file_opened_so);
	test_add(process_in_the_same_memory_may_use_it);
	test_add(owners_in_turn_find_a_clean_function);
}

int main(int argc, char **argv)
{
	if (argc == 7 && !strcmp(argv[1], "--after-exec"))
		return after_exec(argv + 2);
	if (argc == 2 && !strcmp(argv[1], "--count-files"))
		return count_files();
	return fixture_main(argc, argv, add);
}
