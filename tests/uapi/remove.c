// SPDX-License-Identifier: GPL-2.0
/* The device goes away while it is in use. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"

#define EVENT_MS	3000

/* Of 20 ms: how long a request may take on a slow machine. */
#define WAITS		250

static void expect_gone(int fd, uint32_t handle)
{
	struct hisi_acc_queue_alloc queue = acc_queue_args(0, 16);
	struct hisi_acc_queue_query queue_query;
	struct hisi_acc_query query;
	struct hisi_acc_event event;
	static uint8_t data[PAGE_MAX];

	expect_errno(ENODEV, acc_query(fd, &query));
	expect_errno(ENODEV, acc_queue_alloc(fd, &queue));
	expect_errno(ENODEV, acc_queue_query(fd, handle, &queue_query));
	expect_errno(ENODEV, acc_queue_stop(fd, handle));
	expect_errno(ENODEV, acc_queue_start(fd, handle, NULL));
	expect_errno(ENODEV, acc_queue_doorbell(fd, handle, 0, 0));
	expect_errno(ENODEV, acc_queue_free(fd, handle));
	expect_errno(ENODEV, acc_mem_pin(fd, 0, data, PAGE, NULL, NULL));
	expect_errno(ENODEV, acc_mem_unpin(fd, 1));
	expect_errno(ENODEV, read(fd, &event, sizeof(event)));
	ck_assert_int_ne(poll_for(fd, 0) & POLLHUP, 0);
}

START_TEST(unbound_device_is_gone_without_a_crash)
{
	struct work w;
	int i;

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	work_run(&w, 1);
	device_unbind();
	ck_assert_uint_eq(w.q.status->state, HISI_ACC_STATE_GONE);
	/* mappings are harmless memory */
	for (i = 0; i < 10; i++)
		raw_queue_store(&w.q, raw_doorbell(&w.q, false, i, false));
	memset(w.q.sq, 1, w.q.arg.out_sq_size);
	memset(w.q.cq, 1, w.q.arg.out_cq_size);
	expect_gone(w.q.fd, w.q.arg.out_handle);
	ck_assert_int_eq(locked_kb(), 0);
	close(w.q.fd);
	raw_queue_store(&w.q, 0);
	ck_assert_uint_eq(w.q.status->state, HISI_ACC_STATE_GONE);

	device_bind();
	expect_device_works();
	ck_assert_uint_eq(w.q.status->state, HISI_ACC_STATE_GONE);
}
END_TEST

START_TEST(old_files_stay_dead_when_the_device_is_back)
{
	struct hisi_acc_query query;
	int old = device_open();

	device_unbind();
	device_bind();
	expect_errno(ENODEV, acc_query(old, &query));
	ck_assert_int_ne(poll_for(old, 0) & POLLHUP, 0);
	expect_ok(acc_query(device_open(), &query));
	expect_device_works();
}
END_TEST

START_TEST(doorbell_never_touched_is_harmless_after_unbind)
{
	struct raw_queue q;

	/* its page is only looked for now */
	raw_queue_init(&q, device_open(), 0, 16, 0);
	skip_without_doorbell(&q);
	device_unbind();
	raw_queue_store(&q, 1);
	device_bind();
	raw_queue_store(&q, 2);
}
END_TEST

START_TEST(unbind_takes_the_node_away)
{
	char node[DEVICE_PATH_MAX];

	snprintf(node, sizeof(node), "%s", device_node());
	device_unbind();
	ck_assert_ptr_null(device_node());
	ck_assert(wait_until(access(node, F_OK), 2000));
	expect_errno(ENOENT, open(node, O_RDWR));
}
END_TEST

START_TEST(node_gets_its_name_back)
{
	char node[DEVICE_PATH_MAX];

	snprintf(node, sizeof(node), "%s", device_node());
	device_unbind();
	device_bind();
	ck_assert_str_eq(device_node(), node);
}
END_TEST

struct sleeper {
	int fd;
	int result;		/* of the call */
	int code;		/* errno */
	volatile bool done;
};

static void *sleep_in_read(void *arg)
{
	struct sleeper *s = arg;
	struct hisi_acc_event event;

	s->result = read(s->fd, &event, sizeof(event));
	s->code = errno;
	s->done = true;
	return NULL;
}

static void *sleep_in_poll(void *arg)
{
	struct sleeper *s = arg;
	struct pollfd pollfd = { .fd = s->fd, .events = POLLIN };

	poll(&pollfd, 1, -1);
	s->result = pollfd.revents;
	s->done = true;
	return NULL;
}

START_TEST(unbind_wakes_sleepers)
{
	struct sleeper reader = { .fd = device_open() }, poller = reader;
	pthread_t threads[2];

	pthread_create(&threads[0], NULL, sleep_in_read, &reader);
	pthread_create(&threads[1], NULL, sleep_in_poll, &poller);
	sleep_ms(100);
	ck_assert(!reader.done && !poller.done);
	device_unbind();
	ck_assert(wait_until(reader.done && poller.done, EVENT_MS));
	ck_assert_int_eq(reader.result, -1);
	ck_assert_int_eq(reader.code, ENODEV);
	ck_assert_int_ne(poller.result & POLLHUP, 0);
}
END_TEST

START_TEST(unbind_in_mid_flight_ends_all_dma)
{
	struct work w;
	int i;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_DECOMPRESS, 4000);
	monitor_set_delay(300000);
	for (i = 0; i < 10; i++)
		work_submit(&w, i);
	device_unbind();
	ck_assert_uint_eq(monitor_count(MONITOR_INFLIGHT), 0);
	memset(w.dst.data, 0x77, w.dst.size);
	sleep_ms(500);
	ck_assert(is_filled(w.dst.data, w.dst.size, 0x77));
	monitor_set_delay(20);
	device_bind();
	expect_device_works();
}
END_TEST

