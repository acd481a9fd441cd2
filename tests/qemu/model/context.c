/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Context images: checked when loaded, rebuilt from live state when dumped.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pcie.h"
#include "acc.h"

static unsigned hisi_acc_image_fetch(HisiAccFun *f, uint64_t addr,
                                     uint8_t *image)
{
    if (!addr || addr % CTX_SIZE) {
        hisi_acc_guest_error(f, "context image at 0x%" PRIx64, addr);
        return MBOX_BAD_IMAGE;
    }
    return hisi_acc_read(f, addr, image, CTX_SIZE) ? MBOX_OK
                                                   : MBOX_DMA_FAULT;
}

static unsigned hisi_acc_image_store(HisiAccFun *f, uint64_t addr,
                                     const uint8_t *image)
{
    if (!addr || addr % CTX_SIZE) {
        hisi_acc_guest_error(f, "context dump to 0x%" PRIx64, addr);
        return MBOX_BAD_IMAGE;
    }
    return hisi_acc_write(f, addr, image, CTX_SIZE) ? MBOX_OK
                                                    : MBOX_DMA_FAULT;
}

/* Returns what is wrong with an SQC image, NULL if nothing is. */
static const char *hisi_acc_sqc_flaw(HisiAccQueue *q, const uint8_t *c)
{
    HisiAccDev *d = q->fun->dev;
    uint32_t dw3 = ldl_le_p(c + CTX_DW3);
    uint64_t base = ldq_le_p(c + CTX_BASE);
    unsigned w11 = lduw_le_p(c + CTX_W11);
    unsigned w13 = lduw_le_p(c + SQC_W13);
    unsigned orders = (w13 >> 4) & 0xf;
    unsigned type = (w13 >> 8) & 0xf;

    if (lduw_le_p(c + CTX_HEAD) || lduw_le_p(c + CTX_TAIL)) {
        return "head or tail not zero";
    }
    if (lduw_le_p(c + CTX_W9) || ldl_le_p(c + SQC_DW7) || dw3 >> 16 ||
        w13 >> 12) {
        return "reserved bits set";
    }
    if (w11 & ~(d->version >= 3 ? SQC_W11_PASID_EN : 0)) {
        return "reserved bits set in w11";
    }
    if (w11 & SQC_W11_PASID_EN && !pcie_pasid_enabled(q->fun->pdev)) {
        return "PASID enabled, but not in the PCI capability";
    }
    if (((dw3 >> 12) & 0xf) != d->engine->sqe_shift) {
        return "SQE size is not the engine's";
    }
    if (!(dw3 & 0xfff)) {
        return "depth is 1";
    }
    if (!base || base % (1u << d->engine->sqe_shift)) {
        return "ring address is null or unaligned";
    }
    if (lduw_le_p(c + SQC_CQ_NUM) != q->qn) {
        return "CQ number differs from the queue number";
    }
    if (orders != 1 && orders != 4 && orders != 5) {
        return "orders field is not 1";
    }
    if (!(hisi_acc_engine(d)->queue_types & (1u << type))) {
        return "queue type unknown to the engine";
    }
    return NULL;
}

static const char *hisi_acc_cqc_flaw(HisiAccQueue *q, const uint8_t *c)
{
    HisiAccDev *d = q->fun->dev;
    uint32_t dw3 = ldl_le_p(c + CTX_DW3);
    uint64_t base = ldq_le_p(c + CTX_BASE);
    unsigned w11 = lduw_le_p(c + CTX_W11);

    if (lduw_le_p(c + CTX_HEAD) || lduw_le_p(c + CTX_TAIL)) {
        return "head or tail not zero";
    }
    if (lduw_le_p(c + CTX_W9) || ldl_le_p(c + CQC_DW7) || dw3 >> 16) {
        return "reserved bits set";
    }
    if (w11 & ~(d->version >= 3 ? CQC_W11_PASID_EN : 0)) {
        return "reserved bits set in w11";
    }
    if (w11 & CQC_W11_PASID_EN && !pcie_pasid_enabled(q->fun->pdev)) {
        return "PASID enabled, but not in the PCI capability";
    }
    if (((dw3 >> 12) & 0xf) != CQE_SHIFT) {
        return "CQE size is not 16 bytes";
    }
    if (!(dw3 & 0xfff)) {
        return "depth is 1";
    }
    if (!base || base % CQE_SIZE) {
        return "ring address is null or unaligned";
    }
    if (ldl_le_p(c + CQC_DW6) != 3) {
        return "initial phase and c_flag are not both 1";
    }
    if (q->sq_depth != (dw3 & 0xfff) + 1) {
        return "depth differs from the SQ's";
    }
    return NULL;
}

