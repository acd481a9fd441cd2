// SPDX-License-Identifier: GPL-2.0
/*
 * Queue manager: capabilities, queue ranges, start and stop of a function.
 * Steps are those of tests/qemu/spec.rst, "Bring-up" and "Stopping a function".
 */
#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "qm.h"

/* Hardware takes less than 1 ms; a loaded virtual machine may take longer. */
#define POLL_US			10
#define TIMEOUT_US		(100 * USEC_PER_MSEC)

#define IMAGE_SIZE		64
#define PARK_SIZE		PAGE_SIZE

#define V2_QUEUES		1024
#define V2_EVENT_DEPTHS		0x04000800	/* AEQ 1024, EQ 2048 */
#define V2_QUEUE_DEPTHS		0x04000400
#define V3_FEATURES		0x6f00		/* with capability version 0 */
#define DB_TIMEOUT_NS		0x1fffff
#define AXUSER_BITS		0xfffffffe	/* all but the PASID bit */
#define PEH_AXUSER		0x401001	/* no FLR by bus master enable */

static const struct hisi_acc_qm_version qm_v2 = {
	.number = 2,
	.drain = hisi_acc_qp_drain_v2,
};

static const struct hisi_acc_qm_version qm_v3 = {
	.number = 3,
	.has_caps = true,
	.pasid_by_queue = true,
	.drain = hisi_acc_qp_drain_v3,
};

static int qm_poll(struct hisi_acc_qm *qm, u32 offset, u32 mask,
		   const char *what)
{
	u32 val;

	if (!readl_poll_timeout(qm->regs + offset, val, (val & mask) == mask,
				POLL_US, TIMEOUT_US))
		return 0;
	dev_err(qm->dev, "%s: no answer, %#x\n", what, val);
	return -EIO;
}

static int qm_find_version(struct hisi_acc_qm *qm)
{
	u8 rev = qm->pdev->revision;

	if (rev == QM_PCI_REV_V2)
		qm->version = &qm_v2;
	else if (rev == QM_PCI_REV_V3 && !hisi_acc_qm_read(qm, QM_SUB_VERSION))
		qm->version = &qm_v3;
	else
		return dev_err_probe(qm->dev, -ENODEV,
				     "hardware revision %#x is not supported\n",
				     rev);
	return 0;
}

/* A capability word, or @fallback where the words are not to be read. */
static u32 qm_cap(struct hisi_acc_qm *qm, u32 offset, u32 fallback)
{
	if (!FIELD_GET(QM_CAP_VERSION, qm->features))
		return fallback;
	return hisi_acc_qm_read(qm, offset);
}

static void qm_read_errors(struct hisi_acc_qm *qm)
{
	const struct hisi_acc_engine *engine = qm->engine;
	struct hisi_acc_errors *e = &qm->errors;

	if (!qm->version->has_caps) {
		qm->errors = engine->qm_errors_v2;
		qm->engine_errors = engine->errors_v2;
	} else if (!FIELD_GET(QM_CAP_VERSION, qm->features)) {
		qm->errors = engine->qm_errors_v3;
		qm->engine_errors = engine->errors_v3;
	} else {
		e->nfe = hisi_acc_qm_read(qm, QM_CAP_NFE);
		e->reset = hisi_acc_qm_read(qm, QM_CAP_RESET);
		e->ce = hisi_acc_qm_read(qm, QM_CAP_CE);
		e->shutdown = e->reset;
		e = &qm->engine_errors;
		e->nfe = hisi_acc_qm_read(qm, QM_CAP_ENGINE_NFE);
		e->reset = hisi_acc_qm_read(qm, QM_CAP_ENGINE_RESET);
		e->ce = hisi_acc_qm_read(qm, QM_CAP_ENGINE_CE);
		e->shutdown = e->reset;
	}
	/*
	 * A process can raise this one at will, by a doorbell with a wrong
	 * random value. The hardware drops the doorbell: nothing is left to do.
	 */
	qm->errors.nfe &= ~QM_ERR_DB_RANDOM;
	qm->errors.shutdown &= ~QM_ERR_DB_RANDOM;
}

