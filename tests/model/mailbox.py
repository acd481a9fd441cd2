# SPDX-License-Identifier: GPL-2.0-or-later
"""The mailbox of one function."""
import struct

from check import until

WINDOW = 0x300
SQC, CQC, EQC, AEQC, SQC_BT, CQC_BT, RANGE = range(7)
STOP, FLUSH = 8, 9
BUSY, READ = 1 << 13, 1 << 14
GOOD, BAD_COMMAND, BAD_QUEUE, BAD_IMAGE, FAULT, AT_WORK, BAD_ORDER, \
    INJECTED = range(8)


def words(cmd, qn=0, addr=0, read=False, flags=0, last=0):
    """The 16 bytes that start a command."""
    w0 = cmd | BUSY | (READ if read else 0) | flags
    return struct.pack('<HHQI', w0, qn, addr, last)


class Mailbox:
    def __init__(self, function, memory):
        self.function, self.memory = function, memory
        self.page = memory.alloc(64, 4096)

    def start(self, cmd, qn=0, addr=0, read=False, **more):
        self.function.write(WINDOW, words(cmd, qn, addr, read, **more))

    def w0(self):
        return self.function.reg(WINDOW) & 0xffff

    def busy(self):
        return bool(self.w0() & BUSY)

    def wait(self):
        until(lambda: not self.busy(), 'end of the mailbox command')
        return self.w0() >> 9 & 0xf

    def run(self, cmd, qn=0, addr=0, read=False, **more):
        """Returns the status."""
        self.start(cmd, qn, addr, read, **more)
        return self.wait()

    def good(self, cmd, qn=0, addr=0, read=False):
        """Must succeed; returns the data."""
        status = self.run(cmd, qn, addr, read)
        assert status == GOOD, f'mailbox {cmd:#x}: status {status}'
        return self.data()

    def data(self):
        return self.function.reg(WINDOW + 4) | \
            self.function.reg(WINDOW + 8) << 32

    def load(self, cmd, qn, image):
        """Load a context image; returns the status."""
        self.memory.write(self.page, image)
        return self.run(cmd, qn, self.page)

    def dump(self, cmd, qn=0):
        self.memory.fill(self.page, 32, 0xee)
        self.good(cmd, qn, self.page, read=True)
        return self.memory.read(self.page, 32)
