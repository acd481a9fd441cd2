# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever the guest does, the device gets over it."""
import random
import struct

from accelerator import MEM_START, QUEUES, sqc_range
from check import expect
from queues import Queue
from sqe import COMPRESS, Job
from suite import everywhere
from virtual import functions

INTERESTING = (0, 1, 2, 3, 7, 8, 0x10, 0x101, 0x1000, 0x3a000000, 0x34000000,
               0x7fffffff, 0x80000000, 0xffffffff)
WORD_AREAS = ((0x000, 0x40), (0x200, 0x220), (0x300, 0x310),
              (0x1000, 0x1010), (0x2000, 0x2010), (0x3100, 0x3180),
              (0x100000, 0x100200), (0x1040e0, 0x104110), (0x300000, 0x300160),
              (0x301000, 0x301220))


def word(*more):
    return random.choice(INTERESTING + more + (random.getrandbits(32),))


def junk_request(z, q):
    slot = random.randrange(q.depth)
    # Now and then something that is nearly right.
    sqe = bytearray(Job(z).sqe()) if random.random() < 0.5 else bytearray(128)
    for _ in range(random.randint(0, 8)):
        struct.pack_into('<I', sqe, 4 * random.randrange(32),
                         word(q.sq, q.cq))
    z.memory.write(q.sq + 128 * slot, bytes(sqe))
    q.sq_doorbell(random.choice((slot + 1, random.getrandbits(16))),
                  rand=random.choice((0, 0, 0, 1)))


def junk_doorbell(z, q):
    q.cq_doorbell(random.choice((q.tail, random.getrandbits(16))),
                  random.randrange(2))
    q.function.event_doorbell(random.getrandbits(64) & random.choice(
        (0xffff0000f000, (1 << 64) - 1)))


def junk_command(z, q):
    image = bytearray(random.choice((q.sqc(), q.cqc())))
    image[random.randrange(32)] ^= 1 << random.randrange(8)
    z.memory.write(z.mailbox.page, bytes(image))
    if not z.mailbox.busy():
        z.mailbox.start(random.randrange(10), random.choice((0, 1, word())) &
                        0xffff, random.choice((z.mailbox.page, word())),
                        random.randrange(2))


def junk_register(z, q):
    first, end = random.choice(WORD_AREAS)
    z.set(random.randrange(first, end, 4), word(q.sq),
          random.choice((4, 4, 8)))


def forget_errors(z):
    z.sync()
    assert z.log.take_counted(), 'the junk was no junk'


def is_well(z):
    """After a reset the device works as ever."""
    z.flr()
    z.sync()
    z.log.take_counted()
    expect(z.monitor.inflight, 0)
    z.set(MEM_START, 1)
    z.start_again()
    expect(z.queue(0).run(Job(z).sqe())[3], 0)


def storm(z, *kinds, steps=400):
    for _ in range(4):
        queues = [z.queue(qn, qn % 2, depth=64) for qn in range(QUEUES)]
        for _ in range(steps):
            random.choice(kinds)(z, random.choice(queues))
        forget_errors(z)
        is_well(z)
        z.memory.guards.clear()


@everywhere()
def junk_in_requests_does_no_harm(z):
    storm(z, junk_request)


@everywhere()
def junk_in_doorbells_does_no_harm(z):
    storm(z, junk_doorbell, junk_request)


@everywhere()
def junk_in_commands_does_no_harm(z):
    storm(z, junk_command, junk_request, junk_doorbell)


@everywhere()
def junk_in_registers_does_no_harm(z):
    storm(z, junk_register, junk_request, junk_doorbell, junk_command)


@everywhere()
def junk_in_ring_memory_does_no_harm(z):
    q = z.queue(0, COMPRESS, depth=64)
    for _ in range(20):
        z.memory.write(q.sq, random.randbytes(64 * 128))
        for index in (63, 20, 0):
            q.sq_doorbell(index)
            z.sync()
            q.cq_doorbell(q.dump_cqc()['tail'])
    forget_errors(z)
    is_well(z)
    z.memory.guards.clear()


def junk_function(z, q):
    """One of the PF's or a VF's registers, or its mailbox."""
    function = q.function
    if random.random() < 0.5:
        first, end = random.choice(((0, 0x64), (0x200, 0x220), (0x300, 0x310),
                                    (0x1000, 0x1010), (0x2000, 0x2010),
                                    (0x3ff0, 0x4010), (0xfff0, 0x10000)))
        function.set(random.randrange(first, end, 4), word(),
                     random.choice((4, 8)))
    elif not function.mailbox.busy():
        function.mailbox.start(random.choice((0, 1, 2, 3, 4, 5, 6, 8, 9, 0xc,
                                              0xd)),
                               random.choice((0, 1, 2, 0xffff, 7)),
                               random.choice((function.mailbox.page, word())),
                               random.randrange(2))


def junk_virtual(z, q):
    """Ranges, messages, VFs that come and go."""
    kind = random.randrange(12)
    if kind == 0:
        z.sriov.enable(random.randrange(8))
    elif kind == 1 and q.function is not z:
        q.function.pci.flr()
        q.function.connect()
    elif kind < 5:
        z.range_op(random.randrange(3), random.choice((
            0, 1 << 28, sqc_range(random.randrange(40), 4))),
            random.randrange(9))
    else:
        z.set(random.choice((0x100128, 0x100130, 0x100134, 0x100138)), word(),
              random.choice((4, 8)))


@everywhere()
def junk_in_virtual_functions_does_no_harm(z):
    for _ in range(4):
        vfs = functions(z, 4)
        queues = [z.queue(0, depth=64)]
        for vf in vfs:
            q = Queue(vf, vf.number % 4, depth=64)
            q.load()
            queues.append(q)
        for _ in range(400):
            random.choice((junk_function, junk_virtual, junk_request,
                           junk_doorbell))(z, random.choice(queues))
        forget_errors(z)
        is_well(z)
        z.memory.guards.clear()
