// SPDX-License-Identifier: GPL-2.0
/* struct hisi_acc_dev: life of a device and its node, ownership, state. */
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "ctx.h"
#include "dev.h"
#include "region.h"

#define MINORS	256

static dev_t first_devt;
static DEFINE_IDA(minors);

static char *devnode(HISI_ACC_DEVNODE_ARG *dev, umode_t *mode)
{
	if (mode)
		*mode = 0660;
	return kasprintf(GFP_KERNEL, "hisi_acc/%s", dev_name(dev));
}

static struct class *class;

static void dev_free_id(struct hisi_acc_dev *dev)
{
	if (dev->id >= 0)
		ida_free(&minors, dev->id);
	dev->id = -1;
}

static void dev_release(struct device *device)
{
	struct hisi_acc_dev *dev = container_of(device, struct hisi_acc_dev, dev);

	if (dev->owner)
		mmdrop(dev->owner);
	dev_free_id(dev);
	hisi_acc_users_fini(&dev->users);
	mutex_destroy(&dev->owner_lock);
	mutex_destroy(&dev->ctxs_lock);
	kfree(dev);
}

struct hisi_acc_dev *hisi_acc_dev_alloc(const struct hisi_acc_engine *engine)
{
	struct hisi_acc_dev *dev;
	int ret;

	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev->id = ida_alloc_max(&minors, MINORS - 1, GFP_KERNEL);
	if (dev->id < 0) {
		ret = dev->id;
		kfree(dev);
		return ERR_PTR(ret);
	}

	init_rwsem(&dev->gate);
	mutex_init(&dev->ctxs_lock);
	mutex_init(&dev->owner_lock);
	hisi_acc_users_init(&dev->users);
	INIT_LIST_HEAD(&dev->ctxs);
	dev->share = HISI_ACC_SHARE_USER;
	dev->state = HISI_ACC_STATE_RUNNING;

	device_initialize(&dev->dev);
	dev->dev.class = class;
	dev->dev.devt = first_devt + dev->id;
	dev->dev.release = dev_release;
	dev->dev.groups = hisi_acc_sysfs_groups;
	cdev_init(&dev->cdev, &hisi_acc_fops);
	dev->cdev.owner = THIS_MODULE;

	ret = dev_set_name(&dev->dev, "%s%d", engine->name, dev->id);
	if (ret) {
		put_device(&dev->dev);
		return ERR_PTR(ret);
	}
	return dev;
}

int hisi_acc_dev_register(struct hisi_acc_dev *dev)
{
	dev->dev.parent = dev->qm.dev;
	return cdev_device_add(&dev->cdev, &dev->dev);
}

void hisi_acc_dev_unregister(struct hisi_acc_dev *dev)
{
	struct hisi_acc_ctx *ctx;

	cdev_device_del(&dev->cdev, &dev->dev);
	/* bound again, the function gets its name back, open files or not */
	dev_free_id(dev);

	down_write(&dev->gate);
	dev->gone = true;
	hisi_acc_dev_set_state(dev, HISI_ACC_STATE_GONE);
	/* the gate keeps the list as it is */
	list_for_each_entry(ctx, &dev->ctxs, node) {
		hisi_acc_ctx_revoke(ctx);
		hisi_acc_space_revoke(ctx);
	}
	up_write(&dev->gate);
}

int hisi_acc_dev_enter(struct hisi_acc_dev *dev)
{
	down_read(&dev->gate);
	if (!dev->gone)
		return 0;
	up_read(&dev->gate);
	return -ENODEV;
}

void hisi_acc_dev_leave(struct hisi_acc_dev *dev)
{
	up_read(&dev->gate);
}

/* Whatever the last owner's DMA left behind goes before somebody else comes. */
static int owner_drop(struct hisi_acc_dev *dev, bool tagged)
{
	struct hisi_acc_qm *qm = &dev->qm;
	int ret;

	if (dev->owner || (!qm->version->pasid_by_queue && qm->tagged != tagged)) {
		ret = hisi_acc_qm_scrub(qm, tagged);
		if (ret)
			return ret;
	}
	if (dev->owner)
		mmdrop(dev->owner);
	dev->owner = NULL;
	return 0;
}