static int qm_read_caps(struct hisi_acc_qm *qm)
{
	u32 depths, queues;
	bool isolated = false;

	if (qm->version->has_caps) {
		isolated = hisi_acc_qm_read(qm, QM_DB_ISOLATION) & QM_DB_ISOLATED;
		qm->features = hisi_acc_qm_read(qm, QM_CAP_FEATURES);
		queues = hisi_acc_qm_read(qm, QM_CAP_QUEUES);
		qm->queues = FIELD_GET(QM_CAP_QUEUES_DEVICE, queues);
		if (isolated)
			qm->queues = min_t(u32, qm->queues,
					   FIELD_GET(QM_CAP_QUEUES_FUNCTION, queues));
	} else {
		qm->queues = V2_QUEUES;
	}

	depths = qm_cap(qm, QM_CAP_EVENT_DEPTHS, V2_EVENT_DEPTHS);
	qm->eq.depth = FIELD_GET(QM_CAP_EQ_DEPTH, depths);
	qm->aeq.depth = FIELD_GET(QM_CAP_AEQ_DEPTH, depths);
	depths = qm_cap(qm, QM_CAP_QUEUE_DEPTHS, V2_QUEUE_DEPTHS);
	qm->depth_max = min_t(u32, FIELD_GET(QM_CAP_SQ_DEPTH, depths),
			      FIELD_GET(QM_CAP_CQ_DEPTH, depths));
	if (qm->version->has_caps && !FIELD_GET(QM_CAP_VERSION, qm->features))
		qm->features = V3_FEATURES;

	if (isolated) {
		qm->db_pages = pcim_iomap(qm->pdev, QM_BAR_DOORBELLS, 0);
		if (!qm->db_pages)
			return dev_err_probe(qm->dev, -ENODEV,
					     "doorbells are isolated but BAR4 is missing\n");
		qm->queues = min_t(u64, qm->queues,
				   div_u64(pci_resource_len(qm->pdev,
							    QM_BAR_DOORBELLS),
					   QM_DB_PAGE_SIZE));
	}
	if (!qm->queues || qm->eq.depth < 4 || qm->aeq.depth < 4 ||
	    !is_power_of_2(qm->depth_max) || qm->depth_max > 4096)
		return dev_err_probe(qm->dev, -ENODEV,
				     "capabilities make no sense\n");
	qm_read_errors(qm);
	return 0;
}

static int qm_alloc_tables(struct hisi_acc_qm *qm)
{
	size_t eq = ALIGN(qm->eq.depth * 4, 32);
	size_t aeq = ALIGN(qm->aeq.depth * 4, 32);
	size_t contexts = qm->queues * sizeof(struct hisi_acc_sqc);

	/* the ring for freed queues starts a page, and nothing follows it */
	qm->tables_size = PAGE_ALIGN(eq + aeq + 2 * contexts + IMAGE_SIZE) +
			  PARK_SIZE;
	qm->tables = dma_alloc_coherent(qm->dev, qm->tables_size,
					&qm->tables_dma, GFP_KERNEL);
	if (!qm->tables)
		return -ENOMEM;

	qm->eq.entries = qm->tables;
	qm->eq.dma = qm->tables_dma;
	qm->eq.db_cmd = QM_DB_CMD_EQ;
	qm->aeq.entries = qm->tables + eq;
	qm->aeq.dma = qm->tables_dma + eq;
	qm->aeq.db_cmd = QM_DB_CMD_AEQ;
	qm->sqc_table = qm->aeq.dma + aeq;
	qm->cqc_table = qm->sqc_table + contexts;
	qm->image = qm->tables + eq + aeq + 2 * contexts;
	qm->image_dma = qm->cqc_table + contexts;
	qm->park = qm->tables_dma + qm->tables_size - PARK_SIZE;

	qm->qps = kcalloc(qm->queues, sizeof(*qm->qps), GFP_KERNEL);
	if (!qm->qps)
		goto free_tables;
	qm->used = bitmap_zalloc(qm->queues, GFP_KERNEL);
	if (!qm->used)
		goto free_qps;
	return 0;

free_qps:
	kfree(qm->qps);
free_tables:
	dma_free_coherent(qm->dev, qm->tables_size, qm->tables, qm->tables_dma);
	return -ENOMEM;
}

