# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration space of one PCI function."""

COMMAND, BAR0, DEVCTL = 0x04, 0x10, 0x08
MEMORY, MASTER = 2, 4
CAP_MSI, CAP_EXPRESS = 0x05, 0x10
EXT_SRIOV = 0x10
MSI_ENABLE = 1 << 16
FLR = 0x8000


class PciFunction:
    def __init__(self, qtest, ecam, devfn, bus=0):
        self.qtest = qtest
        self.ecam, self.devfn, self.bus = ecam, devfn, bus
        self.base = ecam + (bus << 20 | devfn << 12)

    def read(self, reg, size=4):
        return self.qtest.load(self.base + reg, size)

    def write(self, reg, val, size=4):
        self.qtest.store(self.base + reg, val, size)

    def capability(self, wanted):
        at = self.read(0x34, 1)
        while at:
            if self.read(at, 1) == wanted:
                return at
            at = self.read(at + 1, 1)
        return None

    def extended(self, wanted):
        at = 0x100
        while at:
            head = self.read(at)
            if head & 0xffff == wanted:
                return at
            at = head >> 20
        return None

    def bar_size(self, n):
        """Size of a 64-bit BAR; leaves the BAR at 0."""
        self.write(BAR0 + 4 * n, 0xffffffff)
        self.write(BAR0 + 4 * n + 4, 0xffffffff)
        mask = self.read(BAR0 + 4 * n) & ~0xf | \
            self.read(BAR0 + 4 * n + 4) << 32
        self.set_bar(n, 0)
        return (~mask + 1) & (1 << 64) - 1 if mask else 0

    def set_bar(self, n, addr):
        self.write(BAR0 + 4 * n, addr & 0xffffffff)
        if self.read(BAR0 + 4 * n) & 4:
            self.write(BAR0 + 4 * n + 4, addr >> 32)

    def enable(self, bits=MEMORY | MASTER):
        self.write(COMMAND, bits, 2)

    def msi(self, addr, data, messages):
        """Enable MSI with 1, 2 or 4 messages."""
        at = self.capability(CAP_MSI)
        self.write(at + 4, addr & 0xffffffff)
        self.write(at + 8, addr >> 32)
        self.write(at + 12, data, 2)
        control = self.read(at) & ~(7 << 20)
        log2 = messages.bit_length() - 1
        self.write(at, control | log2 << 20 | MSI_ENABLE)

    def msi_off(self):
        at = self.capability(CAP_MSI)
        self.write(at, self.read(at) & ~MSI_ENABLE)

    def flr(self):
        at = self.capability(CAP_EXPRESS) + DEVCTL
        self.write(at, self.read(at, 2) | FLR, 2)


class RootPort(PciFunction):
    BUSES, WINDOW, WINDOW_HIGH, CONTROL, DEVCTL2 = 0x18, 0x24, 0x28, 0x3e, 0x28
    BUS_RESET, ARI = 1 << 6, 1 << 5

    def open(self, bus, first, end):
        """Forward a bus and a prefetchable window, and accesses to VFs."""
        last = end - 1
        self.write(self.BUSES, bus << 8 | bus << 16)
        self.write(self.WINDOW,
                   (first >> 16 & 0xfff0) | (last & 0xfff00000))
        self.write(self.WINDOW_HIGH, first >> 32)
        self.write(self.WINDOW_HIGH + 4, last >> 32)
        at = self.capability(CAP_EXPRESS) + self.DEVCTL2
        self.write(at, self.read(at, 2) | self.ARI, 2)
        self.enable()

    def reset_bus(self):
        control = self.read(self.CONTROL, 2)
        self.write(self.CONTROL, control | self.BUS_RESET, 2)
        self.write(self.CONTROL, control, 2)
