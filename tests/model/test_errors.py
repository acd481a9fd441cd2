# SPDX-License-Identifier: GPL-2.0-or-later
"""Hardware errors: sources, masks, classes, messages, blocked memory."""
from typing import NamedTuple

import mailbox
from check import expect
from machine import Setup
from memory import NOWHERE
from queues import Queue
from sqe import FAULT, Job
from suite import everywhere, test, V2, V3

MESSAGE = 3
ONES = 0xffffffff
ECC_CORRECTED, ECC_FATAL = 1 << 3, 1 << 2
READ_FAULT, WRITE_FAULT = 1, 2
SOURCE_ADDRESS, DESTINATION_ADDRESS = 1 << 4, 1 << 5
SHUTDOWN_ENABLE = 1 << 14
CONTROL = 0x30100c

FAULTS_SHOW = Setup('version 3, faults are errors',
                    properties=',ras-on-dma-fault=on')


class Block(NamedTuple):
    """The same registers at other places, and the errors of the block."""
    name: str
    source: int
    mask: int
    status: int
    set: int
    correctable: int
    fatal: int
    non_fatal: int
    blocks: int
    bits: int


QM = Block('QM', *(0x100000 + at for at in
                   (0, 4, 8, 0xc, 0xec, 0xf0, 0xf4, 0x40f8)), 15)
ENGINE = Block('engine', *(0x301000 + at for at in
                           (0xa0, 0xa4, 0xac, 0xa8, 0x160, 0x168, 0x164,
                            0x20c)), 13)
BLOCKS = (QM, ENGINE)


def raise_by_monitor(z, block, bits):
    (z.monitor.qm_error if block is QM else z.monitor.engine_error)(bits)


def raise_by_register(z, block, bits):
    z.set(block.set, bits)


def allow(z, block, mask=0, correctable=ONES, fatal=0, non_fatal=ONES):
    z.set(block.mask, mask)
    z.set(block.correctable, correctable)
    z.set(block.fatal, fatal)
    z.set(block.non_fatal, non_fatal)


def sent(z):
    """Error messages since the last look."""
    z.sync()
    message = z.message()
    assert message in (None, MESSAGE), message
    return message is not None


@everywhere()
def each_error_shows_and_sends_a_message(z):
    for block in BLOCKS:
        allow(z, block)
        count = z.monitor.interrupts
        for raise_error in (raise_by_monitor, raise_by_register):
            for bit in range(block.bits):
                raise_error(z, block, 1 << bit)
                assert sent(z), f'{block.name} error {bit}'
                expect(z.reg(block.source), 1 << bit)
                expect(z.reg(block.status), 1 << bit)
                z.set(block.source, 1 << bit)
                expect(z.reg(block.source), 0)
                expect(z.reg(block.status), 0)
                assert not sent(z)
        expect(z.monitor.interrupts, count + 2 * block.bits)


@everywhere()
def an_error_sends_one_message_until_it_is_cleared(z):
    for block in BLOCKS:
        allow(z, block)
        raise_by_monitor(z, block, 2)
        assert sent(z)
        for _ in range(3):
            raise_by_monitor(z, block, 2)
            assert not sent(z)
        raise_by_monitor(z, block, 4)
        assert sent(z)
        expect(z.reg(block.source), 6)
        z.set(block.source, 4)
        assert not sent(z)
        z.set(block.source, 2)
        z.sync()
        raise_by_monitor(z, block, 2)
        assert sent(z)


@everywhere()
def a_masked_error_shows_in_the_source_only(z):
    for block in BLOCKS:
        allow(z, block, mask=1 << 4)
        raise_by_monitor(z, block, 1 << 4)
        assert not sent(z)
        expect(z.reg(block.source), 1 << 4)
        expect(z.reg(block.status), 0)
        z.set(block.mask, 0)
        assert sent(z)
        expect(z.reg(block.status), 1 << 4)
        z.set(block.source, ONES)


@everywhere()
def an_error_cleared_under_its_mask_is_gone(z):
    for block in BLOCKS:
        allow(z, block, mask=ONES)
        raise_by_monitor(z, block, 0x7f)
        z.set(block.source, 0x7f)
        z.set(block.mask, 0)
        assert not sent(z)


@everywhere()
def an_error_of_no_class_sends_nothing(z):
    for block in BLOCKS:
        for name in ('correctable', 'fatal', 'non_fatal'):
            allow(z, block, 0, 0, 0, 0)
            raise_by_monitor(z, block, 1 << 5)
            assert not sent(z)
            expect(z.reg(block.status), 1 << 5)
            z.set(getattr(block, name), 1 << 4)
            assert not sent(z)
            z.set(getattr(block, name), 1 << 5)
            assert sent(z), (block.name, name)
            z.set(block.source, ONES)
            z.sync()


@everywhere()
def blocks_have_errors_of_their_own(z):
    for block in BLOCKS:
        allow(z, block)
    for block, other in (BLOCKS, BLOCKS[::-1]):
        raise_by_monitor(z, block, 1 << 2)
        assert sent(z)
        expect(z.reg(other.source), 0)
        raise_by_monitor(z, other, 1 << 2)
        assert sent(z)
        z.set(block.source, ONES)
        expect(z.reg(other.source), 1 << 2)
        z.set(other.source, ONES)
        assert not sent(z)


@everywhere()
def corrected_errors_disturb_nobody(z):
    q = z.queue(0)
    for block, bit in ((QM, ECC_CORRECTED), (ENGINE, 1)):
        allow(z, block)
        raise_by_monitor(z, block, bit)
        expect(q.run(Job(z).sqe())[3], 0)
        z.mailbox.good(mailbox.RANGE, read=True)
        z.set(block.source, bit)


