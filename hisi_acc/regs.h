/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queue manager registers and descriptors (tests/qemu/spec.rst names the
 * sections). Engine registers stay in the engine's file. Offsets are from
 * BAR2 unless said otherwise; everything is little-endian.
 */
#ifndef HISI_ACC_REGS_H
#define HISI_ACC_REGS_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

/* PCI identity */
#define QM_PCI_REV_V2			0x21
#define QM_PCI_REV_V3			0x30
#define QM_BAR_REGS			2
#define QM_BAR_DOORBELLS		4

/* Function page: one copy per PCI function */
#define QM_AEQ_INT_MASK			0x004
#define QM_EQ_INT_MASK			0x00c
#define QM_IFC_INT_MASK			0x024
#define QM_DB_ISOLATION			0x030
#define   QM_DB_ISOLATED		BIT(0)
#define QM_PAGE_SIZE			0x034
#define QM_CACHE_WB_START		0x204
#define QM_CACHE_WB_DONE		0x208
#define QM_SUB_VERSION			0x210
#define QM_MBOX				0x300
#define QM_DB_QUEUE			0x1000	/* also in a BAR4 page */
#define QM_DB_EVENT			0x2000

/* Doorbell pages of isolated queues, BAR4 */
#define QM_DB_PAGE_SIZE			SZ_64K

/* Capability words, from V3 */
#define QM_CAP_FEATURES			0x3100
#define   QM_CAP_VERSION		GENMASK(7, 0)
#define   QM_CAP_QOS			BIT(8)
#define   QM_CAP_STOP_QP		BIT(9)
#define   QM_CAP_FLUSH			BIT(10)
#define   QM_CAP_PREFETCH		BIT(14)
#define QM_CAP_EVENT_DEPTHS		0x3104
#define   QM_CAP_EQ_DEPTH		GENMASK(15, 0)
#define   QM_CAP_AEQ_DEPTH		GENMASK(31, 16)
#define QM_CAP_QUEUE_DEPTHS		0x3108
#define   QM_CAP_SQ_DEPTH		GENMASK(15, 0)
#define   QM_CAP_CQ_DEPTH		GENMASK(31, 16)
#define QM_CAP_NFE			0x3124
#define QM_CAP_RESET			0x3128
#define QM_CAP_CE			0x312c
#define QM_CAP_ENGINE_NFE		0x3130
#define QM_CAP_ENGINE_RESET		0x3134
#define QM_CAP_ENGINE_CE		0x3138
#define QM_CAP_QUEUES			0x100158
#define   QM_CAP_QUEUES_DEVICE		GENMASK(10, 0)
#define   QM_CAP_QUEUES_FUNCTION	GENMASK(21, 11)

/* PF configuration */
#define QM_MEM_INIT_START		0x100040
#define QM_MEM_INIT_DONE		0x100044
#define QM_CACHE_CTL			0x100050
#define QM_VFT_OP_ENABLE		0x100054
#define QM_VFT_OP_WR			0x100058
#define QM_VFT_TYPE			0x10005c
#define QM_VFT_CFG			0x100060
#define   QM_VFT_CFG_ALG		BIT(6)	/* shaper of queue type 1 */
#define QM_VFT_DATA_L			0x100064
#define QM_VFT_DATA_H			0x100068
#define QM_VFT_RDY			0x10006c
#define QM_DB_TIMEOUT			0x100074
#define QM_ARUSER_CFG			0x100088
#define   QM_AXUSER			0x40001070 /* snoop, SMMU, NS, NO, FP */
#define   QM_AXUSER_PASID		BIT(0)
#define QM_ARUSER_ENABLE		0x100090
#define QM_AWUSER_CFG			0x100098
#define QM_AWUSER_ENABLE		0x1000a0
#define QM_WUSER_ENABLE			0x1000a8
#define QM_AXI_CFG			0x1000ac
#define QM_AXI_CFG_ENABLE		0x1000b0
#define QM_PEH_AXUSER_CFG		0x1000cc
#define QM_PEH_AXUSER_ENABLE		0x1000d0
#define QM_IFC_INT_SOURCE_PF		0x100138
#define QM_PM_CTRL			0x100148
#define   QM_PM_IDLE_DISABLE		BIT(9)
#define QM_SHAPER_CFG			0x100164

#define QM_VFT_TYPE_SQC			0
#define QM_VFT_TYPE_CQC			1
#define QM_VFT_TYPE_SHAPER		2
#define QM_VFT_SQC_VALID		BIT_ULL(44)
#define QM_VFT_SQC_NUM			GENMASK_ULL(54, 45)
#define QM_VFT_CQC_VALID		BIT_ULL(28)
#define QM_VFT_SHAPER_FULL		0x988696ULL	/* no limit */

