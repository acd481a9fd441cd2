// SPDX-License-Identifier: GPL-2.0
/* How many queues one user may have of a device: "user_queues_max" in sysfs. */
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "fixture.h"
#include "ioctls.h"
#include "process.h"
#include "test.h"

#define FILE_OF_MAX	"/sys/class/hisi_acc/zip0/user_queues_max"
#define USUAL_MAX	512
#define NOBODY		65534

static void set_max(const char *max)
{
	ck_assert_msg(write_string(FILE_OF_MAX, max), "%s: %s", max,
		      strerror(errno));
}

/* A process of a user without privileges, that has two open files. */
static void become_nobody(int *fds)
{
	child_check(!setgid(NOBODY) && !setuid(NOBODY));
	fds[0] = device_open();
	fds[1] = device_open();
}

static int have_three_at_most(void *unused)
{
	struct hisi_acc_queue_alloc arg[4];
	int i, fds[2];

	(void)unused;
	become_nobody(fds);
	for (i = 0; i < 4; i++)
		arg[i] = acc_queue_args(0, 16);
	for (i = 0; i < 3; i++)
		child_check(!acc_queue_alloc(fds[i % 2], &arg[i]));
	for (i = 0; i < 2; i++)
		child_check_errno(ENOSPC, acc_queue_alloc(fds[i], &arg[3]));
	child_check(!acc_queue_free(fds[1], arg[1].out_handle));
	child_check(!acc_queue_alloc(fds[0], &arg[3]));
	child_check_errno(ENOSPC, acc_queue_alloc(fds[1], &arg[1]));
	/* a file that is closed gives back all that it had */
	close(fds[0]);
	child_check(!acc_queue_alloc(fds[1], &arg[1]));
	return 0;
}

static int have_four(void *unused)
{
	struct hisi_acc_queue_alloc arg;
	int i, fds[2];

	(void)unused;
	become_nobody(fds);
	for (i = 0; i < 4; i++) {
		arg = acc_queue_args(0, 16);
		child_check(!acc_queue_alloc(fds[i % 2], &arg));
	}
	return 0;
}

START_TEST(user_has_as_many_queues_as_the_administrator_says)
{
	int status[2];

	ck_assert_int_eq(device_attribute("user_queues_max"), USUAL_MAX);
	ck_assert(!chmod(device_node(), 0666));
	set_max("3");
	status[0] = child_run(have_three_at_most, NULL);
	set_max("0");
	status[1] = child_run(have_four, NULL);
	set_max("512");
	ck_assert_int_eq(status[0], 0);
	ck_assert_int_eq(status[1], 0);
}
END_TEST

START_TEST(root_may_have_any_number)
{
	struct hisi_acc_queue_alloc arg;
	int i, failed = 0, fd = device_open();

	set_max("1");
	for (i = 0; i < 3; i++) {
		arg = acc_queue_args(0, 16);
		failed += acc_queue_alloc(fd, &arg) != 0;
	}
	set_max("512");
	ck_assert_int_eq(failed, 0);
}
END_TEST

START_TEST(what_is_no_number_is_einval)
{
	static const char *const wrong[] = { "\n", "-1", "many", "4294967296" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		ck_assert(!write_string(FILE_OF_MAX, wrong[i]) &&
			  (errno == EINVAL || errno == ERANGE));
	ck_assert_int_eq(device_attribute("user_queues_max"), USUAL_MAX);
}
END_TEST

static void add(void)
{
	test_add(user_has_as_many_queues_as_the_administrator_says);
	test_add(root_may_have_any_number);
	test_add(what_is_no_number_is_einval);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
