/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queue rings: doorbells, fetching SQEs, delivering completions in order.
 *
 * A doorbell handler moves an index and puts the queue on the active list.
 * The bottom half then takes SQEs off the ring, hands them to the workers and
 * later writes results, SQE words, CQE and event in that order.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "acc.h"
#include "trace.h"

#define FETCH_BATCH         16      /* SQEs read by one DMA */
#define ROUND_REQS          64      /* requests started by one bottom half */
#define ROUND_BYTES         (256 * 1024)
#define MAX_WEIGHT          (512u * 1024 * 1024)

static unsigned hisi_acc_ring_used(unsigned depth, unsigned from, unsigned to)
{
    return (to + depth - from) % depth;
}

static void hisi_acc_queue_activate(HisiAccQueue *q)
{
    HisiAccDev *d = q->fun->dev;

    if (!q->active) {
        q->active = true;
        QTAILQ_INSERT_TAIL(&d->active, q, link);
    }
    qemu_bh_schedule(d->bh);
}

static void hisi_acc_queue_deactivate(HisiAccQueue *q)
{
    if (q->active) {
        q->active = false;
        QTAILQ_REMOVE(&q->fun->dev->active, q, link);
    }
}

/* Nothing published, nothing in flight. */
bool hisi_acc_queue_idle(HisiAccQueue *q)
{
    return QTAILQ_EMPTY(&q->reqs) &&
           (!q->sq_live || q->failed || q->sq_head == q->sq_tail);
}

/* The same of all queues. */
bool hisi_acc_idle(HisiAccDev *d)
{
    HisiAccQueue *q;

    QTAILQ_FOREACH(q, &d->active, link) {
        if (!hisi_acc_queue_idle(q)) {
            return false;
        }
    }
    return true;
}

/* Results of cancelled requests are dropped; a worker may still hold one. */
static void hisi_acc_queue_cancel(HisiAccQueue *q)
{
    HisiAccReq *r;

    while ((r = QTAILQ_FIRST(&q->reqs))) {
        QTAILQ_REMOVE(&q->reqs, r, in_queue);
        q->inflight--;
        q->fun->count.inflight--;
        q->fun->dev->count.inflight--;
        hisi_acc_pri_forget(r);
        r->queue = NULL;
        if (r->done || r->resumed) {
            q->fun->dev->stalled -= r->resumed;
            hisi_acc_req_free(r);
        }
    }
}

/* Forget the queue's contexts; no DMA for it from here on. */
void hisi_acc_queue_kill(HisiAccQueue *q)
{
    hisi_acc_queue_cancel(q);
    hisi_acc_queue_deactivate(q);
    q->sq_live = false;
    q->cq_live = false;
    q->disabled = false;
    q->draining = false;
    q->failed = false;
    q->rearm = false;
    q->sqes = 0;
    q->cqes = 0;
    q->sq_head = 0;
    q->sq_tail = 0;
}

/* The queue is beyond use: tell the driver, which has to stop it. */
static void hisi_acc_queue_fail(HisiAccQueue *q, unsigned type)
{
    hisi_acc_queue_cancel(q);
    q->failed = true;
    q->sq_head = q->sq_tail;
    hisi_acc_aeqe(q->fun, type, q->qn);
}

/* Doorbells */

static void hisi_acc_doorbell_drop(HisiAccFun *f, unsigned qn, uint64_t val,
                                   const char *why, bool error)
{
    f->dev->count.dropped_doorbells++;
    trace_hisi_acc_doorbell_drop(f->number, DB_CMD(val), qn, why);
    if (error) {
        hisi_acc_guest_error(f, "doorbell %u for queue %u index %u: %s",
                             DB_CMD(val), qn, DB_INDEX(val), why);
    }
}

static void hisi_acc_sq_doorbell(HisiAccQueue *q, uint64_t val)
{
    HisiAccFun *f = q->fun;
    unsigned index = DB_INDEX(val);
    unsigned pending, step;

    if (DB_RAND(val) != q->sq_rand) {
        hisi_acc_doorbell_drop(f, q->qn, val, "wrong random value", true);
        hisi_acc_qm_error(f->dev, QM_ERR_DB_RANDOM);
        return;
    }
    if (index >= q->sq_depth) {
        hisi_acc_doorbell_drop(f, q->qn, val, "index beyond the ring", true);
        return;
    }
    pending = hisi_acc_ring_used(q->sq_depth, q->sq_done, q->sq_tail);
    step = hisi_acc_ring_used(q->sq_depth, q->sq_tail, index);
    if (pending + step >= q->sq_depth) {
        hisi_acc_doorbell_drop(f, q->qn, val, "overruns unfinished entries",
                               true);
        return;
    }
    if (index < q->sq_tail) {
        q->sq_wrap = !q->sq_wrap;
    }
    q->sq_tail = index;
    hisi_acc_queue_activate(q);
}

