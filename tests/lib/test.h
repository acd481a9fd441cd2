/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each test program is made of: one Check test per fact, run in a process
 * of its own, an exact errno for each failing call, counted skips.
 */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes of a page, of the largest that arm64 has, and of a huge one. */
#define PAGE		((size_t)sysconf(_SC_PAGESIZE))
#define PAGE_MAX	65536
size_t huge_page_size(void);

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Runs what @add adds, one after the other, and prints "N passed, N failed". Arguments are
 * parts of test names; if there are any, only tests with such names are run.
 * Returns what main() returns. @setup and @teardown, either may be NULL, run
 * around each test in the test's own process.
 */
int test_main(int argc, char **argv, void (*add)(void), void (*setup)(void),
	      void (*teardown)(void));

/* For @add: a test, or one that is run with _i from @from to @to - 1. */
#define test_add(test) test_add_loop(test, 0, 1)
void test_add_loop(const TTest *test, int from, int to);
/* Tests added from here on may take this long; 20 s at first. */
void test_set_timeout(double seconds);

/* The running test cannot say anything here, because of @why. */
#define skip(...)						\
	do {							\
		test_note_skip(__VA_ARGS__);			\
		return;						\
	} while (0)
void test_note_skip(const char *why, ...) __attribute__((format(printf, 1, 2)));
/* The same for a whole program: main() returns this. */
int test_skip_all(const char *why);

/* The system call succeeds; gives what it returned. */
#define expect_ok(call)							\
	({								\
		__typeof__(call) ok_ = (call);				\
		ck_assert_msg(ok_ != (__typeof__(call))-1, "%s: %s",	\
			      #call, strerrorname_np(errno));		\
		ok_;							\
	})

/* The system call fails, and with this errno. */
#define expect_errno(code, call)					\
	do {								\
		errno = 0;						\
		bool failed_ = (long)(call) == -1;			\
		int errno_ = errno;					\
		ck_assert_msg(failed_, "%s succeeded, not %s", #call,	\
			      strerrorname_np(code));			\
		ck_assert_msg(errno_ == (code), "%s: %s, not %s", #call,	\
			      strerrorname_np(errno_),			\
			      strerrorname_np(code));			\
	} while (0)

/*
 * The same for code that children run as well: Check's asserts all write to
 * one file, so what fails here ends the process by a signal.
 */
#define require(condition)						\
	do {								\
		if (!(condition)) {					\
			dprintf(2, "%s:%d: %s (errno %s)\n", __FILE__,	\
				__LINE__, #condition,			\
				strerrorname_np(errno));		\
			abort();					\
		}							\
	} while (0)

#define require_ok(call)						\
	({								\
		__typeof__(call) ok_ = (call);				\
		require(ok_ != (__typeof__(call))-1);			\
		ok_;							\
	})

/* Looks again and again until @condition holds; false when it never does. */
#define wait_until(condition, timeout_ms)				\
	({								\
		int64_t end_ = now_ms() + (timeout_ms);			\
		bool met_;						\
									\
		while (!(met_ = (condition)) && now_ms() < end_)	\
			sleep_ms(1);					\
		met_;							\
	})

int64_t now_ms(void);
void sleep_ms(int ms);

#endif /* TESTS_LIB_TEST_H */
