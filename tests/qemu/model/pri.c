/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page requests (PRI): a request that met a missing page asks for it, and for
 * the pages behind it that are missing as well, and waits for the response.
 *
 * A response comes in the middle of the IOMMU's own register access, so it is
 * only noted; the bottom half goes on with the request.  A group whose request
 * is gone stays busy until its response, or until the time limit: its index
 * must not be mistaken for that of a new group.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "hw/pci/pci.h"
#include "hw/pci/pcie.h"
#include "acc.h"
#include "trace.h"

/* A page that was asked for in vain so often will not come. */
#define MAX_TRIES       64
/* Until a full queue of the IOMMU is tried again. */
#define RETRY_NS        (1 * SCALE_MS)

static int64_t hisi_acc_pri_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static uint8_t *hisi_acc_pri_reg(HisiAccDev *d, unsigned reg)
{
    PCIDevice *pdev = PCI_DEVICE(d);

    return pdev->config + pdev->exp.pri_cap + reg;
}

static void hisi_acc_pri_set_status(HisiAccDev *d, uint16_t set,
                                    uint16_t clear)
{
    uint8_t *reg = hisi_acc_pri_reg(d, PCI_PRI_STATUS);

    pci_set_word(reg, (pci_get_word(reg) & ~clear) | set);
}

/* Stopped means switched off and nothing outstanding. */
void hisi_acc_pri_status(HisiAccDev *d)
{
    if (!PCI_DEVICE(d)->exp.pri_cap) {
        return;
    }
    if (pcie_pri_enabled(PCI_DEVICE(d))) {
        hisi_acc_pri_set_status(d, 0, PCI_PRI_STATUS_STOPPED);
    } else if (!d->sva_count.outstanding) {
        hisi_acc_pri_set_status(d, PCI_PRI_STATUS_STOPPED, 0);
    }
}

/* After a response of total failure software has to clear the status first. */
static bool hisi_acc_pri_usable(HisiAccDev *d)
{
    PCIDevice *pdev = PCI_DEVICE(d);

    return pcie_pri_enabled(pdev) && pcie_pri_get_req_alloc(pdev) &&
           !(pci_get_word(hisi_acc_pri_reg(d, PCI_PRI_STATUS)) &
             PCI_PRI_STATUS_RF);
}

static unsigned hisi_acc_pri_room(HisiAccDev *d)
{
    uint32_t most = MIN(pcie_pri_get_req_alloc(PCI_DEVICE(d)),
                        HISI_ACC_PAGE_REQUESTS);

    return most - MIN(most, d->sva_count.outstanding);
}

/* Index of a free group, going round; -1 if all are busy. */
static int hisi_acc_pri_index(HisiAccPri *p)
{
    for (unsigned i = 0; i < HISI_ACC_GROUPS; i++) {
        unsigned index = (p->next + i) % HISI_ACC_GROUPS;

        if (!p->group[index].busy) {
            p->next = (index + 1) % HISI_ACC_GROUPS;
            return index;
        }
    }
    return -1;
}

static void hisi_acc_pri_arm(HisiAccDev *d, int64_t when)
{
    timer_mod_anticipate_ns(d->pri.timer, when);
}

static void hisi_acc_pri_release(HisiAccDev *d, HisiAccGroup *g)
{
    d->sva_count.outstanding -= g->pages;
    *g = (HisiAccGroup) { 0 };
    hisi_acc_pri_status(d);
    /* Others may wait for room. */
    qemu_bh_schedule(d->bh);
}

static void hisi_acc_pri_wake(HisiAccReq *r, bool refused)
{
    r->stall.cause = HISI_ACC_STALL_NONE;
    r->stall.refused = refused;
    qemu_bh_schedule(r->dev->bh);
}

/* True while the request has to wait on. */
bool hisi_acc_req_stalled(HisiAccReq *r)
{
    switch (r->stall.cause) {
    case HISI_ACC_STALL_PAGE:
        return true;
    case HISI_ACC_STALL_CREDIT:
        return hisi_acc_pri_usable(r->dev) && !hisi_acc_pri_room(r->dev);
    case HISI_ACC_STALL_QUEUE:
        return hisi_acc_pri_now() < r->stall.until_ns;
    default:
        return false;
    }
}

