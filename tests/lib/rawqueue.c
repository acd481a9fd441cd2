// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data.h"
#include "device.h"
#include "rawqueue.h"
#include "test.h"

#define SQE_SIZE	128
#define CQE_SIZE	16
#define CQE_SQ_HEAD	8
#define CQE_PHASE	14
#define CANARY		0xc7

static void *map(int fd, uint64_t key, uint64_t size, int prot)
{
	void *data = mmap(NULL, size, prot, MAP_SHARED, fd, key);

	require(data != MAP_FAILED);
	return data;
}

void raw_queue_init(struct raw_queue *q, int fd, uint32_t type, uint32_t depth,
		    uint32_t flags)
{
	const int rw = PROT_READ | PROT_WRITE;
	struct hisi_acc_query query;
	const uint8_t *status;

	*q = (struct raw_queue) {
		.fd = fd, .phase = true, .arg = acc_queue_args(type, depth),
	};
	q->arg.flags = flags;
	require_ok(acc_query(fd, &query));
	require_ok(acc_queue_alloc(fd, &q->arg));
	q->db_rand = q->arg.out_db_rand;
	ck_assert_uint_eq(q->arg.out_db_size,
			  !(flags & HISI_ACC_QUEUE_NO_DB_MAP) &&
			  device_doorbell_is_alone() ? PAGE : 0);
	q->sq = map(fd, q->arg.out_sq_key, q->arg.out_sq_size, rw);
	q->cq = map(fd, q->arg.out_cq_key, q->arg.out_cq_size, rw);
	if (q->arg.out_db_size)
		q->db = map(fd, q->arg.out_db_key, q->arg.out_db_size, rw);
	status = map(fd, query.out_status_key, query.out_status_size, PROT_READ);
	q->status = (const void *)status;
	q->queue_status = (const void *)(status + q->arg.out_status_offset);
}

void raw_queue_fini(struct raw_queue *q)
{
	struct hisi_acc_query query;

	require_ok(acc_query(q->fd, &query));
	munmap(q->sq, q->arg.out_sq_size);
	munmap(q->cq, q->arg.out_cq_size);
	if (q->db)
		munmap((void *)q->db, q->arg.out_db_size);
	munmap((void *)q->status, query.out_status_size);
	require_ok(acc_queue_free(q->fd, q->arg.out_handle));
}

void raw_queue_start(struct raw_queue *q)
{
	uint32_t db_rand = 0;

	require_ok(acc_queue_start(q->fd, q->arg.out_handle, &db_rand));
	q->db_rand = db_rand;
	q->head = 0;
	q->tail = 0;
	q->phase = true;
}

void raw_queue_push(struct raw_queue *q, const uint32_t *sqe)
{
	memcpy(q->sq + q->tail * SQE_SIZE, sqe, SQE_SIZE);
	q->tail = (q->tail + 1) % q->arg.out_depth;
}

uint64_t raw_doorbell(const struct raw_queue *q, bool cq, uint32_t index,
		      bool arm)
{
	return q->arg.out_queue | (uint64_t)cq << 12 |
	       (uint64_t)q->db_rand << 16 | (uint64_t)index << 32 |
	       (uint64_t)arm << 48;
}

void raw_queue_store(struct raw_queue *q, uint64_t value)
{
	if (!q->db)
		return;
	/* ring entries first */
	__sync_synchronize();
	*(volatile uint64_t *)(q->db + q->arg.out_db_offset) = value;
}

void raw_queue_ring(struct raw_queue *q)
{
	if (q->db)
		raw_queue_store(q, raw_doorbell(q, false, q->tail, false));
	else
		require_ok(acc_queue_doorbell(q->fd, q->arg.out_handle, 0,
					     q->tail));
}

void raw_queue_ring_cq(struct raw_queue *q, bool arm)
{
	if (q->db)
		raw_queue_store(q, raw_doorbell(q, true, q->head, arm));
	else
		require_ok(acc_queue_doorbell(q->fd, q->arg.out_handle,
					     HISI_ACC_DOORBELL_CQ |
					     (arm ? HISI_ACC_DOORBELL_ARM : 0),
					     q->head));
}

static uint16_t cqe_word(const struct raw_queue *q, unsigned int offset)
{
	const uint8_t *cqe = q->cq + q->head * CQE_SIZE;

	return __atomic_load_n((const uint16_t *)(cqe + offset),
			       __ATOMIC_ACQUIRE);
}

bool raw_queue_ready(const struct raw_queue *q)
{
	return (cqe_word(q, CQE_PHASE) & 1) == q->phase;
}

bool raw_queue_pop(struct raw_queue *q, uint32_t *sqe, int timeout_ms)
{
	uint32_t slot;

	if (!wait_until(raw_queue_ready(q), timeout_ms))
		return false;
	slot = cqe_word(q, CQE_SQ_HEAD);
	require(slot < q->arg.out_depth);
	if (sqe)
		memcpy(sqe, q->sq + slot * SQE_SIZE, SQE_SIZE);
	q->head = (q->head + 1) % q->arg.out_depth;
	if (!q->head)
		q->phase = !q->phase;
	return true;
}

