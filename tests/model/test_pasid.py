# SPDX-License-Identifier: GPL-2.0-or-later
"""Process address spaces: which accesses carry a PASID, and what they reach."""
from check import expect
from contexts import SQC
import mailbox
from pasids import EXT_ATS, EXT_PASID, EXT_PRI, PAGED, PAGED_V2, PASID, \
    ODD, PASID_CONTROL, PINNED, PINNED_V2, ProcessJob, ProcessQueue, SSV, \
    USES_PASID, process, set_ssv, switch_on
from queues import Queue
from machine import V2, V3
from sgl import ALIGN, list_bytes
from spaces import DIRTY, ACCESSED, PAGE, WINDOW
from sqe import COMPRESS, DECOMPRESS, END, FAULT, Job, NEW, OK, STATEFUL, \
    TEXT, ZLIB, pack, stream_words, unpack
from suite import test
from test_errors import DESTINATION_ADDRESS, ENGINE, SOURCE_ADDRESS, allow

EVERY = (PAGED, PAGED_V2, PINNED, PINNED_V2)


@test(V3, V2)
def the_function_has_the_pasid_capability_alone(z):
    at = z.pci.extended(EXT_PASID)
    expect(z.pci.read(at + 4, 2), 16 << 8)
    expect(z.pci.read(at + PASID_CONTROL, 2), 0)
    expect((z.pci.extended(EXT_ATS), z.pci.extended(EXT_PRI)), (None, None))


@test(*EVERY)
def data_of_a_process_are_reached_through_its_tables(z):
    process(z)
    c, d = ProcessQueue(z, 0, COMPRESS), ProcessQueue(z, 1, DECOMPRESS)
    for _ in range(20):
        job = ProcessJob(z, TEXT[:9000]).show()
        words = c.run(job.sqe())
        expect(words[3], OK)
        packed = job.output()[:words[1]]
        expect(unpack(ZLIB, packed), TEXT[:9000])
        job = ProcessJob(z, packed, 9000).show()
        expect(d.run(job.sqe())[3], OK)
        expect(job.output(), TEXT[:9000])
    expect(z.monitor.dma_faults, 0)
    assert not z.machine.spaces.faults()


@test(*EVERY)
def pages_of_a_process_need_not_lie_side_by_side(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    data = TEXT[:5 * PAGE]
    pages = [z.memory.alloc(PAGE, PAGE) for _ in range(10)]
    for i, page in enumerate(pages[::-1]):
        spaces.map(PASID, WINDOW + i * PAGE, page)
    for i in range(5):
        z.memory.write(pages[9 - i], data[i * PAGE:(i + 1) * PAGE])
    job = ProcessJob(z, data)
    words = q.run(job.sqe(src=WINDOW, dst=WINDOW + 5 * PAGE + 7,
                          space=5 * PAGE - 7))
    expect(words[3], OK)
    out = b''.join(z.memory.read(page, PAGE) for page in pages[4::-1])
    expect(unpack(ZLIB, out[7:7 + words[1]]), data)


@test(PAGED, PINNED)
def queues_with_and_without_pasid_work_side_by_side(z):
    spaces = process(z)
    spaces.bind(6)
    a, b = ProcessQueue(z, 0), ProcessQueue(z, 1, pasid=6)
    plain = z.queue(2)
    for _ in range(5):
        jobs = [ProcessJob(z, TEXT[:300]).show(),
                ProcessJob(z, TEXT[300:900], pasid=6).show(),
                Job(z, TEXT[900:1000])]
        for q, job in zip((a, b, plain), jobs):
            q.post(job.sqe())
        for q, job in zip((a, b, plain), jobs):
            words = q.pop()
            expect(words[3], OK)
            expect(unpack(ZLIB, job.output()[:words[1]]), job.data)


@test(PINNED)
def an_address_belongs_to_one_process(z):
    process(z).bind(6)
    job = ProcessJob(z).show()
    expect(ProcessQueue(z, 1, pasid=6).run(job.sqe())[3], FAULT)
    expect(ProcessQueue(z, 0).run(job.sqe())[3], OK)


@test(*EVERY)
def a_process_does_not_reach_physical_memory(z):
    process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z).show()
    if z.machine.setup in (PAGED, PAGED_V2):
        z.pci.write(z.pci.extended(EXT_PRI) + 4, 0, 2)
    for change in ({'src': job.src}, {'dst': job.dst}):
        expect(q.run(job.sqe(**change))[3], FAULT)
        assert job.untouched()


@test(PAGED, PINNED)
def a_queue_without_pasid_does_not_reach_a_process(z):
    process(z)
    q = z.queue(0)
    job = ProcessJob(z).show()
    expect(q.run(job.sqe())[3], FAULT)


