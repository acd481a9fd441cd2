/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mailbox: a 16-byte window through which software loads and dumps contexts
 * and stops queues.
 *
 * A real CPU starts a command with one 128-bit store.  An emulated one shows
 * up as two 8-byte or four 4-byte writes in some order, so the command starts
 * once each byte of the window was written since the last start, with the
 * busy bit set in word 0.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "acc.h"
#include "trace.h"

static uint32_t hisi_acc_mbox_word(HisiAccMbox *m, unsigned i)
{
    return ldl_le_p(&m->latch[i * 4]);
}

static unsigned hisi_acc_mbox_w0(HisiAccMbox *m)
{
    return lduw_le_p(&m->latch[0]);
}

static unsigned hisi_acc_mbox_qn(HisiAccMbox *m)
{
    return lduw_le_p(&m->latch[2]);
}

static uint64_t hisi_acc_mbox_base(HisiAccMbox *m)
{
    return ldq_le_p(&m->latch[4]);
}

static bool hisi_acc_mbox_running(HisiAccMbox *m)
{
    return m->pending || m->stuck || m->flush || m->stop;
}

void hisi_acc_mbox_write(HisiAccFun *f, unsigned offset, uint32_t val)
{
    HisiAccMbox *m = &f->mbox;

    if (hisi_acc_mbox_running(m)) {
        hisi_acc_guest_error(f, "mailbox write while a command is running");
        return;
    }
    stl_le_p(&m->latch[offset], val);
    m->written |= 0xf << offset;
    if (m->written != 0xffff || !(hisi_acc_mbox_w0(m) & MBOX_BUSY)) {
        return;
    }
    m->written = 0;
    m->pending = true;
    f->count.mailboxes++;
    f->dfx.mailboxes++;
    f->dev->count.mailboxes++;
    trace_hisi_acc_mbox_start(f->number, MBOX_CMD(hisi_acc_mbox_w0(m)),
                              !!(hisi_acc_mbox_w0(m) & MBOX_OP_READ),
                              hisi_acc_mbox_qn(m), hisi_acc_mbox_base(m));
    qemu_bh_schedule(f->dev->bh);
}

uint32_t hisi_acc_mbox_read(HisiAccFun *f, unsigned offset)
{
    return hisi_acc_mbox_word(&f->mbox, offset / 4);
}

static void hisi_acc_mbox_done(HisiAccFun *f, unsigned status)
{
    HisiAccMbox *m = &f->mbox;
    unsigned w0 = hisi_acc_mbox_w0(m);

    m->pending = false;
    m->stuck = false;
    m->flush = false;
    m->stop = false;
    w0 &= ~(MBOX_BUSY | MBOX_STATUS_MASK);
    stw_le_p(&m->latch[0], w0 | status << MBOX_STATUS_SHIFT);
    trace_hisi_acc_mbox_done(f->number, MBOX_CMD(w0), hisi_acc_mbox_qn(m),
                             status);
}

void hisi_acc_mbox_reset(HisiAccFun *f)
{
    memset(&f->mbox, 0, sizeof(f->mbox));
}

/* The monitor takes its injected hang back. */
void hisi_acc_mbox_unstick(HisiAccFun *f)
{
    if (f->mbox.stuck) {
        f->mbox.stuck = false;
        f->mbox.pending = true;
        qemu_bh_schedule(f->dev->bh);
    }
}

static void hisi_acc_mbox_return(HisiAccMbox *m, uint64_t val)
{
    stq_le_p(&m->latch[4], val);
}

static unsigned hisi_acc_mbox_queue(HisiAccFun *f, unsigned cmd, bool read,
                                    uint64_t base)
{
    unsigned qn = hisi_acc_mbox_qn(&f->mbox);
    HisiAccQueue *q;

    if (qn >= hisi_acc_vft_queues(f)) {
        hisi_acc_guest_error(f, "mailbox 0x%x for queue %u outside the range",
                             cmd, qn);
        return MBOX_BAD_QUEUE;
    }
    q = hisi_acc_vft_queue(f, qn);
    if (cmd == MBOX_SQC) {
        return read ? hisi_acc_sqc_dump(q, base) : hisi_acc_sqc_load(q, base);
    }
    return read ? hisi_acc_cqc_dump(q, base) : hisi_acc_cqc_load(q, base);
}

