# SPDX-License-Identifier: GPL-2.0-or-later
"""Context images: each field, each bit, dumps and tables."""
import mailbox
from check import expect, until
from contexts import CQC, DISABLED, EQC, SIZE, SQC, WRAP, eqc
from function import WRITE_BACK, WRITTEN_BACK
from mailbox import BAD_IMAGE
from queues import CQE, SQE, Queue
from sqe import Job
from suite import everywhere, test, V2, V3


def byte_range(first, size, what):
    return {8 * first + i: what for i in range(8 * size)}


def sqc_bits():
    """What the model says if this bit of a good SQC is the other way round."""
    bits = byte_range(0, 4, 'head or tail')
    bits.update({8 * 4 + i: 'ring address' for i in range(7)})
    bits.update({8 * 12 + i: 'SQE size' for i in range(12, 16)})
    bits.update(byte_range(14, 2, 'reserved bits'))
    bits.update(byte_range(18, 2, 'reserved bits'))
    bits.update(byte_range(22, 2, 'reserved bits set in w11'))
    bits.update(byte_range(24, 2, 'CQ number'))
    bits.update({8 * 26 + i: 'orders' for i in (4, 5, 7)})
    bits.update({8 * 26 + i: 'queue type' for i in (9, 10, 11)})
    bits.update({8 * 26 + i: 'reserved bits' for i in range(12, 16)})
    bits.update(byte_range(28, 4, 'reserved bits'))
    return bits


def cqc_bits():
    bits = byte_range(0, 4, 'head or tail')
    bits.update({8 * 4 + i: 'ring address' for i in range(4)})
    bits.update({8 * 12 + i: 'CQE size' for i in range(12, 16)})
    bits.update(byte_range(14, 2, 'reserved bits'))
    bits.update(byte_range(18, 2, 'reserved bits'))
    bits.update(byte_range(22, 2, 'reserved bits set in w11'))
    bits.update(byte_range(24, 4, 'phase and c_flag'))
    bits.update(byte_range(28, 4, 'reserved bits'))
    return bits


def eqc_bits():
    bits = byte_range(0, 4, 'head or tail')
    bits.update({8 * 4 + i: 'ring address' for i in range(5)})
    bits.update(byte_range(12, 12, 'reserved bits'))
    bits[8 * 24 + 16] = 'phase'
    bits.update({8 * 24 + i: 'reserved bits' for i in range(17, 32)})
    return bits