static HisiAccDma hisi_acc_pri_stall(HisiAccReq *r, HisiAccStallCause cause)
{
    r->stall.cause = cause;
    return HISI_ACC_DMA_WAIT;
}

/* The first page is known to be missing; which of those behind it are? */
static unsigned hisi_acc_pri_collect(HisiAccReq *r, unsigned pasid,
                                     uint64_t addr, uint64_t len, bool write,
                                     unsigned most, uint64_t *page)
{
    HisiAccFun *f = r->queue->fun;
    uint64_t last = (addr + len - 1) & -HISI_ACC_PAGE;
    uint64_t at = addr & -HISI_ACC_PAGE;
    unsigned count = 1;

    page[0] = at;
    for (unsigned i = 1; i < HISI_ACC_GROUP_PAGES && at != last; i++) {
        at += HISI_ACC_PAGE;
        if (count < most && !hisi_acc_atc_find(f, pasid, at, write) &&
            !hisi_acc_atc_translate(f, pasid, at, write)) {
            page[count++] = at;
        }
    }
    return count;
}

static int hisi_acc_pri_send(HisiAccReq *r, unsigned pasid, bool write,
                             unsigned index, const uint64_t *page,
                             unsigned count)
{
    HisiAccDev *d = r->dev;
    PCIDevice *pdev = r->queue->fun->pdev;
    int err = 0;

    for (unsigned i = 0; i < count && !err; i++) {
        trace_hisi_acc_page_request(pasid, page[i], write, index,
                                    i == count - 1);
        err = pci_pri_request_page(pdev, pasid, false, false, page[i],
                                   i == count - 1, index, !write, write);
        d->sva_count.page_requests += !err;
    }
    return err;
}

static HisiAccDma hisi_acc_pri_sent(HisiAccReq *r, unsigned pasid,
                                    unsigned index, unsigned count)
{
    HisiAccDev *d = r->dev;
    HisiAccGroup *g = &d->pri.group[index];

    *g = (HisiAccGroup) {
        .busy = true,
        .fun = r->queue->fun,
        .req = r,
        .pasid = pasid,
        .pages = count,
        .deadline_ns = hisi_acc_pri_now() +
                       (int64_t)d->pri_timeout_ms * SCALE_MS,
    };
    d->sva_count.outstanding += count;
    hisi_acc_pri_arm(d, g->deadline_ns);
    return hisi_acc_pri_stall(r, HISI_ACC_STALL_PAGE);
}

/* False if the page was asked for in vain. */
static bool hisi_acc_pri_try(HisiAccReq *r, uint64_t page)
{
    if (!hisi_acc_pri_usable(r->dev)) {
        return false;
    }
    if (r->stall.addr != page) {
        r->stall.addr = page;
        r->stall.tries = 0;
    }
    return r->stall.tries < MAX_TRIES;
}

/* The request misses the page of addr, and may want len bytes from there. */
HisiAccDma hisi_acc_pri_request(HisiAccReq *r, unsigned pasid, uint64_t addr,
                                uint64_t len, bool write)
{
    HisiAccDev *d = r->dev;
    uint64_t page[HISI_ACC_GROUP_PAGES];
    unsigned room = hisi_acc_pri_room(d);
    unsigned count;
    int index, err;

    if (!hisi_acc_pri_try(r, addr & -HISI_ACC_PAGE)) {
        return HISI_ACC_DMA_FAULT;
    }
    if (!room) {
        return hisi_acc_pri_stall(r, HISI_ACC_STALL_CREDIT);
    }
    index = hisi_acc_pri_index(&d->pri);
    if (index < 0) {
        r->stall.until_ns = hisi_acc_pri_now() + RETRY_NS;
        hisi_acc_pri_arm(d, r->stall.until_ns);
        return hisi_acc_pri_stall(r, HISI_ACC_STALL_QUEUE);
    }
    count = hisi_acc_pri_collect(r, pasid, addr, len, write,
                                 MIN(room, HISI_ACC_GROUP_PAGES), page);
    err = hisi_acc_pri_send(r, pasid, write, index, page, count);
    if (err == -ENOSPC) {
        /* What was sent of the group is lost: no response will follow. */
        r->stall.until_ns = hisi_acc_pri_now() + RETRY_NS;
        hisi_acc_pri_arm(d, r->stall.until_ns);
        return hisi_acc_pri_stall(r, HISI_ACC_STALL_QUEUE);
    }
    if (err) {
        return HISI_ACC_DMA_FAULT;
    }
    r->stall.tries++;
    return hisi_acc_pri_sent(r, pasid, index, count);
}

