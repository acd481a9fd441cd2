/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Process address spaces: accesses that carry a PASID, translations that the
 * device asks for and keeps (ATS), page requests (PRI).
 *
 * Only the PF has them.  The hardware's VFs share the PF's PASID switch; VFs of
 * this model have no address spaces of processes.
 */
#ifndef HISI_ACC_SVA_H
#define HISI_ACC_SVA_H

#include "qemu/timer.h"
#include "hw/pci/pci_device.h"

#define HISI_ACC_MAX_PASID      256     /* no IOMMU of QEMU's tells more apart */
#define HISI_ACC_ATC_SIZE       256     /* translations of a function */
#define HISI_ACC_GROUPS         (PCI_PRI_PRGI_MASK + 1)
#define HISI_ACC_GROUP_PAGES    8
#define HISI_ACC_PAGE_REQUESTS  32      /* outstanding, as PRI announces */
#define HISI_ACC_PAGE           4096ull

struct HisiAccDev;
struct HisiAccFun;
struct HisiAccReq;

typedef struct HisiAccSvaCounters {
    uint64_t page_requests;
    uint64_t good_responses;
    uint64_t bad_responses;
    uint64_t late_responses;    /* for a group that was given up */
    uint64_t timeouts;
    uint64_t outstanding;       /* page requests without a response */
    uint64_t atc_hits;
    uint64_t atc_misses;
    uint64_t atc_invalidations;
    uint64_t untranslated;      /* accesses with PASID that the IOMMU did */
} HisiAccSvaCounters;

/* What an access is for; V2 decides by this whether it carries a PASID. */
typedef enum HisiAccAccess {
    HISI_ACC_READ,
    HISI_ACC_WRITE,
    HISI_ACC_READ_LIST,
} HisiAccAccess;

typedef enum HisiAccDma {
    HISI_ACC_DMA_OK,
    HISI_ACC_DMA_FAULT,
    HISI_ACC_DMA_WAIT,          /* the request has to be continued later */
} HisiAccDma;

/* Why a request cannot go on. */
typedef enum HisiAccStallCause {
    HISI_ACC_STALL_NONE,
    HISI_ACC_STALL_PAGE,        /* no response yet */
    HISI_ACC_STALL_CREDIT,      /* too many page requests outstanding */
    HISI_ACC_STALL_QUEUE,       /* the IOMMU's queue was full: later again */
} HisiAccStallCause;

typedef struct HisiAccStall {
    HisiAccStallCause cause;
    bool refused;               /* the response was a bad one, or none came */
    uint64_t addr;              /* page asked for last ... */
    unsigned tries;             /* ... and how often in a row */
    int64_t until_ns;           /* for STALL_QUEUE */
} HisiAccStall;

/* One 4 KiB page of one address space. */
typedef struct HisiAccAtcEntry {
    bool valid;
    bool write;
    uint16_t pasid;
    uint64_t iova;
    uint64_t mask;              /* of the translation that it is a part of */
    uint64_t target;
    AddressSpace *as;
} HisiAccAtcEntry;

/* An address space that the function asked the IOMMU about. */
typedef struct HisiAccPasid {
    struct HisiAccFun *fun;
    uint16_t pasid;
    bool pri_registered;
    IOMMUNotifier iotlb;
    IOMMUPRINotifier pri;
} HisiAccPasid;

/* What one function keeps of address spaces. */
typedef struct HisiAccSva {
    HisiAccPasid *pasid[HISI_ACC_MAX_PASID];
    HisiAccAtcEntry *atc;
} HisiAccSva;

/* A page request group: one response is for all its pages. */
typedef struct HisiAccGroup {
    bool busy;
    struct HisiAccFun *fun;
    struct HisiAccReq *req;     /* NULL once nobody waits any more */
    uint16_t pasid;
    unsigned pages;             /* that count as outstanding */
    int64_t deadline_ns;
} HisiAccGroup;

typedef struct HisiAccPri {
    HisiAccGroup group[HISI_ACC_GROUPS];
    unsigned next;
    QEMUTimer *timer;
} HisiAccPri;

/* sva.c */
bool hisi_acc_sva_init(struct HisiAccDev *d, Error **errp);
void hisi_acc_sva_exit(struct HisiAccDev *d);
void hisi_acc_sva_add_caps(struct HisiAccFun *f);
void hisi_acc_sva_config_before(struct HisiAccFun *f, uint32_t addr, int len);
void hisi_acc_sva_config_after(struct HisiAccFun *f);
void hisi_acc_sva_reset(struct HisiAccFun *f);
void hisi_acc_sva_add_counters(Object *obj, HisiAccSvaCounters *c);
uint64_t hisi_acc_sva_counter(struct HisiAccDev *d, unsigned i);

/* atc.c */
HisiAccPasid *hisi_acc_pasid_get(struct HisiAccFun *f, unsigned pasid);
void hisi_acc_pasids_drop(struct HisiAccFun *f);
const HisiAccAtcEntry *hisi_acc_atc_find(struct HisiAccFun *f, unsigned pasid,
                                         uint64_t addr, bool write);
const HisiAccAtcEntry *hisi_acc_atc_translate(struct HisiAccFun *f,
                                              unsigned pasid, uint64_t addr,
                                              bool write);

/* pri.c */
HisiAccDma hisi_acc_pri_request(struct HisiAccReq *r, unsigned pasid,
                                uint64_t addr, uint64_t len, bool write);
void hisi_acc_pri_notify(IOMMUPRINotifier *n, IOMMUPRIResponse *response);
void hisi_acc_pri_timer(void *opaque);
void hisi_acc_pri_forget(struct HisiAccReq *r);
void hisi_acc_pri_reset(struct HisiAccFun *f);
void hisi_acc_pri_status(struct HisiAccDev *d);
bool hisi_acc_req_stalled(struct HisiAccReq *r);

/* dma.c */
HisiAccDma hisi_acc_req_dma(struct HisiAccReq *r, HisiAccAccess access,
                            uint64_t addr, void *buf, uint64_t len,
                            uint64_t *done);
HisiAccDma hisi_acc_req_move(struct HisiAccReq *r, HisiAccAccess access,
                             uint64_t addr, void *buf, uint64_t len);

#endif
