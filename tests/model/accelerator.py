# SPDX-License-Identifier: GPL-2.0-or-later
"""The physical function of an accelerator, from power-on to loaded queues."""
from check import until
from engines import INIT, allow_errors
from errorlog import ErrorLog
from function import Function
from monitor import Monitor
from queues import Queue

MEM_START, MEM_DONE = 0x100040, 0x100044
RANGE_OP, RANGE_READ, RANGE_TYPE, RANGE_FUNCTION, RANGE_LOW, RANGE_HIGH, \
    RANGE_READY = range(0x100054, 0x100070, 4)
TYPE_SQC, TYPE_CQC, TYPE_SHAPER = range(3)
MASTER_STOP, MASTER_STOPPED = 0x300000, 0x300150
MSI_DATA = 0x40
QUEUES = 8


def sqc_range(first, count):
    return first << 28 | 1 << 44 | count - 1 << 45


CQC_RANGE = 1 << 28


class Accelerator(Function):
    def __init__(self, machine, pci, bar2, bar4, monitor_bar):
        self.monitor = Monitor(machine.qtest, monitor_bar)
        self.log = ErrorLog(machine.qtest, self.monitor)
        super().__init__(machine, pci, bar2, bar4)
        self.msi_addr = self.memory.alloc(4, 16)
        self.pci.msi(self.msi_addr, MSI_DATA, 4)

    # Bring-up, in the order of the specification.

    def init_memory(self):
        self.set(MEM_START, 1)
        until(lambda: self.reg(MEM_DONE) & 1, 'end of memory init')

    def init_engine(self):
        allow_errors(self)
        INIT[self.machine.setup.engine](self)

    def start(self, queues=QUEUES, eq_depth=2048, aeq_depth=1024, first=0):
        self.init_memory()
        self.start_again(queues, eq_depth, aeq_depth, first)

    def start_again(self, queues=QUEUES, eq_depth=2048, aeq_depth=1024,
                    first=0):
        """All that an FLR takes away."""
        self.init_engine()
        self.set_range(first, queues)
        self.start_events(eq_depth, aeq_depth)
        self.load_tables(queues)
        self.unmask()

    def range_op(self, kind, entry=None, function=0):
        """Write an entry of the range table, or read it."""
        self.set(RANGE_READ, int(entry is None))
        self.set(RANGE_TYPE, kind)
        self.set(RANGE_FUNCTION, function)
        if entry is not None:
            self.set(RANGE_LOW, entry & 0xffffffff)
            self.set(RANGE_HIGH, entry >> 32)
        self.set(RANGE_READY, 0)
        self.set(RANGE_OP, 1)
        until(lambda: self.reg(RANGE_READY) & 1, 'end of range operation')
        return self.reg(RANGE_LOW) | self.reg(RANGE_HIGH) << 32

    def set_range(self, first, count, function=0):
        self.range_op(TYPE_SQC, sqc_range(first, count), function)
        self.range_op(TYPE_CQC, CQC_RANGE, function)

    def clear_range(self, function=0):
        self.range_op(TYPE_SQC, 0, function)
        self.range_op(TYPE_CQC, 0, function)

    def queue(self, qn, kind=0, depth=1024, **more):
        """A loaded queue."""
        q = Queue(self, qn, kind, depth, **more)
        q.load()
        return q

    # Waiting.

    def sync(self):
        """The deferred work of all that was done so far has been run.

        The end of a range operation is told by that work, at its start.
        """
        self.range_op(TYPE_SQC)

    def settle(self, completed):
        """Until so many requests in all are completed."""
        until(lambda: self.monitor.completed >= completed,
              f'{completed} completions')
        self.sync()

    def errors(self, *parts):
        """Around steps that cause these guest errors and no others."""
        return self.log.expecting(self.sync, *parts)

    # Interrupts.

    def message(self):
        """Number of the last message sent since the last look, or None."""
        word = self.memory.word(self.msi_addr)
        self.memory.fill(self.msi_addr, 4, 0)
        return word - MSI_DATA if word else None

    # Resets.

    def flr(self):
        """Function level reset; the BARs and MSI are set up again."""
        self.pci.flr()
        self.machine.connect()
        self.pci.msi(self.msi_addr, MSI_DATA, 4)

    def stop_master(self):
        self.set(MASTER_STOP, 1)
        until(lambda: self.reg(MASTER_STOPPED) == 3, 'end of transactions')
