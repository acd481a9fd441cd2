// SPDX-License-Identifier: MIT
/* Numbers to words. */
#include "hisiacc.h"

#define TEXT(table, value, otherwise) \
	((value) < sizeof(table) / sizeof((table)[0]) && (table)[value] ? \
	 (table)[value] : (otherwise))

const char *hisiacc_reason_text(unsigned int reason)
{
	static const char *const text[] = {
		[HISIACC_REASON_NONE] = "the mode can be had",
		[HISIACC_REASON_DRIVER] =
			"this release of the driver does not offer the mode",
		[HISIACC_REASON_NO_IOMMU] =
			"no IOMMU translates addresses for the device",
		[HISIACC_REASON_PASSTHROUGH] =
			"the IOMMU passes the device's addresses through untranslated",
		[HISIACC_REASON_SHARED_GROUP] =
			"the device's IOMMU group holds other devices",
		[HISIACC_REASON_NOT_COHERENT] =
			"the device does not see what is in the CPU's caches",
		[HISIACC_REASON_SHARED_MSI] =
			"the device could raise interrupts that are not its own",
		[HISIACC_REASON_NO_PASID] =
			"the device or its IOMMU cannot tell address spaces apart "
			"(no PASID)",
		[HISIACC_REASON_NO_FAULTS] =
			"page faults of the device cannot be served (neither PRI "
			"nor stall)",
		[HISIACC_REASON_KERNEL_OPTION] =
			"the kernel was built without an option that the mode needs",
		[HISIACC_REASON_KERNEL_OLD] =
			"the kernel is too old for the mode",
		[HISIACC_REASON_KERNEL_REFUSES] =
			"the kernel has the mode, but switched off",
		[HISIACC_REASON_IOMMU] =
			"the driver of the IOMMU does not agree",
		[HISIACC_REASON_EXHAUSTED] =
			"all PASIDs are in use at the moment",
		[HISIACC_REASON_LIMIT] =
			"the user has as much of the device as a user may have",
		[HISIACC_REASON_BUSY] =
			"the device is in use in another mode, or by another user",
		[HISIACC_REASON_ADMIN] =
			"the administrator has switched the mode off",
	};

	return TEXT(text, reason, "a reason that this library does not know");
}

const char *hisiacc_reason_cure(unsigned int reason)
{
	static const char *const text[] = {
		[HISIACC_REASON_NONE] = "nothing needs to be done",
		[HISIACC_REASON_DRIVER] =
			"use another mode, or a release of the driver that has it",
		[HISIACC_REASON_NO_IOMMU] =
			"switch the IOMMU (SMMU) on in the firmware settings, "
			"and boot without arguments that disable it",
		[HISIACC_REASON_PASSTHROUGH] =
			"boot with iommu.passthrough=0, or unbind the driver, write "
			"DMA to the type file of the device's iommu_group in "
			"sysfs, and bind it again",
		[HISIACC_REASON_SHARED_GROUP] =
			"use a function that is alone in its group, such as an "
			"SR-IOV virtual function on a path with access control (ACS)",
		[HISIACC_REASON_NOT_COHERENT] =
			"have the firmware declare the device cache coherent",
		[HISIACC_REASON_SHARED_MSI] =
			"switch interrupt remapping on: in the firmware settings, "
			"and boot without intremap=off",
		[HISIACC_REASON_NO_PASID] =
			"have the firmware switch on and announce PASIDs for the "
			"device (Arm: in the IORT table), and boot an x86 machine "
			"with intel_iommu=on,sm_on; DMA mode does without",
		[HISIACC_REASON_NO_FAULTS] =
			"switch on PRI and ATS in the firmware settings and boot "
			"without pci=noats (Arm: the SMMU has to support stall); "
			"PASID mode does without",
		[HISIACC_REASON_KERNEL_OPTION] =
			"boot a kernel with CONFIG_PCI_PASID, for SVA with "
			"CONFIG_IOMMU_SVA, too (Arm: CONFIG_ARM_SMMU_V3_SVA, x86: "
			"CONFIG_INTEL_IOMMU_SVM)",
		[HISIACC_REASON_KERNEL_OLD] =
			"boot Linux 6.12 or newer",
		[HISIACC_REASON_KERNEL_REFUSES] =
			"boot another kernel: on x86, those with the first answer "
			"to CVE-2025-71089 refuse SVA (Debian's 6.1 from 6.1.164 on "
			"and its 6.12 from 6.12.69 on), and 7.x grants it again; "
			"PASID mode does without, from 6.12 on",
		[HISIACC_REASON_IOMMU] =
			"look for the IOMMU in the kernel's log, and update the "
			"firmware; boot x86 machines with intel_iommu=on,sm_on, and "
			"with no5lvl if the log tells of an incompatible paging mode",
		[HISIACC_REASON_EXHAUSTED] =
			"end programs that use devices behind the same IOMMU, or "
			"use DMA mode meanwhile",
		[HISIACC_REASON_LIMIT] =
			"end other programs of this user, or raise the limit in "
			"/sys/class/hisi_acc/<device>/user_pasids_max (0 is none)",
		[HISIACC_REASON_BUSY] =
			"wait for the other program to end, or use another device; "
			"to keep programs from DMA mode, which takes the device "
			"for one alone, write \"sva pasid\" to "
			"/sys/class/hisi_acc/<device>/modes; to let users share "
			"version 2 hardware, write \"any\" to the file share there",
		[HISIACC_REASON_ADMIN] =
			"write \"sva pasid dma\", or those of them that are welcome, "
			"to /sys/class/hisi_acc/<device>/modes",
	};

	return TEXT(text, reason, "use a newer release of this library");
}

const char *hisiacc_status_text(unsigned int status)
{
	static const char *const text[] = {
		[HISIACC_STATUS_OK] = "done",
		[HISIACC_STATUS_END] = "done, and the end of the stream",
		[HISIACC_STATUS_DST_FULL] = "the destination is too small",
		[HISIACC_STATUS_DATA_ERROR] =
			"the data is damaged, or the device refused the request",
		[HISIACC_STATUS_CHECKSUM] = "the checksum of the data is wrong",
		[HISIACC_STATUS_TRUNCATED] = "the data ends too early",
		[HISIACC_STATUS_CANCELLED] = "cancelled",
		[HISIACC_STATUS_UNKNOWN] =
			"the queue failed before the request was done",
	};

	return TEXT(text, status, "a status that this library does not know");
}

const char *hisiacc_state_text(unsigned int state)
{
	static const char *const text[] = {
		[HISIACC_STATE_RUNNING] = "running",
		[HISIACC_STATE_STOPPED] = "stopped",
		[HISIACC_STATE_ERROR] = "error",
		[HISIACC_STATE_RESETTING] = "resetting",
		[HISIACC_STATE_GONE] = "gone",
	};

	return TEXT(text, state, "unknown");
}

const char *hisiacc_mode_text(unsigned int mode)
{
	static const char *const text[] = {
		[0] = "none",
		[HISIACC_MODE_SVA] = "SVA",
		[HISIACC_MODE_PASID] = "PASID",
		[HISIACC_MODE_DMA] = "DMA",
	};

	return TEXT(text, mode, "unknown");
}

const char *hisiacc_engine_text(unsigned int engine)
{
	static const char *const text[] = {
		[HISIACC_ENGINE_ZIP] = "ZIP",
		[HISIACC_ENGINE_SEC] = "SEC",
		[HISIACC_ENGINE_HPRE] = "HPRE",
	};

	return TEXT(text, engine, "unknown");
}