@test(*EVERY)
def lists_and_stream_contexts_belong_to_the_process(z):
    spaces = process(z)
    c, d = ProcessQueue(z, 0, COMPRESS), ProcessQueue(z, 1, DECOMPRESS)
    job = ProcessJob(z, TEXT[:5000]).show()
    src = z.memory.put(list_bytes([(WINDOW + job.src, 5000)]), ALIGN)
    dst = z.memory.put(list_bytes([(WINDOW + job.dst, job.space)]), ALIGN)
    lists = [spaces.show(PASID, at, 96) for at in (src, dst)]
    words = c.run(job.sqe(src=lists[0], dst=lists[1], sgl=1))
    expect(words[3], OK)
    packed = job.output()[:words[1]]
    ctx = z.memory.alloc(0x97c0)
    spaces.show(PASID, ctx, 0x97c0)
    plain, words, flags = b'', (0,) * 5, STATEFUL | NEW
    status = OK
    for at in range(0, len(packed), 500):
        job = ProcessJob(z, packed[at:at + 500], 8000).show()
        out = d.run(job.sqe(flags=flags, ctx=WINDOW + ctx, words=words))
        status, words, flags = out[3], stream_words(out), STATEFUL
        expect(out[0], len(job.data))
        plain += job.output()[:out[1]]
    expect((status, plain), (END, TEXT[:5000]))


@test(PINNED, PAGED)
def contexts_may_use_pasid_only_while_the_function_does(z):
    q = Queue(z, 0, depth=16)
    with z.errors('PASID enabled, but not in the PCI capability'):
        expect(q.load_sqc(w11=USES_PASID, pasid=PASID), mailbox.BAD_IMAGE)
    expect(q.load_sqc(), 0)
    with z.errors('PASID enabled, but not in the PCI capability'):
        expect(q.load_cqc(w11=1, pasid=PASID), mailbox.BAD_IMAGE)
    process(z)
    q = ProcessQueue(z, 0)
    context = SQC.unpack(z.mailbox.dump(mailbox.SQC, 0))
    expect((context['pasid'], context['w11']), (PASID, USES_PASID))
    z.pci.write(z.pci.extended(EXT_PASID) + PASID_CONTROL, 0, 2)
    expect(q.run(ProcessJob(z).show().sqe())[3], FAULT)


@test(PINNED, PINNED_V2, PAGED, PAGED_V2)
def pasid_0_stands_for_none(z):
    process(z)
    q = ProcessQueue(z, 0, pasid=0)
    job = Job(z)
    with z.errors('has no PASID but is to use it'):
        expect(q.run(job.sqe())[3], FAULT)
    assert job.untouched()


@test(PINNED, PAGED)
def pasids_without_an_address_space_fail(z):
    process(z)
    for pasid in (4, 6, 255, 256, 0x1005, 0xffff):
        q = ProcessQueue(z, 0, pasid=pasid)
        job = ProcessJob(z).show()
        expect(q.run(job.sqe())[3], FAULT)
        assert job.untouched()
    expect(ProcessQueue(z, 0).run(ProcessJob(z).show().sqe())[3], OK)


@test(PINNED_V2)
def version_2_decides_for_the_whole_engine(z):
    process(z)
    q = ProcessQueue(z, 0)
    physical, of_process = Job(z, TEXT[:50]), ProcessJob(z, TEXT[:50]).show()
    for kinds, good in (((), physical), (tuple(SSV), of_process)):
        set_ssv(z, *kinds)
        for job in (physical, of_process):
            expect(q.run(job.sqe())[3], OK if job is good else FAULT)
    mixed = ProcessJob(z, TEXT[:50]).show()
    set_ssv(z, 'read')
    expect(q.run(mixed.sqe(dst=mixed.dst))[3], OK)
    set_ssv(z, 'write')
    expect(q.run(mixed.sqe(src=mixed.src))[3], OK)
    src, dst = (z.memory.put(list_bytes([(at, 500)]), ALIGN)
                for at in (mixed.src, mixed.dst))
    set_ssv(z, 'list')
    z.machine.spaces.show(PASID, src, 96)
    z.machine.spaces.show(PASID, dst, 96)
    expect(q.run(mixed.sqe(src=WINDOW + src, dst=WINDOW + dst, size=50,
                           space=50 + 100, sgl=1))[3], OK)


@test(PINNED)
def version_3_does_not_look_at_the_engine(z):
    process(z)
    set_ssv(z, *SSV)
    expect(z.queue(0).run(Job(z).sqe())[3], OK)
    set_ssv(z)
    expect(ProcessQueue(z, 1).run(ProcessJob(z).show().sqe())[3], OK)


