/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of the Queue Manager: BAR2 and BAR4 decode.
 *
 * Registers without a case of their own are plain storage, because much of
 * the block is configuration that software reads, changes and writes back.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qemu/main-loop.h"
#include "acc.h"
#include "trace.h"

static bool hisi_acc_any_context(HisiAccDev *d)
{
    for (unsigned i = 0; i < HISI_ACC_MAX_FUNCTIONS; i++) {
        HisiAccFun *f = &d->fun[i];

        for (unsigned n = 0; n < hisi_acc_vft_queues(f); n++) {
            if (hisi_acc_vft_queue(f, n)->sq_live) {
                return true;
            }
        }
    }
    return false;
}

/* The memories hold the contexts of queues and the range table. */
static void hisi_acc_start_memory(HisiAccDev *d, uint32_t val)
{
    if (!(val & 1)) {
        return;
    }
    if (hisi_acc_any_context(d)) {
        hisi_acc_guest_error(d->fun, "memory init while queues have contexts");
        return;
    }
    for (unsigned i = 0; i < HISI_ACC_MAX_FUNCTIONS; i++) {
        hisi_acc_vft_clear(&d->fun[i]);
    }
    d->mem_ready = false;
    d->mem_pending = true;
    qemu_bh_schedule(d->bh);
}

static void hisi_acc_start_write_back(HisiAccFun *f, uint32_t val)
{
    if (val & 1) {
        *hisi_acc_reg(f, R_CACHE_WB_DONE) = 0;
        f->wb_pending = true;
        qemu_bh_schedule(f->dev->bh);
    }
}

static void hisi_acc_start_vft(HisiAccDev *d, uint32_t val)
{
    if (!(val & 1)) {
        return;
    }
    if (d->vft_pending) {
        hisi_acc_guest_error(d->fun, "VFT operation while one is running");
        return;
    }
    hisi_acc_vft_execute(d);
    d->vft_pending = true;
    qemu_bh_schedule(d->bh);
}

static void hisi_acc_mask_events(HisiAccFun *f, HisiAccEventRing *r,
                                 uint32_t val)
{
    r->masked = val & 1;
    qemu_bh_schedule(f->dev->bh);
}

/* True if the write needs no storage. */
static bool hisi_acc_pf_write(HisiAccFun *f, uint32_t reg, uint32_t val)
{
    HisiAccDev *d = f->dev;

    switch (reg) {
    case R_ABN_SOURCE:
        d->qm_ras.source &= ~val;
        d->qm_ras.signalled &= ~val;
        break;
    case R_ABN_MASK:
        d->qm_ras.mask = val;
        break;
    case R_ABN_SET:
        d->qm_ras.source |= val;
        break;
    case R_RAS_CE_ENABLE:
    case R_RAS_FE_ENABLE:
    case R_RAS_NFE_ENABLE:
    case R_OOO_SHUTDOWN_SEL:
    case R_AM_CTRL:
        *hisi_acc_reg(f, reg) = val;
        break;
    case R_MEM_START:
        hisi_acc_start_memory(d, val);
        return true;
    case R_VFT_OP:
        hisi_acc_start_vft(d, val);
        return true;
    case R_ABN_STATUS:
    case R_ABN_INF00:
    case R_MEM_DONE:
    case R_PEH_DFX_INFO0:
    case R_PEH_DFX_INFO1:
    case R_QUE_ISO_EN:
    case R_QUEUE_CAP:
    case R_DFX_MAILBOXES:
    case R_DFX_DOORBELLS:
    case R_DFX_SQES:
    case R_DFX_CQES:
    case R_DFX_SENT:
    case R_DFX_WRITTEN_BACK:
    case R_DFX_FINISHED:
    case R_DFX_CQE_ERRORS:
    case R_IN_IDLE_ST:
    case R_AM_TRANS_RETURN:
        hisi_acc_guest_error(f, "write to read-only register 0x%x", reg);
        return true;
    default:
        return reg >= R_ENGINE_FIRST && hisi_acc_engine_write(d, reg, val);
    }
    /* Anything above may unblock the master or raise an error. */
    qemu_bh_schedule(d->bh);
    return true;
}

/* Code of the CPU's page size, for the translations of user queues. */
static void hisi_acc_set_page_size(HisiAccFun *f, uint32_t val)
{
    if (f->dev->version >= 3 && val > 2) {
        hisi_acc_guest_error(f, "unknown page size %u", val);
        return;
    }
    *hisi_acc_reg(f, R_PAGE_SIZE) = val;
}

