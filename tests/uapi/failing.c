// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation of the kernel's, and each copy to the process, fails once: the
 * call fails or does without, and nothing is lost. The kernel has to be built
 * for that (CONFIG_FAULT_INJECTION and what belongs to it).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "exporter.h"
#include "fixture.h"
#include "monitor.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define PAGES		40u
/* More than any call here allocates. */
#define NTH_MAX		3000

/* Something that is done with an open file, and taken back when it was. */
struct call {
	int fd;
	int other;		/* a file, a handle: what prepare() made */
	uint8_t *data;
	uint32_t handle;
	void *map;
	size_t size;
};

struct step {
	const char *name;
	void (*prepare)(struct call *call);
	int (*run)(struct call *call);		/* 0, or -1 and errno */
	void (*undo)(struct call *call);
	void (*end)(struct call *call);
};

/* ---- The steps ---- */

static int run_open(struct call *call)
{
	call->other = open(device_node(), O_RDWR | O_CLOEXEC);
	return call->other < 0 ? -1 : 0;
}

static void undo_open(struct call *call)
{
	close(call->other);
}

static int run_query(struct call *call)
{
	struct hisi_acc_query query;

	return acc_query(call->fd, &query);
}

static int run_queue(struct call *call)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 64);
	int ret = acc_queue_alloc(call->fd, &arg);

	call->handle = arg.out_handle;
	return ret;
}

static void undo_queue(struct call *call)
{
	expect_ok(acc_queue_free(call->fd, call->handle));
}

static void prepare_memory(struct call *call)
{
	call->size = PAGES * PAGE;
	call->data = map_anonymous(call->size);
}

static void end_memory(struct call *call)
{
	munmap(call->data, call->size);
}

static int pin_with(struct call *call, uint32_t flags)
{
	return acc_mem_pin(call->fd, flags, call->data, call->size,
			   &call->handle, NULL);
}

static int run_pin(struct call *call)
{
	return pin_with(call, 0);
}

static int run_pin_read_only(struct call *call)
{
	return pin_with(call, HISI_ACC_MEM_READ_ONLY);
}

static int run_pin_watched(struct call *call)
{
	return pin_with(call, HISI_ACC_MEM_WATCH);
}

static void undo_mem(struct call *call)
{
	expect_ok(acc_mem_unpin(call->fd, call->handle));
}

/* Parts of the range are registered already, some pages are new. */
static void prepare_overlap(struct call *call)
{
	uint32_t handle;

	prepare_memory(call);
	expect_ok(acc_mem_pin(call->fd, 0, call->data + 3 * PAGE, 4 * PAGE,
			      &handle, NULL));
	call->other = (int)handle;
}

static void end_overlap(struct call *call)
{
	expect_ok(acc_mem_unpin(call->fd, (uint32_t)call->other));
	end_memory(call);
}

static int run_alloc(struct call *call)
{
	struct hisi_acc_mem_alloc arg;
	int ret = acc_mem_alloc(call->fd, call->data, call->size, &arg);

	call->handle = arg.out_handle;
	return ret;
}

static void prepare_buffer(struct call *call)
{
	struct hisi_acc_mem_alloc arg;

	prepare_memory(call);
	expect_ok(acc_mem_alloc(call->fd, call->data, call->size, &arg));
	call->handle = arg.out_handle;
	call->map = (void *)(uintptr_t)arg.out_key;
}

static void end_buffer(struct call *call)
{
	undo_mem(call);
	end_memory(call);
}

static int run_export(struct call *call)
{
	call->other = acc_mem_export(call->fd, call->handle);
	return call->other < 0 ? -1 : 0;
}

static void undo_export(struct call *call)
{
	close(call->other);
}

static int run_mmap(struct call *call)
{
	void *at = mmap(call->data, call->size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED, call->fd,
			(off_t)(uintptr_t)call->map);

	return at == MAP_FAILED ? -1 : 0;
}

static void prepare_import(struct call *call)
{
	call->size = PAGES * PAGE;
	call->other = exporter_make(EXPORTER_UDMABUF, call->size);
	call->data = mmap(NULL, call->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			  call->other, 0);
	ck_assert(call->data != MAP_FAILED);
}

