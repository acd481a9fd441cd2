/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SEC engine (ciphers, digests): its registers, and requests that end
 * with an error, because the model has no ciphers yet.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "acc.h"

#define SEC_SQE_SHIFT           7
#define SEC_STATUS              0x70        /* where results begin */
#define SEC_RESULT_SIZE         16

/* Algorithms that the kernel's driver asks for, and all. */
#define SEC_DRIVER_ALGS_V2      0x395c018050cbull
#define SEC_DRIVER_ALGS_V3      0x395c018670cfull

/* Word 0x70 */
#define SEC_DONE                (1u << 0)
#define SEC_ICV_ERROR           (3u << 1)
#define SEC_ERROR_SHIFT         16
#define SEC_ERROR_UNIMPLEMENTED 1           /* the model's own code */

typedef struct SecJob {
    uint32_t result;
} SecJob;

/* Registers */

static const HisiAccErrorRegs hisi_sec_errors = {
    .source = R_SEC_INT_SOURCE,
    .mask = R_SEC_INT_MASK,
    .status = R_SEC_INT_STATUS,
    .set = R_SEC_INT_SET,
    .ce_enable = R_SEC_CE_ENABLE,
    .nfe_enable = R_SEC_NFE_ENABLE,
    .fe_enable = R_SEC_FE_ENABLE,
    .shutdown_sel = R_SEC_SHUTDOWN_SEL,
    .control = R_SEC_CONTROL,
    .shutdown_enable = SEC_CONTROL_SHUTDOWN_ENABLE,
    .mask_enables = true,
};

static uint32_t hisi_sec_cap(HisiAccDev *d, uint32_t reg)
{
    static const uint32_t words[] = {
        0x00007c77,             /* 0x3124 QM non-fatal errors */
        0x00006c77,             /* 0x3128 QM errors that need a reset */
        0x00000008,             /* 0x312c QM correctable errors */
        0x00060177,             /* 0x3130 engine non-fatal errors */
        0x00000177,             /* 0x3134 engine errors that need a reset */
        0x0000c088,             /* 0x3138 engine correctable errors */
        0x00110404,             /* 0x313c 1 cluster of 4 cores */
        0x0000000f,             /* 0x3140 core enable bits */
    };
    unsigned i = (reg - R_ENGINE_CAP_FIRST) / 4;
    uint64_t algs;

    if (i < ARRAY_SIZE(words)) {
        return words[i];
    }
    if (reg > 0x3170) {
        return 0;
    }
    /* Pairs of low and high word: driver, device, cores 1 to 4. */
    algs = reg < 0x314c ? d->algs & SEC_DRIVER_ALGS_V3 : d->algs;
    return reg & 4 ? algs : algs >> 32;
}

static bool hisi_sec_reg_write(HisiAccDev *d, uint32_t reg, uint32_t val)
{
    HisiAccFun *f = d->fun;

    switch (reg) {
    case R_SEC_MEM_START:
        if (*hisi_acc_reg(f, R_SEC_CONTROL) & SEC_CONTROL_CLOCK_GATE) {
            hisi_acc_guest_error(f, "memory init with the clock gate on");
        } else if (val & 1) {
            *hisi_acc_reg(f, R_SEC_MEM_DONE) = 1;
        }
        return true;
    case R_SEC_MEM_DONE:
    case R_SEC_SVA_TRANS:
    case R_SEC_SVA_INFO:
        hisi_acc_guest_error(f, "write to read-only register 0x%x", reg);
        return true;
    default:
        return false;
    }
}

static bool hisi_sec_type_ready(HisiAccDev *d, unsigned type)
{
    return *hisi_acc_reg(d->fun, R_SEC_MEM_DONE) &&
           *hisi_acc_reg(d->fun, R_SEC_CORE_ENABLE);
}

/* Requests */

static uint32_t sec_dw(HisiAccReq *r, unsigned offset)
{
    return ldl_le_p(r->sqe + offset);
}

/* The formats differ in where they say "invalid" and "with a MAC". */
static bool sec_type_known(HisiAccReq *r, unsigned type)
{
    return type == 1 || type == 2 || (type == 3 && r->dev->version >= 3);
}

static void hisi_sec_prepare(HisiAccReq *r)
{
    unsigned type = sec_dw(r, 0) & 0xf;
    bool invalid = type == 3 ? sec_dw(r, 0) >> 4 & 1 : sec_dw(r, 4) >> 31;
    bool mac = type == 3 ? sec_dw(r, 0x38) & 3 : sec_dw(r, 0) >> 6 & 3;
    SecJob *j = r->priv;

    if (!sec_type_known(r, type)) {
        hisi_acc_guest_error(r->queue->fun, "SQE %u of queue %u has type %u",
                             r->slot, r->queue->qn, type);
    } else if (invalid && !r->forced) {
        /* The format's way to ask for a completion and nothing else. */
        j->result = SEC_DONE;
        return;
    } else if (!r->forced) {
        hisi_acc_unimplemented(r->queue->fun,
                               "SQE %u of queue %u, type %u, words 0x%x 0x%x",
                               r->slot, r->queue->qn, type, sec_dw(r, 4),
                               sec_dw(r, type == 3 ? 0x38 : 0x0c));
    }
    j->result = SEC_DONE | (mac ? SEC_ICV_ERROR : 0) |
                (uint32_t)((r->forced ? r->forced_status : 0) ?:
                           SEC_ERROR_UNIMPLEMENTED) << SEC_ERROR_SHIFT;
}

static void hisi_sec_run(HisiAccReq *r, void *tool)
{
}

static void hisi_sec_finish(HisiAccReq *r)
{
    SecJob *j = r->priv;

    memset(r->sqe + SEC_STATUS, 0, SEC_RESULT_SIZE);
    stl_le_p(r->sqe + SEC_STATUS, j->result);
}

static bool hisi_sec_write_back(HisiAccReq *r, uint64_t addr)
{
    return hisi_acc_write(r->queue->fun, addr + SEC_STATUS,
                          r->sqe + SEC_STATUS, SEC_RESULT_SIZE);
}

static void *hisi_sec_tool_new(void)
{
    return NULL;
}

static void hisi_sec_tool_free(void *tool)
{
}

const HisiAccEngine hisi_sec_engine = {
    .name = "sec",
    .desc = "HiSilicon SEC accelerator",
    .pf_device_id = HISI_SEC_PF_ID,
    .vf_device_id = HISI_SEC_VF_ID,
    .class_id = HISI_CRYPTO_CLASS,
    .sqe_shift = SEC_SQE_SHIFT,
    .priv_size = sizeof(SecJob),
    .v2 = { .queue_types = 1, .assumed_algs = SEC_DRIVER_ALGS_V2 },
    .v3 = { .queue_types = 1, .assumed_algs = SEC_DRIVER_ALGS_V3 },
    .errors = &hisi_sec_errors,
    .cap = hisi_sec_cap,
    .reg_write = hisi_sec_reg_write,
    .type_ready = hisi_sec_type_ready,
    .prepare = hisi_sec_prepare,
    .run = hisi_sec_run,
    .finish = hisi_sec_finish,
    .write_back = hisi_sec_write_back,
    .tool_new = hisi_sec_tool_new,
    .tool_free = hisi_sec_tool_free,
};
