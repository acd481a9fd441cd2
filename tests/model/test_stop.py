# SPDX-License-Identifier: GPL-2.0-or-later
"""Stopping a queue, the function, the master, with work in flight."""
import mailbox
from accelerator import MASTER_STOP, MASTER_STOPPED
from check import expect, until
from engines import CLOCKS, init_zip
from eventring import UNUSABLE
from function import WRITE_BACK, WRITTEN_BACK
from mailbox import FLUSH, RANGE, STOP
from pci import MEMORY
from queues import Queue
from sqe import COMPRESS, Job, TEXT, ZLIB, unpack
from suite import everywhere, test, SHARED, V2, V3
from test_rings import unreachable

IDLE = 0x1040e4


def fly(z, q, count=1, **more):
    """Requests that are in flight until the monitor lets them go."""
    z.monitor.hang(count)
    jobs = [Job(z, **more) for _ in range(count)]
    flying = z.monitor.inflight
    for job in jobs:
        q.put(job.sqe())
    q.publish()
    until(lambda: z.monitor.inflight == flying + count, 'requests in flight')
    return jobs


def stopping(z):
    z.sync()
    return z.mailbox.busy()


@test(V3, SHARED)
def stop_of_an_idle_queue_ends_at_once(z):
    for prepare in (lambda q: None, lambda q: q.load_sqc(), lambda q: q.load(),
                    lambda q: q.load() or q.run(Job(z).sqe())):
        q = Queue(z, 3, depth=8)
        prepare(q)
        expect(q.stop(), 0)
        expect(z.mailbox.dump(mailbox.SQC, 3), bytes(32))
        expect(z.mailbox.dump(mailbox.CQC, 3), bytes(32))


@test(V3, SHARED)
def stop_waits_for_requests_in_flight(z):
    q = z.queue(0, depth=8)
    fly(z, q, 3)
    z.mailbox.start(STOP, 0)
    assert stopping(z) and q.idle()
    z.monitor.hang(0)
    expect(z.mailbox.wait(), 0)
    expect([q.take() for _ in range(3)], [0, 1, 2])
    assert all(q.words(i)[3] == 0 for i in range(3))
    expect(z.monitor.inflight, 0)


@test(V3, SHARED)
def stop_waits_for_what_was_published_but_not_fetched(z):
    q = z.queue(0, COMPRESS, depth=8)
    z.set(CLOCKS, 0)
    for _ in range(5):
        q.post(Job(z).sqe())
    z.mailbox.start(STOP, 0)
    assert stopping(z) and z.monitor.inflight == 0
    init_zip(z)
    expect(z.mailbox.wait(), 0)
    expect([q.take() for _ in range(5)], [0, 1, 2, 3, 4])


@test(V3, SHARED)
def stop_waits_for_a_stopped_master(z):
    q = z.queue(0, depth=8)
    z.stop_master()
    q.post(Job(z).sqe())
    z.mailbox.start(STOP, 0)
    assert stopping(z) and q.idle()
    z.set(MASTER_STOP, 0)
    expect(z.mailbox.wait(), 0)
    assert q.ready()


@test(V3, SHARED)
def a_queue_that_is_being_stopped_takes_no_more_work(z):
    q = z.queue(0, depth=8)
    fly(z, q, 2)
    z.mailbox.start(STOP, 0)
    assert stopping(z)
    q.post(Job(z).sqe())
    expect(z.monitor.dropped, 1)
    z.monitor.hang(0)
    expect(z.mailbox.wait(), 0)
    expect([q.take(), q.take()], [0, 1])
    z.sync()
    assert q.idle() and z.monitor.completed == 2


@test(V3, SHARED)
def completions_can_be_taken_while_a_queue_is_stopped(z):
    q = z.queue(0, depth=4)
    for _ in range(3):
        q.post(Job(z).sqe())
    z.settle(3)
    z.monitor.hang(1)
    expect([q.take() for _ in range(2)], [0, 1])
    q.cq_doorbell()
    fly(z, q, 1)
    z.mailbox.start(STOP, 0)
    assert stopping(z)
    q.take()
    q.cq_doorbell()
    expect(z.monitor.dropped, 0)
    z.monitor.hang(0)
    expect(z.mailbox.wait(), 0)


