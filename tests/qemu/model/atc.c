/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Translations that the device asked the IOMMU for (ATS) and keeps until the
 * IOMMU takes them back.
 *
 * The notifiers of an address space are registered with the first translation
 * in it.  A function that has ATS or PASID switched, or is reset, forgets all.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci.h"
#include "hw/pci/pcie.h"
#include "acc.h"
#include "trace.h"

static HisiAccAtcEntry *hisi_acc_atc_slot(HisiAccFun *f, unsigned pasid,
                                          uint64_t addr)
{
    /* Neighbours never share a slot. */
    return &f->sva.atc[(addr / HISI_ACC_PAGE + pasid * 37) %
                       HISI_ACC_ATC_SIZE];
}

static void hisi_acc_atc_invalidate(IOMMUNotifier *n, IOMMUTLBEntry *entry)
{
    HisiAccPasid *p = container_of(n, HisiAccPasid, iotlb);
    HisiAccAtcEntry *atc = p->fun->sva.atc;
    uint64_t from = entry->iova, to = entry->iova + entry->addr_mask;

    p->fun->dev->sva_count.atc_invalidations++;
    trace_hisi_acc_atc_invalidate(p->pasid, from, to);
    for (unsigned i = 0; i < HISI_ACC_ATC_SIZE; i++) {
        /* All of a translation goes if any of it is invalidated. */
        if (atc[i].pasid == p->pasid && (atc[i].iova & ~atc[i].mask) <= to &&
            (atc[i].iova | atc[i].mask) >= from) {
            atc[i].valid = false;
        }
    }
}

/* The address space with its notifiers, NULL if the function may not use it. */
HisiAccPasid *hisi_acc_pasid_get(HisiAccFun *f, unsigned pasid)
{
    HisiAccPasid *p = f->sva.pasid[pasid];

    if (p) {
        return p;
    }
    p = g_new0(HisiAccPasid, 1);
    p->fun = f;
    p->pasid = pasid;
    p->pri.notify = hisi_acc_pri_notify;
    if (pci_iommu_init_iotlb_notifier(f->pdev, &p->iotlb,
                                      hisi_acc_atc_invalidate, p) ||
        pci_iommu_register_iotlb_notifier(f->pdev, pasid, &p->iotlb)) {
        g_free(p);
        return NULL;
    }
    p->pri_registered = f->dev->pri_on &&
                        !pci_pri_register_notifier(f->pdev, pasid, &p->pri);
    f->sva.pasid[pasid] = p;
    return p;
}

/* To be called while PASID is still enabled, or QEMU refuses. */
void hisi_acc_pasids_drop(HisiAccFun *f)
{
    for (unsigned i = 0; i < HISI_ACC_MAX_PASID; i++) {
        HisiAccPasid *p = f->sva.pasid[i];

        if (p) {
            pci_iommu_unregister_iotlb_notifier(f->pdev, i, &p->iotlb);
            if (p->pri_registered) {
                pci_pri_unregister_notifier(f->pdev, i);
            }
            f->sva.pasid[i] = NULL;
            g_free(p);
        }
    }
    memset(f->sva.atc, 0, HISI_ACC_ATC_SIZE * sizeof(*f->sva.atc));
}

const HisiAccAtcEntry *hisi_acc_atc_find(HisiAccFun *f, unsigned pasid,
                                         uint64_t addr, bool write)
{
    HisiAccAtcEntry *e = hisi_acc_atc_slot(f, pasid, addr);

    return e->valid && e->pasid == pasid &&
           e->iova == (addr & -HISI_ACC_PAGE) && (e->write || !write) ?
           e : NULL;
}

/* Ask the IOMMU; NULL if it has no such translation, or not yet. */
const HisiAccAtcEntry *hisi_acc_atc_translate(HisiAccFun *f, unsigned pasid,
                                              uint64_t addr, bool write)
{
    HisiAccAtcEntry *e = hisi_acc_atc_slot(f, pasid, addr);
    IOMMUAccessFlags need = IOMMU_ACCESS_FLAG(true, write);
    uint64_t page = addr & -HISI_ACC_PAGE;
    IOMMUTLBEntry answer;
    uint32_t errors;

    f->dev->sva_count.atc_misses++;
    if (!hisi_acc_pasid_get(f, pasid) ||
        pci_ats_request_translation(f->pdev, pasid, false, false, page,
                                    HISI_ACC_PAGE, !write, &answer, 1,
                                    &errors) != 1 ||
        (answer.perm & need) != need) {
        return NULL;
    }
    *e = (HisiAccAtcEntry) {
        .valid = true,
        .write = answer.perm & IOMMU_WO,
        .pasid = pasid,
        .iova = page,
        .mask = answer.addr_mask | (HISI_ACC_PAGE - 1),
        .target = (answer.translated_addr & ~answer.addr_mask) |
                  (page & answer.addr_mask),
        .as = answer.target_as,
    };
    return e;
}
