// SPDX-License-Identifier: MIT
/* The kernel: its version, options and boot arguments; the module; limits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

#define CAP_IPC_LOCK_BIT	14
/* What hisi-gzip takes at its best. */
#define LOCKED_ENOUGH		(UINT64_C(32) << 20)

static char release[128], machine[64], cmdline[4096];

/* ---- Boot arguments ---- */

/*
 * Arguments that are behind a reason: a name and one of its values, which may
 * be a list with commas.
 */
static const struct {
	uint32_t reason;
	const char *name, *value;
} guilty[] = {
	{ HISIACC_REASON_NO_IOMMU, "intel_iommu", "off" },
	{ HISIACC_REASON_NO_IOMMU, "amd_iommu", "off" },
	{ HISIACC_REASON_NO_IOMMU, "iommu", "off" },
	{ HISIACC_REASON_NO_IOMMU, "acpi", "off" },
	{ HISIACC_REASON_PASSTHROUGH, "iommu", "pt" },
	{ HISIACC_REASON_PASSTHROUGH, "iommu.passthrough", "1" },
	{ HISIACC_REASON_PASSTHROUGH, "iommu.passthrough", "y" },
	{ HISIACC_REASON_PASSTHROUGH, "iommu.passthrough", "on" },
	{ HISIACC_REASON_SHARED_MSI, "intremap", "off" },
	{ HISIACC_REASON_SHARED_MSI, "nointremap", NULL },
	{ HISIACC_REASON_NO_PASID, "intel_iommu", "sm_off" },
	{ HISIACC_REASON_NO_FAULTS, "pci", "noats" },
};

#define GUILTY	(sizeof(guilty) / sizeof(guilty[0]))

/* Is @value one of the words of a list with commas, which is @len long? */
static bool lists(const char *list, size_t len, const char *value)
{
	size_t n;

	for (;;) {
		n = strcspn(list, ",");
		if (n > len)
			n = len;
		if (strlen(value) == n && !memcmp(list, value, n))
			return true;
		if (n == len)
			return false;
		list += n + 1;
		len -= n + 1;
	}
}

static bool is_argument(const char *word, size_t len, unsigned int i)
{
	size_t name = strlen(guilty[i].name);

	if (len < name || memcmp(word, guilty[i].name, name))
		return false;
	if (!guilty[i].value)
		return len == name;
	return len > name && word[name] == '=' &&
	       lists(word + name + 1, len - name - 1, guilty[i].value);
}

const char *doc_guilty_argument(uint32_t reason)
{
	static char found[64];
	const char *word = cmdline;
	unsigned int i;
	size_t len;

	for (; *word; word += len + strspn(word + len, " ")) {
		len = strcspn(word, " ");
		for (i = 0; i < GUILTY; i++) {
			if (guilty[i].reason != reason ||
			    !is_argument(word, len, i))
				continue;
			snprintf(found, sizeof(found), "%.*s", (int)len, word);
			return found;
		}
	}
	return NULL;
}

/* Prints the arguments that have to do with it. */
static void print_arguments(void)
{
	static const char *const begins[] = {
		"iommu", "intel_iommu", "amd_iommu", "arm-smmu", "pci=",
		"intremap", "nointremap", "no5lvl", "acpi=",
	};
	const char *word = cmdline, *separator = "";
	unsigned int i;
	size_t len;

	printf("  boot arguments that matter: ");
	for (; *word; word += len + strspn(word + len, " ")) {
		len = strcspn(word, " ");
		for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
			if (!strncmp(word, begins[i], strlen(begins[i])))
				break;
		if (i == sizeof(begins) / sizeof(begins[0]))
			continue;
		printf("%s%.*s", separator, (int)len, word);
		separator = " ";
	}
	printf("%s\n", *separator ? "" : "none");
}

/* ---- Options ---- */

static void print_option(const char *path, const char *option)
{
	char key[64], value[16];

	snprintf(key, sizeof(key), "CONFIG_%s=", option);
	if (!doc_line(value, sizeof(value), key, path, release))
		strcpy(value, "no");
	printf(" %s=%s", option, value);
}

/* The options that the modes SVA and PASID need. */
static void print_options(void)
{
	static const char *const paths[] = {
		"/boot/config-%s", "/lib/modules/%s/config",
		"/lib/modules/%s/build/.config",
	};
	bool arm = !strcmp(machine, "aarch64");
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (doc_exists(paths[i], release))
			break;
	if (i == 3) {
		printf("  options: no file tells (/boot/config-%s)\n", release);
		return;
	}
	printf("  options:");
	print_option(paths[i], "PCI_PASID");
	print_option(paths[i], "PCI_PRI");
	print_option(paths[i], "IOMMU_SVA");
	print_option(paths[i], arm ? "ARM_SMMU_V3" : "INTEL_IOMMU");
	print_option(paths[i], arm ? "ARM_SMMU_V3_SVA" : "INTEL_IOMMU_SVM");
	printf("\n");
}

void doc_look_at_kernel(void)
{
	if (!doc_read(release, sizeof(release), "/proc/sys/kernel/osrelease"))
		strcpy(release, "?");
	if (!doc_read(machine, sizeof(machine), "/proc/sys/kernel/arch"))
		strcpy(machine, "?");
	doc_read(cmdline, sizeof(cmdline), "/proc/cmdline");
	printf("kernel: Linux %s %s\n", release, machine);
	print_arguments();
	print_options();
}

/* ---- Module ---- */

static bool installed(void)
{
	return doc_mentions("/hisi_acc.ko", "/lib/modules/%s/modules.dep",
			    release);
}

bool doc_look_at_module(void)
{
	char version[64];
	bool loaded = doc_exists("/sys/module/hisi_acc");

	if (!loaded)
		printf("module: hisi_acc is not loaded, and %sinstalled for "
		       "this kernel\n", installed() ? "" : "not ");
	else if (doc_read(version, sizeof(version),
			  "/sys/module/hisi_acc/version"))
		printf("module: hisi_acc %s is loaded\n", version);
	else
		printf("module: hisi_acc is loaded\n");
	printf("library: libhisiacc %s\n", hisiacc_version());
	return loaded;
}

const char *doc_module_cure(void)
{
	return installed() ? "modprobe hisi_acc" :
	       "make dkms-install in the source's folder, then modprobe "
	       "hisi_acc";
}

/* ---- Limits ---- */

static bool may_lock_all(void)
{
	char mask[32];

	return doc_line(mask, sizeof(mask), "CapEff:", "/proc/self/status") &&
	       strtoull(mask, NULL, 16) >> CAP_IPC_LOCK_BIT & 1;
}

/* Bytes of memory that may be locked, UINT64_MAX for any number. */
static uint64_t locked_limit(void)
{
	char text[128];
	char *end;
	uint64_t limit;

	if (may_lock_all() ||
	    !doc_line(text, sizeof(text), "Max locked memory",
		      "/proc/self/limits"))
		return UINT64_MAX;
	limit = strtoull(text, &end, 10);
	return end == text ? UINT64_MAX : limit;	/* "unlimited" */
}

bool doc_memory_is_short(void)
{
	return locked_limit() < LOCKED_ENOUGH;
}

void doc_look_at_limits(void)
{
	uint64_t limit = locked_limit();

	if (limit == UINT64_MAX)
		printf("limits: locked memory is not limited for this user\n");
	else
		printf("limits: %llu KiB of locked memory for this user; the "
		       "modes PASID and DMA lock memory\n",
		       (unsigned long long)limit >> 10);
}