def walk(z, cmd, qn, image, flaws, renew):
    """Load the image with each bit changed in turn."""
    for bit in range(8 * SIZE):
        changed = bytearray(image)
        changed[bit // 8] ^= 1 << bit % 8
        renew()
        if bit in PASID_ENABLE[cmd] and z.version == 3:
            flaw = 'PASID'
        else:
            flaw = flaws.get(bit)
        with z.errors(*[flaw] if flaw else []):
            expect(z.mailbox.load(cmd, qn, bytes(changed)),
                   BAD_IMAGE if flaw else 0, f'status with bit {bit} changed')


PASID_ENABLE = {mailbox.SQC: (22 * 8 + 7,), mailbox.CQC: (22 * 8,),
                mailbox.EQC: (), mailbox.AEQC: ()}


@test()
def each_bit_of_an_sqc_is_known_or_refused(z):
    q = Queue(z, 5, depth=1024)
    walk(z, mailbox.SQC, 5, q.sqc(), sqc_bits(), lambda: None)


@test()
def each_bit_of_a_cqc_is_known_or_refused(z):
    q = Queue(z, 5, depth=1024)
    flaws = cqc_bits()
    flaws.update({8 * 12 + i: 'depth differs' for i in range(12)})

    def renew():
        assert q.load_sqc() == 0

    walk(z, mailbox.CQC, 5, q.cqc(), flaws, renew)


@test()
def each_bit_of_an_event_context_is_known_or_refused(z):
    ring = z.memory.alloc(4 * 0x8000, 32)
    for cmd in (mailbox.EQC, mailbox.AEQC):
        walk(z, cmd, 0, eqc(ring, 0x800), eqc_bits(), lambda: None)


@test()
def ring_addresses_are_not_null(z):
    q = Queue(z, 0)
    with z.errors('null'):
        expect(q.load_sqc(base=0), BAD_IMAGE)
    expect(q.load_sqc(), 0)
    with z.errors('null'):
        expect(q.load_cqc(base=0), BAD_IMAGE)
    for cmd in (mailbox.EQC, mailbox.AEQC):
        with z.errors('null'):
            expect(z.mailbox.load(cmd, 0, eqc(0, 64)), BAD_IMAGE)


@test(V3)
def queues_take_every_depth_from_2_to_4096(z):
    q = Queue(z, 1, depth=4096)
    for depth in range(2, 4097):
        dw3 = depth - 1 | 7 << 12
        expect(q.load_sqc(dw3=dw3), 0, f'status at depth {depth}')
        expect(q.load_cqc(dw3=depth - 1 | 4 << 12), 0)
        if depth % 64 == 0:
            expect(q.dump_sqc()['dw3'], dw3)
    with z.errors('depth is 1'):
        expect(q.load_sqc(dw3=7 << 12), BAD_IMAGE)
    with z.errors('depth is 1'):
        expect(q.load_cqc(dw3=4 << 12), BAD_IMAGE)


@test()
def the_cq_has_the_depth_of_the_sq(z):
    q = Queue(z, 1, depth=64)
    expect(q.load_sqc(), 0)
    for depth in (2, 63, 65, 4096):
        with z.errors('depth differs'):
            expect(q.load_cqc(dw3=depth - 1 | 4 << 12), BAD_IMAGE)
    expect(q.load_cqc(), 0)


@test()
def event_rings_take_depths_from_4_to_65536(z):
    ring = z.memory.alloc(4 * 65536, 32)
    for cmd in (mailbox.EQC, mailbox.AEQC):
        for depth in list(range(4, 70)) + [255, 256, 257, 2048, 65535, 65536]:
            expect(z.mailbox.load(cmd, 0, eqc(ring, depth)), 0)
            expect(EQC.unpack(z.mailbox.dump(cmd)),
                   EQC.unpack(eqc(ring, depth)))
        for depth in (1, 2, 3):
            with z.errors('depth below 4'):
                expect(z.mailbox.load(cmd, 0, eqc(ring, depth)), BAD_IMAGE)


@test()
def fresh_contexts_dump_as_they_were_loaded(z):
    q = Queue(z, 3, kind=1, depth=100, rand=0x1234)
    image = {'pasid': 0x4321, 'w13': 0x11f}
    expect(q.load_sqc(**image), 0)
    expect(q.load_cqc(pasid=0x4321), 0)
    expect(z.mailbox.dump(mailbox.SQC, 3), q.sqc(**image))
    expect(z.mailbox.dump(mailbox.CQC, 3), q.cqc(pasid=0x4321))


@everywhere()
def a_dump_shows_where_the_queue_is(z):
    depth = 5
    q = z.queue(0, depth=depth)
    job = Job(z)
    for turn in range(1, 24):
        q.post(job.sqe())
        q.take()
        z.sync()
        wrap = WRAP if turn // depth % 2 else 0
        s, c = q.dump_sqc(), q.dump_cqc()
        expect((s['head'], s['tail'], s['w11']), (q.tail, q.tail, wrap))
        expect((c['head'], c['tail'], c['w11']),
               ((turn - 1) % depth, q.tail, wrap))
        expect(c['dw6'] & 1, q.phase, 'phase in the dump')
        q.cq_doorbell()
        expect(q.dump_cqc()['head'], q.head)


@everywhere()
def a_dump_shows_the_event_flag(z):
    q = z.queue(0)
    flag = 2
    expect(q.dump_cqc()['dw6'], 1 | flag)
    q.run(Job(z).sqe())
    expect(q.dump_cqc()['dw6'], 1)
    q.cq_doorbell(priority=1)
    expect(q.dump_cqc()['dw6'], 1 | flag)


@everywhere()
def event_dumps_show_head_tail_and_phase(z):
    depth = 5
    expect(z.load_aeq(depth), 0)
    for turn in range(1, 14):
        z.monitor.aeqe(3, 7)
        z.aeq.pop()
        z.sync()
        d = EQC.unpack(z.mailbox.dump(mailbox.AEQC))
        expect(d['tail'], turn % depth)
        expect(d['head'], (turn - 1) % depth)
        expect(d['dw6'] >> 16, 1 - turn // depth % 2)
        z.aeq.doorbell()


@everywhere()
def live_contexts_are_written_to_the_tables_on_request(z):
    queues = [z.queue(qn, depth=8) for qn in (0, 2, 7)]
    for q in queues:
        q.run(Job(z).sqe())
    half = Queue(z, 4, depth=8)
    expect(half.load_sqc(), 0)
    size = 32 * z.queues
    z.memory.fill(z.sqc_table, size, 0x33)
    z.memory.fill(z.cqc_table, size, 0x33)
    z.set(WRITE_BACK, 1)
    until(lambda: z.reg(WRITTEN_BACK) & 1, 'end of write-back')
    for cmd, table, live in ((mailbox.SQC, z.sqc_table, (0, 2, 4, 7)),
                             (mailbox.CQC, z.cqc_table, (0, 2, 7))):
        for qn in range(z.queues):
            wanted = z.mailbox.dump(cmd, qn) if qn in live else b'\x33' * 32
            expect(z.memory.read(table + 32 * qn, 32), wanted, f'entry {qn}')


@everywhere()
def write_back_is_not_over_before_it_is_done(z):
    z.queue(0)
    ask, tell = z.bar2 + WRITE_BACK, z.bar2 + WRITTEN_BACK
    for _ in range(2):
        *_, told = z.qtest.together([f'writel {ask:#x} 1', f'readl {tell:#x}'])
        expect(int(told, 16), 0)
        until(lambda: z.reg(WRITTEN_BACK) == 1, 'end of write-back')


@test()
def write_back_is_asked_for_by_bit_0(z):
    z.queue(0)
    z.memory.fill(z.sqc_table, 32, 0x33)
    for val in (0, 2, 0xfffffffe):
        z.set(WRITE_BACK, val)
        z.sync()
        expect(z.reg(WRITTEN_BACK), 0)
    expect(z.memory.read(z.sqc_table, 32), b'\x33' * 32)


@test()
def tables_are_written_on_request_only(z):
    z.memory.fill(z.sqc_table, 32 * z.queues, 0x33)
    z.memory.fill(z.cqc_table, 32 * z.queues, 0x33)
    q = z.queue(0)
    expect(q.run(Job(z).sqe())[3], 0)
    expect(z.memory.read(z.sqc_table, 32 * z.queues), b'\x33' * 32 * z.queues)
    expect(z.memory.read(z.cqc_table, 32 * z.queues), b'\x33' * 32 * z.queues)


@everywhere()
def tables_are_never_read(z):
    q = z.queue(0)
    z.memory.fill(z.sqc_table, 32, 0xff)
    z.memory.fill(z.cqc_table, 32, 0xff)
    expect(q.run(Job(z).sqe())[3], 0)


@everywhere()
def a_disabled_queue_takes_no_doorbells(z):
    for w13 in (0x10 | DISABLED, DISABLED):
        q = Queue(z, 0, depth=8)
        expect(q.load_sqc(w13=w13), 0)
        expect(q.load_cqc(), 0)
        dropped = z.monitor.dropped
        q.post(Job(z).sqe())
        q.cq_doorbell(0)
        z.sync()
        expect(z.monitor.dropped, dropped + 2)
        assert q.idle()
        q.load()
        expect(q.run(Job(z).sqe())[3], 0)


@everywhere()
def loading_again_starts_over(z):
    q = z.queue(0, depth=4)
    for turn in range(11):
        for _ in range(turn % 3):
            expect(q.run(Job(z).sqe())[3], 0)
        q.load()
        expect(q.dump_sqc(), SQC.unpack(q.sqc()))
        expect(q.dump_cqc(), CQC.unpack(q.cqc()))


@everywhere()
def a_new_sqc_ends_the_life_of_the_old_cqc(z):
    q = z.queue(0)
    expect(q.load_sqc(), 0)
    expect(z.mailbox.dump(mailbox.CQC, 0), bytes(32))
    q.post(Job(z).sqe())
    z.sync()
    assert q.idle()
    expect(z.monitor.dropped, 1)


@test()
def a_live_cqc_is_not_loaded_again(z):
    q = z.queue(0)
    with z.errors('without a new SQC'):
        expect(q.load_cqc(), BAD_IMAGE)
    expect(q.run(Job(z).sqe())[3], 0)


@everywhere()
def a_reloaded_queue_may_have_other_rings(z):
    first, second = Queue(z, 0, depth=8), Queue(z, 0, depth=16)
    first.load()
    expect(first.run(Job(z).sqe())[3], 0)
    second.load()
    old = first.rings()
    for _ in range(20):
        expect(second.run(Job(z).sqe())[3], 0)
    expect(first.rings(), old)


@test(V2)
def version_2_stores_the_pasid_of_a_queue(z):
    q = z.queue(0)
    expect(q.load_sqc(pasid=0xffff), 0)
    expect(q.dump_sqc()['pasid'], 0xffff)


@test()
def rings_at_the_end_of_the_address_space_do_not_wrap(z):
    q = Queue(z, 0, depth=4)
    top = (1 << 64) - SQE
    expect(q.load_sqc(base=top), 0)
    expect(q.load_cqc(base=(1 << 64) - CQE), 0)
    with z.errors('cannot be read'):
        q.sq_doorbell(2)
    expect(z.aeq.pop_aeqe(), (2, 0))


@everywhere()
def a_refused_image_leaves_the_queue_as_it_was(z):
    q = z.queue(0, depth=8)
    expect(q.run(Job(z).sqe())[3], 0)
    before = q.dump_sqc(), q.dump_cqc()
    for load in (q.load_sqc, q.load_cqc):
        for flaw in ({'dw7': 1}, {'base': q.sq + 1}, {'dw3': 0}):
            with z.errors(''):
                expect(load(**flaw), BAD_IMAGE)
            expect((q.dump_sqc(), q.dump_cqc()), before, f'after {flaw}')
    for cmd, ring in ((mailbox.EQC, z.eq), (mailbox.AEQC, z.aeq)):
        before = z.mailbox.dump(cmd)
        with z.errors('reserved bits'):
            expect(z.mailbox.load(cmd, 0, eqc(ring.base, 16, dw4=1)),
                   BAD_IMAGE)
        expect(z.mailbox.dump(cmd), before)
    expect(q.run(Job(z).sqe())[3], 0)
