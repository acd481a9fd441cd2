// SPDX-License-Identifier: GPL-2.0
#include <check.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_device.h"
#include "fake_memory.h"
#include "fake_zip.h"
#include "sys.h"

#define EVENT_FD	200
#define CLOCK_STEP	100	/* ns that pass from one look to the next */
#define DB_SIZE		4096

struct fake fake;

static uint64_t events[64];	/* counters of eventfds */
static unsigned int events_made;

#define BREAK(...) snprintf(fake.broken_rule, sizeof(fake.broken_rule), \
			    __VA_ARGS__)

static struct hisi_acc_queue_status *queue_status(unsigned int n)
{
	return (struct hisi_acc_queue_status *)(fake.status + 1) + n;
}

void fake_reset(void)
{
	unsigned int i;

	free(fake.status);
	for (i = 0; i < FAKE_QUEUES; i++) {
		free(fake.queues[i].sq);
		free(fake.queues[i].cq);
		free(fake.queues[i].db);
	}
	memset(&fake, 0, sizeof(fake));
	fake_memory_reset();
	memset(events, 0, sizeof(events));
	events_made = 0;
	fake_zip_reset();
	fake.devices = 1;
	fake.engine = HISI_ACC_ENGINE_ZIP;
	fake.hw_version = 3;
	fake.algs = 0x3f;
	fake.modes = HISI_ACC_MODE_DMA;
	fake.reasons[0] = HISI_ACC_REASON_NO_FAULTS;
	fake.reasons[1] = HISI_ACC_REASON_KERNEL_OLD;
	fake.reasons[2] = HISI_ACC_REASON_PASSTHROUGH;
	fake.queues_free = FAKE_QUEUES;
	fake.sqe_size = 128;
	fake.status_size = 4096;
	fake.uapi_version = 1;
	fake.features = HISI_ACC_FEATURE_FORK_SAFE | HISI_ACC_FEATURE_WATCH |
			HISI_ACC_FEATURE_DMABUF;
	fake.mems_max = FAKE_MEMS;
	fake.stale_offset = FAKE_STALE_OFFSET;
	fake.db_offset = 0x100;
	fake.now = 1000000;
	fake.ctx_state = -1;
	fake.status = calloc(1, 4096);
	fake.status->state = HISI_ACC_STATE_RUNNING;
}

void fake_check(void)
{
	ck_assert_msg(!*fake.broken_rule, "rule broken: %s", fake.broken_rule);
}

void fake_check_empty(void)
{
	unsigned int i;

	fake_check();
	for (i = 0; i < FAKE_QUEUES; i++)
		ck_assert_msg(!fake.queues[i].used, "queue %u not freed", i);
	ck_assert_uint_eq(fake.pins, 0);
	ck_assert_uint_eq(fake.pinned, 0);
	ck_assert_uint_eq(fake.bytes, 0);
	ck_assert_uint_eq(fake.maps, 0);
	ck_assert_uint_eq(fake.fds, 0);
	ck_assert_uint_eq(fake.eventfds, 0);
}

void fake_fail_queue(unsigned int queue, uint32_t state)
{
	queue_status(queue)->state = state;
	queue_status(queue)->generation++;
}

void fake_zip_break(const char *rule)
{
	BREAK("%s", rule);
}

/* ---- Doorbells and completions ---- */

static void signal_event(struct fake_queue *q)
{
	if (!q->armed)
		return;
	q->armed = false;
	if (q->event_fd >= EVENT_FD)
		events[q->event_fd - EVENT_FD]++;
}

static void sq_doorbell(struct fake_queue *q, uint32_t index)
{
	if (index >= q->depth) {
		BREAK("SQ doorbell index %u", index);
		return;
	}
	fake.sq_doorbells++;
	if (q->sq_head == q->sq_tail)
		q->ready_at = fake.now + fake.delay_ns;
	q->sq_tail = index;
}

static void cq_doorbell(struct fake_queue *q, uint32_t index, bool arm)
{
	uint32_t mask = q->depth - 1;

	if (index >= q->depth ||
	    ((index - q->cq_head) & mask) > ((q->cq_tail - q->cq_head) & mask)) {
		BREAK("CQ doorbell index %u", index);
		return;
	}
	fake.cq_doorbells++;
	q->cq_head = index;
	if (arm) {
		fake.arms++;
		q->armed = true;
		if (q->cq_head != q->cq_tail)
			signal_event(q);
	}
}

