# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests say about values."""
import time


def until(condition, what, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError('no ' + what)


def text(value):
    if isinstance(value, int):
        return f'{value:#x}'
    if isinstance(value, bytes):
        return value.hex()
    return repr(value)


def expect(found, wanted, what=''):
    assert found == wanted, \
        f'{what or "value"}: found {text(found)}, wanted {text(wanted)}'
