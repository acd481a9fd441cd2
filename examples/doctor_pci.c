// SPDX-License-Identifier: MIT
/* The PCI functions: who drives them, and what the IOMMU makes of them. */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

#define DEVICES		"/sys/bus/pci/devices"
#define VENDOR		"0x19e5"

#define CONFIG_SIZE	4096
#define CAP_ATS		0x0f
#define CAP_PRI		0x13
#define CAP_PASID	0x1b

/* Bits of Intel's extended capability register. */
#define ECAP_PRS	29	/* page requests */
#define ECAP_PASID	40
#define ECAP_SMTS	43	/* scalable mode */

/* @ours: this release of the module drives it. */
static const struct kind {
	const char *device, *text;
	bool ours;
} kinds[] = {
	{ "0xa250", "ZIP", true },
	{ "0xa251", "ZIP, virtual function", false },
	{ "0xa255", "SEC", false },
	{ "0xa256", "SEC, virtual function", false },
	{ "0xa258", "HPRE", false },
	{ "0xa259", "HPRE, virtual function", false },
};

static const struct kind *kind_of(const char *name)
{
	char id[16];
	unsigned int i;

	if (!doc_read(id, sizeof(id), DEVICES "/%s/vendor", name) ||
	    strcmp(id, VENDOR) ||
	    !doc_read(id, sizeof(id), DEVICES "/%s/device", name))
		return NULL;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(id, kinds[i].device))
			return &kinds[i];
	return NULL;
}

/* ---- Configuration space ---- */

static uint32_t word(const uint8_t *config, unsigned int at)
{
	uint32_t v;

	memcpy(&v, config + at, sizeof(v));
	return le32toh(v);
}

/* Where an extended capability is, or 0. */
static unsigned int find_cap(const uint8_t *config, unsigned int id)
{
	unsigned int at = 0x100, left = CONFIG_SIZE / 8;
	uint32_t header;

	while (left-- && at >= 0x100 && at <= CONFIG_SIZE - 8) {
		header = word(config, at);
		if (!header)
			return 0;
		if ((header & 0xffff) == id)
			return at;
		at = header >> 20 & 0xffc;
	}
	return 0;
}

/* @offset, @bit: where the capability is turned on. */
static void print_cap(const uint8_t *config, const char *text, unsigned int id,
		      unsigned int offset, unsigned int bit)
{
	unsigned int at = find_cap(config, id);

	printf("%s %s", text, !at ? "missing" :
	       word(config, at + offset) >> bit & 1 ? "on" : "there, but off");
}

/* A virtual function has the PASIDs and page requests of its physical one. */
static void print_caps(const char *name)
{
	static uint8_t own[CONFIG_SIZE], shared[CONFIG_SIZE];
	size_t n = doc_bytes(own, sizeof(own), DEVICES "/%s/config", name);

	if (doc_exists(DEVICES "/%s/physfn", name))
		n = doc_bytes(shared, sizeof(shared),
			      DEVICES "/%s/physfn/config", name);
	else
		memcpy(shared, own, sizeof(shared));
	if (n < CONFIG_SIZE) {
		printf("  capabilities: %s\n", n <= 64 ?
		       "for root's eyes only" : "none, this is not PCI Express");
		return;
	}
	printf("  capabilities: ");
	print_cap(shared, "PASID", CAP_PASID, 4, 16);
	print_cap(own, ", ATS", CAP_ATS, 4, 31);
	print_cap(shared, ", PRI", CAP_PRI, 4, 0);
	printf("\n");
}

/* ---- IOMMU ---- */

struct group {
	char number[16], type[32];
	unsigned int others;		/* devices besides this one */
};

static bool group_of(const char *name, struct group *group)
{
	char (*names)[DOC_NAME];
	unsigned int n;

	if (!doc_link(group->number, sizeof(group->number),
		      DEVICES "/%s/iommu_group", name))
		return false;
	n = doc_list(&names, "/sys/kernel/iommu_groups/%s/devices",
		     group->number);
	free(names);
	group->others = n ? n - 1 : 0;
	if (!doc_read(group->type, sizeof(group->type),
		      "/sys/kernel/iommu_groups/%s/type", group->number))
		strcpy(group->type, "of unknown type");
	return true;
}

