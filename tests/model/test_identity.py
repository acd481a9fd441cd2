# SPDX-License-Identifier: GPL-2.0-or-later
"""What the PCI function shows of itself; properties of the model."""
import subprocess

from check import expect
from machine import BAR2, BAR4, Setup
from pci import BAR0, CAP_EXPRESS, CAP_MSI, EXT_SRIOV
from queues import Queue
from sqe import Job
from suite import everywhere, test, V3

FEW_QUEUES = Setup('version 3, 5 queues', properties=',queues=5')
NO_VFS = Setup('version 3, no VFs', properties=',vfs=0')
KIBI = 1 << 10
HIGH = 1 << 38


@everywhere(up=False)
def ids_class_and_revision(z):
    expect(z.pci.read(0), 0xa25019e5)
    revision = 0x30 if z.version == 3 else 0x21
    expect(z.pci.read(8), 0x12000000 | revision)


@everywhere(up=False)
def bars_are_wide_and_prefetchable(z):
    expect(z.pci.bar_size(2), 4096 * KIBI)
    expect(z.pci.read(BAR0 + 8) & 0xf, 0xc)
    expect(z.pci.bar_size(4), 1024 * 64 * KIBI if z.isolated else 0)
    expect(z.pci.read(BAR0 + 16) & 0xf, 0xc if z.isolated else 0)
    for n in (0, 1):
        z.pci.write(BAR0 + 4 * n, 0xffffffff)
        expect(z.pci.read(BAR0 + 4 * n), 0)


@everywhere(up=False)
def msi_has_4_messages_and_a_mask(z):
    control = z.pci.read(z.pci.capability(CAP_MSI) + 2, 2)
    expect(control & 0x18e, 2 << 1 | 1 << 7 | 1 << 8)


@everywhere(up=False)
def function_level_reset_is_announced(z):
    at = z.pci.capability(CAP_EXPRESS)
    expect(z.pci.read(at + 4) >> 28 & 1, 1)


@test()
def bars_may_lie_high(z):
    z.pci.set_bar(2, HIGH)
    z.pci.set_bar(4, 2 * HIGH)
    z.bar2, z.bar4 = HIGH, 2 * HIGH
    expect(z.queue(0).run(Job(z).sqe())[3], 0)
    z.bar2, z.bar4 = BAR2, BAR4


@test()
def nothing_answers_with_memory_off(z):
    z.pci.enable(0)
    assert z.reg(0x1000d8) != 0x19e5
    z.pci.enable()
    expect(z.reg(0x1000d8), 0x19e5)


@test(FEW_QUEUES, up=False)
def the_number_of_queues_is_a_property(z):
    z.start(queues=5)
    expect(z.reg(0x100158), 5 | 5 << 11)
    expect(z.queue(4).run(Job(z).sqe())[3], 0)


@test(FEW_QUEUES, up=False)
def the_doorbell_bar_has_a_power_of_two_pages(z):
    expect(z.pci.bar_size(4), 8 * 64 * KIBI)


@test(FEW_QUEUES, up=False)
def pages_behind_the_last_queue_are_refused(z):
    z.start(queues=5)
    for page in (5, 6, 7):
        with z.errors('outside the range'):
            z.doorbell(0, page, 0)


@test(FEW_QUEUES, up=False)
def a_range_beyond_the_queues_gives_none(z):
    z.init_memory()
    with z.errors('exceeds 5 queues'):
        z.set_range(3, 3)
    z.load_eq()
    with z.errors('outside the range'):
        expect(Queue(z, 0).load_sqc(), 2)


def refusal(z, *devices):
    """What QEMU says when it cannot start with these devices."""
    arguments = [z.qtest.process.args[0], '-M', 'q35', '-accel', 'qtest',
                 '-nodefaults', '-display', 'none', '-qtest', 'null',
                 '-L', z.qtest.folder.name]
    for device in devices:
        arguments += ['-device', device]
    ended = subprocess.run(arguments, capture_output=True, text=True,
                           stdin=subprocess.DEVNULL, timeout=30, check=False)
    expect(ended.returncode, 1, 'exit status')
    return ended.stderr


@test(V3, up=False)
def bad_properties_are_refused(z):
    for text, part in (('version=1', 'version must be 2 or 3'),
                       ('version=4', 'version must be 2 or 3'),
                       ('queues=0', 'queues must be 1..1024'),
                       ('queues=1025', 'queues must be 1..1024'),
                       ('cap-version=256', 'cap-version must be 0..255'),
                       ('vfs=8', 'vfs must be 0..7')):
        found = refusal(z, 'hisi-zip,' + text)
        assert part in found, found


@test(NO_VFS, up=False)
def without_vfs_there_is_no_capability_for_them(z):
    expect(z.pci.extended(EXT_SRIOV), None)


@test(V3, up=False)
def a_monitor_needs_an_accelerator(z):
    found = refusal(z, 'hisi-acc-monitor')
    assert 'target= must name an accelerator' in found, found
