# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages between the PF and its VFs, version 3."""
import itertools

import mailbox
from check import expect
from mailbox import BAD_COMMAND, BAD_QUEUE
from suite import test, SHARED, V2, V3
from virtual import functions

SEND, FETCH = 0xc, 0xd
ALL_MAILBOX, ALL_REGISTER = 0xffff, 0x7f
# In the function page; SET is a VF's.
SOURCE, MASK, STATUS, SET = 0x20, 0x24, 0x28, 0x2c
# The PF's own.
UNREAD, RING, TARGET, SENDERS = 0x100128, 0x100130, 0x100134, 0x100138
MESSAGE = 2
TEXT = 0x123456789abcdef0


def up(z, count):
    """VFs whose message interrupts are allowed, and the PF's."""
    vfs = functions(z, count)
    for function in [z] + vfs:
        function.set(MASK, 0)
    return vfs


def tell(z, number, text=TEXT):
    """From the PF to one VF, or to all."""
    target = ALL_MAILBOX if number == ALL_REGISTER else number
    z.mailbox.good(SEND, target, text)
    z.set(TARGET, number)
    z.set(RING, 1)


def answer(vf, text=TEXT):
    """From a VF to the PF."""
    vf.mailbox.good(SEND, 0, text)
    vf.set(SET, 1)


@test(V3, SHARED)
def a_message_to_a_vf_arrives_and_is_acknowledged(z):
    one, two = up(z, 2)
    for turn in range(3):
        tell(z, 2, TEXT + turn)
        z.sync()
        expect(z.reg(UNREAD, 8), 1 << 2)
        expect([vf.reg(STATUS) for vf in (one, two)], [0, 1])
        expect(two.message(), MESSAGE)
        expect(one.message(), None)
        expect(two.mailbox.good(FETCH, 0, read=True), TEXT + turn)
        two.set(SOURCE, two.reg(SOURCE) | 1)
        expect(two.reg(SOURCE), 0)
        expect(two.reg(STATUS), 0)
        expect(z.reg(UNREAD, 8), 0)
    expect(z.message(), None)


@test(V3)
def a_message_to_all_reaches_all(z):
    vfs = up(z, 7)
    tell(z, ALL_REGISTER)
    z.sync()
    left = 0xfe
    expect(z.reg(UNREAD, 8), left)
    for vf in vfs:
        expect(vf.message(), MESSAGE)
        expect(vf.mailbox.good(FETCH, 0, read=True), TEXT)
        vf.set(SOURCE, 1)
        left &= ~(1 << vf.number)
        expect(z.reg(UNREAD, 8), left)


@test(V3, SHARED)
def a_message_to_the_pf_arrives_and_is_acknowledged(z):
    vfs = up(z, 3)
    for turn, vf in enumerate(vfs):
        answer(vf, TEXT + turn)
        z.sync()
        expect(vf.reg(SET), 1)
        expect(z.reg(SENDERS, 8), 1 << vf.number)
        expect((z.reg(SOURCE), z.reg(STATUS)), (1, 1))
        expect(z.message(), MESSAGE)
        expect(z.mailbox.good(FETCH, vf.number, read=True), TEXT + turn)
        z.set(SENDERS, 1 << vf.number, 8)
        expect(z.reg(SENDERS, 8), 0)
        expect(vf.reg(SET), 0)
        expect((z.reg(SOURCE), z.reg(STATUS)), (0, 0))


@test(V3)
def messages_of_several_vfs_wait_side_by_side(z):
    one, two, three = up(z, 3)
    answer(one, 0x11)
    answer(three, 0x33)
    expect(z.reg(SENDERS, 8), 1 << 1 | 1 << 3)
    expect(z.mailbox.good(FETCH, 3, read=True), 0x33)
    expect(z.mailbox.good(FETCH, 1, read=True), 0x11)
    z.set(SENDERS, 1 << 3, 8)
    expect(z.reg(SENDERS, 8), 1 << 1)
    expect((one.reg(SET), two.reg(SET), three.reg(SET)), (1, 0, 0))
    expect(z.reg(STATUS), 1)


@test(V3)
def both_operations_fetch(z):
    vf, = up(z, 1)
    tell(z, 1)
    for read in (False, True):
        expect(vf.mailbox.good(FETCH, 0, read=read), TEXT)
    answer(vf, 0x55)
    for read in (False, True):
        expect(z.mailbox.good(FETCH, 1, read=read), 0x55)


@test(V3)
def the_last_message_is_the_one_fetched(z):
    vf, = up(z, 1)
    for text in (1, 2, 3):
        tell(z, 1, text)
    expect(vf.mailbox.good(FETCH, 0, read=True), 3)


