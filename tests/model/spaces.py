# SPDX-License-Identifier: GPL-2.0-or-later
"""An Intel IOMMU with address spaces of processes, one for each PASID.

Requests without a PASID reach memory as it is. There is no operating system:
the tests fill page tables, answer page requests and invalidate.
"""
import struct
from typing import NamedTuple

from check import expect, until
from iommu import BASE, COMMAND, ENABLE, PAGE, ROOT, SET_ROOT, STATUS, \
    TABLE_SIZE, TABLES

IQ_HEAD, IQ_TAIL, IQ_ADDR = 0x80, 0x88, 0x90
PQ_HEAD, PQ_TAIL, PQ_ADDR, PQ_STATUS, PQ_CONTROL = \
    0xc0, 0xc8, 0xd0, 0xdc, 0xe0
MASKED = 1 << 31
FAULT_STATUS = 0x34
ENABLE_IQ = 1 << 26
SCALABLE, WIDE = 1 << 10, 1 << 11
PRESENT, QUIET, DEVICE_TLB, WITH_PASID, PAGE_REQUESTS = 1, 2, 4, 8, 16
LEVELS_4, FIRST_LEVEL, PASS_THROUGH = 2 << 2, 1 << 6, 4 << 6
WRITABLE, USER, ACCESSED, DIRTY, LEAF = 2, 4, 1 << 5, 1 << 6, 1 << 7
HUGE = 2 << 20
PENDING, OVERFLOW = 1, 2
# Types and granularities of the descriptors that software queues.
WAIT, IOTLB, PASID_CACHE, DEVICE_IOTLB, RESPONSE = 5, 6, 7, 8, 9
OF_PASID, OF_PAGE, OF_ALL = 2 << 4, 3 << 4, 3 << 4
WITH = 1 << 4
DRAIN, WRITE_STATUS = 1 << 7, 1 << 5
DOMAIN = 1
QUEUE_ENTRIES, DESCRIPTOR = 128, 32
GOOD, INVALID, FAILURE = 0, 1, 0xf

# Where processes see the machine's memory, if they may.
WINDOW = 0x7f0000000000


class PageRequest(NamedTuple):
    pasid: int
    addr: int
    read: bool
    write: bool
    last: bool
    group: int
    source: int


