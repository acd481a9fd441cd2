/* SPDX-License-Identifier: GPL-2.0 */
/* Users: what all contexts of one user id have of a device together. */
#ifndef HISI_ACC_USER_H
#define HISI_ACC_USER_H

#include <linux/list.h>
#include <linux/uidgid.h>

struct hisi_acc_dev;

/* Shared by the user's contexts, each of which holds a reference. */
struct hisi_acc_user {
	struct hisi_acc_dev *dev;
	kuid_t uid;
	/* dev->users.lock guards the rest */
	struct list_head node;
	u32 contexts;
	u32 queues;
	u32 pasids;		/* bindings that took one */
};

/* Owned by struct hisi_acc_dev. Zero stands for no limit. */
struct hisi_acc_users {
	struct mutex lock;	/* guards the list and what is in it */
	struct list_head list;
	u32 queues_max;
	u32 pasids_max;
};

void hisi_acc_users_init(struct hisi_acc_users *users);
void hisi_acc_users_fini(struct hisi_acc_users *users);

/* The calling user. */
struct hisi_acc_user *hisi_acc_user_get(struct hisi_acc_dev *dev);
void hisi_acc_user_put(struct hisi_acc_user *user);

/* -EDQUOT at the limit, which does not hold for CAP_SYS_RESOURCE. */
int hisi_acc_user_get_queue(struct hisi_acc_user *user);
void hisi_acc_user_put_queue(struct hisi_acc_user *user);
int hisi_acc_user_get_pasid(struct hisi_acc_user *user);
bool hisi_acc_user_may_get_pasid(struct hisi_acc_user *user);
void hisi_acc_user_put_pasid(struct hisi_acc_user *user);

#endif /* HISI_ACC_USER_H */
