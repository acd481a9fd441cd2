// SPDX-License-Identifier: GPL-2.0
/* The device goes away, is reset, hangs or refuses, while it is in use. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "data.h"
#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "test.h"

#define PAGE		4096
#define EVENT_MS	3000
/* "At most a few seconds" for what hangs, and a reset. */
#define HANG_MS		10000

/* Error bits of the queue manager. */
#define QM_ERROR_CORRECTED	(1u << 3)
#define QM_ERROR_RESET		(1u << 0)
#define ENGINE_ERROR_CORRECTED	(1u << 0)
#define ENGINE_ERROR_RESET	(1u << 2)
/* Asynchronous event: the event ring is full. */
#define AEQE_EQ_OVERFLOW	1

static int poll_for(int fd, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	expect_ok(poll(&pollfd, 1, timeout_ms));
	return pollfd.revents;
}

static void expect_state(struct work *w, uint32_t state)
{
	struct hisi_acc_queue_query query;

	ck_assert_uint_eq(w->q.queue_status->state, state);
	expect_ok(acc_queue_query(w->q.fd, w->q.arg.out_handle, &query));
	ck_assert_uint_eq(query.out_state, state);
}

/* Unbinding */

static void expect_gone(int fd, uint32_t handle)
{
	struct hisi_acc_queue_alloc queue = acc_queue_args(0, 16);
	struct hisi_acc_queue_query queue_query;
	struct hisi_acc_query query;
	struct hisi_acc_event event;
	static uint8_t data[PAGE];

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

static int submit_for_ever(void *arg)
{
	struct gate *ready = arg;
	uint32_t sqe[SQE_WORDS];
	struct work w;

	work_init(&w, device_open(), QUEUE_COMPRESS, 4000);
	gate_open(ready);
	for (;;) {
		zip_encode(sqe, w.src.iova, 4000, w.dst.iova, w.dst.size);
		raw_queue_push(&w.q, sqe);
		raw_queue_store(&w.q, raw_doorbell(&w.q, false, w.q.tail, false));
		if (!raw_queue_pop(&w.q, NULL, 20))
			return w.q.status->state == HISI_ACC_STATE_GONE ? 0 : 1;
		raw_queue_store(&w.q, raw_doorbell(&w.q, true, w.q.head, false));
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

/* Reset */

START_TEST(reset_fails_queues_until_they_are_started)
{
	uint32_t resets, generation;
	struct hisi_acc_event event;
	struct work w;

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	work_run(&w, 1);
	expect_ok(read(w.q.fd, &event, sizeof(event)));
	resets = w.q.status->reset_generation;
	generation = w.q.queue_status->generation;
	ck_assert_int_eq(resets, device_attribute("resets"));

	device_reset();
	ck_assert_uint_eq(w.q.status->state, HISI_ACC_STATE_RUNNING);
	ck_assert_uint_eq(w.q.status->reset_generation, resets + 1);
	ck_assert_int_eq(resets + 1, device_attribute("resets"));
	ck_assert_uint_eq(w.q.queue_status->generation, generation + 1);
	expect_state(&w, HISI_ACC_STATE_ERROR);
	ck_assert_int_eq(poll_for(w.q.fd, 0), POLLIN | POLLERR);
	ck_assert_int_eq(expect_ok(read(w.q.fd, &event, sizeof(event))), 8);
	ck_assert_uint_eq(event.handle, w.q.arg.out_handle);
	ck_assert_uint_ne(event.flags & HISI_ACC_EVENT_STATE, 0);
	expect_errno(EIO, acc_queue_doorbell(w.q.fd, w.q.arg.out_handle, 0, 0));

	raw_queue_start(&w.q);
	expect_state(&w, HISI_ACC_STATE_RUNNING);
	ck_assert_int_eq(poll_for(w.q.fd, 0), 0);
	work_run(&w, 2);
}
END_TEST

START_TEST(reset_leaves_stopped_queues_stopped)
{
	struct work w;

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
	device_reset();
	expect_state(&w, HISI_ACC_STATE_STOPPED);
	raw_queue_start(&w.q);
	work_run(&w, 1);
}
END_TEST

START_TEST(reset_keeps_registered_memory)
{
	struct device_usage usage;
	struct work w;

	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	usage = device_usage();
	device_reset();
	expect_usage(&usage);
	raw_queue_start(&w.q);
	work_run(&w, 1);
	/* and it can be given back */
	device_reset();
	pinned_fini(&w.src);
	pinned_fini(&w.dst);
	raw_queue_fini(&w.q);
}
END_TEST

START_TEST(reset_in_mid_flight_loses_requests)
{
	struct work w;
	int i;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_DECOMPRESS, 2000);
	monitor_set_delay(500000);
	for (i = 0; i < 5; i++)
		work_submit(&w, i);
	ck_assert(wait_until(monitor_count(MONITOR_INFLIGHT) > 0, 1000));
	device_reset();
	expect_state(&w, HISI_ACC_STATE_ERROR);
	ck_assert_uint_eq(monitor_count(MONITOR_INFLIGHT), 0);
	sleep_ms(700);
	ck_assert(work_is_untouched(&w));
	ck_assert(!raw_queue_ready(&w.q));
	monitor_set_delay(20);
	raw_queue_start(&w.q);
	work_run(&w, 9);
}
END_TEST

START_TEST(doorbells_after_a_reset_reach_nothing)
{
	uint64_t completed;
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 2000);
	work_run(&w, 1);
	device_reset();
	completed = monitor_count(MONITOR_COMPLETED);
	work_submit(&w, 2);
	sleep_ms(50);
	ck_assert_uint_eq(monitor_count(MONITOR_COMPLETED), completed);
	ck_assert(work_is_untouched(&w));
	raw_queue_start(&w.q);
	work_run(&w, 3);
}
END_TEST

START_TEST(reset_fails_queues_of_all_contexts)
{
	struct work a, b;

	work_init(&a, device_open(), QUEUE_COMPRESS, 1000);
	work_init(&b, device_open(), QUEUE_DECOMPRESS, 1000);
	device_reset();
	expect_state(&a, HISI_ACC_STATE_ERROR);
	expect_state(&b, HISI_ACC_STATE_ERROR);
	/* one started queue does not start the other one */
	raw_queue_start(&a.q);
	work_run(&a, 1);
	expect_state(&b, HISI_ACC_STATE_ERROR);
	ck_assert_int_eq(poll_for(a.q.fd, 0) & POLLERR, 0);
	ck_assert_int_ne(poll_for(b.q.fd, 0) & POLLERR, 0);
	raw_queue_start(&b.q);
	work_run(&b, 2);
}
END_TEST

START_TEST(context_opened_after_resets_knows_their_number)
{
	const volatile struct hisi_acc_status *status;
	struct hisi_acc_query query;
	long resets = device_attribute("resets");
	int fd;

	device_reset();
	device_reset();
	fd = device_open();
	expect_ok(acc_query(fd, &query));
	status = mmap(NULL, query.out_status_size, PROT_READ, MAP_SHARED, fd,
		      query.out_status_key);
	ck_assert_int_eq(status->reset_generation, resets + 2);
	expect_device_works();
}
END_TEST

START_TEST(many_resets_under_a_busy_process)
{
	struct work w;
	int i;

	work_init(&w, device_open(), QUEUE_COMPRESS, 3000);
	for (i = 0; i < 20; i++) {
		work_submit(&w, i);
		work_submit(&w, i);
		device_reset();
		expect_state(&w, HISI_ACC_STATE_ERROR);
		raw_queue_start(&w.q);
		work_run(&w, i);
	}
}
END_TEST

struct ringer {
	struct raw_queue *q;
	volatile bool stop;
};

static void *ring_on(void *arg)
{
	struct ringer *r = arg;

	while (!r->stop)
		raw_queue_store(r->q, raw_doorbell(r->q, true, 0, false));
	return NULL;
}

START_TEST(doorbells_during_resets_do_no_harm)
{
	struct ringer ringer;
	pthread_t thread;
	struct work w;
	int i;

	work_init(&w, device_open(), QUEUE_COMPRESS, 3000);
	ringer = (struct ringer) { .q = &w.q };
	ck_assert(!pthread_create(&thread, NULL, ring_on, &ringer));
	for (i = 0; i < 5; i++)
		device_reset();
	ringer.stop = true;
	pthread_join(thread, NULL);
	ck_assert_uint_eq(w.q.status->state, HISI_ACC_STATE_RUNNING);
	raw_queue_start(&w.q);
	work_run(&w, 1);
}
END_TEST

/* Hangs */

/* A queue with a request that never ends, and a healthy one beside it. */
struct hang {
	struct work hung, other;
	uint32_t resets;
	int64_t start;
};

static void hang_init(struct hang *h)
{
	int fd = device_open();

	work_init(&h->other, fd, QUEUE_COMPRESS, 1000);
	work_init(&h->hung, fd, QUEUE_DECOMPRESS, 1000);
	work_run(&h->other, 1);
	work_run(&h->hung, 1);
	h->resets = h->other.q.status->reset_generation;
	monitor_hang(1);
	work_submit(&h->hung, 2);
	ck_assert(wait_until(monitor_count(MONITOR_INFLIGHT) == 1, 1000));
	h->start = now_ms();
}

static void expect_recovery(struct hang *h)
{
	ck_assert_int_lt(now_ms() - h->start, HANG_MS);
	ck_assert_uint_eq(monitor_count(MONITOR_INFLIGHT), 0);
	ck_assert_uint_eq(h->other.q.status->reset_generation, h->resets + 1);
	ck_assert_uint_eq(h->other.q.status->state, HISI_ACC_STATE_RUNNING);
	expect_state(&h->other, HISI_ACC_STATE_ERROR);
	monitor_hang(0);
	ck_assert(work_is_untouched(&h->hung));
	raw_queue_start(&h->other.q);
	work_run(&h->other, 3);
}

START_TEST(stop_of_a_hung_queue_resets)
{
	struct hang h;

	if (!monitor_is_there())
		skip("the model has no monitor");
	hang_init(&h);
	expect_ok(acc_queue_stop(h.hung.q.fd, h.hung.q.arg.out_handle));
	expect_state(&h.hung, HISI_ACC_STATE_ERROR);
	expect_recovery(&h);
	raw_queue_start(&h.hung.q);
	work_run(&h.hung, 4);
}
END_TEST

START_TEST(free_of_a_hung_queue_resets)
{
	struct hang h;

	if (!monitor_is_there())
		skip("the model has no monitor");
	hang_init(&h);
	expect_ok(acc_queue_free(h.hung.q.fd, h.hung.q.arg.out_handle));
	expect_recovery(&h);
}
END_TEST

static int hang_and_wait(void *arg)
{
	struct gate *ready = arg;
	struct hang h;

	hang_init(&h);
	gate_open(ready);
	pause();
	return 0;
}

START_TEST(end_of_a_process_with_a_hung_queue_resets)
{
	struct device_usage usage = device_usage();
	long resets = device_attribute("resets");
	struct gate ready;
	int64_t start;
	pid_t child;

	if (!monitor_is_there())
		skip("the model has no monitor");
	gate_init(&ready);
	child = child_start(hang_and_wait, &ready);
	ck_assert(gate_wait(&ready));
	start = now_ms();
	kill(child, SIGKILL);
	ck_assert_int_eq(child_end(child), -SIGKILL);
	ck_assert_int_lt(now_ms() - start, HANG_MS);
	expect_usage(&usage);
	ck_assert_int_eq(device_attribute("resets"), resets + 1);
	monitor_hang(0);
	expect_device_works();
}
END_TEST

START_TEST(unbind_with_a_hung_queue_ends)
{
	struct hang h;

	if (!monitor_is_there())
		skip("the model has no monitor");
	hang_init(&h);
	device_unbind();
	ck_assert_int_lt(now_ms() - h.start, HANG_MS);
	ck_assert_uint_eq(monitor_count(MONITOR_INFLIGHT), 0);
	ck_assert(work_is_untouched(&h.hung));
	monitor_hang(0);
	device_bind();
	expect_device_works();
}
END_TEST

/* Refusals of the hardware */

START_TEST(refused_mailbox_makes_alloc_fail_alone)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	struct device_usage usage;
	int fd = device_open();

	if (!monitor_is_there())
		skip("the model has no monitor");
	/* the function is ours already: what fails is the queue */
	expect_ok(acc_queue_alloc(fd, &arg));
	usage = device_usage();
	monitor_fail_mailboxes(1);
	expect_errno(EIO, acc_queue_alloc(fd, &arg));
	expect_usage(&usage);
	expect_ok(acc_queue_alloc(fd, &arg));
	close(fd);
	expect_device_works();
}
END_TEST

