/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of one emulated accelerator.
 *
 * HisiAccDev is the device: the physical function, the engine behind it, the
 * queues and the worker threads.  HisiAccFun is what one PCI function owns:
 * event rings, mailbox, function registers and the range of the queues that
 * it was lent; HisiAccVf is the PCI side of a virtual one.  Everything is
 * guarded by QEMU's big lock, except the two lists of HisiAccWorkers, which
 * their mutex guards.
 *
 * MMIO handlers only note what was asked for.  All that touches guest memory
 * or raises an interrupt happens in the device's bottom half.
 */
#ifndef HISI_ACC_ACC_H
#define HISI_ACC_ACC_H

#include "qemu/queue.h"
#include "qemu/thread.h"
#include "qemu/timer.h"
#include "hw/pci/pci_device.h"
#include "qom/object.h"
#include "regs.h"
#include "sva.h"

#define TYPE_HISI_ACC "hisi-acc"
OBJECT_DECLARE_TYPE(HisiAccDev, HisiAccClass, HISI_ACC)

#define TYPE_HISI_ACC_VF "hisi-acc-vf"
OBJECT_DECLARE_SIMPLE_TYPE(HisiAccVf, HISI_ACC_VF)

#define HISI_ACC_MAX_QUEUES     1024
#define HISI_ACC_MAX_VFS        63
#define HISI_ACC_MAX_FUNCTIONS  (1 + HISI_ACC_MAX_VFS)
#define HISI_ACC_MAX_INFLIGHT   32          /* per queue */
#define HISI_ACC_MAX_SQE        128

typedef struct HisiAccFun HisiAccFun;
typedef struct HisiAccQueue HisiAccQueue;
typedef struct HisiAccReq HisiAccReq;

typedef struct HisiAccCounters {
    uint64_t completed;
    uint64_t sq_doorbells;
    uint64_t cq_doorbells;
    uint64_t interrupts;
    uint64_t dma_faults;
    uint64_t guest_errors;
    uint64_t inflight;
    uint64_t eq_doorbells;
    uint64_t dropped_doorbells;
    uint64_t mailboxes;
    uint64_t resets;
    uint64_t mmio_writes;
    uint64_t mmio_reads;
    uint64_t unimplemented;
} HisiAccCounters;

/* Counts of one function; a reset of it clears them. */
typedef struct HisiAccFunCounters {
    uint32_t mailboxes;
    uint32_t doorbells;         /* SQ and CQ, those that were taken */
    uint32_t inflight;
} HisiAccFunCounters;

/* Debug counters that the PF reads; of a function ... */
typedef struct HisiAccDfx {
    uint32_t mailboxes;
    uint32_t doorbells;
} HisiAccDfx;

/* ... and of the device. */
typedef struct HisiAccDevDfx {
    uint32_t sent;              /* requests to the engine */
    uint32_t written_back;      /* SQEs with results */
    uint32_t finished;          /* with their CQEs */
    uint32_t cqe_errors;
} HisiAccDevDfx;

/* What the monitor asked to go wrong; survives a function reset. */
typedef struct HisiAccInject {
    uint32_t hang;              /* requests that stay unfinished */
    uint32_t force;             /* requests that get force_status */
    uint8_t force_status;
    uint16_t mbox_fail;         /* mailbox commands with a bad status */
    bool mbox_stick;            /* these never finish instead */
    uint32_t function;          /* whose AEQ is meant */
    uint32_t lose_responses;    /* to page requests */
    uint32_t aeqe;              /* type << 16 | queue, to be written once */
    bool aeqe_pending;
} HisiAccInject;

/* A host buffer that grows and is kept with its request for reuse. */
typedef struct HisiAccBuf {
    uint8_t *data;
    size_t size;
} HisiAccBuf;

typedef struct HisiAccSeg {
    uint64_t addr;
    uint32_t len;
} HisiAccSeg;

/* Guest memory of one request: a flat buffer is a list of one. */
typedef struct HisiAccSgList {
    HisiAccSeg *seg;
    unsigned count;
    unsigned room;
} HisiAccSgList;

