/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the PF and its VFs, version 3: 64 bits each, left by a
 * mailbox command, told by a register and an interrupt, acknowledged by
 * another register.
 *
 * A message that waits is a flag of the VF's: "source" on its way down, "sent"
 * on its way up.  The PF's registers show those flags as bits, so a VF that
 * goes away takes its bits along and nobody waits for it.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "acc.h"
#include "trace.h"

static uint64_t hisi_acc_ifc_all_sent(HisiAccDev *d)
{
    uint64_t bits = 0;

    for (unsigned i = 1; i < HISI_ACC_MAX_FUNCTIONS; i++) {
        bits |= (uint64_t)d->fun[i].ifc.sent << i;
    }
    return bits;
}

/* VFs that did not yet acknowledge what the PF told them. */
static uint64_t hisi_acc_ifc_unread(HisiAccDev *d)
{
    uint64_t bits = 0;

    for (unsigned i = 1; i < HISI_ACC_MAX_FUNCTIONS; i++) {
        bits |= (uint64_t)d->fun[i].ifc.source << i;
    }
    return bits;
}

static bool hisi_acc_ifc_pending(HisiAccFun *f)
{
    return f->number ? f->ifc.source : !!hisi_acc_ifc_all_sent(f->dev);
}

/* True if there is a VF of that number at present. */
static bool hisi_acc_ifc_present(HisiAccFun *f, unsigned number)
{
    return number && number < hisi_acc_functions(f->dev);
}

static void hisi_acc_ifc_raise(HisiAccFun *f)
{
    f->ifc.notified = false;
    qemu_bh_schedule(f->dev->bh);
}

/* Mailbox */

unsigned hisi_acc_ifc_send(HisiAccFun *f, unsigned target, uint64_t msg)
{
    unsigned end = hisi_acc_functions(f->dev);

    trace_hisi_acc_ifc_send(f->number, target, msg);
    if (f->number) {
        if (target) {
            hisi_acc_guest_error(f, "message of a VF to function %u", target);
            return MBOX_BAD_QUEUE;
        }
        f->ifc.to_pf = msg;
        return MBOX_OK;
    }
    if (target != MBOX_ALL_VFS && !hisi_acc_ifc_present(f, target)) {
        hisi_acc_guest_error(f, "message to VF %u, which does not exist",
                             target);
        return MBOX_BAD_QUEUE;
    }
    for (unsigned i = 1; i < end; i++) {
        if (target == i || target == MBOX_ALL_VFS) {
            f->dev->fun[i].ifc.from_pf = msg;
        }
    }
    return MBOX_OK;
}

unsigned hisi_acc_ifc_fetch(HisiAccFun *f, unsigned source, uint64_t *msg)
{
    if (f->number ? source : !hisi_acc_ifc_present(f, source)) {
        hisi_acc_guest_error(f, "message of function %u asked for", source);
        return MBOX_BAD_QUEUE;
    }
    *msg = f->number ? f->ifc.from_pf : f->dev->fun[source].ifc.to_pf;
    return MBOX_OK;
}

/* Registers */

/* The PF interrupts the VF, or all VFs, that 0x100134 chooses. */
static void hisi_acc_ifc_ring_vfs(HisiAccFun *pf, uint32_t val)
{
    unsigned target = *hisi_acc_reg(pf, R_IFC_INT_CFG);
    unsigned end = hisi_acc_functions(pf->dev);

    if (!(val & 1)) {
        return;
    }
    if (target != IFC_ALL_VFS && !hisi_acc_ifc_present(pf, target)) {
        hisi_acc_guest_error(pf, "message interrupt to VF %u, which does not "
                             "exist", target);
        return;
    }
    for (unsigned i = 1; i < end; i++) {
        if (target == i || target == IFC_ALL_VFS) {
            trace_hisi_acc_ifc_ring(0, i);
            pf->dev->fun[i].ifc.source = true;
            hisi_acc_ifc_raise(&pf->dev->fun[i]);
        }
    }
}

static void hisi_acc_ifc_ring_pf(HisiAccFun *f, uint32_t val)
{
    if (val & 1) {
        trace_hisi_acc_ifc_ring(f->number, 0);
        f->ifc.sent = true;
        hisi_acc_ifc_raise(f->dev->fun);
    }
}

