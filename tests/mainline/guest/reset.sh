# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Function level resets of which the holders of queue pairs notice nothing.

before=$(resets)
loaded mainline_qp "function=$address"
! deflates || loaded mainline_acomp
check 'the function can be reset' write "$pf/reset" 1
check 'the model was reset' grown resets "$before"
probed 'after the reset'
work short
! deflates || relay run mainline_acomp short
check 'data after the reset left no error in the log' not errors
rmmod mainline_qp
! deflates || rmmod mainline_acomp

# A driver sets up what a reset takes, whether or not the reset took it.
check 'unbind' unbind "$address"
check 'what the driver set is there' bits 0x1000ac 0xffffffff 0xffff
check 'the unbound function can be reset' write "$pf/reset" 1
check 'the reset took it' bits 0x1000ac 0xffffffff 0
check 'bind' bind "$address"
probed 'bound after a reset'
