# SPDX-License-Identifier: GPL-2.0-or-later
"""The test device beside the accelerator: its counters and injections."""

COUNTERS = ('completed', 'sq_doorbells', 'cq_doorbells', 'interrupts',
            'dma_faults', 'guest_errors', 'inflight', 'eq_doorbells',
            'dropped', 'mailboxes', 'resets', 'mmio_writes', 'mmio_reads')
SPACE_COUNTERS = ('page_requests', 'good_responses', 'bad_responses',
                  'late_responses', 'timeouts', 'outstanding', 'atc_hits',
                  'atc_misses', 'atc_invalidations', 'untranslated')
PLACES = {name: 0x8 + 8 * i for i, name in enumerate(COUNTERS)} | \
    {name: 0x200 + 8 * i for i, name in enumerate(SPACE_COUNTERS)}
# Not counted from the beginning of a test.
LEVELS = ('inflight', 'outstanding')
DELAY, HANG, FORCE, QM_ERROR, ENGINE_ERROR, MAILBOX, AEQE = \
    range(0x100, 0x138, 8)
RESET, FUNCTION, FUNCTION_COUNTERS = 0x138, 0x140, (0x148, 0x150, 0x158)
LOSE = 0x280
STICK = 1 << 31


class Monitor:
    def __init__(self, qtest, base):
        self.qtest = qtest
        self.base = base
        self.begun = {name: 0 for name in PLACES}

    def begin(self):
        """Count from here on."""
        self.quiet()
        for name in PLACES:
            self.begun[name] = 0 if name in LEVELS else \
                self.begun[name] + getattr(self, name)

    def read(self, offset, size=8):
        return self.qtest.load(self.base + offset, size)

    def write(self, offset, val, size=8):
        self.qtest.store(self.base + offset, val, size)

    def __getattr__(self, name):
        if name not in PLACES:
            raise AttributeError(name)
        return self.read(PLACES[name]) - self.begun[name]

    def quiet(self):
        """Take back what an earlier test may have asked for."""
        for offset in (DELAY, HANG, FORCE, MAILBOX, FUNCTION, LOSE):
            self.write(offset, 0)

    def delay_us(self, val):
        self.write(DELAY, val)

    def hang(self, requests):
        self.write(HANG, requests)

    def force(self, requests, status):
        self.write(FORCE, requests | status << 32)

    def fail_mailboxes(self, commands, stick=False):
        self.write(MAILBOX, commands | (STICK if stick else 0))

    def qm_error(self, bits):
        self.write(QM_ERROR, bits)

    def engine_error(self, bits):
        self.write(ENGINE_ERROR, bits)

    def lose_responses(self, count):
        self.write(LOSE, count)

    def aeqe(self, kind, qn):
        self.write(AEQE, kind << 16 | qn)

    def function(self, number):
        """Whose AEQ is meant from now on."""
        self.write(FUNCTION, number)

    def of_function(self, number):
        """Requests in flight, doorbells taken, commands of one function."""
        self.write(FUNCTION, number)
        return [self.read(offset) for offset in FUNCTION_COUNTERS]

    def reset(self):
        """The reset of the platform, which leaves PCI as it is."""
        self.write(RESET, 1)
