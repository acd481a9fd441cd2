# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual functions: what they have, and what they cannot reach."""
import mailbox
from accelerator import QUEUES, TYPE_CQC, TYPE_SQC, sqc_range
from check import expect, until
from contexts import EQC
from function import SQ, WRITE_BACK, WRITTEN_BACK
from machine import PORT
from mailbox import BAD_QUEUE, FLUSH, RANGE, STOP
from pci import CAP_EXPRESS, CAP_MSI, MASTER, MEMORY
from queues import Queue
from sqe import FAULT, Job, OK
from suite import everywhere, test, V3
from test_stop import fly
from virtual import CONTROL, DEVICE_ID, NUMBER, Sriov, VF_BAR2_SIZE, \
    VF_ENABLE, VF_MEMORY, VirtualFunction, functions

SQ_RANGE_ERROR = 1 << 9


def jobs(z, q, count=1):
    """Requests that have to be done."""
    for _ in range(count):
        expect(q.run(Job(z).sqe())[3], OK)


@everywhere(up=False)
def the_capability_names_the_vfs(z):
    sriov = Sriov(z)
    expect(sriov.at, 0x200)
    # On the root bus the rest of the slot is what there is.
    expect(sriov.total, 7)
    expect((sriov.offset, sriov.stride), (1, 1))
    expect(sriov.read(DEVICE_ID), 0xa251)
    expect(sriov.bar_size(2), VF_BAR2_SIZE)
    expect(sriov.bar4_size, 1024 * 0x10000 if z.isolated else 0)
    for reg in (CONTROL, NUMBER):
        expect(sriov.read(reg), 0)


@everywhere()
def vfs_are_there_while_they_are_enabled(z):
    z.sriov = Sriov(z)
    vfs = [VirtualFunction(z, number) for number in range(1, 8)]

    def present():
        return [vf.number for vf in vfs if vf.pci.read(8) != 0xffffffff]

    expect(present(), [])
    for count in (1, 3, 7):
        z.sriov.enable(count)
        expect(present(), list(range(1, count + 1)))
        z.sriov.disable()
        expect(present(), [])


@everywhere()
def vfs_look_like_their_pf(z):
    vf, = functions(z, 1)
    revision = 0x30 if z.version == 3 else 0x21
    expect(vf.pci.read(8), 0x12000000 | revision)
    control = vf.pci.read(vf.pci.capability(CAP_MSI) + 2, 2)
    expect(1 << (control >> 1 & 7), 4 if z.version == 3 else 2)
    at = vf.pci.capability(CAP_EXPRESS)
    expect(vf.pci.read(at + 4) >> 28 & 1, 1)


@everywhere()
def a_vf_works_with_the_queues_it_was_given(z):
    vfs = functions(z, 7)
    mine = z.queue(0)
    queues = [Queue(vf, qn, depth=8) for vf in vfs for qn in (0, 3)]
    for q in queues:
        q.load()
    for _ in range(10):
        jobs(z, mine)
        for q in queues:
            jobs(z, q)
    for vf in vfs:
        expect(vf.eq.pop(), 0)
        expect(vf.eq.pop(), 3)
        expect(vf.message(), 0)
    expect(z.eq.pop(), 0)


@everywhere()
def a_vf_reads_its_own_range(z):
    vfs = functions(z, 3)
    for vf in vfs:
        expect(vf.mailbox.good(RANGE, read=True),
               sqc_range(QUEUES + 4 * (vf.number - 1), 4))
        expect(z.range_op(TYPE_SQC, None, vf.number),
               sqc_range(QUEUES + 4 * (vf.number - 1), 4))
    expect(z.mailbox.good(RANGE, read=True), sqc_range(0, QUEUES))


@everywhere()
def a_vf_without_a_range_has_no_queues(z):
    vf, = functions(z, 1)
    z.clear_range(1)
    expect(vf.mailbox.good(RANGE, read=True), 0)
    q = Queue(vf, 0)
    with z.errors('outside the range'):
        expect(q.load_sqc(), BAD_QUEUE)
    with z.errors('outside the range'):
        q.sq_doorbell(1)
    expect(z.reg(0x100000), SQ_RANGE_ERROR)


@everywhere()
def a_vf_has_no_queues_beyond_its_range(z):
    vf, other = functions(z, 2)
    mine = Queue(other, 0)
    mine.load()
    for qn in (4, 5, 100, 1023):
        q = Queue(vf, qn)
        with z.errors('outside the range'):
            expect(q.load_sqc(), BAD_QUEUE)
        with z.errors('outside the range'):
            vf.doorbell(SQ, qn, 0)
        if z.version == 3:
            with z.errors('outside the range'):
                expect(q.stop(), BAD_QUEUE)
    jobs(z, mine)


