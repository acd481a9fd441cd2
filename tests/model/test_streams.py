# SPDX-License-Identifier: GPL-2.0-or-later
"""Streams: pieces through any queue, the state in guest memory."""
import random

from check import expect
from memory import NOWHERE
from sqe import BAD_CHECK, BAD_DATA, BAD_REQUEST, COMPRESS, DECOMPRESS, END, \
    FAULT, FINISH, GZIP, NEW, OK, RAW, STATEFUL, TEXT, ZLIB, formats, pack, \
    sqe, stream_words, unpack
from suite import everywhere, test

CONTEXT = 0x97c0
DATA = TEXT[:60000]


class Stream:
    """One direction of one stream, with memory of its own."""
    def __init__(self, z, fmt, packed=b'', room=70000):
        self.z, self.fmt = z, fmt
        self.ctx = z.memory.alloc(CONTEXT, 64, fill=0xbb)
        self.src = z.memory.put(packed)
        self.dst = z.memory.alloc(room)
        self.words = (9, 8, 7, 6, 5)
        self.used, self.output, self.began = 0, b'', False

    def run(self, q, size, space, flags=0, **change):
        """One request; returns dw3."""
        flags |= STATEFUL | (0 if self.began else NEW)
        known = {'flags': flags, 'ctx': self.ctx, 'words': self.words}
        done = q.run(sqe(self.z, self.fmt, self.src + self.used, size,
                         self.dst, space, **{**known, **change}))
        self.began = True
        self.words = stream_words(done)
        self.used += done[0]
        self.output += self.z.memory.read(self.dst, done[1])
        return done[3]

    def state(self):
        return self.words[0] & 0xf


def inflate_all(s, queues, total, sizes, spaces):
    status = OK
    while status != END:
        size = min(random.choice(sizes), total - s.used)
        status = s.run(random.choice(queues), size, random.choice(spaces))
        assert status in (OK, END), hex(status)


@everywhere()
def a_stream_resumes_through_any_queue(z):
    queues = [z.queue(qn, DECOMPRESS) for qn in range(3)]
    for fmt in formats(z):
        packed = pack(fmt, DATA)
        for sizes, spaces in (((1, 9, 4000), (17, 300, 40000)),
                              ((50,), (50, 1000)), ((60000,), (60000,))):
            s = Stream(z, fmt, packed + b'more')
            inflate_all(s, queues, len(packed), sizes, spaces)
            expect(s.output, DATA)
            expect(s.used, len(packed))
            expect(s.state(), 0)
            expect(s.words[3], len(DATA))


@test()
def streams_do_not_disturb_each_other(z):
    queues = [z.queue(qn, DECOMPRESS) for qn in range(2)]
    packed = pack(ZLIB, DATA), pack(GZIP, DATA[::-1])
    streams = Stream(z, ZLIB, packed[0]), Stream(z, GZIP, packed[1])
    ended = [False, False]
    while not all(ended):
        i = random.randrange(2)
        if not ended[i]:
            s = streams[i]
            size = min(3000, len(packed[i]) - s.used)
            ended[i] = s.run(random.choice(queues), size, 20000) == END
    expect(streams[0].output, DATA)
    expect(streams[1].output, DATA[::-1])


@test()
def a_new_stream_ignores_context_and_words(z):
    q = z.queue(0, DECOMPRESS)
    packed = pack(ZLIB, DATA[:5000])
    s = Stream(z, ZLIB, packed)
    z.memory.write(s.ctx, random.randbytes(CONTEXT))
    s.words = tuple(random.getrandbits(32) for _ in range(5))
    expect(s.run(q, len(packed), 5000), END)
    expect(s.output, DATA[:5000])


