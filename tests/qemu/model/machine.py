# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine without a running CPU, driven through QEMU's qtest protocol.

Machine speaks qtest and PCI; Zip brings the accelerator up and handles queues.
Register numbers are written out on purpose: they come from spec.rst, not from
the model's header.
"""
import os
import struct
import subprocess
import tempfile
import time

BAR2, BAR4, MONITOR = 0xc0000000, 0xc8000000, 0xd0000000
MSI_ADDR = 0x1000
IMAGE, DUMP, EQ, AEQ, TABLES = 0x1800, 0x1900, 0x2000, 0x4000, 0x5000
RINGS, SRC, DST, CTX = 0x100000, 0x1000000, 0x2000000, 0x3000000
SQ, CQ, EQ_DB, AEQ_DB = 0, 1, 2, 3
ZIP_SLOT, MONITOR_SLOT = 4, 5


class Machine:
    def __init__(self, qemu, device, log):
        self.dir = tempfile.TemporaryDirectory()
        # The firmware is never run, but has to be there.
        with open(os.path.join(self.dir.name, 'bios-256k.bin'), 'wb') as bios:
            bios.write(bytes(256 * 1024))
        self.proc = subprocess.Popen(
            [qemu, '-L', self.dir.name, '-M', 'q35', '-accel', 'qtest',
             '-m', '256M', '-nodefaults', '-display', 'none',
             '-qtest', 'stdio', '-qtest-log', 'none', '-d', 'guest_errors',
             '-device', f'{device},id=zip0,addr={ZIP_SLOT}', '-device',
             f'hisi-acc-monitor,target=zip0,addr={MONITOR_SLOT}'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)

    def close(self):
        self.proc.kill()
        self.proc.communicate()
        self.dir.cleanup()

    def command(self, text):
        self.proc.stdin.write(text.encode() + b'\n')
        self.proc.stdin.flush()
        while True:
            line = self.proc.stdout.readline().decode().split()
            if not line:
                raise RuntimeError('QEMU has gone: ' + text)
            if line[0] == 'OK':
                return line[1] if len(line) > 1 else ''
            if line[0] in ('FAIL', 'ERR'):
                raise RuntimeError(text)

    def read32(self, addr):
        return int(self.command(f'readl {addr:#x}'), 16)

    def read64(self, addr):
        return int(self.command(f'readq {addr:#x}'), 16)

    def write32(self, addr, val):
        self.command(f'writel {addr:#x} {val:#x}')

    def write64(self, addr, val):
        self.command(f'writeq {addr:#x} {val:#x}')

    def read(self, addr, size):
        if not size:
            return b''
        return bytes.fromhex(self.command(f'read {addr:#x} {size:#x}')[2:])

    def write(self, addr, data):
        for at in range(0, len(data), 1 << 20):
            part = data[at:at + (1 << 20)]
            self.command(f'write {addr + at:#x} {len(part):#x} 0x{part.hex()}')

    def config(self, slot, reg, val=None, size=4):
        self.command(f'outl 0xcf8 {0x80000000 | slot << 11 | reg & ~3:#x}')
        if val is None:
            return int(self.command('inl 0xcfc'), 16)
        op = {4: 'outl', 2: 'outw'}[size]
        return self.command(f'{op} {0xcfc + (reg & 3):#x} {val:#x}')


def until(condition, what, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError('no ' + what)


class Zip(Machine):
    """The accelerator with BARs, MSI, a queue range and event rings."""

    def __init__(self, qemu, log, version=3, queues=8):
        super().__init__(qemu, f'hisi-zip,version={version},delay-us=0', log)
        self.version, self.queues, self.queue = version, queues, {}
        for reg, val in ((0x18, BAR2), (0x1c, 0), (0x20, BAR4), (0x24, 0)):
            self.config(ZIP_SLOT, reg, val)
        self.config(ZIP_SLOT, 4, 6, 2)
        self.config(MONITOR_SLOT, 0x10, MONITOR)
        self.config(MONITOR_SLOT, 4, 2, 2)
        for reg, val in ((0x84, MSI_ADDR), (0x88, 0), (0x8c, 0x40)):
            self.config(ZIP_SLOT, reg, val)
        self.config(ZIP_SLOT, 0x80,
                    self.config(ZIP_SLOT, 0x80) | 2 << 20 | 1 << 16)
        self.start()

    def reg(self, offset, val=None):
        if val is None:
            return self.read32(BAR2 + offset)
        return self.write32(BAR2 + offset, val)

    def monitor(self, offset, val=None):
        if val is None:
            return self.read64(MONITOR + offset)
        return self.write64(MONITOR + offset, val)

    def start(self):
        self.reg(0x100040, 1)
        until(lambda: self.reg(0x100044) & 1, 'memory init')
        self.reg(0x301004, 0x1001f if self.version == 3 else 0x100ff)
        for reg, val in ((0x1000f4, 0x7c77), (0x100004, 0xffff8380),
                         (0x301164, 0x1ffe), (0x3010a4, 0xffffe000)):
            self.reg(reg, val)
        self.range((self.queues - 1) << 45 | 1 << 44, 1 << 28)
        self.write(EQ, bytes(0x6000 - EQ))
        self.mailbox(2, 0, self.image('<HHQIIII4x', 0, 0, EQ, 0, 0, 0,
                                      0x107ff))
        self.mailbox(3, 0, self.image('<HHQIIII4x', 0, 0, AEQ, 0, 0, 0,
                                      0x103ff))
        self.mailbox(4, 0, TABLES)
        self.mailbox(5, 0, TABLES + 32 * self.queues)
        self.event_doorbell(AEQ_DB, 0)
        self.event_doorbell(EQ_DB, 0)
        self.reg(0x0c, 0)
        self.reg(0x04, 0)

    def range(self, sqc, cqc):
        for kind, entry in ((0, sqc), (1, cqc)):
            for reg, val in ((0x58, 0), (0x5c, kind), (0x60, 0),
                             (0x64, entry & 0xffffffff), (0x68, entry >> 32),
                             (0x6c, 0), (0x54, 1)):
                self.reg(0x100000 + reg, val)
            until(lambda: self.reg(0x10006c) & 1, 'range operation')

    def image(self, layout, *fields):
        self.write(IMAGE, struct.pack(layout, *fields))
        return IMAGE

    def mailbox_start(self, cmd, qn, base, read=0):
        self.reg(0x304, base & 0xffffffff)
        self.reg(0x308, base >> 32)
        self.reg(0x30c, 0)
        self.reg(0x300, cmd | 1 << 13 | read << 14 | qn << 16)

    def mailbox_busy(self):
        return self.reg(0x300) & 1 << 13

    def mailbox_status(self, cmd, qn, base, read=0):
        self.mailbox_start(cmd, qn, base, read)
        until(lambda: not self.mailbox_busy(), 'end of mailbox command')
        return self.reg(0x300) >> 9 & 0xf

    def mailbox(self, cmd, qn, base, read=0):
        status = self.mailbox_status(cmd, qn, base, read)
        assert status == 0, f'mailbox {cmd:#x} status {status}'
        return self.reg(0x304) | self.reg(0x308) << 32

    def sqc(self, qn, kind=0, base=None, dw3=0x73ff, rand=0, w9=0, cq=None,
            w13=None):
        base = RINGS + qn * 0x40000 if base is None else base
        return self.image('<HHQIHHHHHHI', 0, 0, base, dw3, rand, w9, 0, 0,
                          qn if cq is None else cq,
                          0x10 | kind << 8 if w13 is None else w13, 0)

    def cqc(self, qn, depth=1024, base=None, rand=0):
        base = RINGS + qn * 0x40000 + 128 * depth if base is None else base
        return self.image('<HHQIHHHHII', 0, 0, base, depth - 1 | 0x4000, rand,
                          0, 0, 0, 3, 0)

    def load(self, qn, kind=0, depth=1024, **sqc):
        base = RINGS + qn * 0x40000
        self.write(base, bytes(depth * 144))
        self.mailbox(0, qn, self.sqc(qn, kind, dw3=depth - 1 | 0x7000, **sqc))
        self.mailbox(1, qn, self.cqc(qn, depth, rand=sqc.get('rand', 0)))
        self.queue[qn] = {'sq': base, 'cq': base + 128 * depth, 'phase': 1,
                          'depth': depth, 'tail': 0, 'head': 0}

    def doorbell(self, qn, cmd, index, prio=0, page=None):
        page = qn if page is None else page
        at = BAR4 + page * 0x10000 + 0x1000 if self.version == 3 \
            else BAR2 + 0x1000
        self.write64(at, qn | cmd << 12 | index << 32 | prio << 48)

    def event_doorbell(self, cmd, index):
        self.write64(BAR2 + 0x2000, cmd << 12 | index << 32)

    def event(self, ring, index):
        return self.read32(ring + 4 * index)

    def sqe(self, fmt, size, space, src=SRC, dst=DST, dw7=0x0a000000, window=0,
            ctx=0, words=(0, 0, 0, 0, 0), sgl=0, skip=(0, 0), tag=0x1234):
        dw = [0] * 32
        dw[4], dw[14] = size, space
        dw[7] = dw7 | (0x30000000 if self.version == 3 else 0) | skip[0]
        dw[8], dw[9] = skip[1], fmt | window << 12 | sgl << 8
        for at, addr in ((18, src), (20, dst), (22, ctx)):
            dw[at], dw[at + 1] = addr & 0xffffffff, addr >> 32
        dw[15], dw[28], dw[29], dw[30], dw[31] = words
        dw[26 if self.version == 3 else 13] = tag
        return struct.pack('<32I', *dw)

    def push(self, qn, sqe):
        q = self.queue[qn]
        self.write(q['sq'] + 128 * q['tail'], sqe)
        q['tail'] = (q['tail'] + 1) % q['depth']
        self.doorbell(qn, SQ, q['tail'])

    def ready(self, qn):
        q = self.queue[qn]
        return self.read(q['cq'] + 16 * q['head'] + 14, 1)[0] & 1 == q['phase']

    def pop(self, qn, prio=0):
        q = self.queue[qn]
        until(lambda: self.ready(qn), f'completion in queue {qn}')
        cqe = self.read(q['cq'] + 16 * q['head'], 16)
        slot, = struct.unpack_from('<H', cqe, 8)
        q['head'] = (q['head'] + 1) % q['depth']
        q['phase'] ^= q['head'] == 0
        self.doorbell(qn, CQ, q['head'], prio)
        return struct.unpack('<32I', self.read(q['sq'] + 128 * slot, 128))

    def request(self, qn, *args, **kwargs):
        self.push(qn, self.sqe(*args, **kwargs))
        return self.pop(qn)

    def settle(self):
        """Time enough for something that must not happen."""
        time.sleep(0.02)
        self.reg(0x300)