int hisi_acc_qm_init(struct hisi_acc_qm *qm, struct pci_dev *pdev,
		     const struct hisi_acc_engine *engine)
{
	int ret;

	qm->pdev = pdev;
	qm->dev = &pdev->dev;
	qm->engine = engine;
	init_rwsem(&qm->reset_sem);
	spin_lock_init(&qm->qps_lock);
	mutex_init(&qm->image_lock);

	qm->regs = pcim_iomap(pdev, QM_BAR_REGS, 0);
	if (!qm->regs)
		return dev_err_probe(qm->dev, -ENODEV, "BAR2 is missing\n");
	ret = qm_find_version(qm);
	if (ret)
		return ret;
	ret = qm_read_caps(qm);
	if (ret)
		return ret;
	ret = qm_alloc_tables(qm);
	if (ret)
		return ret;
	hisi_acc_mbox_init(&qm->mbox, qm->dev, qm->regs);
	return 0;
}

void hisi_acc_qm_fini(struct hisi_acc_qm *qm)
{
	hisi_acc_mbox_fini(&qm->mbox);
	bitmap_free(qm->used);
	kfree(qm->qps);
	dma_free_coherent(qm->dev, qm->tables_size, qm->tables, qm->tables_dma);
	mutex_destroy(&qm->image_lock);
}

static int qm_vft_write(struct hisi_acc_qm *qm, u32 type, u32 cfg, u64 data)
{
	int ret;

	ret = qm_poll(qm, QM_VFT_RDY, 1, "queue range table");
	if (ret)
		return ret;
	hisi_acc_qm_write(qm, QM_VFT_OP_WR, 0);
	hisi_acc_qm_write(qm, QM_VFT_TYPE, type);
	hisi_acc_qm_write(qm, QM_VFT_CFG, cfg);
	hisi_acc_qm_write(qm, QM_VFT_DATA_L, lower_32_bits(data));
	hisi_acc_qm_write(qm, QM_VFT_DATA_H, upper_32_bits(data));
	hisi_acc_qm_write(qm, QM_VFT_RDY, 0);
	hisi_acc_qm_write(qm, QM_VFT_OP_ENABLE, 1);
	return qm_poll(qm, QM_VFT_RDY, 1, "queue range table");
}

/* Gives the PF queues 0 .. @num - 1, or with 0 none. */
static int qm_vft_set(struct hisi_acc_qm *qm, u32 num)
{
	u64 sqc = 0, cqc = 0, shaper = 0;
	int ret;

	if (num) {
		sqc = QM_VFT_SQC_VALID | FIELD_PREP(QM_VFT_SQC_NUM, num - 1);
		cqc = QM_VFT_CQC_VALID;
		shaper = QM_VFT_SHAPER_FULL;
	}
	ret = qm_vft_write(qm, QM_VFT_TYPE_SQC, 0, sqc);
	if (ret)
		return ret;
	ret = qm_vft_write(qm, QM_VFT_TYPE_CQC, 0, cqc);
	if (ret || !(qm->features & QM_CAP_QOS))
		return ret;

	if (num)
		hisi_acc_qm_write(qm, QM_SHAPER_CFG, qm->engine->shaper);
	ret = qm_vft_write(qm, QM_VFT_TYPE_SHAPER, 0, shaper);
	if (ret)
		return ret;
	return qm_vft_write(qm, QM_VFT_TYPE_SHAPER, QM_VFT_CFG_ALG, shaper);
}