static unsigned hisi_acc_mbox_table(HisiAccFun *f, uint64_t *table, bool read,
                                    uint64_t base)
{
    if (read) {
        hisi_acc_mbox_return(&f->mbox, *table);
        return MBOX_OK;
    }
    if (!base || base % CTX_SIZE) {
        hisi_acc_guest_error(f, "context table at 0x%" PRIx64, base);
        return MBOX_BAD_IMAGE;
    }
    *table = base;
    return MBOX_OK;
}

static unsigned hisi_acc_mbox_vft(HisiAccFun *f, bool read)
{
    if (!read) {
        hisi_acc_guest_error(f, "mailbox write of the VFT");
        return MBOX_BAD_COMMAND;
    }
    hisi_acc_mbox_return(&f->mbox, f->range.sqc);
    return MBOX_OK;
}

/* The queue field names the other function here. */
static unsigned hisi_acc_mbox_message(HisiAccFun *f, unsigned cmd, bool read,
                                      uint64_t base)
{
    unsigned number = hisi_acc_mbox_qn(&f->mbox);
    unsigned status;
    uint64_t msg;

    if (cmd == MBOX_SRC) {
        if (read) {
            hisi_acc_guest_error(f, "mailbox read of a message's source");
            return MBOX_BAD_COMMAND;
        }
        return hisi_acc_ifc_send(f, number, base);
    }
    /* Software in the field uses both operations to fetch. */
    status = hisi_acc_ifc_fetch(f, number, &msg);
    if (status == MBOX_OK) {
        hisi_acc_mbox_return(&f->mbox, msg);
    }
    return status;
}

static void hisi_acc_mbox_drain(HisiAccFun *f, unsigned cmd)
{
    HisiAccMbox *m = &f->mbox;
    unsigned qn = hisi_acc_mbox_qn(m);

    if (cmd == MBOX_FLUSH_QM) {
        for (unsigned i = 0; i < hisi_acc_vft_queues(f); i++) {
            HisiAccQueue *q = hisi_acc_vft_queue(f, i);

            q->draining = q->sq_live;
        }
        m->pending = false;
        m->flush = true;
        return;
    }
    if (qn >= hisi_acc_vft_queues(f)) {
        hisi_acc_guest_error(f, "stop of queue %u outside the range", qn);
        hisi_acc_mbox_done(f, MBOX_BAD_QUEUE);
        return;
    }
    m->pending = false;
    m->stop = true;
    m->stop_qn = qn;
    hisi_acc_vft_queue(f, qn)->draining = true;
}

/*
 * The queues that the command waits for: one, or all.  They may have left the
 * function's range in the meantime, and are idle then.
 */
static void hisi_acc_mbox_drained(HisiAccFun *f, unsigned *from, unsigned *to)
{
    HisiAccMbox *m = &f->mbox;
    unsigned count = hisi_acc_vft_queues(f);

    *from = m->stop ? MIN(m->stop_qn, count) : 0;
    *to = m->stop ? MIN(m->stop_qn + 1u, count) : count;
}

/* A stopped queue loses its contexts: it needs new ones to run again. */
static void hisi_acc_mbox_poll_drain(HisiAccFun *f)
{
    unsigned from, to;

    if (!f->mbox.stop && !f->mbox.flush) {
        return;
    }
    hisi_acc_mbox_drained(f, &from, &to);
    for (unsigned i = from; i < to; i++) {
        if (!hisi_acc_queue_idle(hisi_acc_vft_queue(f, i))) {
            return;
        }
    }
    for (unsigned i = from; i < to; i++) {
        hisi_acc_queue_kill(hisi_acc_vft_queue(f, i));
    }
    hisi_acc_mbox_done(f, MBOX_OK);
}

static bool hisi_acc_mbox_known(HisiAccFun *f, unsigned cmd)
{
    if (cmd <= MBOX_SQC_VFT) {
        return true;
    }
    return f->dev->version >= 3 &&
           (cmd == MBOX_STOP_QP || cmd == MBOX_FLUSH_QM ||
            cmd == MBOX_SRC || cmd == MBOX_DST);
}

