# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor: what it counts and what it makes happen."""
from check import expect, until
from memory import NOWHERE
from monitor import AEQE, COUNTERS, DELAY, FORCE, HANG, MAILBOX, STICK
from sqe import Job
from suite import test, V3

MAGIC = 0x314e4f4d43434148


@test(V3)
def it_can_be_told_by_its_ids_and_its_magic(z):
    expect(z.machine.monitor_pci.read(0), 0x11e91234)
    expect(z.monitor.read(0), MAGIC)
    expect(z.monitor.read(0, 4), MAGIC & 0xffffffff)
    expect(z.monitor.read(4, 4), MAGIC >> 32)


@test(V3)
def settings_read_back(z):
    for offset, val in ((DELAY, 12345), (HANG, 7), (FORCE, 3 | 0x9a << 32),
                        (MAILBOX, 5), (MAILBOX, 6 | STICK)):
        z.monitor.write(offset, val)
        expect(z.monitor.read(offset), val)
    z.monitor.write(MAILBOX, 0)


@test(V3)
def halves_can_be_set_apart(z):
    z.monitor.write(FORCE, 2, 4)
    z.monitor.write(FORCE + 4, 0x66, 4)
    q = z.queue(0)
    expect([q.run(Job(z).sqe())[3] for _ in range(3)], [0x66, 0x66, 0])


@test(V3)
def places_without_a_register_read_zero(z):
    for offset in (8 + 8 * len(COUNTERS), 0xf8, AEQE, 0x138, 0xff8):
        expect(z.monitor.read(offset), 0)


@test(V3)
def every_counter_moves_with_its_cause(z):
    q = z.queue(0)
    before = {name: getattr(z.monitor, name) for name in COUNTERS}
    q.run(Job(z).sqe())
    z.eq.doorbell(0)
    z.sync()
    with z.errors('beyond the ring'):
        q.sq_doorbell(5000)
    q.run(Job(z).sqe(src=NOWHERE))
    z.mailbox.good(6, read=True)
    # One message for the event, one for the doorbell that left it unseen.
    steps = {'completed': 2, 'sq_doorbells': 3, 'cq_doorbells': 2,
             'interrupts': 2, 'dma_faults': 1, 'guest_errors': 1,
             'inflight': 0, 'eq_doorbells': 1, 'dropped': 1, 'mailboxes': 1,
             'resets': 0}
    z.sync()
    for name, step in steps.items():
        expect(getattr(z.monitor, name) - before[name], step, name)
    writes, reads = z.monitor.mmio_writes, z.monitor.mmio_reads
    z.set(0x100088, 1)
    z.set(0x100088, 1, 8)
    z.reg(0x100088)
    expect(z.monitor.mmio_writes, writes + 2)
    expect(z.monitor.mmio_reads, reads + 1)


@test()
def the_next_requests_hang_and_no_others(z):
    q, other = z.queue(0), z.queue(1)
    z.monitor.hang(2)
    for _ in range(4):
        q.post(Job(z).sqe())
    until(lambda: z.monitor.inflight == 4, 'requests in flight')
    # Requests complete in order, so the other two wait behind them.
    assert q.idle()
    expect(z.monitor.read(HANG), 0)
    expect(other.run(Job(z).sqe())[3], 0)
    z.monitor.hang(0)
    expect([q.take() for _ in range(4)], [0, 1, 2, 3])


@test()
def forced_requests_are_not_done(z):
    q = z.queue(0)
    for status in (0, 1, 0x0d, 0x13, 0xff):
        z.monitor.force(1, status)
        job = Job(z)
        words = q.run(job.sqe())
        expect(words[0:4], (0, 0, 0, status))
        assert job.untouched()
        expect(z.monitor.read(FORCE) & 0xffffffff, 0)
    z.monitor.force(1, 0x44)
    expect(q.run(Job(z).sqe(src=NOWHERE))[3], 0x44)
    expect(z.monitor.dma_faults, 0)
    expect(q.run(Job(z).sqe())[3], 0)


@test()
def the_delay_is_kept_to_the_microsecond(z):
    q = z.queue(0)
    for delay in (1, 20, 1000, 10 ** 6):
        z.monitor.delay_us(delay)
        job = Job(z)
        q.post(job.sqe())
        until(lambda: z.monitor.inflight == 1, 'request in flight')
        z.qtest.step(delay * 1000 - 1)
        z.sync()
        assert q.idle() and job.untouched()
        z.qtest.step(1)
        expect(q.pop()[3], 0)


@test()
def delayed_requests_wait_side_by_side(z):
    q = z.queue(0)
    z.monitor.delay_us(100)
    for _ in range(10):
        q.post(Job(z).sqe())
    until(lambda: z.monitor.inflight == 10, 'requests in flight')
    z.qtest.step(100_000)
    z.settle(10)


@test()
def a_delay_holds_for_later_requests_only(z):
    q = z.queue(0)
    z.monitor.delay_us(500)
    q.post(Job(z).sqe())
    until(lambda: z.monitor.inflight == 1, 'request in flight')
    z.monitor.delay_us(0)
    q.post(Job(z).sqe())
    until(lambda: z.monitor.inflight == 2, 'requests in flight')
    # The younger one is ready and waits for the older one.
    assert q.idle()
    z.qtest.step(500_000)
    expect([q.take(), q.take()], [0, 1])
