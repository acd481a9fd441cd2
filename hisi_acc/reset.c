// SPDX-License-Identifier: GPL-2.0
/*
 * Errors of the function, and its way back: stop, function level reset,
 * bring-up. Queues that were running are lost; their owners restart them.
 */
#include <linux/device.h>
#include <linux/interrupt.h>

#include "dev.h"
#include "reset.h"

static void errors_disable(struct hisi_acc_qm *qm)
{
	hisi_acc_qm_write(qm, QM_ERR_MASK, ~0);
	if (qm->version->has_caps)
		hisi_acc_qm_write(qm, QM_OOO_SHUTDOWN_SEL, 0);
	qm->engine->errors_disable(qm);
}

/* What is in flight now is lost. */
static void reset_prepare(struct hisi_acc_dev *dev)
{
	struct hisi_acc_qm *qm = &dev->qm;

	hisi_acc_dev_set_state(dev, HISI_ACC_STATE_RESETTING);
	/* soon the registers do not even answer */
	hisi_acc_dev_shut_doorbells(dev, true);
	errors_disable(qm);
	/* hardware that does not even do this has the reset ahead of it */
	hisi_acc_qm_stop(qm, false);
	hisi_acc_event_pause(qm);
}

/*
 * The hardware forgot everything, its configuration space is back. @ret says
 * whether it really did.
 */
static void reset_done(struct hisi_acc_dev *dev, int ret)
{
	struct hisi_acc_qm *qm = &dev->qm;

	if (!ret)
		ret = hisi_acc_qm_bring_up(qm);
	if (ret) {
		/* without bus mastering nothing is left that could do DMA */
		pci_clear_master(qm->pdev);
		WRITE_ONCE(qm->dead, true);
		dev_err(qm->dev, "lost: reset failed, %d\n", ret);
	} else {
		hisi_acc_dev_shut_doorbells(dev, false);
	}
	hisi_acc_event_resume(qm);
	qm->resets++;
	hisi_acc_qp_lose_all(qm);
	hisi_acc_dev_set_state(dev, ret ? HISI_ACC_STATE_GONE :
					  HISI_ACC_STATE_RUNNING);
}

int hisi_acc_reset_flr(struct pci_dev *pdev)
{
	int ret;

	pci_save_state(pdev);
	pci_clear_master(pdev);
	ret = pcie_reset_flr(pdev, PCI_RESET_DO_RESET);
	pci_restore_state(pdev);
	return ret;
}

/* Pulled out: nothing is left that could do DMA or answer. */
static void check_present(struct hisi_acc_qm *qm)
{
	if (qm->dead || pci_device_is_present(qm->pdev))
		return;
	qm->dead = true;
	hisi_acc_qp_lose_all(qm);
}

static void reset_work(struct work_struct *work)
{
	struct hisi_acc_dev *dev = container_of(work, struct hisi_acc_dev,
						qm.reset_work);
	struct hisi_acc_qm *qm = &dev->qm;

	down_write(&qm->reset_sem);
	check_present(qm);
	/* several may have asked: one reset serves them all */
	if (test_and_clear_bit(0, &qm->reset_wanted) && !qm->dead) {
		dev_warn(qm->dev, "resetting the function\n");
		reset_prepare(dev);
		reset_done(dev, hisi_acc_reset_flr(qm->pdev));
	}
	up_write(&qm->reset_sem);
}

irqreturn_t hisi_acc_reset_error_irq(int irq, void *data)
{
	struct hisi_acc_qm *qm = data;
	u32 errors = hisi_acc_qm_read(qm, QM_ERR_STATUS);
	u32 engine_errors = qm->engine->errors_pending(qm);

	if (!errors && !engine_errors)
		return IRQ_HANDLED;

	dev_warn_ratelimited(qm->dev, "hardware errors %#x, %s %#x\n", errors,
			     qm->engine->name, engine_errors);
	if ((errors & qm->errors.reset) ||
	    (engine_errors & qm->engine_errors.reset)) {
		/* reported once: the reset turns reporting on again */
		hisi_acc_qm_write(qm, QM_ERR_MASK, ~0);
		qm->engine->errors_disable(qm);
		hisi_acc_qm_want_reset(qm, false);
		return IRQ_HANDLED;
	}
	hisi_acc_qm_write(qm, QM_ERR_SOURCE, errors);
	hisi_acc_qm_write(qm, QM_RAS_NFE_ENABLE, qm->errors.nfe);
	hisi_acc_qm_write(qm, QM_RAS_CE_ENABLE, qm->errors.ce);
	qm->engine->errors_clear(qm, engine_errors);
	return IRQ_HANDLED;
}

/* A reset that somebody else asked the PCI core for, as root through sysfs. */
static void pci_reset_prepare(struct pci_dev *pdev)
{
	struct hisi_acc_dev *dev = pci_get_drvdata(pdev);

	down_write(&dev->qm.reset_sem);
	if (!hisi_acc_modes_base_reason(dev))
		reset_prepare(dev);
}

static void pci_reset_done(struct pci_dev *pdev)
{
	struct hisi_acc_dev *dev = pci_get_drvdata(pdev);

	if (!hisi_acc_modes_base_reason(dev))
		reset_done(dev, 0);
	up_write(&dev->qm.reset_sem);
}

const struct pci_error_handlers hisi_acc_reset_handlers = {
	.reset_prepare = pci_reset_prepare,
	.reset_done = pci_reset_done,
};

void hisi_acc_reset_check_present(struct hisi_acc_dev *dev)
{
	down_write(&dev->qm.reset_sem);
	check_present(&dev->qm);
	up_write(&dev->qm.reset_sem);
}

void hisi_acc_reset_init(struct hisi_acc_dev *dev)
{
	INIT_WORK(&dev->qm.reset_work, reset_work);
}

void hisi_acc_reset_fini(struct hisi_acc_dev *dev)
{
	cancel_work_sync(&dev->qm.reset_work);
}
