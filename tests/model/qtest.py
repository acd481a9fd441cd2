# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU without a running CPU, driven through its qtest protocol."""
import os
import subprocess
import tempfile


class Qtest:
    def __init__(self, qemu, arguments):
        self.folder = tempfile.TemporaryDirectory()
        # The firmware is never run, but has to be there.
        for name, size in (('bios-256k.bin', 256), ('kvmvapic.bin', 1)):
            with open(os.path.join(self.folder.name, name), 'wb') as rom:
                rom.write(bytes(size * 1024))
        self.log_name = os.path.join(self.folder.name, 'log')
        with open(self.log_name, 'wb') as log:
            self.process = subprocess.Popen(
                [qemu, '-L', self.folder.name, '-accel', 'qtest',
                 '-nodefaults', '-display', 'none',
                 '-d', 'guest_errors,invalid_mem',
                 '-qtest', 'stdio', '-qtest-log', 'none', *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.log = open(self.log_name, encoding='utf-8', errors='replace')

    def close(self):
        self.process.kill()
        self.process.communicate()
        self.log.close()
        self.folder.cleanup()

    def new_lines(self):
        """What QEMU has logged since the last call."""
        return self.log.read().splitlines()

    def _send(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def _answer(self, text):
        while True:
            line = self.process.stdout.readline().decode().split()
            if not line:
                raise RuntimeError(f'QEMU has gone at: {text}\n' +
                                   ''.join(self.new_lines()))
            if line[0] == 'OK':
                return line[1] if len(line) > 1 else ''
            if line[0] in ('FAIL', 'ERR'):
                raise RuntimeError(text)

    def command(self, text):
        self._send(text + '\n')
        return self._answer(text)

    def together(self, commands):
        """Have QEMU run all commands before any deferred work of a device.

        It takes up to 1024 bytes at a time and does nothing in between.
        """
        text = ''.join(c + '\n' for c in commands)
        assert len(text) <= 1024, 'too many commands at a time'
        self._send(text)
        return [self._answer(text) for _ in commands]

    def stream(self, commands):
        """Many commands without waiting for the answer to each."""
        for at in range(0, len(commands), 256):
            part = commands[at:at + 256]
            self._send(''.join(c + '\n' for c in part))
            for text in part:
                self._answer(text)

    def load(self, addr, size):
        return int(self.command(f'read{LETTER[size]} {addr:#x}'), 16)

    def store(self, addr, val, size):
        self.command(store(addr, val, size))

    def read(self, addr, size):
        if not size:
            return b''
        return bytes.fromhex(self.command(f'read {addr:#x} {size:#x}')[2:])

    def write(self, addr, data):
        for at in range(0, len(data), 1 << 20):
            part = data[at:at + (1 << 20)]
            self.command(f'write {addr + at:#x} {len(part):#x} 0x{part.hex()}')

    def fill(self, addr, size, byte):
        self.command(f'memset {addr:#x} {size:#x} {byte:#x}')

    def step(self, nanoseconds):
        """The virtual clock stands still but for this."""
        self.command(f'clock_step {nanoseconds}')


LETTER = {1: 'b', 2: 'w', 4: 'l', 8: 'q'}


def store(addr, val, size):
    return f'write{LETTER[size]} {addr:#x} {val:#x}'
