# SPDX-License-Identifier: GPL-2.0-or-later
"""Debug counters of the QM."""
from check import expect
from queues import Queue
from sqe import Job
from suite import everywhere, test
from virtual import functions

CLEAR_ON_READ = 0x100118
MAILBOXES, DOORBELLS, SQES, CQES = 0x104018, 0x104028, 0x104038, 0x104048
SENT, WRITTEN_BACK, FINISHED, CQE_ERRORS = \
    0x104050, 0x104058, 0x104060, 0x1040b4


def of(z, counter, function=0, qn=0):
    """The register that chooses lies before the counter."""
    z.set(counter - 8, function | qn << 16)
    return z.reg(counter)


@everywhere()
def commands_and_doorbells_are_counted_for_each_function(z):
    vf, = functions(z, 1)
    before = [of(z, MAILBOXES, n) for n in (0, 1)]
    for _ in range(3):
        vf.mailbox.good(6, read=True)
    expect([of(z, MAILBOXES, n) for n in (0, 1)],
           [before[0], before[1] + 3])
    q, other = z.queue(0), Queue(vf, 0)
    other.load()
    for turns, q in ((1, q), (2, other)):
        for _ in range(turns):
            q.run(Job(z).sqe())
    expect([of(z, DOORBELLS, n) for n in (0, 1)], [2, 4])


@everywhere()
def requests_are_counted_for_each_queue(z):
    vf, = functions(z, 1)
    queues = [z.queue(0), z.queue(5), Queue(vf, 3)]
    queues[2].load()
    for turns, q in enumerate(queues):
        for _ in range(turns + 1):
            q.run(Job(z).sqe())
    for counter in (SQES, CQES):
        expect([of(z, counter, *place) for place in
                ((0, 0), (0, 5), (1, 3), (0, 1), (1, 0))], [1, 2, 3, 0, 0])
    expect([z.reg(reg) for reg in (SENT, WRITTEN_BACK, FINISHED)], [6, 6, 6])
    expect(z.reg(CQE_ERRORS), 0)


@test()
def counters_clear_when_read_if_they_are_told_to(z):
    q = z.queue(0)
    q.run(Job(z).sqe())
    for reg in (SENT, WRITTEN_BACK, FINISHED):
        expect([z.reg(reg), z.reg(reg)], [1, 1])
        z.set(CLEAR_ON_READ, 1)
        expect([z.reg(reg), z.reg(reg)], [1, 0])
        z.set(CLEAR_ON_READ, 0)
    for counter in (MAILBOXES, DOORBELLS, SQES, CQES):
        assert of(z, counter)
        z.set(CLEAR_ON_READ, 1)
        assert of(z, counter)
        expect(of(z, counter), 0)
        z.set(CLEAR_ON_READ, 0)


@test()
def counters_are_reset(z):
    q = z.queue(0)
    q.run(Job(z).sqe())
    z.flr()
    for reg in (SENT, WRITTEN_BACK, FINISHED, MAILBOXES, DOORBELLS):
        expect(z.reg(reg), 0)
