# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between the engines behind the QM."""
from check import until

SQE_SHIFT = {'zip': 7, 'sec': 7, 'hpre': 6}
CLOCKS = 0x301004
DECOMPRESS_CHECK = 1 << 16
CLUSTER, CORES, CORE_START, CORE_DONE = 0x302000, 0x04, 0x20, 0x80


def allow_errors(z):
    """Errors of the QM that drivers want to hear of."""
    for reg, val in ((0x1000ec, 0x8), (0x1000f4, 0x7c77),
                     (0x100004, 0xffff8380)):
        z.set(reg, val)


def init_zip(z):
    z.set(CLOCKS, DECOMPRESS_CHECK | (0x1f if z.version == 3 else 0xff))
    for reg, val in ((0x301160, 1), (0x301164, 0x1ffe),
                     (0x3010a4, 0xffffe000)):
        z.set(reg, val)


def init_sec(z):
    z.set(0x301100, 1)
    until(lambda: z.reg(0x301104) & 1, 'end of memory init of SEC')
    z.set(0x301270, 0xf)


def init_hpre(z):
    z.set(0x301038, 3 if z.version == 3 else 1)
    z.set(0x301014, 1)
    until(lambda: z.reg(0x301a00) & 1, 'end of init of HPRE')
    for cluster in range(1 if z.version == 3 else 4):
        at, cores = CLUSTER + cluster * 0x1000, \
            0x3ff if z.version == 3 else 0xf
        z.set(at + CORES, cores)
        z.set(at + CORE_START, 1)
        until(lambda: z.reg(at + CORE_DONE) == cores, 'end of core init')


INIT = {'zip': init_zip, 'sec': init_sec, 'hpre': init_hpre}
