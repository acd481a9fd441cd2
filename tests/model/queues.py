# SPDX-License-Identifier: GPL-2.0-or-later
"""A queue as software sees it: rings, tail, head, phase."""
import struct

import mailbox
from check import expect, until
from contexts import CQC, SQC, WRAP, cqc, sqc
from engines import SQE_SHIFT
from function import CQ, SQ

# Of ZIP; a queue knows that of its engine.
SQE = 128
CQE = 16


class Queue:
    def __init__(self, function, qn, kind=0, depth=1024, rand=0, cq_rand=None):
        self.function, self.memory = function, function.memory
        self.qn, self.kind, self.depth = qn, kind, depth
        self.rand = rand
        self.cq_rand = rand if cq_rand is None else cq_rand
        self.shift = SQE_SHIFT[function.machine.setup.engine]
        self.sqe = 1 << self.shift
        self.sq = self.memory.alloc(self.sqe * depth, self.sqe)
        self.cq = self.memory.alloc(CQE * depth, CQE)
        self.start_over()

    def start_over(self):
        self.tail = self.head = 0
        self.phase = 1

    def sqc(self, **fields):
        return sqc(self.qn, **{'base': self.sq, 'depth': self.depth,
                               'kind': self.kind, 'rand': self.rand,
                               'shift': self.shift, **fields})

    def cqc(self, **fields):
        return cqc(**{'base': self.cq, 'depth': self.depth,
                      'rand': self.cq_rand, **fields})

    def load_sqc(self, **fields):
        return self.function.mailbox.load(mailbox.SQC, self.qn,
                                          self.sqc(**fields))

    def load_cqc(self, **fields):
        return self.function.mailbox.load(mailbox.CQC, self.qn,
                                          self.cqc(**fields))

    def load(self):
        self.memory.fill(self.cq, CQE * self.depth, 0)
        self.start_over()
        expect(self.load_sqc(), 0, 'status of the SQC load')
        expect(self.load_cqc(), 0, 'status of the CQC load')

    def stop(self):
        return self.function.mailbox.run(mailbox.STOP, self.qn)

    def dump_sqc(self):
        return SQC.unpack(self.function.mailbox.dump(mailbox.SQC, self.qn))

    def dump_cqc(self):
        return CQC.unpack(self.function.mailbox.dump(mailbox.CQC, self.qn))

    def drained(self):
        """The rule by which software drains a queue of version 2."""
        s, c = self.dump_sqc(), self.dump_cqc()
        return (s['tail'], s['w11'] & WRAP) == (c['tail'], c['w11'] & WRAP)

    # Requests.

    def put(self, sqe):
        """Write an SQE; the device hears nothing yet."""
        slot = self.tail
        self.memory.write(self.sq + self.sqe * slot, sqe)
        self.tail = (slot + 1) % self.depth
        return slot

    def publish(self):
        self.sq_doorbell(self.tail)

    def post(self, sqe):
        slot = self.put(sqe)
        self.publish()
        return slot

    def sq_doorbell(self, index, rand=None, **more):
        self.function.doorbell(SQ, self.qn, index,
                               self.rand if rand is None else rand, **more)

    def cq_doorbell(self, index=None, priority=0, rand=None, **more):
        self.function.doorbell(CQ, self.qn,
                               self.head if index is None else index,
                               self.cq_rand if rand is None else rand,
                               priority, **more)

    # Completions.

    def ready(self):
        last = self.memory.read(self.cq + CQE * self.head + 14, 1)[0]
        return last & 1 == self.phase

    def idle(self):
        return not self.ready()

    def take(self):
        """The slot of the next completion; tells the device nothing."""
        until(self.ready, f'completion in queue {self.qn}')
        raw = self.memory.read(self.cq + CQE * self.head, CQE)
        slot, = struct.unpack_from('<H', raw, 8)
        expect(raw, struct.pack('<8xHHHH', slot, self.qn, 0, self.phase),
               'CQ entry')
        self.head = (self.head + 1) % self.depth
        self.phase ^= self.head == 0
        return slot

    def pop(self, priority=0):
        """The words of the oldest completed request."""
        slot = self.take()
        self.cq_doorbell(priority=priority)
        return self.words(slot)

    def words(self, slot):
        return self.memory.words(self.sq + self.sqe * slot, self.sqe // 4)

    def run(self, sqe):
        self.post(sqe)
        return self.pop()

    def rings(self):
        """All bytes of both rings, to see whether any of them changes."""
        return self.memory.read(self.sq, self.sqe * self.depth) + \
            self.memory.read(self.cq, CQE * self.depth)