@test()
def an_output_that_is_full_asks_for_more(z):
    q = z.queue(0, DECOMPRESS)
    packed = pack(RAW if z.version == 3 else ZLIB, DATA[:5000])
    fmt = RAW if z.version == 3 else ZLIB
    s = Stream(z, fmt, packed)
    # All input but a trailer is taken, and output is still to come.
    size = len(packed) - (4 if fmt == ZLIB else 0)
    expect(s.run(q, size, 4900), OK)
    expect(len(s.output), 4900)
    if s.used == size:
        expect(s.state(), 1)
    else:
        assert s.state() in (0, 2)
    while len(s.output) < 5000:
        s.run(q, size - s.used, 50)
    expect(s.output, DATA[:5000])


@test()
def a_missing_trailer_is_waited_for(z):
    q = z.queue(0, DECOMPRESS)
    for fmt, trailer in ((ZLIB, 4), (GZIP, 8)):
        packed = pack(fmt, DATA[:5000])
        for cut in range(1, trailer + 1):
            s = Stream(z, fmt, packed)
            expect(s.run(q, len(packed) - cut, 6000), OK)
            expect((s.state(), s.output), (4, DATA[:5000]))
            for _ in range(cut - 1):
                expect(s.run(q, 1, 100), OK)
                expect(s.state(), 4)
            expect(s.run(q, 1, 100), END)
            expect(s.used, len(packed))


@test()
def a_wrong_trailer_is_told(z):
    q = z.queue(0, DECOMPRESS)
    for fmt in (ZLIB, GZIP):
        packed = bytearray(pack(fmt, DATA[:5000]))
        packed[-1] ^= 1
        s = Stream(z, fmt, bytes(packed))
        expect(s.run(q, 100, 6000), OK)
        expect(s.run(q, len(packed) - 100, 6000), BAD_CHECK)


@test()
def a_request_without_room_changes_nothing(z):
    q = z.queue(0, DECOMPRESS)
    s = Stream(z, ZLIB, pack(ZLIB, DATA))
    expect(s.run(q, 500, 1000), OK)
    words, used, output = s.words, s.used, s.output
    before = z.memory.read(s.ctx, CONTEXT)
    other = Stream(z, ZLIB, pack(ZLIB, DATA[::-1]))
    for space in (0, 1, 16):
        expect(other.run(q, 300, 9000), OK)
        expect(s.run(q, 0, space), OK)
        expect((s.words, s.used, s.output), (words, used, output))
        expect(z.memory.read(s.ctx, CONTEXT), before)


@test()
def a_truncated_stream_makes_no_progress(z):
    q = z.queue(0, DECOMPRESS)
    packed = pack(ZLIB, DATA)[:-100]
    s = Stream(z, ZLIB, packed)
    while s.used < len(packed):
        expect(s.run(q, len(packed) - s.used, 70000), OK)
    length = len(s.output)
    for _ in range(3):
        expect(s.run(q, 0, 1000), OK)
        expect(len(s.output), length)


@test()
def corrupt_data_end_a_stream(z):
    q = z.queue(0, DECOMPRESS)
    # A stored block, and one of a type that does not exist.
    s = Stream(z, ZLIB, b'\0\5\0\xfa\xffhello' + b'\7' + bytes(20))
    expect(s.run(q, 7, 1000), OK)
    expect(s.run(q, 10, 1000), BAD_DATA)
    expect(s.output, b'he')


@test()
def a_state_that_was_tampered_with_is_bad_data(z):
    q = z.queue(0, DECOMPRESS)
    for word in (1, 2):
        s = Stream(z, ZLIB, pack(ZLIB, DATA))
        expect(s.run(q, 500, 10000), OK)
        words = list(s.words)
        words[word] ^= 1
        s.words = tuple(words)
        expect(s.run(q, 500, 10000), BAD_DATA)


