/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test device beside the accelerator: shows what the accelerator counted
 * and makes things go wrong on request, so that the accelerator itself needs
 * no register that the hardware lacks.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "hw/pci/pci_device.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "acc.h"

#define TYPE_HISI_ACC_MONITOR "hisi-acc-monitor"
OBJECT_DECLARE_SIMPLE_TYPE(HisiAccMonitor, HISI_ACC_MONITOR)

#define MONITOR_BAR_SIZE    4096
#define MONITOR_VENDOR_ID   0x1234
#define MONITOR_DEVICE_ID   0x11e9
/* "HACCMON1" in memory order */
#define MONITOR_MAGIC       0x314e4f4d43434148ull

enum {
    M_MAGIC = 0x00,
    M_COUNTERS = 0x08,
    M_UNIMPLEMENTED = 0xf0,
    M_DELAY = 0x100,
    M_HANG = 0x108,
    M_FORCE = 0x110,
    M_QM_ERROR = 0x118,
    M_ENGINE_ERROR = 0x120,
    M_MBOX = 0x128,
    M_AEQE = 0x130,
    M_RESET = 0x138,
    M_FUNCTION = 0x140,
    M_FUN_INFLIGHT = 0x148,
    M_FUN_DOORBELLS = 0x150,
    M_FUN_MAILBOXES = 0x158,
    M_SVA = 0x200,
    M_LOSE = 0x280,
};
#define M_MBOX_STICK        (1u << 31)

struct HisiAccMonitor {
    PCIDevice parent_obj;
    HisiAccDev *target;
    MemoryRegion bar;
};

static uint64_t hisi_acc_monitor_value(HisiAccMonitor *m, hwaddr addr)
{
    const HisiAccCounters *c = &m->target->count;
    const HisiAccInject *i = &m->target->inject;
    const HisiAccFunCounters *f = &m->target->fun[i->function].count;
    const uint64_t counters[] = {
        c->completed, c->sq_doorbells, c->cq_doorbells, c->interrupts,
        c->dma_faults, c->guest_errors, c->inflight, c->eq_doorbells,
        c->dropped_doorbells, c->mailboxes, c->resets, c->mmio_writes,
        c->mmio_reads,
    };

    if (addr >= M_COUNTERS && addr < M_COUNTERS + sizeof(counters)) {
        return counters[(addr - M_COUNTERS) / 8];
    }
    if (addr >= M_SVA && addr < M_LOSE) {
        return hisi_acc_sva_counter(m->target, (addr - M_SVA) / 8);
    }
    switch (addr) {
    case M_MAGIC:
        return MONITOR_MAGIC;
    case M_UNIMPLEMENTED:
        return c->unimplemented;
    case M_LOSE:
        return i->lose_responses;
    case M_DELAY:
        return m->target->delay_us;
    case M_HANG:
        return i->hang;
    case M_FORCE:
        return i->force | (uint64_t)i->force_status << 32;
    case M_MBOX:
        return i->mbox_fail | (i->mbox_stick ? M_MBOX_STICK : 0);
    case M_FUNCTION:
        return i->function;
    case M_FUN_INFLIGHT:
        return f->inflight;
    case M_FUN_DOORBELLS:
        return f->doorbells;
    case M_FUN_MAILBOXES:
        return f->mailboxes;
    default:
        return 0;
    }
}

static uint64_t hisi_acc_monitor_read(void *opaque, hwaddr addr,
                                      unsigned size)
{
    uint64_t val = hisi_acc_monitor_value(opaque, addr & ~7ull);

    return size == 8 ? val : (uint32_t)(val >> (addr & 4 ? 32 : 0));
}

static void hisi_acc_monitor_mbox(HisiAccDev *d, uint64_t val)
{
    d->inject.mbox_fail = val & 0xffff;
    d->inject.mbox_stick = val & M_MBOX_STICK;
    if (!d->inject.mbox_fail) {
        for (unsigned i = 0; i < HISI_ACC_MAX_FUNCTIONS; i++) {
            hisi_acc_mbox_unstick(&d->fun[i]);
        }
    }
}

