// SPDX-License-Identifier: GPL-2.0
/* struct hisi_acc_user: who has how much, so that nobody takes it all. */
#include <linux/cred.h>
#include <linux/slab.h>

#include "dev.h"
#include "user.h"

/* Half of what a function has, so that nobody is ever left without. */
#define USER_QUEUES_MAX	512
#define USER_PASIDS_MAX	128

void hisi_acc_users_init(struct hisi_acc_users *users)
{
	mutex_init(&users->lock);
	INIT_LIST_HEAD(&users->list);
	users->queues_max = USER_QUEUES_MAX;
	users->pasids_max = USER_PASIDS_MAX;
}

void hisi_acc_users_fini(struct hisi_acc_users *users)
{
	mutex_destroy(&users->lock);
}

static struct hisi_acc_user *user_find(struct hisi_acc_users *users, kuid_t uid)
{
	struct hisi_acc_user *user;

	list_for_each_entry(user, &users->list, node)
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

struct hisi_acc_user *hisi_acc_user_get(struct hisi_acc_dev *dev)
{
	struct hisi_acc_users *users = &dev->users;
	struct hisi_acc_user *user;

	mutex_lock(&users->lock);
	user = user_find(users, current_euid());
	if (!user) {
		user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
		if (!user)
			goto unlock;
		user->dev = dev;
		user->uid = current_euid();
		list_add(&user->node, &users->list);
	}
	user->contexts++;
unlock:
	mutex_unlock(&users->lock);
	return user;
}

void hisi_acc_user_put(struct hisi_acc_user *user)
{
	struct hisi_acc_users *users = &user->dev->users;

	mutex_lock(&users->lock);
	if (!--user->contexts) {
		list_del(&user->node);
		kfree(user);
	}
	mutex_unlock(&users->lock);
}

static bool user_may(u32 count, u32 max)
{
	return !max || count < max || capable(CAP_SYS_RESOURCE);
}

static int user_take(struct hisi_acc_user *user, u32 *count, const u32 *max)
{
	struct hisi_acc_users *users = &user->dev->users;
	int ret = -EDQUOT;

	mutex_lock(&users->lock);
	if (user_may(*count, READ_ONCE(*max))) {
		++*count;
		ret = 0;
	}
	mutex_unlock(&users->lock);
	return ret;
}

static void user_return(struct hisi_acc_user *user, u32 *count)
{
	mutex_lock(&user->dev->users.lock);
	--*count;
	mutex_unlock(&user->dev->users.lock);
}

int hisi_acc_user_get_queue(struct hisi_acc_user *user)
{
	return user_take(user, &user->queues, &user->dev->users.queues_max);
}

void hisi_acc_user_put_queue(struct hisi_acc_user *user)
{
	user_return(user, &user->queues);
}

int hisi_acc_user_get_pasid(struct hisi_acc_user *user)
{
	return user_take(user, &user->pasids, &user->dev->users.pasids_max);
}

bool hisi_acc_user_may_get_pasid(struct hisi_acc_user *user)
{
	struct hisi_acc_users *users = &user->dev->users;
	bool may;

	mutex_lock(&users->lock);
	may = user_may(user->pasids, READ_ONCE(users->pasids_max));
	mutex_unlock(&users->lock);
	return may;
}

void hisi_acc_user_put_pasid(struct hisi_acc_user *user)
{
	user_return(user, &user->pasids);
}
