# SPDX-License-Identifier: GPL-2.0-or-later
"""Page requests: what is asked for, and what each answer leads to."""
import mailbox
from check import expect
from mailbox import FLUSH, STOP
from pasids import ATS_ENABLE, EXT_ATS, EXT_PASID, EXT_PRI, PAGED, PAGED_V2, \
    PASID, PASID_CONTROL, PRI_CONTROL, PRI_GRANTED, PRI_MOST, PRI_STATUS, \
    REFUSED, SSV, STOPPED, UNEXPECTED, WANTS_PASID, ProcessJob, \
    ProcessQueue, nothing_asked, process, serve, serve_all, set_ssv, \
    switch_on
from sgl import ALIGN, list_bytes
from spaces import FAILURE, INVALID, OVERFLOW, PAGE, PQ_HEAD, PQ_STATUS, \
    PQ_TAIL, WINDOW
from sqe import FAULT, OK, TEXT, ZLIB, unpack
from suite import test

BOTH = (PAGED, PAGED_V2)
TIMEOUT_NS = 10 * 10 ** 9
QUIET_NS = 10 ** 6


def asked(z, spaces):
    z.sync()
    return spaces.take()


def pri(z, reg, val=None):
    at = z.pci.extended(EXT_PRI) + reg
    if val is None:
        return z.pci.read(at, 4 if reg in (PRI_MOST, PRI_GRANTED) else 2)
    return z.pci.write(at, val, 4 if reg == PRI_GRANTED else 2)


@test(PAGED)
def the_function_has_three_capabilities(z):
    expect(z.pci.read(z.pci.extended(EXT_PASID) + 4, 2), 16 << 8)
    expect(z.pci.read(z.pci.extended(EXT_ATS) + 4, 2), 1 << 5)
    expect((pri(z, PRI_MOST), pri(z, PRI_STATUS)), (32, STOPPED | WANTS_PASID))
    switch_on(z)
    expect(pri(z, PRI_STATUS), WANTS_PASID)
    pri(z, PRI_CONTROL, 0)
    expect(pri(z, PRI_STATUS), STOPPED | WANTS_PASID)


@test(*BOTH)
def a_missing_page_is_asked_for(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z)
    job.show_output()
    q.post(job.sqe())
    request, = asked(z, spaces)
    expect(request, (PASID, WINDOW + job.src & -PAGE, True, False, True,
                     request.group, 4 << 3))
    assert q.idle() and z.monitor.outstanding == 1
    job.show_source()
    spaces.respond(request)
    expect(q.pop()[3], OK)
    expect((z.monitor.page_requests, z.monitor.good_responses,
            z.monitor.outstanding), (1, 1, 0))
    assert not spaces.faults()


@test(*BOTH)
def pages_to_be_written_are_asked_for_as_such(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z)
    job.show_source()
    # There, but not to be written: a process after a fork.
    job.show_output(write=False)
    q.post(job.sqe())
    request, = asked(z, spaces)
    expect((request.addr, request.read, request.write),
           (WINDOW + job.dst & -PAGE, False, True))
    assert job.untouched()
    job.show_output()
    spaces.respond(request)
    words = q.pop()
    expect(words[3], OK)
    expect(unpack(ZLIB, job.output()[:words[1]]), job.data)


