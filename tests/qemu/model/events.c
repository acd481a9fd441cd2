/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event rings: the EQ tells which CQ has news, the AEQ tells of trouble.
 *
 * An entry sets the ring's interrupt source.  One message is sent while the
 * source is set and not masked; the next one needs a doorbell in between.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "acc.h"
#include "trace.h"

static bool hisi_acc_event_full(HisiAccEventRing *r)
{
    return (r->tail + 1) % r->depth == r->head;
}

static bool hisi_acc_event_push(HisiAccFun *f, HisiAccEventRing *r,
                                uint32_t entry)
{
    uint8_t raw[EQE_SIZE];

    stl_le_p(raw, entry | (r->phase ? EVENT_PHASE : 0));
    if (!hisi_acc_write(f, r->base + r->tail * EQE_SIZE, raw, EQE_SIZE)) {
        hisi_acc_guest_error(f, "%s ring cannot be written", r->name);
        return false;
    }
    r->tail++;
    if (r->tail == r->depth) {
        r->tail = 0;
        r->phase = !r->phase;
    }
    r->source = true;
    qemu_bh_schedule(f->dev->bh);
    return true;
}

static void hisi_acc_event_overflow(HisiAccFun *f, unsigned ring, unsigned qn)
{
    *hisi_acc_reg(f->dev->fun, R_ABN_INF00) = f->number | ring << 6 | qn << 16;
    hisi_acc_qm_error(f->dev, QM_ERR_FIFO_OVERFLOW);
}

void hisi_acc_aeqe(HisiAccFun *f, unsigned type, unsigned qn)
{
    HisiAccEventRing *r = &f->aeq;

    if (!r->live) {
        return;
    }
    if (hisi_acc_event_full(r)) {
        hisi_acc_guest_error(f, "AEQ overflow, type %u lost", type);
        hisi_acc_event_overflow(f, 2, qn);
        return;
    }
    trace_hisi_acc_aeqe(f->number, type, qn, r->tail);
    hisi_acc_event_push(f, r, qn | type << AEQE_TYPE_SHIFT);
}

void hisi_acc_eqe(HisiAccFun *f, unsigned qn)
{
    HisiAccEventRing *r = &f->eq;

    if (!r->live) {
        return;
    }
    if (hisi_acc_event_full(r)) {
        hisi_acc_guest_error(f, "EQ overflow");
        hisi_acc_aeqe(f, AEQE_EQ_OVERFLOW, 0);
        return;
    }
    trace_hisi_acc_eqe(f->number, qn, r->tail);
    hisi_acc_event_push(f, r, qn);
}

static const char *hisi_acc_event_doorbell_flaw(HisiAccEventRing *r,
                                                uint64_t val)
{
    unsigned index = DB_INDEX(val);

    if (!r->live) {
        return "no context";
    }
    if (DB_QN(val) || DB_RAND(val) || DB_PRIO(val) || DB_RESERVED(val)) {
        return "reserved bits set";
    }
    if (index >= r->depth) {
        return "index beyond the ring";
    }
    if ((index + r->depth - r->head) % r->depth >
        (r->tail + r->depth - r->head) % r->depth) {
        return "index beyond the tail";
    }
    return NULL;
}

void hisi_acc_event_doorbell(HisiAccFun *f, uint64_t val)
{
    unsigned cmd = DB_CMD(val);
    HisiAccEventRing *r = cmd == DB_EQ ? &f->eq : &f->aeq;
    const char *flaw = cmd == DB_EQ || cmd == DB_AEQ ?
                       hisi_acc_event_doorbell_flaw(r, val) :
                       "not an event command";

    trace_hisi_acc_doorbell(f->number, cmd, DB_QN(val), DB_INDEX(val),
                            DB_PRIO(val));
    f->dev->count.eq_doorbells += cmd == DB_EQ;
    if (flaw) {
        f->dev->count.dropped_doorbells++;
        hisi_acc_guest_error(f, "event doorbell %u: %s", cmd, flaw);
        return;
    }
    r->head = DB_INDEX(val);
    r->notified = false;
    /* Entries the guest has not looked at yet make themselves heard again. */
    r->source = r->head != r->tail;
    qemu_bh_schedule(f->dev->bh);
}

static void hisi_acc_event_notify(HisiAccFun *f, HisiAccEventRing *r)
{
    if (r->source && !r->masked && !r->notified) {
        r->notified = hisi_acc_interrupt(f, r->vector);
    }
}

void hisi_acc_events_work(HisiAccFun *f)
{
    hisi_acc_event_notify(f, &f->aeq);
    hisi_acc_event_notify(f, &f->eq);
}

void hisi_acc_events_reset(HisiAccFun *f)
{
    f->eq = (HisiAccEventRing) {
        .name = "EQ", .vector = VEC_EQ, .masked = true,
    };
    f->aeq = (HisiAccEventRing) {
        .name = "AEQ", .vector = VEC_AEQ, .masked = true,
    };
}
