/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HPRE engine (RSA, Diffie-Hellman, elliptic curves): its registers, and
 * requests that end with an error, because the model has no arithmetic yet.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "acc.h"

#define HPRE_SQE_SHIFT          6

/* Algorithms: bits 0 to 6 RSA, DH, ECDH, ECDSA, SM2, X25519, X448. */
#define HPRE_ALGS_V2            0x03u
#define HPRE_ALGS_V3            0x7fu
#define HPRE_DRIVER_ALGS        0x27u
#define HPRE_SM2_CORE_ALGS      0x10u

/* dw0 */
#define HPRE_ALG(v)             ((v) & 0x1f)
#define HPRE_ERROR_SHIFT        5
#define HPRE_ERROR_MASK         0x7ffu
#define HPRE_ERROR_UNIMPLEMENTED 1          /* the model's own code */
#define HPRE_DONE(v)            ((v) >> 30)
#define HPRE_DONE_NEW           1u
#define HPRE_DONE_FINISHED      (3u << 30)

typedef struct HpreJob {
    uint32_t dw0;
} HpreJob;

/* Registers */

static const HisiAccErrorRegs hisi_hpre_errors = {
    .source = R_HPRE_INT_SOURCE,
    .mask = R_HPRE_INT_MASK,
    .status = R_HPRE_INT_STATUS,
    .set = R_HPRE_INT_SET,
    .ce_enable = R_HPRE_CE_ENABLE,
    .nfe_enable = R_HPRE_NFE_ENABLE,
    .fe_enable = R_HPRE_FE_ENABLE,
    .shutdown_sel = R_HPRE_SHUTDOWN_SEL,
    .control = R_HPRE_CONTROL,
    .shutdown_enable = HPRE_CONTROL_SHUTDOWN_ENABLE,
};

static unsigned hisi_hpre_clusters(HisiAccDev *d)
{
    return d->version >= 3 ? 1 : 4;
}

static uint32_t hisi_hpre_cap(HisiAccDev *d, uint32_t reg)
{
    static const uint32_t words[] = {
        0x00007c37,             /* 0x3124 QM non-fatal errors */
        0x00006c37,             /* 0x3128 QM errors that need a reset */
        0x00000008,             /* 0x312c QM correctable errors */
        0x01fffc3e,             /* 0x3130 engine non-fatal errors */
        0x00bffc3e,             /* 0x3134 engine errors that need a reset */
        0x00000001,             /* 0x3138 engine correctable errors */
        0x00120a0a,             /* 0x313c 1 cluster of 10 cores, 2 types */
        0x000003ff,             /* 0x3140 core enable bits */
    };
    unsigned i = (reg - R_ENGINE_CAP_FIRST) / 4;

    if (i < ARRAY_SIZE(words)) {
        return words[i];
    }
    switch (reg) {
    case 0x3144:                /* for kernel users */
        return d->algs & HPRE_DRIVER_ALGS;
    case 0x3148 ... 0x3168:     /* the device, cores 1 to 8 */
        return d->algs;
    case 0x316c ... 0x3170:     /* cores 9 and 10 */
        return d->algs & HPRE_SM2_CORE_ALGS;
    default:
        return 0;
    }
}

/* Start the cores of a cluster: those that were enabled report. */
static void hisi_hpre_start_cores(HisiAccDev *d, uint32_t base, uint32_t val)
{
    HisiAccFun *f = d->fun;

    if (d->version >= 3 && *hisi_acc_reg(f, R_HPRE_CLOCK_GATE) & 1) {
        hisi_acc_guest_error(f, "core init with the clock gate on");
    } else if (val & 1) {
        *hisi_acc_reg(f, base + R_HPRE_CORE_DONE) =
            *hisi_acc_reg(f, base + R_HPRE_CORE_ENABLE);
    }
}

/* True if the write needs no storage. */
static bool hisi_hpre_cluster_write(HisiAccDev *d, uint32_t reg, uint32_t val)
{
    switch (reg % HPRE_CLUSTER_SIZE) {
    case R_HPRE_CORE_START:
        hisi_hpre_start_cores(d, reg - R_HPRE_CORE_START, val);
        return false;           /* shown in dumps */
    case R_HPRE_CORE_DONE:
    case R_HPRE_CORE_INQUIRY_RESULT:
        hisi_acc_guest_error(d->fun, "write to read-only register 0x%x", reg);
        return true;
    default:
        return false;
    }
}

