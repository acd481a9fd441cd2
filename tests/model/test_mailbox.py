# SPDX-License-Identifier: GPL-2.0-or-later
"""Mailbox: what starts a command, its parameters, status codes, data."""
import itertools
import struct

import mailbox
from accelerator import sqc_range, QUEUES
from check import expect, until
from mailbox import AEQC, BUSY, CQC, CQC_BT, EQC, FLUSH, RANGE, READ, SQC, \
    SQC_BT, STOP, WINDOW
from memory import NOWHERE
from sqe import Job
from suite import test, V2, V3

# Commands of a bring-up.
UP = 4
BY_QUEUE = (SQC, CQC)
BY_IMAGE = (SQC, CQC, EQC, AEQC)


def known(z):
    return tuple(range(7)) + ((STOP, FLUSH) if z.version == 3 else ())


def range_words(z):
    """A command without effect, and what its words are."""
    return struct.unpack('<4I', mailbox.words(RANGE, read=True))


def put(z, i, word):
    z.set(WINDOW + 4 * i, word)


def started(z):
    return z.monitor.mailboxes


@test()
def four_words_in_any_order_start_a_command(z):
    words = range_words(z)
    for count, order in enumerate(itertools.permutations(range(4))):
        for i in order[:3]:
            put(z, i, words[i])
        z.sync()
        expect(started(z), UP + count, f'commands before the end of {order}')
        put(z, order[3], words[order[3]])
        expect(z.mailbox.wait(), 0)
        expect(z.mailbox.data(), sqc_range(0, QUEUES))
        expect(started(z), UP + count + 1, f'commands after {order}')


@test()
def halves_in_any_order_start_a_command(z):
    low, high = struct.unpack('<2Q', mailbox.words(RANGE, read=True))
    for order in ((0, 1), (1, 0)):
        before = started(z)
        for half in order:
            z.set(WINDOW + 8 * half, (low, high)[half], 8)
        expect(z.mailbox.wait(), 0)
        expect(started(z), before + 1)


@test()
def a_half_and_two_words_start_a_command(z):
    words = range_words(z)
    low, high = struct.unpack('<2Q', mailbox.words(RANGE, read=True))
    for half in (0, 1):
        pieces = [lambda: z.set(WINDOW + 8 * half, (low, high)[half], 8)]
        for i in (2 - 2 * half, 3 - 2 * half):
            pieces.append(lambda i=i: put(z, i, words[i]))
        for order in itertools.permutations(pieces):
            before = started(z)
            for piece in order:
                piece()
            expect(z.mailbox.wait(), 0)
            expect(started(z), before + 1)


@test()
def a_word_written_twice_counts_with_its_last_value(z):
    words = range_words(z)
    put(z, 3, 1)
    put(z, 0, 0x7fff)
    put(z, 0, words[0])
    put(z, 3, 0)
    put(z, 1, 0)
    z.sync()
    expect(started(z), UP)
    put(z, 2, 0)
    expect(z.mailbox.wait(), 0)
    expect(started(z), UP + 1)


@test()
def nothing_starts_without_the_busy_bit(z):
    words = range_words(z)
    for i in (0, 1, 2, 3, 0):
        put(z, i, words[i] & ~BUSY)
        z.sync()
        expect(started(z), UP)
    put(z, 0, words[0])
    expect(z.mailbox.wait(), 0)
    expect(started(z), UP + 1)


@test()
def each_start_needs_all_words_anew(z):
    words = range_words(z)
    z.mailbox.good(RANGE, read=True)
    before = started(z)
    for i in (0, 3, 2):
        put(z, i, words[i])
        z.sync()
        expect(started(z), before)
    put(z, 1, words[1])
    expect(z.mailbox.wait(), 0)
    expect(started(z), before + 1)


@test()
def narrow_writes_do_not_count(z):
    words = range_words(z)
    for i in (0, 1, 2):
        put(z, i, words[i])
    with z.log.bad_accesses(2):
        z.set(WINDOW + 12, 0, 2)
        z.set(WINDOW + 14, 0, 2)
    z.sync()
    expect(started(z), UP)
    put(z, 3, words[3])
    expect(z.mailbox.wait(), 0)


@test()
def data_stay_until_the_next_command(z):
    z.mailbox.good(RANGE, read=True)
    for _ in range(3):
        z.sync()
        expect(z.mailbox.data(), sqc_range(0, QUEUES))
        expect(z.mailbox.w0(), RANGE | READ)
    z.mailbox.good(SQC_BT, read=True)
    expect(z.mailbox.data(), z.sqc_table)


