// SPDX-License-Identifier: MIT
/* Contexts: find, open, ask, close. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"
#include "sys.h"

#define DEVICE_DIR	"/dev/hisi_acc/"

/* ctx->use: acceptable modes above, number of queues and registrations below */
#define USE_MODES_SHIFT	24
#define USE_OBJECTS	((1u << USE_MODES_SHIFT) - 1)

_Static_assert(HISIACC_ENGINE_ZIP == HISI_ACC_ENGINE_ZIP &&
	       HISIACC_ENGINE_SEC == HISI_ACC_ENGINE_SEC &&
	       HISIACC_ENGINE_HPRE == HISI_ACC_ENGINE_HPRE, "engines");
_Static_assert(HISIACC_REASON_NONE == HISI_ACC_REASON_NONE &&
	       HISIACC_REASON_DRIVER == HISI_ACC_REASON_DRIVER &&
	       HISIACC_REASON_NO_IOMMU == HISI_ACC_REASON_NO_IOMMU &&
	       HISIACC_REASON_PASSTHROUGH == HISI_ACC_REASON_PASSTHROUGH &&
	       HISIACC_REASON_SHARED_GROUP == HISI_ACC_REASON_SHARED_GROUP &&
	       HISIACC_REASON_NOT_COHERENT == HISI_ACC_REASON_NOT_COHERENT &&
	       HISIACC_REASON_SHARED_MSI == HISI_ACC_REASON_SHARED_MSI &&
	       HISIACC_REASON_NO_PASID == HISI_ACC_REASON_NO_PASID &&
	       HISIACC_REASON_NO_FAULTS == HISI_ACC_REASON_NO_FAULTS &&
	       HISIACC_REASON_KERNEL_OPTION == HISI_ACC_REASON_KERNEL_OPTION &&
	       HISIACC_REASON_KERNEL_OLD == HISI_ACC_REASON_KERNEL_OLD &&
	       HISIACC_REASON_KERNEL_REFUSES ==
	       HISI_ACC_REASON_KERNEL_REFUSES &&
	       HISIACC_REASON_IOMMU == HISI_ACC_REASON_IOMMU &&
	       HISIACC_REASON_EXHAUSTED == HISI_ACC_REASON_EXHAUSTED &&
	       HISIACC_REASON_LIMIT == HISI_ACC_REASON_LIMIT &&
	       HISIACC_REASON_BUSY == HISI_ACC_REASON_BUSY &&
	       HISIACC_REASON_ADMIN == HISI_ACC_REASON_ADMIN, "reasons");
_Static_assert(sizeof(struct hisiacc_event) == sizeof(struct hisi_acc_event) &&
	       offsetof(struct hisiacc_event, queue) ==
	       offsetof(struct hisi_acc_event, handle) &&
	       offsetof(struct hisiacc_event, flags) ==
	       offsetof(struct hisi_acc_event, flags) &&
	       HISIACC_EVENT_COMPLETION == HISI_ACC_EVENT_COMPLETION &&
	       HISIACC_EVENT_STATE == HISI_ACC_EVENT_STATE, "events");

const char *hisiacc_version(void)
{
	return HISIACC_VERSION;
}

unsigned int hisiacc_api_level(void)
{
	return HISIACC_API_LEVEL;
}

int hisiacc_list(char (*names)[HISIACC_NAME_SIZE], unsigned int count)
{
	char (*found)[HISIACC_NAME_SIZE];
	unsigned int n;
	int err;

	err = hisiacc_sys_list(&found, &n);
	if (err)
		return err;
	if (count > n)
		count = n;
	if (count)
		memcpy(names, found, count * sizeof(*names));
	free(found);
	return (int)n;
}

static int query(const struct hisiacc_ctx *ctx, struct hisi_acc_query *arg)
{
	*arg = (struct hisi_acc_query){ .argsz = sizeof(*arg) };
	return hisiacc_sys_ioctl(ctx->fd, HISI_ACC_QUERY, arg);
}

