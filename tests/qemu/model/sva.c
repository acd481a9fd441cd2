/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI side of process address spaces: capabilities, their switches, counters.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/pci/pci.h"
#include "hw/pci/pcie.h"
#include "acc.h"

#define PASID_OFFSET        0x310
#define PRI_OFFSET          0x320
#define ATS_OFFSET          0x330
#define PASID_WIDTH         16      /* as wide as the field of a context */

bool hisi_acc_sva_init(HisiAccDev *d, Error **errp)
{
    if (d->pri_on && !(d->ats_on && d->pasid_on)) {
        error_setg(errp, "pri=on needs ats=on and pasid=on");
        return false;
    }
    d->pri.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, hisi_acc_pri_timer, d);
    return true;
}

/* The first extended capability has to be at 0x100. */
static uint16_t hisi_acc_cap_offset(PCIDevice *pdev, uint16_t offset)
{
    return pci_get_long(pdev->config + PCI_CONFIG_SPACE_SIZE) ?
           offset : PCI_CONFIG_SPACE_SIZE;
}

void hisi_acc_sva_add_caps(HisiAccFun *f)
{
    HisiAccDev *d = f->dev;
    PCIDevice *pdev = f->pdev;

    if (d->pasid_on) {
        pcie_pasid_init(pdev, hisi_acc_cap_offset(pdev, PASID_OFFSET),
                        PASID_WIDTH, false, false);
    }
    if (d->pri_on) {
        pcie_pri_init(pdev, hisi_acc_cap_offset(pdev, PRI_OFFSET),
                      HISI_ACC_PAGE_REQUESTS, true);
    }
    if (d->ats_on) {
        pcie_ats_init(pdev, hisi_acc_cap_offset(pdev, ATS_OFFSET), true);
    }
}

void hisi_acc_sva_exit(HisiAccDev *d)
{
    hisi_acc_pasids_drop(d->fun);
    for (unsigned i = 0; i < HISI_ACC_MAX_FUNCTIONS; i++) {
        g_free(d->fun[i].sva.atc);
    }
    timer_free(d->pri.timer);
}

/*
 * A function without ATS or PASID must not keep translations.  They are easily
 * had again, so each write to the switches drops them; QEMU takes notifiers
 * back only as long as PASID is on.
 */
void hisi_acc_sva_config_before(HisiAccFun *f, uint32_t addr, int len)
{
    PCIExpressDevice *exp = &f->pdev->exp;

    if ((exp->ats_cap &&
         ranges_overlap(addr, len, exp->ats_cap + PCI_ATS_CTRL, 2)) ||
        (exp->pasid_cap &&
         ranges_overlap(addr, len, exp->pasid_cap + PCI_PASID_CTRL, 2))) {
        hisi_acc_pasids_drop(f);
    }
}

void hisi_acc_sva_config_after(HisiAccFun *f)
{
    hisi_acc_pri_status(f->dev);
}

/* Requests were cancelled before. */
void hisi_acc_sva_reset(HisiAccFun *f)
{
    PCIDevice *pdev = f->pdev;
    PCIExpressDevice *exp;

    /* A VF has none of this, and need not be there. */
    if (f->number) {
        return;
    }
    exp = &pdev->exp;
    hisi_acc_pasids_drop(f);
    hisi_acc_pri_reset(f);
    if (exp->ats_cap) {
        pci_set_word(pdev->config + exp->ats_cap + PCI_ATS_CTRL, 0);
    }
    if (exp->pri_cap) {
        pci_set_word(pdev->config + exp->pri_cap + PCI_PRI_CTRL, 0);
        pci_set_word(pdev->config + exp->pri_cap + PCI_PRI_STATUS,
                     PCI_PRI_STATUS_PASID | PCI_PRI_STATUS_STOPPED);
        pci_set_long(pdev->config + exp->pri_cap + PCI_PRI_ALLOC_REQ, 0);
    }
    if (exp->pasid_cap) {
        pci_set_word(pdev->config + exp->pasid_cap + PCI_PASID_CTRL, 0);
    }
}

/* In the order of the monitor's registers. */
static const struct {
    const char *name;
    size_t offset;
} hisi_acc_sva_counters[] = {
#define COUNTER(name, field) { name, offsetof(HisiAccSvaCounters, field) }
    COUNTER("page-requests", page_requests),
    COUNTER("good-page-responses", good_responses),
    COUNTER("bad-page-responses", bad_responses),
    COUNTER("late-page-responses", late_responses),
    COUNTER("page-request-timeouts", timeouts),
    COUNTER("page-requests-outstanding", outstanding),
    COUNTER("atc-hits", atc_hits),
    COUNTER("atc-misses", atc_misses),
    COUNTER("atc-invalidations", atc_invalidations),
    COUNTER("untranslated-with-pasid", untranslated),
#undef COUNTER
};

static uint64_t *hisi_acc_sva_field(HisiAccSvaCounters *c, unsigned i)
{
    return (uint64_t *)((char *)c + hisi_acc_sva_counters[i].offset);
}

void hisi_acc_sva_add_counters(Object *obj, HisiAccSvaCounters *c)
{
    for (unsigned i = 0; i < ARRAY_SIZE(hisi_acc_sva_counters); i++) {
        object_property_add_uint64_ptr(obj, hisi_acc_sva_counters[i].name,
                                       hisi_acc_sva_field(c, i),
                                       OBJ_PROP_FLAG_READ);
    }
}

uint64_t hisi_acc_sva_counter(HisiAccDev *d, unsigned i)
{
    return i < ARRAY_SIZE(hisi_acc_sva_counters) ?
           *hisi_acc_sva_field(&d->sva_count, i) : 0;
}
