/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Worker threads, and the requests they work on.
 *
 * A worker sees host buffers only.  It never looks at r->queue, so a request
 * can be cancelled while it runs.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "acc.h"

#define IDLE_REQS       64          /* requests kept for reuse */
#define KEEP_BYTES      (256 * 1024) /* largest buffer kept with one */
#define KEEP_SEGMENTS   1024

/* Make room for size bytes; what the buffer held is lost. */
bool hisi_acc_buf_fit(HisiAccBuf *b, size_t size)
{
    if (size <= b->size) {
        return true;
    }
    g_free(b->data);
    b->size = 0;
    b->data = g_try_malloc(size);
    if (!b->data) {
        return false;
    }
    b->size = size;
    return true;
}

static void hisi_acc_buf_trim(HisiAccBuf *b, size_t keep)
{
    if (b->size > keep) {
        g_free(b->data);
        b->data = NULL;
        b->size = 0;
    }
}

static void hisi_acc_sg_trim(HisiAccSgList *l)
{
    if (l->room > KEEP_SEGMENTS) {
        g_free(l->seg);
        l->seg = NULL;
        l->room = 0;
    }
}

static void hisi_acc_req_destroy(HisiAccReq *r)
{
    g_free(r->in.data);
    g_free(r->out.data);
    g_free(r->ctx.data);
    g_free(r->src.seg);
    g_free(r->dst.seg);
    g_free(r->priv);
    g_free(r);
}

HisiAccReq *hisi_acc_req_new(HisiAccDev *d)
{
    HisiAccReq *r = QSIMPLEQ_FIRST(&d->idle);

    if (r) {
        QSIMPLEQ_REMOVE_HEAD(&d->idle, in_list);
        d->idle_count--;
    } else {
        r = g_new0(HisiAccReq, 1);
        r->dev = d;
        r->priv = g_malloc0(d->engine->priv_size);
    }
    r->done = false;
    r->hung = false;
    r->forced = false;
    r->resumed = false;
    r->stall = (HisiAccStall) { 0 };
    r->moved = 0;
    r->weight = 0;
    r->src.count = 0;
    r->dst.count = 0;
    return r;
}

void hisi_acc_req_free(HisiAccReq *r)
{
    HisiAccDev *d = r->dev;

    d->weight -= r->weight;
    if (d->idle_count >= IDLE_REQS) {
        hisi_acc_req_destroy(r);
        return;
    }
    hisi_acc_buf_trim(&r->in, KEEP_BYTES);
    hisi_acc_buf_trim(&r->out, KEEP_BYTES);
    hisi_acc_buf_trim(&r->ctx, KEEP_BYTES);
    hisi_acc_sg_trim(&r->src);
    hisi_acc_sg_trim(&r->dst);
    d->idle_count++;
    QSIMPLEQ_INSERT_HEAD(&d->idle, r, in_list);
}

static void *hisi_acc_worker(void *opaque)
{
    HisiAccDev *d = opaque;
    HisiAccWorkers *w = &d->workers;
    void *tool = d->engine->tool_new();
    HisiAccReq *r;

    qemu_mutex_lock(&w->lock);
    while (!w->quit) {
        r = QSIMPLEQ_FIRST(&w->todo);
        if (!r) {
            qemu_cond_wait(&w->wake, &w->lock);
            continue;
        }
        QSIMPLEQ_REMOVE_HEAD(&w->todo, in_list);
        qemu_mutex_unlock(&w->lock);

        d->engine->run(r, tool);

        qemu_mutex_lock(&w->lock);
        QSIMPLEQ_INSERT_TAIL(&w->done, r, in_list);
        qemu_bh_schedule(d->bh);
    }
    qemu_mutex_unlock(&w->lock);
    d->engine->tool_free(tool);
    return NULL;
}

void hisi_acc_workers_submit(HisiAccReq *r)
{
    HisiAccWorkers *w = &r->dev->workers;

    qemu_mutex_lock(&w->lock);
    QSIMPLEQ_INSERT_TAIL(&w->todo, r, in_list);
    qemu_cond_signal(&w->wake);
    qemu_mutex_unlock(&w->lock);
}

/* Next finished request, NULL if there is none. */
HisiAccReq *hisi_acc_workers_reap(HisiAccDev *d)
{
    HisiAccWorkers *w = &d->workers;
    HisiAccReq *r;

    QEMU_LOCK_GUARD(&w->lock);
    r = QSIMPLEQ_FIRST(&w->done);
    if (r) {
        QSIMPLEQ_REMOVE_HEAD(&w->done, in_list);
    }
    return r;
}

void hisi_acc_workers_start(HisiAccDev *d)
{
    HisiAccWorkers *w = &d->workers;

    QSIMPLEQ_INIT(&d->idle);
    QSIMPLEQ_INIT(&w->todo);
    QSIMPLEQ_INIT(&w->done);
    qemu_mutex_init(&w->lock);
    qemu_cond_init(&w->wake);
    w->quit = false;
    w->main_tool = d->engine->tool_new();
    for (unsigned i = 0; i < ARRAY_SIZE(w->thread); i++) {
        qemu_thread_create(&w->thread[i], "hisi-acc", hisi_acc_worker, d,
                           QEMU_THREAD_JOINABLE);
    }
}

/* All queues were killed before, so every request left is cancelled. */
void hisi_acc_workers_stop(HisiAccDev *d)
{
    HisiAccWorkers *w = &d->workers;
    HisiAccReq *r, *next;

    qemu_mutex_lock(&w->lock);
    w->quit = true;
    qemu_cond_broadcast(&w->wake);
    qemu_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < ARRAY_SIZE(w->thread); i++) {
        qemu_thread_join(&w->thread[i]);
    }
    QSIMPLEQ_CONCAT(&w->done, &w->todo);
    QSIMPLEQ_CONCAT(&w->done, &d->idle);
    QSIMPLEQ_FOREACH_SAFE(r, &w->done, in_list, next) {
        hisi_acc_req_destroy(r);
    }
    d->engine->tool_free(w->main_tool);
    qemu_cond_destroy(&w->wake);
    qemu_mutex_destroy(&w->lock);
}