/* What Intel's IOMMUs say of themselves; others keep it to themselves. */
static void print_abilities(const char *iommu)
{
	char text[32];
	uint64_t ecap;

	if (!doc_read(text, sizeof(text), "/sys/class/iommu/%s/intel-iommu/ecap",
		      iommu))
		return;
	ecap = strtoull(text, NULL, 16);
	printf("  %s: scalable mode %s, PASID %s, page requests %s\n", iommu,
	       ecap >> ECAP_SMTS & 1 ? "yes" : "no",
	       ecap >> ECAP_PASID & 1 ? "yes" : "no",
	       ecap >> ECAP_PRS & 1 ? "yes" : "no");
}

/* Prints what is known; why no program can use the function, if that is sure. */
static uint32_t look_at_iommu(const char *name)
{
	struct group group;
	char iommu[DOC_NAME];

	if (!group_of(name, &group)) {
		printf("  IOMMU: none translates for it\n");
		return HISIACC_REASON_NO_IOMMU;
	}
	if (!doc_link(iommu, sizeof(iommu), DEVICES "/%s/iommu", name))
		strcpy(iommu, "of unknown name");
	printf("  IOMMU: %s; group %s, with %u more; domain %s\n", iommu,
	       group.number, group.others, group.type);
	print_abilities(iommu);
	if (!strcmp(group.type, "identity"))
		return HISIACC_REASON_PASSTHROUGH;
	return group.others ? HISIACC_REASON_SHARED_GROUP : HISIACC_REASON_NONE;
}

/* ---- Drivers ---- */

static void find_driver(const char *name, const char *driver)
{
	char cure[512], override[DOC_NAME];

	if (*driver) {
		snprintf(cure, sizeof(cure), "if it is to be had by programs: cd "
			 DEVICES "/%s; echo hisi_acc >driver_override; echo %s "
			 ">driver/unbind; echo %s >/sys/bus/pci/drivers_probe",
			 name, name, name);
		doc_find(DOC_TAKEN, name, cure, "the driver %s has it", driver);
		return;
	}
	snprintf(cure, sizeof(cure),
		 "look for it in the kernel's log, then echo %s "
		 ">/sys/bus/pci/drivers_probe", name);
	if (doc_read(override, sizeof(override), DEVICES "/%s/driver_override",
		     name) && strcmp(override, "(null)") &&
	    strcmp(override, "hisi_acc"))
		snprintf(cure, sizeof(cure), "cd " DEVICES "/%s; echo hisi_acc "
			 ">driver_override; echo %s >/sys/bus/pci/drivers_probe",
			 name, name);
	doc_find(DOC_DRIVER, name, cure, "no driver has it");
}

static void look_at(const char *name, const struct kind *kind, bool loaded)
{
	char driver[DOC_NAME], revision[16], (*nodes)[DOC_NAME];
	uint32_t reason;
	bool bound;

	doc_link(driver, sizeof(driver), DEVICES "/%s/driver", name);
	doc_read(revision, sizeof(revision), DEVICES "/%s/revision", name);
	bound = !strcmp(driver, "hisi_acc");
	printf("%s: %s, revision %s, driver %s", name, kind->text, revision,
	       *driver ? driver : "none");
	if (bound && doc_list(&nodes, DEVICES "/%s/hisi_acc", name)) {
		printf(", device %s", nodes[0]);
		free(nodes);
	}
	printf("%s\n", kind->ours || bound ? "" :
	       "; this release of hisi_acc does not drive it");
	reason = look_at_iommu(name);
	print_caps(name);
	if (bound || !kind->ours)
		return;
	/* Where the module has the function it knows better. */
	if (reason)
		doc_find_reason(DOC_IOMMU, name, reason);
	if (loaded || *driver)
		find_driver(name, driver);
}

unsigned int doc_look_at_functions(bool loaded)
{
	char (*names)[DOC_NAME];
	unsigned int i, n = doc_list(&names, DEVICES), count = 0;
	const struct kind *kind;

	for (i = 0; i < n; i++) {
		kind = kind_of(names[i]);
		if (!kind)
			continue;
		count++;
		look_at(names[i], kind, loaded);
	}
	free(names);
	return count;
}
