# SPDX-License-Identifier: GPL-2.0-or-later
"""Behind an IOMMU: each address is translated, each fault is noticed."""
import mailbox
from check import expect
from iommu import PAGE, READ, WRITE
from machine import IOMMU, OFFSET
from queues import Queue
from sgl import ALIGN, list_bytes
from sqe import COMPRESS, DECOMPRESS, FAULT, Job, OK, STATEFUL, NEW, TEXT, \
    ZLIB, pack, unpack
from suite import test
from test_stop import fly
from virtual import functions

WINDOW = 1 << 42


def physical(addr):
    return addr - OFFSET


@test(IOMMU)
def rings_contexts_and_data_are_translated(z):
    c, d = z.queue(0, COMPRESS, depth=5), z.queue(1, DECOMPRESS, depth=5)
    assert c.sq > OFFSET
    for _ in range(12):
        job = Job(z, TEXT[:3000])
        words = c.run(job.sqe())
        expect(words[3], OK)
        packed = job.output()[:words[1]]
        expect(unpack(ZLIB, packed), TEXT[:3000])
        job = Job(z, packed, 3000)
        expect(d.run(job.sqe())[3], OK)
        expect(job.output(), TEXT[:3000])
    expect(z.message(), 0)


@test(IOMMU)
def memory_without_translation_is_out_of_reach(z):
    q = z.queue(0)
    job = Job(z)
    # The number of the memory itself means nothing to the IOMMU.
    for change in ({'src': physical(job.src)}, {'dst': physical(job.dst)}):
        faults = z.monitor.dma_faults
        expect(q.run(job.sqe(**change))[3], FAULT)
        expect(z.monitor.dma_faults, faults + 1)
        assert job.untouched()
    expect(z.mailbox.run(mailbox.SQC, 1, physical(z.mailbox.page)),
           mailbox.FAULT)


@test(IOMMU)
def rights_of_pages_are_kept(z):
    q = z.queue(0)
    job = Job(z)
    page = z.memory.alloc(PAGE, PAGE, fill=0x61)
    for rights, as_source, as_destination in (
            (READ | WRITE, OK, OK), (READ, OK, FAULT), (WRITE, FAULT, OK),
            (0, FAULT, FAULT)):
        z.machine.iommu.map(WINDOW, physical(page), rights)
        expect(q.run(job.sqe(src=WINDOW))[3], as_source)
        z.memory.fill(page, PAGE, 0x61)
        expect(q.run(job.sqe(dst=WINDOW))[3], as_destination)
        if as_destination == FAULT:
            expect(z.memory.read(page, PAGE), b'\x61' * PAGE)


@test(IOMMU)
def pages_need_not_lie_side_by_side(z):
    c, d = z.queue(0, COMPRESS), z.queue(1, DECOMPRESS)
    data = TEXT[:3 * PAGE]
    pages = [z.memory.alloc(PAGE, PAGE) for _ in range(6)]
    for i, page in enumerate(pages[::-1]):
        z.machine.iommu.map(WINDOW + i * PAGE, physical(page))
    for i in range(3):
        z.memory.write(pages[5 - i], data[i * PAGE:(i + 1) * PAGE])
    job = Job(z, bytes(4), space=3 * PAGE)
    words = c.run(job.sqe(src=WINDOW, size=len(data)))
    expect(words[3], OK)
    packed = job.output()[:words[1]]
    expect(unpack(ZLIB, packed), data)
    job = Job(z, packed)
    words = d.run(job.sqe(dst=WINDOW + 3 * PAGE, space=3 * PAGE))
    expect((words[1], words[3]), (len(data), OK))
    expect(b''.join(z.memory.read(page, PAGE) for page in pages[2::-1]), data)