struct HisiAccReq {
    HisiAccQueue *queue;        /* NULL once cancelled */
    HisiAccDev *dev;
    uint16_t slot;
    bool done;                  /* computed, waiting for its turn */
    bool hung;
    bool forced;
    uint8_t forced_status;
    bool resumed;               /* prepare was begun and waits for a page */
    HisiAccStall stall;
    uint64_t moved;             /* of the transfer that waits */
    int64_t ready_ns;           /* not to be delivered before */
    uint64_t weight;            /* host bytes this request may hold */
    uint8_t sqe[HISI_ACC_MAX_SQE];
    HisiAccBuf in;
    HisiAccBuf out;
    HisiAccBuf ctx;
    HisiAccSgList src;
    HisiAccSgList dst;
    void *priv;                 /* the engine's own, priv_size bytes */
    QTAILQ_ENTRY(HisiAccReq) in_queue;
    QSIMPLEQ_ENTRY(HisiAccReq) in_list;
};

struct HisiAccQueue {
    HisiAccFun *fun;            /* to whom it is lent; NULL if to none */
    uint16_t qn;                /* its number there */
    bool sq_live;
    bool cq_live;
    bool disabled;              /* SQC says so: takes no doorbells */
    bool draining;              /* STOP_QP or FLUSH_QM under way */
    bool failed;                /* overflow or ring fault: no more work */
    bool active;                /* linked into HisiAccDev.active */

    uint64_t sq_base;
    uint16_t sq_depth;
    uint16_t sq_rand;
    uint16_t sq_head;           /* next SQE to fetch */
    uint16_t sq_tail;           /* index of the last doorbell */
    uint16_t sq_done;           /* oldest SQE without a CQE */
    bool sq_wrap;
    uint8_t type;
    uint16_t pasid;
    bool pasid_en;

    uint64_t cq_base;
    uint16_t cq_depth;
    uint16_t cq_rand;
    uint16_t cq_head;           /* index of the last CQ doorbell */
    uint16_t cq_tail;           /* next CQE slot */
    bool cq_wrap;
    bool cq_phase;
    bool c_flag;
    bool rearm;                 /* c_flag was set while the CQ had entries */

    /* Images as loaded, so that dumps return the fields software wrote. */
    uint8_t sqc[CTX_SIZE];
    uint8_t cqc[CTX_SIZE];

    uint32_t sqes;              /* debug counters: fetched, */
    uint32_t cqes;              /* completed */
    unsigned inflight;
    QTAILQ_HEAD(, HisiAccReq) reqs;
    QTAILQ_ENTRY(HisiAccQueue) link;
};

/* The EQ and the AEQ differ in entry contents and vector only. */
typedef struct HisiAccEventRing {
    const char *name;
    unsigned vector;
    bool live;
    uint64_t base;
    uint32_t depth;
    uint32_t head;
    uint32_t tail;
    bool phase;
    bool source;                /* interrupt source bit */
    bool masked;
    bool notified;              /* MSI sent since the last doorbell */
    uint8_t image[CTX_SIZE];
} HisiAccEventRing;

typedef struct HisiAccMbox {
    uint8_t latch[16];
    uint16_t written;           /* a bit for each byte since the last start */
    bool pending;               /* to be executed by the bottom half */
    bool stuck;                 /* injected: never finishes */
    bool flush;                 /* waiting for drained queues: all ... */
    bool stop;                  /* ... or this one */
    uint16_t stop_qn;
} HisiAccMbox;

/* The queues that the PF gave a function: its entries of the range table. */
typedef struct HisiAccRange {
    uint64_t sqc;
    uint64_t cqc;
    uint64_t shaper[2];
    unsigned first;             /* what both entries amount to */
    unsigned count;
} HisiAccRange;

/* Messages between the PF and one VF; the PF uses masked and notified only. */
typedef struct HisiAccIfc {
    bool source;                /* VF: a message of the PF's to be seen */
    bool sent;                  /* VF: a message to the PF not yet seen */
    bool masked;
    bool notified;              /* MSI sent since the last message */
    uint64_t from_pf;
    uint64_t to_pf;
} HisiAccIfc;

