# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests, the machines they want, and the report."""
import os
import random
import signal
import time
import traceback

from machine import SHARED, V2, V3, Machine

# A test that takes longer is stuck.
TIMEOUT_S = 60

TESTS = []


class Test:
    def __init__(self, function, setups, up):
        self.function, self.setups, self.up = function, setups, up
        topic = function.__module__.removeprefix('test_')
        self.name = f'{topic}: {function.__name__.replace("_", " ")}'

    def run(self, machine, seed):
        random.seed(f'{seed} {self.name}')
        z = machine.accelerator()
        if self.up:
            z.start()
        self.function(z)
        machine.connect()
        z.sync()
        z.log.finish()
        z.memory.check_guards()


def test(*setups, up=True):
    """Run the function with these setups, on a device that is up or not."""
    def add(function):
        TESTS.append(Test(function, setups or (V3, V2), up))
        return function
    return add


def everywhere(**more):
    return test(V3, SHARED, V2, **more)


def reason(error):
    """Where in a test it happened, and what."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f'{os.path.basename(f.filename)}:{f.lineno}' for f in frames
              if os.path.basename(f.filename).startswith('test_')]
    return f'{" ".join(places)} {type(error).__name__}: {error}'


def stuck(*_):
    raise AssertionError(f'still not done after {TIMEOUT_S} s')


class Runner:
    def __init__(self, given):
        self.qemu, self.times, self.seed = given.qemu, given.times, given.seed
        self.enough = given.failures
        self.passed = self.failed = 0
        self.machine = None
        signal.signal(signal.SIGALRM, stuck)

    def run(self, tests):
        """Grouped by setup, since each needs a QEMU of its own."""
        setups = list(dict.fromkeys(s for t in tests for s in t.setups))
        for setup in setups:
            for one in tests:
                if setup in one.setups and self.failed < self.enough:
                    self._run(one, setup)
            self._drop_machine()
        if self.failed >= self.enough:
            print('The other tests were not run.')

    def _run(self, one, setup):
        name, began = f'{one.name} ({setup.name})', time.monotonic()
        signal.alarm(TIMEOUT_S)
        try:
            self.machine = self.machine or Machine(self.qemu, setup)
            one.run(self.machine, self.seed)
            self.passed += 1
            took = f' {time.monotonic() - began:.2f} s' if self.times else ''
            print(f'ok {name}{took}', flush=True)
        except Exception as error:
            self.failed += 1
            print(f'not ok {name}: {reason(error)}', flush=True)
            # What the device is up to now is nothing to begin a test with.
            self._drop_machine()
        finally:
            signal.alarm(0)

    def _drop_machine(self):
        if self.machine:
            self.machine.close()
            self.machine = None
