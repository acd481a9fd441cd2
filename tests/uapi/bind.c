// SPDX-License-Identifier: GPL-2.0
/*
 * What a shared address space is bound to and for how long: processes, modes,
 * pins, and the end of each.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "test.h"

static uint32_t pasid_of_new_queue(void)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);

	child_check(!acc_queue_alloc(open(device_node(), O_RDWR | O_CLOEXEC),
				     &arg));
	child_check(arg.out_mode == HISI_ACC_MODE_SVA);
	return arg.out_pasid;
}

static int has_another_pasid(void *arg)
{
	uint32_t *pasid = arg;

	child_check(pasid_of_new_queue() != *pasid);
	return 0;
}

START_TEST(one_pasid_for_each_process)
{
	uint32_t pasid = pasid_of_new_queue();

	ck_assert_uint_eq(pasid_of_new_queue(), pasid);
	ck_assert_int_eq(child_run(has_another_pasid, &pasid), 0);
	ck_assert_uint_eq(pasid_of_new_queue(), pasid);
}
END_TEST

START_TEST(processes_do_not_meet_at_one_address)
{
	expect_processes_do_not_meet();
}
END_TEST

static int not_in_dma_mode(void *arg)
{
	struct hisi_acc_queue_alloc queue = acc_queue_args(0, 16);
	int fd = open(device_node(), O_RDWR);

	(void)arg;
	child_check(fd >= 0);
	queue.modes = HISI_ACC_MODE_DMA;
	child_check_errno(EBUSY, acc_queue_alloc(fd, &queue));
	return 0;
}

START_TEST(dma_mode_waits_until_all_others_are_gone)
{
	struct hisi_acc_queue_alloc sva = acc_queue_args(0, 16), dma = sva;
	int fd = device_open(), other = device_open();

	expect_ok(acc_queue_alloc(fd, &sva));
	dma.modes = HISI_ACC_MODE_DMA;
	/* in the same context, another one, another process */
	expect_errno(EBUSY, acc_queue_alloc(fd, &dma));
	expect_errno(EBUSY, acc_queue_alloc(other, &dma));
	ck_assert_int_eq(child_run(not_in_dma_mode, NULL), 0);
	expect_ok(acc_queue_free(fd, sva.out_handle));
	expect_ok(acc_queue_alloc(other, &dma));
	ck_assert_uint_eq(dma.out_mode, HISI_ACC_MODE_DMA);
	ck_assert_uint_eq(dma.out_pasid, 0);
	/* and the other way round */
	expect_errno(EBUSY, acc_queue_alloc(fd, &sva));
	sva.modes |= HISI_ACC_MODE_DMA;
	expect_ok(acc_queue_alloc(fd, &sva));
	ck_assert_uint_eq(sva.out_mode, HISI_ACC_MODE_DMA);
	ck_assert_uint_eq(sva.out_reason, HISI_ACC_REASON_BUSY);
}
END_TEST

START_TEST(device_works_in_each_mode_in_turn)
{
	static const uint32_t modes[] = {
		HISI_ACC_MODE_SVA, HISI_ACC_MODE_DMA, HISI_ACC_MODE_PASID,
		HISI_ACC_MODE_SVA, HISI_ACC_MODE_PASID, HISI_ACC_MODE_DMA,
	};
	uint8_t *data = map_anonymous(4 * PAGE);
	uint32_t pinned;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		struct device_access a;
		uint64_t iova;

		acc_set_modes(modes[i]);
		access_init(&a, 4 * PAGE);
		ck_assert_uint_eq(a.compress.arg.out_mode, modes[i]);
		expect_ok(acc_mem_pin(a.fd, 0, data, 4 * PAGE, &pinned, &iova));
		ck_assert(device_writes(&a, iova, 4 * PAGE, i));
		ck_assert(is_text(data, 4 * PAGE, i));
		expect_ok(acc_mem_unpin(a.fd, pinned));
		raw_queue_fini(&a.compress);
		raw_queue_fini(&a.decompress);
		pinned_fini(&a.spare);
	}
}
END_TEST

/* Pinned memory */

START_TEST(pins_are_charged_and_on_demand_is_not)
{
	uint8_t *data = map_anonymous(16 * PAGE);
	struct device_usage usage;
	uint32_t pin, demand;
	int fd = device_open();
	uint64_t iova;

	usage = device_usage();
	expect_ok(acc_mem_pin(fd, HISI_ACC_MEM_ON_DEMAND, data, 16 * PAGE,
			      &demand, &iova));
	ck_assert_uint_eq(iova, (uintptr_t)data);
	expect_usage(&usage);
	ck_assert_int_eq(locked_kb(), 0);
	expect_ok(acc_mem_pin(fd, 0, data + 1, 16 * PAGE - 1, &pin, &iova));
	ck_assert_uint_eq(iova, (uintptr_t)data + 1);
	usage.pinned_pages += 16;
	expect_usage(&usage);
	ck_assert_int_eq(locked_kb(), 16 * PAGE / 1024);
	expect_ok(acc_mem_unpin(fd, pin));
	expect_ok(acc_mem_unpin(fd, demand));
	usage.pinned_pages -= 16;
	expect_usage(&usage);
	ck_assert_int_eq(locked_kb(), 0);
}
END_TEST

START_TEST(pin_outlives_the_mapping)
{
	uint8_t *data = map_anonymous(4 * PAGE);
	struct device_access a;
	uint32_t handle;
	uint64_t iova;

	access_init(&a, 4 * PAGE);
	expect_ok(acc_mem_pin(a.fd, 0, data, 4 * PAGE, &handle, &iova));
	expect_ok(munmap(data, 4 * PAGE));
	/* the page table decides, not the pin */
	ck_assert(!device_writes(&a, iova, 4 * PAGE, 1));
	expect_ok(acc_mem_unpin(a.fd, handle));
}
END_TEST