static void hisi_acc_cq_doorbell(HisiAccQueue *q, uint64_t val)
{
    HisiAccFun *f = q->fun;
    unsigned index = DB_INDEX(val);

    if (DB_RAND(val) != q->cq_rand) {
        hisi_acc_doorbell_drop(f, q->qn, val, "wrong random value", true);
        hisi_acc_qm_error(f->dev, QM_ERR_DB_RANDOM);
        return;
    }
    if (index >= q->cq_depth ||
        hisi_acc_ring_used(q->cq_depth, q->cq_head, index) >
        hisi_acc_ring_used(q->cq_depth, q->cq_head, q->cq_tail)) {
        hisi_acc_doorbell_drop(f, q->qn, val, "index beyond the tail", true);
        return;
    }
    q->cq_head = index;
    if (DB_PRIO(val) & 1) {
        q->c_flag = true;
        /* Entries written before the flag was set must not go unnoticed. */
        if (q->cq_head != q->cq_tail) {
            q->rearm = true;
            hisi_acc_queue_activate(q);
        }
    }
}

void hisi_acc_queue_doorbell(HisiAccFun *f, unsigned qn, uint64_t val)
{
    HisiAccDev *d = f->dev;
    bool sq = DB_CMD(val) == DB_SQ;
    HisiAccQueue *q;

    trace_hisi_acc_doorbell(f->number, DB_CMD(val), qn, DB_INDEX(val),
                            DB_PRIO(val));
    if (DB_CMD(val) > DB_CQ || DB_PRIO(val) > (sq ? 0 : 1) ||
        DB_RESERVED(val)) {
        hisi_acc_doorbell_drop(f, qn, val, "reserved bits set", true);
        return;
    }
    if (sq) {
        d->count.sq_doorbells++;
    } else {
        d->count.cq_doorbells++;
    }
    if (qn >= hisi_acc_vft_queues(f)) {
        hisi_acc_doorbell_drop(f, qn, val, "queue outside the range", true);
        hisi_acc_qm_error(d, sq ? QM_ERR_SQ_VF_INVALID
                                : QM_ERR_CQ_VF_INVALID);
        return;
    }
    q = hisi_acc_vft_queue(f, qn);
    /* A process can do this after its queue was taken away: no error. */
    if (!q->sq_live || !q->cq_live || q->disabled || q->failed ||
        (sq && q->draining)) {
        hisi_acc_doorbell_drop(f, qn, val, "queue takes none", false);
        return;
    }
    f->count.doorbells++;
    f->dfx.doorbells++;
    if (sq) {
        hisi_acc_sq_doorbell(q, val);
    } else {
        hisi_acc_cq_doorbell(q, val);
    }
}

/* Completion */

static bool hisi_acc_cqe(HisiAccQueue *q, HisiAccReq *r)
{
    uint8_t cqe[CQE_SIZE] = { 0 };
    unsigned next = (q->cq_tail + 1) % q->cq_depth;

    if (next == q->cq_head) {
        hisi_acc_guest_error(q->fun, "CQ of queue %u overflows", q->qn);
        hisi_acc_queue_fail(q, AEQE_CQ_OVERFLOW);
        return false;
    }
    stw_le_p(cqe + 8, r->slot);
    stw_le_p(cqe + 10, q->qn);
    stw_le_p(cqe + 14, q->cq_phase);
    trace_hisi_acc_cqe(q->fun->number, q->qn, q->cq_tail, r->slot);
    if (!hisi_acc_write(q->fun, q->cq_base + q->cq_tail * CQE_SIZE, cqe,
                        CQE_SIZE)) {
        hisi_acc_guest_error(q->fun, "CQ of queue %u cannot be written",
                             q->qn);
        if (q->fun->dev->ras_on_dma_fault) {
            hisi_acc_qm_error(q->fun->dev, QM_ERR_AXI_BRESP);
        }
        q->fun->dev->dfx.cqe_errors++;
        hisi_acc_queue_fail(q, AEQE_CQE_ERROR);
        return false;
    }
    q->cqes++;
    q->cq_tail = next;
    if (!next) {
        q->cq_phase = !q->cq_phase;
        q->cq_wrap = !q->cq_wrap;
    }
    return true;
}