@everywhere()
def equal_numbers_are_different_queues(z):
    vfs = functions(z, 2)
    queues = [z.queue(1, depth=8)] + [Queue(vf, 1, depth=8) for vf in vfs]
    for q in queues[1:]:
        q.load()
    for turns, q in enumerate(queues):
        jobs(z, q, turns + 1)
    for turns, q in enumerate(queues):
        expect(q.dump_sqc()['base'], q.sq)
        expect(q.dump_sqc()['tail'], turns + 1)
    queues[0].load()
    expect(queues[1].dump_sqc()['tail'], 2)


@everywhere()
def ranges_of_functions_do_not_overlap(z):
    functions(z, 2)
    for first, count, number in ((QUEUES - 1, 4, 1), (0, 1, 1), (7, 10, 2),
                                 (QUEUES + 7, 1, 1), (QUEUES + 3, 2, 2)):
        before = z.range_op(TYPE_SQC, None, number)
        with z.errors('has queues of function'):
            z.range_op(TYPE_SQC, sqc_range(first, count), number)
        expect(z.range_op(TYPE_SQC, None, number), before)
    z.clear_range(1)
    z.set_range(QUEUES, 4, 2)


@everywhere()
def a_range_can_be_moved_to_another_function(z):
    one, two = functions(z, 2)
    q = Queue(one, 0, depth=8)
    q.load()
    fly(z, q)
    rings = q.rings()
    entry = z.range_op(TYPE_SQC, None, 1)
    z.clear_range(1)
    z.clear_range(2)
    z.range_op(TYPE_SQC, entry, 2)
    z.range_op(TYPE_CQC, 1 << 28, 2)
    z.monitor.hang(0)
    z.sync()
    expect(q.rings(), rings)
    new = Queue(two, 0, depth=8)
    expect(two.mailbox.dump(mailbox.SQC, 0), bytes(32))
    new.load()
    jobs(z, new, 3)
    expect(q.rings(), rings)


@everywhere()
def a_vf_has_no_registers_of_the_device(z):
    vf, = functions(z, 1)
    for reg in (0x4000, 0x8000, 0xfffc):
        with z.errors('VF has no register'):
            vf.set(reg, 1)
        expect(vf.reg(reg), 0)
    expect(vf.reg(0x04), 0)
    vf.set(0x04, 1)
    expect((vf.reg(0x04), z.reg(0x04)), (1, 0))


@test(V3)
def capability_words_are_the_same(z):
    vf, = functions(z, 1)
    for reg in range(0x3100, 0x3180, 4):
        expect(vf.reg(reg), z.reg(reg), f'word {reg:#x}')
    with z.errors('capability register'):
        vf.set(0x3104, 0)
    expect(vf.reg(0x30), 1)


@everywhere()
def a_vf_has_event_rings_of_its_own(z):
    one, two = functions(z, 2)
    z.monitor.function(1)
    z.monitor.aeqe(3, 77)
    expect(one.aeq.pop_aeqe(), (3, 77))
    expect(one.message(), 1)
    assert two.aeq.empty() and z.aeq.empty()
    expect((one.reg(0), two.reg(0), z.reg(0)), (1, 0, 0))
    expect(EQC.unpack(one.mailbox.dump(mailbox.EQC))['base'], one.eq.base)
    expect(EQC.unpack(z.mailbox.dump(mailbox.EQC))['base'], z.eq.base)


@everywhere()
def overflow_names_the_function(z):
    _, vf = functions(z, 2)
    expect(vf.load_aeq(4), 0)
    vf.aeq.doorbell(0)
    z.monitor.function(2)
    for _ in range(3):
        z.monitor.aeqe(3, 1)
        z.sync()
    with z.errors('AEQ overflow'):
        z.monitor.aeqe(3, 99)
    expect(z.reg(0x100010), 2 | 2 << 6 | 99 << 16)


@everywhere()
def mailboxes_run_side_by_side(z):
    one, two = functions(z, 2)
    z.monitor.fail_mailboxes(1, stick=True)
    one.mailbox.start(RANGE, read=True)
    z.sync()
    assert one.mailbox.busy()
    two.mailbox.good(RANGE, read=True)
    z.mailbox.good(RANGE, read=True)
    assert one.mailbox.busy()
    z.monitor.fail_mailboxes(0)
    expect(one.mailbox.wait(), 0)
    expect(one.mailbox.data(), sqc_range(QUEUES, 4))


