# SPDX-License-Identifier: GPL-2.0-or-later
"""Registers: reset values, what can be written, widths."""
import struct

from check import expect
from machine import Setup
from sqe import Job
from suite import everywhere, test, V2

NO_WORDS = Setup('version 3, no capability words',
                 properties=',cap-version=0')
BAR2_SIZE = 4 << 20
ONES = 0xffffffff

CAPABILITIES = {
    0x3100: 0x00006f01, 0x3104: 0x04000800, 0x3108: 0x04000400,
    0x310c: 0x00010000, 0x3110: 0x00010001, 0x3114: 0x00010003,
    0x3118: 0x00010002, 0x311c: 0x00040003, 0x3124: 0x00007c77,
    0x3128: 0x00006c77, 0x312c: 0x00000008, 0x3130: 0x00001ffe,
    0x3134: 0x000007fe, 0x3138: 0x00000001, 0x313c: 0x12050203,
    0x3140: 0x001c0003, 0x3144: 0x00000030, 0x3148: 0x0000003f,
    0x314c: 0x00000015, 0x3150: 0x00000015, 0x3154: 0x0000002a,
    0x3158: 0x0000002a, 0x315c: 0x0000002a,
}
READ_ONLY = (0x000, 0x008, 0x030, 0x208, 0x210, 0x100008, 0x100010, 0x100044,
             0x1000fc, 0x100100, 0x100154, 0x100158, 0x1040e4, 0x300150,
             0x3010ac, 0x3011c4)
# User and cache attributes and other things that software sets up.
STORAGE = (0x100050, 0x100070, 0x100074, 0x100088, 0x100090, 0x100098,
           0x1000a0, 0x1000a8, 0x1000ac, 0x1000b0, 0x1000cc, 0x1000d0,
           0x1000d8, 0x1000f8, 0x100118, 0x100148, 0x100164, 0x104010,
           0x104020, 0x104030, 0x104040, 0x300014, 0x30001c, 0x301040,
           0x301044, 0x301060, 0x301064, 0x301110, 0x30111c, 0x301128,
           0x301134, 0x301140, 0x3011a8, 0x3011b0, 0x301204, 0x301208)
CONFIGURATION = (0x100058, 0x10005c, 0x100060, 0x100064, 0x100068, 0x10006c,
                 0x100004, 0x1000ec, 0x1000f0, 0x1000f4, 0x1040f8, 0x301004,
                 0x30100c, 0x3010a4, 0x301160, 0x301164, 0x301168, 0x30120c)
WRITE_ONLY = (0x204, 0x100040, 0x100054, 0x10000c, 0x3010a8)


def reset_values(z):
    """Registers that are not 0 after a reset."""
    values = {0x004: 1, 0x00c: 1, 0x100004: ONES, 0x100050: 0x1833,
              0x10006c: 1, 0x1000d8: 0x19e5, 0x1040e4: 1, 0x3010a4: ONES}
    if z.version == 3:
        values.update(CAPABILITIES)
        values[0x024] = 1
        values[0x3120] = 0x14 if z.isolated else 0x04
        values[0x100158] = 1024 | 1024 << 11
    if z.isolated:
        values.update({0x030: 1, 0x100154: 1})
    return values


def whole_bar(z):
    return z.qtest.read(z.bar2, BAR2_SIZE)


def not_zero(raw):
    words = struct.unpack(f'<{len(raw) // 4}I', raw)
    return {4 * i: word for i, word in enumerate(words) if word}


@everywhere(up=False)
def reset_values_are_these_and_all_else_is_zero(z):
    expect(not_zero(whole_bar(z)), reset_values(z))


@everywhere()
def a_function_reset_gives_all_registers_their_reset_values(z):
    for at, end in ((0x38, 0x200), (0x220, 0x300), (0x310, 0x1000),
                    (0x1008, 0x2000), (0x2008, 0x3100), (0x3180, 0x4000),
                    (0x5000, 0x9000), (0x1040fc, 0x105000),
                    (0x300200, 0x301000), (0x302000, 0x30a000)):
        z.qtest.write(z.bar2 + at, b'\x5a' * (end - at))
    for reg in STORAGE + CONFIGURATION + (0x10000c, 0x3010a8):
        z.set(reg, 0x12345678)
    z.flr()
    values = reset_values(z)
    # What memory initialisation did stays.
    values[0x100044] = 1
    expect(not_zero(whole_bar(z)), values)


@test()
def a_reset_of_the_machine_takes_memory_init_as_well(z):
    z.machine.reset()
    z.machine.connect()
    expect(not_zero(whole_bar(z)), reset_values(z))