@test(V3, SHARED)
def a_stopped_queue_is_dead_until_it_is_loaded(z):
    q = z.queue(0, depth=8)
    expect(q.run(Job(z).sqe())[3], 0)
    expect(q.stop(), 0)
    rings = q.rings()
    q.sq_doorbell(2)
    q.cq_doorbell(1)
    z.sync()
    expect(q.rings(), rings)
    expect(z.monitor.dropped, 2)
    q.load()
    expect(q.run(Job(z).sqe())[3], 0)


@test(V3, SHARED)
def other_queues_work_while_one_is_stopped(z):
    q, other = z.queue(0, depth=8), z.queue(1, depth=8)
    fly(z, q)
    z.mailbox.start(STOP, 0)
    for _ in range(20):
        expect(other.run(Job(z).sqe())[3], 0)
    assert stopping(z)
    z.monitor.hang(0)
    expect(z.mailbox.wait(), 0)
    expect(other.run(Job(z).sqe())[3], 0)


@test(V3, SHARED)
def stop_waits_for_its_own_queue_only(z):
    low, q, high = (z.queue(qn, depth=8) for qn in (0, 3, 7))
    for other in (low, high):
        fly(z, other, 2)
    expect(q.run(Job(z).sqe())[3], 0)
    expect(q.stop(), 0)
    z.monitor.hang(0)
    for other in (low, high):
        expect([other.take(), other.take()], [0, 1])
        expect(other.run(Job(z).sqe())[3], 0)


@test(V3, SHARED)
def stop_of_a_failed_queue_ends_at_once(z):
    q = Queue(z, 0, depth=8)
    expect(q.load_sqc(base=0x7f00000000000), 0)
    expect(q.load_cqc(), 0)
    with z.errors('cannot be read'):
        q.sq_doorbell(5)
    expect(z.aeq.pop_aeqe(), (UNUSABLE, 0))
    expect(q.stop(), 0)
    q.load()
    expect(q.run(Job(z).sqe())[3], 0)


@test(V3, SHARED)
def stop_waits_for_the_delay(z):
    q = z.queue(0, depth=8)
    z.monitor.delay_us(1000)
    q.post(Job(z).sqe())
    z.mailbox.start(STOP, 0)
    z.qtest.step(999_000)
    assert stopping(z)
    z.qtest.step(2_000)
    expect(z.mailbox.wait(), 0)
    assert q.ready()


@test(V3, SHARED)
def stop_waits_for_work_on_other_threads(z):
    q = z.queue(0, depth=8)
    jobs = [Job(z, TEXT * 2) for _ in range(4)]
    for job in jobs:
        q.post(job.sqe())
    expect(q.stop(), 0)
    expect(z.monitor.completed, 4)
    for job in jobs:
        done = q.words(q.take())
        expect(done[3], 0)
        expect(unpack(ZLIB, job.output()[:done[1]]), TEXT * 2)


@test(V3, SHARED)
def flush_drains_all_queues(z):
    queues = [z.queue(qn, depth=8) for qn in range(z.queues - 1)]
    for q in queues[:3]:
        fly(z, q, 2)
    z.mailbox.start(FLUSH)
    assert stopping(z)
    dropped = z.monitor.dropped
    for q in queues:
        q.post(Job(z).sqe())
    expect(z.monitor.dropped, dropped + len(queues))
    z.monitor.hang(0)
    expect(z.mailbox.wait(), 0)
    expect(z.monitor.completed, 6)
    for qn in range(z.queues):
        expect(z.mailbox.dump(mailbox.SQC, qn), bytes(32))
        expect(z.mailbox.dump(mailbox.CQC, qn), bytes(32))
    for q in queues:
        q.load()
        expect(q.run(Job(z).sqe())[3], 0)


@test(V3, SHARED)
def flush_of_an_idle_function_ends_at_once(z):
    expect(z.mailbox.run(FLUSH), 0)
    z.queue(0)
    expect(z.mailbox.run(FLUSH), 0)
    expect(z.mailbox.good(RANGE, read=True) >> 44 & 1, 1)