def memory_is_blocked(z, q, clear):
    """No request is done and no context dumped until clear() was called."""
    done = z.monitor.completed
    q.post(Job(z).sqe())
    z.sync()
    assert q.idle() and z.monitor.completed == done
    expect(z.mailbox.run(mailbox.SQC, 0, z.mailbox.page, read=True),
           mailbox.FAULT)
    clear()
    expect(q.pop()[3], 0)
    z.mailbox.dump(mailbox.SQC, 0)


@test(V3)
def chosen_errors_block_memory_until_they_are_cleared(z):
    q = z.queue(0)
    for block in BLOCKS:
        z.set(block.blocks, ECC_FATAL | 1 << 7)
        z.set(CONTROL, SHUTDOWN_ENABLE if block is ENGINE else 0)
        for bit in (2, 7):
            raise_by_monitor(z, block, 1 << bit)
            memory_is_blocked(z, q, lambda: z.set(block.source, 1 << bit))


@test(V3)
def a_masked_error_blocks_memory_as_well(z):
    q = z.queue(0)
    z.set(QM.mask, ONES)
    z.set(QM.blocks, ECC_FATAL)
    z.monitor.qm_error(ECC_FATAL)
    memory_is_blocked(z, q, lambda: z.set(QM.blocks, 0))


@test(V3)
def other_errors_do_not_block_memory(z):
    q = z.queue(0)
    for block in BLOCKS:
        z.set(block.blocks, ECC_FATAL)
        z.set(CONTROL, SHUTDOWN_ENABLE)
        raise_by_monitor(z, block, ~ECC_FATAL & (1 << block.bits) - 1)
        expect(q.run(Job(z).sqe())[3], 0)


@test(V3)
def the_engine_blocks_memory_only_if_it_is_let(z):
    q = z.queue(0)
    z.set(ENGINE.blocks, 2)
    z.monitor.engine_error(2)
    expect(q.run(Job(z).sqe())[3], 0)
    z.set(CONTROL, SHUTDOWN_ENABLE)
    memory_is_blocked(z, q, lambda: z.set(CONTROL, 0))


@test(V2)
def version_2_blocks_nothing_by_itself(z):
    q = z.queue(0)
    z.set(CONTROL, SHUTDOWN_ENABLE)
    for block in BLOCKS:
        z.set(block.blocks, ONES)
        raise_by_monitor(z, block, ONES)
    expect(q.run(Job(z).sqe())[3], 0)


@test(V3)
def results_wait_while_memory_is_blocked(z):
    q = z.queue(0)
    z.set(QM.blocks, ECC_FATAL)
    z.monitor.hang(1)
    job = Job(z)
    q.post(job.sqe())
    z.sync()
    expect(z.monitor.inflight, 1)
    z.monitor.qm_error(ECC_FATAL)
    z.monitor.hang(0)
    z.sync()
    assert q.idle() and job.untouched()
    z.set(QM.source, ECC_FATAL)
    expect(q.pop()[3], 0)


@everywhere()
def doorbell_errors_send_a_message_if_they_may(z):
    z.queue(0)
    for wanted, mask in ((False, 1 << 12), (True, 0)):
        allow(z, QM, mask=mask)
        with z.errors('random value'):
            z.doorbell(0, 0, 0, rand=1)
        expect(sent(z), wanted)
        z.set(QM.source, ONES)
    with z.errors('outside the range'):
        z.doorbell(0, z.queues, 0)
    assert sent(z)


@everywhere()
def memory_faults_raise_no_error_by_default(z):
    q = z.queue(0)
    for change in ({'src': NOWHERE}, {'dst': NOWHERE}):
        expect(q.run(Job(z).sqe(**change))[3], FAULT)
    for block in BLOCKS:
        expect(z.reg(block.source), 0)


@test(FAULTS_SHOW)
def memory_faults_of_requests_are_engine_errors(z):
    q = z.queue(0)
    allow(z, ENGINE)
    for change, bit in (({'src': NOWHERE}, SOURCE_ADDRESS),
                        ({'dst': NOWHERE}, DESTINATION_ADDRESS)):
        z.message()
        z.set(0x0c, 1)
        expect(q.run(Job(z).sqe(**change))[3], FAULT)
        expect(z.reg(ENGINE.source), bit)
        assert sent(z)
        z.set(ENGINE.source, bit)
        expect(z.reg(QM.source), 0)


@test(FAULTS_SHOW)
def memory_faults_of_rings_are_errors_of_the_qm(z):
    allow(z, QM)
    for bases, part, bit in ((('sq',), 'cannot be read', READ_FAULT),
                             (('cq',), 'cannot be written', WRITE_FAULT)):
        q = Queue(z, 0, depth=8)
        for ring, load in (('sq', q.load_sqc), ('cq', q.load_cqc)):
            expect(load(**({'base': NOWHERE} if ring in bases else {})), 0)
        with z.errors(part):
            q.post(Job(z).sqe())
        expect(z.reg(QM.source), bit)
        expect(z.aeq.pop_aeqe(), (2, 0))
        z.set(QM.source, bit)


@everywhere()
def no_message_without_errors(z):
    for block in BLOCKS:
        allow(z, block)
        z.set(block.source, ONES)
        z.set(block.mask, ONES)
        z.set(block.mask, 0)
    assert not sent(z)


@everywhere()
def an_error_cleared_and_raised_again_at_once_is_a_new_one(z):
    for block in BLOCKS:
        allow(z, block)
        raise_by_monitor(z, block, 2)
        assert sent(z)
        at = z.bar2 + block.source, z.bar2 + block.set
        z.qtest.together([f'writel {at[0]:#x} 2', f'writel {at[1]:#x} 2'])
        assert sent(z), block.name
