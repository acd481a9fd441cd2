# SPDX-License-Identifier: GPL-2.0-or-later
"""Events: the event flag, interrupt sources, masks and messages."""
from accelerator import MSI_DATA
from check import expect, until
from function import AEQ_MASK, AEQ_SOURCE, EQ_MASK, EQ_SOURCE
from pci import CAP_MSI, MEMORY
from sqe import Job
from suite import everywhere, test

MASK_BITS, PENDING_BITS = 0x10, 0x14


def messages(z, count):
    """All messages are there that are wanted, and no more."""
    z.sync()
    expect(z.monitor.interrupts, count, 'messages')


@everywhere()
def one_event_until_the_next_is_asked_for(z):
    q = z.queue(3)
    job = Job(z)
    for _ in range(4):
        q.post(job.sqe())
        q.take()
    z.sync()
    expect(z.eq.pop(), 3)
    assert z.eq.empty()
    q.cq_doorbell()
    q.post(job.sqe())
    q.take()
    z.sync()
    assert z.eq.empty()


@everywhere()
def asking_in_time_gives_an_event_with_the_next_completion(z):
    q = z.queue(3)
    job = Job(z)
    for turn in range(5):
        q.run(job.sqe())
        expect(z.eq.pop(), 3)
        q.cq_doorbell(priority=1)
        z.sync()
        assert z.eq.empty(), turn


@everywhere()
def asking_too_late_gives_an_event_at_once(z):
    q = z.queue(3)
    job = Job(z)
    for _ in range(3):
        q.post(job.sqe())
    z.settle(3)
    expect(z.eq.pop(), 3)
    for index in (0, 1, 2):
        q.cq_doorbell(index, priority=1)
        expect(z.eq.pop(), 3)
        z.sync()
        assert z.eq.empty()
    q.cq_doorbell(3, priority=1)
    z.sync()
    assert z.eq.empty()


@everywhere()
def asking_twice_gives_one_event(z):
    q = z.queue(3)
    job = Job(z)
    q.run(job.sqe())
    z.eq.pop()
    q.cq_doorbell(priority=1)
    q.cq_doorbell(priority=1)
    q.post(job.sqe())
    expect(z.eq.pop(), 3)
    z.sync()
    assert z.eq.empty()


@everywhere()
def requests_of_one_doorbell_cause_one_event(z):
    q = z.queue(3)
    job = Job(z)
    for _ in range(10):
        q.put(job.sqe())
    q.publish()
    z.settle(10)
    expect(z.eq.pop(), 3)
    assert z.eq.empty()


@everywhere()
def one_message_until_the_doorbell(z):
    queues = [z.queue(qn) for qn in range(4)]
    job = Job(z)
    for q in queues:
        q.run(job.sqe())
    messages(z, 1)
    expect(z.message(), 0)
    expect(z.reg(EQ_SOURCE), 1)
    for _ in queues[:3]:
        z.eq.pop()
    # One entry is left: this doorbell cannot be the end of it.
    z.eq.doorbell()
    messages(z, 2)
    expect(z.reg(EQ_SOURCE), 1)
    z.eq.pop()
    z.eq.doorbell()
    messages(z, 2)
    expect(z.reg(EQ_SOURCE), 0)
    queues[0].cq_doorbell(priority=1)
    queues[0].run(job.sqe())
    messages(z, 3)


@everywhere()
def a_doorbell_with_the_old_index_sends_again(z):
    z.queue(0).run(Job(z).sqe())
    messages(z, 1)
    for count in range(2, 6):
        z.eq.doorbell(0)
        messages(z, count)
    z.monitor.aeqe(3, 0)
    messages(z, 6)
    for count in range(7, 10):
        z.aeq.doorbell(0)
        messages(z, count)


@everywhere()
def a_doorbell_without_news_sends_nothing(z):
    for _ in range(3):
        z.eq.doorbell(0)
        z.aeq.doorbell(0)
    messages(z, 0)


@everywhere()
def rings_have_messages_of_their_own(z):
    z.monitor.aeqe(3, 0)
    messages(z, 1)
    expect(z.message(), 1)
    expect((z.reg(AEQ_SOURCE), z.reg(EQ_SOURCE)), (1, 0))
    z.queue(0).run(Job(z).sqe())
    messages(z, 2)
    expect(z.message(), 0)
    expect((z.reg(AEQ_SOURCE), z.reg(EQ_SOURCE)), (1, 1))
    z.eq.pop()
    z.eq.doorbell()
    z.sync()
    expect((z.reg(AEQ_SOURCE), z.reg(EQ_SOURCE)), (1, 0))
    z.aeq.pop()
    z.aeq.doorbell()
    z.sync()
    expect((z.reg(AEQ_SOURCE), z.reg(EQ_SOURCE)), (0, 0))
    messages(z, 2)