class Spaces:
    def __init__(self, qtest):
        self.qtest = qtest

    def start(self):
        self.next = TABLES
        self.spaces, self.on = {}, 0
        root, context, directory = (self._table() for _ in range(3))
        self.qtest.store(root, context | PRESENT, 8)
        self.pasids = [self._table() for _ in range(4)]
        for i, table in enumerate(self.pasids):
            self.qtest.store(directory + 8 * i, table | PRESENT, 8)
        for devfn in range(128):
            self.qtest.store(context + 32 * devfn, directory | PRESENT |
                             DEVICE_TLB | WITH_PASID | PAGE_REQUESTS, 8)
        self._set_pasid(0, PASS_THROUGH, 0)
        self.invalidations, self.requests = self._table(), self._table()
        self.tail = self.head = 0
        self.set(IQ_ADDR, self.invalidations | WIDE)
        self._command(ENABLE_IQ)
        self.set(PQ_ADDR, self.requests)
        self.set(ROOT, root | SCALABLE)
        self.set(PQ_CONTROL, MASKED, 4)
        self._command(SET_ROOT)
        self._command(ENABLE)

    def set(self, reg, val, size=8):
        self.qtest.store(BASE + reg, val, size)

    def reg(self, reg, size=8):
        return self.qtest.load(BASE + reg, size)

    def _command(self, bit):
        self.set(COMMAND, self.on | bit, 4)
        if bit != SET_ROOT:
            self.on |= bit
        until(lambda: self.reg(STATUS, 4) & bit, 'IOMMU')

    def _table(self):
        addr = self.next
        self.next += TABLE_SIZE
        self.qtest.fill(addr, TABLE_SIZE, 0)
        return addr

    def _set_pasid(self, pasid, kind, top):
        self.qtest.write(self.pasids[pasid >> 6] + 64 * (pasid & 63),
                         struct.pack('<QQQ', PRESENT | LEVELS_4 | kind, DOMAIN,
                                     top))

    # Address spaces.

    def bind(self, pasid):
        self.spaces[pasid] = self._table()
        self._set_pasid(pasid, FIRST_LEVEL, self.spaces[pasid])
        self.queue(PASID_CACHE | OF_ALL)

    def unbind(self, pasid, source, quiet=False):
        entry = self.pasids[pasid >> 6] + 64 * (pasid & 63)
        self.qtest.fill(entry, 64, 0)
        self.qtest.store(entry, QUIET if quiet else 0, 8)
        self.queue(PASID_CACHE | OF_ALL)
        self.queue(IOTLB | OF_PASID | DOMAIN << 16 | pasid << 32)
        self.queue(DEVICE_IOTLB | source << 16 | pasid << 32,
                   0x7ffffffffffff800)

    def slot(self, pasid, addr, last=1):
        """Address of the entry for one page, at that level of the tables."""
        table = self.spaces[pasid]
        for level in range(4, last, -1):
            slot = table + 8 * (addr >> 12 + 9 * (level - 1) & 511)
            entry = self.qtest.load(slot, 8)
            if not entry:
                entry = self._table() | PRESENT | WRITABLE | USER
                self.qtest.store(slot, entry, 8)
            table = entry & ~(PAGE - 1) & (1 << 52) - 1
        return table + 8 * (addr >> 12 + 9 * (last - 1) & 511)

    def entry(self, pasid, addr):
        return self.qtest.load(self.slot(pasid, addr), 8)

    def map(self, pasid, addr, to, write=True):
        self.qtest.store(self.slot(pasid, addr), to & -PAGE | PRESENT | USER |
                         (WRITABLE if write else 0), 8)

    def map_huge(self, pasid, addr, to):
        self.qtest.store(self.slot(pasid, addr, 2), to & -HUGE | PRESENT | USER |
                         WRITABLE | LEAF, 8)

    def unmap(self, pasid, addr):
        self.qtest.store(self.slot(pasid, addr), 0, 8)

    def show(self, pasid, addr, size, write=True):
        """Let the process have this memory; returns where it has it."""
        for page in range(addr & -PAGE, addr + size, PAGE):
            self.map(pasid, WINDOW + page, page, write)
        return WINDOW + addr

    # Queues.

    def queue(self, low, high=0):
        """Have the IOMMU work on a descriptor."""
        self.qtest.write(self.invalidations + DESCRIPTOR * self.tail,
                         struct.pack('<QQQQ', low, high, 0, 0))
        self.tail = (self.tail + 1) % QUEUE_ENTRIES
        self.set(IQ_TAIL, self.tail * DESCRIPTOR)
        expect(self.reg(IQ_HEAD), self.tail * DESCRIPTOR, 'IOMMU queue')

    def invalidate(self, pasid, addr, source):
        self.queue(IOTLB | OF_PAGE | DOMAIN << 16 | pasid << 32, addr & -PAGE)
        self.queue(DEVICE_IOTLB | source << 16 | pasid << 32, addr & -PAGE)

    def drain(self, status):
        """The wait that Linux ends an address space with."""
        self.queue(WAIT | DRAIN | WRITE_STATUS | 1 << 32, status)
        expect(self.qtest.load(status, 4), 1)

    def respond(self, request, code=GOOD):
        """To the group of this request."""
        self.queue(RESPONSE | WITH | code << 12 | request.source << 16 |
                   request.pasid << 32, request.group << 3)

    def take(self):
        """Page requests that came since the last call."""
        end = self.reg(PQ_TAIL) // DESCRIPTOR
        found = []
        while self.head != end:
            low, high = struct.unpack('<QQ', self.qtest.read(
                self.requests + DESCRIPTOR * self.head, 16))
            found.append(PageRequest(low >> 32 & 0xfffff, high & -PAGE,
                                     bool(high & 1), bool(high & 2),
                                     bool(high & 4), high >> 3 & 0x1ff,
                                     low >> 16 & 0xffff))
            self.head = (self.head + 1) % QUEUE_ENTRIES
        self.set(PQ_HEAD, self.head * DESCRIPTOR)
        self.set(PQ_STATUS, PENDING, 4)
        return found

    def faults(self):
        """Faults that the IOMMU recorded since the last call."""
        found = self.reg(FAULT_STATUS, 4) & 3
        self.set(FAULT_STATUS, 1, 4)
        self.set(0x22c, 1 << 31, 4)
        return bool(found)
