/* SPDX-License-Identifier: GPL-2.0 */
/* The first accelerator of the machine: its node, its attributes, its driver. */
#ifndef TESTS_LIB_DEVICE_H
#define TESTS_LIB_DEVICE_H

#include <stdbool.h>

#define DEVICE_PATH_MAX 256

/* All of these end the test if the device is not there. */
/* "/sys/bus/pci/devices/..." */
const char *device_pci(void);
/* "/dev/hisi_acc/zip0", looked up anew with each call; NULL if there is none. */
const char *device_node(void);
/* A number in /sys/class/hisi_acc/.../@attribute. */
long device_attribute(const char *attribute);
/* 2 or 3, from the PCI revision; -1 if that cannot be read. */
int device_version(void);

/*
 * Whether the page with a queue's doorbell holds nothing else, so that it can
 * be mapped: each has one of 64 KiB in BAR4, or the CPU's pages are small enough.
 */
bool device_doorbell_is_alone(void);

bool device_is_bound(void);
void device_bind(void);
void device_unbind(void);
/* A function reset, as root asks for it in sysfs. */
void device_reset(void);
/* Off the bus, and found anew. */
void device_pci_remove(void);
void device_pci_rescan(void);

/* Opens the node; the caller's address space owns the context. */
int device_open(void);

/* What user objects take up on the device. */
struct device_usage {
	long queues_free;
	long pinned_pages;
	long mappings;
};

struct device_usage device_usage(void);
/* Whether the usage is @want by the end of this time. */
bool device_usage_becomes(const struct device_usage *want, int timeout_ms);
/* Fails the test if it is not. */
void expect_usage(const struct device_usage *want);

/* Writes a string to a file of the kernel's; false with errno. */
bool write_string(const char *path, const char *string);

#endif /* TESTS_LIB_DEVICE_H */