static void hisi_acc_reg_write(HisiAccFun *f, uint32_t reg, uint32_t val)
{
    bool v3 = f->dev->version >= 3;

    if (f->number && reg >= FUNCTION_PAGE_SIZE) {
        /* Version 3 has a VF's state for migration there. */
        hisi_acc_guest_error(f, "a VF has no register 0x%x here", reg);
        return;
    }
    if (reg >= R_MBOX && reg < R_MBOX_END) {
        hisi_acc_mbox_write(f, reg - R_MBOX, val);
        return;
    }
    if (v3 && reg >= R_CAP_FIRST && reg <= R_CAP_LAST) {
        hisi_acc_guest_error(f, "write to capability register 0x%x", reg);
        return;
    }
    if (v3 && hisi_acc_ifc_write(f, reg, val)) {
        return;
    }
    switch (reg) {
    case R_AEQ_INT_MASK:
        hisi_acc_mask_events(f, &f->aeq, val);
        return;
    case R_EQ_INT_MASK:
        hisi_acc_mask_events(f, &f->eq, val);
        return;
    case R_PAGE_SIZE:
        hisi_acc_set_page_size(f, val);
        return;
    case R_CACHE_WB_START:
        hisi_acc_start_write_back(f, val);
        return;
    case R_AEQ_INT_SOURCE:
    case R_EQ_INT_SOURCE:
    case R_QUE_ISO_CFG:
    case R_CACHE_WB_DONE:
    case R_SUB_VERSION:
        hisi_acc_guest_error(f, "write to read-only register 0x%x", reg);
        return;
    case R_DB_SQ_CQ:
    case R_DB_SQ_CQ + 4:
    case R_DB_EQ_AEQ:
    case R_DB_EQ_AEQ + 4:
        f->dev->count.dropped_doorbells++;
        hisi_acc_guest_error(f, "doorbell is not one 64-bit write");
        return;
    default:
        break;
    }
    if (reg < FUNCTION_PAGE_SIZE || !hisi_acc_pf_write(f, reg, val)) {
        *hisi_acc_reg(f, reg) = val;
    }
}

static uint32_t hisi_acc_qm_cap(HisiAccDev *d, uint32_t reg)
{
    static const uint32_t words[] = {
        0x00006f01,             /* 0x3100 version 1 and features */
        0x04000800,             /* 0x3104 AEQ and EQ depth */
        0x04000400,             /* 0x3108 CQ and SQ depth */
        0x00010000,             /* 0x310c EQ interrupt */
        0x00010001,             /* 0x3110 AEQ interrupt */
        0x00010003,             /* 0x3114 abnormal interrupt */
        0x00010002,             /* 0x3118 PF-VF message interrupt */
        0x00040003,             /* 0x311c vectors */
    };
    unsigned i = (reg - R_CAP_FIRST) / 4;

    /* Without a version there are no words: drivers know what holds then. */
    if (!d->cap_version) {
        return 0;
    }
    if (!i) {
        return (words[0] & ~0xffu) | d->cap_version;
    }
    if (i < ARRAY_SIZE(words)) {
        return words[i];
    }
    if (reg == 0x3120) {        /* BARs in use */
        return d->isolation ? 0x14 : 0x04;
    }
    return d->engine->cap(d, reg);
}

static uint32_t hisi_acc_pf_read(HisiAccFun *f, uint32_t reg)
{
    HisiAccDev *d = f->dev;
    uint32_t val;

    switch (reg) {
    case R_ABN_SOURCE:
        return d->qm_ras.source;
    case R_ABN_MASK:
        return d->qm_ras.mask;
    case R_ABN_STATUS:
        return d->qm_ras.source & ~d->qm_ras.mask;
    case R_MEM_DONE:
        return d->mem_ready;
    case R_QUE_ISO_EN:
        return d->isolation;
    case R_QUEUE_CAP:
        return d->version >= 3 ? d->queue_total | d->queue_total << 11 : 0;
    case R_IN_IDLE_ST:
        return hisi_acc_idle(d);
    case R_AM_TRANS_RETURN:
        /* Each DMA ends before the handler returns: nothing to wait for. */
        return *hisi_acc_reg(f, R_AM_CTRL) & 1 ? 3 : 0;
    default:
        if (hisi_acc_engine_read(d, reg, &val) ||
            hisi_acc_dfx_read(d, reg, &val)) {
            return val;
        }
        return *hisi_acc_reg(f, reg);
    }
}

