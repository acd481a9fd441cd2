# SPDX-License-Identifier: GPL-2.0-or-later
"""What the model takes for mistakes of the driver.

Each is counted and logged. A test names those it causes, in order, by a part
of the words; any other fails it.
"""
import contextlib
import re

MODEL = re.compile(r'hisi-(?!acc-monitor)[a-z0-9-]+( VF \d+)?: ')
ACCESS = re.compile(r"Invalid (read|write) at .* region 'hisi-acc")


class ErrorLog:
    def __init__(self, qtest, monitor):
        self.qtest, self.monitor = qtest, monitor
        self.lines = []
        self.counted = 0

    def begin(self):
        """What was said before does not matter."""
        self.qtest.new_lines()
        self.lines = []
        self.counted = self.monitor.guest_errors

    def _collect(self):
        self.lines += self.qtest.new_lines()

    def _take(self, pattern):
        """Remove the lines of one kind and return them."""
        self._collect()
        found = [line for line in self.lines if pattern.match(line)]
        self.lines = [line for line in self.lines if not pattern.match(line)]
        return found

    def take_counted(self):
        """Guest errors since the last look; the count must agree."""
        found = self._take(MODEL)
        counted = self.monitor.guest_errors
        fresh, self.counted = counted - self.counted, counted
        assert fresh == len(found), \
            f'{fresh} guest errors counted, logged {found}'
        return found

    @contextlib.contextmanager
    def expecting(self, sync, *parts):
        found = self.take_counted()
        assert not found, f'guest errors before the step: {found}'
        yield
        sync()
        found = self.take_counted()
        agree = len(found) == len(parts) and \
            all(part in line for part, line in zip(parts, found))
        assert agree, f'guest errors {found}, wanted {list(parts)}'

    @contextlib.contextmanager
    def bad_accesses(self, count):
        """Accesses that QEMU refuses before the model sees them."""
        self._take(ACCESS)
        yield
        found = self._take(ACCESS)
        assert len(found) == count, f'{count} bad accesses wanted: {found}'

    def finish(self):
        found = self.take_counted()
        assert not found, f'guest errors that nobody named: {found}'
