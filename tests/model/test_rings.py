# SPDX-License-Identifier: GPL-2.0-or-later
"""Rings: wrap and phase at every depth, full rings."""
import itertools
import random

from check import expect, until
from contexts import eqc
from eventring import CQ_OVERFLOW, EQ_OVERFLOW, UNUSABLE
from function import CQ, doorbell_value
from mailbox import AEQC, EQC
from memory import NOWHERE
from qtest import store
from queues import CQE, SQE, Queue
from sqe import Job
from suite import everywhere, test, V2, V3

# Odd ones, powers of two and their neighbours, and the largest.
LARGE_DEPTHS = (100, 127, 128, 129, 1000, 1023, 1024, 1025, 4095, 4096)
FORCED = 0x77


def pass_through(z, q, sqe, total):
    """Bursts of requests through a queue, seen by software that is strict."""
    z.monitor.force(total, FORCED)
    left, waiting = total, 0
    while left or waiting:
        burst = min(left, random.randint(1, q.depth - 1 - waiting)
                    if waiting < q.depth - 1 else 0)
        for _ in range(burst):
            q.put(sqe)
        if burst:
            q.publish()
        left, waiting = left - burst, waiting + burst
        for _ in range(random.randint(1, waiting)):
            before = q.head
            expect(q.take(), before, 'slot of the completion')
            expect(q.words(before)[3], FORCED, 'status in the slot')
            waiting -= 1
        q.cq_doorbell()


@everywhere()
def queues_wrap_at_small_depths(z):
    sqe = Job(z).sqe()
    for depth in range(2, 67):
        pass_through(z, z.queue(depth % 8, depth=depth), sqe, 2 * depth + 3)


@test(V3)
def queues_wrap_at_large_depths(z):
    sqe = Job(z).sqe()
    for depth in LARGE_DEPTHS:
        pass_in_bulk(z, z.queue(0, depth=depth), sqe)


def fill_with(z, q, sqe):
    z.memory.write(q.sq, sqe * q.depth)


