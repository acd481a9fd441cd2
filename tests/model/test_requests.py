# SPDX-License-Identifier: GPL-2.0-or-later
"""Fields of an SQE, one bad one at a time."""
import itertools

from check import expect
from sqe import BAD_REQUEST, COMPRESS, DECOMPRESS, FINISH, Job, NEW, RAW, \
    STATEFUL, ZLIB, pack
from suite import test, V2, V3

# Words that have no meaning and have to be zero.
UNUSED = (5, 6, 10, 11, 12, 16, 17, 24, 25)


def jobs(z):
    """A good request for a queue of each direction."""
    return ((z.queue(0, COMPRESS), Job(z)),
            (z.queue(1, DECOMPRESS), Job(z, pack(ZLIB, b'some data'))))


def refused(z, q, job, part, **change):
    with z.errors(part):
        words = q.run(job.sqe(**change))
    expect(words[0:4], (0, 0, 0, BAD_REQUEST), f'results with {change}')
    assert job.untouched()


@test()
def unused_words_have_to_be_zero(z):
    for q, job in jobs(z):
        for word, bit in itertools.product(UNUSED, (0, 7, 31)):
            refused(z, q, job, 'unused word', **{f'dw{word}': 1 << bit})
        expect(q.run(job.sqe())[3], 0)


@test(V3)
def the_tag_of_version_2_has_to_be_zero_on_version_3(z):
    for q, job in jobs(z):
        refused(z, q, job, 'dw13', dw13=1)


@test(V2)
def the_tag_of_version_3_has_to_be_zero_on_version_2(z):
    for q, job in jobs(z):
        for word in ('dw26', 'dw27'):
            refused(z, q, job, 'dw26 or dw27', **{word: 1})


@test()
def reserved_bits_are_refused(z):
    for q, job in jobs(z):
        refused(z, q, job, 'reserved bits', flags=FINISH | NEW | 1 << 24)
        for bit in range(24, 32):
            refused(z, q, job, 'reserved bits', dw8=1 << bit)
        for bit in range(16, 32):
            refused(z, q, job, 'reserved bits', dw9=ZLIB | 1 << bit)


@test()
def the_sqe_type_is_the_version_s(z):
    good = 3 if z.version == 3 else 0
    for q, job in jobs(z):
        for kind in set(range(16)) - {good}:
            refused(z, q, job, 'SQE type', dw7=kind << 28 | FINISH | NEW)


@test()
def formats_that_are_not_offered_are_refused(z):
    offered = (1, 2, 3) if z.version == 3 else (2, 3)
    for q, job in jobs(z):
        for fmt in set(range(256)) - set(offered):
            part = 'raw deflate' if fmt == RAW else 'not offered'
            refused(z, q, job, part, dw9=fmt)


@test(V2)
def version_2_knows_no_windows(z):
    (q, job), _ = jobs(z)
    for code in range(16):
        expect(q.run(job.sqe(window=code))[3], 0)


@test()
def buffers_are_flat_or_a_list(z):
    for q, job in jobs(z):
        for kind in range(2, 16):
            refused(z, q, job, 'buffer type', sgl=kind)


@test()
def flat_buffers_have_nothing_to_skip(z):
    for q, job in jobs(z):
        refused(z, q, job, 'skip', skip=(1, 0))
        refused(z, q, job, 'skip', skip=(0, 1))
        refused(z, q, job, 'skip', skip=(1 << 23, 0))


@test()
def null_addresses_are_refused(z):
    for q, job in jobs(z):
        refused(z, q, job, 'null address', src=0)
        refused(z, q, job, 'null address', dst=0)


@test()
def empty_input_is_refused(z):
    for q, job in jobs(z):
        refused(z, q, job, 'no input', size=0)


@test()
def no_space_is_a_status_of_its_own(z):
    for q, job in jobs(z):
        words = q.run(job.sqe(space=0))
        expect(words[0:4], (0, 0, 0, 0x0e))
        assert job.untouched()


@test()
def finish_and_new_do_not_matter_without_a_stream(z):
    for q, job in jobs(z):
        for flags in (0, FINISH, NEW, FINISH | NEW):
            expect(q.run(job.sqe(flags=flags))[3], 0)


@test()
def streams_need_a_context_to_decompress(z):
    (_, _), (q, job) = jobs(z)
    refused(z, q, job, 'no stream context', flags=STATEFUL | NEW)


@test()
def pieces_of_a_stream_are_multiples_of_4(z):
    (q, _), _ = jobs(z)
    for size in (1, 2, 3, 5, 1001):
        job = Job(z, bytes(size))
        refused(z, q, job, 'multiple of 4', flags=STATEFUL | NEW)
        words = q.run(job.sqe(flags=STATEFUL | NEW | FINISH))
        expect(words[3], 0)


@test()
def a_bad_request_does_not_stop_its_queue(z):
    for q, job in jobs(z):
        for turn in range(20):
            if turn % 3:
                expect(q.run(job.sqe())[3], 0)
                z.memory.fill(job.dst, job.space, 0xcc)
            else:
                refused(z, q, job, 'unused', dw5=1)