static int qm_load_event_ring(struct hisi_acc_qm *qm, u8 cmd,
			      struct hisi_acc_event_ring *ring)
{
	struct hisi_acc_eqc *eqc = qm->image;
	int ret;

	ring->head = 0;
	ring->phase = true;

	mutex_lock(&qm->image_lock);
	memset(eqc, 0, sizeof(*eqc));
	eqc->base_l = cpu_to_le32(lower_32_bits(ring->dma));
	eqc->base_h = cpu_to_le32(upper_32_bits(ring->dma));
	eqc->dw6 = cpu_to_le32(FIELD_PREP(QM_EQC_DEPTH, ring->depth - 1) |
			       QM_EQC_PHASE);
	ret = hisi_acc_mbox_write(&qm->mbox, cmd, 0, qm->image_dma);
	mutex_unlock(&qm->image_lock);
	return ret;
}

static u32 qm_page_size_code(void)
{
	return PAGE_SIZE == SZ_64K ? 2 : PAGE_SIZE == SZ_16K ? 1 : 0;
}

void hisi_acc_qm_doorbell_event(struct hisi_acc_qm *qm,
				struct hisi_acc_event_ring *ring)
{
	/* an interrupt of before a reset that failed: nobody would listen */
	if (READ_ONCE(qm->dead))
		return;
	writeq(FIELD_PREP(QM_DB_CMD, ring->db_cmd) |
	       FIELD_PREP(QM_DB_INDEX, ring->head), qm->regs + QM_DB_EVENT);
}

int hisi_acc_qm_start(struct hisi_acc_qm *qm)
{
	int ret;

	ret = qm_vft_set(qm, qm->queues);
	if (ret)
		return ret;

	memset(qm->tables, 0, qm->tables_size);
	ret = qm_load_event_ring(qm, QM_MBOX_EQC, &qm->eq);
	if (!ret)
		ret = qm_load_event_ring(qm, QM_MBOX_AEQC, &qm->aeq);
	if (!ret)
		ret = hisi_acc_mbox_write(&qm->mbox, QM_MBOX_SQC_BT, 0,
					  qm->sqc_table);
	if (!ret)
		ret = hisi_acc_mbox_write(&qm->mbox, QM_MBOX_CQC_BT, 0,
					  qm->cqc_table);
	if (ret) {
		qm_vft_set(qm, 0);
		return ret;
	}

	if (qm->features & QM_CAP_PREFETCH)
		hisi_acc_qm_write(qm, QM_PAGE_SIZE, qm_page_size_code());
	hisi_acc_qm_doorbell_event(qm, &qm->aeq);
	hisi_acc_qm_doorbell_event(qm, &qm->eq);
	hisi_acc_qm_write(qm, QM_EQ_INT_MASK, 0);
	hisi_acc_qm_write(qm, QM_AEQ_INT_MASK, 0);
	return 0;
}

int hisi_acc_qm_stop(struct hisi_acc_qm *qm, bool flush)
{
	int ret = 0;

	if (flush && (qm->features & QM_CAP_FLUSH))
		ret = hisi_acc_mbox_write(&qm->mbox, QM_MBOX_FLUSH, 0, 0);
	hisi_acc_qm_write(qm, QM_EQ_INT_MASK, 1);
	hisi_acc_qm_write(qm, QM_AEQ_INT_MASK, 1);
	if (!ret)
		ret = qm_vft_set(qm, 0);
	if (ret)
		return ret;
	/* the cached contexts go back to the tables before these are reused */
	hisi_acc_qm_write(qm, QM_CACHE_WB_START, 1);
	return qm_poll(qm, QM_CACHE_WB_DONE, 1, "context write-back");
}