/* Looks at the doorbell register: the last value stored there. */
static void see_doorbell(struct fake_queue *q)
{
	uint64_t v = *q->db;

	if (v == q->db_seen)
		return;
	q->db_seen = v;
	if ((v & 0xfff) != q->number || (v >> 16 & 0xffff) != q->rand ||
	    v >> 56) {
		BREAK("doorbell %016llx", (unsigned long long)v);
		return;
	}
	switch (v >> 12 & 0xf) {
	case 0:
		if (v >> 48)
			BREAK("SQ doorbell with priority");
		sq_doorbell(q, v >> 32 & 0xffff);
		break;
	case 1:
		cq_doorbell(q, v >> 32 & 0xffff, v >> 48 & 1);
		break;
	default:
		BREAK("doorbell command");
	}
}

static void complete_one(struct fake_queue *q)
{
	uint32_t *sqe = q->sq + 32 * q->sq_head;
	uint16_t *cqe = q->cq + 8 * q->cq_tail;
	uint16_t copy[8] = { 0 };

	memcpy(fake.last_sqe, sqe, sizeof(fake.last_sqe));
	fake.requests++;
	if (fake.force_status)
		sqe[3] = htole32(fake.force_status);
	else
		fake_zip_run(q->type, q->mode, fake.hw_version, sqe);
	if (((q->cq_tail + 1) & (q->depth - 1)) == q->cq_head) {
		/*
		 * The doorbell register is looked at now and then: a CQ head
		 * in it may have been overwritten. No call is overlooked.
		 */
		if (q->db)
			q->cq_head = (q->cq_head + 1) & (q->depth - 1);
		else
			BREAK("CQ overflow");
	}
	copy[4] = htole16((uint16_t)q->sq_head);
	copy[5] = htole16((uint16_t)q->number);
	copy[7] = htole16((uint16_t)q->phase);
	if (fake.mutate)
		fake.mutate(sqe, copy);
	memcpy(cqe, copy, 14);
	__atomic_store_n(cqe + 7, copy[7], __ATOMIC_RELEASE);
	q->sq_head = (q->sq_head + 1) & (q->depth - 1);
	q->cq_tail = (q->cq_tail + 1) & (q->depth - 1);
	if (!q->cq_tail)
		q->phase ^= 1;
	signal_event(q);
}

static void run_queue(struct fake_queue *q, bool now)
{
	unsigned int n = (unsigned int)(q - fake.queues);
	bool running = queue_status(n)->state == HISI_ACC_STATE_RUNNING;

	if (!q->used || (!running && !(q->loose && now)))
		return;
	if (q->db && running)
		see_doorbell(q);
	if (fake.fault && q->sq_head != q->sq_tail) {
		q->loose = true;
		fake_fail_queue(n, fake.fault);
		fake.fault = 0;
		return;
	}
	while (q->sq_head != q->sq_tail && !fake.hang &&
	       (now || fake.now >= q->ready_at))
		complete_one(q);
}

static void run_all(bool now)
{
	unsigned int i;

	for (i = 0; i < FAKE_QUEUES; i++)
		run_queue(&fake.queues[i], now);
}

void fake_run(void)
{
	run_all(true);
}

/* ---- Memory modes ---- */

static bool has_objects(void)
{
	unsigned int i;

	for (i = 0; i < FAKE_QUEUES; i++)
		if (fake.queues[i].used)
			return true;
	return fake.pins;
}

static uint32_t reason_of(int mode)
{
	if (!(fake.modes & 1u << mode))
		return fake.reasons[mode];
	switch (fake.mode_errno[mode]) {
	case 0:
		return HISI_ACC_REASON_NONE;
	case EBUSY:
		return HISI_ACC_REASON_BUSY;
	default:
		return HISI_ACC_REASON_EXHAUSTED;
	}
}

/* The first object's: the best of @modes that can be had. */
static int choose_mode(uint32_t modes)
{
	int i, err = -EOPNOTSUPP;

	fake.mode_reason = 0;
	for (i = 0; i < 3; i++) {
		if (!(modes & 1u << i))
			continue;
		if (!reason_of(i)) {
			fake.mode = 1u << i;
			return 0;
		}
		if (fake.modes & 1u << i)
			err = -fake.mode_errno[i];
		if (!fake.mode_reason)
			fake.mode_reason = reason_of(i);
	}
	return err;
}

