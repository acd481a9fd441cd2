/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI side of the accelerators: configuration space, BARs, properties, life
 * of the device.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci.h"
#include "hw/pci/pcie.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "acc.h"

#define TYPE_HISI_ZIP "hisi-zip"

static void hisi_acc_bh(void *opaque)
{
    HisiAccDev *d = opaque;

    hisi_acc_qm_work(d);
    hisi_acc_rings_work(d);
    hisi_acc_mbox_work(&d->fun);
    if (d->inject.aeqe_pending) {
        d->inject.aeqe_pending = false;
        hisi_acc_aeqe(&d->fun, (d->inject.aeqe >> 16) & 0xf,
                      d->inject.aeqe & 0xffff);
    }
    hisi_acc_ras_update(d);
    hisi_acc_events_work(&d->fun);
}

static void hisi_acc_timer(void *opaque)
{
    HisiAccDev *d = opaque;

    qemu_bh_schedule(d->bh);
}

static void hisi_acc_config_write(PCIDevice *pdev, uint32_t addr,
                                  uint32_t val, int len)
{
    HisiAccDev *d = HISI_ACC(pdev);

    pci_default_write_config(pdev, addr, val, len);
    pcie_cap_flr_write_config(pdev, addr, val, len);
    /* Bus mastering or MSI may just have been allowed. */
    qemu_bh_schedule(d->bh);
}

static void hisi_acc_reset(DeviceState *dev)
{
    HisiAccDev *d = HISI_ACC(dev);
    PCIDevice *pdev = PCI_DEVICE(dev);
    uint8_t *devctl = pdev->config + pdev->exp.exp_cap + PCI_EXP_DEVCTL;

    timer_del(d->timer);
    /* The bit is still set while an FLR is the cause. */
    hisi_acc_qm_reset(d, pci_get_word(devctl) & PCI_EXP_DEVCTL_BCR_FLR);
}

static void hisi_acc_init_function(HisiAccDev *d, HisiAccFun *f)
{
    f->dev = d;
    f->pdev = PCI_DEVICE(d);
    f->number = 0;
    f->regs_size = BAR2_SIZE;
    f->regs = g_malloc0(f->regs_size);
    f->queues = g_new0(HisiAccQueue, HISI_ACC_MAX_QUEUES);
    for (unsigned i = 0; i < HISI_ACC_MAX_QUEUES; i++) {
        f->queues[i].fun = f;
        f->queues[i].qn = i;
        QTAILQ_INIT(&f->queues[i].reqs);
    }
    hisi_acc_events_reset(f);
}

static bool hisi_acc_check_properties(HisiAccDev *d, Error **errp)
{
    if (d->version != 2 && d->version != 3) {
        error_setg(errp, "version must be 2 or 3");
        return false;
    }
    if (!d->queue_total || d->queue_total > HISI_ACC_MAX_QUEUES) {
        error_setg(errp, "queues must be 1..%d", HISI_ACC_MAX_QUEUES);
        return false;
    }
    if (d->version < 3) {
        d->isolation = false;
    }
    return true;
}

static void hisi_acc_init_bars(HisiAccDev *d)
{
    PCIDevice *pdev = PCI_DEVICE(d);
    uint8_t type = PCI_BASE_ADDRESS_SPACE_MEMORY |
                   PCI_BASE_ADDRESS_MEM_TYPE_64 |
                   PCI_BASE_ADDRESS_MEM_PREFETCH;

    memory_region_init_io(&d->bar2, OBJECT(d), &hisi_acc_bar2_ops, &d->fun,
                          "hisi-acc-bar2", BAR2_SIZE);
    pci_register_bar(pdev, 2, type, &d->bar2);
    if (d->isolation) {
        memory_region_init_io(&d->bar4, OBJECT(d), &hisi_acc_bar4_ops,
                              &d->fun, "hisi-acc-bar4",
                              pow2ceil(d->queue_total) * DB_PAGE_SIZE);
        pci_register_bar(pdev, 4, type, &d->bar4);
    }
}