static bool hisi_acc_mbox_numbered(unsigned cmd)
{
    return cmd == MBOX_SQC || cmd == MBOX_CQC || cmd == MBOX_STOP_QP ||
           cmd == MBOX_SRC || cmd == MBOX_DST;
}

/* Rules that hold for every command. */
static unsigned hisi_acc_mbox_check(HisiAccFun *f)
{
    HisiAccMbox *m = &f->mbox;
    unsigned w0 = hisi_acc_mbox_w0(m);
    unsigned cmd = MBOX_CMD(w0);

    if (!hisi_acc_mbox_known(f, cmd)) {
        hisi_acc_guest_error(f, "unknown mailbox command 0x%x", cmd);
        return MBOX_BAD_COMMAND;
    }
    if ((w0 & (MBOX_RESERVED | MBOX_STATUS_MASK)) ||
        hisi_acc_mbox_word(m, 3)) {
        hisi_acc_guest_error(f, "mailbox 0x%x has reserved bits set", w0);
        return MBOX_BAD_COMMAND;
    }
    if (hisi_acc_mbox_qn(m) && !hisi_acc_mbox_numbered(cmd)) {
        hisi_acc_guest_error(f, "mailbox 0x%x takes no queue number", cmd);
        return MBOX_BAD_COMMAND;
    }
    if ((w0 & MBOX_OP_READ) && (cmd == MBOX_STOP_QP || cmd == MBOX_FLUSH_QM)) {
        hisi_acc_guest_error(f, "mailbox 0x%x has nothing to read", cmd);
        return MBOX_BAD_COMMAND;
    }
    if (!f->dev->mem_ready) {
        hisi_acc_guest_error(f, "mailbox 0x%x before memory init", cmd);
        return MBOX_BAD_ORDER;
    }
    return MBOX_OK;
}

static void hisi_acc_mbox_execute(HisiAccFun *f)
{
    HisiAccMbox *m = &f->mbox;
    bool read = hisi_acc_mbox_w0(m) & MBOX_OP_READ;
    unsigned cmd = MBOX_CMD(hisi_acc_mbox_w0(m));
    uint64_t base = hisi_acc_mbox_base(m);
    unsigned status = hisi_acc_mbox_check(f);
    HisiAccEventRing *ring = cmd == MBOX_EQC ? &f->eq : &f->aeq;

    if (status == MBOX_OK) {
        switch (cmd) {
        case MBOX_SQC:
        case MBOX_CQC:
            status = hisi_acc_mbox_queue(f, cmd, read, base);
            break;
        case MBOX_EQC:
        case MBOX_AEQC:
            status = read ? hisi_acc_event_dump(f, ring, base)
                          : hisi_acc_event_load(f, ring, base);
            break;
        case MBOX_SQC_BT:
            status = hisi_acc_mbox_table(f, &f->sqc_bt, read, base);
            break;
        case MBOX_CQC_BT:
            status = hisi_acc_mbox_table(f, &f->cqc_bt, read, base);
            break;
        case MBOX_SQC_VFT:
            status = hisi_acc_mbox_vft(f, read);
            break;
        case MBOX_SRC:
        case MBOX_DST:
            status = hisi_acc_mbox_message(f, cmd, read, base);
            break;
        default:
            hisi_acc_mbox_drain(f, cmd);
            return;
        }
    }
    hisi_acc_mbox_done(f, status);
}

static bool hisi_acc_mbox_inject(HisiAccFun *f)
{
    HisiAccInject *inject = &f->dev->inject;

    if (!inject->mbox_fail) {
        return false;
    }
    inject->mbox_fail--;
    if (inject->mbox_stick) {
        f->mbox.pending = false;
        f->mbox.stuck = true;
    } else {
        hisi_acc_mbox_done(f, MBOX_INJECTED);
    }
    return true;
}

void hisi_acc_mbox_work(HisiAccFun *f)
{
    if (f->mbox.pending && !hisi_acc_mbox_inject(f)) {
        hisi_acc_mbox_execute(f);
    }
    hisi_acc_mbox_poll_drain(f);
}