@everywhere()
def a_ring_that_is_loaded_anew_has_told_of_nothing(z):
    q = z.queue(0)
    q.run(Job(z).sqe())
    messages(z, 1)
    expect(z.load_eq(), 0)
    expect(z.reg(EQ_SOURCE), 0)
    q.cq_doorbell(priority=1)
    q.run(Job(z).sqe())
    messages(z, 2)
    expect(z.eq.pop(), 0)


@everywhere()
def a_mask_holds_the_message_back(z):
    q = z.queue(0)
    for mask, source, message, cause in (
            (EQ_MASK, EQ_SOURCE, 0, lambda: q.run(Job(z).sqe())),
            (AEQ_MASK, AEQ_SOURCE, 1, lambda: z.monitor.aeqe(3, 3))):
        before = z.monitor.interrupts
        z.set(mask, 1)
        cause()
        messages(z, before)
        expect(z.reg(source), 1)
        z.set(mask, 0)
        messages(z, before + 1)
        expect(z.message(), message)
        # It was sent once.
        z.set(mask, 1)
        z.set(mask, 0)
        messages(z, before + 1)


@everywhere()
def what_was_seen_under_a_mask_sends_nothing_later(z):
    z.set(EQ_MASK, 1)
    z.queue(0).run(Job(z).sqe())
    z.eq.pop()
    z.eq.doorbell()
    z.set(EQ_MASK, 0)
    messages(z, 0)


@everywhere()
def interrupt_sources_cannot_be_written(z):
    z.queue(0).run(Job(z).sqe())
    z.monitor.aeqe(3, 3)
    z.sync()
    for reg in (EQ_SOURCE, AEQ_SOURCE):
        for val in (0, 1):
            with z.errors('read-only'):
                z.set(reg, val)
        expect(z.reg(reg), 1)


@test()
def few_messages_are_shared(z):
    for granted, wanted in ((4, (0, 1, 3)), (2, (0, 1, 1)), (1, (0, 0, 0))):
        z.pci.msi(z.msi_addr, MSI_DATA, granted)
        q = z.queue(0)
        found = []
        for cause in (lambda: q.run(Job(z).sqe()),
                      lambda: z.monitor.aeqe(3, 3),
                      lambda: z.monitor.qm_error(4)):
            z.message()
            cause()
            z.sync()
            found.append(z.message())
        expect(tuple(found), wanted)
        acknowledge(z)


def acknowledge(z):
    for ring in (z.eq, z.aeq):
        while ring.ready():
            ring.pop()
        ring.doorbell()
    z.set(0x100000, 0xffffffff)
    z.sync()


@test()
def masked_messages_of_pci_are_pending(z):
    at = z.pci.capability(CAP_MSI)
    z.pci.write(at + MASK_BITS, 0xf)
    z.queue(0).run(Job(z).sqe())
    z.monitor.aeqe(3, 3)
    z.sync()
    expect(z.pci.read(at + PENDING_BITS), 3)
    expect(z.message(), None)
    z.pci.write(at + MASK_BITS, 0xe)
    expect(z.message(), 0)
    z.pci.write(at + MASK_BITS, 0)
    expect(z.message(), 1)
    expect(z.pci.read(at + PENDING_BITS), 0)


@test()
def nothing_is_sent_with_msi_off(z):
    z.pci.msi_off()
    z.queue(0).run(Job(z).sqe())
    z.monitor.aeqe(3, 3)
    z.monitor.qm_error(4)
    messages(z, 0)
    expect(z.message(), None)


@test()
def nothing_is_sent_without_bus_mastering(z):
    z.pci.enable(MEMORY)
    z.monitor.qm_error(4)
    messages(z, 0)
    z.pci.enable()
    until(lambda: z.message() == 3, 'message')
    messages(z, 1)


@everywhere()
def injected_entries_have_their_type_and_queue(z):
    for kind in range(16):
        for qn in (0, 1, 0xffff):
            z.monitor.aeqe(kind, qn)
            expect(z.aeq.pop_aeqe(), (kind, qn))
            z.aeq.doorbell()


@everywhere()
def completions_without_events_are_possible(z):
    """Software that polls leaves the flag alone."""
    q = z.queue(0)
    job = Job(z)
    for _ in range(50):
        expect(q.run(job.sqe())[3], 0)
    z.sync()
    z.eq.pop()
    assert z.eq.empty()
    messages(z, 1)


@test()
def what_happened_with_msi_off_is_sent_when_it_is_on(z):
    z.pci.msi_off()
    z.queue(0).run(Job(z).sqe())
    messages(z, 0)
    z.pci.msi(z.msi_addr, MSI_DATA, 4)
    until(lambda: z.message() == 0, 'message')
    messages(z, 1)