static void hisi_acc_cq_event(HisiAccQueue *q)
{
    if (q->c_flag) {
        q->c_flag = false;
        hisi_acc_eqe(q->fun, q->qn);
    }
}

/* Hand the results out; false while that waits for a page. */
static bool hisi_acc_req_finish(HisiAccReq *r)
{
    if (hisi_acc_req_stalled(r)) {
        return false;
    }
    r->stall.cause = HISI_ACC_STALL_NONE;
    r->dev->engine->finish(r);
    return !r->stall.cause;
}

/* The request is the oldest of its queue and finished. */
static bool hisi_acc_deliver(HisiAccQueue *q, HisiAccReq *r)
{
    HisiAccDev *d = r->dev;
    uint64_t addr = q->sq_base + ((uint64_t)r->slot << d->engine->sqe_shift);

    if (!d->engine->write_back(r, addr)) {
        hisi_acc_guest_error(q->fun, "SQ of queue %u cannot be written",
                             q->qn);
        if (d->ras_on_dma_fault) {
            hisi_acc_qm_error(d, QM_ERR_AXI_BRESP);
        }
        hisi_acc_queue_fail(q, AEQE_CQE_ERROR);
        return false;
    }
    d->dfx.written_back++;
    if (!hisi_acc_cqe(q, r)) {
        return false;
    }
    d->dfx.finished++;
    QTAILQ_REMOVE(&q->reqs, r, in_queue);
    q->inflight--;
    q->sq_done = (r->slot + 1) % q->sq_depth;
    q->fun->count.inflight--;
    d->count.inflight--;
    d->count.completed++;
    hisi_acc_req_free(r);
    return true;
}

static void hisi_acc_queue_deliver(HisiAccQueue *q, int64_t now,
                                   int64_t *wake)
{
    bool fresh = false;
    HisiAccReq *r;

    while ((r = QTAILQ_FIRST(&q->reqs)) && r->done && !r->hung) {
        if (r->ready_ns > now) {
            *wake = MIN(*wake, r->ready_ns);
            break;
        }
        if (!hisi_acc_req_finish(r)) {
            break;
        }
        if (!hisi_acc_deliver(q, r)) {
            return;
        }
        fresh = true;
    }
    if (fresh || (q->rearm && q->cq_head != q->cq_tail)) {
        hisi_acc_cq_event(q);
    }
    q->rearm = false;
}

/* Fetch */

static void hisi_acc_req_inject(HisiAccReq *r)
{
    HisiAccInject *inject = &r->dev->inject;

    if (inject->hang) {
        inject->hang--;
        r->hung = true;
    }
    if (inject->force) {
        inject->force--;
        r->forced = true;
        r->forced_status = inject->force_status;
    }
}

/* Called again if the request had to wait for a page. */
static void hisi_acc_req_prepare(HisiAccReq *r)
{
    HisiAccDev *d = r->dev;
    uint64_t weight = r->weight;

    r->stall.cause = HISI_ACC_STALL_NONE;
    d->engine->prepare(r);
    d->weight += r->weight - weight;
    d->stalled += !!r->stall.cause - r->resumed;
    r->resumed = r->stall.cause;
    if (r->resumed) {
        return;
    }
    r->ready_ns = d->delay_us ? qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                                (int64_t)d->delay_us * SCALE_US : 0;
    if (r->weight < d->inline_bytes) {
        d->engine->run(r, d->workers.main_tool);
        r->done = true;
    } else {
        hisi_acc_workers_submit(r);
    }
}

/* Returns the bytes of work it took on. */
static uint64_t hisi_acc_req_start(HisiAccQueue *q, unsigned slot,
                                   const uint8_t *sqe)
{
    HisiAccDev *d = q->fun->dev;
    HisiAccReq *r = hisi_acc_req_new(d);

    r->queue = q;
    r->slot = slot;
    memcpy(r->sqe, sqe, 1u << d->engine->sqe_shift);
    QTAILQ_INSERT_TAIL(&q->reqs, r, in_queue);
    q->inflight++;
    q->fun->count.inflight++;
    d->count.inflight++;
    q->sqes++;
    d->dfx.sent++;
    hisi_acc_req_inject(r);
    hisi_acc_req_prepare(r);
    return r->weight;
}