START_TEST(refused_mailbox_makes_start_fail)
{
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
	monitor_fail_mailboxes(1);
	expect_errno(EIO, acc_queue_start(w.q.fd, w.q.arg.out_handle, NULL));
	expect_state(&w, HISI_ACC_STATE_ERROR);
	raw_queue_start(&w.q);
	expect_state(&w, HISI_ACC_STATE_RUNNING);
	work_run(&w, 1);
}
END_TEST

START_TEST(refused_mailbox_makes_stop_reset)
{
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	work_run(&w, 1);
	monitor_fail_mailboxes(1);
	expect_ok(acc_queue_stop(w.q.fd, w.q.arg.out_handle));
	expect_state(&w, HISI_ACC_STATE_ERROR);
	raw_queue_start(&w.q);
	work_run(&w, 2);
}
END_TEST

START_TEST(mailbox_that_never_answers_is_given_up)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	int fd = device_open();
	int64_t start;
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, fd, QUEUE_COMPRESS, 1000);
	monitor_stick_mailboxes(1);
	start = now_ms();
	expect_errno(EIO, acc_queue_alloc(fd, &arg));
	ck_assert_int_lt(now_ms() - start, HANG_MS);
	monitor_stick_mailboxes(0);
	if (w.q.queue_status->state == HISI_ACC_STATE_ERROR)
		raw_queue_start(&w.q);
	work_run(&w, 1);
	expect_ok(acc_queue_alloc(fd, &arg));
}
END_TEST

