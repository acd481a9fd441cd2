// SPDX-License-Identifier: GPL-2.0
/* /sys/class/hisi_acc/<device>/: what a device is and how much of it is used. */
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

static struct attribute *attrs[] = {
	&dev_attr_engine.attr,
	&dev_attr_hw_version.attr,
	&dev_attr_queues.attr,
	&dev_attr_queues_free.attr,
	&dev_attr_pinned_pages.attr,
	&dev_attr_mappings.attr,
	&dev_attr_resets.attr,
	NULL
};

static const struct attribute_group group = {
	.attrs = attrs,
};

const struct attribute_group *hisi_acc_sysfs_groups[] = {
	&group,
	NULL
};