@everywhere()
def read_only_registers_refuse_writes(z):
    registers = READ_ONLY
    if z.version == 3:
        registers += tuple(range(0x3100, 0x3180, 4))
    for reg in registers:
        before = z.reg(reg)
        for val in (ONES, 0, ~before & ONES):
            with z.errors('write to'):
                z.set(reg, val)
            expect(z.reg(reg), before, f'register {reg:#x}')


@test()
def storage_keeps_what_is_written(z):
    for reg in STORAGE:
        for val in (ONES, 0x5a5a5a5a, 0xa5a5a5a5, 0):
            z.set(reg, val)
            expect(z.reg(reg), val, f'register {reg:#x}')


@test(up=False)
def configuration_keeps_what_is_written(z):
    for reg in CONFIGURATION:
        for val in (ONES, 0x5a5a5a5a, 0xa5a5a5a5, 0):
            z.set(reg, val)
            expect(z.reg(reg), val, f'register {reg:#x}')


@test(up=False)
def a_write_reaches_one_register_only(z):
    for reg in STORAGE:
        before = z.qtest.read(z.bar2 + reg - 16, 36)
        z.set(reg, 0x13579bdf)
        after = z.qtest.read(z.bar2 + reg - 16, 36)
        expect(after[:16] + after[20:], before[:16] + before[20:],
               f'neighbours of {reg:#x}')


@test(NO_WORDS)
def without_a_version_all_capability_words_are_zero(z):
    for reg in range(0x3100, 0x3180, 4):
        expect(z.reg(reg), 0, f'word {reg:#x}')
    # These two are no part of them.
    expect(z.reg(0x100158), 1024 | 1024 << 11)
    expect(z.reg(0x30), 1)
    expect(z.queue(0).run(Job(z).sqe())[3], 0)


@test(V2, up=False)
def version_2_has_no_capability_words(z):
    for reg in CAPABILITIES:
        expect(z.reg(reg), 0)
    expect(z.reg(0x100158), 0)
    expect(z.reg(0x30), 0)


@test(up=False)
def registers_that_start_something_read_zero(z):
    for reg in WRITE_ONLY:
        z.set(reg, 0)
        expect(z.reg(reg), 0, f'register {reg:#x}')


@test(up=False)
def interrupt_masks_have_one_bit(z):
    for reg in (0x04, 0x0c):
        for val in (0, ONES, ONES - 1, 1):
            z.set(reg, val)
            expect(z.reg(reg), val & 1)


@test(up=False)
def error_sources_clear_by_ones(z):
    for source, inject in ((0x100000, 0x10000c), (0x3010a0, 0x3010a8)):
        z.set(inject, 0x7fff)
        z.set(source, 0)
        expect(z.reg(source), 0x7fff)
        for bit in range(15):
            z.set(source, 1 << bit)
            expect(z.reg(source), 0x7fff & (-2 << bit))


@test()
def accesses_of_8_bytes_are_two_of_4(z):
    z.set(0x100088, 0x1111111122222222, 8)
    expect(z.reg(0x100088), 0x22222222)
    expect(z.reg(0x10008c), 0x11111111)
    z.set(0x1000cc, 0x33333333)
    z.set(0x1000d0, 0x44444444)
    expect(z.reg(0x1000c8, 8) >> 32, 0x33333333)
    expect(z.reg(0x1000d0, 8) & ONES, 0x44444444)


@test()
def narrow_accesses_are_refused(z):
    z.set(0x100088, 0x01020304)
    for size in (1, 2):
        for at in range(0, 4, size):
            with z.log.bad_accesses(2):
                z.set(0x100088 + at, 0xff, size)
                z.reg(0x100088 + at, size)
    expect(z.reg(0x100088), 0x01020304)


@test()
def unaligned_accesses_are_refused(z):
    z.set(0x100088, 0x01020304)
    z.set(0x10008c, 0x05060708)
    # QEMU breaks them up into pieces of 1 and 2 bytes.
    for at in (1, 2, 3):
        with z.log.bad_accesses(2 if at == 2 else 3):
            z.set(0x100088 + at, ONES)
    expect(z.reg(0x100088, 8), 0x0506070801020304)


@everywhere()
def reads_have_no_side_effect(z):
    q = z.queue(0)
    z.set(0x04, 1)
    z.set(0x0c, 1)
    z.monitor.aeqe(2, 5)
    z.monitor.qm_error(0x2)
    z.monitor.force(1, 1)
    q.post(Job(z).sqe())
    z.settle(1)
    before, memory = whole_bar(z), z.memory.used()
    expect(whole_bar(z), before)
    z.sync()
    expect(z.memory.used(), memory)
    assert z.reg(0x00) == z.reg(0x08) == 1 and z.reg(0x100000) == 2