/* What later calls rely on. */
static int check_query(const struct hisi_acc_query *arg)
{
	if (arg->out_uapi_version != HISI_ACC_UAPI_VERSION ||
	    arg->out_status_size < sizeof(struct hisi_acc_status) ||
	    arg->out_cqe_size != sizeof(struct hisi_qm_cqe))
		return -EPROTO;
	if (arg->out_engine == HISI_ACC_ENGINE_ZIP &&
	    arg->out_sqe_size != sizeof(struct hisi_zip_sqe))
		return -EPROTO;
	/* A bit for each registration, within the page. */
	if (arg->out_features & HISI_ACC_FEATURE_WATCH &&
	    (arg->out_stale_offset % 4 ||
	     arg->out_stale_offset > arg->out_status_size ||
	     (arg->out_status_size - arg->out_stale_offset) / 4 <
	     arg->out_mems_max / 32 + !!(arg->out_mems_max % 32)))
		return -EPROTO;
	return 0;
}

static int set_name(struct hisiacc_ctx *ctx, const char *name, char *path,
		    size_t path_size)
{
	const char *base = strrchr(name, '/');
	int n;

	if (base && *name != '/')
		return -EINVAL;
	n = snprintf(path, path_size, "%s%s", base ? "" : DEVICE_DIR, name);
	if (n < 0 || (size_t)n >= path_size)
		return -EINVAL;
	base = base ? base + 1 : name;
	if (!*base || strlen(base) >= sizeof(ctx->name))
		return -EINVAL;
	strcpy(ctx->name, base);
	return 0;
}

int hisiacc_open(const char *name, struct hisiacc_ctx **out)
{
	struct hisi_acc_query arg;
	struct hisiacc_ctx *ctx;
	char path[256];
	void *status;
	int err;

	*out = NULL;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	err = set_name(ctx, name, path, sizeof(path));
	if (err)
		goto free_ctx;
	ctx->fd = hisiacc_sys_open(path);
	if (ctx->fd < 0) {
		err = ctx->fd;
		goto free_ctx;
	}
	err = query(ctx, &arg);
	if (!err)
		err = check_query(&arg);
	if (err) {
		if (err == -ENOTTY)
			err = -EPROTO;
		goto close_fd;
	}
	err = hisiacc_sys_map(ctx->fd, arg.out_status_key, arg.out_status_size,
			      PROT_READ, &status);
	if (err)
		goto close_fd;
	ctx->status = status;
	ctx->status_size = arg.out_status_size;
	ctx->engine = arg.out_engine;
	ctx->sqe_size = arg.out_sqe_size;
	ctx->algs = arg.out_algs;
	ctx->features = arg.out_features;
	ctx->mems_max = arg.out_mems_max;
	if (ctx->features & HISI_ACC_FEATURE_WATCH)
		ctx->stale = (const volatile uint32_t *)
			((const char *)status + arg.out_stale_offset);
	hisiacc_cache_init(ctx);
	ctx->use = HISIACC_MODES_ALL << USE_MODES_SHIFT;
	if (ctx->engine == HISIACC_ENGINE_ZIP)
		ctx->zip = arg.out_hw_version < 3 ? &hisiacc_zip_hw_v2 :
			   &hisiacc_zip_hw_v3;
	*out = ctx;
	return 0;

close_fd:
	hisiacc_sys_close(ctx->fd);
free_ctx:
	free(ctx);
	return err;
}

/* Those that nothing is in the way of. */
static uint32_t modes_now(const struct hisi_acc_query *arg)
{
	return arg->out_modes &
	       ((arg->out_sva_reason ? 0 : HISI_ACC_MODE_SVA) |
		(arg->out_pasid_reason ? 0 : HISI_ACC_MODE_PASID) |
		(arg->out_dma_reason ? 0 : HISI_ACC_MODE_DMA));
}

/* 0 or why not; other engines' devices give -ENODEV. */
static int check_usable(struct hisiacc_ctx *ctx, enum hisiacc_engine engine)
{
	struct hisi_acc_query arg;
	int err;

	if (ctx->engine != (uint32_t)engine)
		return -ENODEV;
	err = query(ctx, &arg);
	if (err)
		return err;
	if (!arg.out_modes)
		return -EOPNOTSUPP;
	if (!arg.out_queues_free)
		return -ENOSPC;
	return modes_now(&arg) ? 0 : -EBUSY;
}

