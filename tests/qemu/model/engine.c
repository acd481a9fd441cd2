/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What engines have in common: their error registers, which are the same ones
 * at other offsets.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "acc.h"

static uint32_t hisi_acc_engine_get(HisiAccDev *d, uint32_t reg)
{
    return *hisi_acc_reg(d->fun, reg);
}

static uint32_t hisi_acc_engine_status(HisiAccDev *d)
{
    return d->engine_ras.source & ~d->engine_ras.mask;
}

/* Errors that interrupt: not masked, and of a class that is enabled. */
uint32_t hisi_acc_engine_errors(HisiAccDev *d)
{
    const HisiAccErrorRegs *e = d->engine->errors;

    return hisi_acc_engine_status(d) &
           (hisi_acc_engine_get(d, e->ce_enable) |
            hisi_acc_engine_get(d, e->nfe_enable) |
            hisi_acc_engine_get(d, e->fe_enable));
}

bool hisi_acc_engine_blocked(HisiAccDev *d)
{
    const HisiAccErrorRegs *e = d->engine->errors;

    return d->version >= 3 &&
           (hisi_acc_engine_get(d, e->control) & e->shutdown_enable) &&
           (d->engine_ras.source & hisi_acc_engine_get(d, e->shutdown_sel));
}

void hisi_acc_engine_error(HisiAccDev *d, uint32_t bits)
{
    d->engine_ras.source |= bits;
    qemu_bh_schedule(d->bh);
}

void hisi_acc_engine_reset(HisiAccDev *d)
{
    d->engine_ras = (HisiAccRas) { .mask = ~0u };
}

/* True if the register needs no storage. */
bool hisi_acc_engine_write(HisiAccDev *d, uint32_t reg, uint32_t val)
{
    const HisiAccErrorRegs *e = d->engine->errors;

    if (reg == e->source) {
        d->engine_ras.source &= ~val;
        d->engine_ras.signalled &= ~val;
    } else if (reg == e->mask) {
        d->engine_ras.mask = e->mask_enables ? ~val : val;
    } else if (reg == e->set) {
        d->engine_ras.source |= val;
    } else if (reg == e->status) {
        hisi_acc_guest_error(d->fun, "write to read-only register 0x%x", reg);
    } else {
        /* Cores may be awake with this, or an error be allowed. */
        qemu_bh_schedule(d->bh);
        return d->engine->reg_write(d, reg, val);
    }
    qemu_bh_schedule(d->bh);
    return true;
}

bool hisi_acc_engine_read(HisiAccDev *d, uint32_t reg, uint32_t *val)
{
    const HisiAccErrorRegs *e = d->engine->errors;

    if (reg == e->source) {
        *val = d->engine_ras.source;
    } else if (reg == e->mask) {
        *val = e->mask_enables ? ~d->engine_ras.mask : d->engine_ras.mask;
    } else if (reg == e->status) {
        *val = hisi_acc_engine_status(d);
    } else {
        return false;
    }
    return true;
}
