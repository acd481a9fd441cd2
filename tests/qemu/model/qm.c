/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queue Manager registers: BAR2 and BAR4 decode, error sources, reset.
 *
 * Registers without a case of their own are plain storage, because much of
 * the block is configuration that software reads, changes and writes back.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "qemu/main-loop.h"
#include "hw/pci/msi.h"
#include "acc.h"
#include "trace.h"

void hisi_acc_guest_error(HisiAccFun *f, const char *fmt, ...)
{
    g_autofree char *what = NULL;
    va_list ap;

    va_start(ap, fmt);
    what = g_strdup_vprintf(fmt, ap);
    va_end(ap);

    f->dev->count.guest_errors++;
    trace_hisi_acc_guest_error(what);
    qemu_log_mask(LOG_GUEST_ERROR, "hisi-%s: %s\n", f->dev->engine->name,
                  what);
}

/*
 * Guest memory is reached through these two only, so that a fault is never
 * overlooked and nothing gets past a stopped AXI master.
 */
static bool hisi_acc_dma(HisiAccFun *f, uint64_t addr, void *buf,
                         uint64_t len, DMADirection dir)
{
    if (!hisi_acc_axi_blocked(f->dev) && addr + len >= addr &&
        pci_dma_rw(f->pdev, addr, buf, len, dir,
                   MEMTXATTRS_UNSPECIFIED) == MEMTX_OK) {
        return true;
    }
    f->dev->count.dma_faults++;
    trace_hisi_acc_dma_fault(addr, len, dir == DMA_DIRECTION_FROM_DEVICE);
    return false;
}

bool hisi_acc_read(HisiAccFun *f, uint64_t addr, void *buf, uint64_t len)
{
    return hisi_acc_dma(f, addr, buf, len, DMA_DIRECTION_TO_DEVICE);
}

bool hisi_acc_write(HisiAccFun *f, uint64_t addr, const void *buf,
                    uint64_t len)
{
    return hisi_acc_dma(f, addr, (void *)buf, len,
                        DMA_DIRECTION_FROM_DEVICE);
}

void hisi_acc_interrupt(HisiAccFun *f, unsigned vector)
{
    unsigned granted;

    if (!msi_enabled(f->pdev)) {
        return;
    }
    /* A guest that grants fewer messages gets all events on those. */
    granted = msi_nr_vectors_allocated(f->pdev);
    f->dev->count.interrupts++;
    trace_hisi_acc_interrupt(vector);
    msi_notify(f->pdev, vector & (granted - 1));
}

/* Errors */

bool hisi_acc_axi_blocked(HisiAccDev *d)
{
    return (*hisi_acc_reg(&d->fun, R_AM_CTRL) & 1) ||
           (d->version >= 3 &&
            (d->qm_ras.source & *hisi_acc_reg(&d->fun, R_OOO_SHUTDOWN_SEL))) ||
           d->engine->axi_blocked(d);
}

/* One message for each error bit that appears; runs in the bottom half. */
void hisi_acc_ras_update(HisiAccDev *d)
{
    HisiAccFun *f = &d->fun;
    uint32_t qm = d->qm_ras.source & ~d->qm_ras.mask &
                  (*hisi_acc_reg(f, R_RAS_CE_ENABLE) |
                   *hisi_acc_reg(f, R_RAS_FE_ENABLE) |
                   *hisi_acc_reg(f, R_RAS_NFE_ENABLE));
    uint32_t engine = d->engine->error_status(d);
    bool fresh = (qm & ~d->qm_ras.signalled) ||
                 (engine & ~d->engine_ras.signalled);

    d->qm_ras.signalled = qm;
    d->engine_ras.signalled = engine;
    if (fresh) {
        hisi_acc_interrupt(f, VEC_ABNORMAL);
    }
}

void hisi_acc_qm_error(HisiAccDev *d, uint32_t bits)
{
    d->qm_ras.source |= bits;
    qemu_bh_schedule(d->bh);
}

/* Registers */

static void hisi_acc_start_memory(HisiAccDev *d, uint32_t val)
{
    if (val & 1) {
        d->mem_ready = false;
        d->mem_pending = true;
        qemu_bh_schedule(d->bh);
    }
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
        hisi_acc_guest_error(&d->fun, "VFT operation while one is running");
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
    case R_IFC_INT_SOURCE_P:
    case R_IFC_INT_SOURCE_P + 4:
        *hisi_acc_reg(f, reg) &= ~val;
        return true;
    case R_ABN_STATUS:
    case R_ABN_INF00:
    case R_MEM_DONE:
    case R_PEH_DFX_INFO0:
    case R_PEH_DFX_INFO1:
    case R_IFC_READY_STATUS:
    case R_IFC_READY_STATUS + 4:
    case R_QUE_ISO_EN:
    case R_QUEUE_CAP:
    case R_IN_IDLE_ST:
    case R_AM_TRANS_RETURN:
        hisi_acc_guest_error(f, "write to read-only register 0x%x", reg);
        return true;
    default:
        return d->engine->reg_write(d, reg, val);
    }
    /* Anything above may unblock the master or raise an error. */
    qemu_bh_schedule(d->bh);
    return true;
}