@test()
def tables_read_back(z):
    for cmd, addr in ((SQC_BT, z.sqc_table), (CQC_BT, z.cqc_table),
                      (SQC_BT, 0x123456789abcde0), (CQC_BT, 0x20)):
        z.mailbox.good(cmd, 0, addr)
        expect(z.mailbox.good(cmd, read=True), addr)


@test()
def bad_table_addresses_are_refused(z):
    for cmd, table in ((SQC_BT, z.sqc_table), (CQC_BT, z.cqc_table)):
        for addr in (0, 1, 16, table + 8):
            with z.errors('context table'):
                expect(z.mailbox.run(cmd, 0, addr), mailbox.BAD_IMAGE)
        expect(z.mailbox.good(cmd, read=True), table)


@test()
def unknown_commands_are_refused(z):
    for cmd in range(0x100):
        if cmd not in known(z) and cmd not in (0xc, 0xd, 0xe):
            for read in (False, True):
                with z.errors('unknown mailbox command'):
                    expect(z.mailbox.run(cmd, 0, z.mailbox.page, read),
                           mailbox.BAD_COMMAND, f'status of {cmd:#x}')


@test(V2)
def stop_and_flush_are_unknown_to_version_2(z):
    for cmd in (STOP, FLUSH):
        with z.errors('unknown mailbox command'):
            expect(z.mailbox.run(cmd), mailbox.BAD_COMMAND)


@test()
def reserved_bits_are_refused_in_every_command(z):
    q = z.queue(1)
    for cmd in known(z):
        for bit in (8, 9, 10, 11, 12, 15):
            with z.errors('reserved bits'):
                expect(z.mailbox.run(cmd, 1 if cmd < 2 else 0, 0,
                                     flags=1 << bit), mailbox.BAD_COMMAND)
        for bit in range(32):
            with z.errors('reserved bits'):
                expect(z.mailbox.run(cmd, 0, 0, last=1 << bit),
                       mailbox.BAD_COMMAND)
    expect(q.run(Job(z).sqe())[3], 0)


@test()
def commands_without_a_queue_refuse_a_number(z):
    for cmd in known(z):
        if cmd not in (SQC, CQC, STOP):
            for qn in (1, QUEUES, 0xffff):
                with z.errors('takes no queue number'):
                    expect(z.mailbox.run(cmd, qn, z.mailbox.page, True),
                           mailbox.BAD_COMMAND)


@test()
def queues_outside_the_range_are_refused(z):
    q = z.queue(0)
    z.memory.write(z.mailbox.page, q.sqc(cq=QUEUES))
    for qn in (QUEUES, QUEUES + 1, 1023, 1024, 0xffff):
        for cmd, read in itertools.product(BY_QUEUE, (False, True)):
            with z.errors('outside the range'):
                expect(z.mailbox.run(cmd, qn, z.mailbox.page, read),
                       mailbox.BAD_QUEUE)
        if z.version == 3:
            with z.errors('outside the range'):
                expect(z.mailbox.run(STOP, qn), mailbox.BAD_QUEUE)


@test()
def the_range_cannot_be_written(z):
    with z.errors('write of the VFT'):
        expect(z.mailbox.run(RANGE, 0, sqc_range(0, 1)), mailbox.BAD_COMMAND)
    expect(z.mailbox.good(RANGE, read=True), sqc_range(0, QUEUES))


@test(V3)
def stop_and_flush_have_nothing_to_read(z):
    q = z.queue(0)
    for cmd in (STOP, FLUSH):
        with z.errors('nothing to read'):
            expect(z.mailbox.run(cmd, read=True), mailbox.BAD_COMMAND)
    expect(q.run(Job(z).sqe())[3], 0)


@test()
def image_addresses_have_to_be_aligned(z):
    q = z.queue(0)
    images = {SQC: q.sqc(), CQC: q.cqc()}
    area = z.memory.alloc(64, fill=0x77)
    for cmd in BY_IMAGE:
        for addr in (0, area + 1, area + 4, area + 16):
            with z.errors('context image'):
                expect(z.mailbox.run(cmd, 0, addr), mailbox.BAD_IMAGE)
            with z.errors('context dump'):
                expect(z.mailbox.run(cmd, 0, addr, read=True),
                       mailbox.BAD_IMAGE)
    expect(z.memory.read(area, 64), b'\x77' * 64)
    expect(z.mailbox.load(SQC, 0, images[SQC]), 0)
    expect(z.mailbox.load(CQC, 0, images[CQC]), 0)


