/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI side of a virtual function.
 *
 * QEMU realizes all VFs together with their PF and shows or hides them as the
 * PF's SR-IOV capability says; each time a VF is reset.  What a VF does is the
 * business of its HisiAccFun, which the PF's device owns.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_sriov.h"
#include "migration/vmstate.h"
#include "acc.h"

#define AER_OFFSET      0x100
#define ARI_OFFSET      0x150
#define SRIOV_OFFSET    0x200
#define VF_OFFSET       1
#define VF_STRIDE       1
#define VF_BAR_TYPE     (PCI_BASE_ADDRESS_SPACE_MEMORY | \
                         PCI_BASE_ADDRESS_MEM_TYPE_64 | \
                         PCI_BASE_ADDRESS_MEM_PREFETCH)

static uint64_t hisi_acc_vf_bar4_size(HisiAccDev *d)
{
    return pow2ceil(d->queue_total) * DB_PAGE_SIZE;
}

/* What PF and VFs have alike in PCI's configuration space. */
bool hisi_acc_caps_init(PCIDevice *pdev, unsigned messages, Error **errp)
{
    if (pcie_endpoint_cap_init(pdev, 0x40) < 0) {
        error_setg(errp, "no PCIe capability: the bus is not PCI Express");
        return false;
    }
    pcie_cap_flr_init(pdev);
    if (msi_init(pdev, 0x80, messages, true, true, errp) < 0) {
        pcie_cap_exit(pdev);
        return false;
    }
    if (pcie_aer_init(pdev, PCI_ERR_VER, AER_OFFSET, PCI_ERR_SIZEOF,
                      errp) < 0) {
        msi_uninit(pdev);
        pcie_cap_exit(pdev);
        return false;
    }
    /* Function numbers beyond 7 need ARI, which a port has to forward. */
    if (!pci_bus_is_root(pci_get_bus(pdev))) {
        pcie_ari_init(pdev, ARI_OFFSET);
    }
    return true;
}

void hisi_acc_caps_exit(PCIDevice *pdev)
{
    pcie_aer_exit(pdev);
    msi_uninit(pdev);
    pcie_cap_exit(pdev);
}

bool hisi_acc_vfs_init(HisiAccDev *d, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(d);

    if (!d->vf_total) {
        return true;
    }
    if (!pcie_sriov_pf_init(pdev, SRIOV_OFFSET, TYPE_HISI_ACC_VF,
                            d->engine->vf_device_id, d->vf_total,
                            d->vf_total, VF_OFFSET, VF_STRIDE, errp)) {
        return false;
    }
    pcie_sriov_pf_init_vf_bar(pdev, 2, VF_BAR_TYPE, VF_BAR2_SIZE);
    if (d->isolation) {
        pcie_sriov_pf_init_vf_bar(pdev, 4, VF_BAR_TYPE,
                                  hisi_acc_vf_bar4_size(d));
    }
    return true;
}

/*
 * A VF has no memory enable bit of its own, the PF's "VF MSE" stands for all
 * of them.  QEMU looks at the VF's bit alone: it is made to follow the PF's,
 * and hidden from the guest.
 */
static void hisi_acc_vf_set_memory(PCIDevice *vf, bool on)
{
    uint16_t cmd = pci_get_word(vf->config + PCI_COMMAND);

    if (on == !!(cmd & PCI_COMMAND_MEMORY)) {
        return;
    }
    cmd ^= PCI_COMMAND_MEMORY;
    pci_set_word(vf->config + PCI_COMMAND, cmd);
    /* This makes QEMU map or unmap the BARs. */
    pci_default_write_config(vf, PCI_COMMAND, cmd, 2);
}

/* The PF's SR-IOV capability may have been written. */
void hisi_acc_vfs_update(HisiAccDev *d)
{
    PCIDevice *pf = PCI_DEVICE(d);
    const uint8_t *ctrl = pf->config + pf->exp.sriov_cap + PCI_SRIOV_CTRL;
    unsigned end = hisi_acc_functions(d);

    for (unsigned i = 1; i < end; i++) {
        hisi_acc_vf_set_memory(d->fun[i].pdev,
                               pci_get_word(ctrl) & PCI_SRIOV_CTRL_MSE);
    }
}

