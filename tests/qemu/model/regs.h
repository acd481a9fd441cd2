/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers and in-memory layouts of the Queue Manager (QM) and of the ZIP
 * engine, as the model knows them.  The driver has a list of its own: a
 * wrong offset on one side then shows up in a test.
 */
#ifndef HISI_ACC_REGS_H
#define HISI_ACC_REGS_H

#define HISI_VENDOR_ID              0x19e5
#define HISI_ZIP_PF_ID              0xa250
#define HISI_ZIP_VF_ID              0xa251
#define HISI_ZIP_CLASS              0x1200      /* processing accelerator */
#define HISI_SEC_PF_ID              0xa255
#define HISI_SEC_VF_ID              0xa256
#define HISI_HPRE_PF_ID             0xa258
#define HISI_HPRE_VF_ID             0xa259
#define HISI_CRYPTO_CLASS           0x1000      /* network encryption */
#define HISI_REVISION_V2            0x21
#define HISI_REVISION_V3            0x30

#define BAR2_SIZE                   (4 * MiB)
#define VF_BAR2_SIZE                (64 * KiB)
#define DB_PAGE_SIZE                (64 * KiB)  /* BAR4, one page per queue */

/* Function page, present in every function. */
#define R_AEQ_INT_SOURCE            0x000
#define R_AEQ_INT_MASK              0x004
#define R_EQ_INT_SOURCE             0x008
#define R_EQ_INT_MASK               0x00c
#define R_IFC_INT_SOURCE            0x020
#define R_IFC_INT_MASK              0x024
#define R_IFC_INT_STATUS            0x028
#define R_IFC_INT_SET_V             0x02c
#define R_QUE_ISO_CFG               0x030
#define R_PAGE_SIZE                 0x034
#define R_CACHE_WB_START            0x204
#define R_CACHE_WB_DONE             0x208
#define R_SUB_VERSION               0x210
#define R_MBOX                      0x300
#define R_MBOX_END                  0x310
#define R_DB_SQ_CQ                  0x1000      /* also inside a BAR4 page */
#define R_DB_EQ_AEQ                 0x2000
#define R_CAP_FIRST                 0x3100
#define R_CAP_LAST                  0x317c
#define FUNCTION_PAGE_SIZE          0x4000

/* PF configuration. */
#define R_ABN_SOURCE                0x100000
#define R_ABN_MASK                  0x100004
#define R_ABN_STATUS                0x100008
#define R_ABN_SET                   0x10000c
#define R_ABN_INF00                 0x100010
#define R_MEM_START                 0x100040
#define R_MEM_DONE                  0x100044
#define R_CACHE_CTL                 0x100050
#define R_VFT_OP                    0x100054
#define R_VFT_WR                    0x100058
#define R_VFT_TYPE                  0x10005c
#define R_VFT_CFG                   0x100060
#define R_VFT_DATA_L                0x100064
#define R_VFT_DATA_H                0x100068
#define R_VFT_RDY                   0x10006c
#define R_PEH_VENDOR_ID             0x1000d8
#define R_RAS_CE_ENABLE             0x1000ec
#define R_RAS_FE_ENABLE             0x1000f0
#define R_RAS_NFE_ENABLE            0x1000f4
#define R_PEH_DFX_INFO0             0x1000fc
#define R_PEH_DFX_INFO1             0x100100
#define R_DFX_CLEAR_ON_READ         0x100118
#define R_IFC_READY_STATUS          0x100128
#define R_IFC_INT_SET_P             0x100130
#define R_IFC_INT_CFG               0x100134
#define R_IFC_INT_SOURCE_P          0x100138
#define R_QUE_ISO_EN                0x100154
#define R_QUEUE_CAP                 0x100158
#define R_DFX_MAILBOXES_SEL         0x104010
#define R_DFX_MAILBOXES             0x104018
#define R_DFX_DOORBELLS_SEL         0x104020
#define R_DFX_DOORBELLS             0x104028
#define R_DFX_SQES_SEL              0x104030
#define R_DFX_SQES                  0x104038
#define R_DFX_CQES_SEL              0x104040
#define R_DFX_CQES                  0x104048
#define R_DFX_SENT                  0x104050
#define R_DFX_WRITTEN_BACK          0x104058
#define R_DFX_FINISHED              0x104060
#define R_DFX_CQE_ERRORS            0x1040b4
#define R_IN_IDLE_ST                0x1040e4
#define R_OOO_SHUTDOWN_SEL          0x1040f8

