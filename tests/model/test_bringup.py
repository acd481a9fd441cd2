# SPDX-License-Identifier: GPL-2.0-or-later
"""Bring-up: what has to come before what."""
import mailbox
from accelerator import CQC_RANGE, MEM_DONE, \
    MEM_START, QUEUES, TYPE_CQC, TYPE_SQC, sqc_range
from check import expect
from contexts import eqc
from engines import CLOCKS, DECOMPRESS_CHECK
from function import AEQ, EQ, SQ, doorbell_value
from mailbox import AEQC, CQC_BT, EQC, SQC_BT
from memory import NOWHERE
from pci import MASTER, MEMORY
from queues import Queue
from sqe import COMPRESS, DECOMPRESS, Job, ZLIB, pack
from suite import everywhere, test


def load_some(z, without=None):
    """The function's contexts, but for one of them."""
    z.queues = QUEUES
    for cmd, depth in ((EQC, 2048), (AEQC, 1024)):
        if cmd != without:
            ring = z.memory.alloc(4 * depth, 32)
            expect(z.mailbox.load(cmd, 0, eqc(ring, depth)), 0)
    for cmd in (SQC_BT, CQC_BT):
        if cmd != without:
            z.mailbox.good(cmd, 0, z.memory.alloc(32 * QUEUES))


@test(up=False)
def every_command_fails_before_memory_init(z):
    expect(z.reg(MEM_DONE), 0)
    for cmd in tuple(range(7)) + ((8, 9) if z.version == 3 else ()):
        with z.errors('before memory init'):
            expect(z.mailbox.run(cmd, 0, z.mailbox.page, cmd == 6),
                   mailbox.BAD_ORDER)


@test(up=False)
def memory_init_is_asked_for_by_bit_0(z):
    for val in (0, 2, 0xfffffffe):
        z.set(MEM_START, val)
        z.sync()
        expect(z.reg(MEM_DONE), 0)
    z.init_memory()
    expect(z.reg(MEM_DONE), 1)
    z.mailbox.good(mailbox.RANGE, read=True)


@test()
def memory_init_outlives_a_function_reset(z):
    z.flr()
    expect(z.reg(MEM_DONE), 1)
    z.start_again()
    expect(z.queue(0).run(Job(z).sqe())[3], 0)


@test()
def memory_init_is_needed_after_a_reset_of_the_machine(z):
    z.machine.reset()
    z.machine.connect()
    expect(z.reg(MEM_DONE), 0)
    with z.errors('before memory init'):
        expect(z.mailbox.run(mailbox.RANGE, read=True), mailbox.BAD_ORDER)


@test(up=False)
def a_queue_needs_all_contexts_of_its_function(z):
    z.init_memory()
    for without in (EQC, AEQC, SQC_BT, CQC_BT):
        z.set_range(0, QUEUES)
        load_some(z, without)
        q = Queue(z, 0)
        for load in (q.load_sqc, q.load_cqc):
            with z.errors("before the function's contexts"):
                expect(load(), mailbox.BAD_ORDER)
        z.flr()


@test(up=False)
def a_queue_needs_both_halves_of_the_range(z):
    z.init_memory()
    load_some(z)
    q = Queue(z, 0)
    for kind, entry in ((TYPE_SQC, sqc_range(0, QUEUES)),
                        (TYPE_CQC, CQC_RANGE)):
        with z.errors('outside the range'):
            expect(q.load_sqc(), mailbox.BAD_QUEUE)
        z.range_op(kind, entry)
        z.range_op(1 - kind, 0)
        with z.errors('outside the range'):
            expect(q.load_sqc(), mailbox.BAD_QUEUE)
    z.set_range(0, QUEUES)
    expect(q.load_sqc(), 0)


@everywhere(up=False)
def doorbells_before_the_range_are_errors(z):
    z.init_memory()
    with z.errors('outside the range'):
        z.doorbell(SQ, 0, 1)
    expect(z.monitor.dropped, 1)


@everywhere()
def doorbells_before_the_contexts_are_dropped(z):
    q = Queue(z, 0)
    q.post(Job(z).sqe())
    expect(q.load_sqc(), 0)
    q.sq_doorbell(1)
    z.sync()
    expect(z.monitor.dropped, 2)
    expect(z.monitor.completed, 0)
    # Neither of them counts once the queue is complete.
    expect(q.load_cqc(), 0)
    z.sync()
    expect(z.monitor.completed, 0)
    expect(q.dump_sqc()['tail'], 0)


@test(up=False)
def event_doorbells_before_their_context_are_errors(z):
    z.init_memory()
    for cmd in (EQ, AEQ):
        with z.errors('no context'):
            z.event_doorbell(doorbell_value(cmd, 0, 0))
    expect(z.monitor.dropped, 2)


@test()
def queues_wait_for_a_core_of_their_direction(z):
    compress, decompress = z.queue(0, COMPRESS), z.queue(1, DECOMPRESS)
    for q, cores, others in ((compress, 1, 0xfc), (decompress, 4, 3)):
        z.set(CLOCKS, DECOMPRESS_CHECK | others)
        data = b'abcd' if q is compress else pack(ZLIB, b'abcd')
        q.post(Job(z, data).sqe())
        z.sync()
        assert q.idle() and z.monitor.inflight == 0
        z.set(CLOCKS, DECOMPRESS_CHECK | cores)
        expect(q.pop()[3], 0)


@test()
def no_memory_is_reached_without_bus_mastering(z):
    q = z.queue(0)
    z.pci.enable(MEMORY)
    expect(q.load_cqc(), mailbox.FAULT)
    z.pci.enable(MEMORY | MASTER)
    expect(q.load_sqc(), 0)


@test(up=False)
def table_addresses_are_not_looked_at_by_loads(z):
    z.init_memory()
    z.init_engine()
    z.set_range(0, QUEUES)
    z.start_events()
    z.mailbox.good(SQC_BT, 0, NOWHERE)
    z.mailbox.good(CQC_BT, 0, NOWHERE)
    expect(z.queue(0).run(Job(z).sqe())[3], 0)
    expect(z.monitor.dma_faults, 0)


@test()
def memory_init_under_live_queues_is_refused(z):
    q = z.queue(0)
    with z.errors('memory init while queues have contexts'):
        z.set(MEM_START, 1)
    expect(z.reg(MEM_DONE), 1)
    expect(q.run(Job(z).sqe())[3], 0)


@test()
def memory_init_takes_the_ranges(z):
    z.init_memory()
    expect(z.range_op(TYPE_SQC), 0)
    expect(z.range_op(TYPE_CQC), 0)
    z.set_range(0, QUEUES)
    expect(z.queue(0).run(Job(z).sqe())[3], 0)
