/* SPDX-License-Identifier: GPL-2.0 */
/* Memory modes: which of them a device can have, and why not the others. */
#ifndef HISI_ACC_MODE_H
#define HISI_ACC_MODE_H

#include <linux/types.h>

#include "uapi/hisi_acc.h"

#define HISI_ACC_MODES	3
#define HISI_ACC_MODES_ALL	(HISI_ACC_MODE_SVA | HISI_ACC_MODE_PASID | \
				 HISI_ACC_MODE_DMA)

/* The best one first, as in the bits of HISI_ACC_MODE_*. */
enum { MODE_SVA, MODE_PASID, MODE_DMA };

struct hisi_acc_dev;
struct mm_struct;

/*
 * Owned by struct hisi_acc_dev. @reasons is what the machine says, found out at
 * probe but for one thing: whether the kernel binds address spaces, which only
 * a try can tell, so that the first who wants to know makes it.
 */
struct hisi_acc_modes {
	u32 reasons[HISI_ACC_MODES];	/* HISI_ACC_REASON_* */
	u32 allowed;			/* HISI_ACC_MODE_*, by the administrator */
	bool sva_tried;
	bool faults;			/* turned on, to be turned off */
};

/* Words "sva", "pasid", "dma" with blanks between: 0, -EINVAL or -ENOMEM. */
int hisi_acc_modes_parse(const char *text, u32 *modes);
/* Of one mode: "sva" and so on; "none" for 0. */
const char *hisi_acc_mode_name(u32 mode);
/* The same as a line for sysfs. */
int hisi_acc_modes_print(u32 modes, char *buf);
/* -EINVAL if the module was told modes that do not exist. */
int hisi_acc_modes_module_init(void);

void hisi_acc_modes_init(struct hisi_acc_dev *dev);
void hisi_acc_modes_fini(struct hisi_acc_dev *dev);
/* Whether user space may do any DMA at all: all modes stand on it. */
u32 hisi_acc_modes_base_reason(const struct hisi_acc_dev *dev);
/* HISI_ACC_REASON_* for a mode's number, as a process with @mm meets it. */
u32 hisi_acc_modes_reason(struct hisi_acc_dev *dev, int mode,
			  struct mm_struct *mm);

#endif /* HISI_ACC_MODE_H */