@test(V3)
def stop_and_flush_are_about_the_own_function(z):
    one, two = functions(z, 2)
    queues = [z.queue(0, depth=8), Queue(one, 0, depth=8),
              Queue(two, 0, depth=8)]
    for q in queues[1:]:
        q.load()
    fly(z, queues[0], 2)
    fly(z, queues[1], 2)
    # The second VF has nothing in flight.
    expect(two.mailbox.run(FLUSH), 0)
    expect(queues[2].dump_sqc()['base'], 0)
    expect(queues[1].dump_sqc()['base'], queues[1].sq)
    queues[2].load()
    expect(queues[2].stop(), 0)
    one.mailbox.start(STOP, 0)
    z.sync()
    assert one.mailbox.busy()
    z.monitor.hang(0)
    expect(one.mailbox.wait(), 0)
    expect([queues[0].take(), queues[0].take()], [0, 1])
    jobs(z, queues[0])


@everywhere()
def an_event_context_looks_at_its_own_requests_only(z):
    vf, = functions(z, 1)
    fly(z, z.queue(0))
    expect(vf.load_eq(), 0)
    expect(vf.load_aeq(), 0)
    with z.errors('in flight'):
        expect(z.load_eq(), mailbox.BAD_IMAGE)
    z.monitor.hang(0)


@everywhere()
def a_vf_writes_its_own_tables_back(z):
    one, two = functions(z, 2)
    queues = [Queue(vf, 2, depth=8) for vf in (one, two)]
    for q in queues:
        q.load()
        jobs(z, q)
    one.set(WRITE_BACK, 1)
    until(lambda: one.reg(WRITTEN_BACK) & 1, 'end of write-back')
    expect(z.memory.read(one.sqc_table + 64, 32),
           one.mailbox.dump(mailbox.SQC, 2))
    expect(z.memory.read(two.sqc_table, 128), bytes(128))


@everywhere()
def a_vf_needs_bus_mastering_of_its_own(z):
    vf, = functions(z, 1)
    q = Queue(vf, 0)
    q.load()
    vf.pci.enable(MEMORY)
    expect(q.load_sqc(), FAULT)
    jobs(z, z.queue(0))
    vf.pci.enable(MEMORY | MASTER)
    jobs(z, q)
    # The PF's is about the PF.
    z.pci.enable(MEMORY)
    jobs(z, q)


@everywhere()
def nothing_answers_without_memory_space_of_the_vfs(z):
    vf, = functions(z, 1)
    for val, writes in ((VF_ENABLE, 0), (VF_ENABLE | VF_MEMORY, 1)):
        z.sriov.write(CONTROL, val)
        expect(z.sriov.read(CONTROL), val)
        before = z.monitor.mmio_writes
        vf.set(0x04, 0)
        expect(z.monitor.mmio_writes - before, writes)
    # The bit of the VF's own command register is the PF's to give.
    vf.pci.enable(MASTER)
    expect(vf.pci.read(4, 2) & MEMORY, 0)
    expect(vf.reg(0x04), 0)


@everywhere()
def a_stopped_master_stops_vfs_as_well(z):
    vf, = functions(z, 1)
    q = Queue(vf, 0, depth=8)
    q.load()
    z.stop_master()
    q.post(Job(z).sqe())
    z.sync()
    assert q.idle()
    expect(vf.mailbox.run(mailbox.SQC, 0, vf.mailbox.page, True),
           mailbox.FAULT)
    z.set(0x300000, 0)
    expect(q.pop()[3], OK)


@everywhere()
def the_monitor_counts_for_each_function(z):
    one, two = functions(z, 2)
    queues = [Queue(vf, 0, depth=8) for vf in (one, two)]
    before = {}
    for q in queues:
        q.load()
        before[q] = z.monitor.of_function(q.function.number)
    jobs(z, queues[0], 2)
    fly(z, queues[1], 3)
    for q, steps in zip(queues, ((0, 4, 0), (3, 1, 0))):
        now = z.monitor.of_function(q.function.number)
        expect([a - b for a, b in zip(now, before[q])], list(steps))
    two.mailbox.good(RANGE, read=True)
    expect(z.monitor.of_function(2)[2], before[queues[1]][2] + 1)
    z.monitor.hang(0)


@test(PORT)
def a_bus_of_their_own_holds_63_vfs(z):
    expect(Sriov(z).total, 63)
    vfs = functions(z, 63)
    queues = [Queue(vf, 3, depth=4) for vf in vfs]
    for q in queues:
        q.load()
        q.post(Job(z).sqe())
    for q in queues:
        expect(q.words(q.take())[3], OK)
        expect(q.function.eq.pop(), 3)
        expect(q.function.message(), 0)
    jobs(z, z.queue(0))