struct HisiAccFun {
    HisiAccDev *dev;
    PCIDevice *pdev;
    unsigned number;            /* 0 is the PF */
    uint32_t *regs;             /* plain storage behind BAR2 */
    uint32_t regs_size;
    HisiAccRange range;         /* the PF's to write: outlives a VF's reset */
    HisiAccEventRing eq;
    HisiAccEventRing aeq;
    HisiAccMbox mbox;
    HisiAccIfc ifc;
    HisiAccFunCounters count;
    HisiAccDfx dfx;
    uint64_t sqc_bt;
    uint64_t cqc_bt;
    bool wb_pending;            /* context write-back asked for */
    HisiAccSva sva;
};

typedef struct HisiAccWorkers {
    QemuMutex lock;
    QemuCond wake;
    bool quit;
    QemuThread thread[2];
    void *main_tool;            /* for what the main loop computes itself */
    QSIMPLEQ_HEAD(, HisiAccReq) todo;
    QSIMPLEQ_HEAD(, HisiAccReq) done;
} HisiAccWorkers;

/* Error sources of the QM or of an engine: same registers, other offsets. */
typedef struct HisiAccRas {
    uint32_t source;
    uint32_t mask;
    uint32_t signalled;         /* bits an interrupt was sent for */
} HisiAccRas;

/* Where an engine has its error registers. */
typedef struct HisiAccErrorRegs {
    uint32_t source;
    uint32_t mask;
    uint32_t status;
    uint32_t set;
    uint32_t ce_enable;
    uint32_t nfe_enable;
    uint32_t fe_enable;
    uint32_t shutdown_sel;
    uint32_t control;
    uint32_t shutdown_enable;   /* bit of the control register */
    bool mask_enables;          /* bits of the mask are 1 for what is not */
} HisiAccErrorRegs;

/* What differs between versions 2 and 3 of an engine. */
typedef struct HisiAccEngineVersion {
    uint32_t queue_types;       /* bit per accepted SQC queue type */
    uint64_t algs;              /* what the model can do, as bits of a word */
    uint64_t assumed_algs;      /* what drivers expect if no word says so */
} HisiAccEngineVersion;

/* What an engine adds to the QM. */
typedef struct HisiAccEngine {
    const char *name;
    const char *desc;
    uint16_t pf_device_id;
    uint16_t vf_device_id;
    uint16_t class_id;
    unsigned sqe_shift;
    size_t priv_size;
    HisiAccEngineVersion v2;
    HisiAccEngineVersion v3;
    const HisiAccErrorRegs *errors;
    /* Capability word at a register offset, for version 3. */
    uint32_t (*cap)(HisiAccDev *d, uint32_t reg);
    /* True if the register needs no storage. */
    bool (*reg_write)(HisiAccDev *d, uint32_t reg, uint32_t val);
    /* False while no core serves queues of this type. */
    bool (*type_ready)(HisiAccDev *d, unsigned type);
    /* Version 2: whether accesses of this kind carry the queue's PASID. */
    bool (*ssv)(HisiAccDev *d, HisiAccAccess access);
    /*
     * A request passes through prepare (decode, read guest memory), run (on
     * any thread, host buffers only) and finish (write guest memory, fill in
     * the result words of the SQE copy).  Prepare and finish are called again
     * if they return with r->stall.cause set, and go on where they were.
     */
    void (*prepare)(HisiAccReq *r);
    void (*run)(HisiAccReq *r, void *tool);
    void (*finish)(HisiAccReq *r);
    /* Write the result words back into the ring. */
    bool (*write_back)(HisiAccReq *r, uint64_t addr);
    /* Scratch state of one thread that calls run. */
    void *(*tool_new)(void);
    void (*tool_free)(void *tool);
} HisiAccEngine;

struct HisiAccClass {
    PCIDeviceClass parent_class;
    const HisiAccEngine *engine;
};

struct HisiAccDev {
    PCIDevice parent_obj;

    /* properties */
    uint32_t version;
    bool isolation;
    uint32_t queue_total;
    uint32_t cap_version;
    uint32_t vf_total;
    uint64_t algs;
    uint32_t delay_us;
    uint32_t inline_bytes;      /* smaller requests: by the main loop */
    bool ras_on_dma_fault;
    bool pasid_on;
    bool ats_on;
    bool pri_on;
    uint32_t pri_timeout_ms;