int fake_take_mode(uint32_t modes)
{
	if (!modes)
		return -EINVAL;
	if (modes > 7)
		return -EOPNOTSUPP;
	if (!has_objects())
		return choose_mode(modes);
	return modes & fake.mode ? 0 : -EBUSY;
}

/* ---- ioctls ---- */

static int do_query(struct hisi_acc_query *arg)
{
	arg->out_uapi_version = fake.uapi_version;
	arg->out_engine = fake.engine;
	arg->out_hw_version = fake.hw_version;
	arg->out_modes = fake.modes;
	arg->out_sva_reason = reason_of(0);
	arg->out_pasid_reason = reason_of(1);
	arg->out_dma_reason = reason_of(2);
	arg->out_queues = FAKE_QUEUES;
	arg->out_queues_free = fake.queues_free;
	arg->out_queues_max = FAKE_QUEUES;
	arg->out_queue_types = 2;
	arg->out_depth_min = 2;
	arg->out_depth_max = 1024;
	arg->out_sqe_size = fake.sqe_size;
	arg->out_cqe_size = 16;
	arg->out_mems_max = fake.mems_max;
	arg->out_mem_align = 1;
	arg->out_status_size = fake.status_size;
	arg->out_status_key = KEY(KEY_STATUS, 0);
	arg->out_algs = fake.algs;
	arg->out_mem_size_max = 1 << 30;
	arg->out_features = fake.features;
	arg->out_stale_offset = fake.stale_offset;
	return 0;
}

static void start_queue(unsigned int n)
{
	struct fake_queue *q = &fake.queues[n];

	run_queue(q, true);
	q->loose = false;
	memset(q->sq, 0, 128 * q->depth);
	memset(q->cq, 0, 16 * q->depth);
	q->sq_head = q->sq_tail = q->cq_head = q->cq_tail = 0;
	q->phase = 1;
	q->armed = true;
	q->rand = (q->rand * 31 + 0x1234 + n) & 0xffff;
	if (q->db)
		*q->db = q->db_seen = 0;
	fake_fail_queue(n, HISI_ACC_STATE_RUNNING);
}

static int do_queue_alloc(struct hisi_acc_queue_alloc *arg)
{
	struct fake_queue *q;
	unsigned int n;
	int err;

	if (arg->type > 1)
		return -EOPNOTSUPP;
	for (n = 0; n < FAKE_QUEUES && fake.queues[n].used; n++)
		;
	if (n == FAKE_QUEUES)
		return -ENOSPC;
	err = fake_take_mode(arg->modes);
	if (err)
		return err;
	q = &fake.queues[n];
	free(q->sq);
	free(q->cq);
	free(q->db);
	*q = (struct fake_queue){
		.used = true,
		.number = 5 + n,
		.type = arg->type,
		.depth = arg->depth ? arg->depth : 1024,
		.event_fd = arg->event_fd,
	};
	if (q->depth < 2 || q->depth > 1024 || (q->depth & (q->depth - 1)))
		return q->used = false, -EINVAL;
	q->mode = fake.mode;
	q->sq = calloc(q->depth, 128);
	q->cq = calloc(q->depth, 16);
	if (!fake.no_doorbell_map && !(arg->flags & HISI_ACC_QUEUE_NO_DB_MAP))
		q->db = calloc(1, 8);
	start_queue(n);
	arg->out_handle = 1 + n;
	arg->out_mode = fake.mode_grant ? fake.mode_grant : q->mode;
	arg->out_reason = arg->modes & (q->mode - 1) ? fake.mode_reason : 0;
	arg->out_pasid = q->mode == HISI_ACC_MODE_DMA ? 0 : FAKE_PASID;
	arg->out_depth = fake.depth_grant ? fake.depth_grant : q->depth;
	arg->out_queue = q->number;
	arg->out_db_rand = q->rand;
	arg->out_db_offset = fake.db_offset;
	arg->out_status_offset = (uint32_t)((char *)queue_status(n) -
					    (char *)fake.status);
	arg->out_sq_key = KEY(KEY_SQ, n);
	arg->out_sq_size = 128 * q->depth;
	arg->out_cq_key = KEY(KEY_CQ, n);
	arg->out_cq_size = 16 * q->depth;
	arg->out_db_key = KEY(KEY_DB, n);
	arg->out_db_size = q->db ? DB_SIZE : 0;
	return 0;
}

