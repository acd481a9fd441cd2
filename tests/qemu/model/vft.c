/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queue range table: which queues of the device a function owns.
 *
 * A queue exists while both entries, SQC and CQC, of its function are valid
 * and the range lies inside the device.
 */
#include "qemu/osdep.h"
#include "acc.h"

/* Number of queues the function may use at this moment. */
unsigned hisi_acc_vft_queues(HisiAccFun *f)
{
    unsigned start = VFT_SQC_START(f->vft_sqc);
    unsigned count = VFT_SQC_COUNT(f->vft_sqc);

    if (!VFT_SQC_VALID(f->vft_sqc) || !VFT_CQC_VALID(f->vft_cqc) ||
        start + count > f->dev->queue_total) {
        return 0;
    }
    return count;
}

/* Queues that fell out of the range stop at once, whatever they were at. */
static void hisi_acc_vft_shrink(HisiAccFun *f)
{
    for (unsigned i = hisi_acc_vft_queues(f); i < HISI_ACC_MAX_QUEUES; i++) {
        hisi_acc_queue_kill(&f->queues[i]);
    }
}

static void hisi_acc_vft_check_sqc(HisiAccFun *f, uint64_t entry)
{
    if (entry & ~((0xffffull << 28) | (1ull << 44) | (0x3ffull << 45))) {
        hisi_acc_guest_error(f, "SQC VFT entry 0x%" PRIx64
                             " has reserved bits", entry);
    }
    if (VFT_SQC_VALID(entry) &&
        VFT_SQC_START(entry) + VFT_SQC_COUNT(entry) > f->dev->queue_total) {
        hisi_acc_guest_error(f, "VFT range %u+%u exceeds %u queues",
                             (unsigned)VFT_SQC_START(entry),
                             (unsigned)VFT_SQC_COUNT(entry),
                             f->dev->queue_total);
    }
}

static uint64_t *hisi_acc_vft_entry(HisiAccDev *d, unsigned type,
                                    unsigned cfg)
{
    HisiAccFun *f = &d->fun;

    if ((cfg & 0x3f) != f->number || cfg > 0x7f) {
        return NULL;
    }
    switch (type) {
    case VFT_SQC:
        return &f->vft_sqc;
    case VFT_CQC:
        return &f->vft_cqc;
    case VFT_SHAPER:
        return d->version >= 3 ? &f->vft_shaper[cfg >> 6] : NULL;
    default:
        return NULL;
    }
}

void hisi_acc_vft_execute(HisiAccDev *d)
{
    HisiAccFun *f = &d->fun;
    unsigned type = *hisi_acc_reg(f, R_VFT_TYPE);
    unsigned cfg = *hisi_acc_reg(f, R_VFT_CFG);
    uint64_t *entry = hisi_acc_vft_entry(d, type, cfg);

    if (!entry) {
        hisi_acc_guest_error(f, "no VFT entry of type %u for 0x%x", type, cfg);
        return;
    }
    if (*hisi_acc_reg(f, R_VFT_WR) & 1) {
        *hisi_acc_reg(f, R_VFT_DATA_L) = *entry;
        *hisi_acc_reg(f, R_VFT_DATA_H) = *entry >> 32;
        return;
    }
    *entry = *hisi_acc_reg(f, R_VFT_DATA_L) |
             (uint64_t)*hisi_acc_reg(f, R_VFT_DATA_H) << 32;
    if (type == VFT_SQC) {
        hisi_acc_vft_check_sqc(f, *entry);
    }
    hisi_acc_vft_shrink(f);
}
