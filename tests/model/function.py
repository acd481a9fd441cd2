# SPDX-License-Identifier: GPL-2.0-or-later
"""What physical and virtual functions have in common.

Register numbers are written out on purpose: they come from spec.rst, not from
the model's header.
"""
import mailbox
from contexts import eqc
from eventring import EventRing
from mailbox import Mailbox

AEQ_SOURCE, AEQ_MASK, EQ_SOURCE, EQ_MASK = 0x00, 0x04, 0x08, 0x0c
WRITE_BACK, WRITTEN_BACK = 0x204, 0x208
QUEUE_DOORBELL, EVENT_DOORBELL = 0x1000, 0x2000
PAGE = 0x10000
SQ, CQ, EQ, AEQ = range(4)


def doorbell_value(cmd, qn, index, rand=0, priority=0):
    return qn | cmd << 12 | rand << 16 | index << 32 | priority << 48


class Function:
    def __init__(self, machine, pci, bar2, bar4):
        self.machine, self.pci = machine, pci
        self.qtest, self.memory = machine.qtest, machine.memory
        self.version = machine.setup.version
        self.isolated = machine.setup.isolated
        self.bar2, self.bar4 = bar2, bar4
        self.mailbox = Mailbox(self, self.memory)
        self.eq = self.aeq = None
        self.queues = 0

    def reg(self, offset, size=4):
        return self.qtest.load(self.bar2 + offset, size)

    def set(self, offset, val, size=4):
        self.qtest.store(self.bar2 + offset, val, size)

    def write(self, offset, data):
        """Bytes in accesses of 8, as a 128-bit store of an Arm CPU ends up."""
        self.qtest.write(self.bar2 + offset, data)

    def load_eq(self, depth=2048):
        self.eq = EventRing(self, EQ, depth)
        return self.mailbox.load(mailbox.EQC, 0, eqc(self.eq.base, depth))

    def load_aeq(self, depth=1024):
        self.aeq = EventRing(self, AEQ, depth)
        return self.mailbox.load(mailbox.AEQC, 0, eqc(self.aeq.base, depth))

    def load_tables(self, queues):
        self.queues = queues
        self.sqc_table = self.memory.alloc(32 * queues, 32)
        self.cqc_table = self.memory.alloc(32 * queues, 32)
        self.mailbox.good(mailbox.SQC_BT, 0, self.sqc_table)
        self.mailbox.good(mailbox.CQC_BT, 0, self.cqc_table)

    def start_events(self, eq_depth=2048, aeq_depth=1024):
        """Event rings and tables, in the order of the specification."""
        assert self.load_eq(eq_depth) == 0
        assert self.load_aeq(aeq_depth) == 0

    def unmask(self):
        self.aeq.doorbell(0)
        self.eq.doorbell(0)
        self.set(EQ_MASK, 0)
        self.set(AEQ_MASK, 0)

    def doorbell_at(self, page):
        if self.isolated:
            return self.bar4 + page * PAGE + QUEUE_DOORBELL
        return self.bar2 + QUEUE_DOORBELL

    def doorbell(self, cmd, qn, index, rand=0, priority=0, page=None):
        """A queue's doorbell; page is another queue's page, if not its own."""
        at = self.doorbell_at(qn if page is None else page)
        self.qtest.store(at, doorbell_value(cmd, qn, index, rand, priority), 8)

    def event_doorbell(self, val):
        self.set(EVENT_DOORBELL, val, 8)
