# SPDX-License-Identifier: GPL-2.0-or-later
"""An Intel IOMMU with tables for the devices of bus 0."""
import struct

from check import until

BASE = 0xfed90000
COMMAND, STATUS, ROOT, CONTEXTS, IOTLB = 0x18, 0x1c, 0x20, 0x28, 0xf8
SET_ROOT, ENABLE = 1 << 30, 1 << 31
READ, WRITE, LARGE = 1, 2, 1 << 7
PRESENT, LEVELS_4, DOMAIN = 1, 2, 1 << 8
# The tables are below the memory that tests are given.
TABLES, TABLE_SIZE = 0x10000, 0x1000
PAGE, LARGE_PAGE = 1 << 12, 2 << 20
INVALIDATE_ALL = 1 << 63 | 1 << 60
INVALIDATE_CONTEXTS = 1 << 63 | 1 << 61


class Iommu:
    def __init__(self, qtest):
        self.qtest = qtest

    def start(self):
        self.next = TABLES
        root, self.context, self.top = (self._table() for _ in range(3))
        self._entry(root, 0, self.context | PRESENT, 0)
        for devfn in range(256):
            self._entry(self.context, devfn, self.top | PRESENT,
                        LEVELS_4 | DOMAIN)
        self.qtest.store(BASE + ROOT, root, 8)
        self._command(SET_ROOT)
        self._command(ENABLE)

    def _table(self):
        addr = self.next
        self.next += TABLE_SIZE
        self.qtest.fill(addr, TABLE_SIZE, 0)
        return addr

    def _entry(self, table, index, low, high):
        self.qtest.write(table + 16 * index, struct.pack('<QQ', low, high))

    def _command(self, bit):
        self.qtest.store(BASE + COMMAND, bit, 4)
        until(lambda: self.qtest.load(BASE + STATUS, 4) & bit, 'IOMMU')

    def _slot(self, iova, level):
        """Address of the entry that maps iova; level 1 has pages of 4 KiB."""
        table = self.top
        for above in range(4, level, -1):
            slot = table + 8 * (iova >> 12 + 9 * (above - 1) & 511)
            entry = self.qtest.load(slot, 8)
            if not entry:
                entry = self._table() | READ | WRITE
                self.qtest.store(slot, entry, 8)
            table = entry & -PAGE
        return table + 8 * (iova >> 12 + 9 * (level - 1) & 511)

    def map_large(self, iova, addr, size):
        for at in range(0, size, LARGE_PAGE):
            self.qtest.store(self._slot(iova + at, 2),
                             addr + at | READ | WRITE | LARGE, 8)

    def map(self, iova, addr, rights=READ | WRITE):
        """One page; rights 0 unmap it."""
        self.qtest.store(self._slot(iova, 1), addr | rights if rights else 0,
                         8)
        self.qtest.store(BASE + IOTLB, INVALIDATE_ALL, 8)

    def forbid(self, devfn):
        """No memory for this function."""
        self._entry(self.context, devfn, 0, 0)
        self.qtest.store(BASE + CONTEXTS, INVALIDATE_CONTEXTS, 8)
        self.qtest.store(BASE + IOTLB, INVALIDATE_ALL, 8)
