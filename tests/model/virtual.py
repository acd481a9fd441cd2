# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual functions, seen from their PF and from themselves."""
from accelerator import MSI_DATA
from function import Function
from pci import EXT_SRIOV, PciFunction

CONTROL, TOTAL, NUMBER, OFFSET, STRIDE, DEVICE_ID, BARS = \
    0x08, 0x0e, 0x10, 0x14, 0x16, 0x1a, 0x24
VF_ENABLE, VF_MEMORY = 1, 8
VF_BAR2, VF_BAR4 = 1 << 36, 1 << 38
VF_BAR2_SIZE = 0x10000


class VirtualFunction(Function):
    def __init__(self, z, number):
        self.z, self.number = z, number
        devfn = z.pci.devfn + z.sriov.offset + (number - 1) * z.sriov.stride
        pci = PciFunction(z.qtest, z.pci.ecam, devfn, z.pci.bus)
        super().__init__(z.machine, pci,
                         VF_BAR2 + (number - 1) * VF_BAR2_SIZE,
                         VF_BAR4 + (number - 1) * z.sriov.bar4_size)
        self.monitor, self.log = z.monitor, z.log
        self.msi_addr = self.memory.alloc(4, 16)

    def connect(self):
        self.pci.enable()
        self.pci.msi(self.msi_addr, MSI_DATA, 4 if self.version == 3 else 2)

    def start(self, queues):
        """All that a VF's driver does; the range is the PF's to give."""
        self.start_events()
        self.load_tables(queues)
        self.unmask()

    def sync(self):
        self.z.sync()

    def message(self):
        word = self.memory.word(self.msi_addr)
        self.memory.fill(self.msi_addr, 4, 0)
        return word - MSI_DATA if word else None

    def flr(self):
        self.pci.flr()
        self.connect()


class Sriov:
    """The capability of the PF."""
    def __init__(self, z):
        self.z, self.pci = z, z.pci
        self.at = self.pci.extended(EXT_SRIOV)
        self.total = self.read(TOTAL)
        self.offset, self.stride = self.read(OFFSET), self.read(STRIDE)
        self.bar4_size = self.bar_size(4) if z.isolated else 0
        self.set_bar(2, VF_BAR2)
        self.set_bar(4, VF_BAR4)

    def read(self, reg, size=2):
        return self.pci.read(self.at + reg, size)

    def write(self, reg, val, size=2):
        self.pci.write(self.at + reg, val, size)

    def bar_size(self, n):
        for half in (0, 4):
            self.write(BARS + 4 * n + half, 0xffffffff, 4)
        mask = self.read(BARS + 4 * n, 4) & ~0xf | \
            self.read(BARS + 4 * n + 4, 4) << 32
        return (~mask + 1) & (1 << 64) - 1 if mask else 0

    def set_bar(self, n, addr):
        self.write(BARS + 4 * n, addr & 0xffffffff, 4)
        self.write(BARS + 4 * n + 4, addr >> 32, 4)

    def enable(self, count):
        self.write(NUMBER, count)
        self.write(CONTROL, VF_ENABLE | VF_MEMORY)

    def disable(self):
        self.write(CONTROL, 0)


def functions(z, count, queues=4):
    """So many VFs, at work, with the queues behind the PF's."""
    z.sriov = Sriov(z)
    z.sriov.enable(count)
    vfs = [VirtualFunction(z, number) for number in range(1, count + 1)]
    for vf in vfs:
        vf.connect()
        z.set_range(z.queues + (vf.number - 1) * queues, queues, vf.number)
        vf.start(queues)
    return vfs
