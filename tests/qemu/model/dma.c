/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses to the memory that a request names: with or without a PASID, with
 * translations of the device's own or without.
 *
 * Rings, contexts and events never come here: the driver owns them, and they
 * are reached without a PASID always.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci.h"
#include "hw/pci/pcie.h"
#include "system/dma.h"
#include "acc.h"
#include "trace.h"

/* Version 3 decides for each queue, version 2 for the whole engine. */
static bool hisi_acc_req_has_pasid(HisiAccReq *r, HisiAccAccess access)
{
    HisiAccDev *d = r->dev;

    if (d->version >= 3) {
        return r->queue->pasid_en;
    }
    return d->engine->ssv && d->engine->ssv(d, access);
}

static HisiAccDma hisi_acc_req_fault(HisiAccReq *r, uint64_t addr,
                                     uint64_t len, bool write)
{
    r->dev->count.dma_faults++;
    trace_hisi_acc_dma_fault(r->queue->fun->number, addr, len, write);
    return HISI_ACC_DMA_FAULT;
}

static HisiAccDma hisi_acc_req_untranslated(HisiAccReq *r, uint64_t addr,
                                            void *buf, uint64_t len,
                                            bool write)
{
    HisiAccFun *f = r->queue->fun;
    AddressSpace *as = pci_device_pasid_address_space(f->pdev,
                                                      r->queue->pasid);

    r->dev->sva_count.untranslated++;
    if (!as || dma_memory_rw(as, addr, buf, len,
                             write ? DMA_DIRECTION_FROM_DEVICE :
                                     DMA_DIRECTION_TO_DEVICE,
                             hisi_acc_attrs()) != MEMTX_OK) {
        return hisi_acc_req_fault(r, addr, len, write);
    }
    return HISI_ACC_DMA_OK;
}

/* What lies within one page. */
static HisiAccDma hisi_acc_req_page(HisiAccReq *r, uint64_t addr, void *buf,
                                    uint64_t len, uint64_t left, bool write)
{
    HisiAccFun *f = r->queue->fun;
    unsigned pasid = r->queue->pasid;
    const HisiAccAtcEntry *e = hisi_acc_atc_find(f, pasid, addr, write);
    HisiAccDma dma;

    if (e) {
        r->dev->sva_count.atc_hits++;
    } else {
        e = hisi_acc_atc_translate(f, pasid, addr, write);
    }
    if (!e) {
        dma = hisi_acc_pri_request(r, pasid, addr, left, write);
        return dma == HISI_ACC_DMA_FAULT ?
               hisi_acc_req_fault(r, addr, left, write) : dma;
    }
    if (dma_memory_rw(e->as, e->target + addr % HISI_ACC_PAGE, buf, len,
                      write ? DMA_DIRECTION_FROM_DEVICE :
                              DMA_DIRECTION_TO_DEVICE,
                      hisi_acc_attrs()) != MEMTX_OK) {
        return hisi_acc_req_fault(r, addr, len, write);
    }
    return HISI_ACC_DMA_OK;
}

static HisiAccDma hisi_acc_req_translated(HisiAccReq *r, uint64_t addr,
                                          uint8_t *buf, uint64_t len,
                                          bool write, uint64_t *done)
{
    while (*done < len) {
        uint64_t at = addr + *done;
        uint64_t part = MIN(HISI_ACC_PAGE - at % HISI_ACC_PAGE, len - *done);
        HisiAccDma dma = hisi_acc_req_page(r, at, buf + *done, part,
                                           len - *done, write);

        if (dma != HISI_ACC_DMA_OK) {
            return dma;
        }
        *done += part;
    }
    return HISI_ACC_DMA_OK;
}

/* PASID 0 stands for requests without one, so none can carry it. */
static bool hisi_acc_req_may_access(HisiAccReq *r, uint64_t addr,
                                    uint64_t len)
{
    HisiAccFun *f = r->queue->fun;

    if (!r->queue->pasid) {
        hisi_acc_guest_error(f, "queue %u has no PASID but is to use it",
                             r->queue->qn);
        return false;
    }
    return !hisi_acc_axi_blocked(r->dev) && addr + len >= addr &&
           f->pdev->is_master && r->queue->pasid < HISI_ACC_MAX_PASID;
}

/* Goes on at *done, and leaves there how far it came. */
HisiAccDma hisi_acc_req_dma(HisiAccReq *r, HisiAccAccess access,
                            uint64_t addr, void *buf, uint64_t len,
                            uint64_t *done)
{
    HisiAccFun *f = r->queue->fun;
    bool write = access == HISI_ACC_WRITE;

    if (!len) {
        return HISI_ACC_DMA_OK;
    }
    if (!hisi_acc_req_has_pasid(r, access)) {
        return (write ? hisi_acc_write(f, addr, buf, len)
                      : hisi_acc_read(f, addr, buf, len)) ?
               HISI_ACC_DMA_OK : HISI_ACC_DMA_FAULT;
    }
    if (!hisi_acc_req_may_access(r, addr, len)) {
        return hisi_acc_req_fault(r, addr, len, write);
    }
    if (r->stall.refused) {
        return hisi_acc_req_fault(r, addr, len, write);
    }
    if (!pcie_ats_enabled(f->pdev)) {
        return hisi_acc_req_untranslated(r, addr, buf, len, write);
    }
    return hisi_acc_req_translated(r, addr, buf, len, write, done);
}

/* One flat piece; r->moved keeps the place while the request waits. */
HisiAccDma hisi_acc_req_move(HisiAccReq *r, HisiAccAccess access,
                             uint64_t addr, void *buf, uint64_t len)
{
    HisiAccDma dma = hisi_acc_req_dma(r, access, addr, buf, len, &r->moved);

    if (dma != HISI_ACC_DMA_WAIT) {
        r->moved = 0;
    }
    return dma;
}