static int run_import(struct call *call)
{
	struct hisi_acc_mem_import arg = acc_import_args(call->other, call->data);
	int ret = acc_mem_import(call->fd, &arg);

	call->handle = arg.out_handle;
	return ret;
}

static void end_import(struct call *call)
{
	end_memory(call);
	close(call->other);
}

static const struct step steps[] = {
	{ "open", NULL, run_open, undo_open, NULL },
	{ "query", NULL, run_query, NULL, NULL },
	{ "queue", NULL, run_queue, undo_queue, NULL },
	{ "pin", prepare_memory, run_pin, undo_mem, end_memory },
	{ "pin, read-only", prepare_memory, run_pin_read_only, undo_mem,
	  end_memory },
	{ "pin, watched", prepare_memory, run_pin_watched, undo_mem, end_memory },
	{ "pin, overlapping", prepare_overlap, run_pin, undo_mem, end_overlap },
	{ "alloc", prepare_memory, run_alloc, undo_mem, end_memory },
	{ "mmap", prepare_buffer, run_mmap, NULL, end_buffer },
	{ "export", prepare_buffer, run_export, undo_export, end_buffer },
	{ "import", prepare_import, run_import, undo_mem, end_import },
};

/* ---- Failures ---- */

static int fail_file(void)
{
	int fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void fail_nth(int file, int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	ck_assert_int_eq(pwrite(file, text, len, 0), len);
}

/*
 * Stops the counting. Whether the failure has happened: otherwise it can happen
 * to these calls as well.
 */
static bool fail_happened(int file)
{
	char text[16] = "";
	bool happened = pread(file, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	while (pwrite(file, "0", 1, 0) != 1)
		;
	return happened;
}

/* Allocations that may sleep are those that calls of processes make. */
static bool failures_are_to_be_had(void)
{
	static const char * const settings[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_usercopy/verbose", "0" },
	};
	char path[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s",
			 settings[i][0]);
		if (!write_string(path, settings[i][1]))
			return false;
	}
	return !access(FAIL_NTH, W_OK);
}

/* True as long as there was something to fail. */
static bool fail_once(const struct step *step, struct call *call, int nth,
		      int *failed)
{
	int file = fail_file(), ret, code;
	bool happened;

	fail_nth(file, nth);
	ret = step->run(call);
	code = errno;
	happened = fail_happened(file);
	close(file);
	ck_assert_msg(!ret || code == ENOMEM || code == EFAULT ||
		      code == EOPNOTSUPP || code == ENOSPC || code == EMFILE,
		      "%s: %s after failure %d", step->name,
		      strerrorname_np(code), nth);
	ck_assert_msg(!ret || happened, "%s: %s without a failure", step->name,
		      strerrorname_np(code));
	if (!ret && step->undo)
		step->undo(call);
	*failed += !!ret;
	return happened;
}

START_TEST(each_failure_loses_nothing)
{
	const struct step *step = &steps[_i];
	struct device_usage before, prepared;
	struct call call = {};
	int nth, failed = 0;

	call.fd = device_open();
	before = device_usage();
	if (step->prepare)
		step->prepare(&call);
	prepared = device_usage();
	for (nth = 1; nth < NTH_MAX; nth++) {
		bool more = fail_once(step, &call, nth, &failed);

		/* memory that was mapped is given back a moment later */
		ck_assert_msg(device_usage_becomes(&prepared, 1000),
			      "%s: failure %d leaves something", step->name, nth);
		if (!more)
			break;
	}
	printf("%s: %d failures, %d calls failed\n", step->name, nth - 1, failed);
	ck_assert_int_lt(nth, NTH_MAX);
	ck_assert_int_gt(nth, 1);
	if (step->end)
		step->end(&call);
	ck_assert(device_usage_becomes(&before, 1000));
	close(call.fd);
	expect_device_works();
}
END_TEST

START_TEST(no_failure_is_to_be_had)
{
	skip("this kernel cannot be told to fail");
}
END_TEST

static void add(void)
{
	test_set_timeout(300);
	if (failures_are_to_be_had())
		test_add_loop(each_failure_loses_nothing, 0, ARRAY_SIZE(steps));
	else
		test_add(no_failure_is_to_be_had);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
