# SPDX-License-Identifier: GPL-2.0-or-later
"""Queues that work on the address space of a process."""
from check import expect
from machine import Setup
from queues import Queue
from sqe import Job
from spaces import PAGE, WINDOW

EXT_ATS, EXT_PRI, EXT_PASID = 0x0f, 0x13, 0x1b
PASID_CONTROL, ATS_CONTROL = 6, 6
PRI_CONTROL, PRI_STATUS, PRI_MOST, PRI_GRANTED = 4, 6, 8, 12
REFUSED, UNEXPECTED, STOPPED, WANTS_PASID = 1, 2, 0x100, 0x8000
ATS_ENABLE = 0x8000
USES_PASID, CQ_USES_PASID = 1 << 7, 1

# As in hardware, but that page requests stand in for stalled accesses.
PAGED = Setup('version 3, page requests', spaces=True,
              properties=',ats=on,pri=on')
PAGED_V2 = Setup('version 2, page requests', version=2, isolated=False,
                 spaces=True, properties=',ats=on,pri=on')
PINNED = Setup('version 3, PASID alone', spaces=True)
PINNED_V2 = Setup('version 2, PASID alone', version=2, isolated=False,
                  spaces=True)

PASID = 5
# Buffers begin so far inside a page.
ODD = 77
SSV = {'list': 0x30111c, 'read': 0x301128, 'write': 0x301134}
USER = 0x40001070


def switch_on(z, requests=32, paged=True, pasid=True):
    """As the driver of an IOMMU does."""
    if pasid:
        z.pci.write(z.pci.extended(EXT_PASID) + PASID_CONTROL, 1, 2)
    if paged:
        pri = z.pci.extended(EXT_PRI)
        z.pci.write(pri + PRI_GRANTED, requests)
        z.pci.write(pri + PRI_CONTROL, 1, 2)
        z.pci.write(z.pci.extended(EXT_ATS) + ATS_CONTROL, ATS_ENABLE, 2)


def set_ssv(z, *kinds):
    """Version 2: which accesses carry a PASID."""
    for kind, reg in SSV.items():
        z.set(reg, USER | (kind in kinds))


def process(z, pasid=PASID, **more):
    """Bind an address space and let the device use it."""
    switch_on(z, paged=',pri=on' in z.machine.setup.properties, **more)
    z.machine.spaces.bind(pasid)
    if z.version == 2:
        set_ssv(z, *SSV)
    return z.machine.spaces


class ProcessQueue(Queue):
    def __init__(self, function, qn, kind=0, depth=16, pasid=PASID):
        super().__init__(function, qn, kind, depth)
        self.pasid = pasid
        self.load()

    def load_sqc(self, **fields):
        w11 = USES_PASID if self.function.version == 3 else 0
        return super().load_sqc(**{'pasid': self.pasid, 'w11': w11, **fields})

    def load_cqc(self, **fields):
        w11 = CQ_USES_PASID if self.function.version == 3 else 0
        return super().load_cqc(**{'pasid': self.pasid, 'w11': w11, **fields})


class ProcessJob(Job):
    """A request with the addresses that the process has for its buffers.

    The buffers share no page with each other nor with those of other requests.
    """
    def __init__(self, z, *args, pasid=PASID, **more):
        super().__init__(z, *args, **more)
        self.spaces, self.pasid = z.machine.spaces, pasid
        self.src = z.memory.alloc(ODD + len(self.data), PAGE) + ODD
        self.dst = z.memory.alloc(ODD + self.space, PAGE, fill=0xcc) + ODD
        z.memory.alloc(0, PAGE)
        z.memory.write(self.src, self.data)

    def show_source(self, **more):
        self.spaces.show(self.pasid, self.src, len(self.data), **more)

    def show_output(self, **more):
        self.spaces.show(self.pasid, self.dst, self.space, **more)

    def show(self):
        self.show_source()
        self.show_output()
        return self

    def sqe(self, **more):
        return super().sqe(**{'src': WINDOW + self.src,
                              'dst': WINDOW + self.dst, **more})


def serve(z, job=None, code=0):
    """Answer what is asked for, with the pages there if job is given."""
    spaces = z.machine.spaces
    z.sync()
    found = spaces.take()
    for request in found:
        if job:
            spaces.map(request.pasid, request.addr, request.addr - WINDOW)
        if request.last:
            spaces.respond(request, code)
    z.sync()
    return found


def serve_all(z, q, job):
    """Until the request is done; all that was asked for."""
    found = []
    for _ in range(1000):
        if q.ready():
            return found
        found += serve(z, job)
    raise AssertionError('page requests without end')


def nothing_asked(z):
    z.sync()
    expect(z.machine.spaces.take(), [])