START_TEST(device_that_cannot_be_reset_is_gone)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	struct hang h;

	if (!monitor_is_there())
		skip("the model has no monitor");
	hang_init(&h);
	monitor_fail_mailboxes(1000);
	acc_queue_stop(h.hung.q.fd, h.hung.q.arg.out_handle);
	ck_assert_int_lt(now_ms() - h.start, HANG_MS);
	ck_assert_uint_eq(h.other.q.status->state, HISI_ACC_STATE_GONE);
	ck_assert_int_ne(poll_for(h.other.q.fd, 0) & POLLHUP, 0);
	expect_errno(ENODEV, read(h.other.q.fd, &arg, sizeof(arg)));
	expect_errno(ENODEV, acc_queue_alloc(h.other.q.fd, &arg));
	expect_errno(ENODEV, acc_queue_start(h.other.q.fd,
					     h.other.q.arg.out_handle, NULL));
	raw_queue_store(&h.other.q, 1);
	ck_assert(work_is_untouched(&h.hung));
	close(h.other.q.fd);

	/* bound anew it is as good as new */
	monitor_clear(20);
	device_unbind();
	device_bind();
	expect_device_works();
}
END_TEST

/* Error reports of the hardware */

START_TEST(corrected_errors_are_only_noted)
{
	struct work w;
	int i;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	for (i = 0; i < 3; i++) {
		monitor_raise_qm_error(QM_ERROR_CORRECTED);
		monitor_raise_engine_error(ENGINE_ERROR_CORRECTED);
		sleep_ms(20);
	}
	expect_state(&w, HISI_ACC_STATE_RUNNING);
	work_run(&w, 1);
}
END_TEST

