# SPDX-License-Identifier: GPL-2.0-or-later
"""Scatter-gather lists."""
import random

from check import expect
from memory import NOWHERE
from sgl import ALIGN, MOST_ENTRIES, MOST_LENGTH, MOST_LISTS, STALE_LINK, \
    chain, gather, list_bytes, scattered
from sqe import COMPRESS, FAULT, Job, OK, TEXT, ZLIB, unpack
from suite import everywhere, test


def request(z, q, src, size, dst, space, skip=(0, 0)):
    return q.run(Job(z).sqe(src=src, size=size, dst=dst, space=space, sgl=1,
                            skip=skip))


def random_sizes(total, most):
    sizes = []
    while sum(sizes) < total:
        sizes.append(min(random.randint(1, most), total - sum(sizes)))
    return sizes


def simple(z, size=100):
    """A list for the destination that is as it should be."""
    pieces = scattered(z.memory, [size])
    return chain(z.memory, pieces), pieces


@everywhere()
def lists_of_all_shapes_are_walked(z):
    q = z.queue(0, COMPRESS)
    for entries in (1, 2, 3, 10, 255):
        data = TEXT[:random.randint(1000, 20000)]
        src = scattered(z.memory, random_sizes(len(data), 2000), data)
        dst = scattered(z.memory, random_sizes(len(data), 3000))
        words = request(z, q, chain(z.memory, src, entries), len(data),
                        chain(z.memory, dst, entries), len(data))
        expect((words[0], words[3]), (len(data), OK))
        expect(unpack(ZLIB, gather(z.memory, dst)[:words[1]]), data)


@test()
def skipped_bytes_are_not_looked_at(z):
    q = z.queue(0, COMPRESS)
    data = TEXT[:5000]
    for skip in ((0, 0), (1, 0), (0, 1), (7, 600), (500, 3), (1234, 1500)):
        head = b'?' * skip[0]
        src = scattered(z.memory, random_sizes(skip[0] + 5000, 500),
                        head + data)
        dst = scattered(z.memory, random_sizes(skip[1] + 4000, 500))
        words = request(z, q, chain(z.memory, src, 4), 5000,
                        chain(z.memory, dst, 5), 4000, skip)
        expect((words[0], words[3]), (5000, OK))
        output = gather(z.memory, dst)
        expect(output[:skip[1]], bytes(skip[1]))
        expect(unpack(ZLIB, output[skip[1]:][:words[1]]), data)


@test()
def a_list_may_be_longer_than_the_request(z):
    q = z.queue(0, COMPRESS)
    src = scattered(z.memory, [50, 50], TEXT[:100])
    dst = scattered(z.memory, [60, 60])
    words = request(z, q, chain(z.memory, src), 60, chain(z.memory, dst), 80)
    expect((words[0], words[3]), (60, OK))
    expect(unpack(ZLIB, gather(z.memory, dst)[:words[1]]), TEXT[:60])


@test()
def a_link_is_followed_only_while_bytes_are_missing(z):
    q = z.queue(0, COMPRESS)
    dst, _ = simple(z)
    src = scattered(z.memory, [100], TEXT[:100])
    for link in (STALE_LINK, NOWHERE, 0, 1):
        addr = z.memory.put(list_bytes(src, link), ALIGN)
        expect(request(z, q, addr, 100, dst, 100)[3], OK)
    with z.errors('bytes missing'):
        expect(request(z, q, addr, 101, dst, 100)[3], FAULT)


@test()
def a_list_shorter_than_the_request_fails_it(z):
    q = z.queue(0, COMPRESS)
    good, pieces = simple(z, 200)
    short = z.memory.put(list_bytes(pieces, 0), ALIGN)
    for args in ((short, 201, good, 100), (good, 100, short, 201)):
        with z.errors('1 bytes missing'):
            words = request(z, q, *args)
        expect(words[0:4], (0, 0, 0, FAULT))
    for skip in ((101, 0), (0, 101), (1 << 23, 0)):
        with z.errors('bytes missing'):
            expect(request(z, q, short, 100, short, 100, skip)[3], FAULT)


@test()
def lists_are_aligned(z):
    q = z.queue(0, COMPRESS)
    good, pieces = simple(z)
    area = z.memory.put(list_bytes(pieces).ljust(256, b'\0'), ALIGN)
    for offset in (1, 8, 16, 32, 63):
        with z.errors('SGL at'):
            expect(request(z, q, area + offset, 50, good, 100)[3], FAULT)
        with z.errors('SGL at'):
            expect(request(z, q, good, 50, area + offset, 100)[3], FAULT)
        linked = z.memory.put(list_bytes(pieces, area + offset), ALIGN)
        with z.errors('SGL at'):
            expect(request(z, q, linked, 150, good, 100)[3], FAULT)


