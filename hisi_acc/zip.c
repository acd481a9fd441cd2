// SPDX-License-Identifier: GPL-2.0
/*
 * ZIP engine: its registers and capabilities (tests/qemu/spec.rst, "ZIP
 * registers" and "ZIP bring-up"). Requests are user space's business.
 */
#include <linux/bitfield.h>
#include <linux/iopoll.h>

#include "uapi/hisi_acc.h"
#include "qm.h"

#define ZIP_CLOCK_GATE		0x301004
#define   ZIP_CLOCK_DECOMP_CHECK	BIT(16)
#define   ZIP_CLOCK_GATES_V3		0x2000ff00
#define ZIP_CONTROL		0x30100c
#define   ZIP_AXI_SHUTDOWN		BIT(14)
#define ZIP_PORT_ARCACHE_0	0x301040
#define ZIP_PORT_ARCACHE_1	0x301044
#define ZIP_PORT_AWCACHE_0	0x301060
#define ZIP_PORT_AWCACHE_1	0x301064
#define ZIP_ERR_SOURCE		0x3010a0
#define ZIP_ERR_MASK		0x3010a4
#define ZIP_ERR_STATUS		0x3010ac
#define ZIP_BD_RUSER		0x301110
#define ZIP_SGL_RUSER		0x30111c
#define ZIP_DATA_RUSER		0x301128
#define ZIP_DATA_WUSER		0x301134
#define ZIP_BD_WUSER		0x301140
#define ZIP_RAS_CE_ENABLE	0x301160
#define ZIP_RAS_NFE_ENABLE	0x301164
#define ZIP_RAS_FE_ENABLE	0x301168
#define ZIP_AUTO_GATE		0x3011a8
#define ZIP_PREFETCH_CFG	0x3011b0
#define   ZIP_PREFETCH_OFF		BIT(26)
#define   ZIP_PREFETCH_CLEAR		(BIT(26) | BIT(17) | BIT(0))
#define ZIP_PREFETCH_STATE	0x3011c4
#define   ZIP_PREFETCH_BUSY		GENMASK(18, 16)
#define ZIP_LIT_LEN		0x301204
#define   ZIP_LIT_LEN_BIT		BIT(4)
#define ZIP_HIGH_PERF		0x301208
#define ZIP_SHUTDOWN_SEL	0x30120c

#define ZIP_CAP_CORES		0x3140
#define   ZIP_CAP_COMP_CORES		GENMASK(15, 0)
#define   ZIP_CAP_DECOMP_CORES		GENMASK(31, 16)
#define ZIP_CAP_ALGS		0x3148

#define ZIP_CORES_V2		0x00fc0003
#define ZIP_CORES_V3		0x001c0003
#define ZIP_ALGS_V2		0xf
#define ZIP_ALGS_V3		0x3f

#define ZIP_QM_CACHE		0x1833		/* context caches and write-back */

#define PREFETCH_POLL_US	10
#define PREFETCH_TIMEOUT_US	(100 * USEC_PER_MSEC)
#define PREFETCH_QUIET_READS	3

static u32 zip_cap(struct hisi_acc_qm *qm, u32 offset, u32 v2, u32 v3)
{
	if (!qm->version->has_caps)
		return v2;
	if (!FIELD_GET(QM_CAP_VERSION, qm->features))
		return v3;
	return hisi_acc_qm_read(qm, offset);
}

static u32 zip_algs(struct hisi_acc_qm *qm)
{
	return zip_cap(qm, ZIP_CAP_ALGS, ZIP_ALGS_V2, ZIP_ALGS_V3);
}

static void zip_prefetch_close(struct hisi_acc_qm *qm)
{
	hisi_acc_qm_update(qm, ZIP_PREFETCH_CFG, 0, ZIP_PREFETCH_OFF);
}

/* The translation prefetcher is ready after several quiet reads in a row. */
static void zip_prefetch_open(struct hisi_acc_qm *qm)
{
	int quiet = 0, left = PREFETCH_TIMEOUT_US / PREFETCH_POLL_US;
	u32 val;
	int ret;

	hisi_acc_qm_update(qm, ZIP_PREFETCH_CFG, ZIP_PREFETCH_CLEAR, 0);
	ret = readl_poll_timeout(qm->regs + ZIP_PREFETCH_CFG, val,
				 !(val & ZIP_PREFETCH_OFF), 1,
				 PREFETCH_TIMEOUT_US);
	while (!ret && quiet < PREFETCH_QUIET_READS && left--) {
		val = hisi_acc_qm_read(qm, ZIP_PREFETCH_STATE);
		quiet = val & ZIP_PREFETCH_BUSY ? 0 : quiet + 1;
		usleep_range(PREFETCH_POLL_US, 2 * PREFETCH_POLL_US);
	}
	if (ret || quiet < PREFETCH_QUIET_READS) {
		dev_warn(qm->dev, "translation prefetch stays off\n");
		zip_prefetch_close(qm);
	}
}

