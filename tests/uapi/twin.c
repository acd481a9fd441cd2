// SPDX-License-Identifier: GPL-2.0
/*
 * Two functions at work in one address space: what is a pointer for the one is
 * a pointer for the other, and the end of one is not the other's.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "process.h"
#include "test.h"

#define TWINS	2
#define SIZE	(16 * PAGE)

static const char *const nodes[TWINS] = {
	"/dev/hisi_acc/zip0", "/dev/hisi_acc/zip1",
};

/* A file and queues of each function. */
struct twin {
	int fd;
	struct raw_queue compress, decompress;
};

static void twin_init(struct twin *t, int number)
{
	t->fd = require_ok(open(nodes[number], O_RDWR));
	raw_queue_init(&t->compress, t->fd, QUEUE_COMPRESS, 16, 0);
	raw_queue_init(&t->decompress, t->fd, QUEUE_DECOMPRESS, 16, 0);
}

static void twin_fini(struct twin *t)
{
	raw_queue_fini(&t->compress);
	raw_queue_fini(&t->decompress);
	close(t->fd);
}

static long attribute(int number, const char *name)
{
	char path[DEVICE_PATH_MAX];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/hisi_acc/zip%d/%s", number, name);
	file = fopen(path, "r");
	require(file);
	require(fscanf(file, "%ld", &value) == 1);
	fclose(file);
	return value;
}

static bool both_are_idle(void)
{
	int i;

	for (i = 0; i < TWINS; i++)
		if (attribute(i, "queues_free") != attribute(i, "queues") ||
		    attribute(i, "pinned_pages"))
			return false;
	return true;
}

static void submit(struct raw_queue *q, const void *src, size_t size, void *dst,
		   size_t room)
{
	uint32_t sqe[SQE_WORDS];

	zip_encode(sqe, (uintptr_t)src, size, (uintptr_t)dst, room);
	raw_queue_push(q, sqe);
	raw_queue_ring(q);
}

/* Waits for one request; what it produced. */
static size_t finish(struct raw_queue *q)
{
	uint32_t sqe[SQE_WORDS];

	require(raw_queue_pop(q, sqe, 5000));
	raw_queue_ring_cq(q, false);
	require(zip_succeeded(sqe));
	return zip_produced(sqe);
}

/* One source, at the same time, into memory that neither has touched. */
static void run_together(struct twin *twins, uint32_t seed)
{
	uint8_t *src = map_anonymous(SIZE), *dst[TWINS];
	int i;

	fill_text(src, SIZE, seed);
	for (i = 0; i < TWINS; i++) {
		dst[i] = map_anonymous(2 * SIZE);
		submit(&twins[i].compress, src, SIZE, dst[i], 2 * SIZE);
	}
	for (i = 0; i < TWINS; i++) {
		require(zlib_is(dst[i], finish(&twins[i].compress), src, SIZE));
		munmap(dst[i], 2 * SIZE);
	}
	munmap(src, SIZE);
}

static void run_alone(struct twin *t, uint32_t seed)
{
	uint8_t *src = map_anonymous(SIZE), *dst = map_anonymous(2 * SIZE);

	fill_text(src, SIZE, seed);
	submit(&t->compress, src, SIZE, dst, 2 * SIZE);
	require(zlib_is(dst, finish(&t->compress), src, SIZE));
	munmap(src, SIZE);
	munmap(dst, 2 * SIZE);
}

START_TEST(one_pasid_and_one_pointer)
{
	struct twin twins[TWINS];
	int i;

	for (i = 0; i < TWINS; i++)
		twin_init(&twins[i], i);
	ck_assert_uint_ne(twins[0].compress.arg.out_pasid, 0);
	ck_assert_uint_eq(twins[0].compress.arg.out_pasid,
			  twins[1].compress.arg.out_pasid);
	for (i = 0; i < 20; i++)
		run_together(twins, i);
}
END_TEST

START_TEST(output_of_one_is_input_of_the_other)
{
	uint8_t *text = map_anonymous(SIZE), *packed = map_anonymous(2 * SIZE);
	uint8_t *restored = map_anonymous(SIZE);
	struct twin twins[TWINS];
	size_t size;
	int i;

	for (i = 0; i < TWINS; i++)
		twin_init(&twins[i], i);
	for (i = 0; i < 10; i++) {
		fill_text(text, SIZE, i);
		submit(&twins[i & 1].compress, text, SIZE, packed, 2 * SIZE);
		size = finish(&twins[i & 1].compress);
		/* no CPU has touched it in between */
		submit(&twins[!(i & 1)].decompress, packed, size, restored, SIZE);
		ck_assert_uint_eq(finish(&twins[!(i & 1)].decompress), SIZE);
		ck_assert(!memcmp(text, restored, SIZE));
	}
}
END_TEST

