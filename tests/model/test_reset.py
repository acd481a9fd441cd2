# SPDX-License-Identifier: GPL-2.0-or-later
"""Function level reset with work in flight: memory is not touched after it."""
import random

import mailbox
from accelerator import MEM_DONE
from check import expect, until
from engines import CLOCKS, init_zip
from machine import PORT
from mailbox import FLUSH, RANGE, STOP
from memory import FIRST
from pci import BAR0, CAP_MSI, COMMAND
from sqe import COMPRESS, DECOMPRESS, GZIP, Job, TEXT, ZLIB, pack, unpack
from suite import everywhere, test, SHARED, V2, V3
from test_stop import fly


def reset(z):
    """FLR; a device that ignores it would still reach its memory."""
    z.pci.flr()
    z.machine.connect()


def quiet_after_reset(z, *let_go):
    """Whatever is let go after the reset leaves no trace."""
    reset(z)
    before = z.memory.used()
    for step in let_go:
        step()
    z.sync()
    z.qtest.step(10 ** 9)
    z.sync()
    expect(z.monitor.inflight, 0)
    assert z.memory.used() == before, 'memory was written after the reset'


def usable(z):
    z.pci.msi(z.msi_addr, 0x40, 4)
    z.start_again()
    q = z.queue(0, COMPRESS)
    job = Job(z)
    done = q.run(job.sqe())
    expect(done[3], 0)
    expect(unpack(ZLIB, job.output()[:done[1]]), job.data)
    expect(z.eq.pop(), 0)
    return q


@everywhere()
def requests_in_flight_vanish(z):
    q = z.queue(0, depth=16)
    jobs = fly(z, q, 10)
    quiet_after_reset(z, lambda: z.monitor.hang(0))
    assert q.idle() and all(job.untouched() for job in jobs)
    expect(z.monitor.completed, 0)
    usable(z)


@everywhere()
def delayed_results_vanish(z):
    q = z.queue(0, depth=16)
    z.monitor.delay_us(500)
    job = Job(z)
    q.post(job.sqe())
    until(lambda: z.monitor.inflight == 1, 'request in flight')
    quiet_after_reset(z)
    assert job.untouched()
    z.monitor.delay_us(0)
    usable(z)


@everywhere()
def requests_that_were_not_fetched_vanish(z):
    q = z.queue(0, depth=16)
    z.set(CLOCKS, 0)
    for _ in range(9):
        q.post(Job(z).sqe())
    quiet_after_reset(z, lambda: init_zip(z))
    usable(z)


@test()
def work_on_other_threads_vanishes(z):
    q = z.queue(0, COMPRESS, depth=16)
    data = TEXT * 2
    # Held back, so that none can be done before the reset.
    jobs = fly(z, q, 8, data=data)
    reset(z)
    z.monitor.hang(0)
    rings = q.rings()
    usable(z)
    # The threads take work in order and there are few of them: once they have
    # done as much again, nothing older is left to them.
    later = z.queue(1, COMPRESS, depth=16)
    for _ in jobs:
        later.put(Job(z, data).sqe())
    later.publish()
    for _ in jobs:
        expect(later.pop()[3], 0)
    expect(q.rings(), rings)
    assert all(job.untouched() for job in jobs)


@test(V3)
def cancelled_work_gives_its_memory_back(z):
    """What requests in flight may hold of the host's memory is bounded."""
    size = 8 << 20
    job = Job(z, pack(ZLIB, bytes(size)), size)
    for _ in range(4):
        q = z.queue(0, DECOMPRESS, depth=64)
        for _ in range(40):
            q.put(job.sqe())
        z.monitor.hang(40)
        q.publish()
        # Most of them are still to be worked on then.
        until(lambda: z.monitor.inflight == 32, 'requests in flight')
        z.clear_range()
        z.set_range(0, z.queues)
        z.monitor.hang(0)
    expect(z.queue(0).run(Job(z).sqe())[3], 0)


@everywhere()
def events_that_were_not_taken_vanish(z):
    q = z.queue(0)
    z.set(0x0c, 1)
    q.run(Job(z).sqe())
    z.monitor.aeqe(3, 3)
    z.sync()
    quiet_after_reset(z)
    expect(z.monitor.interrupts, 1)
    expect(z.reg(0x00), 0)
    expect(z.reg(0x08), 0)
    usable(z)


@everywhere()
def a_reset_ends_stop_and_flush(z):
    for cmd in (STOP, FLUSH) if z.version == 3 else ():
        q = z.queue(0, depth=8)
        fly(z, q, 3)
        z.mailbox.start(cmd)
        z.sync()
        assert z.mailbox.busy()
        quiet_after_reset(z, lambda: z.monitor.hang(0))
        expect(z.mailbox.w0(), 0)
        usable(z)