/* Whether or not the device is there still. */
static void ring(struct raw_queue *q, bool cq)
{
	uint32_t index = cq ? q->head : q->tail;

	if (q->db)
		raw_queue_store(q, raw_doorbell(q, cq, index, false));
	else
		acc_queue_doorbell(q->fd, q->arg.out_handle,
				   cq ? HISI_ACC_DOORBELL_CQ : 0, index);
}

static int submit_for_ever(void *arg)
{
	struct gate *ready = arg;
	uint32_t sqe[SQE_WORDS];
	struct work w;
	int waits;

	work_init(&w, device_open(), QUEUE_COMPRESS, 4000);
	gate_open(ready);
	for (;;) {
		zip_encode(sqe, w.src.iova, 4000, w.dst.iova, w.dst.size);
		raw_queue_push(&w.q, sqe);
		ring(&w.q, false);
		for (waits = 0; !raw_queue_pop(&w.q, NULL, 20); waits++)
			if (w.q.status->state == HISI_ACC_STATE_GONE)
				return 0;
			else if (waits == WAITS)
				return 1;
		ring(&w.q, true);
	}
}

START_TEST(unbind_under_a_busy_process)
{
	struct gate ready;
	pid_t child;
	int i;

	for (i = 0; i < 5; i++) {
		gate_init(&ready);
		child = child_start(submit_for_ever, &ready);
		ck_assert(gate_wait(&ready));
		sleep_ms(i * 7);
		device_unbind();
		ck_assert_int_eq(child_end(child), 0);
		device_bind();
	}
	expect_device_works();
}
END_TEST

#define FED		16
#define FED_DELAY_MS	300

struct feeder {
	struct work w[FED];
	volatile bool stop;
};

/* No queue is ever without a request. */
static void *feed(void *arg)
{
	struct feeder *f = arg;
	int i;

	while (!f->stop) {
		for (i = 0; i < FED; i++) {
			if (!raw_queue_pop(&f->w[i].q, NULL, 0))
				continue;
			ring(&f->w[i].q, true);
			work_submit(&f->w[i], i);
		}
	}
	return NULL;
}

START_TEST(unbind_does_not_wait_for_new_requests)
{
	int i, fd = device_open();
	struct feeder f = {};
	pthread_t thread;
	int64_t start;

	if (!monitor_is_there())
		skip("the model has no monitor");
	for (i = 0; i < FED; i++)
		work_init(&f.w[i], fd, QUEUE_COMPRESS, 100);
	skip_without_doorbell(&f.w[0].q);
	monitor_set_delay(FED_DELAY_MS * 1000);
	for (i = 0; i < FED; i++)
		work_submit(&f.w[i], i);
	expect_ok(-pthread_create(&thread, NULL, feed, &f));
	sleep_ms(2 * FED_DELAY_MS);
	start = now_ms();
	device_unbind();
	start = now_ms() - start;
	f.stop = true;
	expect_ok(-pthread_join(thread, NULL));
	monitor_set_delay(20);
	device_bind();
	/* all finish at the same time, and not one after the other */
	ck_assert_int_lt(start, FED * FED_DELAY_MS / 3);
	expect_device_works();
}
END_TEST

START_TEST(unbind_while_faulting_processes_die)
{
	pid_t children[4];
	struct gate ready;
	unsigned int i, j;

	only_in_modes(HISI_ACC_MODE_SVA);
	for (i = 0; i < 10; i++) {
		for (j = 0; j < ARRAY_SIZE(children); j++) {
			gate_init(&ready);
			children[j] = child_start(fault_until_killed, &ready);
			ck_assert(gate_wait(&ready));
		}
		sleep_ms(20 + i * 3);
		for (j = 0; j < ARRAY_SIZE(children); j++)
			kill(children[j], SIGKILL);
		device_unbind();
		for (j = 0; j < ARRAY_SIZE(children); j++)
			ck_assert_int_eq(child_end(children[j]), -SIGKILL);
		device_bind();
	}
	expect_device_works();
}
END_TEST

START_TEST(device_off_the_bus_and_back)
{
	char pci[DEVICE_PATH_MAX];
	struct work w;

	snprintf(pci, sizeof(pci), "%s", device_pci());
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	work_run(&w, 1);
	device_pci_remove();
	raw_queue_store(&w.q, 1);
	expect_gone(w.q.fd, w.q.arg.out_handle);
	device_pci_rescan();
	expect_device_works();
	close(w.q.fd);
	raw_queue_store(&w.q, 2);
}
END_TEST

START_TEST(module_in_use_cannot_be_unloaded)
{
	device_open();
	expect_errno(EAGAIN, syscall(SYS_delete_module, "hisi_acc", O_NONBLOCK));
}
END_TEST

static void add(void)
{
	test_add(unbound_device_is_gone_without_a_crash);
	test_add(old_files_stay_dead_when_the_device_is_back);
	test_add(doorbell_never_touched_is_harmless_after_unbind);
	test_add(unbind_takes_the_node_away);
	test_add(node_gets_its_name_back);
	test_add(unbind_wakes_sleepers);
	test_add(unbind_in_mid_flight_ends_all_dma);
	test_add(unbind_under_a_busy_process);
	test_add(unbind_does_not_wait_for_new_requests);
	test_add(unbind_while_faulting_processes_die);
	test_add(device_off_the_bus_and_back);
	test_add(module_in_use_cannot_be_unloaded);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
