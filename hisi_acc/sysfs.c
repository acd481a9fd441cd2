// SPDX-License-Identifier: GPL-2.0
/* /sys/class/hisi_acc/<device>/: what a device is and how much of it is used. */
#include <linux/string.h>
#include <linux/sysfs.h>

#include "dev.h"

static struct hisi_acc_dev *to_dev(struct device *device)
{
	return container_of(device, struct hisi_acc_dev, dev);
}

static ssize_t engine_show(struct device *device, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%s\n", to_dev(device)->qm.engine->name);
}
static DEVICE_ATTR_RO(engine);

static ssize_t hw_version_show(struct device *device,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_dev(device)->qm.version->number);
}
static DEVICE_ATTR_RO(hw_version);

static ssize_t queues_show(struct device *device, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%u\n", to_dev(device)->qm.queues);
}
static DEVICE_ATTR_RO(queues);

static ssize_t queues_free_show(struct device *device,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  hisi_acc_qp_count_free(&to_dev(device)->qm));
}
static DEVICE_ATTR_RO(queues_free);

/* Pages of user memory that are pinned for the device now. */
static ssize_t pinned_pages_show(struct device *device,
				 struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lld\n",
			  (s64)atomic64_read(&to_dev(device)->pinned_pages));
}
static DEVICE_ATTR_RO(pinned_pages);

/* IOVA ranges that belong to user objects now. */
static ssize_t mappings_show(struct device *device,
			     struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&to_dev(device)->mappings));
}
static DEVICE_ATTR_RO(mappings);

/* Resets since the driver was bound. */
static ssize_t resets_show(struct device *device, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_dev(device)->qm.resets));
}
static DEVICE_ATTR_RO(resets);

/* Memory modes that may be granted, as far as the machine has them. */
static ssize_t modes_show(struct device *device, struct device_attribute *attr,
			  char *buf)
{
	return hisi_acc_modes_print(READ_ONCE(to_dev(device)->modes.allowed),
				    buf);
}

static ssize_t modes_store(struct device *device, struct device_attribute *attr,
			   const char *buf, size_t size)
{
	u32 allowed;
	int ret = hisi_acc_modes_parse(buf, &allowed);

	if (ret)
		return ret;
	WRITE_ONCE(to_dev(device)->modes.allowed, allowed);
	return size;
}
static DEVICE_ATTR_RW(modes);

static const char * const share_names[] = {
	[HISI_ACC_SHARE_MM] = "mm",
	[HISI_ACC_SHARE_USER] = "user",
	[HISI_ACC_SHARE_ANY] = "any",
};

/* Who may have queues beside each other where doorbells share a page. */
static ssize_t share_show(struct device *device, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  share_names[READ_ONCE(to_dev(device)->share)]);
}

static ssize_t share_store(struct device *device, struct device_attribute *attr,
			   const char *buf, size_t size)
{
	int i = sysfs_match_string(share_names, buf);

	if (i < 0)
		return i;
	WRITE_ONCE(to_dev(device)->share, i);
	return size;
}
static DEVICE_ATTR_RW(share);

/* What one user id may have; 0: no limit. */
static ssize_t limit_show(u32 *limit, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(*limit));
}

static ssize_t limit_store(u32 *limit, const char *buf, size_t size)
{
	unsigned int val;
	int ret = kstrtouint(buf, 0, &val);

	if (ret)
		return ret;
	WRITE_ONCE(*limit, val);
	return size;
}

#define LIMIT_ATTR(_name)						\
static ssize_t user_##_name##_show(struct device *device,		\
				   struct device_attribute *attr,	\
				   char *buf)				\
{									\
	return limit_show(&to_dev(device)->users._name, buf);		\
}									\
static ssize_t user_##_name##_store(struct device *device,		\
				    struct device_attribute *attr,	\
				    const char *buf, size_t size)	\
{									\
	return limit_store(&to_dev(device)->users._name, buf, size);	\
}									\
static DEVICE_ATTR_RW(user_##_name)

LIMIT_ATTR(queues_max);
LIMIT_ATTR(pasids_max);

static struct attribute *attrs[] = {
	&dev_attr_engine.attr,
	&dev_attr_hw_version.attr,
	&dev_attr_queues.attr,
	&dev_attr_queues_free.attr,
	&dev_attr_pinned_pages.attr,
	&dev_attr_mappings.attr,
	&dev_attr_resets.attr,
	&dev_attr_modes.attr,
	&dev_attr_share.attr,
	&dev_attr_user_queues_max.attr,
	&dev_attr_user_pasids_max.attr,
	NULL
};

static umode_t attr_is_visible(struct kobject *kobj, struct attribute *attr,
			       int index)
{
	struct hisi_acc_dev *dev = to_dev(kobj_to_dev(kobj));

	/* doorbells of their own are nobody else's business */
	if (attr == &dev_attr_share.attr && dev->qm.db_pages)
		return 0;
	return attr->mode;
}

static const struct attribute_group group = {
	.attrs = attrs,
	.is_visible = attr_is_visible,
};

const struct attribute_group *hisi_acc_sysfs_groups[] = {
	&group,
	NULL
};
