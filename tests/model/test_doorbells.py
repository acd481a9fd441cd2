# SPDX-License-Identifier: GPL-2.0-or-later
"""Doorbells: which are taken, which are dropped, which are errors."""
import itertools

from check import expect, until
from function import AEQ, CQ, EQ, EVENT_DOORBELL, PAGE, QUEUE_DOORBELL, SQ, \
    doorbell_value
from qtest import store
from queues import Queue
from sqe import Job
from suite import everywhere, test, SHARED, V2, V3

RANDOM_ERROR, SQ_RANGE_ERROR, CQ_RANGE_ERROR = 1 << 12, 1 << 9, 1 << 8


def dropped(z, count, *errors):
    """Around doorbells of which so many are dropped."""
    class Around:
        def __enter__(self):
            self.before = z.monitor.dropped
            self.errors = z.errors(*errors)
            self.errors.__enter__()

        def __exit__(self, *what):
            self.errors.__exit__(*what)
            if what[0] is None:
                expect(z.monitor.dropped - self.before, count,
                       'dropped doorbells')
    return Around()


def positions(q):
    s, c = q.dump_sqc(), q.dump_cqc()
    return s['tail'], s['w11'], c['head']


def hang_some(z, q, count):
    """Requests in flight in the queue."""
    z.monitor.hang(count)
    job = Job(z)
    for _ in range(count):
        q.put(job.sqe())
    q.publish()
    until(lambda: z.monitor.inflight == count, 'requests in flight')


@everywhere()
def an_sq_index_beyond_the_ring_is_refused(z):
    for depth in (2, 5, 16, 1024, 4096):
        q = z.queue(0, depth=depth)
        before = positions(q)
        for index in (depth, depth + 1, 2 * depth, 0x7fff, 0x8000, 0xffff):
            with dropped(z, 1, 'beyond the ring'):
                q.sq_doorbell(index)
        expect(positions(q), before)
        expect(q.run(Job(z).sqe())[3], 0)


@everywhere()
def an_sq_index_that_overruns_unfinished_entries_is_refused(z):
    for depth, flying in ((8, 1), (8, 4), (8, 7), (5, 2), (2, 1)):
        q = z.queue(0, depth=depth)
        hang_some(z, q, flying)
        before = positions(q)
        # From the present tail backwards to the oldest unfinished one.
        for index in range(flying):
            with dropped(z, 1, 'overruns'):
                q.sq_doorbell(index)
        expect(positions(q), before)
        z.monitor.hang(0)
        expect([q.take() for _ in range(flying)], list(range(flying)))
        z.sync()
        assert q.idle()
        q.cq_doorbell()


@everywhere()
def an_sq_index_may_close_the_ring_but_for_one_slot(z):
    q = z.queue(0, depth=8)
    job = Job(z)
    for _ in range(3):
        q.run(job.sqe())
    hang_some(z, q, 4)
    for _ in range(3):
        q.put(job.sqe())
    with dropped(z, 1, 'overruns'):
        q.sq_doorbell(q.tail + 1)
    with dropped(z, 0):
        q.publish()
    z.monitor.hang(0)
    expect([q.take() for _ in range(7)], [3, 4, 5, 6, 7, 0, 1])


@everywhere()
def an_sq_index_without_news_is_taken(z):
    q = z.queue(0, depth=8)
    job = Job(z)
    for turn in range(20):
        with dropped(z, 0):
            q.publish()
            q.post(job.sqe())
            q.publish()
        q.pop()
        expect(z.monitor.completed, turn + 1)


@everywhere()
def a_cq_index_beyond_the_tail_is_refused(z):
    q = z.queue(0, depth=8)
    job = Job(z)
    for done in range(1, 7):
        q.run(job.sqe())
        z.sync()
        before = positions(q)
        behind = [(done + i) % 8 for i in range(1, 8)]
        for index in behind + [8, 9, 0xffff]:
            for priority in (0, 1):
                with dropped(z, 1, 'beyond the tail'):
                    q.cq_doorbell(index, priority)
        expect(positions(q), before)
        # The event flag is as it was: nothing was asked for.
        expect(q.dump_cqc()['dw6'] & 2, 0)


