// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static const char *running;
static int run, failed;
static double timeout = 20;
static void (*each_setup)(void), (*each_teardown)(void);
static char **filter;
static int *skipped;		/* shared with the tests' processes */

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

void sleep_ms(int ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000l };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

size_t huge_page_size(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	size_t kb = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Hugepagesize: %zu kB", &kb) == 1)
			break;
	if (file)
		fclose(file);
	ck_assert_uint_ne(kb, 0);
	return kb * 1024;
}

/* In a guest the kernel's messages then tell which test they belong to. */
static void note_in_kernel_log(void)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char line[200];
	int size;

	if (fd < 0)
		return;
	/* dprintf() would seek, which this file refuses */
	size = snprintf(line, sizeof(line), "hisi_acc test: %s %s\n",
			program_invocation_short_name, running);
	if (write(fd, line, size) != size)
		perror("/dev/kmsg");
	close(fd);
}

static bool is_wanted(const char *name)
{
	char **part;

	for (part = filter; *part; part++)
		if (strstr(name, *part))
			return true;
	return !*filter;
}

void test_set_timeout(double seconds)
{
	timeout = seconds;
}

static void print_failures(SRunner *runner)
{
	TestResult **failures = srunner_failures(runner);
	int i;

	for (i = 0; i < srunner_ntests_failed(runner); i++) {
		const char *file = tr_lfile(failures[i]);

		printf("%s: %s: %s:%d: %s\n", program_invocation_short_name,
		       running, file ? basename(file) : "?",
		       tr_lno(failures[i]), tr_msg(failures[i]));
	}
	free(failures);
}

/* A runner for each test: what it says comes out before the next one starts. */
void test_add_loop(const TTest *test, int from, int to)
{
	TCase *tcase;
	Suite *suite;
	SRunner *runner;

	if (!is_wanted(test->name))
		return;
	running = test->name;
	tcase = tcase_create(test->name);
	tcase_set_timeout(tcase, timeout);
	tcase_add_checked_fixture(tcase, note_in_kernel_log, NULL);
	tcase_add_checked_fixture(tcase, each_setup, each_teardown);
	tcase_add_loop_test(tcase, test, from, to);
	suite = suite_create(test->name);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_SILENT);
	print_failures(runner);
	run += srunner_ntests_run(runner);
	failed += srunner_ntests_failed(runner);
	srunner_free(runner);
}

void test_note_skip(const char *why, ...)
{
	va_list args;

	fprintf(stderr, "skip: %s: ", running);
	va_start(args, why);
	vfprintf(stderr, why, args);
	va_end(args);
	fputc('\n', stderr);
	__atomic_fetch_add(skipped, 1, __ATOMIC_RELAXED);
}

int test_skip_all(const char *why)
{
	fprintf(stderr, "skip: %s: %s\n", program_invocation_short_name, why);
	puts("0 passed, 0 failed, 1 skipped");
	return 77;
}

/* Shared by all users of the kernel log, who are asked to be brief else. */
static void lift_kernel_log_limit(void)
{
	int fd = open("/proc/sys/kernel/printk_devkmsg", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		dprintf(fd, "on\n");
		close(fd);
	}
}

int test_main(int argc, char **argv, void (*add)(void), void (*setup)(void),
	      void (*teardown)(void))
{
	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	filter = argv + 1;
	each_setup = setup;
	each_teardown = teardown;
	lift_kernel_log_limit();
	skipped = mmap(NULL, sizeof(*skipped), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (skipped == MAP_FAILED)
		return 1;

	add();
	printf("%d passed, %d failed", run - failed - *skipped, failed);
	if (*skipped)
		printf(", %d skipped", *skipped);
	putchar('\n');
	return failed || !run;
}
