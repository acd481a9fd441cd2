# SPDX-License-Identifier: GPL-2.0-or-later
"""Hardware scatter-gather lists."""
import struct

HEAD, ENTRY, ALIGN = 64, 32, 64
MOST_ENTRIES, MOST_LISTS, MOST_LENGTH = 255, 256, 8 << 20
# What software may leave where hardware does not look.
JUNK, STALE_LINK = b'\xee', 0xdead0001


def list_bytes(segments, link=STALE_LINK, count=None):
    count = len(segments) if count is None else count
    raw = struct.pack('<QHHH', link, 999, count, 77).ljust(HEAD, JUNK)
    for addr, length in segments:
        raw += struct.pack('<QQI12x', addr, 0x5555, length)
    return raw


def chain(memory, segments, entries=MOST_ENTRIES):
    """The address of a chain whose last link leads nowhere."""
    parts = [segments[i:i + entries]
             for i in range(0, len(segments), entries)]
    places = [memory.alloc(HEAD + ENTRY * len(part), ALIGN) for part in parts]
    for part, place, link in zip(parts, places, places[1:] + [STALE_LINK]):
        memory.write(place, list_bytes(part, link))
    return places[0]


def scattered(memory, sizes, data=None):
    """Pieces of memory of these sizes, with data spread over them."""
    segments = [(memory.alloc(size, 1), size) for size in sizes]
    at = 0
    for addr, size in segments if data else ():
        memory.write(addr, data[at:at + size])
        at += size
    return segments


def gather(memory, segments):
    return b''.join(memory.read(addr, size) for addr, size in segments)