static void expect_reset_and_recovery(struct work *w, uint32_t resets)
{
	ck_assert(wait_until(w->q.status->reset_generation == resets + 1 &&
			     w->q.status->state == HISI_ACC_STATE_RUNNING,
			     HANG_MS));
	ck_assert(wait_until(w->q.queue_status->state == HISI_ACC_STATE_ERROR,
			     EVENT_MS));
	raw_queue_start(&w->q);
	work_run(w, 1);
	sleep_ms(50);
	ck_assert_uint_eq(w->q.status->reset_generation, resets + 1);
}

START_TEST(fatal_errors_lead_to_a_reset)
{
	uint32_t resets;
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	resets = w.q.status->reset_generation;
	if (_i)
		monitor_raise_engine_error(ENGINE_ERROR_RESET);
	else
		monitor_raise_qm_error(QM_ERROR_RESET);
	expect_reset_and_recovery(&w, resets);
}
END_TEST

START_TEST(full_event_ring_leads_to_a_reset)
{
	uint32_t resets;
	struct work w;

	if (!monitor_is_there())
		skip("the model has no monitor");
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	resets = w.q.status->reset_generation;
	monitor_raise_event(AEQE_EQ_OVERFLOW, 0);
	expect_reset_and_recovery(&w, resets);
}
END_TEST

static void add(void)
{
	test_set_timeout(40);
	test_add(unbound_device_is_gone_without_a_crash);
	test_add(old_files_stay_dead_when_the_device_is_back);
	test_add(doorbell_never_touched_is_harmless_after_unbind);
	test_add(unbind_takes_the_node_away);
	test_add(node_gets_its_name_back);
	test_add(unbind_wakes_sleepers);
	test_add(unbind_in_mid_flight_ends_all_dma);
	test_add(unbind_under_a_busy_process);
	test_add(device_off_the_bus_and_back);
	test_add(module_in_use_cannot_be_unloaded);
	test_add(reset_fails_queues_until_they_are_started);
	test_add(reset_leaves_stopped_queues_stopped);
	test_add(reset_keeps_registered_memory);
	test_add(reset_in_mid_flight_loses_requests);
	test_add(doorbells_after_a_reset_reach_nothing);
	test_add(reset_fails_queues_of_all_contexts);
	test_add(context_opened_after_resets_knows_their_number);
	test_add(many_resets_under_a_busy_process);
	test_add(doorbells_during_resets_do_no_harm);
	test_add(stop_of_a_hung_queue_resets);
	test_add(free_of_a_hung_queue_resets);
	test_add(end_of_a_process_with_a_hung_queue_resets);
	test_add(unbind_with_a_hung_queue_ends);
	test_add(refused_mailbox_makes_alloc_fail_alone);
	test_add(refused_mailbox_makes_start_fail);
	test_add(refused_mailbox_makes_stop_reset);
	test_add(mailbox_that_never_answers_is_given_up);
	test_add(device_that_cannot_be_reset_is_gone);
	test_add(corrected_errors_are_only_noted);
	test_add_loop(fatal_errors_lead_to_a_reset, 0, 2);
	test_add(full_event_ring_leads_to_a_reset);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
