# SPDX-License-Identifier: GPL-2.0-or-later
"""Context images of queues and event rings, as spec.rst lays them out."""
import struct

SIZE = 32
SQE_SHIFT, CQE_SHIFT = 7, 4
DISABLED = 1 << 6
WRAP = 1 << 6


class Layout:
    def __init__(self, fmt, names):
        self.fmt, self.names = fmt, names.split()

    def pack(self, **fields):
        return struct.pack(self.fmt, *[fields.get(n, 0) for n in self.names])

    def unpack(self, raw):
        return dict(zip(self.names, struct.unpack(self.fmt, raw)))


SQC = Layout('<HHQIHHHHHHI',
             'head tail base dw3 rand w9 pasid w11 cq w13 dw7')
CQC = Layout('<HHQIHHHHII', 'head tail base dw3 rand w9 pasid w11 dw6 dw7')
EQC = Layout('<HHQIIII4x', 'head tail base dw3 dw4 dw5 dw6')


def sqc(qn, base, depth, kind=0, shift=SQE_SHIFT, **fields):
    good = {'base': base, 'dw3': depth - 1 | shift << 12, 'cq': qn,
            'w13': 0x10 | kind << 8}
    return SQC.pack(**{**good, **fields})


def cqc(base, depth, **fields):
    good = {'base': base, 'dw3': depth - 1 | CQE_SHIFT << 12, 'dw6': 3}
    return CQC.pack(**{**good, **fields})


def eqc(base, depth, **fields):
    """The AEQ's context has the same fields."""
    good = {'base': base, 'dw6': depth - 1 | 1 << 16}
    return EQC.pack(**{**good, **fields})
