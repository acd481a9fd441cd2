// SPDX-License-Identifier: GPL-2.0
/* Queue pairs: numbers, contexts, drain. */
#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/jiffies.h>
#include <linux/random.h>

#include "qm.h"

/* How long a queue may take to finish, and how long for the next request. */
#define DRAIN_TIMEOUT_MS	5000
#define DRAIN_STALL_MS		2000
/* The latter where a command can be asked to wait. */
#define DRAIN_PATIENCE_MS	300
#define DRAIN_POLL_US		100

int hisi_acc_qp_get(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp)
{
	unsigned long id;

	spin_lock(&qm->qps_lock);
	id = find_first_zero_bit(qm->used, qm->queues);
	if (id < qm->queues) {
		__set_bit(id, qm->used);
		qm->qps[id] = qp;
		qp->id = id;
	}
	spin_unlock(&qm->qps_lock);
	return id < qm->queues ? 0 : -ENOSPC;
}

void hisi_acc_qp_put(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp)
{
	spin_lock(&qm->qps_lock);
	qm->qps[qp->id] = NULL;
	__clear_bit(qp->id, qm->used);
	spin_unlock(&qm->qps_lock);
}

u32 hisi_acc_qp_count_free(struct hisi_acc_qm *qm)
{
	u32 used;

	spin_lock(&qm->qps_lock);
	used = bitmap_weight(qm->used, qm->queues);
	spin_unlock(&qm->qps_lock);
	return qm->queues - used;
}

void hisi_acc_qp_notify(struct hisi_acc_qm *qm, u32 id,
			enum hisi_acc_qp_event event)
{
	spin_lock(&qm->qps_lock);
	if (qm->qps[id])
		qm->qps[id]->notify(qm->qps[id], event);
	spin_unlock(&qm->qps_lock);
}

void hisi_acc_qp_lose_all(struct hisi_acc_qm *qm)
{
	u32 id;

	lockdep_assert_held_write(&qm->reset_sem);

	spin_lock(&qm->qps_lock);
	for (id = 0; id < qm->queues; id++) {
		struct hisi_acc_qp *qp = qm->qps[id];

		if (!qp || !qp->loaded)
			continue;
		qp->loaded = false;
		qp->notify(qp, HISI_ACC_QP_LOST);
	}
	spin_unlock(&qm->qps_lock);
}

/* Loads both contexts; @w13 says what kind of queue it is. */
static int qp_load(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp,
		   dma_addr_t sq, dma_addr_t cq, u32 depth, u16 pasid, u16 w13)
{
	bool tag = pasid && qm->version->pasid_by_queue;
	struct hisi_acc_sqc *sqc = qm->image;
	struct hisi_acc_cqc *cqc = qm->image;
	int ret;

	mutex_lock(&qm->image_lock);
	memset(sqc, 0, sizeof(*sqc));
	sqc->base_l = cpu_to_le32(lower_32_bits(sq));
	sqc->base_h = cpu_to_le32(upper_32_bits(sq));
	sqc->dw3 = cpu_to_le32(FIELD_PREP(QM_QC_DEPTH, depth - 1) |
			       FIELD_PREP(QM_QC_ENTRY_LOG2, qm->engine->sqe_log2));
	sqc->rand = cpu_to_le16(qp->rand);
	sqc->pasid = cpu_to_le16(pasid);
	sqc->w11 = cpu_to_le16(tag ? QM_SQC_W11_PASID : 0);
	sqc->cq_num = cpu_to_le16(qp->id);
	sqc->w13 = cpu_to_le16(w13);
	ret = hisi_acc_mbox_write(&qm->mbox, QM_MBOX_SQC, qp->id, qm->image_dma);
	if (ret)
		goto unlock;

	memset(cqc, 0, sizeof(*cqc));
	cqc->base_l = cpu_to_le32(lower_32_bits(cq));
	cqc->base_h = cpu_to_le32(upper_32_bits(cq));
	cqc->dw3 = cpu_to_le32(FIELD_PREP(QM_QC_DEPTH, depth - 1) |
			       FIELD_PREP(QM_QC_ENTRY_LOG2, QM_CQE_SIZE_LOG2));
	cqc->rand = cpu_to_le16(qp->rand);
	cqc->pasid = cpu_to_le16(pasid);
	cqc->w11 = cpu_to_le16(tag ? QM_CQC_W11_PASID : 0);
	cqc->dw6 = cpu_to_le32(QM_CQC_PHASE | QM_CQC_ARMED);
	ret = hisi_acc_mbox_write(&qm->mbox, QM_MBOX_CQC, qp->id, qm->image_dma);
unlock:
	mutex_unlock(&qm->image_lock);
	return ret;
}