static int do_stop(unsigned int n)
{
	struct fake_queue *q = &fake.queues[n];

	if (queue_status(n)->state != HISI_ACC_STATE_RUNNING) {
		run_queue(q, true);
		q->loose = false;
		return queue_status(n)->state == HISI_ACC_STATE_GONE ? -ENODEV :
								      0;
	}
	if (fake.lose) {
		if (q->db)
			see_doorbell(q);
		fake_fail_queue(n, HISI_ACC_STATE_ERROR);
		return 0;
	}
	fake.hang = false;
	run_queue(q, true);
	fake_fail_queue(n, HISI_ACC_STATE_STOPPED);
	return 0;
}

static int do_doorbell(unsigned int n,
		       const struct hisi_acc_queue_doorbell *arg)
{
	struct fake_queue *q = &fake.queues[n];

	if (queue_status(n)->state != HISI_ACC_STATE_RUNNING)
		return -EIO;
	if (arg->index >= q->depth)
		return -EINVAL;
	if (arg->flags & HISI_ACC_DOORBELL_CQ)
		cq_doorbell(q, arg->index, arg->flags & HISI_ACC_DOORBELL_ARM);
	else
		sq_doorbell(q, arg->index);
	return 0;
}

static int do_queue_ioctl(unsigned int request, void *arg, uint32_t handle)
{
	unsigned int n = handle - 1;

	if (n >= FAKE_QUEUES || !fake.queues[n].used)
		return -ENOENT;
	switch (request) {
	case HISI_ACC_QUEUE_FREE:
		fake.queues[n].used = false;
		return 0;
	case HISI_ACC_QUEUE_START:
		if (queue_status(n)->state == HISI_ACC_STATE_RUNNING)
			return -EBUSY;
		if (queue_status(n)->state == HISI_ACC_STATE_GONE)
			return -ENODEV;
		start_queue(n);
		((struct hisi_acc_queue_start *)arg)->out_db_rand =
			fake.queues[n].rand;
		return 0;
	case HISI_ACC_QUEUE_STOP:
		return do_stop(n);
	case HISI_ACC_QUEUE_EVENT:
		fake.queues[n].event_fd =
			((struct hisi_acc_queue_event *)arg)->event_fd;
		return 0;
	default:
		return do_doorbell(n, arg);
	}
}

int hisiacc_sys_ioctl(int fd, unsigned long request, void *arg)
{
	const uint32_t *words = arg;

	if (fake_buf_of(fd))
		return fake_memory_ioctl((unsigned int)request, arg);
	if (fd != CTX_FD)
		return -EBADF;
	run_all(false);
	fake.ioctls++;
	if (fake.fail_ioctl && request != HISI_ACC_MEM_UNPIN &&
	    request != HISI_ACC_QUEUE_FREE && !--fake.fail_ioctl)
		return -fake.fail_errno;
	fake.calls[request & 0x3f]++;
	if (fake.fail_request == request && !fake.fail_after--)
		return -fake.fail_errno;
	switch (request) {
	case HISI_ACC_QUERY:
		return do_query(arg);
	case HISI_ACC_QUEUE_ALLOC:
		return do_queue_alloc(arg);
	case HISI_ACC_QUEUE_FREE:
	case HISI_ACC_QUEUE_START:
	case HISI_ACC_QUEUE_STOP:
	case HISI_ACC_QUEUE_EVENT:
	case HISI_ACC_QUEUE_DOORBELL:
		return do_queue_ioctl((unsigned int)request, arg, words[2]);
	default:
		return fake_memory_ioctl((unsigned int)request, arg);
	}
}

/* ---- The rest of the system ---- */

int hisiacc_sys_list(char (**names)[HISIACC_NAME_SIZE], unsigned int *count)
{
	unsigned int i;

	*names = calloc(fake.devices + 1, sizeof(**names));
	for (i = 0; i < fake.devices; i++)
		snprintf((*names)[i], sizeof((*names)[i]), "zip%u", i);
	*count = fake.devices;
	return 0;
}

int hisiacc_sys_open(const char *path)
{
	if (fake.open_errno)
		return -fake.open_errno;
	return strncmp(path, "/dev/hisi_acc/zip", 17) ? -ENOENT : CTX_FD;
}

