// SPDX-License-Identifier: GPL-2.0
/* Binding of a context: choose a mode, have it, give it back. */
#include <linux/iommu.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>

#include "ctx.h"
#include "dev.h"
#include "space.h"

void hisi_acc_space_init(struct hisi_acc_space *space)
{
	mutex_init(&space->lock);
	mutex_init(&space->blocks_lock);
	space->blocks = RB_ROOT_CACHED;
}

void hisi_acc_space_fini(struct hisi_acc_space *space)
{
	mutex_destroy(&space->blocks_lock);
	mutex_destroy(&space->lock);
}

static int bind_sva(struct hisi_acc_ctx *ctx)
{
	struct hisi_acc_space *space = &ctx->space;
	struct iommu_sva *sva;

	sva = iommu_sva_bind_device(ctx->dev->qm.dev, ctx->mm);
	if (IS_ERR(sva))
		return PTR_ERR(sva);
	space->pasid = iommu_sva_get_pasid(sva);
	/* a queue's context has 16 bits for it */
	if (!space->pasid || space->pasid > U16_MAX) {
		iommu_sva_unbind_device(sva);
		space->pasid = 0;
		return -ENOSPC;
	}
	space->sva = sva;
	return 0;
}

/*
 * The IOMMU driver warns when an address space ends while it is unbound: it is
 * either kept alive meanwhile, or has told everybody of its end before.
 */
static void unbind_sva(struct hisi_acc_ctx *ctx)
{
	bool alive = mmget_not_zero(ctx->mm);

	if (!alive) {
		wait_for_completion(&ctx->mm_ends);
		mmu_notifier_synchronize();
	}
	iommu_sva_unbind_device(ctx->space.sva);
	ctx->space.sva = NULL;
	/* not here: what the last user has to do may want the locks held now */
	if (alive)
		mmput_async(ctx->mm);
}

static int bind_private(struct hisi_acc_ctx *ctx)
{
	struct hisi_acc_space *space = &ctx->space;
	struct device *dev = ctx->dev->qm.dev;
	struct iommu_domain *domain;
	ioasid_t pasid;
	int ret;

	domain = hisi_acc_iommu_domain_alloc(dev);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	pasid = hisi_acc_iommu_pasid_alloc(dev);
	if (!pasid || pasid > U16_MAX) {
		ret = -ENOSPC;
		goto free_pasid;
	}
	ret = hisi_acc_iommu_attach(domain, dev, pasid);
	if (ret)
		goto free_pasid;
	space->domain = domain;
	space->pasid = pasid;
	return 0;

free_pasid:
	if (pasid && pasid != HISI_ACC_PASID_NONE)
		hisi_acc_iommu_pasid_free(pasid);
	iommu_domain_free(domain);
	return ret;
}

static void unbind(struct hisi_acc_ctx *ctx)
{
	struct hisi_acc_space *space = &ctx->space;
	struct device *dev = ctx->dev->qm.dev;

	lockdep_assert_held(&space->lock);

	if (space->sva)
		unbind_sva(ctx);
	if (space->domain) {
		hisi_acc_iommu_detach(space->domain, dev, space->pasid);
		iommu_domain_free(space->domain);
		hisi_acc_iommu_pasid_free(space->pasid);
	}
	if (space->pasid)
		hisi_acc_user_put_pasid(ctx->user);
	space->domain = NULL;
	space->pasid = 0;
	space->mode = 0;
}

static int bind_tagged(struct hisi_acc_ctx *ctx, int mode)
{
	int ret;

	ret = hisi_acc_user_get_pasid(ctx->user);
	if (ret)
		return ret;
	ret = mode == MODE_SVA ? bind_sva(ctx) : bind_private(ctx);
	if (ret)
		hisi_acc_user_put_pasid(ctx->user);
	return ret;
}

static u32 reason_of(int err)
{
	switch (err) {
	case -EBUSY:
		return HISI_ACC_REASON_BUSY;
	case -EDQUOT:
		return HISI_ACC_REASON_LIMIT;
	case -ENOSPC:
		return HISI_ACC_REASON_EXHAUSTED;
	default:
		return HISI_ACC_REASON_IOMMU;
	}
}

/* The mode with the number @mode, for the first object. */
static int space_try(struct hisi_acc_ctx *ctx, int mode)
{
	bool tagged = mode != MODE_DMA;
	int ret;

	ret = hisi_acc_dev_claim(ctx->dev, ctx, tagged);
	if (ret)
		return ret;
	if (tagged)
		ret = bind_tagged(ctx, mode);
	if (ret)
		hisi_acc_dev_unclaim(ctx->dev, tagged);
	return ret;
}

