// SPDX-License-Identifier: GPL-2.0
/*
 * Mailbox transport: one command at a time, bounded wait, error decode. It
 * knows no command but the two that may take seconds.
 */
#include <linux/bitfield.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/iopoll.h>

#include "mbox.h"
#include "regs.h"

#define POLL_US			10
#define IDLE_TIMEOUT_US		(100 * USEC_PER_MSEC)
#define TIMEOUT_US		(1 * USEC_PER_SEC)
#define DRAIN_TIMEOUT_US	(5 * USEC_PER_SEC)

void hisi_acc_mbox_init(struct hisi_acc_mbox *mbox, struct device *dev,
			void __iomem *regs)
{
	mbox->dev = dev;
	mbox->io = regs + QM_MBOX;
	mutex_init(&mbox->lock);
}

void hisi_acc_mbox_fini(struct hisi_acc_mbox *mbox)
{
	mutex_destroy(&mbox->lock);
}

/*
 * The window is one per device, so a command should arrive as one 128-bit
 * write, which arm64 has as a paired store. Elsewhere the payload goes first
 * and the word that carries the busy bit last, so that no half command can be
 * taken for a whole one.
 */
static void mbox_store(struct hisi_acc_mbox *mbox, u32 head, dma_addr_t addr)
{
	/* what the command refers to must be visible before the command */
	dma_wmb();
#if IS_ENABLED(CONFIG_ARM64)
	{
		u64 lo = head | (u64)lower_32_bits(addr) << 32;
		u64 hi = upper_32_bits(addr);

		asm volatile("stp %x0, %x1, [%2]"
			     : : "rZ" (lo), "rZ" (hi), "r" (mbox->io)
			     : "memory");
	}
#else
	writel(lower_32_bits(addr), mbox->io + 4);
	writel(upper_32_bits(addr), mbox->io + 8);
	writel(0, mbox->io + 12);
	writel(head, mbox->io);
#endif
}

static int mbox_wait(struct hisi_acc_mbox *mbox, u32 *head,
		     unsigned long timeout_us)
{
	return readl_poll_timeout(mbox->io, *head, !(*head & QM_MBOX_BUSY),
				  POLL_US, timeout_us);
}

static int mbox_run(struct hisi_acc_mbox *mbox, u32 head, dma_addr_t addr)
{
	u8 cmd = FIELD_GET(QM_MBOX_CMD, head);
	unsigned long timeout_us = TIMEOUT_US;
	u32 answer;
	int ret;

	if (cmd == QM_MBOX_STOP_QP || cmd == QM_MBOX_FLUSH)
		timeout_us = DRAIN_TIMEOUT_US;

	mutex_lock(&mbox->lock);
	ret = mbox_wait(mbox, &answer, IDLE_TIMEOUT_US);
	if (!ret) {
		mbox_store(mbox, head | QM_MBOX_BUSY, addr);
		ret = mbox_wait(mbox, &answer, timeout_us);
	}
	mutex_unlock(&mbox->lock);

	if (ret) {
		dev_err_ratelimited(mbox->dev, "mailbox command %#x: no answer\n",
				    cmd);
		return -EIO;
	}
	if (FIELD_GET(QM_MBOX_STATUS, answer)) {
		dev_err_ratelimited(mbox->dev, "mailbox command %#x: status %lu\n",
				    cmd, FIELD_GET(QM_MBOX_STATUS, answer));
		return -EIO;
	}
	return 0;
}

int hisi_acc_mbox_write(struct hisi_acc_mbox *mbox, u8 cmd, u16 queue,
			dma_addr_t addr)
{
	return mbox_run(mbox, FIELD_PREP(QM_MBOX_CMD, cmd) |
			      FIELD_PREP(QM_MBOX_QUEUE, queue), addr);
}

int hisi_acc_mbox_dump(struct hisi_acc_mbox *mbox, u8 cmd, u16 queue,
		       dma_addr_t addr)
{
	return mbox_run(mbox, FIELD_PREP(QM_MBOX_CMD, cmd) | QM_MBOX_READ |
			      FIELD_PREP(QM_MBOX_QUEUE, queue), addr);
}