/* The registration keeps the old pages; the process and the device get new ones. */
START_TEST(pin_does_not_follow_what_is_thrown_away)
{
	static const uint8_t zeroes[4 * PAGE_MAX];
	uint8_t *data = map_anonymous(4 * PAGE);
	struct device_access a;
	uint32_t handle;
	uint64_t before;
	long locked;

	access_init(&a, 4 * PAGE);
	handle = pin(a.fd, data, 4 * PAGE);
	locked = locked_kb();
	ck_assert(device_writes(&a, (uintptr_t)data, 4 * PAGE, 1));
	before = monitor_count(MONITOR_PAGE_REQUESTS);
	ck_assert(device_sees(&a, (uintptr_t)data, data, 4 * PAGE));
	ck_assert_uint_eq(monitor_count(MONITOR_PAGE_REQUESTS), before);
	expect_ok(madvise(data, 4 * PAGE, MADV_DONTNEED));
	ck_assert(device_sees(&a, (uintptr_t)data, zeroes, 4 * PAGE));
	ck_assert_uint_gt(monitor_count(MONITOR_PAGE_REQUESTS), before);
	ck_assert(device_writes(&a, (uintptr_t)data, 4 * PAGE, 2));
	ck_assert(is_text(data, 4 * PAGE, 2));
	ck_assert_int_eq(locked_kb(), locked);
	expect_ok(acc_mem_unpin(a.fd, handle));
	ck_assert(is_text(data, 4 * PAGE, 2));
}
END_TEST

/* Ends */

static int hand_over_and_die(void *arg)
{
	int socket = *(int *)arg;
	struct raw_queue q;
	uint32_t sqe[SQE_WORDS];
	uint8_t *data = map_anonymous(64 * PAGE);

	raw_queue_init(&q, device_open(), QUEUE_COMPRESS, 16, 0);
	zip_encode(sqe, (uintptr_t)data, 32 * PAGE, (uintptr_t)data + 32 * PAGE,
		   32 * PAGE);
	raw_queue_push(&q, sqe);
	child_check(send_fd(socket, q.fd));
	raw_queue_ring(&q);
	return 0;
}

START_TEST(process_that_ends_before_its_file)
{
	struct device_usage usage = device_usage();
	int sockets[2], fd, i;

	expect_ok(socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets));
	monitor_set_delay(20000);
	for (i = 0; i < 10; i++) {
		ck_assert_int_eq(child_run(hand_over_and_die, &sockets[1]), 0);
		fd = receive_fd(sockets[0]);
		ck_assert_int_ge(fd, 0);
		/* the file is open, its queues and its memory go */
		ck_assert(device_usage_becomes(&usage, 2000));
		close(fd);
	}
	monitor_set_delay(0);
	expect_device_works();
}
END_TEST

START_TEST(processes_killed_while_the_device_faults)
{
	struct device_usage usage = device_usage();
	uint32_t state = 1;
	int i, rounds = getenv("KILLS") ? atoi(getenv("KILLS")) : 20;

	for (i = 0; i < rounds; i++) {
		pid_t child = child_start(fault_until_killed, NULL);

		usleep(20000 + next_random(&state) % 20000);
		kill(child, SIGKILL);
		ck_assert_int_eq(child_end(child), -SIGKILL);
	}
	ck_assert(device_usage_becomes(&usage, 2000));
	expect_device_works();
}
END_TEST

/* Each round binds with the first queue and unbinds with the last. */
START_TEST(binding_and_unbinding_under_load)
{
	int i, rounds = getenv("BINDS") ? atoi(getenv("BINDS")) : 50;
	pid_t load = child_start(fault_until_killed, NULL);
	struct device_usage usage;
	size_t size = 8 * PAGE;
	int fd = device_open();

	for (i = 0; i < rounds; i++) {
		uint8_t *data = map_anonymous(2 * size);
		uint32_t sqe[SQE_WORDS];
		struct raw_queue q;

		raw_queue_init(&q, fd, QUEUE_COMPRESS, 16, 0);
		zip_encode(sqe, (uintptr_t)data, size, (uintptr_t)data + size,
			   size);
		raw_queue_push(&q, sqe);
		raw_queue_ring(&q);
		/* every other time the request is still on its way */
		if (i & 1)
			ck_assert(raw_queue_pop(&q, sqe, 5000));
		raw_queue_fini(&q);
		munmap(data, 2 * size);
	}
	usage = device_usage();
	kill(load, SIGKILL);
	ck_assert_int_eq(child_end(load), -SIGKILL);
	usage.queues_free++;
	usage.mappings--;
	ck_assert(device_usage_becomes(&usage, 2000));
}
END_TEST

static void add(void)
{
	test_add(one_pasid_for_each_process);
	test_add(processes_do_not_meet_at_one_address);
	test_add(dma_mode_waits_until_all_others_are_gone);
	test_add(device_works_in_each_mode_in_turn);
	test_add(pins_are_charged_and_on_demand_is_not);
	test_add(pin_outlives_the_mapping);
	test_add(pin_does_not_follow_what_is_thrown_away);
	test_add(process_that_ends_before_its_file);
	test_set_timeout(300);
	test_add(processes_killed_while_the_device_faults);
	test_add(binding_and_unbinding_under_load);
}

int main(int argc, char **argv)
{
	setenv("MODE", "sva", 1);
	return fixture_main(argc, argv, add);
}
