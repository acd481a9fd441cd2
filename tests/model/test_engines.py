# SPDX-License-Identifier: GPL-2.0-or-later
"""SEC and HPRE: the same QM, registers and requests of their own."""
from check import expect
from engines import CLUSTER, CORE_DONE, CORE_START, CORES
from machine import Setup
from queues import Queue
from suite import test
from test_errors import Block, QM, allow
from virtual import DEVICE_ID, Sriov, functions

SEC = Setup('SEC', engine='sec')
SEC_2 = Setup('SEC, version 2', version=2, isolated=False, engine='sec')
HPRE = Setup('HPRE', engine='hpre')
HPRE_2 = Setup('HPRE, version 2', version=2, isolated=False, engine='hpre')
ALL = (SEC, SEC_2, HPRE, HPRE_2)

ERRORS = {'sec': Block('SEC', *(0x301000 + at for at in
                                (0x10, 0x00, 0x08, 0x18, 0x50, 0x54, 0x58,
                                 0x14)), 19),
          'hpre': Block('HPRE', *(0x301000 + at for at in
                                  (0x600, 0x400, 0x800, 0x500, 0x410, 0x418,
                                   0x414, 0xa3c)), 25)}
# Where each lets its errors block memory.
CONTROL = {'sec': (0x301200, 1 << 12), 'hpre': (0x301044, 1)}
WORDS = {'sec': {0x3124: 0x7c77, 0x3128: 0x6c77, 0x312c: 8, 0x3130: 0x60177,
                 0x3134: 0x177, 0x3138: 0xc088, 0x313c: 0x110404,
                 0x3140: 0xf},
         'hpre': {0x3124: 0x7c37, 0x3128: 0x6c37, 0x312c: 8,
                  0x3130: 0x1fffc3e, 0x3134: 0xbffc3e, 0x3138: 1,
                  0x313c: 0x120a0a, 0x3140: 0x3ff}}
UNIMPLEMENTED = 1


def engine_of(z):
    return z.machine.setup.engine


def request(z):
    """A good one, that the model cannot do."""
    if engine_of(z) == 'sec':
        return bytes([2]) + bytes(range(1, 128))
    return (1 << 30 | 3).to_bytes(4, 'little') + bytes(range(4, 64))


def result(z, words):
    """Finished, and the error."""
    if engine_of(z) == 'sec':
        return words[0x1c] & 1, words[0x1c] >> 16 & 0xff
    return words[0] >> 30 == 3, words[0] >> 5 & 0x7ff


@test(*ALL, up=False)
def ids_and_classes(z):
    pf, vf = {'sec': (0xa255, 0xa256), 'hpre': (0xa258, 0xa259)}[engine_of(z)]
    expect(z.pci.read(0), pf << 16 | 0x19e5)
    expect(z.pci.read(8) >> 8, 0x100000)
    expect(Sriov(z).read(DEVICE_ID), vf)


@test(SEC, HPRE, up=False)
def capability_words(z):
    for reg, val in WORDS[engine_of(z)].items():
        expect(z.reg(reg), val, f'word {reg:#x}')
    for reg in range(0x3144, 0x3180, 4):
        expect(z.reg(reg), 0, f'algorithms in word {reg:#x}')
    expect(z.reg(0x3100), 0x6f01)


@test(*ALL)
def requests_end_with_an_error(z):
    for kind in (0, 1) if z.machine.setup == HPRE else (0,):
        q = z.queue(kind, kind, depth=5)
        for _ in range(12):
            words = q.run(request(z))
            expect(result(z, words), (1, UNIMPLEMENTED))
    expect(z.eq.pop(), 0)
    expect(z.message(), 0)


@test(*ALL)
def only_results_are_written(z):
    q = z.queue(0, depth=5)
    sent = request(z)
    q.run(sent)
    found = z.memory.read(q.sq, len(sent))
    if engine_of(z) == 'sec':
        expect(found[:0x70], sent[:0x70])
    else:
        expect(found[4:], sent[4:])


@test(*ALL)
def forced_errors_show_in_their_field(z):
    q = z.queue(0, depth=5)
    for status in (2, 0x7f):
        z.monitor.force(1, status)
        expect(result(z, q.run(request(z))), (1, status))


@test(SEC, SEC_2)
def sec_completes_invalid_requests_as_they_are(z):
    q = z.queue(0, depth=8)
    for kind in (1, 2) + ((3,) if z.version == 3 else ()):
        sqe = bytearray(128)
        sqe[0] = kind | (0x10 if kind == 3 else 0)
        sqe[7] = 0 if kind == 3 else 0x80
        expect(result(z, q.run(bytes(sqe))), (1, 0))
    for kind in (0, 4, 15) + ((3,) if z.version == 2 else ()):
        with z.errors(f'has type {kind}'):
            words = q.run(bytes([kind]) + bytes(127))
        expect(result(z, words), (1, UNIMPLEMENTED))


@test(HPRE, HPRE_2)
def hpre_wants_new_requests(z):
    q = z.queue(0, depth=8)
    for done in (0, 2, 3):
        with z.errors(f'done is {done}'):
            q.run((done << 30).to_bytes(4, 'little') + bytes(60))