/* Errors */
#define QM_ERR_SOURCE			0x100000
#define QM_ERR_MASK			0x100004
#define QM_ERR_STATUS			0x100008
#define QM_RAS_CE_ENABLE		0x1000ec
#define QM_RAS_FE_ENABLE		0x1000f0
#define QM_RAS_NFE_ENABLE		0x1000f4
#define QM_RAS_CE_THRESHOLD		0x1000f8
#define QM_OOO_SHUTDOWN_SEL		0x1040f8
#define   QM_ERR_DB_RANDOM		BIT(12)

/* Mailbox: word 0 and commands */
#define QM_MBOX_CMD			GENMASK(7, 0)
#define QM_MBOX_STATUS			GENMASK(12, 9)
#define QM_MBOX_BUSY			BIT(13)
#define QM_MBOX_READ			BIT(14)
#define QM_MBOX_QUEUE			GENMASK(31, 16)

#define QM_MBOX_SQC			0x0
#define QM_MBOX_CQC			0x1
#define QM_MBOX_EQC			0x2
#define QM_MBOX_AEQC			0x3
#define QM_MBOX_SQC_BT			0x4
#define QM_MBOX_CQC_BT			0x5
#define QM_MBOX_STOP_QP			0x8
#define QM_MBOX_FLUSH			0x9

/* Doorbell */
#define QM_DB_QN			GENMASK_ULL(11, 0)
#define QM_DB_CMD			GENMASK_ULL(15, 12)
#define QM_DB_RAND			GENMASK_ULL(31, 16)
#define QM_DB_INDEX			GENMASK_ULL(47, 32)
#define QM_DB_PRIO			GENMASK_ULL(55, 48)
#define   QM_DB_PRIO_ARM		1

#define QM_DB_CMD_SQ			0
#define QM_DB_CMD_CQ			1
#define QM_DB_CMD_EQ			2
#define QM_DB_CMD_AEQ			3

/* Contexts, 32 bytes each (EQC and AEQC use 28 of them) */
struct hisi_acc_sqc {
	__le16 head;
	__le16 tail;
	__le32 base_l;
	__le32 base_h;
	__le32 dw3;
	__le16 rand;
	__le16 rsvd0;
	__le16 pasid;
	__le16 w11;
	__le16 cq_num;
	__le16 w13;
	__le32 rsvd1;
};

#define QM_QC_DEPTH			GENMASK(11, 0)	/* entries - 1 */
#define QM_QC_ENTRY_LOG2		GENMASK(15, 12)
#define QM_QC_W11_WRAP			BIT(6)
#define QM_SQC_W11_PASID		BIT(7)	/* from V3 */
#define QM_SQC_W13_ORDER		BIT(4)
#define QM_SQC_W13_DISABLED		BIT(6)
#define QM_SQC_W13_TYPE			GENMASK(11, 8)

struct hisi_acc_cqc {
	__le16 head;
	__le16 tail;
	__le32 base_l;
	__le32 base_h;
	__le32 dw3;
	__le16 rand;
	__le16 rsvd0;
	__le16 pasid;
	__le16 w11;
	__le32 dw6;
	__le32 rsvd1;
};

#define QM_CQC_W11_PASID		BIT(0)	/* from V3 */
#define QM_CQC_PHASE			BIT(0)
#define QM_CQC_ARMED			BIT(1)

struct hisi_acc_eqc {			/* and AEQC */
	__le16 head;
	__le16 tail;
	__le32 base_l;
	__le32 base_h;
	__le32 dw3;
	__le32 rsvd[2];
	__le32 dw6;
	__le32 pad;
};

#define QM_EQC_DEPTH			GENMASK(15, 0)	/* entries - 1 */
#define QM_EQC_PHASE			BIT(16)

static_assert(sizeof(struct hisi_acc_sqc) == 32);
static_assert(sizeof(struct hisi_acc_cqc) == 32);
static_assert(sizeof(struct hisi_acc_eqc) == 32);

/* Event ring entries */
#define QM_EQE_QN			GENMASK(15, 0)
#define QM_EQE_PHASE			BIT(16)
#define QM_AEQE_TYPE			GENMASK(20, 17)

#define QM_AEQE_CQ_OVERFLOW		0
#define QM_AEQE_EQ_OVERFLOW		1
#define QM_AEQE_CQE_ERROR		2

#define QM_CQE_SIZE_LOG2		4

#endif /* HISI_ACC_REGS_H */