/* Common to both halves of a queue. */
static unsigned hisi_acc_load_check(HisiAccQueue *q, const char *what)
{
    HisiAccFun *f = q->fun;

    if (!hisi_acc_queue_idle(q)) {
        hisi_acc_guest_error(f, "%s load over queue %u at work", what, q->qn);
        return MBOX_BUSY_QUEUE;
    }
    if (!f->sqc_bt || !f->cqc_bt || !f->eq.live || !f->aeq.live) {
        hisi_acc_guest_error(f, "%s load before the function's contexts",
                             what);
        return MBOX_BAD_ORDER;
    }
    return MBOX_OK;
}

unsigned hisi_acc_sqc_load(HisiAccQueue *q, uint64_t addr)
{
    uint8_t image[CTX_SIZE];
    unsigned status = hisi_acc_load_check(q, "SQC");
    const char *flaw;

    if (status == MBOX_OK) {
        status = hisi_acc_image_fetch(q->fun, addr, image);
    }
    if (status != MBOX_OK) {
        return status;
    }
    flaw = hisi_acc_sqc_flaw(q, image);
    if (flaw) {
        hisi_acc_guest_error(q->fun, "SQC of queue %u: %s", q->qn, flaw);
        return MBOX_BAD_IMAGE;
    }
    /* A new life of the queue: the old CQ does not belong to it. */
    hisi_acc_queue_kill(q);
    memcpy(q->sqc, image, CTX_SIZE);
    q->sq_base = ldq_le_p(image + CTX_BASE);
    q->sq_depth = (ldl_le_p(image + CTX_DW3) & 0xfff) + 1;
    q->sq_rand = lduw_le_p(image + CTX_W8);
    q->pasid = lduw_le_p(image + CTX_PASID);
    q->pasid_en = lduw_le_p(image + CTX_W11) & SQC_W11_PASID_EN;
    q->type = (lduw_le_p(image + SQC_W13) >> 8) & 0xf;
    q->disabled = lduw_le_p(image + SQC_W13) & SQC_W13_DISABLED;
    q->sq_head = 0;
    q->sq_tail = 0;
    q->sq_done = 0;
    q->sq_wrap = false;
    q->sq_live = true;
    return MBOX_OK;
}

unsigned hisi_acc_cqc_load(HisiAccQueue *q, uint64_t addr)
{
    uint8_t image[CTX_SIZE];
    unsigned status = hisi_acc_load_check(q, "CQC");
    const char *flaw;

    if (status == MBOX_OK) {
        status = hisi_acc_image_fetch(q->fun, addr, image);
    }
    if (status != MBOX_OK) {
        return status;
    }
    if (!q->sq_live) {
        hisi_acc_guest_error(q->fun, "CQC load before the SQC of queue %u",
                             q->qn);
        return MBOX_BAD_ORDER;
    }
    flaw = hisi_acc_cqc_flaw(q, image);
    if (!flaw && q->cq_live) {
        flaw = "loaded again without a new SQC";
    }
    if (flaw) {
        hisi_acc_guest_error(q->fun, "CQC of queue %u: %s", q->qn, flaw);
        return MBOX_BAD_IMAGE;
    }
    memcpy(q->cqc, image, CTX_SIZE);
    q->cq_base = ldq_le_p(image + CTX_BASE);
    q->cq_depth = (ldl_le_p(image + CTX_DW3) & 0xfff) + 1;
    q->cq_rand = lduw_le_p(image + CTX_W8);
    q->cq_head = 0;
    q->cq_tail = 0;
    q->cq_wrap = false;
    q->cq_phase = true;
    q->c_flag = true;
    q->rearm = false;
    q->cq_live = true;
    return MBOX_OK;
}

static void hisi_acc_sqc_image(HisiAccQueue *q, uint8_t *image)
{
    memset(image, 0, CTX_SIZE);
    if (!q->sq_live) {
        return;
    }
    memcpy(image, q->sqc, CTX_SIZE);
    stw_le_p(image + CTX_HEAD, q->sq_head);
    stw_le_p(image + CTX_TAIL, q->sq_tail);
    stw_le_p(image + CTX_W11, (lduw_le_p(image + CTX_W11) & ~CTX_W11_WRAP) |
             (q->sq_wrap ? CTX_W11_WRAP : 0));
}

