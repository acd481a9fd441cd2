# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine with one accelerator and its monitor.

One QEMU serves many tests: each begins with a reset of the whole machine.
"""
from typing import NamedTuple

from accelerator import Accelerator
from iommu import Iommu
from memory import RAM, Memory
from pci import COMMAND, PciFunction, RootPort
from qtest import Qtest
from spaces import Spaces
from check import until

ECAM = 0xb0000000
BAR2, BAR4, MONITOR_BAR = 0xc0000000, 0xc8000000, 0xd0000000
SLOT, MONITOR_SLOT, PORT_SLOT = 4 << 3, 5 << 3, 6 << 3
# What the port forwards.
PORT_BAR2, PORT_BAR4, PORT_END = 1 << 34, 1 << 35, 1 << 39

# Device addresses with an IOMMU are beyond any memory without it.
OFFSET = 1 << 40


class Setup(NamedTuple):
    """A kind of machine."""
    name: str
    version: int = 3
    isolated: bool = True
    properties: str = ''
    engine: str = 'zip'
    iommu: bool = False
    port: bool = False
    # An IOMMU with address spaces of processes.
    spaces: bool = False

    def arguments(self):
        device = f'hisi-{self.engine},id=acc0,version={self.version},' + \
            f'addr={0 if self.port else 4},delay-us=0,' \
            'inline-bytes=16384' + self.properties
        if self.version == 3 and not self.isolated:
            device += ',isolation=off'
        if self.port:
            device += ',bus=port0'
        return ['-M', 'q35', '-m', '256M', *self.more_arguments(),
                '-device', device,
                '-device', 'hisi-acc-monitor,target=acc0,addr=5']


    def more_arguments(self):
        port = ['-device', 'pcie-root-port,id=port0,addr=6,chassis=1']
        return self.iommu_arguments() + (port if self.port else [])

    def iommu_arguments(self):
        if self.spaces:
            return ['-device', 'intel-iommu,x-scalable-mode=on,x-flts=on,'
                    'x-pasid-mode=on,device-iotlb=on,x-svm=on']
        return ['-device', 'intel-iommu'] if self.iommu else []


V3 = Setup('version 3')
SHARED = Setup('version 3, shared doorbells', isolated=False)
IOMMU = Setup('version 3, IOMMU', iommu=True)
PORT = Setup('version 3, behind a port', port=True)
V2 = Setup('version 2', version=2, isolated=False)


class Machine:
    def __init__(self, qemu, setup):
        self.setup = setup
        self.qtest = Qtest(qemu, setup.arguments())
        self.memory = Memory(self.qtest, OFFSET if setup.iommu else 0)
        self.iommu = Iommu(self.qtest) if setup.iommu else None
        self.spaces = Spaces(self.qtest) if setup.spaces else None
        if setup.port:
            self.pci = PciFunction(self.qtest, ECAM, 0, 1)
            self.port = RootPort(self.qtest, ECAM, PORT_SLOT)
            self.bar2, self.bar4 = PORT_BAR2, PORT_BAR4
        else:
            self.pci, self.port = PciFunction(self.qtest, ECAM, SLOT), None
            self.bar2, self.bar4 = BAR2, BAR4
        self.monitor_pci = PciFunction(self.qtest, ECAM, MONITOR_SLOT)

    def close(self):
        self.qtest.close()

    def reset(self):
        """As after power-on, but for memory and counters."""
        self.qtest.command('outb 0xcf9 0x6')
        self.qtest.command('outl 0xcf8 0x80000060')
        self.qtest.command(f'outl 0xcfc {ECAM | 1:#x}')
        if self.port:
            self.port.open(1, PORT_BAR2, PORT_END)
        until(lambda: self.pci.read(COMMAND, 2) == 0, 'end of the reset')
        self.memory.forget()
        if self.iommu:
            self.iommu.start()
            self.iommu.map_large(OFFSET, 0, RAM)
        if self.spaces:
            self.spaces.start()

    def connect(self):
        """Give accelerator and monitor their addresses."""
        self.pci.set_bar(2, self.bar2)
        if self.setup.isolated:
            self.pci.set_bar(4, self.bar4)
        self.pci.enable()
        self.monitor_pci.set_bar(0, MONITOR_BAR)
        self.monitor_pci.enable()

    def accelerator(self):
        """The device as a driver finds it after a reset of the machine."""
        self.reset()
        self.connect()
        z = Accelerator(self, self.pci, self.bar2, self.bar4,
                        MONITOR_BAR)
        z.monitor.begin()
        z.log.begin()
        return z