    const HisiAccEngine *engine;
    HisiAccFun fun[HISI_ACC_MAX_FUNCTIONS];     /* by number, first the PF */
    HisiAccQueue *queues;
    MemoryRegion bar2;
    MemoryRegion bar4;

    QEMUBH *bh;
    QEMUTimer *timer;
    QTAILQ_HEAD(, HisiAccQueue) active;
    HisiAccWorkers workers;
    QSIMPLEQ_HEAD(, HisiAccReq) idle;
    unsigned idle_count;
    uint64_t weight;            /* sum over requests in flight */

    HisiAccRas qm_ras;
    HisiAccRas engine_ras;
    bool mem_ready;             /* memory init was run */
    bool mem_pending;
    bool vft_pending;           /* VFT operation not yet reported ready */
    HisiAccDevDfx dfx;
    HisiAccCounters count;
    HisiAccInject inject;
    unsigned stalled;           /* requests whose prepare waits */
    HisiAccPri pri;
    HisiAccSvaCounters sva_count;
};

struct HisiAccVf {
    PCIDevice parent_obj;

    HisiAccFun *fun;
    MemoryRegion bar2;
    MemoryRegion bar4;
};

static inline const HisiAccEngineVersion *hisi_acc_engine(HisiAccDev *d)
{
    return d->version >= 3 ? &d->engine->v3 : &d->engine->v2;
}

static inline uint32_t *hisi_acc_reg(HisiAccFun *f, uint32_t reg)
{
    assert(reg < f->regs_size);
    return &f->regs[reg / 4];
}

/*
 * Memory is all that the device reaches.  An access to registers would get
 * back into QEMU, to a reset of this very device even, in the middle of a
 * request.
 */
static inline MemTxAttrs hisi_acc_attrs(void)
{
    return (MemTxAttrs) { .memory = true };
}

/* qm.c */
extern const MemoryRegionOps hisi_acc_bar2_ops;
extern const MemoryRegionOps hisi_acc_bar4_ops;
void hisi_acc_guest_error(HisiAccFun *f, const char *fmt, ...)
    G_GNUC_PRINTF(2, 3);
void hisi_acc_unimplemented(HisiAccFun *f, const char *fmt, ...)
    G_GNUC_PRINTF(2, 3);
bool hisi_acc_read(HisiAccFun *f, uint64_t addr, void *buf, uint64_t len);
bool hisi_acc_write(HisiAccFun *f, uint64_t addr, const void *buf,
                    uint64_t len);
unsigned hisi_acc_functions(HisiAccDev *d);
void hisi_acc_vf_reset(HisiAccFun *f, bool flr);
void hisi_acc_qm_reset(HisiAccDev *d, bool flr);
void hisi_acc_qm_work(HisiAccDev *d);
void hisi_acc_qm_error(HisiAccDev *d, uint32_t bits);
void hisi_acc_ras_update(HisiAccDev *d);
bool hisi_acc_axi_blocked(HisiAccDev *d);
bool hisi_acc_interrupt(HisiAccFun *f, unsigned vector);

/* vft.c */
void hisi_acc_vft_execute(HisiAccDev *d);
void hisi_acc_vft_clear(HisiAccFun *f);
unsigned hisi_acc_vft_queues(HisiAccFun *f);
HisiAccQueue *hisi_acc_vft_queue(HisiAccFun *f, unsigned qn);

/* mbox.c */
void hisi_acc_mbox_write(HisiAccFun *f, unsigned offset, uint32_t val);
uint32_t hisi_acc_mbox_read(HisiAccFun *f, unsigned offset);
void hisi_acc_mbox_reset(HisiAccFun *f);
void hisi_acc_mbox_work(HisiAccFun *f);
void hisi_acc_mbox_unstick(HisiAccFun *f);