static bool hisi_hpre_reg_write(HisiAccDev *d, uint32_t reg, uint32_t val)
{
    HisiAccFun *f = d->fun;

    if (reg >= HPRE_CLUSTER(0) &&
        reg < HPRE_CLUSTER(hisi_hpre_clusters(d))) {
        return hisi_hpre_cluster_write(d, reg, val);
    }
    switch (reg) {
    case R_HPRE_INIT_START:
        *hisi_acc_reg(f, R_HPRE_INIT_DONE) |= val & 1;
        return false;
    case R_HPRE_INIT_DONE:
    case R_HPRE_PREFETCH_STATUS:
    case R_HPRE_SVA_STATUS:
        hisi_acc_guest_error(f, "write to read-only register 0x%x", reg);
        return true;
    default:
        return false;
    }
}

static bool hisi_hpre_type_ready(HisiAccDev *d, unsigned type)
{
    HisiAccFun *f = d->fun;
    uint32_t cores = 0;

    for (unsigned c = 0; c < hisi_hpre_clusters(d); c++) {
        cores |= *hisi_acc_reg(f, HPRE_CLUSTER(c) + R_HPRE_CORE_DONE);
    }
    return cores && *hisi_acc_reg(f, R_HPRE_INIT_DONE) &&
           *hisi_acc_reg(f, R_HPRE_TYPES) & (1u << type);
}

/* Requests */

static void hisi_hpre_prepare(HisiAccReq *r)
{
    uint32_t dw0 = ldl_le_p(r->sqe);
    uint32_t error = r->forced ? r->forced_status : 0;
    HpreJob *j = r->priv;

    if (HPRE_DONE(dw0) != HPRE_DONE_NEW) {
        hisi_acc_guest_error(r->queue->fun, "SQE %u of queue %u: done is %u",
                             r->slot, r->queue->qn, HPRE_DONE(dw0));
    } else if (!r->forced) {
        hisi_acc_unimplemented(r->queue->fun,
                               "SQE %u of queue %u, operation 0x%x", r->slot,
                               r->queue->qn, HPRE_ALG(dw0));
    }
    error = error ?: HPRE_ERROR_UNIMPLEMENTED;
    j->dw0 = HPRE_ALG(dw0) | (error & HPRE_ERROR_MASK) << HPRE_ERROR_SHIFT |
             HPRE_DONE_FINISHED;
}

static void hisi_hpre_run(HisiAccReq *r, void *tool)
{
}

static void hisi_hpre_finish(HisiAccReq *r)
{
    HpreJob *j = r->priv;

    stl_le_p(r->sqe, j->dw0);
}

static bool hisi_hpre_write_back(HisiAccReq *r, uint64_t addr)
{
    return hisi_acc_write(r->queue->fun, addr, r->sqe, 4);
}

static void *hisi_hpre_tool_new(void)
{
    return NULL;
}

static void hisi_hpre_tool_free(void *tool)
{
}

const HisiAccEngine hisi_hpre_engine = {
    .name = "hpre",
    .desc = "HiSilicon HPRE accelerator",
    .pf_device_id = HISI_HPRE_PF_ID,
    .vf_device_id = HISI_HPRE_VF_ID,
    .class_id = HISI_CRYPTO_CLASS,
    .sqe_shift = HPRE_SQE_SHIFT,
    .priv_size = sizeof(HpreJob),
    .v2 = { .queue_types = 1, .assumed_algs = HPRE_ALGS_V2 },
    .v3 = { .queue_types = 3, .assumed_algs = HPRE_ALGS_V3 },
    .errors = &hisi_hpre_errors,
    .cap = hisi_hpre_cap,
    .reg_write = hisi_hpre_reg_write,
    .type_ready = hisi_hpre_type_ready,
    .prepare = hisi_hpre_prepare,
    .run = hisi_hpre_run,
    .finish = hisi_hpre_finish,
    .write_back = hisi_hpre_write_back,
    .tool_new = hisi_hpre_tool_new,
    .tool_free = hisi_hpre_tool_free,
};
