// SPDX-License-Identifier: GPL-2.0
/*
 * Event rings and interrupts. While a process owns the function in DMA mode
 * it can write to these rings, so every entry is taken as hostile: numbers are
 * checked, walks are bounded.
 */
#include <linux/bitfield.h>
#include <linux/device.h>
#include <linux/interrupt.h>

#include "qm.h"

enum { VECTOR_EQ, VECTOR_AEQ, VECTOR_IFC, VECTOR_ERROR, VECTORS };

/* Takes the next entry, if the hardware has written one. */
static bool ring_next(struct hisi_acc_event_ring *ring, u32 *entry)
{
	*entry = le32_to_cpu(READ_ONCE(ring->entries[ring->head]));
	if (!!(*entry & QM_EQE_PHASE) != ring->phase)
		return false;
	if (++ring->head == ring->depth) {
		ring->head = 0;
		ring->phase = !ring->phase;
	}
	return true;
}

static irqreturn_t eq_thread(int irq, void *data)
{
	struct hisi_acc_qm *qm = data;
	u32 entry, qn, n;

	/* the doorbell raises the interrupt again if there is more */
	for (n = 0; n < qm->eq.depth / 2 - 1; n++) {
		if (!ring_next(&qm->eq, &entry))
			break;
		qn = FIELD_GET(QM_EQE_QN, entry);
		if (qn < qm->queues)
			hisi_acc_qp_notify(qm, qn, HISI_ACC_QP_COMPLETION);
		else
			dev_dbg_ratelimited(qm->dev, "event for queue %u\n", qn);
	}
	hisi_acc_qm_doorbell_event(qm, &qm->eq);
	return IRQ_HANDLED;
}

static void aeq_handle(struct hisi_acc_qm *qm, u32 entry)
{
	u32 type = FIELD_GET(QM_AEQE_TYPE, entry);
	u32 qn = FIELD_GET(QM_EQE_QN, entry);

	switch (type) {
	case QM_AEQE_CQ_OVERFLOW:
	case QM_AEQE_CQE_ERROR:
		if (qn < qm->queues)
			hisi_acc_qp_notify(qm, qn, HISI_ACC_QP_FAULT);
		break;
	case QM_AEQE_EQ_OVERFLOW:
		hisi_acc_qm_want_reset(qm, false);
		break;
	default:
		dev_warn_ratelimited(qm->dev, "unknown event %u, queue %u\n",
				     type, qn);
	}
}

static irqreturn_t aeq_thread(int irq, void *data)
{
	struct hisi_acc_qm *qm = data;
	u32 entry, n;

	for (n = 0; n < qm->aeq.depth / 2 - 1; n++) {
		if (!ring_next(&qm->aeq, &entry))
			break;
		aeq_handle(qm, entry);
	}
	hisi_acc_qm_doorbell_event(qm, &qm->aeq);
	return IRQ_HANDLED;
}

static const struct {
	int vector;
	irq_handler_t thread;
	const char *name;
} irqs[] = {
	{ VECTOR_EQ, eq_thread, "hisi_acc-eq" },
	{ VECTOR_AEQ, aeq_thread, "hisi_acc-aeq" },
	{ VECTOR_ERROR, hisi_acc_reset_error_irq, "hisi_acc-error" },
};

int hisi_acc_event_init(struct hisi_acc_qm *qm)
{
	int i, ret;

	ret = pci_alloc_irq_vectors(qm->pdev, VECTORS, VECTORS, PCI_IRQ_MSI);
	if (ret < 0)
		return dev_err_probe(qm->dev, ret,
				     "needs %d MSI vectors (on x86: an IOMMU with interrupt remapping)\n",
				     VECTORS);

	for (i = 0; i < ARRAY_SIZE(irqs); i++) {
		ret = request_threaded_irq(pci_irq_vector(qm->pdev, irqs[i].vector),
					   NULL, irqs[i].thread, IRQF_ONESHOT,
					   irqs[i].name, qm);
		if (ret)
			goto free_irqs;
	}
	return 0;

free_irqs:
	while (i--)
		free_irq(pci_irq_vector(qm->pdev, irqs[i].vector), qm);
	pci_free_irq_vectors(qm->pdev);
	return ret;
}

void hisi_acc_event_fini(struct hisi_acc_qm *qm)
{
	int i;

	for (i = ARRAY_SIZE(irqs) - 1; i >= 0; i--)
		free_irq(pci_irq_vector(qm->pdev, irqs[i].vector), qm);
	pci_free_irq_vectors(qm->pdev);
}

void hisi_acc_event_pause(struct hisi_acc_qm *qm)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(irqs); i++)
		disable_irq(pci_irq_vector(qm->pdev, irqs[i].vector));
}

void hisi_acc_event_resume(struct hisi_acc_qm *qm)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(irqs); i++)
		enable_irq(pci_irq_vector(qm->pdev, irqs[i].vector));
}