@test(*BOTH)
def pages_are_asked_for_in_groups(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z, TEXT[:20 * PAGE])
    job.show_output()
    q.post(job.sqe())
    first = (WINDOW + job.src) & -PAGE
    pages = (job.src + len(job.data) - 1) // PAGE - job.src // PAGE + 1
    for begin in range(0, pages, 8):
        group = serve(z, job)
        count = min(8, pages - begin)
        expect([r.addr for r in group],
               [first + (begin + i) * PAGE for i in range(count)])
        expect([r.last for r in group], [False] * (count - 1) + [True])
        expect({r.group for r in group}, {group[0].group})
    expect(q.pop()[3], OK)
    expect((z.monitor.page_requests, z.monitor.good_responses),
           (pages, (pages + 7) // 8))


@test(*BOTH)
def pages_that_are_there_are_not_asked_for(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z, TEXT[:8 * PAGE]).show()
    begin = WINDOW + job.src & -PAGE
    for i in (1, 2, 5):
        spaces.unmap(PASID, begin + i * PAGE)
    q.post(job.sqe())
    group = serve(z, job)
    expect([r.addr for r in group], [begin + i * PAGE for i in (1, 2, 5)])
    expect(q.pop()[3], OK)


@test(*BOTH)
def groups_have_different_numbers(z):
    spaces = process(z)
    queues = [ProcessQueue(z, qn) for qn in range(4)]
    seen = []
    for _ in range(200):
        jobs = [ProcessJob(z) for _ in queues]
        for q, job in zip(queues, jobs):
            job.show_output()
            q.post(job.sqe())
        found = asked(z, spaces)
        expect(len({r.group for r in found}), 4)
        seen += [r.group for r in found]
        for job in jobs:
            job.show_source()
        # In another order than they were asked for.
        for request in found[::-1]:
            spaces.respond(request)
        for q in queues:
            expect(q.pop()[3], OK)
    expect(sorted(set(seen)), list(range(512)))
    expect(seen[:512], seen[512:] + seen[288:512])


@test(*BOTH)
def a_bad_answer_fails_the_request(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    for missing in ('source', 'output'):
        job = ProcessJob(z).show()
        spaces.unmap(PASID, WINDOW + (job.src if missing == 'source'
                                      else job.dst))
        faults = z.monitor.dma_faults
        q.post(job.sqe())
        expect(len(serve(z, code=INVALID)), 1)
        expect(q.pop()[3], FAULT)
        expect(z.monitor.dma_faults, faults + 1)
        assert job.untouched()
        nothing_asked(z)
    expect(z.monitor.bad_responses, 2)
    expect(q.run(ProcessJob(z).show().sqe())[3], OK)
    assert not spaces.faults()


@test(PAGED)
def total_failure_ends_page_requests_until_it_is_cleared(z):
    process(z)
    q = ProcessQueue(z, 0)
    q.post(ProcessJob(z).sqe())
    serve(z, code=FAILURE)
    expect(q.pop()[3], FAULT)
    assert pri(z, PRI_STATUS) & REFUSED
    expect(q.run(ProcessJob(z).sqe())[3], FAULT)
    nothing_asked(z)
    pri(z, PRI_STATUS, REFUSED)
    assert not pri(z, PRI_STATUS) & REFUSED
    job = ProcessJob(z)
    q.post(job.sqe())
    serve_all(z, q, job)
    expect(q.pop()[3], OK)


@test(*BOTH)
def without_page_requests_a_missing_page_is_a_fault(z):
    process(z)
    q = ProcessQueue(z, 0)
    pri(z, PRI_CONTROL, 0)
    expect(q.run(ProcessJob(z).sqe())[3], FAULT)
    switch_on(z, requests=0)
    expect(q.run(ProcessJob(z).sqe())[3], FAULT)
    nothing_asked(z)
    expect(z.monitor.dma_faults, 2)


@test(*BOTH)
def a_page_that_never_comes_fails_the_request(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z)
    job.show_output()
    q.post(job.sqe())
    count = 0
    while q.idle():
        count += len(serve(z))
    expect((q.pop()[3], count), (FAULT, 64))
    nothing_asked(z)
    expect(spaces.reg(PQ_STATUS, 4), 0)


@test(*BOTH)
def requests_of_a_queue_complete_in_order(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    late, early = ProcessJob(z, TEXT[:500]), ProcessJob(z).show()
    late.show_output()
    slots = [q.post(late.sqe()), q.post(early.sqe())]
    request, = asked(z, spaces)
    assert q.idle() and z.monitor.completed == 0
    late.show_source()
    spaces.respond(request)
    expect([q.take(), q.take()], slots)


@test(*BOTH)
def other_queues_go_on_meanwhile(z):
    spaces = process(z)
    a, b = ProcessQueue(z, 0), ProcessQueue(z, 1)
    a.post(ProcessJob(z).sqe())
    request = asked(z, spaces)[0]
    for _ in range(10):
        expect(b.run(ProcessJob(z).show().sqe())[3], OK)
    assert a.idle()
    spaces.respond(request, INVALID)
    expect(a.pop()[3], FAULT)


@test(*BOTH)
def no_more_is_outstanding_than_was_granted(z):
    spaces = process(z, requests=5)
    queues = [ProcessQueue(z, qn) for qn in range(6)]
    jobs = [ProcessJob(z, TEXT[:6000]) for _ in queues]
    for q, job in zip(queues, jobs):
        q.post(job.sqe())
    for _ in range(100):
        if all(q.ready() for q in queues):
            break
        assert 0 < z.monitor.outstanding <= 5
        serve(z, jobs[0])
    for q, job in zip(queues, jobs):
        words = q.pop()
        expect(words[3], OK)
        expect(unpack(ZLIB, job.output()[:words[1]]), job.data)
    expect((z.monitor.outstanding, spaces.reg(PQ_STATUS, 4)), (0, 0))


@test(*BOTH)
def a_full_queue_of_the_iommu_is_tried_again(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z, TEXT[:6 * PAGE])
    job.show_output()
    # Room for two more.
    spaces.set(PQ_HEAD, (spaces.head + 3) % 128 * 32)
    q.post(job.sqe())
    z.sync()
    expect(spaces.reg(PQ_STATUS, 4) & OVERFLOW, OVERFLOW)
    expect(z.monitor.outstanding, 0)
    z.qtest.step(2 * QUIET_NS)
    expect(z.monitor.page_requests, 2)
    # What an operating system does: empty it and say so.
    expect([r.last for r in spaces.take()], [False, False])
    spaces.set(PQ_STATUS, OVERFLOW, 4)
    z.qtest.step(2 * QUIET_NS)
    for _ in range(3):
        serve(z, job)
    expect(q.pop()[3], OK)


@test(*BOTH)
def an_answer_that_does_not_come_is_not_waited_for_for_ever(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    q.post(ProcessJob(z).sqe())
    request, = asked(z, spaces)
    z.qtest.step(TIMEOUT_NS - 1000)
    z.sync()
    assert q.idle()
    z.qtest.step(2000)
    expect(q.pop()[3], FAULT)
    expect((z.monitor.timeouts, z.monitor.outstanding), (1, 0))
    # It may come later, to no effect.
    spaces.respond(request)
    z.sync()
    expect(z.monitor.late_responses, 1)
    assert pri(z, PRI_STATUS) & UNEXPECTED
    expect(q.run(ProcessJob(z).show().sqe())[3], OK)


@test(PAGED)
def the_monitor_loses_answers(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    z.monitor.lose_responses(1)
    job = ProcessJob(z)
    q.post(job.sqe())
    serve(z, job)
    assert q.idle() and z.monitor.good_responses == 0
    z.qtest.step(TIMEOUT_NS)
    expect(q.pop()[3], FAULT)
    q.post(ProcessJob(z).sqe())
    serve_all(z, q, job)
    expect(q.pop()[3], OK)
    expect(spaces.reg(PQ_STATUS, 4), 0)


@test(PAGED)
def stop_and_flush_wait_for_answers(z):
    spaces = process(z)
    for cmd, code in ((STOP, 0), (FLUSH, 0), (STOP, INVALID)):
        q = ProcessQueue(z, 0)
        jobs = [ProcessJob(z) for _ in range(3)]
        for job in jobs:
            q.post(job.sqe())
        z.mailbox.start(cmd)
        z.sync()
        assert z.mailbox.busy() and q.idle()
        for _ in range(20):
            serve(z, jobs[0], code)
        expect(z.mailbox.wait(), mailbox.GOOD)
        for _ in jobs:
            expect(q.words(q.take())[3], FAULT if code else OK)
        expect(z.monitor.outstanding, 0)
        spaces.unbind(PASID, 4 << 3)
        spaces.drain(z.memory.alloc(4))
        spaces.bind(PASID)


@test(PAGED_V2)
def tails_differ_while_an_answer_is_missing(z):
    process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z)
    q.post(job.sqe())
    assert not q.drained()
    serve_all(z, q, job)
    assert q.drained()


@test(*BOTH)
def work_that_is_taken_away_does_not_mind_answers(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    jobs = [ProcessJob(z) for _ in range(3)]
    for job in jobs:
        job.show_output()
        q.post(job.sqe())
    found = asked(z, spaces)
    expect(len(found), 3)
    z.clear_range()
    expect((z.monitor.inflight, z.monitor.outstanding), (0, 3))
    z.set_range(0, z.queues)
    # The numbers of the groups stay taken until the answers are there.
    q = ProcessQueue(z, 0)
    again = ProcessJob(z)
    again.show_output()
    q.post(again.sqe())
    fresh, = asked(z, spaces)
    assert fresh.group not in {r.group for r in found}
    for request in found:
        spaces.respond(request, INVALID)
    z.sync()
    assert q.idle()
    expect((z.monitor.late_responses, z.monitor.outstanding), (3, 1))
    again.show_source()
    spaces.respond(fresh)
    expect(q.pop()[3], OK)
    assert all(job.untouched() for job in jobs)


@test(*BOTH)
def answers_after_an_flr_are_no_error(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z)
    q.post(job.sqe())
    before, = asked(z, spaces)
    z.flr()
    expect((z.monitor.inflight, z.monitor.outstanding), (0, 0))
    spaces.respond(before)
    z.start_again()
    switch_on(z)
    if z.version == 2:
        set_ssv(z, *SSV)
    q = ProcessQueue(z, 0)
    q.post(ProcessJob(z).sqe())
    after = asked(z, spaces)[0]
    assert after.group != before.group
    spaces.respond(before)
    z.sync()
    assert q.idle()
    spaces.map(PASID, after.addr, after.addr - WINDOW)
    spaces.respond(after)
    serve_all(z, q, job)
    expect(q.pop()[3], OK)
    assert job.untouched()


@test(*BOTH)
def answers_to_nothing_do_no_harm(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    expect(q.run(ProcessJob(z).show().sqe())[3], OK)
    q.post(ProcessJob(z).sqe())
    real = asked(z, spaces)[0]
    for group in range(512):
        for code in (0, INVALID):
            if group != real.group:
                spaces.respond(real._replace(group=group), code)
    z.sync()
    assert q.idle()
    expect(z.monitor.late_responses, 2 * 511)
    spaces.respond(real, INVALID)
    expect(q.pop()[3], FAULT)


@test(*BOTH)
def lists_may_be_missing_too(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z, TEXT[:3 * PAGE])
    segments = [(WINDOW + job.src + at, 100) for at in range(0, 3 * PAGE, 100)]
    at = z.memory.alloc(2 * PAGE, PAGE)
    lists = [at + PAGE - 128, at + 64 + PAGE]
    z.memory.write(lists[0], list_bytes(segments[:60], WINDOW + lists[1] +
                                        PAGE // 2))
    z.memory.write(lists[0] + 64 + 32 * 60, bytes(64))
    second = lists[0] + 64 + 32 * 60
    second += -second % ALIGN
    z.memory.write(lists[0], list_bytes(segments[:30], WINDOW + second))
    z.memory.write(second, list_bytes(segments[30:60]))
    dst = z.memory.put(list_bytes([(WINDOW + job.dst, job.space)]), ALIGN)
    q.post(job.sqe(src=WINDOW + lists[0], dst=WINDOW + dst, sgl=1, size=6000))
    found = serve_all(z, q, job)
    words = q.pop()
    expect(words[3], OK)
    expect(unpack(ZLIB, job.output()[:words[1]]), TEXT[:6000])
    assert (WINDOW + dst) & -PAGE in {r.addr for r in found}
    expect(spaces.reg(PQ_TAIL), spaces.head * 32)


@test(*BOTH)
def large_requests_wait_for_their_lists_in_turn(z):
    """Each of them may come to hold half a gibibyte of the host's memory."""
    process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z)
    src, dst = (WINDOW + z.memory.alloc(PAGE, PAGE) for _ in range(2))
    for _ in range(8):
        q.put(job.sqe(src=src, dst=dst, sgl=1, size=256 << 20,
                      space=256 << 20))
    q.publish()
    for _ in range(8):
        z.sync()
        expect((z.monitor.inflight, z.monitor.outstanding), (1, 1))
        serve(z, code=INVALID)
        expect(q.pop()[3], FAULT)


@test(*BOTH)
def large_requests_come_through_page_by_page(z):
    process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z, bytes(range(251)) * 8000)
    q.post(job.sqe())
    found = serve_all(z, q, job)
    words = q.pop()
    expect((words[0], words[3]), (len(job.data), OK))
    expect(unpack(ZLIB, job.output()[:words[1]]), job.data)
    addresses = [(r.addr, r.write) for r in found]
    expect(len(addresses), len(set(addresses)))


@test(PAGED)
def ats_switched_off_while_an_answer_is_missing(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z)
    job.show_output()
    q.post(job.sqe())
    request, = asked(z, spaces)
    ats = z.pci.extended(EXT_ATS) + 6
    z.pci.write(ats, 0, 2)
    job.show_source()
    # Nobody listens to it any more.
    spaces.respond(request)
    z.sync()
    assert q.idle()
    z.pci.write(ats, ATS_ENABLE, 2)
    z.qtest.step(TIMEOUT_NS)
    expect(q.pop()[3], FAULT)
    z.pci.write(z.pci.extended(EXT_PASID) + PASID_CONTROL, 0, 2)
    expect(q.run(job.sqe())[3], FAULT)
