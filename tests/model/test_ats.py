# SPDX-License-Identifier: GPL-2.0-or-later
"""Translations that the device keeps: until when, and how many."""
from check import expect
from pasids import ATS_ENABLE, EXT_ATS, PAGED, PAGED_V2, PASID, ProcessJob, \
    ProcessQueue, nothing_asked, process, serve_all
from spaces import HUGE, PAGE, WINDOW
from sqe import OK, TEXT, ZLIB, unpack
from suite import test

BOTH = (PAGED, PAGED_V2)
SOURCE = 4 << 3


def two_pages(z):
    """Pages of the process that say which of them they are."""
    return [z.memory.alloc(PAGE, PAGE, fill=byte) for byte in b'ab']


def what_is_read(z, q, job):
    words = q.run(job.sqe(src=WINDOW, size=PAGE))
    expect(words[3], OK)
    plain = unpack(ZLIB, job.output()[:words[1]])
    expect(plain, plain[:1] * PAGE)
    return plain[:1]


@test(*BOTH)
def translations_are_kept_until_they_are_invalidated(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z).show()
    a, b = two_pages(z)
    spaces.map(PASID, WINDOW, a)
    expect(what_is_read(z, q, job), b'a')
    misses, hits = z.monitor.atc_misses, z.monitor.atc_hits
    spaces.map(PASID, WINDOW, b)
    expect(what_is_read(z, q, job), b'a')
    expect(z.monitor.atc_misses, misses)
    assert z.monitor.atc_hits > hits
    count = z.monitor.atc_invalidations
    spaces.invalidate(PASID, WINDOW, SOURCE)
    expect(z.monitor.atc_invalidations, count + 1)
    expect(what_is_read(z, q, job), b'b')
    expect(z.monitor.atc_misses, misses + 1)


@test(*BOTH)
def a_huge_translation_goes_as_a_whole(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z).show()
    inside, addr = 5 * PAGE, WINDOW + (1 << 30)
    pages = [z.memory.alloc(HUGE, HUGE) for _ in range(2)]
    for page, byte in zip(pages, b'ab'):
        z.qtest.fill(page + inside, PAGE, byte)

    def read():
        words = q.run(job.sqe(src=addr + inside, size=PAGE))
        expect(words[3], OK)
        return unpack(ZLIB, job.output()[:words[1]])

    spaces.map_huge(PASID, addr, pages[0])
    expect(read(), b'a' * PAGE)
    spaces.map_huge(PASID, addr, pages[1])
    expect(read(), b'a' * PAGE)
    # Of another page than the one that was read, but of the same translation.
    spaces.invalidate(PASID, addr, SOURCE)
    expect(read(), b'b' * PAGE)


@test(PAGED)
def invalidations_are_for_one_process(z):
    spaces = process(z)
    spaces.bind(6)
    queues = {PASID: ProcessQueue(z, 0), 6: ProcessQueue(z, 1, pasid=6)}
    jobs = {p: ProcessJob(z, pasid=p).show() for p in queues}
    a, b = two_pages(z)
    for pasid in queues:
        spaces.map(pasid, WINDOW, a)
        expect(what_is_read(z, queues[pasid], jobs[pasid]), b'a')
        spaces.map(pasid, WINDOW, b)
    spaces.invalidate(6, WINDOW, SOURCE)
    expect(what_is_read(z, queues[6], jobs[6]), b'b')
    expect(what_is_read(z, queues[PASID], jobs[PASID]), b'a')
    # Another page of the same process.
    spaces.invalidate(PASID, WINDOW + PAGE, SOURCE)
    expect(what_is_read(z, queues[PASID], jobs[PASID]), b'a')
    # Another device.
    spaces.invalidate(PASID, WINDOW, SOURCE + 8)
    expect(what_is_read(z, queues[PASID], jobs[PASID]), b'a')


@test(*BOTH)
def pages_can_be_replaced_while_the_process_lives(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z, TEXT[:300])
    for _ in range(20):
        job.show()
        expect(q.run(job.sqe())[3], OK)
        for addr in (job.src, job.dst):
            spaces.unmap(PASID, WINDOW + addr)
            spaces.invalidate(PASID, WINDOW + addr, SOURCE)
        q.post(job.sqe())
        assert serve_all(z, q, job)
        expect(q.pop()[3], OK)


@test(*BOTH)
def an_address_space_that_ends_takes_its_translations_along(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z).show()
    a, b = two_pages(z)
    spaces.map(PASID, WINDOW, a)
    expect(what_is_read(z, q, job), b'a')
    spaces.unbind(PASID, SOURCE)
    spaces.drain(z.memory.alloc(4))
    assert q.run(job.sqe(src=WINDOW, size=PAGE))[3] != OK
    nothing_asked(z)
    spaces.bind(PASID)
    job.show()
    spaces.map(PASID, WINDOW, b)
    expect(what_is_read(z, q, job), b'b')


@test(PAGED)
def ats_switched_off_forgets_all(z):
    spaces = process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z).show()
    a, b = two_pages(z)
    spaces.map(PASID, WINDOW, a)
    expect(what_is_read(z, q, job), b'a')
    ats = z.pci.extended(EXT_ATS) + 6
    z.pci.write(ats, 0, 2)
    z.pci.write(ats, ATS_ENABLE, 2)
    misses = z.monitor.atc_misses
    expect(what_is_read(z, q, job), b'a')
    assert z.monitor.atc_misses > misses
    spaces.map(PASID, WINDOW, b)
    spaces.invalidate(PASID, WINDOW, SOURCE)
    expect(what_is_read(z, q, job), b'b')


@test(*BOTH)
def more_pages_than_are_kept_are_translated_again(z):
    process(z)
    q = ProcessQueue(z, 0)
    job = ProcessJob(z, TEXT[:4] * 256 * PAGE).show()
    for _ in range(2):
        misses = z.monitor.atc_misses
        expect(q.run(job.sqe(size=300 * PAGE))[3], OK)
        assert z.monitor.atc_misses >= misses + 300 - 256
    expect(z.monitor.page_requests, 0)