@test(PINNED, PAGED)
def pages_read_are_accessed_and_pages_written_dirty(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z, TEXT[:100]).show()
    expect(q.run(job.sqe())[3], OK)
    src = spaces.entry(PASID, WINDOW + job.src)
    dst = spaces.entry(PASID, WINDOW + job.dst)
    expect(dst & (ACCESSED | DIRTY), ACCESSED | DIRTY)
    assert src & ACCESSED
    # A page that was read first becomes dirty nevertheless.
    page = z.memory.alloc(PAGE, PAGE, fill=0x61)
    spaces.show(PASID, page, PAGE)
    expect(q.run(job.sqe(src=WINDOW + page))[3], OK)
    expect(spaces.entry(PASID, WINDOW + page) & (ACCESSED | DIRTY), ACCESSED)
    expect(q.run(job.sqe(dst=WINDOW + page))[3], OK)
    expect(spaces.entry(PASID, WINDOW + page) & (ACCESSED | DIRTY),
           ACCESSED | DIRTY)


@test(PINNED, PAGED)
def a_process_that_is_gone_need_not_cause_a_fault_of_the_iommu(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z).show()
    expect(q.run(job.sqe())[3], OK)
    for quiet in (True, False):
        spaces.unbind(PASID, 4 << 3, quiet)
        for address in (job.src, 0xfee00000):
            expect(q.run(job.sqe(src=WINDOW + address))[3], FAULT)
            expect(spaces.faults(), not quiet)


@test(PINNED, PAGED)
def addresses_of_interrupts_belong_to_the_process(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z, TEXT[:300]).show()
    interrupts = 0xfee00000
    spaces.map(PASID, interrupts, job.src)
    words = q.run(job.sqe(src=interrupts + job.src % PAGE))
    expect(words[3], OK)
    expect(unpack(ZLIB, job.output()[:words[1]]), job.data)
    spaces.map(PASID, interrupts + PAGE, job.dst)
    expect(q.run(job.sqe(dst=interrupts + PAGE + job.dst % PAGE))[3], OK)
    assert not spaces.faults()


@test(PINNED, PINNED_V2)
def address_0_is_one_like_any_other(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z).show()
    for change in ({'src': 0}, {'dst': 0}):
        expect(q.run(job.sqe(**change))[3], FAULT)
    spaces.map(PASID, 0, job.src)
    expect(q.run(job.sqe(src=0, size=ODD))[3], OK)


@test(PINNED)
def without_page_requests_a_missing_page_is_a_fault(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    for hidden in ('src', 'dst'):
        job = ProcessJob(z).show()
        spaces.unmap(PASID, WINDOW + getattr(job, hidden))
        faults = z.monitor.dma_faults
        expect(q.run(job.sqe())[3], FAULT)
        expect(z.monitor.dma_faults, faults + 1)
        assert job.untouched() and spaces.faults()
    expect(z.monitor.page_requests, 0)
    assert z.monitor.untranslated


@test(PINNED)
def a_page_that_may_be_read_only_is_not_written(z):
    process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z)
    job.show_source(write=False)
    job.show_output(write=False)
    expect(q.run(job.sqe())[3], FAULT)
    assert job.untouched()
    job.show_output()
    expect(q.run(job.sqe())[3], OK)


@test(PINNED._replace(name='version 3, PASID, faults are errors',
                      properties=',ras-on-dma-fault=on'))
def faults_with_pasid_are_errors_that_need_no_reset(z):
    process(z)
    allow(z, ENGINE)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z)
    expect(q.run(job.sqe())[3], FAULT)
    expect(z.reg(ENGINE.source), 1 << 12)
    z.set(ENGINE.source, 1 << 12)
    assert not z.reg(ENGINE.source) & (SOURCE_ADDRESS | DESTINATION_ADDRESS)


@test(PINNED, PAGED)
def an_flr_switches_everything_off(z):
    process(z)
    q = ProcessQueue(z, 0)
    expect(q.run(ProcessJob(z).show().sqe())[3], OK)
    z.flr()
    expect(z.pci.read(z.pci.extended(EXT_PASID) + PASID_CONTROL, 2), 0)
    if z.machine.setup is PAGED:
        expect(z.pci.read(z.pci.extended(EXT_ATS) + 6, 2), 0)
        pri = z.pci.extended(EXT_PRI)
        expect((z.pci.read(pri + 4), z.pci.read(pri + 12)), (0x8100 << 16, 0))
    z.start_again()
    switch_on(z, paged=z.machine.setup is PAGED)
    expect(ProcessQueue(z, 0).run(ProcessJob(z).show().sqe())[3], OK)