@everywhere()
def a_cq_index_between_head_and_tail_is_taken(z):
    q = z.queue(0, depth=8)
    job = Job(z)
    for _ in range(6):
        q.post(job.sqe())
    z.settle(6)
    for index in (0, 1, 1, 3, 6):
        with dropped(z, 0):
            q.cq_doorbell(index)
        expect(q.dump_cqc()['head'], index)
    for index in (5, 3, 0):
        with dropped(z, 1, 'beyond the tail'):
            q.cq_doorbell(index)


@everywhere()
def an_event_index_beyond_the_tail_is_refused(z):
    for ring in (z.load_eq, z.load_aeq):
        expect(ring(8), 0)
    # Three entries in the AEQ, none in the EQ.
    for turn in range(3):
        z.monitor.aeqe(3, turn)
        z.sync()
    for ring, good in ((z.eq, (0,)), (z.aeq, (0, 1, 3))):
        for index in good:
            with dropped(z, 0):
                ring.doorbell(index)
        for index in (good[-1] + 1, 7):
            with dropped(z, 1, 'beyond the tail'):
                ring.doorbell(index)
        for index in (8, 9, 0x8000, 0xffff):
            with dropped(z, 1, 'beyond the ring'):
                ring.doorbell(index)
    with dropped(z, 1, 'beyond the tail'):
        z.aeq.doorbell(2)


@everywhere()
def reserved_bits_of_queue_doorbells_are_refused(z):
    q = z.queue(0)
    q.put(Job(z).sqe())
    at = z.doorbell_at(0)
    # Only for a CQ the first of them asks for something.
    for cmd, bit in [(SQ, 48), *itertools.product((SQ, CQ), range(49, 64))]:
        val = doorbell_value(cmd, 0, q.tail) | 1 << bit
        with dropped(z, 1, 'reserved bits'):
            z.qtest.store(at, val, 8)
    expect(z.monitor.completed, 0)
    q.publish()
    q.pop()


@everywhere()
def only_queue_commands_are_taken_at_the_queue_doorbell(z):
    z.queue(0)
    for cmd in range(2, 16):
        with dropped(z, 1, 'reserved bits'):
            z.doorbell(cmd, 0, 0)


@everywhere()
def only_event_commands_are_taken_at_the_event_doorbell(z):
    for cmd in (0, 1) + tuple(range(4, 16)):
        with dropped(z, 1, 'not an event command'):
            z.event_doorbell(doorbell_value(cmd, 0, 0))


@everywhere()
def reserved_bits_of_event_doorbells_are_refused(z):
    z.monitor.aeqe(3, 3)
    z.sync()
    for cmd, bit in itertools.product(
            (EQ, AEQ), [*range(12), *range(16, 32), *range(48, 64)]):
        with dropped(z, 1, 'reserved bits'):
            z.event_doorbell(doorbell_value(cmd, 0, 0) | 1 << bit)
    expect(z.reg(0x00), 1)


@everywhere()
def queues_outside_the_range_are_errors_of_the_qm(z):
    numbers = (z.queues, 100, 1023) if z.isolated else \
        (z.queues, 100, 1023, 1024, 4095)
    for qn in numbers:
        for cmd, bit in ((SQ, SQ_RANGE_ERROR), (CQ, CQ_RANGE_ERROR)):
            with dropped(z, 1, 'outside the range'):
                z.doorbell(cmd, qn, 0)
            expect(z.reg(0x100000), bit)
            z.set(0x100000, bit)


@everywhere()
def a_wrong_random_value_is_an_error_of_the_qm(z):
    q = Queue(z, 0, rand=0x1234, cq_rand=0xfedc)
    q.load()
    q.put(Job(z).sqe())
    for ring, good in ((q.sq_doorbell, 0x1234), (q.cq_doorbell, 0xfedc)):
        for bit in range(16):
            with dropped(z, 1, 'random value'):
                ring(0, rand=good ^ 1 << bit)
            expect(z.reg(0x100000), RANDOM_ERROR)
            z.set(0x100000, RANDOM_ERROR)
    expect(z.monitor.completed, 0)
    q.publish()
    expect(q.pop()[3], 0)