/* AXI master. */
#define R_AM_CTRL                   0x300000
#define R_AM_TRANS_RETURN           0x300150

#define QM_ERR_AXI_RRESP            (1u << 0)
#define QM_ERR_AXI_BRESP            (1u << 1)
#define QM_ERR_CQ_VF_INVALID        (1u << 8)
#define QM_ERR_SQ_VF_INVALID        (1u << 9)
#define QM_ERR_FIFO_OVERFLOW        (1u << 11)
#define QM_ERR_DB_RANDOM            (1u << 12)

#define R_ENGINE_FIRST              0x301000
#define R_ENGINE_CAP_FIRST          0x3124      /* function page */

/* ZIP engine. */
#define R_ZIP_CLOCK_GATE            0x301004
#define R_ZIP_CONTROL               0x30100c
#define R_ZIP_INT_SOURCE            0x3010a0
#define R_ZIP_INT_MASK              0x3010a4
#define R_ZIP_INT_SET               0x3010a8
#define R_ZIP_INT_STATUS            0x3010ac
#define R_ZIP_SGL_RUSER             0x30111c
#define R_ZIP_DATA_RUSER            0x301128
#define R_ZIP_DATA_WUSER            0x301134
#define R_ZIP_CE_ENABLE             0x301160
#define R_ZIP_NFE_ENABLE            0x301164
#define R_ZIP_FE_ENABLE             0x301168
#define R_ZIP_SVA_TRANS             0x3011c4
#define R_ZIP_SHUTDOWN_SEL          0x30120c
#define ZIP_CONTROL_SHUTDOWN_ENABLE (1u << 14)
#define ZIP_CLOCK_COMP_CORES        0x03u
#define ZIP_CLOCK_DECOMP_CORES      0xfcu
#define ZIP_ERR_SRC_ADDR            (1u << 4)
#define ZIP_ERR_DST_ADDR            (1u << 5)
#define ZIP_ERR_SVA                 (1u << 12)
#define ZIP_USER_SSV                (1u << 0)

/* SEC engine. */
#define R_SEC_INT_MASK              0x301000    /* 1 = not masked */
#define R_SEC_INT_STATUS            0x301008
#define R_SEC_INT_SOURCE            0x301010
#define R_SEC_SHUTDOWN_SEL          0x301014
#define R_SEC_INT_SET               0x301018
#define R_SEC_CE_ENABLE             0x301050
#define R_SEC_FE_ENABLE             0x301054
#define R_SEC_NFE_ENABLE            0x301058
#define R_SEC_MEM_START             0x301100
#define R_SEC_MEM_DONE              0x301104
#define R_SEC_CONTROL               0x301200
#define R_SEC_CORE_ENABLE           0x301270
#define R_SEC_SVA_TRANS             0x301ec4
#define R_SEC_SVA_INFO              0x301ed4
#define SEC_CONTROL_CLOCK_GATE      (1u << 3)
#define SEC_CONTROL_SHUTDOWN_ENABLE (1u << 12)

/* HPRE engine. */
#define R_HPRE_INIT_START           0x301014
#define R_HPRE_TYPES                0x301038
#define R_HPRE_CONTROL              0x301044
#define R_HPRE_PREFETCH_STATUS      0x301144
#define R_HPRE_SVA_STATUS           0x30115c
#define R_HPRE_INT_MASK             0x301400
#define R_HPRE_CE_ENABLE            0x301410
#define R_HPRE_NFE_ENABLE           0x301414
#define R_HPRE_FE_ENABLE            0x301418
#define R_HPRE_INT_SET              0x301500
#define R_HPRE_INT_SOURCE           0x301600
#define R_HPRE_INT_STATUS           0x301800
#define R_HPRE_INIT_DONE            0x301a00
#define R_HPRE_CLOCK_GATE           0x301a10
#define R_HPRE_SHUTDOWN_SEL         0x301a3c
#define HPRE_CONTROL_SHUTDOWN_ENABLE (1u << 0)
#define HPRE_CLUSTER(c)             (0x302000 + (c) * 0x1000)
#define HPRE_CLUSTER_SIZE           0x1000
#define R_HPRE_CORE_ENABLE          0x04        /* inside a cluster */
#define R_HPRE_CORE_START           0x20
#define R_HPRE_CORE_DONE            0x80
#define R_HPRE_CORE_INQUIRY_RESULT  0x104