START_TEST(one_binding_ends_and_the_other_stays)
{
	struct twin twins[TWINS];
	uint32_t pasid;
	int i, round;

	for (i = 0; i < TWINS; i++)
		twin_init(&twins[i], i);
	pasid = twins[0].compress.arg.out_pasid;
	for (round = 0; round < 10; round++) {
		int ends = round & 1;
		struct twin *other = &twins[!ends];
		uint8_t *src = map_anonymous(SIZE), *dst = map_anonymous(SIZE);

		/* with a request of the other's under way */
		submit(&other->compress, src, SIZE, dst, SIZE);
		twin_fini(&twins[ends]);
		finish(&other->compress);
		run_alone(other, round);
		twin_init(&twins[ends], ends);
		ck_assert_uint_eq(twins[ends].compress.arg.out_pasid, pasid);
		run_together(twins, round);
	}
}
END_TEST

START_TEST(one_function_goes_and_the_other_stays)
{
	struct hisi_acc_query query;
	struct twin twins[TWINS];
	int i;

	for (i = 0; i < TWINS; i++)
		twin_init(&twins[i], i);
	run_together(twins, 1);
	device_unbind();
	expect_errno(ENODEV, acc_query(twins[0].fd, &query));
	for (i = 0; i < 5; i++)
		run_alone(&twins[1], i);
	close(twins[0].fd);
	device_bind();
	twin_init(&twins[0], 0);
	run_together(twins, 2);
}
END_TEST

START_TEST(each_function_pins_for_itself)
{
	uint8_t *data = map_anonymous(SIZE);
	uint32_t handles[TWINS];
	struct twin twins[TWINS];
	int i;

	for (i = 0; i < TWINS; i++) {
		twin_init(&twins[i], i);
		handles[i] = pin(twins[i].fd, data, SIZE);
	}
	ck_assert_int_eq(locked_kb(), TWINS * SIZE / 1024);
	expect_ok(acc_mem_unpin(twins[0].fd, handles[0]));
	ck_assert_int_eq(locked_kb(), SIZE / 1024);
	ck_assert_int_eq(attribute(0, "pinned_pages"), 0);
	ck_assert_int_eq(attribute(1, "pinned_pages"), SIZE / PAGE);
	run_together(twins, 1);
	expect_ok(acc_mem_unpin(twins[1].fd, handles[1]));
	ck_assert_int_eq(locked_kb(), 0);
}
END_TEST

START_TEST(each_function_has_a_mode_of_its_own)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	int fd = require_ok(open(nodes[0], O_RDWR));
	struct twin shared;
	struct work w;

	arg.modes = HISI_ACC_MODE_SVA;
	twin_init(&shared, 1);
	acc_set_modes(HISI_ACC_MODE_DMA);
	work_init(&w, fd, QUEUE_COMPRESS, 5000);
	ck_assert_uint_eq(w.q.arg.out_mode, HISI_ACC_MODE_DMA);
	work_submit(&w, 1);
	run_alone(&shared, 2);
	ck_assert(work_wait(&w, 5000));
	/* that the one is taken is nothing to the other */
	expect_errno(EBUSY, acc_queue_alloc(fd, &arg));
	expect_ok(acc_queue_alloc(shared.fd, &arg));
}
END_TEST

static int work_on_both(void *arg)
{
	struct twin twins[TWINS];
	uint32_t i;

	for (i = 0; i < TWINS; i++)
		twin_init(&twins[i], i);
	gate_open(arg);
	while (i)
		run_together(twins, i++);
	return 1;
}

START_TEST(killed_process_leaves_nothing_on_either)
{
	struct gate ready;
	int i;

	for (i = 0; i < 20; i++) {
		pid_t child;

		gate_init(&ready);
		child = child_start(work_on_both, &ready);
		ck_assert(gate_wait(&ready));
		usleep(i * 1000);
		kill(child, SIGKILL);
		ck_assert_int_eq(child_end(child), -SIGKILL);
		ck_assert(wait_until(both_are_idle(), 2000));
	}
	expect_device_works();
}
END_TEST

static void add(void)
{
	test_set_timeout(60);
	test_add(one_pasid_and_one_pointer);
	test_add(output_of_one_is_input_of_the_other);
	test_add(one_binding_ends_and_the_other_stays);
	test_add(one_function_goes_and_the_other_stays);
	test_add(each_function_pins_for_itself);
	test_add(each_function_has_a_mode_of_its_own);
	test_add(killed_process_leaves_nothing_on_either);
}

int main(int argc, char **argv)
{
	setenv("MODE", "sva", 1);
	return fixture_main(argc, argv, add);
}