@test()
def a_trailer_is_not_finished_in_another_format(z):
    """The other one's trailer is shorter than what was seen of this one."""
    q = z.queue(0, DECOMPRESS)
    packed = pack(GZIP, DATA[:5000])
    for seen in (4, 5, 7):
        for other in set(formats(z)) - {GZIP}:
            s = Stream(z, GZIP, packed[:seen - 8] + bytes(70000))
            expect(s.run(q, len(packed) - 8 + seen, 6000), OK)
            expect(s.state(), 4)
            s.fmt = other
            expect(s.run(q, 60000, 100), BAD_DATA)


@test()
def any_context_is_survived(z):
    q = z.queue(0, DECOMPRESS)
    packed = pack(ZLIB, DATA)
    for _ in range(100):
        s = Stream(z, ZLIB, packed)
        s.run(q, 3000, 10000)
        for _ in range(random.randint(1, 20)):
            at = random.choice((random.randrange(0x400),
                                random.randrange(CONTEXT)))
            z.memory.write(s.ctx + at, random.randbytes(1))
        status = s.run(q, 3000, 40000)
        assert status in (OK, END, BAD_DATA, BAD_CHECK), hex(status)
        z.memory.check_guards()
        z.memory.forget()
        z.memory.next = 64 << 20


@test()
def a_context_without_memory_is_a_fault(z):
    q = z.queue(0, DECOMPRESS)
    end = z.memory.end()
    for ctx in (NOWHERE, end - CONTEXT + 1, end - 1):
        s = Stream(z, ZLIB, pack(ZLIB, DATA))
        expect(s.run(q, 500, 10000, ctx=ctx), FAULT)
        s = Stream(z, ZLIB, pack(ZLIB, DATA))
        expect(s.run(q, 500, 10000), OK)
        expect(s.run(q, 500, 10000, ctx=ctx), FAULT)
    s = Stream(z, ZLIB, pack(ZLIB, DATA))
    expect(s.run(q, 500, 10000, ctx=end - CONTEXT), OK)


@test()
def a_stream_without_a_context_is_refused(z):
    q = z.queue(0, DECOMPRESS)
    s = Stream(z, ZLIB, pack(ZLIB, DATA))
    with z.errors('no stream context'):
        expect(s.run(q, 500, 10000, ctx=0), BAD_REQUEST)


@everywhere()
def compressed_pieces_join_to_one_stream(z):
    queues = [z.queue(qn, COMPRESS) for qn in range(2)]
    for fmt in formats(z):
        for most in (4, 400, 40000):
            total = min(len(DATA), 60 * most)
            s = Stream(z, fmt, DATA[:total])
            while s.used < total:
                size = min(4 * random.randint(1, most // 4), total - s.used)
                last = FINISH if s.used + size == total else 0
                status = s.run(random.choice(queues), size,
                               size * 9 // 8 + 200, last)
                expect((status, s.state()), (OK, 0))
            expect(unpack(fmt, s.output), DATA[:total])
            expect(s.words[3], total)


@test()
def software_may_end_a_stream_itself(z):
    q = z.queue(0, COMPRESS)
    s = Stream(z, ZLIB, DATA[:4000])
    for _ in range(4):
        expect(s.run(q, 1000, 2000), OK)
    trailer = s.words[4].to_bytes(4, 'big')
    expect(unpack(ZLIB, s.output + b'\1\0\0\xff\xff' + trailer), DATA[:4000])


@test()
def compression_does_not_touch_the_context(z):
    q = z.queue(0, COMPRESS)
    s = Stream(z, ZLIB, DATA[:4000])
    expect(s.run(q, 2000, 4000), OK)
    expect(s.run(q, 2000, 4000, FINISH), OK)
    expect(z.memory.read(s.ctx, CONTEXT), b'\xbb' * CONTEXT)


@test()
def an_empty_last_piece_ends_a_stream(z):
    q = z.queue(0, COMPRESS)
    for fmt in formats(z):
        s = Stream(z, fmt, DATA[:4000])
        expect(s.run(q, 4000, 6000), OK)
        expect(s.run(q, 0, 200, FINISH), OK)
        expect(unpack(fmt, s.output), DATA[:4000])