@test(V3)
def a_mask_holds_the_interrupt_back(z):
    vf, = up(z, 1)
    vf.set(MASK, 1)
    tell(z, 1)
    z.sync()
    expect((vf.reg(SOURCE), vf.reg(STATUS)), (1, 0))
    expect(vf.message(), None)
    vf.set(MASK, 0)
    z.sync()
    expect(vf.reg(STATUS), 1)
    expect(vf.message(), MESSAGE)
    z.set(MASK, 1)
    answer(vf)
    z.sync()
    expect((z.reg(SENDERS, 8), z.reg(STATUS)), (2, 0))
    expect(z.message(), None)
    z.set(MASK, 0)
    z.sync()
    expect(z.message(), MESSAGE)


@test(V3)
def nobody_sends_to_functions_that_are_not_there(z):
    vf, = up(z, 1)
    for number in (0, 2, 63, 64, 0x7f):
        with z.errors('does not exist'):
            expect(z.mailbox.run(SEND, number, TEXT), BAD_QUEUE)
        with z.errors('asked for'):
            expect(z.mailbox.run(FETCH, number, read=True), BAD_QUEUE)
    for number in (0, 2, 63, 64, 0x7e):
        z.set(TARGET, number)
        with z.errors('does not exist'):
            z.set(RING, 1)
    for number in (1, 2, ALL_MAILBOX):
        with z.errors('message of a VF'):
            expect(vf.mailbox.run(SEND, number, TEXT), BAD_QUEUE)
        with z.errors('asked for'):
            expect(vf.mailbox.run(FETCH, number, read=True), BAD_QUEUE)
    expect(z.reg(UNREAD, 8), 0)
    expect(vf.mailbox.good(FETCH, 0, read=True), 0)


@test(V3)
def a_sent_message_cannot_be_read_back(z):
    with z.errors('read of a message'):
        expect(z.mailbox.run(SEND, 0, 0, read=True), BAD_COMMAND)


@test(V3)
def registers_of_messages_have_their_bits(z):
    vf, = up(z, 1)
    for function in (z, vf):
        for val in (0, 0xfffffffe, 0xffffffff, 1):
            function.set(MASK, val)
            expect(function.reg(MASK), val & 1)
        with z.errors('read-only'):
            function.set(STATUS, 1)
    z.set(TARGET, ALL_REGISTER)
    expect(z.reg(TARGET), ALL_REGISTER)
    with z.errors('reserved bits'):
        z.set(TARGET, 0x80)
    with z.errors('to itself'):
        z.set(SET, 1)
    with z.errors(*['read-only'] * 2):
        z.set(UNREAD, 0, 8)
    for val in (0, 2, 0xfffffffe):
        z.set(RING, val)
        vf.set(SET, val)
    expect((z.reg(RING), z.reg(UNREAD, 8), z.reg(SENDERS, 8)), (0, 0, 0))


@test(V3)
def one_acknowledges_only_what_is_named(z):
    one, two = up(z, 2)
    answer(one)
    answer(two)
    for val in (0, 1, 1 << 3, ~6 & (1 << 64) - 1):
        z.set(SENDERS, val, 8)
        expect(z.reg(SENDERS, 8), 6)
    z.set(SOURCE, 1)
    expect((z.reg(SOURCE), z.reg(SENDERS, 8)), (1, 6))
    z.set(SENDERS, (1 << 64) - 1, 8)
    expect((z.reg(SOURCE), z.reg(SENDERS, 8)), (0, 0))
    tell(z, 1)
    for val in (0, 2):
        one.set(SOURCE, val)
        expect(one.reg(SOURCE), 1)


@test(V3)
def a_vf_that_goes_takes_its_messages_along(z):
    one, two = up(z, 2)
    for go in (one.flr, z.sriov.disable):
        tell(z, ALL_REGISTER)
        answer(one)
        answer(two)
        expect((z.reg(UNREAD, 8), z.reg(SENDERS, 8)), (6, 6))
        go()
        left = 4 if go == one.flr else 0
        expect((z.reg(UNREAD, 8), z.reg(SENDERS, 8)), (left, left))
        for vf in (two,) if left else ():
            vf.set(SOURCE, 1)
        z.set(SENDERS, 6, 8)


@test(V3)
def a_reset_of_the_pf_forgets_messages(z):
    vf, = up(z, 1)
    tell(z, 1)
    answer(vf)
    z.flr()
    expect((z.reg(UNREAD, 8), z.reg(SENDERS, 8), z.reg(SOURCE)), (0, 0, 0))


@test(V2)
def version_2_has_no_messages(z):
    vf, = functions(z, 1)
    for function, cmd in itertools.product((z, vf), (SEND, FETCH)):
        with z.errors('unknown mailbox command'):
            expect(function.mailbox.run(cmd, 0), mailbox.BAD_COMMAND)
    vf.set(SET, 1)
    z.sync()
    expect(z.message(), None)