@test(V3)
def a_lost_range_ends_stop_and_flush(z):
    for cmd in (STOP, FLUSH):
        q = z.queue(0, depth=8)
        fly(z, q)
        z.mailbox.start(cmd, 0)
        assert stopping(z)
        z.clear_range()
        expect(z.mailbox.wait(), 0)
        assert q.idle()
        z.monitor.hang(0)
        z.set_range(0, z.queues)


@test(V3, V2)
def dumps_agree_only_when_the_work_is_done(z):
    q = z.queue(0, depth=5)
    for _ in range(13):
        fly(z, q, 2)
        assert not q.drained()
        z.monitor.hang(0)
        q.take()
        q.take()
        until(q.drained, 'equal tails')
        q.cq_doorbell()


@test(V3, V2)
def a_full_round_in_flight_shows_in_the_wrap_bits(z):
    q = z.queue(0, depth=2)
    for _ in range(5):
        fly(z, q, 1)
        assert not q.drained()
        z.monitor.hang(0)
        q.pop()
        assert q.drained()


@everywhere()
def idle_says_whether_requests_are_in_flight(z):
    q = z.queue(0, depth=8)
    expect(z.reg(IDLE), 1)
    fly(z, q)
    expect(z.reg(IDLE), 0)
    z.monitor.hang(0)
    q.pop()
    expect(z.reg(IDLE), 1)


@everywhere()
def published_requests_are_no_idleness(z):
    q = z.queue(0, COMPRESS, depth=8)
    z.set(CLOCKS, 0)
    q.post(Job(z).sqe())
    z.sync()
    expect((z.reg(IDLE), z.monitor.inflight), (0, 0))
    init_zip(z)
    q.pop()
    expect(z.reg(IDLE), 1)


@test(V2)
def the_tails_of_a_failed_queue_stay_apart(z):
    q = unreachable(z, sq=True)
    with z.errors('cannot be read'):
        q.sq_doorbell(1)
    assert not q.drained()
    q.load()
    assert q.drained()


@everywhere()
def a_stopped_master_holds_requests(z):
    q = z.queue(0, depth=8)
    z.stop_master()
    q.post(Job(z).sqe())
    z.sync()
    assert q.idle() and z.monitor.inflight == 0
    z.set(MASTER_STOP, 0)
    expect(z.reg(MASTER_STOPPED), 0)
    expect(q.pop()[3], 0)


@everywhere()
def a_stopped_master_holds_results(z):
    q = z.queue(0, depth=8)
    job, = fly(z, q)
    z.stop_master()
    z.monitor.hang(0)
    z.sync()
    assert q.idle() and job.untouched()
    z.set(MASTER_STOP, 0)
    expect(q.pop()[3], 0)


@everywhere()
def a_stopped_master_lets_nothing_into_memory(z):
    q = z.queue(0, depth=8)
    z.stop_master()
    before = z.memory.used()
    z.set(WRITE_BACK, 1)
    until(lambda: z.reg(WRITTEN_BACK) & 1, 'end of write-back')
    expect(z.mailbox.run(mailbox.SQC, 0, z.mailbox.page, read=True),
           mailbox.FAULT)
    expect(z.mailbox.run(mailbox.EQC, 0, z.mailbox.page, read=True),
           mailbox.FAULT)
    expect(q.load_sqc(), mailbox.FAULT)
    with z.errors('AEQ ring cannot be written'):
        z.monitor.aeqe(3, 3)
    # The test itself has put an image into the mailbox's page.
    z.memory.fill(z.mailbox.page, 32, 0)
    at = z.mailbox.page - z.memory.first
    z.memory.write(z.mailbox.page, before[at:at + 32])
    expect(z.memory.used(), before)


@everywhere()
def a_device_without_bus_mastering_writes_nothing(z):
    q = z.queue(0, depth=8)
    job, = fly(z, q)
    rings = q.rings()
    z.pci.enable(MEMORY)
    with z.errors('SQ of queue 0 cannot be written',
                  'AEQ ring cannot be written'):
        z.monitor.hang(0)
    expect(q.rings(), rings)
    assert job.untouched()