static uint32_t hisi_acc_reg_read(HisiAccFun *f, uint32_t reg)
{
    HisiAccDev *d = f->dev;
    bool v3 = d->version >= 3;
    uint32_t val;

    if (f->number && reg >= FUNCTION_PAGE_SIZE) {
        return 0;
    }
    if (reg >= R_MBOX && reg < R_MBOX_END) {
        return hisi_acc_mbox_read(f, reg - R_MBOX);
    }
    if (v3 && reg >= R_CAP_FIRST && reg <= R_CAP_LAST) {
        return hisi_acc_qm_cap(d, reg);
    }
    if (v3 && hisi_acc_ifc_read(f, reg, &val)) {
        return val;
    }
    switch (reg) {
    case R_AEQ_INT_SOURCE:
        return f->aeq.source;
    case R_AEQ_INT_MASK:
        return f->aeq.masked;
    case R_EQ_INT_SOURCE:
        return f->eq.source;
    case R_EQ_INT_MASK:
        return f->eq.masked;
    case R_QUE_ISO_CFG:
        return d->isolation;
    case R_SUB_VERSION:
        return 0;
    default:
        return reg < FUNCTION_PAGE_SIZE ? *hisi_acc_reg(f, reg)
                                        : hisi_acc_pf_read(f, reg);
    }
}

static void hisi_acc_shared_doorbell(HisiAccFun *f, uint64_t val)
{
    if (f->dev->isolation) {
        f->dev->count.dropped_doorbells++;
        hisi_acc_guest_error(f, "queue doorbell in BAR2 while isolated");
        return;
    }
    hisi_acc_queue_doorbell(f, DB_QN(val), val);
}

static void hisi_acc_bar2_write(void *opaque, hwaddr addr, uint64_t val,
                                unsigned size)
{
    HisiAccFun *f = opaque;

    f->dev->count.mmio_writes++;
    trace_hisi_acc_reg_write(f->number, addr, val, size);
    if (size == 8 && addr == R_DB_SQ_CQ) {
        hisi_acc_shared_doorbell(f, val);
        return;
    }
    if (size == 8 && addr == R_DB_EQ_AEQ) {
        hisi_acc_event_doorbell(f, val);
        return;
    }
    hisi_acc_reg_write(f, addr, val);
    if (size == 8) {
        hisi_acc_reg_write(f, addr + 4, val >> 32);
    }
}

static uint64_t hisi_acc_bar2_read(void *opaque, hwaddr addr, unsigned size)
{
    HisiAccFun *f = opaque;
    uint64_t val;

    f->dev->count.mmio_reads++;
    val = hisi_acc_reg_read(f, addr);
    if (size == 8) {
        val |= (uint64_t)hisi_acc_reg_read(f, addr + 4) << 32;
    }
    return val;
}

const MemoryRegionOps hisi_acc_bar2_ops = {
    .read = hisi_acc_bar2_read,
    .write = hisi_acc_bar2_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 },
    .impl = { .min_access_size = 4, .max_access_size = 8 },
};

/* BAR4: one page for each queue, the page says which queue is meant. */
static void hisi_acc_bar4_write(void *opaque, hwaddr addr, uint64_t val,
                                unsigned size)
{
    HisiAccFun *f = opaque;
    unsigned page = addr / DB_PAGE_SIZE;

    f->dev->count.mmio_writes++;
    if (addr % DB_PAGE_SIZE != R_DB_SQ_CQ || size != 8) {
        f->dev->count.dropped_doorbells++;
        hisi_acc_guest_error(f, "stray write at 0x%x of doorbell page %u",
                             (unsigned)(addr % DB_PAGE_SIZE), page);
        return;
    }
    if (DB_QN(val) != page) {
        f->dev->count.dropped_doorbells++;
        trace_hisi_acc_doorbell_drop(f->number, DB_CMD(val), page,
                                     "other queue's page");
        hisi_acc_guest_error(f, "doorbell for queue %u in page %u",
                             DB_QN(val), page);
        return;
    }
    hisi_acc_queue_doorbell(f, page, val);
}

static uint64_t hisi_acc_bar4_read(void *opaque, hwaddr addr, unsigned size)
{
    HisiAccFun *f = opaque;

    f->dev->count.mmio_reads++;
    return 0;
}

const MemoryRegionOps hisi_acc_bar4_ops = {
    .read = hisi_acc_bar4_read,
    .write = hisi_acc_bar4_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 },
    .impl = { .min_access_size = 4, .max_access_size = 8 },
};
