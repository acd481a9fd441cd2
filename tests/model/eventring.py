# SPDX-License-Identifier: GPL-2.0-or-later
"""An EQ or AEQ as software sees it."""
from check import until

PHASE = 1 << 16
CQ_OVERFLOW, EQ_OVERFLOW, UNUSABLE = range(3)


class EventRing:
    def __init__(self, function, command, depth):
        self.function, self.command, self.depth = function, command, depth
        self.memory = function.memory
        self.base = self.memory.alloc(4 * depth, 32)
        self.head, self.phase = 0, 1

    def entry(self, index):
        return self.memory.word(self.base + 4 * index)

    def ready(self):
        return self.entry(self.head) >> 16 & 1 == self.phase

    def pop(self):
        """The next entry without its phase; tells the device nothing."""
        until(self.ready, 'event')
        entry = self.entry(self.head) & ~PHASE
        self.head = (self.head + 1) % self.depth
        self.phase ^= self.head == 0
        return entry

    def pop_aeqe(self):
        entry = self.pop()
        return entry >> 17, entry & 0xffff

    def empty(self):
        return not self.ready()

    def doorbell(self, index=None):
        index = self.head if index is None else index
        self.function.event_doorbell(self.command << 12 | index << 32)