static uint32_t hisi_acc_vf_config_read(PCIDevice *pdev, uint32_t addr,
                                        int len)
{
    uint32_t val = pci_default_read_config(pdev, addr, len);

    return addr == PCI_COMMAND ? val & ~PCI_COMMAND_MEMORY : val;
}

static void hisi_acc_vf_init_bars(HisiAccVf *v, HisiAccDev *d)
{
    memory_region_init_io(&v->bar2, OBJECT(v), &hisi_acc_bar2_ops, v->fun,
                          "hisi-acc-vf-bar2", VF_BAR2_SIZE);
    pci_register_bar(PCI_DEVICE(v), 2, VF_BAR_TYPE, &v->bar2);
    if (d->isolation) {
        memory_region_init_io(&v->bar4, OBJECT(v), &hisi_acc_bar4_ops,
                              v->fun, "hisi-acc-vf-bar4",
                              hisi_acc_vf_bar4_size(d));
        pci_register_bar(PCI_DEVICE(v), 4, VF_BAR_TYPE, &v->bar4);
    }
}

static void hisi_acc_vf_realize(PCIDevice *pdev, Error **errp)
{
    HisiAccVf *v = HISI_ACC_VF(pdev);
    PCIDevice *pf = pcie_sriov_get_pf(pdev);
    HisiAccDev *d = HISI_ACC(pf);

    pci_set_byte(pdev->config + PCI_REVISION_ID,
                 pci_get_byte(pf->config + PCI_REVISION_ID));
    pci_set_word(pdev->config + PCI_CLASS_DEVICE,
                 pci_get_word(pf->config + PCI_CLASS_DEVICE));
    pci_word_test_and_clear_mask(pdev->wmask + PCI_COMMAND,
                                 PCI_COMMAND_MEMORY);
    if (!hisi_acc_caps_init(pdev, d->version >= 3 ? VEC_COUNT :
                            VEC_COUNT_VF_V2, errp)) {
        return;
    }
    v->fun = &d->fun[1 + pcie_sriov_vf_number(pdev)];
    v->fun->pdev = pdev;
    hisi_acc_vf_init_bars(v, d);
}

static void hisi_acc_vf_config_write(PCIDevice *pdev, uint32_t addr,
                                     uint32_t val, int len)
{
    HisiAccVf *v = HISI_ACC_VF(pdev);

    pci_default_write_config(pdev, addr, val, len);
    pcie_cap_flr_write_config(pdev, addr, val, len);
    /* Bus mastering or MSI may just have been allowed. */
    qemu_bh_schedule(v->fun->dev->bh);
}

static void hisi_acc_vf_device_reset(DeviceState *dev)
{
    PCIDevice *pdev = PCI_DEVICE(dev);
    uint8_t *devctl = pdev->config + pdev->exp.exp_cap + PCI_EXP_DEVCTL;

    /* The bit is still set while an FLR is the cause. */
    hisi_acc_vf_reset(HISI_ACC_VF(dev)->fun,
                      pci_get_word(devctl) & PCI_EXP_DEVCTL_BCR_FLR);
}

static const VMStateDescription hisi_acc_vf_vmstate = {
    .name = TYPE_HISI_ACC_VF,
    .unmigratable = 1,
};

static void hisi_acc_vf_class_init(ObjectClass *oc, const void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(oc);

    dc->desc = "virtual function of a HiSilicon accelerator";
    dc->vmsd = &hisi_acc_vf_vmstate;
    dc->user_creatable = false;
    device_class_set_legacy_reset(dc, hisi_acc_vf_device_reset);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    pc->vendor_id = HISI_VENDOR_ID;
    pc->realize = hisi_acc_vf_realize;
    pc->exit = hisi_acc_caps_exit;
    pc->config_read = hisi_acc_vf_config_read;
    pc->config_write = hisi_acc_vf_config_write;
}

static const TypeInfo hisi_acc_vf_types[] = {
    {
        .name = TYPE_HISI_ACC_VF,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(HisiAccVf),
        .class_init = hisi_acc_vf_class_init,
        .interfaces = (const InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { },
        },
    },
};

DEFINE_TYPES(hisi_acc_vf_types)