static void hisi_acc_monitor_write(void *opaque, hwaddr addr, uint64_t val,
                                   unsigned size)
{
    HisiAccMonitor *m = opaque;
    HisiAccDev *d = m->target;

    if (!DEVICE(d)->realized) {
        /* Unplugged; only the counters are left. */
        return;
    }
    switch (addr) {
    case M_DELAY:
        d->delay_us = val;
        break;
    case M_HANG:
        d->inject.hang = val;
        if (!val) {
            hisi_acc_rings_unhang(d);
        }
        break;
    case M_FORCE:
        d->inject.force = val;
        if (size == 8) {
            d->inject.force_status = val >> 32;
        }
        break;
    case M_FORCE + 4:
        d->inject.force_status = val;
        break;
    case M_LOSE:
        d->inject.lose_responses = val;
        break;
    case M_QM_ERROR:
        hisi_acc_qm_error(d, val);
        break;
    case M_ENGINE_ERROR:
        hisi_acc_engine_error(d, val);
        break;
    case M_MBOX:
        hisi_acc_monitor_mbox(d, val);
        break;
    case M_AEQE:
        d->inject.aeqe = val;
        d->inject.aeqe_pending = true;
        qemu_bh_schedule(d->bh);
        break;
    case M_RESET:
        /* As the chip's reset control does it: PCI stays as it is. */
        hisi_acc_qm_reset(d, false);
        break;
    case M_FUNCTION:
        d->inject.function = MIN(val, HISI_ACC_MAX_VFS);
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "hisi-acc-monitor: write to 0x%x\n",
                      (unsigned)addr);
        break;
    }
}

static const MemoryRegionOps hisi_acc_monitor_ops = {
    .read = hisi_acc_monitor_read,
    .write = hisi_acc_monitor_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 },
    .impl = { .min_access_size = 4, .max_access_size = 8 },
};

static void hisi_acc_monitor_realize(PCIDevice *pdev, Error **errp)
{
    HisiAccMonitor *m = HISI_ACC_MONITOR(pdev);

    if (!m->target) {
        error_setg(errp, "target= must name an accelerator");
        return;
    }
    memory_region_init_io(&m->bar, OBJECT(m), &hisi_acc_monitor_ops, m,
                          TYPE_HISI_ACC_MONITOR, MONITOR_BAR_SIZE);
    pci_register_bar(pdev, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &m->bar);
}

static const Property hisi_acc_monitor_properties[] = {
    DEFINE_PROP_LINK("target", HisiAccMonitor, target, TYPE_HISI_ACC,
                     HisiAccDev *),
};

static const VMStateDescription hisi_acc_monitor_vmstate = {
    .name = TYPE_HISI_ACC_MONITOR,
    .unmigratable = 1,
};

static void hisi_acc_monitor_class_init(ObjectClass *oc, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(oc);

    dc->desc = "monitor of a HiSilicon accelerator";
    dc->vmsd = &hisi_acc_monitor_vmstate;
    device_class_set_props(dc, hisi_acc_monitor_properties);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    pc->vendor_id = MONITOR_VENDOR_ID;
    pc->device_id = MONITOR_DEVICE_ID;
    pc->class_id = PCI_CLASS_OTHERS;
    pc->realize = hisi_acc_monitor_realize;
}

static const TypeInfo hisi_acc_monitor_types[] = {
    {
        .name = TYPE_HISI_ACC_MONITOR,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(HisiAccMonitor),
        .class_init = hisi_acc_monitor_class_init,
        .interfaces = (const InterfaceInfo[]) {
            { INTERFACE_CONVENTIONAL_PCI_DEVICE },
            { },
        },
    },
};

DEFINE_TYPES(hisi_acc_monitor_types)