int hisi_acc_qm_scrub(struct hisi_acc_qm *qm, bool tagged)
{
	int ret = -ENODEV;

	down_write(&qm->reset_sem);
	if (!qm->dead) {
		ret = hisi_acc_qm_stop(qm, true);
		hisi_acc_event_pause(qm);
		if (!qm->version->pasid_by_queue) {
			qm->tagged = tagged;
			qm->engine->set_data_user(qm);
		}
		if (!ret)
			ret = hisi_acc_qm_start(qm);
		hisi_acc_event_resume(qm);
	}
	up_write(&qm->reset_sem);
	if (ret == -EIO)
		hisi_acc_qm_want_reset(qm, true);
	return ret;
}

/* Bus attributes that all engines share. */
static void qm_set_user_domain(struct hisi_acc_qm *qm)
{
	hisi_acc_qm_write(qm, QM_ARUSER_CFG, QM_AXUSER);
	hisi_acc_qm_write(qm, QM_ARUSER_ENABLE, AXUSER_BITS);
	hisi_acc_qm_write(qm, QM_AWUSER_CFG, QM_AXUSER);
	hisi_acc_qm_write(qm, QM_AWUSER_ENABLE, AXUSER_BITS);
	hisi_acc_qm_write(qm, QM_WUSER_ENABLE, ~0);
	hisi_acc_qm_write(qm, QM_AXI_CFG, 0xffff);
	hisi_acc_qm_write(qm, QM_AXI_CFG_ENABLE, ~0);
	hisi_acc_qm_write(qm, QM_PEH_AXUSER_CFG, PEH_AXUSER);
	hisi_acc_qm_write(qm, QM_PEH_AXUSER_ENABLE, ~0);
}

static void qm_errors_enable(struct hisi_acc_qm *qm)
{
	const struct hisi_acc_errors *e = &qm->errors;

	hisi_acc_qm_write(qm, QM_ERR_SOURCE, ~0);
	hisi_acc_qm_write(qm, QM_RAS_CE_ENABLE, e->ce);
	hisi_acc_qm_write(qm, QM_RAS_CE_THRESHOLD, 1);
	hisi_acc_qm_write(qm, QM_RAS_NFE_ENABLE, e->nfe);
	hisi_acc_qm_write(qm, QM_RAS_FE_ENABLE, 0);
	if (qm->version->has_caps)
		hisi_acc_qm_write(qm, QM_OOO_SHUTDOWN_SEL, e->shutdown);
	hisi_acc_qm_write(qm, QM_ERR_MASK, ~(e->ce | e->nfe));
	qm->engine->errors_enable(qm);
}

int hisi_acc_qm_power_on(struct hisi_acc_qm *qm)
{
	hisi_acc_qm_write(qm, QM_DB_TIMEOUT, DB_TIMEOUT_NS);
	if (qm->version->has_caps)
		hisi_acc_qm_update(qm, QM_PM_CTRL, 0, QM_PM_IDLE_DISABLE);
	hisi_acc_qm_write(qm, QM_MEM_INIT_START, 1);
	return qm_poll(qm, QM_MEM_INIT_DONE, 1, "memory initialisation");
}

int hisi_acc_qm_bring_up(struct hisi_acc_qm *qm)
{
	int ret;

	if (qm->version->has_caps) {
		/* no VF is there to talk to */
		hisi_acc_qm_write(qm, QM_IFC_INT_MASK, 1);
		writeq(~0ULL, qm->regs + QM_IFC_INT_SOURCE_PF);
	}
	qm_set_user_domain(qm);
	ret = qm->engine->init(qm);
	if (ret)
		return ret;
	qm_errors_enable(qm);
	return hisi_acc_qm_start(qm);
}

void hisi_acc_qm_want_reset(struct hisi_acc_qm *qm, bool wait)
{
	set_bit(0, &qm->reset_wanted);
	schedule_work(&qm->reset_work);
	if (wait)
		flush_work(&qm->reset_work);
}
