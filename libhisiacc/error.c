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