static void hisi_acc_reg_write(HisiAccFun *f, uint32_t reg, uint32_t val)
{
    if (reg >= R_MBOX && reg < R_MBOX_END) {
        hisi_acc_mbox_write(f, reg - R_MBOX, val);
        return;
    }
    if (f->dev->version >= 3 && reg >= R_CAP_FIRST && reg <= R_CAP_LAST) {
        hisi_acc_guest_error(f, "write to capability register 0x%x", reg);
        return;
    }
    switch (reg) {
    case R_AEQ_INT_MASK:
        hisi_acc_mask_events(f, &f->aeq, val);
        return;
    case R_EQ_INT_MASK:
        hisi_acc_mask_events(f, &f->eq, val);
        return;
    case R_IFC_INT_SOURCE:
        *hisi_acc_reg(f, reg) &= ~val;
        return;
    case R_CACHE_WB_START:
        hisi_acc_start_write_back(f, val);
        return;
    case R_AEQ_INT_SOURCE:
    case R_EQ_INT_SOURCE:
    case R_IFC_INT_STATUS:
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
        return !d->count.inflight;
    case R_AM_TRANS_RETURN:
        /* Each DMA ends before the handler returns: nothing to wait for. */
        return *hisi_acc_reg(f, R_AM_CTRL) & 1 ? 3 : 0;
    default:
        if (d->engine->reg_read(d, reg, &val)) {
            return val;
        }
        return *hisi_acc_reg(f, reg);
    }
}

static uint32_t hisi_acc_reg_read(HisiAccFun *f, uint32_t reg)
{
    HisiAccDev *d = f->dev;

    if (reg >= R_MBOX && reg < R_MBOX_END) {
        return hisi_acc_mbox_read(f, reg - R_MBOX);
    }
    if (d->version >= 3 && reg >= R_CAP_FIRST && reg <= R_CAP_LAST) {
        return hisi_acc_qm_cap(d, reg);
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
    trace_hisi_acc_reg_write(addr, val, size);
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
        trace_hisi_acc_doorbell_drop(DB_CMD(val), page, "other queue's page");
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

/* Deferred work and reset */

void hisi_acc_qm_work(HisiAccDev *d)
{
    HisiAccFun *f = &d->fun;

    if (d->mem_pending) {
        d->mem_pending = false;
        d->mem_ready = true;
    }
    if (d->vft_pending) {
        d->vft_pending = false;
        *hisi_acc_reg(f, R_VFT_RDY) = 1;
    }
    if (f->wb_pending) {
        f->wb_pending = false;
        hisi_acc_contexts_write_back(f);
        *hisi_acc_reg(f, R_CACHE_WB_DONE) = 1;
    }
}

static void hisi_acc_function_reset(HisiAccFun *f)
{
    for (unsigned i = 0; i < HISI_ACC_MAX_QUEUES; i++) {
        hisi_acc_queue_kill(&f->queues[i]);
    }
    memset(f->regs, 0, f->regs_size);
    hisi_acc_mbox_reset(f);
    hisi_acc_events_reset(f);
    f->vft_sqc = 0;
    f->vft_cqc = 0;
    f->vft_shaper[0] = 0;
    f->vft_shaper[1] = 0;
    f->sqc_bt = 0;
    f->cqc_bt = 0;
    f->wb_pending = false;
}

/* The PF's reset takes the registers of the whole device with it. */
void hisi_acc_qm_reset(HisiAccDev *d, bool flr)
{
    HisiAccFun *f = &d->fun;

    trace_hisi_acc_function_reset(flr ? "FLR" : "device");
    hisi_acc_function_reset(f);
    *hisi_acc_reg(f, R_VFT_RDY) = 1;
    *hisi_acc_reg(f, R_PEH_VENDOR_ID) = HISI_VENDOR_ID;
    *hisi_acc_reg(f, R_CACHE_CTL) = 0x1833;
    d->qm_ras = (HisiAccRas) { .mask = ~0u };
    d->engine_ras = (HisiAccRas) { .mask = ~0u };
    d->vft_pending = false;
    d->mem_pending = false;
    if (flr) {
        d->count.resets++;
    } else {
        /* Only a reset of the chip loses what memory init did. */
        d->mem_ready = false;
    }
    d->engine->reset(d);
}