/* MSI messages. */
enum {
    VEC_EQ = 0,
    VEC_AEQ = 1,
    VEC_IFC = 2,
    VEC_ABNORMAL = 3,
    VEC_COUNT = 4,
    VEC_COUNT_VF_V2 = 2,
};

/* Queue range table. */
enum { VFT_SQC = 0, VFT_CQC = 1, VFT_SHAPER = 2 };
#define VFT_CFG_FUNCTION            0x3fu
#define VFT_CFG_KIND                (1u << 6)   /* shaper entries only */
#define VFT_SQC_START(e)            (((e) >> 28) & 0xffff)
#define VFT_SQC_VALID(e)            (((e) >> 44) & 1)
#define VFT_SQC_COUNT(e)            ((((e) >> 45) & 0x3ff) + 1)
#define VFT_CQC_VALID(e)            (((e) >> 28) & 1)
#define VFT_SQC_FIELDS              ((0xffffull << 28) | (1ull << 44) | \
                                     (0x3ffull << 45))
#define VFT_CQC_FIELDS              (1ull << 28)

/* Mailbox word 0. */
#define MBOX_CMD(w)                 ((w) & 0xff)
#define MBOX_STATUS_SHIFT           9
#define MBOX_STATUS_MASK            (0xfu << MBOX_STATUS_SHIFT)
#define MBOX_BUSY                   (1u << 13)
#define MBOX_OP_READ                (1u << 14)
#define MBOX_RESERVED               ((1u << 8) | (1u << 15))

enum {
    MBOX_SQC = 0x0,
    MBOX_CQC = 0x1,
    MBOX_EQC = 0x2,
    MBOX_AEQC = 0x3,
    MBOX_SQC_BT = 0x4,
    MBOX_CQC_BT = 0x5,
    MBOX_SQC_VFT = 0x6,
    MBOX_STOP_QP = 0x8,
    MBOX_FLUSH_QM = 0x9,
    MBOX_SRC = 0xc,
    MBOX_DST = 0xd,
};
#define MBOX_ALL_VFS                0xffff      /* instead of a function */
#define IFC_ALL_VFS                 0x7fu       /* in R_IFC_INT_CFG */

/* The hardware's own codes are not public; these are the model's. */
enum {
    MBOX_OK = 0,
    MBOX_BAD_COMMAND = 1,
    MBOX_BAD_QUEUE = 2,
    MBOX_BAD_IMAGE = 3,
    MBOX_DMA_FAULT = 4,
    MBOX_BUSY_QUEUE = 5,
    MBOX_BAD_ORDER = 6,
    MBOX_INJECTED = 7,
};

/* Doorbell fields. */
#define DB_QN(v)                    ((unsigned)((v) & 0xfff))
#define DB_CMD(v)                   ((unsigned)(((v) >> 12) & 0xf))
#define DB_RAND(v)                  ((uint16_t)((v) >> 16))
#define DB_INDEX(v)                 ((uint16_t)((v) >> 32))
#define DB_PRIO(v)                  ((unsigned)(((v) >> 48) & 0xff))
#define DB_RESERVED(v)              ((unsigned)((v) >> 56))
enum { DB_SQ = 0, DB_CQ = 1, DB_EQ = 2, DB_AEQ = 3 };

/* Context images, byte offsets. */
#define CTX_SIZE                    32
#define CTX_HEAD                    0
#define CTX_TAIL                    2
#define CTX_BASE                    4
#define CTX_DW3                     12
#define CTX_W8                      16
#define CTX_W9                      18
#define CTX_PASID                   20
#define CTX_W11                     22
#define SQC_CQ_NUM                  24
#define SQC_W13                     26
#define SQC_DW7                     28
#define CQC_DW6                     24
#define CQC_DW7                     28
#define EQC_DW4                     16
#define EQC_DW5                     20
#define EQC_DW6                     24
#define CTX_W11_WRAP                (1u << 6)
#define SQC_W11_PASID_EN            (1u << 7)
#define CQC_W11_PASID_EN            (1u << 0)
#define SQC_W13_DISABLED            (1u << 6)

#define CQE_SIZE                    16
#define CQE_SHIFT                   4
#define EQE_SIZE                    4
#define EVENT_PHASE                 (1u << 16)
#define AEQE_TYPE_SHIFT             17
enum { AEQE_CQ_OVERFLOW = 0, AEQE_EQ_OVERFLOW = 1, AEQE_CQE_ERROR = 2 };

#endif