void zip_encode(uint32_t *sqe, uint64_t src, uint32_t src_size, uint64_t dst,
		uint32_t dst_size)
{
	bool v3 = device_version() >= 3;

	memset(sqe, 0, SQE_SIZE);
	sqe[4] = src_size;
	sqe[7] = v3 ? 3u << 28 : 0;
	sqe[9] = 0x02 | (v3 ? 4u << 12 : 0);	/* zlib, 32 KiB window */
	sqe[14] = dst_size;
	sqe[18] = src;
	sqe[19] = src >> 32;
	sqe[20] = dst;
	sqe[21] = dst >> 32;
}

uint32_t zip_status(const uint32_t *sqe)
{
	return sqe[3] & 0xff;
}

bool zip_succeeded(const uint32_t *sqe)
{
	return zip_status(sqe) == ZIP_STATUS_OK ||
	       zip_status(sqe) == ZIP_STATUS_EXPANDED;
}

uint32_t zip_produced(const uint32_t *sqe)
{
	return sqe[1];
}

void raw_queue_run(struct raw_queue *q, uint64_t src, uint32_t src_size,
		   uint64_t dst, uint32_t dst_size, uint32_t *sqe)
{
	zip_encode(sqe, src, src_size, dst, dst_size);
	raw_queue_push(q, sqe);
	raw_queue_ring(q);
	require(raw_queue_pop(q, sqe, 5000));
	raw_queue_ring_cq(q, false);
}

void pinned_init(struct pinned *p, int fd, size_t size)
{
	*p = (struct pinned) { .fd = fd, .size = size };
	p->data = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(p->data != MAP_FAILED);
	require_ok(acc_mem_pin(fd, 0, p->data, size, &p->handle, &p->iova));
}

void pinned_fini(struct pinned *p)
{
	require_ok(acc_mem_unpin(p->fd, p->handle));
	munmap(p->data, p->size);
}

void work_init_queue(struct work *w, int fd, uint32_t type, size_t size,
		     uint32_t depth, uint32_t flags)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t room = (zlib_room(size) + page - 1) / page * page;

	*w = (struct work) { .size = size };
	raw_queue_init(&w->q, fd, type, depth, flags);
	pinned_init(&w->src, fd, room);
	pinned_init(&w->dst, fd, room);
}

void work_init(struct work *w, int fd, uint32_t type, size_t size)
{
	work_init_queue(w, fd, type, size, 16, 0);
}

void work_fini(struct work *w)
{
	pinned_fini(&w->dst);
	pinned_fini(&w->src);
	raw_queue_fini(&w->q);
}

static uint8_t *plain(struct work *w)
{
	uint8_t *data = malloc(w->size);

	require(data);
	fill_text(data, w->size, w->seed);
	return data;
}

void work_submit(struct work *w, uint32_t seed)
{
	uint32_t sqe[SQE_WORDS];
	uint8_t *data;

	w->seed = seed;
	data = plain(w);
	if (w->q.arg.type == QUEUE_COMPRESS) {
		memcpy(w->src.data, data, w->size);
		w->src_size = w->size;
	} else {
		w->src_size = zlib_make(w->src.data, w->src.size, data, w->size);
	}
	free(data);
	memset(w->dst.data, CANARY, w->dst.size);
	zip_encode(sqe, w->src.iova, w->src_size, w->dst.iova, w->dst.size);
	raw_queue_push(&w->q, sqe);
	raw_queue_ring(&w->q);
}

bool work_is_right(struct work *w, uint32_t produced)
{
	uint8_t *data = plain(w);
	bool right;

	if (w->q.arg.type == QUEUE_COMPRESS)
		right = zlib_is(w->dst.data, produced, data, w->size);
	else
		right = produced == w->size &&
			!memcmp(w->dst.data, data, w->size);
	free(data);
	return right;
}

bool work_is_untouched(struct work *w)
{
	return is_filled(w->dst.data, w->dst.size, CANARY);
}

bool work_wait(struct work *w, int timeout_ms)
{
	uint32_t sqe[SQE_WORDS];

	if (!raw_queue_pop(&w->q, sqe, timeout_ms))
		return false;
	raw_queue_ring_cq(&w->q, false);
	return zip_succeeded(sqe) && work_is_right(w, zip_produced(sqe));
}

void work_run(struct work *w, uint32_t seed)
{
	work_submit(w, seed);
	require(work_wait(w, 5000));
}

void expect_device_works(void)
{
	int fd = device_open();
	struct work w;
	uint32_t type;

	for (type = QUEUE_COMPRESS; type <= QUEUE_DECOMPRESS; type++) {
		work_init(&w, fd, type, 5000);
		work_run(&w, type + 1);
		work_fini(&w);
	}
	close(fd);
}