static void hisi_acc_ifc_acknowledge(HisiAccDev *d, unsigned from,
                                     uint32_t bits)
{
    for (unsigned i = MAX(from, 1); i < from + 32; i++) {
        if (bits & (1u << (i - from))) {
            d->fun[i].ifc.sent = false;
        }
    }
}

/* Masking ends an interrupt, so that unmasking starts a new one. */
static void hisi_acc_ifc_mask(HisiAccFun *f, uint32_t val)
{
    f->ifc.masked = val & 1;
    if (f->ifc.masked) {
        f->ifc.notified = false;
    }
    qemu_bh_schedule(f->dev->bh);
}

/* True if the register is one of these; the PF's are never seen by a VF. */
bool hisi_acc_ifc_write(HisiAccFun *f, uint32_t reg, uint32_t val)
{
    switch (reg) {
    case R_IFC_INT_SOURCE:
        /* The PF's bit is the sum of 0x100138 and goes with that. */
        f->ifc.source = f->ifc.source && !(val & 1);
        return true;
    case R_IFC_INT_MASK:
        hisi_acc_ifc_mask(f, val);
        return true;
    case R_IFC_INT_STATUS:
        hisi_acc_guest_error(f, "write to read-only register 0x%x", reg);
        return true;
    case R_IFC_INT_SET_V:
        if (f->number) {
            hisi_acc_ifc_ring_pf(f, val);
        } else {
            hisi_acc_guest_error(f, "the PF sends a message to itself");
        }
        return true;
    case R_IFC_READY_STATUS:
    case R_IFC_READY_STATUS + 4:
        hisi_acc_guest_error(f, "write to read-only register 0x%x", reg);
        return true;
    case R_IFC_INT_SET_P:
        hisi_acc_ifc_ring_vfs(f, val);
        return true;
    case R_IFC_INT_CFG:
        if (val & ~IFC_ALL_VFS) {
            hisi_acc_guest_error(f, "message target 0x%x has reserved bits",
                                 val);
        }
        *hisi_acc_reg(f, reg) = val & IFC_ALL_VFS;
        return true;
    case R_IFC_INT_SOURCE_P:
        hisi_acc_ifc_acknowledge(f->dev, 0, val);
        return true;
    case R_IFC_INT_SOURCE_P + 4:
        hisi_acc_ifc_acknowledge(f->dev, 32, val);
        return true;
    default:
        return false;
    }
}

bool hisi_acc_ifc_read(HisiAccFun *f, uint32_t reg, uint32_t *val)
{
    switch (reg) {
    case R_IFC_INT_SOURCE:
        *val = hisi_acc_ifc_pending(f);
        return true;
    case R_IFC_INT_MASK:
        *val = f->ifc.masked;
        return true;
    case R_IFC_INT_STATUS:
        *val = hisi_acc_ifc_pending(f) && !f->ifc.masked;
        return true;
    case R_IFC_INT_SET_V:
        *val = f->ifc.sent;
        return true;
    case R_IFC_READY_STATUS:
        *val = hisi_acc_ifc_unread(f->dev);
        return true;
    case R_IFC_READY_STATUS + 4:
        *val = hisi_acc_ifc_unread(f->dev) >> 32;
        return true;
    case R_IFC_INT_SET_P:
        *val = 0;
        return true;
    case R_IFC_INT_SOURCE_P:
        *val = hisi_acc_ifc_all_sent(f->dev);
        return true;
    case R_IFC_INT_SOURCE_P + 4:
        *val = hisi_acc_ifc_all_sent(f->dev) >> 32;
        return true;
    default:
        return false;
    }
}

/*
 * An FLR leaves the mask alone.  Drivers rely on it: a PF masks its messages
 * before its FLR and polls for answers behind it, a VF does neither mask nor
 * unmask around its own and wants to hear from the PF afterwards.
 */
void hisi_acc_ifc_reset(HisiAccFun *f, bool flr)
{
    f->ifc = (HisiAccIfc) { .masked = !flr || f->ifc.masked };
}

void hisi_acc_ifc_work(HisiAccFun *f)
{
    if (hisi_acc_ifc_pending(f) && !f->ifc.masked && !f->ifc.notified) {
        f->ifc.notified = hisi_acc_interrupt(f, VEC_IFC);
    }
}