void hisiacc_sys_close(int fd)
{
	if (fake_buf_of(fd))
		fake_memory_close(fd);
	else
		fake.closed++;
	fake.eventfds -= fd >= EVENT_FD && fd < EVENT_FD + (int)events_made;
}

int hisiacc_sys_read(int fd, void *buf, size_t size)
{
	uint64_t *count;

	if (fd == CTX_FD)
		return -EAGAIN;
	ck_assert_int_ge(fd, EVENT_FD);
	ck_assert_uint_eq(size, sizeof(*count));
	count = &events[fd - EVENT_FD];
	if (!*count)
		return -EAGAIN;
	memcpy(buf, count, sizeof(*count));
	*count = 0;
	return sizeof(*count);
}

int hisiacc_sys_map(int fd, uint64_t key, uint64_t size, int prot, void **out)
{
	struct fake_queue *q = &fake.queues[key >> 20 & 0xfff];

	(void)prot;
	if (fake_buf_of(fd))
		return fake_memory_map((size_t)size, out);
	if (fd != CTX_FD)
		return -EBADF;
	if (fake.map_errno && !fake.map_fail_after--)
		return -fake.map_errno;
	switch (key >> 32) {
	case KEY_STATUS:
		*out = fake.status;
		break;
	case KEY_SQ:
		*out = q->sq;
		break;
	case KEY_CQ:
		*out = q->cq;
		break;
	case KEY_DB:
		ck_assert_uint_eq(size, DB_SIZE);
		*out = (char *)q->db - fake.db_offset;
		break;
	default:
		return -EINVAL;
	}
	fake.maps++;
	return 0;
}

/* The device's own memory stays, as it does behind a real mapping. */
static bool is_devices(const void *addr)
{
	unsigned int i;

	for (i = 0; i < FAKE_QUEUES; i++)
		if (addr == fake.queues[i].sq || addr == fake.queues[i].cq ||
		    (uintptr_t)addr + fake.db_offset ==
		    (uintptr_t)fake.queues[i].db)
			return true;
	return addr == fake.status;
}

void hisiacc_sys_unmap(void *addr, uint64_t size)
{
	(void)size;
	fake.maps--;
	if (!is_devices(addr))
		free(addr);
}

int hisiacc_sys_eventfd(void)
{
	if (fake.eventfd_errno)
		return -fake.eventfd_errno;
	fake.eventfds++;
	return EVENT_FD + (int)events_made++;
}

/* The time at which the next request will be done, or UINT64_MAX. */
static uint64_t next_ready(void)
{
	uint64_t at = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < FAKE_QUEUES && !fake.hang; i++) {
		struct fake_queue *q = &fake.queues[i];

		if (q->used && q->sq_head != q->sq_tail &&
		    queue_status(i)->state == HISI_ACC_STATE_RUNNING &&
		    q->ready_at < at)
			at = q->ready_at;
	}
	return at;
}

static int poll_ready(struct pollfd *fds, unsigned int count)
{
	unsigned int i;
	int n = 0;

	for (i = 0; i < count; i++) {
		fds[i].revents = 0;
		if (fds[i].fd == CTX_FD && fake.ctx_pollerr)
			fds[i].revents = POLLERR;
		if (fds[i].fd >= EVENT_FD && events[fds[i].fd - EVENT_FD])
			fds[i].revents = POLLIN;
		n += fds[i].revents != 0;
	}
	return n;
}

int hisiacc_sys_poll(struct pollfd *fds, unsigned int count,
		     uint64_t timeout_ns)
{
	uint64_t end = timeout_ns == UINT64_MAX ? UINT64_MAX :
		       fake.now + timeout_ns;
	int n;

	fake.polls++;
	if (fake.poll_hook)
		fake.poll_hook();
	if (fake.eintr) {
		fake.eintr--;
		return -EINTR;
	}
	for (;;) {
		run_all(false);
		n = poll_ready(fds, count);
		if (n || fake.now >= end)
			return n;
		if (next_ready() == UINT64_MAX && end == UINT64_MAX)
			ck_abort_msg("sleeps for ever");
		fake.now = next_ready() < end ? next_ready() : end;
	}
}

uint64_t hisiacc_sys_now(void)
{
	fake.now += CLOCK_STEP;
	run_all(false);
	return fake.now;
}

size_t hisiacc_sys_page_size(void)
{
	return 4096;
}