@test()
def a_list_has_1_to_255_entries(z):
    q = z.queue(0, COMPRESS)
    good, pieces = simple(z)
    for count in (0, 256, 257, 0x8000, 0xffff):
        bad = z.memory.put(list_bytes(pieces, count=count), ALIGN)
        with z.errors(f'SGL with {count} entries'):
            expect(request(z, q, bad, 50, good, 100)[3], FAULT)
    most = scattered(z.memory, [4] * MOST_ENTRIES, TEXT[:4 * MOST_ENTRIES])
    addr = z.memory.put(list_bytes(most), ALIGN)
    words = request(z, q, addr, 4 * MOST_ENTRIES, *roomy(z))
    expect((words[0], words[3]), (4 * MOST_ENTRIES, OK))


def roomy(z):
    addr, _ = simple(z, 5000)
    return addr, 5000


@test()
def a_chain_has_at_most_256_lists(z):
    q = z.queue(0, COMPRESS)
    pieces = scattered(z.memory, [4] * (MOST_LISTS + 1),
                       TEXT[:4 * MOST_LISTS + 4])
    addr = chain(z.memory, pieces, 1)
    words = request(z, q, addr, 4 * MOST_LISTS, *roomy(z))
    expect((words[0], words[3]), (4 * MOST_LISTS, OK))
    with z.errors('chain too long'):
        words = request(z, q, addr, 4 * MOST_LISTS + 1, *roomy(z))
    expect(words[3], FAULT)
    # The same for output, even if it would have been small enough.
    data = z.memory.put(list_bytes(scattered(z.memory, [900], bytes(900))),
                        ALIGN)
    expect(request(z, q, data, 900, addr, 4 * MOST_LISTS)[3], OK)
    with z.errors('chain too long'):
        expect(request(z, q, data, 900, addr, 4 * MOST_LISTS + 1)[3], FAULT)


@test()
def a_chain_that_bites_its_tail_ends(z):
    q = z.queue(0, COMPRESS)
    pieces = scattered(z.memory, [4], b'abcd')
    addr = z.memory.alloc(96, ALIGN)
    z.memory.write(addr, list_bytes(pieces, addr))
    words = request(z, q, addr, 4 * MOST_LISTS, *roomy(z))
    expect((words[0], words[3]), (4 * MOST_LISTS, OK))
    with z.errors('chain too long'):
        expect(request(z, q, addr, 1 << 20, *roomy(z))[3], FAULT)


@test()
def entries_have_an_address_and_a_length(z):
    q = z.queue(0, COMPRESS)
    good, pieces = simple(z)
    addr, _ = pieces[0]
    for entry in ((0, 50), (addr, 0), (addr, MOST_LENGTH + 1),
                  (addr, 0xffffffff), ((1 << 64) - 20, 50)):
        bad = z.memory.put(list_bytes([entry]), ALIGN)
        with z.errors('SGL entry'):
            expect(request(z, q, bad, 50, good, 100)[3], FAULT)
        with z.errors('SGL entry'):
            expect(request(z, q, good, 50, bad, 100)[3], FAULT)


@test()
def entries_behind_the_end_of_the_request_are_not_looked_at(z):
    q = z.queue(0, COMPRESS)
    good, pieces = simple(z)
    addr = z.memory.put(list_bytes(pieces + [(0, 0)]), ALIGN)
    expect(request(z, q, addr, 100, good, 100)[3], OK)


@test()
def lists_and_entries_without_memory_are_faults(z):
    q = z.queue(0, COMPRESS)
    good, pieces = simple(z)
    bad = z.memory.put(list_bytes([(NOWHERE, 100)]), ALIGN)
    linked = z.memory.put(list_bytes(pieces, NOWHERE), ALIGN)
    # The last list begins in memory and ends behind it.
    end = z.memory.end() - 64
    z.memory.write(end, list_bytes([], count=1))
    for args in ((NOWHERE, 50, good, 100), (good, 50, NOWHERE, 100),
                 (bad, 50, good, 100), (good, 50, bad, 100),
                 (linked, 150, good, 100), (end, 50, good, 100)):
        faults = z.monitor.dma_faults
        words = request(z, q, *args)
        expect(words[0:4], (0, 0, 0, FAULT))
        expect(z.monitor.dma_faults, faults + 1)


@test()
def an_entry_holds_up_to_8_mebibytes(z):
    q = z.queue(0, COMPRESS)
    big = z.memory.alloc(MOST_LENGTH)
    addr = z.memory.put(list_bytes([(big, MOST_LENGTH)] * 2), ALIGN)
    dst, pieces = simple(z, 100000)
    words = request(z, q, addr, 2 * MOST_LENGTH, dst, 100000)
    expect((words[0], words[3]), (2 * MOST_LENGTH, OK))
    packed = gather(z.memory, pieces)[:words[1]]
    assert unpack(ZLIB, packed) == bytes(2 * MOST_LENGTH)


@test()
def all_lists_together_hold_256_mebibytes(z):
    q = z.queue(0, COMPRESS)
    good, _ = simple(z)
    for size, space in (((256 << 20) + 1, 100), (100, (256 << 20) + 1)):
        with z.errors('beyond the limit'):
            expect(request(z, q, good, size, good, space)[3], 1)
