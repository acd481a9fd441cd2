// SPDX-License-Identifier: GPL-2.0
/*
 * A process that answers its own page faults lets the driver wait as long as it
 * likes. Nobody else may have to wait with it.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "process.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"

/* Far less than anybody would wait, far more than all this takes. */
#define SOON_MS		5000

/* Memory whose faults nobody answers until told to. */
struct slow {
	int uffd;
	uint8_t *data;
	size_t size;
	uint64_t mode;		/* UFFDIO_REGISTER_MODE_* */
};

/* The call that is to sleep, in a thread of its own. */
struct call {
	struct slow slow;
	int fd;
	int ret;
	int code;
};

struct story {
	void *(*call)(void *call);
	uint64_t mode;
	int code;		/* errno in the end; 0: success */
	struct gate asleep, go_on;
};

static int uffd_open(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api))
		return uffd;
	close(uffd);
	return -1;
}

static uint64_t features_of(uint64_t mode)
{
	return mode == UFFDIO_REGISTER_MODE_WP ? UFFD_FEATURE_PAGEFAULT_FLAG_WP : 0;
}

/* Memory that only waits to be written to holds the argument of a query. */
static void slow_init(struct slow *slow, uint64_t mode)
{
	struct uffdio_register reg = { .mode = mode };
	struct uffdio_writeprotect protect = {
		.mode = UFFDIO_WRITEPROTECT_MODE_WP
	};
	struct hisi_acc_query *argument;

	slow->mode = mode;
	slow->size = 4 * PAGE;
	slow->data = mmap(NULL, slow->size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	child_check(slow->data != MAP_FAILED);
	argument = (void *)slow->data;
	slow->uffd = uffd_open(features_of(mode));
	child_check(slow->uffd >= 0);
	reg.range.start = (uintptr_t)slow->data;
	reg.range.len = slow->size;
	if (mode == UFFDIO_REGISTER_MODE_WP)
		argument->argsz = sizeof(*argument);
	child_check(!ioctl(slow->uffd, UFFDIO_REGISTER, &reg));
	protect.range = reg.range;
	if (mode == UFFDIO_REGISTER_MODE_WP)
		child_check(!ioctl(slow->uffd, UFFDIO_WRITEPROTECT, &protect));
}

static void slow_wait(const struct slow *slow)
{
	struct pollfd pollfd = { .fd = slow->uffd, .events = POLLIN };

	child_check(poll(&pollfd, 1, SOON_MS) == 1);
}

static void slow_answer(const struct slow *slow)
{
	struct uffdio_range range = {
		.start = (uintptr_t)slow->data, .len = slow->size,
	};
	struct uffdio_zeropage zero = { .range = range };
	struct uffdio_writeprotect open = { .range = range };

	if (slow->mode == UFFDIO_REGISTER_MODE_WP)
		child_check(!ioctl(slow->uffd, UFFDIO_WRITEPROTECT, &open));
	else
		child_check(!ioctl(slow->uffd, UFFDIO_ZEROPAGE, &zero));
}

static void *pin_it(void *arg)
{
	struct call *call = arg;

	call->ret = acc_mem_pin(call->fd, 0, call->slow.data, call->slow.size,
				NULL, NULL);
	call->code = errno;
	return NULL;
}

static void *pin_watched(void *arg)
{
	struct call *call = arg;

	call->ret = acc_mem_pin(call->fd, HISI_ACC_MEM_WATCH, call->slow.data,
				call->slow.size, NULL, NULL);
	call->code = errno;
	return NULL;
}

static void *query(void *arg)
{
	struct call *call = arg;

	call->ret = ioctl(call->fd, HISI_ACC_QUERY, call->slow.data);
	call->code = errno;
	return NULL;
}

static int sleep_until_told(void *arg)
{
	struct story *story = arg;
	struct call call = { .fd = device_open() };
	pthread_t thread;

	slow_init(&call.slow, story->mode);
	child_check(!pthread_create(&thread, NULL, story->call, &call));
	slow_wait(&call.slow);
	gate_open(&story->asleep);
	child_check(gate_wait(&story->go_on));
	slow_answer(&call.slow);
	child_check(!pthread_join(thread, NULL));
	child_check(story->code ? call.ret == -1 && call.code == story->code :
				  !call.ret);
	return 0;
}

static pid_t start_sleeper(struct story *story)
{
	pid_t child;

	gate_init(&story->asleep);
	gate_init(&story->go_on);
	child = child_start(sleep_until_told, story);
	ck_assert(gate_wait(&story->asleep));
	return child;
}

static void *unbind(void *arg)
{
	device_unbind();
	*(volatile bool *)arg = true;
	return NULL;
}

/* The device leaves at once, the sleeper learns of it when it wakes up. */
static void unbind_beside(struct story story)
{
	volatile bool done = false;
	pid_t child = start_sleeper(&story);
	pthread_t thread;

	expect_ok(-pthread_create(&thread, NULL, unbind, (void *)&done));
	ck_assert_msg(wait_until(done, SOON_MS), "removal waits for a process");
	expect_ok(-pthread_join(thread, NULL));
	gate_open(&story.go_on);
	ck_assert_int_eq(child_end(child), 0);
	device_bind();
	expect_device_works();
}

/* Why a call cannot be made to sleep that way, or NULL. */
static const char *why_not(uint64_t mode)
{
	int uffd = uffd_open(features_of(mode));

	if (uffd < 0)
		return "this kernel has no such userfaultfd";
	close(uffd);
	if (mode == UFFDIO_REGISTER_MODE_MISSING &&
	    kernel_version() < SERVER_AWAITED)
		return "this kernel's pins do not wait for the process";
	return NULL;
}

#define only_with_userfaultfd(mode)					\
	do {								\
		if (why_not(mode))					\
			skip("%s", why_not(mode));			\
	} while (0)

START_TEST(pinning_that_sleeps_does_not_hold_up_removal)
{
	only_with_userfaultfd(UFFDIO_REGISTER_MODE_MISSING);
	unbind_beside((struct story) {
		.call = pin_it, .mode = UFFDIO_REGISTER_MODE_MISSING, .code = ENODEV,
	});
}
END_TEST

START_TEST(watched_pinning_that_sleeps_does_not_hold_up_removal)
{
	only_with_userfaultfd(UFFDIO_REGISTER_MODE_MISSING);
	unbind_beside((struct story) {
		.call = pin_watched, .mode = UFFDIO_REGISTER_MODE_MISSING,
		.code = ENODEV,
	});
}
END_TEST

START_TEST(answer_that_sleeps_does_not_hold_up_removal)
{
	only_with_userfaultfd(UFFDIO_REGISTER_MODE_WP);
	unbind_beside((struct story) {
		.call = query, .mode = UFFDIO_REGISTER_MODE_WP,
	});
}
END_TEST

START_TEST(others_go_on_beside_pinning_that_sleeps)
{
	struct story story = {
		.call = pin_it, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct raw_queue q;
	pid_t child;
	int fd;

	only_with_userfaultfd(UFFDIO_REGISTER_MODE_MISSING);
	only_in_modes(HISI_ACC_MODE_SVA | HISI_ACC_MODE_PASID);
	child = start_sleeper(&story);
	fd = device_open();
	raw_queue_init(&q, fd, 0, 16, 0);
	close(fd);
	device_reset();
	gate_open(&story.go_on);
	ck_assert_int_eq(child_end(child), 0);
	expect_device_works();
}
END_TEST

START_TEST(sleeper_can_be_killed)
{
	struct story story = {
		.call = pin_it, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	pid_t child;

	only_with_userfaultfd(UFFDIO_REGISTER_MODE_MISSING);
	child = start_sleeper(&story);
	kill(child, SIGKILL);
	ck_assert_int_eq(child_end(child), -SIGKILL);
	expect_device_works();
}
END_TEST

static void add(void)
{
	test_add(pinning_that_sleeps_does_not_hold_up_removal);
	test_add(watched_pinning_that_sleeps_does_not_hold_up_removal);
	test_add(answer_that_sleeps_does_not_hold_up_removal);
	test_add(others_go_on_beside_pinning_that_sleeps);
	test_add(sleeper_can_be_killed);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