/* What a refusal means for the caller, when no mode is left. */
static int space_error(int worst, int err)
{
	if (worst == -EBUSY || err == -EBUSY)
		return -EBUSY;
	if (err == -ENOSPC || err == -EDQUOT)
		return -ENOSPC;
	return worst;
}

static int space_choose(struct hisi_acc_ctx *ctx, u32 modes)
{
	struct hisi_acc_space *space = &ctx->space;
	int mode, ret, err = -EOPNOTSUPP;
	u32 why;

	space->reason = HISI_ACC_REASON_NONE;
	for (mode = 0; mode < HISI_ACC_MODES; mode++) {
		if (!(modes & BIT(mode)))
			continue;
		why = hisi_acc_modes_reason(ctx->dev, mode, ctx->mm);
		if (!why) {
			ret = space_try(ctx, mode);
			if (!ret) {
				space->mode = BIT(mode);
				space->tagged = mode != MODE_DMA;
				return 0;
			}
			if (ret == -ENOMEM || ret == -EIO || ret == -EINTR)
				return ret;
			/* no mode helps */
			if (READ_ONCE(ctx->dev->qm.dead))
				return -ENODEV;
			why = reason_of(ret);
			err = space_error(err, ret);
		}
		if (!space->reason)
			space->reason = why;
	}
	return err;
}

int hisi_acc_space_get(struct hisi_acc_ctx *ctx, u32 modes,
		       struct hisi_acc_grant *grant)
{
	struct hisi_acc_space *space = &ctx->space;
	int ret;

	mutex_lock(&space->lock);
	if (!space->objects)
		ret = space_choose(ctx, modes);
	else if (!(space->mode & modes))
		ret = -EBUSY;
	else
		ret = hisi_acc_dev_claim(ctx->dev, ctx, space->tagged);
	if (!ret) {
		space->objects++;
		grant->mode = space->mode;
		grant->pasid = space->pasid;
		/* of a better mode that was not asked for nothing is said */
		grant->reason = modes & (space->mode - 1) ? space->reason :
							    HISI_ACC_REASON_NONE;
	}
	mutex_unlock(&space->lock);
	return ret;
}

/* The try keeps no PASID: where one is left, it is given back. */
static bool pasids_are_left(struct hisi_acc_ctx *ctx, int mode)
{
	u32 pasid = hisi_acc_iommu_pasid_alloc(ctx->dev->qm.dev);
	struct iommu_sva *sva;

	if (pasid != HISI_ACC_PASID_NONE) {
		hisi_acc_iommu_pasid_free(pasid);
		return true;
	}
	/* the process may have one, from another device maybe */
	sva = mode == MODE_SVA ? iommu_sva_bind_device(ctx->dev->qm.dev, ctx->mm) :
				 ERR_PTR(-ENOSPC);
	if (IS_ERR(sva))
		return false;
	iommu_sva_unbind_device(sva);
	return true;
}

u32 hisi_acc_space_reason(struct hisi_acc_ctx *ctx, int mode)
{
	struct hisi_acc_space *space = &ctx->space;
	bool tagged = mode != MODE_DMA;
	u32 reason = HISI_ACC_REASON_NONE;

	mutex_lock(&space->lock);
	if (space->objects)
		reason = space->mode == BIT(mode) ? HISI_ACC_REASON_NONE :
						    HISI_ACC_REASON_BUSY;
	else if (!hisi_acc_dev_may_claim(ctx->dev, ctx, tagged))
		reason = HISI_ACC_REASON_BUSY;
	else if (tagged && !hisi_acc_user_may_get_pasid(ctx->user))
		reason = HISI_ACC_REASON_LIMIT;
	else if (tagged && !pasids_are_left(ctx, mode))
		reason = HISI_ACC_REASON_EXHAUSTED;
	mutex_unlock(&space->lock);
	return reason;
}

void hisi_acc_space_put(struct hisi_acc_ctx *ctx)
{
	struct hisi_acc_space *space = &ctx->space;

	mutex_lock(&space->lock);
	hisi_acc_dev_unclaim(ctx->dev, space->tagged);
	if (!--space->objects)
		unbind(ctx);
	mutex_unlock(&space->lock);
}

void hisi_acc_space_revoke(struct hisi_acc_ctx *ctx)
{
	mutex_lock(&ctx->space.lock);
	unbind(ctx);
	mutex_unlock(&ctx->space.lock);
}