@everywhere()
def ranges_contexts_and_tables_are_gone(z):
    z.queue(0)
    reset(z)
    expect(z.range_op(0), 0)
    expect(z.range_op(1), 0)
    expect(z.mailbox.good(RANGE, read=True), 0)
    for cmd in (mailbox.SQC_BT, mailbox.CQC_BT):
        expect(z.mailbox.good(cmd, read=True), 0)
    for cmd in (mailbox.EQC, mailbox.AEQC):
        expect(z.mailbox.dump(cmd), bytes(32))
    z.set_range(0, 8)
    for cmd in (mailbox.SQC, mailbox.CQC):
        expect(z.mailbox.dump(cmd, 0), bytes(32))


@everywhere()
def doorbells_after_a_reset_do_nothing(z):
    q = z.queue(0)
    q.put(Job(z).sqe())
    reset(z)
    before = z.memory.used()
    with z.errors('outside the range', 'no context'):
        q.publish()
        z.eq.doorbell(0)
    assert z.memory.used() == before
    expect(z.monitor.dropped, 2)


@test()
def the_configuration_is_reset(z):
    msi = z.pci.capability(CAP_MSI)
    z.pci.flr()
    expect(z.pci.read(COMMAND, 2), 0)
    expect(z.pci.read(BAR0 + 8), 0xc)
    expect(z.pci.read(BAR0 + 12), 0)
    expect(z.pci.read(msi + 2, 2) & 0x71, 0)
    for at in (4, 8, 12):
        expect(z.pci.read(msi + at), 0)


@test()
def counters_and_injections_outlive_a_reset(z):
    q = z.queue(0)
    q.run(Job(z).sqe())
    z.monitor.force(1, 0x55)
    z.monitor.fail_mailboxes(2)
    z.monitor.delay_us(7)
    z.flr()
    expect(z.monitor.resets, 1)
    expect(z.monitor.completed, 1)
    expect(z.monitor.read(0x100), 7)
    expect(z.monitor.read(0x110), 1 | 0x55 << 32)
    for _ in range(2):
        expect(z.mailbox.run(RANGE, read=True), mailbox.INJECTED)
    z.monitor.delay_us(0)
    z.start_again()
    expect(z.queue(0).run(Job(z).sqe())[3], 0x55)


@test()
def each_reset_is_counted(z):
    for count in range(1, 5):
        z.flr()
        expect(z.monitor.resets, count)
    z.machine.reset()
    z.machine.connect()
    expect(z.monitor.resets, 4)


@test()
def errors_and_masks_are_reset(z):
    z.monitor.qm_error(0x7fff)
    z.monitor.engine_error(0x1fff)
    z.sync()
    z.flr()
    for reg, wanted in ((0x100000, 0), (0x100008, 0), (0x3010a0, 0),
                        (0x3010ac, 0), (0x100004, 0xffffffff),
                        (0x3010a4, 0xffffffff), (0x100010, 0)):
        expect(z.reg(reg), wanted, f'register {reg:#x}')


@everywhere()
def a_reset_at_any_moment_leaves_a_usable_device(z):
    for _ in range(25):
        queues = [z.queue(qn, qn % 2, depth=16) for qn in range(4)]
        packed = pack(GZIP, b'some data' * 50)
        z.monitor.hang(random.randrange(3))
        for _ in range(random.randrange(1, 30)):
            q = random.choice(queues)
            if (q.tail + 1) % q.depth:
                q.post(Job(z, packed if q.kind else b'some data' * 50,
                           space=600, fmt=GZIP).sqe())
            if q.ready():
                q.pop(random.randrange(2))
        z.pci.flr()
        z.machine.connect()
        z.monitor.hang(0)
        z.memory.forget()
        z.mailbox.page = z.memory.alloc(64, 4096)
        z.msi_addr = z.memory.alloc(4, 16)
        expect(z.monitor.inflight, 0)
        usable(z)


@test(V3, V2, SHARED)
def a_reset_of_the_machine_ends_all_work(z):
    q = z.queue(0, depth=16)
    fly(z, q, 5)
    used = z.memory.used()
    z.machine.reset()
    z.machine.connect()
    z.monitor.hang(0)
    z.sync()
    expect(z.monitor.inflight, 0)
    assert z.qtest.read(FIRST, len(used)) == used


@test(PORT)
def a_reset_of_the_bus_takes_memory_init_as_well(z):
    q = z.queue(0, depth=16)
    jobs = fly(z, q, 5)
    z.machine.port.reset_bus()
    before = z.memory.used()
    z.machine.connect()
    expect(z.monitor.inflight, 0)
    z.monitor.hang(0)
    z.sync()
    assert z.memory.used() == before
    assert all(job.untouched() for job in jobs)
    expect(z.reg(MEM_DONE), 0)
    expect(z.monitor.resets, 0)
    z.init_memory()
    usable(z)