static void hisi_acc_pri_count(HisiAccDev *d, IOMMUPRIResponse *response)
{
    if (response->response_code == IOMMU_PRI_RESP_SUCCESS) {
        d->sva_count.good_responses++;
        return;
    }
    d->sva_count.bad_responses++;
    if (response->response_code == IOMMU_PRI_RESP_FAILURE) {
        hisi_acc_pri_set_status(d, PCI_PRI_STATUS_RF, 0);
    }
}

void hisi_acc_pri_notify(IOMMUPRINotifier *n, IOMMUPRIResponse *response)
{
    HisiAccPasid *p = container_of(n, HisiAccPasid, pri);
    HisiAccDev *d = p->fun->dev;
    HisiAccGroup *g = &d->pri.group[response->prgi & PCI_PRI_PRGI_MASK];
    bool good = response->response_code == IOMMU_PRI_RESP_SUCCESS;

    trace_hisi_acc_page_response(p->pasid, response->prgi,
                                 response->response_code);
    if (d->inject.lose_responses) {
        d->inject.lose_responses--;
        return;
    }
    hisi_acc_pri_count(d, response);
    if (!g->busy || g->fun != p->fun || g->pasid != p->pasid) {
        /* It may have been given up long ago, so this is no error. */
        d->sva_count.late_responses++;
        hisi_acc_pri_set_status(d, PCI_PRI_STATUS_UPRGI, 0);
        return;
    }
    if (g->req) {
        hisi_acc_pri_wake(g->req, !good);
    } else {
        d->sva_count.late_responses++;
    }
    hisi_acc_pri_release(d, g);
}

/* Groups without a response are given up, requests may try again. */
void hisi_acc_pri_timer(void *opaque)
{
    HisiAccDev *d = opaque;
    int64_t now = hisi_acc_pri_now(), next = INT64_MAX;

    for (unsigned i = 0; i < HISI_ACC_GROUPS; i++) {
        HisiAccGroup *g = &d->pri.group[i];

        if (!g->busy) {
            continue;
        }
        if (now < g->deadline_ns) {
            next = MIN(next, g->deadline_ns);
            continue;
        }
        d->sva_count.timeouts++;
        if (g->req) {
            hisi_acc_pri_wake(g->req, true);
        }
        hisi_acc_pri_release(d, g);
    }
    if (next != INT64_MAX) {
        hisi_acc_pri_arm(d, next);
    }
    qemu_bh_schedule(d->bh);
}

/* The request is gone, its group is not. */
void hisi_acc_pri_forget(HisiAccReq *r)
{
    if (r->stall.cause != HISI_ACC_STALL_PAGE) {
        return;
    }
    for (unsigned i = 0; i < HISI_ACC_GROUPS; i++) {
        if (r->dev->pri.group[i].req == r) {
            r->dev->pri.group[i].req = NULL;
        }
    }
}

/* A function reset ends all that the function has outstanding. */
void hisi_acc_pri_reset(HisiAccFun *f)
{
    HisiAccDev *d = f->dev;

    for (unsigned i = 0; i < HISI_ACC_GROUPS; i++) {
        HisiAccGroup *g = &d->pri.group[i];

        if (g->busy && g->fun == f) {
            hisi_acc_pri_release(d, g);
        }
    }
}