/* ifc.c */
unsigned hisi_acc_ifc_send(HisiAccFun *f, unsigned target, uint64_t msg);
unsigned hisi_acc_ifc_fetch(HisiAccFun *f, unsigned source, uint64_t *msg);
bool hisi_acc_ifc_write(HisiAccFun *f, uint32_t reg, uint32_t val);
bool hisi_acc_ifc_read(HisiAccFun *f, uint32_t reg, uint32_t *val);
void hisi_acc_ifc_reset(HisiAccFun *f, bool flr);
void hisi_acc_ifc_work(HisiAccFun *f);

/* vf.c */
bool hisi_acc_caps_init(PCIDevice *pdev, unsigned messages, Error **errp);
void hisi_acc_caps_exit(PCIDevice *pdev);
bool hisi_acc_vfs_init(HisiAccDev *d, Error **errp);
void hisi_acc_vfs_update(HisiAccDev *d);

/* dfx.c */
bool hisi_acc_dfx_read(HisiAccDev *d, uint32_t reg, uint32_t *val);

/* context.c */
unsigned hisi_acc_sqc_load(HisiAccQueue *q, uint64_t addr);
unsigned hisi_acc_cqc_load(HisiAccQueue *q, uint64_t addr);
unsigned hisi_acc_event_load(HisiAccFun *f, HisiAccEventRing *r,
                             uint64_t addr);
unsigned hisi_acc_sqc_dump(HisiAccQueue *q, uint64_t addr);
unsigned hisi_acc_cqc_dump(HisiAccQueue *q, uint64_t addr);
unsigned hisi_acc_event_dump(HisiAccFun *f, HisiAccEventRing *r,
                             uint64_t addr);
void hisi_acc_contexts_write_back(HisiAccFun *f);

/* events.c */
void hisi_acc_eqe(HisiAccFun *f, unsigned qn);
void hisi_acc_aeqe(HisiAccFun *f, unsigned type, unsigned qn);
void hisi_acc_event_doorbell(HisiAccFun *f, uint64_t val);
void hisi_acc_events_reset(HisiAccFun *f);
void hisi_acc_events_work(HisiAccFun *f);

/* rings.c */
void hisi_acc_queue_doorbell(HisiAccFun *f, unsigned qn, uint64_t val);
void hisi_acc_queue_kill(HisiAccQueue *q);
bool hisi_acc_queue_idle(HisiAccQueue *q);
bool hisi_acc_idle(HisiAccDev *d);
void hisi_acc_rings_work(HisiAccDev *d);
void hisi_acc_rings_unhang(HisiAccDev *d);

/* work.c */
HisiAccReq *hisi_acc_req_new(HisiAccDev *d);
void hisi_acc_req_free(HisiAccReq *r);
bool hisi_acc_buf_fit(HisiAccBuf *b, size_t size);
void hisi_acc_workers_start(HisiAccDev *d);
void hisi_acc_workers_stop(HisiAccDev *d);
void hisi_acc_workers_submit(HisiAccReq *r);
HisiAccReq *hisi_acc_workers_reap(HisiAccDev *d);

/* sgl.c */
bool hisi_acc_sg_flat(HisiAccSgList *l, uint64_t addr, uint32_t len);
HisiAccDma hisi_acc_sg_load(HisiAccReq *r, HisiAccSgList *l, uint64_t addr,
                            uint32_t skip, uint32_t len);
HisiAccDma hisi_acc_sg_move(HisiAccReq *r, HisiAccAccess access,
                            const HisiAccSgList *l, uint8_t *buf,
                            uint32_t len);

/* engine.c */
void hisi_acc_engine_reset(HisiAccDev *d);
bool hisi_acc_engine_write(HisiAccDev *d, uint32_t reg, uint32_t val);
bool hisi_acc_engine_read(HisiAccDev *d, uint32_t reg, uint32_t *val);
uint32_t hisi_acc_engine_errors(HisiAccDev *d);
bool hisi_acc_engine_blocked(HisiAccDev *d);
void hisi_acc_engine_error(HisiAccDev *d, uint32_t bits);

/* zip.c, sec.c, hpre.c */
extern const HisiAccEngine hisi_zip_engine;
extern const HisiAccEngine hisi_sec_engine;
extern const HisiAccEngine hisi_hpre_engine;

#endif