int hisi_acc_qp_start(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp)
{
	int ret = -ENODEV;

	down_read(&qm->reset_sem);
	if (!qm->dead) {
		qp->rand = get_random_u16();
		ret = qp_load(qm, qp, qp->sq, qp->cq, qp->depth, qp->pasid,
			      QM_SQC_W13_ORDER |
			      FIELD_PREP(QM_SQC_W13_TYPE, qp->type));
		/* half loaded counts as loaded: stop has to undo it */
		qp->loaded = true;
	}
	up_read(&qm->reset_sem);
	return ret;
}

/*
 * No command takes a context away, so a freed queue is left with one that
 * points to a ring of zeroes, under a random value that nobody was told.
 */
static int qp_park(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp)
{
	qp->rand = get_random_u16();
	return qp_load(qm, qp, qm->park, qm->park + PAGE_SIZE / 2, 2, 0,
		       QM_SQC_W13_DISABLED);
}

int hisi_acc_qp_stop(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp)
{
	int ret = 0;

	down_read(&qm->reset_sem);
	if (qp->loaded && !qm->dead) {
		ret = qm->version->drain(qm, qp);
		if (!ret)
			ret = qp_park(qm, qp);
		if (!ret)
			qp->loaded = false;
	}
	up_read(&qm->reset_sem);

	if (ret) {
		dev_warn_ratelimited(qm->dev, "queue %u does not stop, resetting\n",
				     qp->id);
		hisi_acc_qm_want_reset(qm, true);
		ret = -EIO;
	}
	return ret;
}

/* Tail and wrap bit of a context, as the hardware has it now. */
static int qp_dump_tail(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp,
			u8 cmd, u32 *tail)
{
	struct hisi_acc_sqc *qc = qm->image;	/* the same place in a CQC */
	int ret;

	mutex_lock(&qm->image_lock);
	ret = hisi_acc_mbox_dump(&qm->mbox, cmd, qp->id, qm->image_dma);
	*tail = le16_to_cpu(qc->tail) |
		(le16_to_cpu(qc->w11) & QM_QC_W11_WRAP) << 16;
	mutex_unlock(&qm->image_lock);
	return ret;
}

/*
 * A queue is idle when as many entries were completed as were published. Tails
 * count modulo the depth. -ETIMEDOUT when none is completed for @stall_ms.
 */
static int qp_wait_idle(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp,
			unsigned int stall_ms)
{
	unsigned long stall = msecs_to_jiffies(stall_ms);
	unsigned long end = jiffies + msecs_to_jiffies(DRAIN_TIMEOUT_MS);
	unsigned long news = jiffies;
	u32 sq_tail, cq_tail, last = ~0;
	int ret;

	for (;;) {
		ret = qp_dump_tail(qm, qp, QM_MBOX_SQC, &sq_tail);
		if (!ret)
			ret = qp_dump_tail(qm, qp, QM_MBOX_CQC, &cq_tail);
		if (ret || sq_tail == cq_tail)
			return ret;
		if (cq_tail != last)
			news = jiffies;
		last = cq_tail;
		if (time_after(jiffies, news + stall) || time_after(jiffies, end))
			return -ETIMEDOUT;
		usleep_range(DRAIN_POLL_US, 2 * DRAIN_POLL_US);
	}
}

/* V2 has no command to drain. */
int hisi_acc_qp_drain_v2(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp)
{
	return qp_wait_idle(qm, qp, DRAIN_STALL_MS);
}

/*
 * The command keeps the mailbox from all other queues until this one is empty.
 * So it is given where there is little to wait for, or no other way.
 */
int hisi_acc_qp_drain_v3(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp)
{
	int ret;

	if (!(qm->features & QM_CAP_STOP_QP))
		return hisi_acc_qp_drain_v2(qm, qp);
	ret = qp_wait_idle(qm, qp, DRAIN_PATIENCE_MS);
	if (ret && ret != -ETIMEDOUT)
		return ret;
	return hisi_acc_mbox_write(&qm->mbox, QM_MBOX_STOP_QP, qp->id, 0);
}

int hisi_acc_qp_doorbell(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp,
			 u8 cmd, u16 index, u8 prio)
{
	void __iomem *db = qm->regs + QM_DB_QUEUE;
	int ret = -EIO;

	if (qm->db_pages)
		db = qm->db_pages + (size_t)qp->id * QM_DB_PAGE_SIZE +
		     QM_DB_QUEUE;

	down_read(&qm->reset_sem);
	if (qp->loaded) {
		/* what user space stored in the ring goes first */
		dma_wmb();
		writeq(FIELD_PREP(QM_DB_QN, qp->id) | FIELD_PREP(QM_DB_CMD, cmd) |
		       FIELD_PREP(QM_DB_RAND, qp->rand) |
		       FIELD_PREP(QM_DB_INDEX, index) |
		       FIELD_PREP(QM_DB_PRIO, prio), db);
		ret = 0;
	}
	up_read(&qm->reset_sem);
	return ret;
}
