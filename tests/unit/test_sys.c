// SPDX-License-Identifier: GPL-2.0
/* The real sys.c, which the other suites replace by the fake device. */
#define _GNU_SOURCE
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hisi_acc.h"
#include "sys.h"

START_TEST(failures_are_negative_errnos)
{
	char buf[8];
	void *addr;

	ck_assert_int_eq(hisiacc_sys_open("/nonexistent"), -ENOENT);
	ck_assert_int_eq(hisiacc_sys_ioctl(-1, HISI_ACC_QUERY, buf), -EBADF);
	ck_assert_int_eq(hisiacc_sys_read(-1, buf, sizeof(buf)), -EBADF);
	ck_assert_int_eq(hisiacc_sys_map(-1, 0, 4096, PROT_READ, &addr),
			 -EBADF);
	ck_assert_int_eq(hisiacc_sys_map(-1, 1, 4096, PROT_READ, &addr),
			 -EINVAL);
	ck_assert_int_eq(hisiacc_sys_map(-1, UINT64_MAX, 4096, PROT_READ,
					 &addr), -EPROTO);
	ck_assert_int_eq(hisiacc_sys_map_anon(SIZE_MAX / 2, &addr), -ENOMEM);
}
END_TEST

START_TEST(a_file_that_is_no_device_has_no_such_ioctl)
{
	struct hisi_acc_query query = { .argsz = sizeof(query) };
	int fd = hisiacc_sys_open("/dev/null");

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(hisiacc_sys_ioctl(fd, HISI_ACC_QUERY, &query),
			 -ENOTTY);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	hisiacc_sys_close(fd);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

START_TEST(an_eventfd_does_not_block)
{
	struct pollfd poll = { .fd = hisiacc_sys_eventfd(), .events = POLLIN };
	uint64_t value = 3;

	ck_assert_int_ge(poll.fd, 0);
	ck_assert_int_eq(hisiacc_sys_read(poll.fd, &value, 8), -EAGAIN);
	ck_assert_int_eq(hisiacc_sys_poll(&poll, 1, 0), 0);
	ck_assert_int_eq(write(poll.fd, &value, 8), 8);
	ck_assert_int_eq(hisiacc_sys_poll(&poll, 1, UINT64_MAX), 1);
	ck_assert_int_eq(poll.revents, POLLIN);
	ck_assert_int_eq(hisiacc_sys_read(poll.fd, &value, 8), 8);
	ck_assert_uint_eq(value, 3);
	hisiacc_sys_close(poll.fd);
}
END_TEST

static void on_alarm(int sig)
{
	(void)sig;
}

START_TEST(time_is_that_of_the_monotonic_clock)
{
	struct timespec ts;
	uint64_t now = hisiacc_sys_now(), then;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	then = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	ck_assert_uint_ge(then, now);
	ck_assert_uint_lt(then - now, 1000000000u);
}
END_TEST

START_TEST(poll_ends_by_time_and_by_signal)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = { .it_value.tv_usec = 10000 };
	uint64_t begin = hisiacc_sys_now();

	ck_assert_int_eq(hisiacc_sys_poll(NULL, 0, 3000000), 0);
	ck_assert_uint_ge(hisiacc_sys_now() - begin, 3000000);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	ck_assert_int_eq(hisiacc_sys_poll(NULL, 0, 3000000000u), -EINTR);
	ck_assert_uint_lt(hisiacc_sys_now() - begin, 2000000000u);
}
END_TEST

START_TEST(a_child_does_not_have_the_memory)
{
	size_t size = 4u << 20;
	void *addr;
	char *p;
	int status;
	pid_t pid;

	ck_assert_int_eq(hisiacc_sys_map_anon(size, &addr), 0);
	p = addr;
	ck_assert_int_eq(p[0] | p[size - 1], 0);
	p[0] = 1;
	pid = fork();
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		_exit(*(volatile char *)p);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	hisiacc_sys_unmap(addr, size);
	ck_assert_int_eq(msync(addr, 4096, MS_ASYNC), -1);
}
END_TEST

START_TEST(no_directory_is_no_devices)
{
	char (*names)[HISIACC_NAME_SIZE] = (void *)1;
	unsigned int count = 9;

	if (!access("/dev/hisi_acc", F_OK))
		return;
	ck_assert_int_eq(hisiacc_sys_list(&names, &count), 0);
	ck_assert_uint_eq(count, 0);
	ck_assert_ptr_null(names);
}
END_TEST

START_TEST(reserved_addresses_are_mapped_over)
{
	static const size_t sizes[] = { 1, 4096, 2u << 20, (4u << 20) + 5 };
	size_t size = sizes[_i], page = hisiacc_sys_page_size();
	int file = memfd_create("sys", MFD_CLOEXEC), copy;
	uint64_t bytes;
	char *addr;

	ck_assert_int_eq(hisiacc_sys_reserve(size, (void **)&addr), 0);
	ck_assert_uint_eq((uintptr_t)addr %
			  (size >= 2u << 20 ? 2u << 20 : page), 0);
	size = (size + page - 1) / page * page;
	ck_assert_int_eq(ftruncate(file, (off_t)size), 0);
	ck_assert_int_eq(hisiacc_sys_map_at(addr, file, 0, size,
					    PROT_READ | PROT_WRITE), 0);
	memset(addr, 1, size);
	hisiacc_sys_unmap(addr, size);
	ck_assert_int_eq(hisiacc_sys_size(file, &bytes), 0);
	ck_assert_uint_eq(bytes, size);
	copy = hisiacc_sys_dup(file);
	ck_assert_int_eq(fcntl(copy, F_GETFD), FD_CLOEXEC);
	hisiacc_sys_close(file);
	ck_assert_int_eq(hisiacc_sys_size(copy, &bytes), 0);
	hisiacc_sys_close(copy);
	ck_assert_int_eq(hisiacc_sys_dup(copy), -EBADF);
	ck_assert_int_eq(hisiacc_sys_size(copy, &bytes), -EBADF);
	ck_assert_int_eq(hisiacc_sys_map_at(addr, copy, 0, page, PROT_READ),
			 -EBADF);
	ck_assert_int_eq(hisiacc_sys_reserve(SIZE_MAX - 5, (void **)&addr),
			 -ENOMEM);
	ck_assert_int_lt(hisiacc_sys_prime_fd(-1, 1, true), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sys");
	TCase *tc = tcase_create("sys");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, reserved_addresses_are_mapped_over, 0, 4);
	tcase_add_test(tc, failures_are_negative_errnos);
	tcase_add_test(tc, a_file_that_is_no_device_has_no_such_ioctl);
	tcase_add_test(tc, an_eventfd_does_not_block);
	tcase_add_test(tc, time_is_that_of_the_monotonic_clock);
	tcase_add_test(tc, poll_ends_by_time_and_by_signal);
	tcase_add_test(tc, a_child_does_not_have_the_memory);
	tcase_add_test(tc, no_directory_is_no_devices);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