static void hisi_acc_cqc_image(HisiAccQueue *q, uint8_t *image)
{
    memset(image, 0, CTX_SIZE);
    if (!q->cq_live) {
        return;
    }
    memcpy(image, q->cqc, CTX_SIZE);
    stw_le_p(image + CTX_HEAD, q->cq_head);
    stw_le_p(image + CTX_TAIL, q->cq_tail);
    stw_le_p(image + CTX_W11, (lduw_le_p(image + CTX_W11) & ~CTX_W11_WRAP) |
             (q->cq_wrap ? CTX_W11_WRAP : 0));
    stl_le_p(image + CQC_DW6, q->cq_phase | q->c_flag << 1);
}

unsigned hisi_acc_sqc_dump(HisiAccQueue *q, uint64_t addr)
{
    uint8_t image[CTX_SIZE];

    hisi_acc_sqc_image(q, image);
    return hisi_acc_image_store(q->fun, addr, image);
}

unsigned hisi_acc_cqc_dump(HisiAccQueue *q, uint64_t addr)
{
    uint8_t image[CTX_SIZE];

    hisi_acc_cqc_image(q, image);
    return hisi_acc_image_store(q->fun, addr, image);
}

static const char *hisi_acc_event_flaw(const uint8_t *c)
{
    uint32_t dw6 = ldl_le_p(c + EQC_DW6);
    uint64_t base = ldq_le_p(c + CTX_BASE);

    if (lduw_le_p(c + CTX_HEAD) || lduw_le_p(c + CTX_TAIL)) {
        return "head or tail not zero";
    }
    if (ldl_le_p(c + CTX_DW3) || ldl_le_p(c + EQC_DW4) ||
        ldl_le_p(c + EQC_DW5) || dw6 >> 17) {
        return "reserved bits set";
    }
    if (!(dw6 & EVENT_PHASE)) {
        return "initial phase is not 1";
    }
    if ((dw6 & 0xffff) < 3) {
        return "depth below 4";
    }
    if (!base || base % CTX_SIZE) {
        return "ring address is null or unaligned";
    }
    return NULL;
}

unsigned hisi_acc_event_load(HisiAccFun *f, HisiAccEventRing *r,
                             uint64_t addr)
{
    uint8_t image[CTX_SIZE];
    unsigned status = hisi_acc_image_fetch(f, addr, image);
    const char *flaw;

    if (status != MBOX_OK) {
        return status;
    }
    flaw = hisi_acc_event_flaw(image);
    if (!flaw && f->count.inflight) {
        flaw = "loaded while requests are in flight";
    }
    if (flaw) {
        hisi_acc_guest_error(f, "%s context: %s", r->name, flaw);
        return MBOX_BAD_IMAGE;
    }
    memcpy(r->image, image, CTX_SIZE);
    r->base = ldq_le_p(image + CTX_BASE);
    r->depth = (ldl_le_p(image + EQC_DW6) & 0xffff) + 1;
    r->head = 0;
    r->tail = 0;
    r->phase = true;
    r->source = false;
    r->notified = false;
    r->live = true;
    return MBOX_OK;
}

unsigned hisi_acc_event_dump(HisiAccFun *f, HisiAccEventRing *r,
                             uint64_t addr)
{
    uint8_t image[CTX_SIZE] = { 0 };

    if (r->live) {
        memcpy(image, r->image, CTX_SIZE);
        stw_le_p(image + CTX_HEAD, r->head);
        stw_le_p(image + CTX_TAIL, r->tail);
        stl_le_p(image + EQC_DW6, (r->depth - 1) |
                 (r->phase ? EVENT_PHASE : 0));
    }
    return hisi_acc_image_store(f, addr, image);
}

/* Copy every live context into the tables in guest memory. */
void hisi_acc_contexts_write_back(HisiAccFun *f)
{
    uint8_t image[CTX_SIZE];

    for (unsigned i = 0; i < hisi_acc_vft_queues(f); i++) {
        HisiAccQueue *q = hisi_acc_vft_queue(f, i);

        if (q->sq_live && f->sqc_bt) {
            hisi_acc_sqc_image(q, image);
            hisi_acc_write(f, f->sqc_bt + i * CTX_SIZE, image, CTX_SIZE);
        }
        if (q->cq_live && f->cqc_bt) {
            hisi_acc_cqc_image(q, image);
            hisi_acc_write(f, f->cqc_bt + i * CTX_SIZE, image, CTX_SIZE);
        }
    }
}
