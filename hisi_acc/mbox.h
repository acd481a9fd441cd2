/* SPDX-License-Identifier: GPL-2.0 */
/* Mailbox: the command register window of the queue manager. */
#ifndef HISI_ACC_MBOX_H
#define HISI_ACC_MBOX_H

#include <linux/mutex.h>
#include <linux/types.h>

struct device;

struct hisi_acc_mbox {
	struct device *dev;
	void __iomem *io;
	struct mutex lock;	/* one command at a time, until its answer */
};

void hisi_acc_mbox_init(struct hisi_acc_mbox *mbox, struct device *dev,
			void __iomem *regs);
void hisi_acc_mbox_fini(struct hisi_acc_mbox *mbox);

/* Hands @addr (a DMA address, or 0) to the hardware. 0 or -EIO. */
int hisi_acc_mbox_write(struct hisi_acc_mbox *mbox, u8 cmd, u16 queue,
			dma_addr_t addr);
/* Lets the hardware write a context of @queue to @addr. Errors as above. */
int hisi_acc_mbox_dump(struct hisi_acc_mbox *mbox, u8 cmd, u16 queue,
		       dma_addr_t addr);

#endif /* HISI_ACC_MBOX_H */