@everywhere()
def stopped_queues_take_no_doorbells_and_that_is_no_error(z):
    unloaded, half, failed = z.queue(0), Queue(z, 1), z.queue(2, depth=2)
    z.set_range(0, z.queues)
    unloaded.load_sqc()
    expect(half.load_sqc(), 0)
    job = Job(z)
    failed.post(job.sqe())
    z.settle(1)
    with z.errors('overflows'):
        failed.post(job.sqe())
    for q in (unloaded, half, failed):
        with dropped(z, 2):
            q.sq_doorbell(1)
            q.cq_doorbell(0)
        expect(z.monitor.completed, 1)


@everywhere()
def two_halves_are_no_doorbell(z):
    q = z.queue(0)
    q.put(Job(z).sqe())
    val = doorbell_value(SQ, 0, 1)
    if z.isolated:
        for at in (0, 4):
            with dropped(z, 1, 'stray write'):
                z.qtest.store(z.doorbell_at(0) + at, val >> 8 * at, 4)
    for reg in (QUEUE_DOORBELL, EVENT_DOORBELL):
        for at in (0, 4):
            with dropped(z, 1, 'one 64-bit write'):
                z.set(reg + at, 0)
    expect(z.monitor.completed, 0)


@test(V3)
def an_isolated_function_refuses_the_shared_doorbell(z):
    q = z.queue(0)
    q.put(Job(z).sqe())
    with dropped(z, 1, 'while isolated'):
        z.set(QUEUE_DOORBELL, doorbell_value(SQ, 0, 1), 8)
    expect(z.monitor.completed, 0)


@test(V3)
def a_page_takes_its_own_queue_number_only(z):
    first, second = z.queue(0), z.queue(1)
    second.put(Job(z).sqe())
    for page, qn in ((0, 1), (1, 0), (5, 1), (0, 4095)):
        with dropped(z, 1, f'queue {qn} in page {page}'):
            z.doorbell(SQ, qn, 1, page=page)
    expect(z.monitor.completed, 0)
    assert first.idle()


@test(V3)
def other_places_of_a_page_are_refused(z):
    z.queue(0)
    page = z.bar4
    for at in (0, 8, 0xff8, 0x1008, 0x1100, 0x2000, PAGE - 8):
        with dropped(z, 1, 'stray write'):
            z.qtest.store(page + at, doorbell_value(SQ, 0, 1), 8)
    for at, size in ((0x1000, 4), (0x1000, 8), (0, 8), (0xfff8, 8)):
        expect(z.qtest.load(page + at, size), 0)


@test(V3)
def narrow_writes_to_a_page_are_refused(z):
    z.queue(0)
    before = z.monitor.mmio_writes
    with z.log.bad_accesses(2):
        z.qtest.store(z.doorbell_at(0), 1, 2)
        z.qtest.store(z.doorbell_at(0), 1, 1)
    expect(z.monitor.mmio_writes, before)


@test(SHARED, V2)
def one_register_serves_all_queues(z):
    queues = [z.queue(qn) for qn in (0, 3, 7)]
    for q in queues:
        expect(q.run(Job(z).sqe())[3], 0)
    expect(z.monitor.sq_doorbells, 3)
    expect(z.monitor.cq_doorbells, 3)


@everywhere()
def doorbells_are_counted(z):
    q = z.queue(0)
    before = z.monitor.eq_doorbells
    job = Job(z)
    for turn in range(1, 6):
        q.run(job.sqe())
        z.eq.doorbell(0)
        expect(z.monitor.sq_doorbells, turn)
        expect(z.monitor.cq_doorbells, turn)
        expect(z.monitor.eq_doorbells, before + turn)


@everywhere()
def doorbells_of_all_queues_at_a_time_are_served(z):
    queues = [z.queue(qn, depth=16) for qn in range(z.queues)]
    job = Job(z)
    for q in queues:
        for _ in range(15):
            q.put(job.sqe())
    z.qtest.together([store(z.doorbell_at(q.qn),
                            doorbell_value(SQ, q.qn, 15), 8)
                      for q in queues])
    for q in queues:
        expect([q.take() for _ in range(15)], list(range(15)))