static void hisi_acc_realize(PCIDevice *pdev, Error **errp)
{
    HisiAccDev *d = HISI_ACC(pdev);

    if (!hisi_acc_check_properties(d, errp)) {
        return;
    }
    d->engine = HISI_ACC_GET_CLASS(d)->engine;
    pci_set_byte(pdev->config + PCI_REVISION_ID,
                 d->version == 2 ? HISI_REVISION_V2 : HISI_REVISION_V3);
    if (pcie_endpoint_cap_init(pdev, 0x40) < 0) {
        error_setg(errp, "no PCIe capability: the bus is not PCI Express");
        return;
    }
    pcie_cap_flr_init(pdev);
    if (msi_init(pdev, 0x80, VEC_COUNT, true, true, errp) < 0) {
        pcie_cap_exit(pdev);
        return;
    }
    QTAILQ_INIT(&d->active);
    hisi_acc_init_function(d, &d->fun);
    hisi_acc_init_bars(d);
    d->bh = qemu_bh_new_guarded(hisi_acc_bh, d,
                                &DEVICE(d)->mem_reentrancy_guard);
    d->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, hisi_acc_timer, d);
    hisi_acc_workers_start(d);
}

static void hisi_acc_exit(PCIDevice *pdev)
{
    HisiAccDev *d = HISI_ACC(pdev);

    for (unsigned i = 0; i < HISI_ACC_MAX_QUEUES; i++) {
        hisi_acc_queue_kill(&d->fun.queues[i]);
    }
    hisi_acc_workers_stop(d);
    qemu_bh_delete(d->bh);
    timer_free(d->timer);
    msi_uninit(pdev);
    pcie_cap_exit(pdev);
    g_free(d->fun.queues);
    g_free(d->fun.regs);
}

static const Property hisi_acc_properties[] = {
    DEFINE_PROP_UINT32("version", HisiAccDev, version, 3),
    DEFINE_PROP_BOOL("isolation", HisiAccDev, isolation, true),
    DEFINE_PROP_UINT32("queues", HisiAccDev, queue_total,
                       HISI_ACC_MAX_QUEUES),
    DEFINE_PROP_UINT32("delay-us", HisiAccDev, delay_us, 20),
    DEFINE_PROP_BOOL("ras-on-dma-fault", HisiAccDev, ras_on_dma_fault, false),
};

static const VMStateDescription hisi_acc_vmstate = {
    .name = TYPE_HISI_ACC,
    .unmigratable = 1,
};

static void hisi_acc_instance_init(Object *obj)
{
    HisiAccCounters *c = &HISI_ACC(obj)->count;
    const struct {
        const char *name;
        uint64_t *value;
    } counters[] = {
        { "completed", &c->completed },
        { "sq-doorbells", &c->sq_doorbells },
        { "cq-doorbells", &c->cq_doorbells },
        { "interrupts", &c->interrupts },
        { "dma-faults", &c->dma_faults },
        { "guest-errors", &c->guest_errors },
        { "inflight", &c->inflight },
        { "eq-doorbells", &c->eq_doorbells },
        { "dropped-doorbells", &c->dropped_doorbells },
        { "mailboxes", &c->mailboxes },
        { "resets", &c->resets },
        { "mmio-writes", &c->mmio_writes },
        { "mmio-reads", &c->mmio_reads },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(counters); i++) {
        object_property_add_uint64_ptr(obj, counters[i].name,
                                       counters[i].value, OBJ_PROP_FLAG_READ);
    }
}

static void hisi_acc_class_init(ObjectClass *oc, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(oc);

    dc->vmsd = &hisi_acc_vmstate;
    device_class_set_legacy_reset(dc, hisi_acc_reset);
    device_class_set_props(dc, hisi_acc_properties);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    pc->vendor_id = HISI_VENDOR_ID;
    pc->realize = hisi_acc_realize;
    pc->exit = hisi_acc_exit;
    pc->config_write = hisi_acc_config_write;
}

static void hisi_zip_class_init(ObjectClass *oc, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(oc);

    dc->desc = "HiSilicon ZIP accelerator";
    pc->device_id = HISI_ZIP_PF_ID;
    pc->class_id = HISI_ZIP_CLASS;
    HISI_ACC_CLASS(oc)->engine = &hisi_zip_engine;
}

static const TypeInfo hisi_acc_types[] = {
    {
        .name = TYPE_HISI_ACC,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(HisiAccDev),
        .instance_init = hisi_acc_instance_init,
        .class_size = sizeof(HisiAccClass),
        .class_init = hisi_acc_class_init,
        .abstract = true,
        .interfaces = (const InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { },
        },
    }, {
        .name = TYPE_HISI_ZIP,
        .parent = TYPE_HISI_ACC,
        .class_init = hisi_zip_class_init,
    },
};

DEFINE_TYPES(hisi_acc_types)
