/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI side of the accelerators: configuration space, BARs, properties, life
 * of the device.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_sriov.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "acc.h"

/* As many as the bus has room for. */
#define VFS_AUTO    UINT32_MAX
/* All that the model can do. */
#define ALGS_ALL    UINT64_MAX

static void hisi_acc_inject_aeqe(HisiAccDev *d, unsigned functions)
{
    HisiAccInject *inject = &d->inject;

    if (inject->aeqe_pending) {
        inject->aeqe_pending = false;
        if (inject->function < functions) {
            hisi_acc_aeqe(&d->fun[inject->function],
                          (inject->aeqe >> 16) & 0xf, inject->aeqe & 0xffff);
        }
    }
}

static void hisi_acc_bh(void *opaque)
{
    HisiAccDev *d = opaque;
    unsigned functions = hisi_acc_functions(d);

    hisi_acc_qm_work(d);
    hisi_acc_rings_work(d);
    for (unsigned i = 0; i < functions; i++) {
        hisi_acc_mbox_work(&d->fun[i]);
    }
    hisi_acc_inject_aeqe(d, functions);
    hisi_acc_ras_update(d);
    for (unsigned i = 0; i < functions; i++) {
        hisi_acc_ifc_work(&d->fun[i]);
        hisi_acc_events_work(&d->fun[i]);
    }
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

    hisi_acc_sva_config_before(d->fun, addr, len);
    pci_default_write_config(pdev, addr, val, len);
    hisi_acc_sva_config_after(d->fun);
    hisi_acc_vfs_update(d);
    pcie_cap_flr_write_config(pdev, addr, val, len);
    /* Bus mastering or MSI may just have been allowed. */
    qemu_bh_schedule(d->bh);
}

static void hisi_acc_reset(DeviceState *dev)
{
    HisiAccDev *d = HISI_ACC(dev);
    PCIDevice *pdev = PCI_DEVICE(dev);
    uint8_t *devctl = pdev->config + pdev->exp.exp_cap + PCI_EXP_DEVCTL;

    /* The bit is still set while an FLR is the cause. */
    hisi_acc_qm_reset(d, pci_get_word(devctl) & PCI_EXP_DEVCTL_BCR_FLR);
}

/* What a VF is to its PF is here before and after the VF is. */
static void hisi_acc_init_functions(HisiAccDev *d)
{
    for (unsigned i = 0; i < HISI_ACC_MAX_FUNCTIONS; i++) {
        HisiAccFun *f = &d->fun[i];

        f->dev = d;
        f->number = i;
        f->range = (HisiAccRange) { 0 };
        f->regs_size = !i ? BAR2_SIZE :
                       i <= d->vf_total ? FUNCTION_PAGE_SIZE : 0;
        f->regs = g_malloc0(f->regs_size);
        f->sva.atc = g_new0(HisiAccAtcEntry, HISI_ACC_ATC_SIZE);
        hisi_acc_events_reset(f);
        hisi_acc_ifc_reset(f, false);
    }
    d->fun[0].pdev = PCI_DEVICE(d);
}

static void hisi_acc_init_queues(HisiAccDev *d)
{
    QTAILQ_INIT(&d->active);
    d->queues = g_new0(HisiAccQueue, HISI_ACC_MAX_QUEUES);
    for (unsigned i = 0; i < HISI_ACC_MAX_QUEUES; i++) {
        QTAILQ_INIT(&d->queues[i].reqs);
    }
}

/*
 * Behind a port VFs have the bus for themselves.  On the root bus they get
 * what is left of the device's slot.
 */
static unsigned hisi_acc_most_vfs(PCIDevice *pdev)
{
    if (!pci_bus_is_root(pci_get_bus(pdev))) {
        return HISI_ACC_MAX_VFS;
    }
    return PCI_FUNC(pdev->devfn) ? 0 : PCI_FUNC_MAX - 1;
}

static bool hisi_acc_check_vfs(HisiAccDev *d, Error **errp)
{
    unsigned most = hisi_acc_most_vfs(PCI_DEVICE(d));

    if (d->vf_total == VFS_AUTO) {
        d->vf_total = most;
    }
    if (d->vf_total > most) {
        error_setg(errp, "vfs must be 0..%u on this bus", most);
        return false;
    }
    return true;
}

/* A device must not offer what it cannot do. */
static bool hisi_acc_check_algs(HisiAccDev *d, Error **errp)
{
    const HisiAccEngineVersion *e = hisi_acc_engine(d);

    if (d->algs == ALGS_ALL) {
        d->algs = e->algs;
    }
    if (d->algs & ~e->algs) {
        error_setg(errp, "algs=0x%" PRIx64 " has more than the model's "
                   "0x%" PRIx64, d->algs, e->algs);
        return false;
    }
    if ((d->version < 3 || !d->cap_version) && e->assumed_algs & ~d->algs) {
        warn_report("hisi-%s: a device without capability words cannot tell "
                    "drivers which algorithms it lacks", d->engine->name);
    }
    return true;
}

static bool hisi_acc_check_properties(HisiAccDev *d, Error **errp)
{
    if (!hisi_acc_check_vfs(d, errp)) {
        return false;
    }
    if (d->cap_version > 0xff) {
        error_setg(errp, "cap-version must be 0..255");
        return false;
    }
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
    return hisi_acc_check_algs(d, errp);
}