@test(IOMMU)
def a_fault_in_the_middle_of_a_buffer_fails_the_request(z):
    q = z.queue(0)
    page = z.memory.alloc(PAGE, PAGE, fill=0x61)
    z.machine.iommu.map(WINDOW, physical(page))
    job = Job(z)
    for change in ({'src': WINDOW, 'size': PAGE + 1},
                   {'src': WINDOW - 1, 'size': 100}):
        expect(q.run(job.sqe(**change))[3], FAULT)
    expect(q.run(job.sqe(src=WINDOW, size=PAGE))[3], OK)
    noise = Job(z, bytes(range(256)) * 20)
    expect(q.run(noise.sqe(dst=WINDOW + PAGE - 10, space=5000))[3], FAULT)


@test(IOMMU)
def lists_and_stream_contexts_are_translated(z):
    c, d = z.queue(0, COMPRESS), z.queue(1, DECOMPRESS)
    job = Job(z)
    page = z.memory.alloc(PAGE, PAGE)
    z.memory.write(page, list_bytes([(job.src, 20)]))
    dst = z.memory.put(list_bytes([(job.dst, 100)]), ALIGN)
    z.machine.iommu.map(WINDOW, physical(page))
    expect(c.run(job.sqe(src=WINDOW, dst=dst, sgl=1, size=20,
                         space=100))[3], OK)
    z.machine.iommu.map(WINDOW, 0, 0)
    expect(c.run(job.sqe(src=WINDOW, dst=dst, sgl=1, size=20,
                         space=100))[3], FAULT)
    job = Job(z, pack(ZLIB, TEXT[:900]), 1000)
    expect(d.run(job.sqe(flags=STATEFUL | NEW, ctx=WINDOW))[3], FAULT)


@test(IOMMU)
def what_was_unmapped_in_the_meantime_is_not_written(z):
    q = z.queue(0)
    page = z.memory.alloc(PAGE, PAGE, fill=0x61)
    z.machine.iommu.map(WINDOW, physical(page))
    job = Job(z)
    z.monitor.hang(1)
    q.post(job.sqe(dst=WINDOW))
    z.sync()
    expect(z.monitor.inflight, 1)
    z.machine.iommu.map(WINDOW, 0, 0)
    z.monitor.hang(0)
    expect(q.pop()[3], FAULT)
    expect(z.memory.read(page, PAGE), b'\x61' * PAGE)


@test(IOMMU)
def rings_that_were_unmapped_stop_their_queue(z):
    page = z.memory.alloc(PAGE, PAGE)
    z.machine.iommu.map(WINDOW, physical(page))
    q = Queue(z, 3, depth=8)
    expect(q.load_sqc(), 0)
    expect(q.load_cqc(base=WINDOW), 0)
    q.post(Job(z).sqe())
    z.settle(1)
    z.machine.iommu.map(WINDOW, 0, 0)
    with z.errors('CQ of queue 3 cannot be written'):
        q.post(Job(z).sqe())
    expect(z.aeq.pop_aeqe(), (2, 3))


@test(IOMMU)
def a_reset_with_requests_in_flight_leaves_memory_alone(z):
    q = z.queue(0, depth=16)
    jobs = fly(z, q, 8)
    rings = q.rings()
    z.flr()
    z.monitor.hang(0)
    z.sync()
    expect(q.rings(), rings)
    assert all(job.untouched() for job in jobs)
    z.start_again()
    expect(z.queue(0).run(Job(z).sqe())[3], OK)


@test(IOMMU)
def each_function_has_addresses_of_its_own(z):
    one, two = functions(z, 2)
    queues = [z.queue(0, depth=8), Queue(one, 0, depth=8),
              Queue(two, 0, depth=8)]
    for q in queues[1:]:
        q.load()
    for q in queues:
        expect(q.run(Job(z).sqe())[3], OK)
    z.machine.iommu.forbid(one.pci.devfn)
    expect(queues[1].load_sqc(), mailbox.FAULT)
    for q in (queues[0], queues[2]):
        expect(q.run(Job(z).sqe())[3], OK)
    with z.errors('SQ of queue 0 cannot be read', 'AEQ ring cannot'):
        queues[1].sq_doorbell(2)
    z.machine.iommu.forbid(z.pci.devfn)
    expect(queues[2].run(Job(z).sqe())[3], OK)
    expect(z.mailbox.run(mailbox.SQC, 0, z.mailbox.page), mailbox.FAULT)