@test(*ALL)
def queue_types_are_the_engine_s(z):
    known = (0, 1) if z.machine.setup == HPRE else (0,)
    q = Queue(z, 0, depth=4)
    for kind in range(16):
        flaw = [] if kind in known else ['queue type']
        with z.errors(*flaw):
            expect(q.load_sqc(w13=0x10 | kind << 8), 3 if flaw else 0)
    # The other engine's size of a request.
    with z.errors('SQE size'):
        q.load_sqc(dw3=3 | (13 - q.shift) << 12)


@test(*ALL, up=False)
def queues_wait_for_the_engine(z):
    init = z.init_engine
    z.init_engine = lambda: None
    z.start()
    q = z.queue(0, depth=8)
    q.post(request(z))
    z.sync()
    assert q.idle() and z.monitor.inflight == 0
    init()
    expect(result(z, q.pop()), (1, UNIMPLEMENTED))


@test(SEC, SEC_2, up=False)
def sec_needs_memory_init_and_a_core(z):
    z.init_engine = lambda: None
    for steps in ((0x301270, 0x301100), (0x301100, 0x301270)):
        z.start()
        q = z.queue(0, depth=8)
        q.post(request(z))
        for reg in steps:
            z.sync()
            assert q.idle()
            z.set(reg, 1)
        q.pop()
        z.flr()


@test(SEC, up=False)
def sec_starts_with_the_clock_gate_off(z):
    z.set(0x301200, 1 << 3)
    with z.errors('clock gate'):
        z.set(0x301100, 1)
    expect(z.reg(0x301104), 0)
    z.set(0x301200, 0)
    z.set(0x301100, 0)
    expect(z.reg(0x301104), 0)
    z.set(0x301100, 1)
    expect(z.reg(0x301104), 1)
    with z.errors('read-only'):
        z.set(0x301104, 0)


@test(HPRE, up=False)
def hpre_starts_with_the_clock_gate_off(z):
    z.set(0x301a10, 1)
    z.set(CLUSTER + CORES, 0x3ff)
    with z.errors('clock gate'):
        z.set(CLUSTER + CORE_START, 1)
    expect(z.reg(CLUSTER + CORE_DONE), 0)
    z.set(0x301a10, 0)
    z.set(CLUSTER + CORES, 0x155)
    z.set(CLUSTER + CORE_START, 1)
    expect(z.reg(CLUSTER + CORE_DONE), 0x155)
    for reg in (CLUSTER + CORE_DONE, 0x301a00):
        with z.errors('read-only'):
            z.set(reg, 0)


@test(HPRE)
def hpre_serves_the_types_that_are_chosen(z):
    q = z.queue(0, 1, depth=8)
    z.set(0x301038, 1)
    q.post(request(z))
    z.sync()
    assert q.idle()
    z.set(0x301038, 2)
    expect(result(z, q.pop()), (1, UNIMPLEMENTED))


@test(*ALL)
def engine_errors_show_and_send_a_message(z):
    block = ERRORS[engine_of(z)]
    # SEC's mask is the other way round.
    open_mask = 0xffffffff if engine_of(z) == 'sec' else 0
    allow(z, block, mask=open_mask)
    for bit in range(block.bits):
        for raise_error in (z.monitor.engine_error,
                            lambda val: z.set(block.set, val)):
            raise_error(1 << bit)
            z.sync()
            expect(z.message(), 3)
            expect(z.reg(block.source), 1 << bit)
            expect(z.reg(block.status), 1 << bit)
            expect(z.reg(QM.source), 0)
            z.set(block.source, 1 << bit)
            expect(z.reg(block.status), 0)
    z.set(block.mask, ~open_mask & 0xffffffff)
    expect(z.reg(block.mask), ~open_mask & 0xffffffff)
    z.monitor.engine_error(4)
    z.sync()
    expect(z.message(), None)
    expect((z.reg(block.source), z.reg(block.status)), (4, 0))


@test(SEC, HPRE)
def engine_errors_block_memory_if_they_are_let(z):
    block, (reg, bit) = ERRORS[engine_of(z)], CONTROL[engine_of(z)]
    q = z.queue(0, depth=8)
    z.set(block.blocks, 4)
    z.monitor.engine_error(4)
    expect(result(z, q.run(request(z))), (1, UNIMPLEMENTED))
    z.set(reg, bit)
    q.post(request(z))
    z.sync()
    assert q.idle()
    z.set(block.source, 4)
    q.pop()


@test(*ALL)
def a_reset_with_requests_in_flight_leaves_memory_alone(z):
    q = z.queue(0, depth=8)
    fly_raw(z, q, 5)
    rings = q.rings()
    z.flr()
    z.monitor.hang(0)
    z.sync()
    expect(q.rings(), rings)
    z.start_again()
    q.load()
    expect(result(z, q.run(request(z))), (1, UNIMPLEMENTED))


def fly_raw(z, q, count):
    z.monitor.hang(count)
    for _ in range(count):
        q.put(request(z))
    q.publish()
    z.sync()
    expect(z.monitor.inflight, count)


@test(*ALL)
def vfs_have_the_engine_too(z):
    for vf in functions(z, 3):
        q = Queue(vf, 2, depth=8)
        q.load()
        expect(result(z, q.run(request(z))), (1, UNIMPLEMENTED))
        expect(vf.eq.pop(), 2)
