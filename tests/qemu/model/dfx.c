/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug counters of the Queue Manager.  Registers beside them choose the
 * function, or the queue of it, that a counter is shown of.
 */
#include "qemu/osdep.h"
#include "acc.h"

#define DFX_FUNCTION(v)     ((v) & 0x3f)
#define DFX_QUEUE(v)        ((v) >> 16)

static HisiAccDfx *hisi_acc_dfx_function(HisiAccDev *d, uint32_t select)
{
    return &d->fun[DFX_FUNCTION(*hisi_acc_reg(d->fun, select))].dfx;
}

/* NULL if the function has no such queue. */
static HisiAccQueue *hisi_acc_dfx_queue(HisiAccDev *d, uint32_t select)
{
    uint32_t val = *hisi_acc_reg(d->fun, select);
    HisiAccFun *f = &d->fun[DFX_FUNCTION(val)];

    return DFX_QUEUE(val) < hisi_acc_vft_queues(f) ?
           hisi_acc_vft_queue(f, DFX_QUEUE(val)) : NULL;
}

static uint32_t *hisi_acc_dfx_counter(HisiAccDev *d, uint32_t reg)
{
    HisiAccQueue *q;

    switch (reg) {
    case R_DFX_MAILBOXES:
        return &hisi_acc_dfx_function(d, R_DFX_MAILBOXES_SEL)->mailboxes;
    case R_DFX_DOORBELLS:
        return &hisi_acc_dfx_function(d, R_DFX_DOORBELLS_SEL)->doorbells;
    case R_DFX_SQES:
        q = hisi_acc_dfx_queue(d, R_DFX_SQES_SEL);
        return q ? &q->sqes : NULL;
    case R_DFX_CQES:
        q = hisi_acc_dfx_queue(d, R_DFX_CQES_SEL);
        return q ? &q->cqes : NULL;
    case R_DFX_SENT:
        return &d->dfx.sent;
    case R_DFX_WRITTEN_BACK:
        return &d->dfx.written_back;
    case R_DFX_FINISHED:
        return &d->dfx.finished;
    case R_DFX_CQE_ERRORS:
        return &d->dfx.cqe_errors;
    default:
        return NULL;
    }
}

/* True if the register is a counter. */
bool hisi_acc_dfx_read(HisiAccDev *d, uint32_t reg, uint32_t *val)
{
    uint32_t *counter = hisi_acc_dfx_counter(d, reg);

    if (!counter) {
        return false;
    }
    *val = *counter;
    if (*hisi_acc_reg(d->fun, R_DFX_CLEAR_ON_READ) & 1) {
        *counter = 0;
    }
    return true;
}
