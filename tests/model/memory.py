# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's memory, given out with guards around each piece.

A device that writes beside a ring or a buffer damages a guard, which is looked
at when a test ends.
"""
import struct

RAM = 256 << 20
# No memory there, nor anything else.
NOWHERE = 0x7f00000000000

FIRST = 2 << 20
GUARD = 256
GUARD_BYTE = 0xa5


class Memory:
    """Addresses are those that the device uses; offset is the IOMMU's."""
    def __init__(self, qtest, offset=0):
        self.qtest, self.offset = qtest, offset
        self.forget()

    def forget(self):
        self.next = self.first = FIRST + self.offset
        self.guards = []

    def alloc(self, size, align=64, fill=0):
        """Exactly size bytes, so that the next one is a guard's."""
        addr = (self.next + GUARD + align - 1) & -align
        self.next = addr + size + GUARD
        assert self.next <= self.end(), 'out of memory'
        self._guard(addr - GUARD)
        self._guard(addr + size)
        self.fill(addr, size, fill)
        return addr

    def end(self):
        """The first address behind the memory."""
        return RAM + self.offset

    def put(self, data, align=64):
        """Memory with these bytes in it."""
        addr = self.alloc(len(data), align)
        self.write(addr, data)
        return addr

    def _guard(self, addr):
        self.fill(addr, GUARD, GUARD_BYTE)
        self.guards.append(addr)

    def used(self):
        """All bytes that were given out."""
        return self.read(self.first, self.next - self.first)

    def check_guards(self):
        for addr in self.guards:
            found = self.read(addr, GUARD)
            assert found == bytes([GUARD_BYTE]) * GUARD, \
                f'memory beside a piece was written, near {addr:#x}'

    def fill(self, addr, size, byte):
        if size:
            self.qtest.fill(addr - self.offset, size, byte)

    def read(self, addr, size):
        return self.qtest.read(addr - self.offset, size)

    def write(self, addr, data):
        self.qtest.write(addr - self.offset, data)

    def words(self, addr, count):
        return struct.unpack(f'<{count}I', self.read(addr, 4 * count))

    def word(self, addr):
        return self.qtest.load(addr - self.offset, 4)