int hisiacc_open_engine(enum hisiacc_engine engine, struct hisiacc_ctx **out)
{
	char (*names)[HISIACC_NAME_SIZE];
	int err, last = -ENODEV;
	unsigned int i, n;

	*out = NULL;
	err = hisiacc_sys_list(&names, &n);
	if (err)
		return err;
	for (i = 0; i < n && !*out; i++) {
		err = hisiacc_open(names[i], out);
		if (!err) {
			err = check_usable(*out, engine);
			if (err) {
				hisiacc_close(*out);
				*out = NULL;
			}
		}
		if (err && err != -ENODEV)
			last = err;
	}
	free(names);
	return *out ? 0 : last;
}

void hisiacc_close(struct hisiacc_ctx *ctx)
{
	if (!ctx)
		return;
	hisiacc_cache_fini(ctx);
	hisiacc_sys_unmap((void *)(uintptr_t)ctx->status, ctx->status_size);
	hisiacc_sys_close(ctx->fd);
	free(ctx);
}

/* ---- Memory modes ---- */

int hisiacc_ctx_set_modes(struct hisiacc_ctx *ctx, uint32_t modes)
{
	uint32_t use = __atomic_load_n(&ctx->use, __ATOMIC_RELAXED);

	if (modes & ~HISIACC_MODES_ALL)
		return -EOPNOTSUPP;
	if (!modes)
		modes = HISIACC_MODES_ALL;
	do {
		if (use & USE_OBJECTS)
			return -EBUSY;
	} while (!__atomic_compare_exchange_n(&ctx->use, &use,
					      modes << USE_MODES_SHIFT, false,
					      __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return 0;
}

uint32_t hisiacc_ctx_hold(struct hisiacc_ctx *ctx)
{
	return __atomic_fetch_add(&ctx->use, 1, __ATOMIC_RELAXED) >>
	       USE_MODES_SHIFT;
}

void hisiacc_ctx_release(struct hisiacc_ctx *ctx)
{
	uint32_t use = __atomic_fetch_sub(&ctx->use, 1, __ATOMIC_RELAXED);

	/* What the cache holds is not to be seen: it must not hold the mode. */
	if ((use & USE_OBJECTS) == 1)
		(void)hisiacc_ctx_cache_flush(ctx);
}

int hisiacc_ctx_fork_safe(const struct hisiacc_ctx *ctx)
{
	return !!(ctx->features & HISI_ACC_FEATURE_FORK_SAFE);
}

/* ---- Questions ---- */

int hisiacc_ctx_info(struct hisiacc_ctx *ctx, struct hisiacc_ctx_info *info)
{
	struct hisi_acc_query arg;
	int err;

	if (info->size < sizeof(*info))
		return -EINVAL;
	err = query(ctx, &arg);
	if (err)
		return err;
	*info = (struct hisiacc_ctx_info){
		.size = sizeof(*info),
		.engine = arg.out_engine,
		.hw_version = arg.out_hw_version,
		.modes = arg.out_modes,
		.sva_reason = arg.out_sva_reason,
		.pasid_reason = arg.out_pasid_reason,
		.dma_reason = arg.out_dma_reason,
		.queues = arg.out_queues,
		.queues_free = arg.out_queues_free,
		.queues_max = arg.out_queues_max,
		.depth_min = arg.out_depth_min,
		.depth_max = arg.out_depth_max,
		.mems_max = arg.out_mems_max,
		.uapi_version = arg.out_uapi_version,
		.mem_size_max = arg.out_mem_size_max,
		.algs = arg.out_algs,
	};
	return 0;
}

const char *hisiacc_ctx_name(const struct hisiacc_ctx *ctx)
{
	return ctx->name;
}

int hisiacc_ctx_fd(const struct hisiacc_ctx *ctx)
{
	return ctx->fd;
}

int hisiacc_ctx_events(struct hisiacc_ctx *ctx, struct hisiacc_event *events,
		       unsigned int count)
{
	int n;

	if (!count)
		return -EINVAL;
	n = hisiacc_sys_read(ctx->fd, events, count * sizeof(*events));
	if (n == -EAGAIN)
		return 0;
	return n < 0 ? n : n / (int)sizeof(*events);
}

enum hisiacc_state hisiacc_ctx_state(const struct hisiacc_ctx *ctx)
{
	return (enum hisiacc_state)hisiacc_status_word(&ctx->status->state);
}

uint32_t hisiacc_ctx_reset_generation(const struct hisiacc_ctx *ctx)
{
	return hisiacc_status_word(&ctx->status->reset_generation);
}