def pass_in_bulk(z, q, sqe):
    """Three times round, as many requests at a time as the ring takes."""
    fill_with(z, q, sqe)
    done = 0
    while done < 3 * q.depth:
        count = min(q.depth - 1, 3 * q.depth - done)
        z.monitor.force(count, FORCED)
        q.tail = (done + count) % q.depth
        before = z.monitor.completed
        q.publish()
        z.settle(before + count)
        raw = z.memory.read(q.cq, CQE * q.depth)
        expect([cqe_of(raw, i % q.depth)
                for i in range(done, done + count)],
               [(i % q.depth, q.qn, 1 - i // q.depth % 2)
                for i in range(done, done + count)], f'depth {q.depth}')
        done += count
        # The one entry that was not written is still of the round before.
        q.cq_doorbell(done % q.depth)
    expect(q.drained(), True)


def cqe_of(raw, index):
    words = [int.from_bytes(raw[CQE * index + at:CQE * index + at + 2],
                            'little') for at in (8, 10, 14)]
    return tuple(words)


@everywhere()
def completions_touch_their_own_entries_only(z):
    q = z.queue(2, depth=9)
    z.memory.fill(q.sq, SQE * 9, 0xdd)
    z.memory.fill(q.cq, CQE * 9, 0xdc)
    q.phase = 1
    job = Job(z)
    for slot in range(8):
        q.post(job.sqe())
        z.settle(slot + 1)
        expect(z.memory.read(q.sq + SQE * (slot + 1), SQE * (8 - slot)),
               b'\xdd' * SQE * (8 - slot), f'SQEs behind {slot}')
        expect(z.memory.read(q.cq + CQE * (slot + 1), CQE * (8 - slot)),
               b'\xdc' * CQE * (8 - slot), f'CQ entries behind {slot}')


@everywhere()
def one_doorbell_publishes_a_full_ring(z):
    for depth in (2, 3, 16, 64):
        q = z.queue(0, depth=depth)
        job = Job(z)
        for _ in range(3):
            slots = [q.put(job.sqe()) for _ in range(depth - 1)]
            q.publish()
            expect([q.take() for _ in slots], slots)
            q.cq_doorbell()
        z.sync()
        assert q.idle()


@everywhere()
def a_full_cq_stops_its_queue_only(z):
    q, other = z.queue(0, depth=5), z.queue(1, depth=5)
    job = Job(z)
    for _ in range(4):
        q.post(job.sqe())
    z.settle(4)
    with z.errors('CQ of queue 0 overflows'):
        q.post(job.sqe())
    expect(z.aeq.pop_aeqe(), (CQ_OVERFLOW, 0))
    expect(z.monitor.inflight, 0)
    # What was completed can still be read, but nothing more is done.
    expect([q.take() for _ in range(4)], [0, 1, 2, 3])
    assert q.idle()
    dropped = z.monitor.dropped
    q.cq_doorbell()
    q.sq_doorbell(1)
    z.sync()
    expect(z.monitor.dropped, dropped + 2)
    assert q.idle() and z.aeq.empty()
    expect(other.run(job.sqe())[3], 0)
    if z.version == 3:
        expect(q.stop(), 0)
    q.load()
    expect(q.run(job.sqe())[3], 0)


@everywhere()
def cq_space_is_given_back_by_doorbells(z):
    q = z.queue(0, depth=5)
    job = Job(z)
    for _ in range(4):
        q.post(job.sqe())
    z.settle(4)
    q.take()
    q.cq_doorbell()
    q.post(job.sqe())
    z.settle(5)
    with z.errors('overflows'):
        q.post(job.sqe())
    expect(z.aeq.pop_aeqe(), (CQ_OVERFLOW, 0))


def unreachable(z, **bases):
    q = Queue(z, 3, depth=8)
    expect(q.load_sqc(**({'base': NOWHERE} if 'sq' in bases else {})), 0)
    expect(q.load_cqc(**({'base': NOWHERE} if 'cq' in bases else {})), 0)
    return q


@everywhere()
def an_sq_out_of_reach_is_told_through_the_aeq(z):
    q = unreachable(z, sq=True)
    rings = q.rings()
    with z.errors('SQ of queue 3 cannot be read'):
        q.sq_doorbell(1)
    expect(z.aeq.pop_aeqe(), (UNUSABLE, 3))
    expect(q.rings(), rings)
    expect(z.monitor.dma_faults, 1)
    q.load()
    expect(q.run(Job(z).sqe())[3], 0)


@everywhere()
def a_cq_out_of_reach_is_told_through_the_aeq(z):
    q = unreachable(z, cq=True)
    job = Job(z)
    slot = q.put(job.sqe())
    with z.errors('CQ of queue 3 cannot be written'):
        q.publish()
    expect(z.aeq.pop_aeqe(), (UNUSABLE, 3))
    # Output and SQE are written before the CQ, the event after it.
    assert not job.untouched() and q.words(slot)[1]
    assert z.eq.empty()
    q.load()
    expect(q.run(job.sqe())[3], 0)


@everywhere()
def an_sq_that_becomes_unwritable_is_told_through_the_aeq(z):
    q = Queue(z, 1, depth=8)
    # The ring lies at the end of memory: only its first slots are there.
    end = z.memory.end() - 2 * SQE
    expect(q.load_sqc(base=end), 0)
    expect(q.load_cqc(), 0)
    job = Job(z)
    z.memory.write(end, job.sqe() * 2)
    q.sq_doorbell(2)
    expect([q.take(), q.take()], [0, 1])
    q.cq_doorbell()
    with z.errors('SQ of queue 1 cannot be read'):
        q.sq_doorbell(3)
    expect(z.aeq.pop_aeqe(), (UNUSABLE, 1))


@everywhere()
def an_eq_wraps_at_small_depths(z):
    queues = [z.queue(qn, depth=4) for qn in range(3)]
    job = Job(z)
    for depth in range(4, 40):
        expect(z.load_eq(depth), 0)
        z.eq.doorbell(0)
        turn = itertools.cycle(queues)
        for _ in range(2 * depth + 3):
            q = next(turn)
            q.run(job.sqe())
            expect(z.eq.pop(), q.qn)
            z.eq.doorbell()
            q.cq_doorbell(priority=1)
        z.sync()
        assert z.eq.empty()


@test(V3, V2)
def an_eq_wraps_at_its_largest_depth(z):
    depth = 65536
    z.set_range(0, 128)
    q = [z.queue(qn, depth=4) for qn in range(128)]
    expect(z.load_eq(depth), 0)
    z.eq.doorbell(0)
    leave_unread(z, q)
    events = list(range(128))
    again = [store(z.doorbell_at(qn), doorbell_value(CQ, qn, 0, priority=1), 8)
             for qn in range(128)]
    while len(events) < depth + 1000:
        z.qtest.stream(again)
        z.sync()
        events += range(128)
        z.eq.doorbell(len(events) % depth)
    z.sync()
    raw = z.memory.words(z.eq.base, depth)
    wrapped = len(events) - depth
    expect(list(raw[wrapped:]),
           [qn | 1 << 16 for qn in events[wrapped:depth]])
    expect(list(raw[:wrapped]), events[depth:])


def leave_unread(z, queues):
    """One completion in each, of which software has not told the device."""
    sqe = Job(z).sqe()
    for q in queues:
        q.post(sqe)
        z.settle(q.qn + 1)


@everywhere()
def an_aeq_wraps_at_small_depths(z):
    for depth in range(4, 40):
        expect(z.load_aeq(depth), 0)
        z.aeq.doorbell(0)
        for turn in range(2 * depth + 3):
            z.monitor.aeqe(turn % 16, 1000 + turn)
            expect(z.aeq.pop_aeqe(), (turn % 16, 1000 + turn))
            z.aeq.doorbell()


@test(V3)
def an_aeq_wraps_at_its_usual_depth(z):
    for turn in range(1024 + 5):
        z.monitor.aeqe(3, turn)
        expect(z.aeq.pop_aeqe(), (3, turn))
        z.aeq.doorbell()


@everywhere()
def a_full_eq_is_told_through_the_aeq(z):
    expect(z.load_eq(4), 0)
    z.eq.doorbell(0)
    queues = [z.queue(qn) for qn in range(5)]
    job = Job(z)
    for q in queues[:3]:
        q.run(job.sqe())
    with z.errors('EQ overflow'):
        queues[3].run(job.sqe())
    expect(z.aeq.pop_aeqe(), (EQ_OVERFLOW, 0))
    expect([z.eq.pop() for _ in range(3)], [0, 1, 2])
    assert z.eq.empty()
    # There is room again, and the queues have not suffered.
    z.eq.doorbell()
    queues[4].run(job.sqe())
    expect(z.eq.pop(), 4)
    expect(queues[3].run(job.sqe())[3], 0)


@everywhere()
def a_full_aeq_is_an_error_of_the_qm(z):
    expect(z.load_aeq(4), 0)
    z.aeq.doorbell(0)
    for turn in range(3):
        z.monitor.aeqe(3, turn)
        z.sync()
    with z.errors('AEQ overflow'):
        z.monitor.aeqe(5, 700)
    expect(z.reg(0x100000), 1 << 11)
    # [5:0] function, [7:6] kind of ring, [31:16] queue
    expect(z.reg(0x100010), 2 << 6 | 700 << 16)
    expect([z.aeq.pop_aeqe() for _ in range(3)], [(3, 0), (3, 1), (3, 2)])
    assert z.aeq.empty()
    z.aeq.doorbell()
    z.monitor.aeqe(6, 1)
    expect(z.aeq.pop_aeqe(), (6, 1))


@everywhere()
def event_rings_out_of_reach_do_no_more_harm(z):
    expect(z.mailbox.load(EQC, 0, eqc(NOWHERE, 64)), 0)
    q = z.queue(0)
    with z.errors('EQ ring cannot be written'):
        q.post(Job(z).sqe())
        until(q.ready, 'completion')
    expect(z.mailbox.load(AEQC, 0, eqc(NOWHERE, 64)), 0)
    with z.errors('AEQ ring cannot be written'):
        z.monitor.aeqe(3, 3)
    expect(q.pop()[3], 0)


@test(V3, V2)
def requests_complete_in_order_in_each_of_many_queues(z):
    queues = [z.queue(qn, depth=random.randrange(3, 20)) for qn in range(8)]
    job = Job(z)
    waiting = {q.qn: [] for q in queues}
    for _ in range(600):
        q = random.choice(queues)
        if len(waiting[q.qn]) < q.depth - 1 and random.random() < 0.6:
            waiting[q.qn].append(q.post(job.sqe()))
        elif waiting[q.qn]:
            expect(q.take(), waiting[q.qn].pop(0))
            q.cq_doorbell(priority=random.randrange(2))