/* Go on with requests that waited for a page before they could run. */
static void hisi_acc_resume(HisiAccDev *d)
{
    HisiAccQueue *q;
    HisiAccReq *r;

    if (!d->stalled) {
        return;
    }
    QTAILQ_FOREACH(q, &d->active, link) {
        QTAILQ_FOREACH(r, &q->reqs, in_queue) {
            if (r->resumed && !hisi_acc_req_stalled(r)) {
                hisi_acc_req_prepare(r);
            }
        }
    }
}

static bool hisi_acc_queue_wants_fetch(HisiAccQueue *q)
{
    HisiAccDev *d = q->fun->dev;

    /* The weight bounds the host memory that requests in flight hold. */
    return q->sq_live && q->cq_live && !q->failed &&
           q->sq_head != q->sq_tail &&
           q->inflight < HISI_ACC_MAX_INFLIGHT && d->weight < MAX_WEIGHT &&
           d->engine->type_ready(d, q->type);
}

static void hisi_acc_queue_fetch(HisiAccQueue *q, unsigned *reqs,
                                 uint64_t *bytes)
{
    HisiAccDev *d = q->fun->dev;
    unsigned shift = d->engine->sqe_shift;
    uint8_t sqes[FETCH_BATCH * HISI_ACC_MAX_SQE];
    unsigned to_end = q->sq_depth - q->sq_head;
    unsigned n = hisi_acc_ring_used(q->sq_depth, q->sq_head, q->sq_tail);

    n = MIN(MIN(n, to_end), FETCH_BATCH);
    n = MIN(n, HISI_ACC_MAX_INFLIGHT - q->inflight);
    if (!hisi_acc_read(q->fun, q->sq_base + ((uint64_t)q->sq_head << shift),
                       sqes, n << shift)) {
        hisi_acc_guest_error(q->fun, "SQ of queue %u cannot be read", q->qn);
        if (d->ras_on_dma_fault) {
            hisi_acc_qm_error(d, QM_ERR_AXI_RRESP);
        }
        hisi_acc_queue_fail(q, AEQE_CQE_ERROR);
        return;
    }
    for (unsigned i = 0; i < n && *bytes < ROUND_BYTES; i++) {
        *bytes += hisi_acc_req_start(q, q->sq_head, sqes + (i << shift));
        q->sq_head = (q->sq_head + 1) % q->sq_depth;
        (*reqs)++;
    }
}

/* Start what fits into one round. */
static void hisi_acc_fetch_round(HisiAccDev *d)
{
    HisiAccQueue *last = QTAILQ_LAST(&d->active);
    HisiAccQueue *q, *next;
    unsigned reqs = 0;
    uint64_t bytes = 0;

    QTAILQ_FOREACH_SAFE(q, &d->active, link, next) {
        if (reqs >= ROUND_REQS || bytes >= ROUND_BYTES) {
            break;
        }
        if (hisi_acc_queue_wants_fetch(q)) {
            hisi_acc_queue_fetch(q, &reqs, &bytes);
            /* The others go first in the next round. */
            QTAILQ_REMOVE(&d->active, q, link);
            QTAILQ_INSERT_TAIL(&d->active, q, link);
        }
        if (q == last) {
            break;
        }
    }
}

static void hisi_acc_reap(HisiAccDev *d)
{
    HisiAccReq *r;

    while ((r = hisi_acc_workers_reap(d))) {
        if (r->queue) {
            r->done = true;
        } else {
            hisi_acc_req_free(r);
        }
    }
}

void hisi_acc_rings_work(HisiAccDev *d)
{
    int64_t now, wake = INT64_MAX;
    HisiAccQueue *q, *next;
    bool more = false;

    hisi_acc_reap(d);
    if (hisi_acc_axi_blocked(d)) {
        return;
    }
    hisi_acc_resume(d);
    hisi_acc_fetch_round(d);
    now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    QTAILQ_FOREACH_SAFE(q, &d->active, link, next) {
        hisi_acc_queue_deliver(q, now, &wake);
        more |= hisi_acc_queue_wants_fetch(q);
        if (hisi_acc_queue_idle(q)) {
            hisi_acc_queue_deactivate(q);
        }
    }
    if (more) {
        qemu_bh_schedule(d->bh);
    }
    if (wake != INT64_MAX) {
        timer_mod(d->timer, wake);
    }
}

/* The monitor takes its injected hangs back. */
void hisi_acc_rings_unhang(HisiAccDev *d)
{
    HisiAccQueue *q;
    HisiAccReq *r;

    QTAILQ_FOREACH(q, &d->active, link) {
        QTAILQ_FOREACH(r, &q->reqs, in_queue) {
            r->hung = false;
        }
    }
    qemu_bh_schedule(d->bh);
}