@test()
def image_addresses_without_memory_are_faults(z):
    q = z.queue(0)
    for addr in (NOWHERE, 0xffffffffffffffe0):
        for count, (cmd, read) in enumerate(
                itertools.product(BY_IMAGE, (False, True))):
            faults = z.monitor.dma_faults
            expect(z.mailbox.run(cmd, 0, addr, read), mailbox.FAULT,
                   f'status of {cmd} at {addr:#x}')
            expect(z.monitor.dma_faults, faults + 1)
    # Nothing of it got as far as the queue.
    expect(q.run(Job(z).sqe())[3], 0)


@test()
def dumps_write_32_bytes(z):
    z.queue(0)
    for cmd in BY_IMAGE:
        # The guards around it are looked at in the end.
        area = z.memory.alloc(32, 32, fill=0xee)
        z.mailbox.good(cmd, 0, area, read=True)
        assert z.memory.read(area, 32) != b'\xee' * 32


@test()
def contexts_that_are_not_there_dump_as_zeros(z):
    for cmd in BY_QUEUE:
        expect(z.mailbox.dump(cmd, 3), bytes(32))


@test()
def commands_are_counted(z):
    before = started(z)
    for count in range(1, 9):
        z.mailbox.good(RANGE, read=True)
        expect(started(z), before + count)


@test(V3)
def a_running_command_refuses_writes(z):
    q = z.queue(0)
    z.monitor.hang(1)
    q.post(Job(z).sqe())
    z.mailbox.start(STOP)
    window = z.qtest.read(z.bar2 + WINDOW, 16)
    for i in range(4):
        with z.errors('while a command is running'):
            put(z, i, 0xffffffff)
    with z.errors(*['while a command is running'] * 2):
        z.set(WINDOW, 0, 8)
    expect(z.qtest.read(z.bar2 + WINDOW, 16), window)
    assert z.mailbox.busy()
    z.monitor.hang(0)
    expect(z.mailbox.wait(), 0)
    # What was refused does not count towards the next command.
    z.mailbox.good(RANGE, read=True)


@test()
def injected_failures_have_their_status(z):
    z.monitor.fail_mailboxes(3)
    for _ in range(3):
        expect(z.mailbox.run(RANGE, read=True), mailbox.INJECTED)
    expect(z.mailbox.good(RANGE, read=True), sqc_range(0, QUEUES))


@test()
def an_injected_failure_loads_nothing(z):
    q = z.queue(0)
    z.monitor.fail_mailboxes(2)
    expect(q.load_sqc(base=q.sq + 128), mailbox.INJECTED)
    expect(z.mailbox.run(SQC_BT, 0, 0x40), mailbox.INJECTED)
    expect(q.dump_sqc()['base'], q.sq)
    expect(z.mailbox.good(SQC_BT, read=True), z.sqc_table)


@test()
def a_stuck_command_ends_when_it_may(z):
    z.monitor.fail_mailboxes(1, stick=True)
    z.mailbox.start(RANGE, read=True)
    z.sync()
    z.qtest.step(10 ** 10)
    assert z.mailbox.busy()
    with z.errors('while a command is running'):
        put(z, 1, 0)
    z.monitor.fail_mailboxes(0)
    expect(z.mailbox.wait(), 0)
    expect(z.mailbox.data(), sqc_range(0, QUEUES))


@test()
def a_function_reset_ends_a_stuck_command(z):
    z.monitor.fail_mailboxes(1, stick=True)
    z.mailbox.start(RANGE, read=True)
    z.sync()
    z.flr()
    expect(z.qtest.read(z.bar2 + WINDOW, 16), bytes(16))
    z.start_again()
    z.mailbox.good(RANGE, read=True)


@test()
def loading_over_a_queue_at_work_is_refused(z):
    q = z.queue(0)
    job = Job(z)
    z.monitor.hang(1)
    q.post(job.sqe())
    until(lambda: z.monitor.inflight == 1, 'request in flight')
    for load in (q.load_sqc, q.load_cqc):
        with z.errors('at work'):
            expect(load(), mailbox.AT_WORK)
    z.monitor.hang(0)
    expect(q.pop()[3], 0)
    expect(q.load_sqc(), 0)


@test()
def event_contexts_are_refused_with_requests_in_flight(z):
    q = z.queue(0)
    z.monitor.hang(1)
    q.post(Job(z).sqe())
    until(lambda: z.monitor.inflight == 1, 'request in flight')
    for load in (z.load_eq, z.load_aeq):
        with z.errors('in flight'):
            expect(load(), mailbox.BAD_IMAGE)
    z.monitor.hang(0)
    q.pop()
    for load in (z.load_eq, z.load_aeq):
        expect(load(), 0)
