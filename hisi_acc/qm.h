/* SPDX-License-Identifier: GPL-2.0 */
/* Queue manager: one PCI function's hardware, and its queue pairs. */
#ifndef HISI_ACC_QM_H
#define HISI_ACC_QM_H

#include <linux/interrupt.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "engine.h"
#include "mbox.h"
#include "regs.h"

struct hisi_acc_qm;

/* What is wrong or new with a queue pair. */
enum hisi_acc_qp_event {
	HISI_ACC_QP_COMPLETION,	/* the armed event fired */
	HISI_ACC_QP_FAULT,	/* the hardware gave the queue up */
	HISI_ACC_QP_LOST,	/* the function was reset */
};

/*
 * The hardware half of a queue. Embedded in its owner, who keeps it alive from
 * hisi_acc_qp_get() to hisi_acc_qp_put(). @notify is called under qps_lock,
 * from process context, and must not sleep.
 */
struct hisi_acc_qp {
	u16 id;
	u16 rand;		/* of the doorbells; another one at each start */
	u16 depth;
	u16 pasid;		/* of the requests' addresses; 0: none */
	u8 type;
	bool loaded;		/* contexts live in hardware; reset_sem */
	dma_addr_t sq;
	dma_addr_t cq;
	void (*notify)(struct hisi_acc_qp *qp, enum hisi_acc_qp_event event);
};

/* A ring that the hardware fills and the kernel drains: EQ or AEQ. */
struct hisi_acc_event_ring {
	__le32 *entries;
	dma_addr_t dma;
	u32 depth;
	u32 head;
	bool phase;
	u8 db_cmd;
};

/* A hardware generation: what differs is chosen once, at probe. */
struct hisi_acc_qm_version {
	u32 number;
	bool has_caps;
	bool pasid_by_queue;	/* else one switch for the whole device */
	int (*drain)(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp);
};

/*
 * Owned by struct hisi_acc_dev, from probe to remove.
 *
 * reset_sem: read while a queue pair is started or stopped, written while the
 * function is. Taken inside a context's lock, outside image_lock.
 */
struct hisi_acc_qm {
	struct pci_dev *pdev;
	struct device *dev;		/* of the PCI function; DMA and log */
	void __iomem *regs;
	void __iomem *db_pages;		/* BAR4, or NULL: not isolated */

	const struct hisi_acc_engine *engine;
	const struct hisi_acc_qm_version *version;
	u32 features;			/* QM_CAP_*, 0 on V2 */
	u32 queues;
	u32 depth_max;
	struct hisi_acc_errors errors, engine_errors;

	struct rw_semaphore reset_sem;
	bool dead;			/* the hardware is lost; reset_sem */
	bool tagged;			/* the switch; reset_sem */
	u32 resets;			/* reset_sem */
	struct work_struct reset_work;	/* owned by reset.c */
	unsigned long reset_wanted;	/* bit 0 */

	spinlock_t qps_lock;		/* guards qps and used */
	struct hisi_acc_qp **qps;	/* by number, those that take events */
	unsigned long *used;

	struct hisi_acc_mbox mbox;
	struct mutex image_lock;	/* guards image while a command runs */
	void *image;
	dma_addr_t image_dma;

	/* one block: rings and context tables that the hardware keeps using */
	void *tables;
	dma_addr_t tables_dma;
	size_t tables_size;
	struct hisi_acc_event_ring eq, aeq;
	dma_addr_t sqc_table, cqc_table;
	dma_addr_t park;		/* ring of freed queues */
};

int hisi_acc_qm_init(struct hisi_acc_qm *qm, struct pci_dev *pdev,
		     const struct hisi_acc_engine *engine);
void hisi_acc_qm_fini(struct hisi_acc_qm *qm);

/* Once after power-on, before the first bring-up. */
int hisi_acc_qm_power_on(struct hisi_acc_qm *qm);
/* Programs what a function level reset forgets, then starts the function. */
int hisi_acc_qm_bring_up(struct hisi_acc_qm *qm);
/* The function's half of bring-up, without touching the engine. */
int hisi_acc_qm_start(struct hisi_acc_qm *qm);
/*
 * No queue of the function takes doorbells or does DMA afterwards, unless it
 * gives -EIO: then only a reset helps. With @flush, what is in flight is
 * finished before; without, it is dropped.
 */
int hisi_acc_qm_stop(struct hisi_acc_qm *qm, bool flush);
/*
 * Stop and start between two owners: contexts, tables and event rings are
 * written anew. No queue may be loaded. From then on requests carry their
 * queue's PASID, if @tagged, or may not have one.
 */
int hisi_acc_qm_scrub(struct hisi_acc_qm *qm, bool tagged);
/* Asks reset.c for a reset; with @wait, returns when it is over. */
void hisi_acc_qm_want_reset(struct hisi_acc_qm *qm, bool wait);

void hisi_acc_qm_doorbell_event(struct hisi_acc_qm *qm,
				struct hisi_acc_event_ring *ring);

/* What the data accesses of all queues carry; engines ask at their init(). */
static inline u32 hisi_acc_qm_data_user(const struct hisi_acc_qm *qm)
{
	return qm->tagged ? QM_AXUSER | QM_AXUSER_PASID : QM_AXUSER;
}

static inline u32 hisi_acc_qm_read(struct hisi_acc_qm *qm, u32 offset)
{
	return readl(qm->regs + offset);
}

static inline void hisi_acc_qm_write(struct hisi_acc_qm *qm, u32 offset, u32 val)
{
	writel(val, qm->regs + offset);
}

static inline void hisi_acc_qm_update(struct hisi_acc_qm *qm, u32 offset,
				      u32 clear, u32 set)
{
	hisi_acc_qm_write(qm, offset,
			  (hisi_acc_qm_read(qm, offset) & ~clear) | set);
}

/* qp.c: queue pairs */
int hisi_acc_qp_get(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp);
void hisi_acc_qp_put(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp);
u32 hisi_acc_qp_count_free(struct hisi_acc_qm *qm);
/* Loads the contexts: @sq, @cq, @depth, @type are set, the rings zeroed. */
int hisi_acc_qp_start(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp);
/*
 * Returns when the device touches neither the rings nor any buffer of the
 * queue: 0 when all requests were finished, -EIO when it took a reset.
 */
int hisi_acc_qp_stop(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp);
/* @cmd is QM_DB_CMD_SQ or QM_DB_CMD_CQ. -EIO when not loaded. */
int hisi_acc_qp_doorbell(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp,
			 u8 cmd, u16 index, u8 prio);
/* Tells the owner of queue @id, if there is one. */
void hisi_acc_qp_notify(struct hisi_acc_qm *qm, u32 id,
			enum hisi_acc_qp_event event);
/* After a reset: every loaded queue is lost. Caller holds reset_sem. */
void hisi_acc_qp_lose_all(struct hisi_acc_qm *qm);
int hisi_acc_qp_drain_v2(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp);
int hisi_acc_qp_drain_v3(struct hisi_acc_qm *qm, struct hisi_acc_qp *qp);

/* event.c: event rings and interrupts */
int hisi_acc_event_init(struct hisi_acc_qm *qm);
void hisi_acc_event_fini(struct hisi_acc_qm *qm);
/* No handler runs from one to the other: the rings may be written anew. */
void hisi_acc_event_pause(struct hisi_acc_qm *qm);
void hisi_acc_event_resume(struct hisi_acc_qm *qm);

/* reset.c: errors and recovery */
irqreturn_t hisi_acc_reset_error_irq(int irq, void *data);

#endif /* HISI_ACC_QM_H */
