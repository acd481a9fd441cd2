/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queue Manager: the way to guest memory, interrupts, error sources, reset.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "hw/pci/msi.h"
#include "hw/pci/pcie_sriov.h"
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
    trace_hisi_acc_guest_error(f->number, what);
    if (f->number) {
        qemu_log_mask(LOG_GUEST_ERROR, "hisi-%s VF %u: %s\n",
                      f->dev->engine->name, f->number, what);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "hisi-%s: %s\n",
                      f->dev->engine->name, what);
    }
}

/* What the hardware would do and the model does not. */
void hisi_acc_unimplemented(HisiAccFun *f, const char *fmt, ...)
{
    g_autofree char *what = NULL;
    va_list ap;

    va_start(ap, fmt);
    what = g_strdup_vprintf(fmt, ap);
    va_end(ap);

    f->dev->count.unimplemented++;
    trace_hisi_acc_unimplemented(f->number, what);
    qemu_log_mask(LOG_UNIMP, "hisi-%s: unimplemented: %s\n",
                  f->dev->engine->name, what);
}

/* Functions that exist at present: numbers are below this one. */
unsigned hisi_acc_functions(HisiAccDev *d)
{
    return 1 + pcie_sriov_num_vfs(PCI_DEVICE(d));
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
                   hisi_acc_attrs()) == MEMTX_OK) {
        return true;
    }
    f->dev->count.dma_faults++;
    trace_hisi_acc_dma_fault(f->number, addr, len,
                             dir == DMA_DIRECTION_FROM_DEVICE);
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

/* False if none can be sent now; it is due once MSI and the bus allow it. */
bool hisi_acc_interrupt(HisiAccFun *f, unsigned vector)
{
    unsigned granted;

    if (!msi_enabled(f->pdev) || !f->pdev->is_master) {
        return false;
    }
    /* A guest that grants fewer messages gets all events on those. */
    granted = msi_nr_vectors_allocated(f->pdev);
    f->dev->count.interrupts++;
    trace_hisi_acc_interrupt(f->number, vector);
    msi_notify(f->pdev, vector & (granted - 1));
    return true;
}

/* Errors */

bool hisi_acc_axi_blocked(HisiAccDev *d)
{
    return (*hisi_acc_reg(d->fun, R_AM_CTRL) & 1) ||
           (d->version >= 3 &&
            (d->qm_ras.source & *hisi_acc_reg(d->fun, R_OOO_SHUTDOWN_SEL))) ||
           hisi_acc_engine_blocked(d);
}

/* One message for each error bit that appears; runs in the bottom half. */
void hisi_acc_ras_update(HisiAccDev *d)
{
    HisiAccFun *f = d->fun;
    uint32_t qm = d->qm_ras.source & ~d->qm_ras.mask &
                  (*hisi_acc_reg(f, R_RAS_CE_ENABLE) |
                   *hisi_acc_reg(f, R_RAS_FE_ENABLE) |
                   *hisi_acc_reg(f, R_RAS_NFE_ENABLE));
    uint32_t engine = hisi_acc_engine_errors(d);

    d->qm_ras.signalled &= qm;
    d->engine_ras.signalled &= engine;
    if ((qm == d->qm_ras.signalled && engine == d->engine_ras.signalled) ||
        !hisi_acc_interrupt(f, VEC_ABNORMAL)) {
        return;
    }
    d->qm_ras.signalled = qm;
    d->engine_ras.signalled = engine;
}

void hisi_acc_qm_error(HisiAccDev *d, uint32_t bits)
{
    d->qm_ras.source |= bits;
    qemu_bh_schedule(d->bh);
}

/* Deferred work and reset */

static void hisi_acc_function_work(HisiAccFun *f)
{
    if (f->wb_pending) {
        f->wb_pending = false;
        hisi_acc_contexts_write_back(f);
        *hisi_acc_reg(f, R_CACHE_WB_DONE) = 1;
    }
}

void hisi_acc_qm_work(HisiAccDev *d)
{
    unsigned end = hisi_acc_functions(d);

    if (d->mem_pending) {
        d->mem_pending = false;
        d->mem_ready = true;
    }
    if (d->vft_pending) {
        d->vft_pending = false;
        *hisi_acc_reg(d->fun, R_VFT_RDY) = 1;
    }
    for (unsigned i = 0; i < end; i++) {
        hisi_acc_function_work(&d->fun[i]);
    }
}

static void hisi_acc_function_reset(HisiAccFun *f, bool flr)
{
    for (unsigned i = 0; i < hisi_acc_vft_queues(f); i++) {
        hisi_acc_queue_kill(hisi_acc_vft_queue(f, i));
    }
    hisi_acc_sva_reset(f);
    memset(f->regs, 0, f->regs_size);
    hisi_acc_mbox_reset(f);
    hisi_acc_events_reset(f);
    hisi_acc_ifc_reset(f, flr);
    f->count = (HisiAccFunCounters) { 0 };
    f->dfx = (HisiAccDfx) { 0 };
    f->sqc_bt = 0;
    f->cqc_bt = 0;
    f->wb_pending = false;
}

/*
 * A VF comes, goes or is reset.  Its queue range is the PF's to change: drivers
 * do not write it again after an FLR of a VF.
 */
void hisi_acc_vf_reset(HisiAccFun *f, bool flr)
{
    trace_hisi_acc_function_reset(f->number, flr ? "FLR" : "device");
    hisi_acc_function_reset(f, flr);
    f->dev->count.resets += flr;
}

/*
 * The PF's reset takes the registers of the whole device with it, all queue
 * ranges and what the VFs were at.
 */
void hisi_acc_qm_reset(HisiAccDev *d, bool flr)
{
    HisiAccFun *f = d->fun;

    timer_del(d->timer);
    trace_hisi_acc_function_reset(0, flr ? "FLR" : "device");
    for (unsigned i = 0; i < HISI_ACC_MAX_FUNCTIONS; i++) {
        hisi_acc_function_reset(&d->fun[i], flr);
        hisi_acc_vft_clear(&d->fun[i]);
    }
    *hisi_acc_reg(f, R_VFT_RDY) = 1;
    *hisi_acc_reg(f, R_PEH_VENDOR_ID) = HISI_VENDOR_ID;
    *hisi_acc_reg(f, R_CACHE_CTL) = 0x1833;
    d->qm_ras = (HisiAccRas) { .mask = ~0u };
    d->dfx = (HisiAccDevDfx) { 0 };
    d->vft_pending = false;
    d->mem_pending = false;
    if (flr) {
        d->count.resets++;
    } else {
        /* Only a reset of the chip loses what memory init did. */
        d->mem_ready = false;
    }
    hisi_acc_engine_reset(d);
}
