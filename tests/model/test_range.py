# SPDX-License-Identifier: GPL-2.0-or-later
"""The range table: which queues a function has."""
import mailbox
from accelerator import CQC_RANGE, QUEUES, RANGE_FUNCTION, RANGE_HIGH, \
    RANGE_LOW, RANGE_OP, RANGE_READ, RANGE_READY, RANGE_TYPE, TYPE_CQC, \
    TYPE_SHAPER, TYPE_SQC, sqc_range
from check import expect, until
from function import CQ, SQ
from mailbox import RANGE
from qtest import store
from sqe import Job
from suite import everywhere, test, V2, V3


@test(up=False)
def entries_read_back(z):
    for kind, entry in ((TYPE_SQC, sqc_range(3, 1000)), (TYPE_CQC, CQC_RANGE),
                        (TYPE_SQC, 0), (TYPE_CQC, 0)):
        z.range_op(kind, entry)
        z.set(RANGE_LOW, 0x55555555)
        z.set(RANGE_HIGH, 0x55555555)
        expect(z.range_op(kind), entry)


@test(V3, up=False)
def version_3_stores_two_shapers(z):
    z.range_op(TYPE_SHAPER, 0x988696, 0)
    z.range_op(TYPE_SHAPER, 0x808378, 0x40)
    expect(z.range_op(TYPE_SHAPER, None, 0), 0x988696)
    expect(z.range_op(TYPE_SHAPER, None, 0x40), 0x808378)


@test(V2, up=False)
def version_2_has_no_shaper(z):
    with z.errors('no VFT entry'):
        z.range_op(TYPE_SHAPER, 0x988696, 0)


@test(up=False)
def unknown_entries_are_refused(z):
    z.set_range(0, QUEUES)
    for kind, function in ((3, 0), (7, 0), (0xffffffff, 0), (TYPE_SQC, 0x40),
                           (TYPE_CQC, 0x40), (TYPE_SQC, 0x80),
                           (TYPE_CQC, 0xffffffff)):
        for entry in (sqc_range(5, 5), None):
            with z.errors('no VFT entry'):
                z.range_op(kind, entry, function)
    expect(z.range_op(TYPE_SQC), sqc_range(0, QUEUES))
    expect(z.range_op(TYPE_CQC), CQC_RANGE)


@test(up=False)
def ready_says_when_an_operation_is_done(z):
    expect(z.reg(RANGE_READY), 1)
    z.set(RANGE_READY, 0)
    expect(z.reg(RANGE_READY), 0)
    z.set(RANGE_OP, 0)
    expect(z.reg(RANGE_READY), 0)
    z.set(RANGE_READ, 1)
    z.set(RANGE_OP, 1)
    until(lambda: z.reg(RANGE_READY) == 1, 'end of the operation')


@test(up=False)
def an_operation_while_one_runs_is_an_error(z):
    start = store(z.bar2 + RANGE_OP, 1, 4)
    z.set(RANGE_READ, 1)
    z.set(RANGE_TYPE, TYPE_SQC)
    z.set(RANGE_FUNCTION, 0)
    with z.errors('while one is running'):
        z.qtest.together([start, start])


@test()
def the_mailbox_tells_the_same(z):
    for first, count in ((0, 1), (5, 100), (0, 1024), (1023, 1)):
        z.set_range(first, count)
        expect(z.mailbox.good(RANGE, read=True), sqc_range(first, count))
    z.clear_range()
    expect(z.mailbox.good(RANGE, read=True), 0)


@test()
def a_range_ends_with_the_device(z):
    for first, count in ((0, 1024), (1, 1023), (1023, 1)):
        z.set_range(first, count)
        expect(z.queue(count - 1, depth=4).dump_sqc()['cq'], count - 1)
    z.set_range(3, 1000)
    for first, count in ((1, 1024), (1023, 2), (1024, 1), (0xffff, 1)):
        with z.errors('exceeds'):
            z.range_op(TYPE_SQC, sqc_range(first, count))
        # What is refused changes nothing.
        expect(z.range_op(TYPE_SQC), sqc_range(3, 1000))


@test()
def reserved_bits_of_an_entry_are_refused(z):
    sqc = sqc_range(0, QUEUES)
    for bit in list(range(28)) + list(range(55, 64)):
        with z.errors('reserved bits'):
            z.range_op(TYPE_SQC, sqc ^ 1 << bit)
        expect(z.range_op(TYPE_SQC), sqc)
    for bit in list(range(28)) + list(range(29, 64)):
        with z.errors('reserved bits'):
            z.range_op(TYPE_CQC, CQC_RANGE ^ 1 << bit)
        expect(z.range_op(TYPE_CQC), CQC_RANGE)


@everywhere()
def queue_numbers_are_counted_from_the_range(z):
    z.set_range(1000, 3)
    q = z.queue(2)
    job = Job(z)
    expect(q.run(job.sqe())[3], 0)
    expect(z.eq.pop(), 2)


@everywhere()
def a_smaller_range_takes_away_the_queues_behind_it(z):
    queues = [z.queue(qn, depth=16) for qn in range(QUEUES)]
    z.monitor.hang(QUEUES)
    jobs = [Job(z) for _ in queues]
    for q, job in zip(queues, jobs):
        q.post(job.sqe())
    until(lambda: z.monitor.inflight == QUEUES, 'requests in flight')
    z.set_range(0, 3)
    expect(z.monitor.inflight, 3)
    rings = [q.rings() for q in queues[3:]]
    z.monitor.hang(0)
    for q in queues[:3]:
        expect(q.pop()[3], 0)
    z.sync()
    expect([q.rings() for q in queues[3:]], rings)
    assert all(job.untouched() for job in jobs[3:])
    with z.errors('outside the range'):
        queues[3].sq_doorbell(2)


@everywhere()
def a_cleared_range_takes_all_queues_away(z):
    q = z.queue(0)
    for kind in (TYPE_SQC, TYPE_CQC):
        z.monitor.hang(1)
        job = Job(z)
        q.post(job.sqe())
        until(lambda: z.monitor.inflight == 1, 'request in flight')
        rings = q.rings()
        z.range_op(kind, 0)
        expect(z.monitor.inflight, 0)
        z.monitor.hang(0)
        with z.errors('outside the range', 'outside the range'):
            z.doorbell(SQ, 0, 2)
            z.doorbell(CQ, 0, 0)
        z.sync()
        expect(q.rings(), rings)
        assert job.untouched()
        z.set_range(0, QUEUES)
        q.load()
        expect(q.run(job.sqe())[3], 0)


@everywhere()
def contexts_do_not_come_back_with_the_range(z):
    q = z.queue(0)
    z.clear_range()
    z.set_range(0, QUEUES)
    q.post(Job(z).sqe())
    z.sync()
    assert q.idle() and z.monitor.dropped == 1
    expect(z.mailbox.dump(mailbox.SQC, 0), bytes(32))
    expect(z.mailbox.dump(mailbox.CQC, 0), bytes(32))
