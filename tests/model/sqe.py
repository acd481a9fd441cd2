# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests of the ZIP engine, and software that does the same."""
import struct
import zlib

COMPRESS, DECOMPRESS = 0, 1
RAW, ZLIB, GZIP = 1, 2, 3
FINISH, STATEFUL, NEW = 1 << 25, 1 << 26, 1 << 27
HEADER = {RAW: b'', ZLIB: b'\x78\x9c',
          GZIP: b'\x1f\x8b\x08' + bytes(6) + b'\3'}
WINDOW_BITS = {RAW: -15, ZLIB: 15, GZIP: 31}
TEXT = b''.join(b'line %d of %d\n' % (i, i * i) for i in range(9000))

OK, BAD_REQUEST, BAD_DATA, FAULT = 0, 1, 2, 4
NO_SPACE, BAD_CHECK, END = 0x0e, 0x10, 0x113
# dw15, dw28..31: what a stream hands from one request to the next.
STREAM_WORDS = (15, 28, 29, 30, 31)
RESULTS = (0, 1, 2, 3) + STREAM_WORDS


def formats(z):
    return (RAW, ZLIB, GZIP) if z.version == 3 else (ZLIB, GZIP)


def pack(fmt, data, level=6):
    """A member without its header, which is software's."""
    c = zlib.compressobj(level, zlib.DEFLATED, WINDOW_BITS[fmt])
    return (c.compress(data) + c.flush())[len(HEADER[fmt]):]


def unpack(fmt, data):
    return zlib.decompress(HEADER[fmt] + data, WINDOW_BITS[fmt])


def sqe(z, fmt, src, size, dst, space, flags=FINISH | NEW, window=0, ctx=0,
        words=(0, 0, 0, 0, 0), sgl=0, skip=(0, 0), tag=0x1234, **change):
    """An SQE; change sets words by number, as in dw6=1."""
    dw = [0] * 32
    dw[4], dw[14] = size, space
    dw[7] = flags | (0x30000000 if z.version == 3 else 0) | skip[0]
    dw[8], dw[9] = skip[1], fmt | window << 12 | sgl << 8
    for at, addr in ((18, src), (20, dst), (22, ctx)):
        dw[at], dw[at + 1] = addr & 0xffffffff, addr >> 32
    for at, word in zip(STREAM_WORDS, words):
        dw[at] = word
    dw[26 if z.version == 3 else 13] = tag
    for name, word in change.items():
        dw[int(name.removeprefix('dw'))] = word
    return struct.pack('<32I', *dw)


class Job:
    """One request with memory of its own."""
    def __init__(self, z, data=b'some data, some data', space=None, fmt=ZLIB,
                 **more):
        self.z, self.fmt, self.data = z, fmt, data
        self.space = len(data) + 100 if space is None else space
        self.src = z.memory.put(data)
        self.dst = z.memory.alloc(self.space, fill=0xcc)
        self.more = more

    def sqe(self, **more):
        known = {'src': self.src, 'size': len(self.data), 'dst': self.dst,
                 'space': self.space, **self.more, **more}
        return sqe(self.z, self.fmt, **known)

    def output(self):
        return self.z.memory.read(self.dst, self.space)

    def untouched(self):
        return self.output() == b'\xcc' * self.space


def status_of(words):
    return words[3] & 0xff


def stream_words(words):
    return tuple(words[i] for i in STREAM_WORDS)
