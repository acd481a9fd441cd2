// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "ioctls.h"
#include "test.h"

#define PCI_DEVICES	"/sys/bus/pci/devices"
#define DRIVER		"/sys/bus/pci/drivers/hisi_acc"

bool write_string(const char *path, const char *string)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t done;
	int saved;

	if (fd < 0)
		return false;
	done = write(fd, string, strlen(string));
	saved = errno;
	close(fd);
	errno = saved;
	return done == (ssize_t)strlen(string);
}

static bool read_number(const char *path, long *number)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	if (fd < 0)
		return false;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size <= 0)
		return false;
	*number = strtol(text, NULL, 0);
	return true;
}

static bool has_ids(const char *device, long vendor, long id)
{
	char path[DEVICE_PATH_MAX];
	long v, d;

	snprintf(path, sizeof(path), "%s/vendor", device);
	if (!read_number(path, &v))
		return false;
	snprintf(path, sizeof(path), "%s/device", device);
	return read_number(path, &d) && v == vendor && d == id;
}

const char *device_pci(void)
{
	static char path[DEVICE_PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	if (path[0])
		return path;
	dir = opendir(PCI_DEVICES);
	require(dir);
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", PCI_DEVICES, entry->d_name);
		if (has_ids(path, 0x19e5, 0xa250))
			break;
		path[0] = '\0';
	}
	closedir(dir);
	require(path[0]);
	return path;
}

/* The name in the class, into @name. */
static bool find_name(char *name, size_t size)
{
	char path[DEVICE_PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/hisi_acc", device_pci());
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		found = entry->d_name[0] != '.';
		if (found)
			snprintf(name, size, "%s", entry->d_name);
	}
	closedir(dir);
	return found;
}

const char *device_node(void)
{
	/* snprintf() empties it for a moment, and threads of a test open the node */
	static _Thread_local char path[DEVICE_PATH_MAX];
	char name[64];

	if (!find_name(name, sizeof(name)))
		return NULL;
	snprintf(path, sizeof(path), "/dev/hisi_acc/%s", name);
	return path;
}

long device_attribute(const char *attribute)
{
	char name[64], path[DEVICE_PATH_MAX];
	long number = -1;

	ck_assert_msg(find_name(name, sizeof(name)), "the driver has no device");
	snprintf(path, sizeof(path), "/sys/class/hisi_acc/%s/%s", name, attribute);
	ck_assert_msg(read_number(path, &number), "%s: %s", path, strerror(errno));
	return number;
}

/* No assert: processes that will be killed encode requests. */
int device_version(void)
{
	char path[DEVICE_PATH_MAX];
	static long revision;

	snprintf(path, sizeof(path), "%s/revision", device_pci());
	if (!revision && !read_number(path, &revision))
		return -1;
	return revision == 0x21 ? 2 : 3;
}

bool device_doorbell_is_alone(void)
{
	char path[DEVICE_PATH_MAX];
	unsigned long long start = 0;
	FILE *file;
	int i;

	snprintf(path, sizeof(path), "%s/resource", device_pci());
	file = fopen(path, "r");
	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	for (i = 0; i <= 4; i++)
		ck_assert_int_eq(fscanf(file, "%llx %*x %*x", &start), 1);
	fclose(file);
	return start || PAGE == 4096;
}

bool device_is_bound(void)
{
	char path[DEVICE_PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/driver", device_pci());
	return !stat(path, &st);
}

static const char *pci_name(void)
{
	return strrchr(device_pci(), '/') + 1;
}

void device_bind(void)
{
	ck_assert_msg(write_string(DRIVER "/bind", pci_name()), "bind: %s",
		      strerror(errno));
	ck_assert(wait_until(device_node() && !access(device_node(), F_OK), 2000));
}

void device_unbind(void)
{
	ck_assert_msg(write_string(DRIVER "/unbind", pci_name()), "unbind: %s",
		      strerror(errno));
}

static void write_pci(const char *file)
{
	char path[DEVICE_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", device_pci(), file);
	ck_assert_msg(write_string(path, "1"), "%s: %s", path, strerror(errno));
}

void device_reset(void)
{
	write_pci("reset");
}

void device_pci_remove(void)
{
	write_pci("remove");
}

void device_pci_rescan(void)
{
	ck_assert(write_string("/sys/bus/pci/rescan", "1"));
	ck_assert(wait_until(device_node() && !access(device_node(), F_OK), 2000));
}

int device_open(void)
{
	const char *node = device_node();

	require(node);
	return require_ok(open(node, O_RDWR));
}

struct device_usage device_usage(void)
{
	return (struct device_usage) {
		.queues_free = device_attribute("queues_free"),
		.pinned_pages = device_attribute("pinned_pages"),
		.mappings = device_attribute("mappings"),
	};
}

bool device_usage_becomes(const struct device_usage *want, int timeout_ms)
{
	struct device_usage now;

	return wait_until((now = device_usage(),
			   !memcmp(&now, want, sizeof(now))), timeout_ms);
}

void expect_usage(const struct device_usage *want)
{
	struct device_usage now = device_usage();

	ck_assert_int_eq(now.queues_free, want->queues_free);
	ck_assert_int_eq(now.pinned_pages, want->pinned_pages);
	ck_assert_int_eq(now.mappings, want->mappings);
}

static uint32_t modes_set;

void acc_set_modes(uint32_t modes)
{
	modes_set = modes;
}

uint32_t acc_modes(void)
{
	static const struct {
		const char *name;
		uint32_t mode;
	} modes[] = {
		{ "sva", HISI_ACC_MODE_SVA },
		{ "pasid", HISI_ACC_MODE_PASID },
		{ "dma", HISI_ACC_MODE_DMA },
	};
	const char *name = getenv("MODE");
	size_t i;

	if (modes_set)
		return modes_set;
	if (!name)
		return HISI_ACC_MODE_DMA;
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(name, modes[i].name))
			return modes[i].mode;
	require(!"a mode has this name");
	return 0;
}
