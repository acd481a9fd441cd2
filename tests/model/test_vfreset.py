# SPDX-License-Identifier: GPL-2.0-or-later
"""Resets of VFs and of their PF, with work in flight in both."""
import mailbox
from accelerator import QUEUES, TYPE_CQC, TYPE_SQC, sqc_range
from check import expect
from mailbox import RANGE, STOP
from queues import Queue
from sqe import Job, OK
from suite import everywhere, test, V3
from test_stop import fly
from virtual import CONTROL, NUMBER, functions


def flying(z, vfs, count=3):
    """A queue in each function, with requests in flight in all."""
    queues = [z.queue(0, depth=8)] + [Queue(vf, 0, depth=8) for vf in vfs]
    for q in queues:
        if q.function is not z:
            q.load()
        fly(z, q, count)
    return queues


def contents(queues):
    return [q.rings() for q in queues]


def unchanged(z, queues, before):
    z.sync()
    z.qtest.step(10 ** 9)
    z.sync()
    assert contents(queues) == before, 'rings were written'


def completed(q, count=3):
    expect([q.take() for _ in range(count)], list(range(count)))
    for slot in range(count):
        expect(q.words(slot)[3], OK)


@everywhere()
def requests_of_a_vf_vanish_with_its_reset(z):
    one, two = functions(z, 2)
    pf_queue, first, second = flying(z, (one, two))
    expect(z.monitor.inflight, 9)
    one.pci.flr()
    expect(z.monitor.inflight, 6)
    expect(z.monitor.resets, 1)
    before = contents([first])
    one.connect()
    z.monitor.hang(0)
    # The others do not notice.
    completed(pf_queue)
    completed(second)
    unchanged(z, [first], before)


@everywhere()
def a_vf_is_usable_after_its_reset(z):
    vf, = functions(z, 1)
    q = Queue(vf, 1, depth=8)
    for _ in range(3):
        q.load()
        expect(q.run(Job(z).sqe())[3], OK)
        fly(z, q)
        vf.flr()
        z.monitor.hang(0)
        # The range is the PF's and stays.
        expect(z.range_op(TYPE_SQC, None, 1), sqc_range(QUEUES, 4))
        expect(vf.mailbox.good(RANGE, read=True), sqc_range(QUEUES, 4))
        for cmd in (mailbox.SQC, mailbox.CQC):
            expect(vf.mailbox.dump(cmd, 1), bytes(32))
        for cmd in (mailbox.SQC_BT, mailbox.CQC_BT):
            expect(vf.mailbox.good(cmd, read=True), 0)
        vf.start(4)
    q.load()
    expect(q.run(Job(z).sqe())[3], OK)


@everywhere()
def registers_of_a_vf_are_reset(z):
    vf, other = functions(z, 2)
    vf.flr()
    fresh = vf.qtest.read(vf.bar2, 0x10000)
    expect((vf.reg(0x04), vf.reg(0x0c)), (1, 1))
    for function in (vf, other):
        function.write(0x40, b'\x5a' * 0x1c0)
        function.set(0x0c, 0)
        function.mailbox.good(RANGE, read=True)
    z.set(0x100088, 0x77)
    vf.flr()
    expect(vf.qtest.read(vf.bar2, 0x10000), fresh)
    expect((other.reg(0x40), z.reg(0x100088)), (0x5a5a5a5a, 0x77))


@test(V3)
def a_reset_of_a_vf_ends_its_commands_only(z):
    one, two = functions(z, 2)
    queues = flying(z, (one, two))
    for q in queues:
        q.function.mailbox.start(STOP, 0)
    z.sync()
    assert all(q.function.mailbox.busy() for q in queues)
    one.flr()
    z.sync()
    expect([q.function.mailbox.busy() for q in queues], [True, False, True])
    z.monitor.hang(0)
    for q in (queues[0], queues[2]):
        expect(q.function.mailbox.wait(), 0)
        completed(q)


@everywhere()
def everything_vanishes_with_a_reset_of_the_pf(z):
    vfs = functions(z, 3)
    queues = flying(z, vfs)
    z.pci.flr()
    before = contents(queues)
    z.machine.connect()
    expect(z.monitor.inflight, 0)
    z.monitor.hang(0)
    unchanged(z, queues, before)
    for number in range(4):
        expect(z.range_op(TYPE_SQC, None, number), 0)
        expect(z.range_op(TYPE_CQC, None, number), 0)


@everywhere()
def a_reset_of_the_pf_takes_the_vfs_away(z):
    vfs = functions(z, 2)
    z.flr()
    expect((z.sriov.read(CONTROL), z.sriov.read(NUMBER)), (0, 0))
    expect([vf.pci.read(8) for vf in vfs], [0xffffffff] * 2)
    z.start_again()
    vfs = functions(z, 2)
    for vf in vfs:
        q = Queue(vf, 0, depth=8)
        q.load()
        expect(q.run(Job(z).sqe())[3], OK)


@everywhere()
def work_of_vfs_vanishes_when_they_are_disabled(z):
    vfs = functions(z, 2)
    pf_queue, *queues = flying(z, vfs)
    z.sriov.disable()
    before = contents(queues)
    expect(z.monitor.inflight, 3)
    z.monitor.hang(0)
    completed(pf_queue)
    unchanged(z, queues, before)
    # Their queues can be given to others.
    for number in (1, 2):
        z.clear_range(number)
    z.set_range(0, QUEUES + 8)
    expect(z.queue(QUEUES, depth=8).run(Job(z).sqe())[3], OK)


@everywhere()
def vfs_come_back_as_new(z):
    vf, = functions(z, 1)
    q = Queue(vf, 0, depth=8)
    q.load()
    vf.set(0x40, 0x1234)
    expect(q.run(Job(z).sqe())[3], OK)
    z.sriov.disable()
    z.sriov.enable(1)
    vf.connect()
    expect((vf.reg(0x40), vf.reg(0x04)), (0, 1))
    expect(vf.mailbox.dump(mailbox.SQC, 0), bytes(32))
    vf.start(4)
    q.load()
    expect(q.run(Job(z).sqe())[3], OK)


@everywhere()
def a_reset_of_the_platform_leaves_pci_alone(z):
    vf, = functions(z, 1)
    queues = flying(z, (vf,))
    z.monitor.reset()
    before = contents(queues)
    z.monitor.hang(0)
    unchanged(z, queues, before)
    expect(vf.pci.read(8) >> 8, 0x120000)
    expect(z.reg(0x100044), 0)
    expect(vf.mailbox.w0(), 0)
    z.start()
    z.set_range(QUEUES, 4, 1)
    vf.start(4)
    for q in queues:
        q.load()
        expect(q.run(Job(z).sqe())[3], OK)
