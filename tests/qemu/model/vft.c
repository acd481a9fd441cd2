/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queue range table: which queues of the device a function owns.
 *
 * A function has queues while both its entries, SQC and CQC, are valid.  An
 * SQC entry is taken only if its range lies inside the device and no other
 * function's entry holds a part of it.
 */
#include "qemu/osdep.h"
#include "acc.h"

/* Number of queues the function may use at this moment. */
unsigned hisi_acc_vft_queues(HisiAccFun *f)
{
    return f->range.count;
}

/* The function's queue of that number, which has to be below the above. */
HisiAccQueue *hisi_acc_vft_queue(HisiAccFun *f, unsigned qn)
{
    return &f->dev->queues[f->range.first + qn];
}

/*
 * Queues that fell out of the range, or got another number, stop at once,
 * whatever they were at.
 */
static void hisi_acc_vft_update(HisiAccFun *f)
{
    HisiAccRange *r = &f->range;
    bool valid = VFT_SQC_VALID(r->sqc) && VFT_CQC_VALID(r->cqc);
    unsigned first = valid ? VFT_SQC_START(r->sqc) : 0;
    unsigned count = valid ? VFT_SQC_COUNT(r->sqc) : 0;

    for (unsigned i = first == r->first ? count : 0; i < r->count; i++) {
        HisiAccQueue *q = hisi_acc_vft_queue(f, i);

        hisi_acc_queue_kill(q);
        q->fun = NULL;
    }
    r->first = first;
    r->count = count;
    for (unsigned i = 0; i < count; i++) {
        HisiAccQueue *q = hisi_acc_vft_queue(f, i);

        q->fun = f;
        q->qn = i;
    }
}

/* The PF's reset takes all entries. */
void hisi_acc_vft_clear(HisiAccFun *f)
{
    f->range.sqc = 0;
    f->range.cqc = 0;
    f->range.shaper[0] = 0;
    f->range.shaper[1] = 0;
    hisi_acc_vft_update(f);
}

/* Another function that was given queues of the entry, NULL if none was. */
static HisiAccFun *hisi_acc_vft_rival(HisiAccFun *f, uint64_t entry)
{
    uint64_t first = VFT_SQC_START(entry);
    uint64_t end = first + VFT_SQC_COUNT(entry);

    for (unsigned i = 0; i < HISI_ACC_MAX_FUNCTIONS; i++) {
        HisiAccFun *other = &f->dev->fun[i];
        uint64_t sqc = other->range.sqc;

        if (other != f && VFT_SQC_VALID(sqc) && VFT_SQC_START(sqc) < end &&
            first < VFT_SQC_START(sqc) + VFT_SQC_COUNT(sqc)) {
            return other;
        }
    }
    return NULL;
}

static bool hisi_acc_vft_sqc_good(HisiAccFun *f, uint64_t entry)
{
    HisiAccFun *rival;

    if (entry & ~VFT_SQC_FIELDS) {
        hisi_acc_guest_error(f, "SQC VFT entry 0x%" PRIx64
                             " has reserved bits", entry);
        return false;
    }
    if (!VFT_SQC_VALID(entry)) {
        return true;
    }
    if (VFT_SQC_START(entry) + VFT_SQC_COUNT(entry) > f->dev->queue_total) {
        hisi_acc_guest_error(f, "VFT range %u+%u exceeds %u queues",
                             (unsigned)VFT_SQC_START(entry),
                             (unsigned)VFT_SQC_COUNT(entry),
                             f->dev->queue_total);
        return false;
    }
    rival = hisi_acc_vft_rival(f, entry);
    if (rival) {
        hisi_acc_guest_error(f, "VFT range %u+%u has queues of function %u",
                             (unsigned)VFT_SQC_START(entry),
                             (unsigned)VFT_SQC_COUNT(entry), rival->number);
    }
    return !rival;
}

/* Shaper entries are kept and have no effect, so their fields are free. */
static bool hisi_acc_vft_good(HisiAccFun *f, unsigned type, uint64_t entry)
{
    if (type == VFT_SQC) {
        return hisi_acc_vft_sqc_good(f, entry);
    }
    if (type == VFT_CQC && entry & ~VFT_CQC_FIELDS) {
        hisi_acc_guest_error(f, "CQC VFT entry 0x%" PRIx64
                             " has reserved bits", entry);
        return false;
    }
    return true;
}

/* The PF writes the entries of VFs before it brings those into being. */
static uint64_t *hisi_acc_vft_entry(HisiAccDev *d, unsigned type,
                                    unsigned cfg)
{
    unsigned number = cfg & VFT_CFG_FUNCTION;
    HisiAccRange *r = &d->fun[number].range;

    if (cfg > (VFT_CFG_FUNCTION | VFT_CFG_KIND) || number > d->vf_total) {
        return NULL;
    }
    if (type != VFT_SHAPER && cfg & VFT_CFG_KIND) {
        return NULL;
    }
    switch (type) {
    case VFT_SQC:
        return &r->sqc;
    case VFT_CQC:
        return &r->cqc;
    case VFT_SHAPER:
        return d->version >= 3 ? &r->shaper[!!(cfg & VFT_CFG_KIND)] : NULL;
    default:
        return NULL;
    }
}

void hisi_acc_vft_execute(HisiAccDev *d)
{
    HisiAccFun *pf = d->fun;
    unsigned type = *hisi_acc_reg(pf, R_VFT_TYPE);
    unsigned cfg = *hisi_acc_reg(pf, R_VFT_CFG);
    uint64_t *entry = hisi_acc_vft_entry(d, type, cfg);
    HisiAccFun *f = &d->fun[cfg & VFT_CFG_FUNCTION];
    uint64_t val;

    if (!entry) {
        hisi_acc_guest_error(pf, "no VFT entry of type %u for 0x%x", type,
                             cfg);
        return;
    }
    if (*hisi_acc_reg(pf, R_VFT_WR) & 1) {
        *hisi_acc_reg(pf, R_VFT_DATA_L) = *entry;
        *hisi_acc_reg(pf, R_VFT_DATA_H) = *entry >> 32;
        return;
    }
    val = *hisi_acc_reg(pf, R_VFT_DATA_L) |
          (uint64_t)*hisi_acc_reg(pf, R_VFT_DATA_H) << 32;
    if (!hisi_acc_vft_good(f, type, val)) {
        return;
    }
    *entry = val;
    if (type != VFT_SHAPER) {
        hisi_acc_vft_update(f);
    }
}