static void zip_set_data_user(struct hisi_acc_qm *qm)
{
	u32 user = hisi_acc_qm_data_user(qm);

	hisi_acc_qm_write(qm, ZIP_DATA_RUSER, user);
	hisi_acc_qm_write(qm, ZIP_DATA_WUSER, user);
	hisi_acc_qm_write(qm, ZIP_SGL_RUSER, user);
}

static int zip_init(struct hisi_acc_qm *qm)
{
	u32 cores = zip_cap(qm, ZIP_CAP_CORES, ZIP_CORES_V2, ZIP_CORES_V3);

	hisi_acc_qm_write(qm, ZIP_PORT_ARCACHE_0, ~0);
	hisi_acc_qm_write(qm, ZIP_PORT_ARCACHE_1, ~0);
	hisi_acc_qm_write(qm, ZIP_PORT_AWCACHE_0, ~0);
	hisi_acc_qm_write(qm, ZIP_PORT_AWCACHE_1, ~0);
	hisi_acc_qm_write(qm, ZIP_BD_RUSER, QM_AXUSER);
	hisi_acc_qm_write(qm, ZIP_BD_WUSER, QM_AXUSER);
	zip_set_data_user(qm);
	if (qm->features & QM_CAP_PREFETCH)
		zip_prefetch_open(qm);
	hisi_acc_qm_write(qm, ZIP_CLOCK_GATE, ZIP_CLOCK_DECOMP_CHECK |
			  FIELD_GET(ZIP_CAP_DECOMP_CORES, cores) |
			  FIELD_GET(ZIP_CAP_COMP_CORES, cores));
	hisi_acc_qm_write(qm, QM_CACHE_CTL, ZIP_QM_CACHE);
	hisi_acc_qm_update(qm, ZIP_HIGH_PERF, BIT(0), 0);
	if (qm->version->has_caps) {
		hisi_acc_qm_update(qm, ZIP_LIT_LEN, ZIP_LIT_LEN_BIT, 0);
		hisi_acc_qm_update(qm, ZIP_CLOCK_GATE, 0, ZIP_CLOCK_GATES_V3);
		hisi_acc_qm_update(qm, ZIP_AUTO_GATE, 0, BIT(0));
	}
	return 0;
}

static void zip_errors_enable(struct hisi_acc_qm *qm)
{
	const struct hisi_acc_errors *e = &qm->engine_errors;

	hisi_acc_qm_write(qm, ZIP_ERR_SOURCE, ~0);
	hisi_acc_qm_write(qm, ZIP_RAS_CE_ENABLE, e->ce);
	hisi_acc_qm_write(qm, ZIP_RAS_FE_ENABLE, 0);
	hisi_acc_qm_write(qm, ZIP_RAS_NFE_ENABLE, e->nfe);
	if (qm->version->has_caps)
		hisi_acc_qm_write(qm, ZIP_SHUTDOWN_SEL, e->shutdown);
	hisi_acc_qm_update(qm, ZIP_CONTROL, 0, ZIP_AXI_SHUTDOWN);
	hisi_acc_qm_write(qm, ZIP_ERR_MASK, ~(e->ce | e->nfe));
}

static void zip_errors_disable(struct hisi_acc_qm *qm)
{
	hisi_acc_qm_write(qm, ZIP_ERR_MASK, ~0);
	if (qm->version->has_caps)
		hisi_acc_qm_write(qm, ZIP_SHUTDOWN_SEL, 0);
	hisi_acc_qm_update(qm, ZIP_CONTROL, ZIP_AXI_SHUTDOWN, 0);
}

static u32 zip_errors_pending(struct hisi_acc_qm *qm)
{
	return hisi_acc_qm_read(qm, ZIP_ERR_STATUS);
}

static void zip_errors_clear(struct hisi_acc_qm *qm, u32 errors)
{
	hisi_acc_qm_write(qm, ZIP_ERR_SOURCE, errors);
	/* firmware may have turned the report of a handled error off */
	hisi_acc_qm_write(qm, ZIP_RAS_NFE_ENABLE, qm->engine_errors.nfe);
	hisi_acc_qm_write(qm, ZIP_RAS_CE_ENABLE, qm->engine_errors.ce);
}

const struct hisi_acc_engine hisi_acc_zip = {
	.name = "zip",
	.id = HISI_ACC_ENGINE_ZIP,
	.queue_types = 2,
	.sqe_log2 = 7,
	.shaper = 0x400232ee,
	.qm_errors_v2 = { .nfe = 0x1c57, .ce = 0x8, .reset = 0xc57,
			  .shutdown = 0x4 },
	.errors_v2 = { .nfe = 0x7fe, .ce = 0x1, .reset = 0x7fe,
		       .shutdown = 0x2 },
	.qm_errors_v3 = { .nfe = 0x7c77, .ce = 0x8, .reset = 0x6c77,
			  .shutdown = 0x6c77 },
	.errors_v3 = { .nfe = 0x1ffe, .ce = 0x1, .reset = 0x7fe,
		       .shutdown = 0x7fe },
	.algs = zip_algs,
	.init = zip_init,
	.set_data_user = zip_set_data_user,
	.errors_enable = zip_errors_enable,
	.errors_disable = zip_errors_disable,
	.errors_pending = zip_errors_pending,
	.errors_clear = zip_errors_clear,
};
