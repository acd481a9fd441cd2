// SPDX-License-Identifier: GPL-2.0
/* Module and PCI glue: ids, the probe ladder, and the same ladder down. */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "buffer.h"
#include "dev.h"
#include "reset.h"

#define PCI_DEVICE_ID_ZIP_PF	0xa250

static void stop_hardware(struct hisi_acc_dev *dev)
{
	struct hisi_acc_qm *qm = &dev->qm;

	down_write(&qm->reset_sem);
	if (!qm->dead && hisi_acc_qm_stop(qm, true))
		dev_warn(qm->dev, "does not stop\n");
	/* whatever it still does, it does it without memory */
	pci_clear_master(qm->pdev);
	/* interrupts may ask for a reset until they are freed: it finds nothing */
	qm->dead = true;
	up_write(&qm->reset_sem);
	hisi_acc_event_fini(qm);
	hisi_acc_reset_fini(dev);
}

/* The hardware half: interrupts, then a running function. */
static int start_hardware(struct hisi_acc_dev *dev)
{
	struct hisi_acc_qm *qm = &dev->qm;
	int ret;

	ret = hisi_acc_event_init(qm);
	if (ret)
		return ret;
	/* an error that comes now is dealt with when this is over */
	down_write(&qm->reset_sem);
	ret = hisi_acc_qm_power_on(qm);
	if (!ret)
		ret = hisi_acc_qm_bring_up(qm);
	up_write(&qm->reset_sem);
	if (ret)
		stop_hardware(dev);
	return ret;
}

static int enable_pci(struct pci_dev *pdev)
{
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = pci_request_mem_regions(pdev, "hisi_acc");
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret) {
		pci_release_mem_regions(pdev);
		return ret;
	}
	/* one registration is one range of IOVAs, of any length */
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	dma_set_seg_boundary(&pdev->dev, ULONG_MAX);
	/* whoever had it before may have left it at work, or stuck */
	ret = hisi_acc_reset_flr(pdev);
	if (ret)
		pci_dbg(pdev, "no function level reset, %d\n", ret);
	pci_set_master(pdev);
	return 0;
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	const struct hisi_acc_engine *engine = (void *)id->driver_data;
	struct hisi_acc_dev *dev;
	u32 reason;
	int ret;

	ret = enable_pci(pdev);
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "cannot be enabled\n");
	dev = hisi_acc_dev_alloc(engine);
	if (IS_ERR(dev)) {
		ret = PTR_ERR(dev);
		goto release_regions;
	}
	pci_set_drvdata(pdev, dev);
	hisi_acc_reset_init(dev);

	ret = hisi_acc_qm_init(&dev->qm, pdev, engine);
	if (ret)
		goto put_dev;
	/*
	 * Without a translating IOMMU the node says why there are no queues,
	 * and the hardware stays asleep.
	 */
	hisi_acc_modes_init(dev);
	reason = hisi_acc_modes_base_reason(dev);
	if (reason) {
		dev_warn(&pdev->dev, "no user DMA without a translating IOMMU of its own, reason %u\n",
			 reason);
	} else {
		ret = start_hardware(dev);
		if (ret)
			goto fini_modes;
	}
	ret = hisi_acc_dev_register(dev);
	if (ret)
		goto stop;
	dev_info(&pdev->dev, "%s: V%u, %u queues\n", dev_name(&dev->dev),
		 dev->qm.version->number, dev->qm.queues);
	return 0;

stop:
	if (!reason)
		stop_hardware(dev);
fini_modes:
	hisi_acc_modes_fini(dev);
	hisi_acc_qm_fini(&dev->qm);
put_dev:
	put_device(&dev->dev);
release_regions:
	pci_release_mem_regions(pdev);
	return ret;
}

static void remove(struct pci_dev *pdev)
{
	struct hisi_acc_dev *dev = pci_get_drvdata(pdev);

	hisi_acc_reset_check_present(dev);
	hisi_acc_dev_unregister(dev);
	if (!hisi_acc_modes_base_reason(dev))
		stop_hardware(dev);
	hisi_acc_modes_fini(dev);
	hisi_acc_qm_fini(&dev->qm);
	put_device(&dev->dev);
	pci_release_mem_regions(pdev);
}

static const struct pci_device_id ids[] = {
	{ PCI_VDEVICE(HUAWEI, PCI_DEVICE_ID_ZIP_PF),
	  .driver_data = (kernel_ulong_t)&hisi_acc_zip },
	{ }
};
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver driver = {
	.name = "hisi_acc",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
	.shutdown = remove,
	.err_handler = &hisi_acc_reset_handlers,
};

static int __init hisi_acc_init(void)
{
	int ret;

	ret = hisi_acc_modes_module_init();
	if (ret)
		return ret;
	ret = hisi_acc_buffer_module_init();
	if (ret)
		return ret;
	ret = hisi_acc_dev_module_init();
	if (ret)
		goto exit_buffer;
	ret = pci_register_driver(&driver);
	if (ret)
		goto exit_dev;
	return 0;

exit_dev:
	hisi_acc_dev_module_exit();
exit_buffer:
	hisi_acc_buffer_module_exit();
	return ret;
}
module_init(hisi_acc_init);

static void __exit hisi_acc_exit(void)
{
	pci_unregister_driver(&driver);
	hisi_acc_buffer_module_exit();
	hisi_acc_dev_module_exit();
}
module_exit(hisi_acc_exit);

MODULE_DESCRIPTION("HiSilicon Kunpeng accelerator queues for user space");
MODULE_LICENSE("GPL");
MODULE_VERSION(HISI_ACC_VERSION);
