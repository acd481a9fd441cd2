# SPDX-License-Identifier: GPL-2.0-or-later
"""One-shot requests: formats, sizes, statuses of the data."""
import random
import zlib

import mailbox
from check import expect, until
from eventring import UNUSABLE
from pci import CAP_EXPRESS, DEVCTL, FLR
from queues import Queue
from sqe import BAD_CHECK, BAD_DATA, BAD_REQUEST, COMPRESS, DECOMPRESS, \
    FAULT, GZIP, Job, NO_SPACE, OK, RAW, RESULTS, TEXT, ZLIB, formats, pack, \
    unpack
from suite import everywhere, test, V3

MEBI = 1 << 20


def run(z, q, data, space=None, fmt=ZLIB, **more):
    """Words and output of one request."""
    job = Job(z, data, space, fmt, **more)
    words = q.run(job.sqe())
    output = job.output()
    assert output[words[1]:] == b'\xcc' * (len(output) - words[1]), \
        'output beyond the reported length'
    return words, output[:words[1]]


def failed(words, status):
    expect((words[0], words[1], words[2], words[3]), (0, 0, 0, status))


def noise(size):
    return random.randbytes(size)


@test()
def compressed_data_are_standard_streams(z):
    q = z.queue(0, COMPRESS)
    for fmt in formats(z):
        for data in (b'x', b'some data' * 30, TEXT[:20000], noise(5000)):
            words, output = run(z, q, data, len(data) * 9 // 8 + 200, fmt)
            expect(words[0:4], (len(data), len(output), 0, OK))
            expect(unpack(fmt, output), data)


@test()
def standard_streams_are_decompressed(z):
    q = z.queue(0, DECOMPRESS)
    for fmt in formats(z):
        for data in (b'', b'x', TEXT[:20000], noise(5000), bytes(30000)):
            for level in (0, 1, 9):
                packed = pack(fmt, data, level)
                words, output = run(z, q, packed, len(data) + 1, fmt)
                expect(words[0:4], (len(packed), len(data), 0, OK))
                expect(output, data)


@test()
def large_data_go_there_and_back(z):
    c, d = z.queue(0, COMPRESS), z.queue(1, DECOMPRESS)
    for fmt in formats(z):
        data = TEXT * 3
        words, packed = run(z, c, data, fmt=fmt)
        expect(words[3], OK)
        words, output = run(z, d, packed, len(data), fmt)
        expect(words[3], OK)
        assert output == data


@test()
def checksums_and_lengths_are_reported(z):
    c, d = z.queue(0, COMPRESS), z.queue(1, DECOMPRESS)
    data = TEXT[:3000]
    for fmt in formats(z):
        words, packed = run(z, c, data, fmt=fmt)
        expect((words[30], words[31]), (len(data), checksum(fmt, data)))
        words, _ = run(z, d, packed, len(data), fmt)
        expect((words[30], words[31]), (len(data), checksum(fmt, data)))
        expect((words[15], words[28], words[29]), (0, 0, 0))


def checksum(fmt, data):
    """dw31: for gzip the bare register of a CRC that shifts left."""
    if fmt == ZLIB:
        return zlib.adler32(data)
    if fmt == GZIP:
        return int(f'{zlib.crc32(data) ^ 0xffffffff:032b}'[::-1], 2)
    return 0


@test()
def bytes_behind_the_trailer_are_not_consumed(z):
    q = z.queue(0, DECOMPRESS)
    for fmt in formats(z):
        packed = pack(fmt, TEXT[:5000])
        words, output = run(z, q, packed + b'more', 6000, fmt)
        expect(words[0:4], (len(packed), 5000, 0, OK))
        expect(output, TEXT[:5000])


@test()
def larger_output_than_input_is_good(z):
    q = z.queue(0, COMPRESS)
    for size in (1, 2, 100, 9000):
        words, output = run(z, q, noise(size), size + 100)
        expect(words[3], OK)
        assert words[1] > size


@test()
def truncated_input_is_bad_data(z):
    q = z.queue(0, DECOMPRESS)
    for fmt in formats(z):
        packed = pack(fmt, TEXT[:3000])
        for cut in (1, 2, 3, 4, 5, 8, 9, 100, len(packed) - 1):
            words, _ = run(z, q, packed[:-cut], 4000, fmt)
            failed(words, BAD_DATA)


@test()
def full_output_wins_over_truncated_input(z):
    q = z.queue(0, DECOMPRESS)
    packed = pack(ZLIB, TEXT[:3000])
    words, _ = run(z, q, packed[:-1], 100)
    failed(words, NO_SPACE)


@test()
def a_wrong_trailer_has_its_status(z):
    q = z.queue(0, DECOMPRESS)
    for fmt, trailer in ((ZLIB, 4), (GZIP, 8)):
        packed = pack(fmt, TEXT[:3000])
        for at in range(1, trailer + 1):
            bad = bytearray(packed)
            bad[-at] ^= 0x10
            words, _ = run(z, q, bytes(bad), 4000, fmt)
            failed(words, BAD_CHECK)


@test()
def corrupt_data_are_told(z):
    q = z.queue(0, DECOMPRESS)
    for bad in (b'\x07', b'\x06\x00\x00\x00', b'\x01\x05\x00\x00\x00hello',
                b'\xff' * 50, b'\x03\x02'):
        words, _ = run(z, q, bad + bytes(20), 1000)
        assert words[3] in (BAD_DATA, BAD_CHECK), words[3]
        expect(words[0:2], (0, 0))


@test(V3)
def window_codes_bound_the_distances(z):
    q = z.queue(0, COMPRESS)
    block = noise(3000)
    for code, bits in enumerate((12, 13, 14, 15, 15)):
        # The second copy is out of the smaller windows' sight.
        data = block + bytes(3000) + block
        words, output = run(z, q, data, 20000, RAW, window=code)
        expect(words[3], OK)
        expect(zlib.decompress(output, -bits), data)
        assert (len(output) < 4000) == (bits > 12), (code, len(output))


@test(V3)
def unknown_window_codes_are_refused(z):
    q = z.queue(0, COMPRESS)
    for code in range(5, 16):
        with z.errors('window'):
            words, _ = run(z, q, b'abcd', window=code)
        failed(words, BAD_REQUEST)


@test()
def addresses_may_be_odd(z):
    q = z.queue(0, COMPRESS)
    data = TEXT[:3000]
    area = z.memory.alloc(10000, 64, fill=0xcc)
    for src, dst in ((1, 1), (3, 7), (61, 2)):
        z.memory.write(area + src, data)
        job = Job(z)
        words = q.run(job.sqe(src=area + src, size=3000,
                              dst=area + 5000 + dst, space=4000))
        expect(words[3], OK)
        packed = z.memory.read(area + 5000 + dst, words[1])
        expect(unpack(ZLIB, packed), data)
        expect(z.memory.read(area + 5000, dst), b'\xcc' * dst)
        z.memory.fill(area, 10000, 0xcc)


@test()
def flat_buffers_go_up_to_8_mebibytes(z):
    q = z.queue(0, COMPRESS)
    src, dst = z.memory.alloc(8 * MEBI), z.memory.alloc(8 * MEBI)
    job = Job(z)
    words = q.run(job.sqe(src=src, size=8 * MEBI, dst=dst, space=8 * MEBI))
    expect((words[0], words[3]), (8 * MEBI, OK))
    packed = z.memory.read(dst, words[1])
    assert unpack(ZLIB, packed) == bytes(8 * MEBI)
    for size, space in ((8 * MEBI + 1, 100), (100, 8 * MEBI + 1),
                        (0xffffffff, 100)):
        with z.errors('beyond the limit'):
            words = q.run(job.sqe(src=src, size=size, dst=dst, space=space))
        failed(words, BAD_REQUEST)


@test()
def memory_that_is_not_there_is_a_fault(z):
    q = z.queue(0, COMPRESS)
    end = z.memory.end()
    job = Job(z, TEXT[:3000])
    for change in ({'src': 0x7f00000000000}, {'dst': 0x7f00000000000},
                   {'src': end - 2999}, {'dst': end - 1},
                   {'src': 0xfffffffffffffff0}, {'dst': 0xfffffffffffffff0}):
        faults = z.monitor.dma_faults
        failed(q.run(job.sqe(**change)), FAULT)
        assert z.monitor.dma_faults > faults or \
            0xfffffffffffffff0 in change.values()
        # One bad pointer is nobody else's trouble.
        expect(q.run(job.sqe())[3], OK)
    expect(z.reg(0x100000), 0)
    expect(z.reg(0x3010a0), 0)


@everywhere()
def registers_are_no_memory(z):
    """Those of the device, of its monitor, of its configuration."""
    c, d = z.queue(0, COMPRESS), z.queue(1, DECOMPRESS)
    flr = z.pci.base + z.pci.capability(CAP_EXPRESS) + DEVCTL
    job = Job(z, pack(ZLIB, FLR.to_bytes(2, 'little')))
    before = z.reg(0x100088), z.monitor.resets
    for addr in (z.bar2 + 0x100088, z.monitor.base + 0x138, flr):
        failed(c.run(Job(z).sqe(src=addr, size=8)), FAULT)
        failed(d.run(job.sqe(dst=addr)), FAULT)
    expect(z.mailbox.run(mailbox.SQC, 2, z.pci.base), mailbox.FAULT)
    expect((z.reg(0x100088), z.monitor.resets), before)
    expect(d.run(job.sqe())[3], OK)


@everywhere()
def rings_in_registers_reset_nothing(z):
    q = Queue(z, 2, depth=4)
    expect(q.load_sqc(), 0)
    expect(q.load_cqc(base=z.monitor.base + 0x130), 0)
    with z.errors('CQ of queue 2 cannot be written'):
        q.post(Job(z).sqe())
    expect(z.aeq.pop_aeqe(), (UNUSABLE, 2))
    expect(z.queue(3).run(Job(z).sqe())[3], OK)


@test()
def words_of_software_come_back_unchanged(z):
    c, d = z.queue(0, COMPRESS), z.queue(1, DECOMPRESS)
    for q, data in ((c, TEXT[:2000]), (d, pack(ZLIB, TEXT[:2000]))):
        job = Job(z, data, 4000, tag=0xfedcba98, ctx=0x40,
                  words=(1, 2, 3, 4, 5), dw0=0x11, dw1=0x22, dw2=0x33,
                  dw3=0x44, **({'dw27': 0x77} if z.version == 3 else {}))
        slot = q.post(job.sqe())
        expect(q.take(), slot)
        words = q.words(slot)
        sent = [int.from_bytes(job.sqe()[i:i + 4], 'little')
                for i in range(0, 128, 4)]
        for i in set(range(32)) - set(RESULTS):
            expect(words[i], sent[i], f'dw{i}')
        expect((words[2], words[3]), (0, OK))


@test()
def words_of_software_may_change_under_way(z):
    q = z.queue(0, COMPRESS)
    z.monitor.hang(1)
    slot = q.post(Job(z).sqe())
    until(lambda: z.monitor.inflight == 1, 'request in flight')
    z.memory.fill(q.sq + 128 * slot, 128, 0x5a)
    z.monitor.hang(0)
    q.take()
    words = q.words(slot)
    for i in set(range(32)) - set(RESULTS):
        expect(words[i], 0x5a5a5a5a, f'dw{i}')
    expect(words[3], OK)


@test()
def requests_of_different_weight_complete_in_order(z):
    q = z.queue(0, COMPRESS, depth=64)
    heavy, light = Job(z, TEXT), Job(z)
    order = [heavy, light, light, heavy, light, heavy] + [light] * 20
    for job in order:
        q.put(job.sqe())
    q.publish()
    expect([q.take() for _ in order], list(range(len(order))))
    assert all(q.words(i)[3] == OK for i in range(len(order)))


@test()
def directions_do_not_mix(z):
    c, d = z.queue(0, COMPRESS), z.queue(1, DECOMPRESS)
    job = Job(z, pack(ZLIB, b'some data'))
    expect(c.run(job.sqe())[0], len(job.data))
    expect(unpack(ZLIB, job.output()[:c.words(0)[1]]), job.data)
    expect(d.run(job.sqe())[1], len(b'some data'))


@test()
def space_for_the_output_may_be_exact(z):
    c, d = z.queue(0, COMPRESS), z.queue(1, DECOMPRESS)
    data = TEXT[:4000]
    for fmt in formats(z):
        words, packed = run(z, c, data, fmt=fmt)
        words, _ = run(z, c, data, len(packed), fmt)
        expect(words[3], OK)
        words, _ = run(z, c, data, len(packed) - 1, fmt)
        failed(words, NO_SPACE)
        words, _ = run(z, d, packed, len(data), fmt)
        expect(words[3], OK)
        words, _ = run(z, d, packed, len(data) - 1, fmt)
        failed(words, NO_SPACE)
        words, _ = run(z, d, packed, 1, fmt)
        failed(words, NO_SPACE)