static bool may_share(struct hisi_acc_dev *dev, struct hisi_acc_ctx *ctx)
{
	u32 share = READ_ONCE(dev->share);

	if (dev->qm.db_pages || !dev->tagged_objects ||
	    share == HISI_ACC_SHARE_ANY)
		return true;
	if (share == HISI_ACC_SHARE_USER)
		return uid_eq(dev->share_uid, ctx->user->uid);
	return dev->share_mm == ctx->mm;
}

static bool may_claim(struct hisi_acc_dev *dev, struct hisi_acc_ctx *ctx,
		      bool tagged)
{
	if (tagged)
		return !dev->owner_objects && may_share(dev, ctx);
	return !dev->tagged_objects &&
	       (!dev->owner_objects || dev->owner == ctx->mm);
}

static int claim_dma(struct hisi_acc_dev *dev, struct hisi_acc_ctx *ctx)
{
	int ret;

	if (dev->owner != ctx->mm) {
		ret = owner_drop(dev, false);
		if (ret)
			return ret;
		mmgrab(ctx->mm);
		dev->owner = ctx->mm;
	}
	dev->owner_objects++;
	return 0;
}

static int claim_tagged(struct hisi_acc_dev *dev, struct hisi_acc_ctx *ctx)
{
	int ret;

	if (!dev->tagged_objects) {
		ret = owner_drop(dev, true);
		if (ret)
			return ret;
		dev->share_uid = ctx->user->uid;
		dev->share_mm = ctx->mm;
	}
	dev->tagged_objects++;
	return 0;
}

int hisi_acc_dev_claim(struct hisi_acc_dev *dev, struct hisi_acc_ctx *ctx,
		       bool tagged)
{
	int ret = -EBUSY;

	/* a reset that failed took it away from everybody */
	if (READ_ONCE(dev->qm.dead))
		return -ENODEV;
	mutex_lock(&dev->owner_lock);
	if (may_claim(dev, ctx, tagged))
		ret = tagged ? claim_tagged(dev, ctx) : claim_dma(dev, ctx);
	mutex_unlock(&dev->owner_lock);
	return ret;
}

bool hisi_acc_dev_may_claim(struct hisi_acc_dev *dev, struct hisi_acc_ctx *ctx,
			    bool tagged)
{
	bool may;

	mutex_lock(&dev->owner_lock);
	may = may_claim(dev, ctx, tagged);
	mutex_unlock(&dev->owner_lock);
	return may;
}

void hisi_acc_dev_unclaim(struct hisi_acc_dev *dev, bool tagged)
{
	mutex_lock(&dev->owner_lock);
	if (tagged)
		dev->tagged_objects--;
	else
		dev->owner_objects--;
	mutex_unlock(&dev->owner_lock);
}

void hisi_acc_dev_set_state(struct hisi_acc_dev *dev, u32 state)
{
	struct hisi_acc_ctx *ctx;

	mutex_lock(&dev->ctxs_lock);
	/* a reset on the way out must not bring a device back that is gone */
	if (dev->state != HISI_ACC_STATE_GONE)
		dev->state = state;
	list_for_each_entry(ctx, &dev->ctxs, node)
		hisi_acc_ctx_set_state(ctx, dev->state, dev->qm.resets);
	mutex_unlock(&dev->ctxs_lock);
}

void hisi_acc_dev_shut_doorbells(struct hisi_acc_dev *dev, bool shut)
{
	struct hisi_acc_ctx *ctx;

	mutex_lock(&dev->ctxs_lock);
	dev->doorbells_shut = shut;
	list_for_each_entry(ctx, &dev->ctxs, node)
		hisi_acc_region_shut_doorbells(ctx, shut);
	mutex_unlock(&dev->ctxs_lock);
}

int hisi_acc_dev_module_init(void)
{
	int ret;

	ret = alloc_chrdev_region(&first_devt, 0, MINORS, "hisi_acc");
	if (ret)
		return ret;
	class = class_create("hisi_acc");
	if (IS_ERR(class)) {
		unregister_chrdev_region(first_devt, MINORS);
		return PTR_ERR(class);
	}
	class->devnode = devnode;
	return 0;
}

void hisi_acc_dev_module_exit(void)
{
	class_destroy(class);
	unregister_chrdev_region(first_devt, MINORS);
	ida_destroy(&minors);
}