static void hisi_acc_init_bars(HisiAccDev *d)
{
    PCIDevice *pdev = PCI_DEVICE(d);
    uint8_t type = PCI_BASE_ADDRESS_SPACE_MEMORY |
                   PCI_BASE_ADDRESS_MEM_TYPE_64 |
                   PCI_BASE_ADDRESS_MEM_PREFETCH;

    memory_region_init_io(&d->bar2, OBJECT(d), &hisi_acc_bar2_ops, d->fun,
                          "hisi-acc-bar2", BAR2_SIZE);
    pci_register_bar(pdev, 2, type, &d->bar2);
    if (d->isolation) {
        memory_region_init_io(&d->bar4, OBJECT(d), &hisi_acc_bar4_ops,
                              d->fun, "hisi-acc-bar4",
                              pow2ceil(d->queue_total) * DB_PAGE_SIZE);
        pci_register_bar(pdev, 4, type, &d->bar4);
    }
}

static void hisi_acc_fini(HisiAccDev *d)
{
    PCIDevice *pdev = PCI_DEVICE(d);

    for (unsigned i = 0; i < HISI_ACC_MAX_QUEUES; i++) {
        hisi_acc_queue_kill(&d->queues[i]);
    }
    hisi_acc_workers_stop(d);
    hisi_acc_sva_exit(d);
    qemu_bh_delete(d->bh);
    timer_free(d->timer);
    hisi_acc_caps_exit(pdev);
    for (unsigned i = 0; i < HISI_ACC_MAX_FUNCTIONS; i++) {
        g_free(d->fun[i].regs);
    }
    g_free(d->queues);
}

static void hisi_acc_exit(PCIDevice *pdev)
{
    pcie_sriov_pf_exit(pdev);
    hisi_acc_fini(HISI_ACC(pdev));
}

static void hisi_acc_realize(PCIDevice *pdev, Error **errp)
{
    HisiAccDev *d = HISI_ACC(pdev);

    d->engine = HISI_ACC_GET_CLASS(d)->engine;
    if (!hisi_acc_check_properties(d, errp)) {
        return;
    }
    pci_set_byte(pdev->config + PCI_REVISION_ID,
                 d->version == 2 ? HISI_REVISION_V2 : HISI_REVISION_V3);
    if (!hisi_acc_caps_init(pdev, VEC_COUNT, errp)) {
        return;
    }
    if (!hisi_acc_sva_init(d, errp)) {
        hisi_acc_caps_exit(pdev);
        return;
    }
    hisi_acc_init_functions(d);
    hisi_acc_init_queues(d);
    hisi_acc_sva_add_caps(d->fun);
    hisi_acc_init_bars(d);
    d->bh = qemu_bh_new_guarded(hisi_acc_bh, d,
                                &DEVICE(d)->mem_reentrancy_guard);
    d->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, hisi_acc_timer, d);
    hisi_acc_workers_start(d);
    if (!hisi_acc_vfs_init(d, errp)) {
        hisi_acc_fini(d);
    }
}

static const Property hisi_acc_properties[] = {
    DEFINE_PROP_UINT32("version", HisiAccDev, version, 3),
    DEFINE_PROP_BOOL("isolation", HisiAccDev, isolation, true),
    DEFINE_PROP_UINT32("queues", HisiAccDev, queue_total,
                       HISI_ACC_MAX_QUEUES),
    DEFINE_PROP_UINT32("cap-version", HisiAccDev, cap_version, 1),
    DEFINE_PROP_UINT64("algs", HisiAccDev, algs, ALGS_ALL),
    DEFINE_PROP_UINT32("vfs", HisiAccDev, vf_total, VFS_AUTO),
    DEFINE_PROP_UINT32("delay-us", HisiAccDev, delay_us, 20),
    DEFINE_PROP_UINT32("inline-bytes", HisiAccDev, inline_bytes, 0),
    DEFINE_PROP_BOOL("ras-on-dma-fault", HisiAccDev, ras_on_dma_fault, false),
    DEFINE_PROP_BOOL("pasid", HisiAccDev, pasid_on, true),
    DEFINE_PROP_BOOL("ats", HisiAccDev, ats_on, false),
    DEFINE_PROP_BOOL("pri", HisiAccDev, pri_on, false),
    DEFINE_PROP_UINT32("pri-timeout-ms", HisiAccDev, pri_timeout_ms, 10000),
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
        { "unimplemented", &c->unimplemented },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(counters); i++) {
        object_property_add_uint64_ptr(obj, counters[i].name,
                                       counters[i].value, OBJ_PROP_FLAG_READ);
    }
    hisi_acc_sva_add_counters(obj, &HISI_ACC(obj)->sva_count);
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

static void hisi_acc_engine_class_init(ObjectClass *oc, const void *data)
{
    const HisiAccEngine *engine = data;
    DeviceClass *dc = DEVICE_CLASS(oc);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(oc);

    dc->desc = engine->desc;
    pc->device_id = engine->pf_device_id;
    pc->class_id = engine->class_id;
    HISI_ACC_CLASS(oc)->engine = engine;
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
        .name = "hisi-zip",
        .parent = TYPE_HISI_ACC,
        .class_init = hisi_acc_engine_class_init,
        .class_data = &hisi_zip_engine,
    }, {
        .name = "hisi-sec",
        .parent = TYPE_HISI_ACC,
        .class_init = hisi_acc_engine_class_init,
        .class_data = &hisi_sec_engine,
    }, {
        .name = "hisi-hpre",
        .parent = TYPE_HISI_ACC,
        .class_init = hisi_acc_engine_class_init,
        .class_data = &hisi_hpre_engine,
    },
};

DEFINE_TYPES(hisi_acc_types)
