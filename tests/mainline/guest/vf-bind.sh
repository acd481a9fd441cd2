# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Drivers that come and go while there are virtual functions.

. "$here/vf-lib.sh"

enabled 2
first=$(vf 1)
loaded mainline_qp "function=$(vf 2)"
check 'a virtual function is unbound' unbind "$first"
check 'it has no driver' not bound "/sys/bus/pci/devices/$first"
check 'it has no files in debugfs' [ ! -e "$debug/$first" ]
work short
rmmod mainline_qp
pairs short
check 'the virtual function is bound again' bind "$first"
works 1
check 'binding left no error in the log' not errors

mark
check 'the physical function is unbound' unbind "$address"
check 'its virtual functions are gone' [ ! -e "$pf/virtfn0" ]
check 'the physical function is bound again' bind "$address"
probed 'bound without virtual functions'
enabled 1
works 1

mark
check "$driver loads with two virtual functions" reload vfs_num=2
probed 'with two virtual functions'
check 'both are there' all_bound 2
works 2
check "$driver unloads with them" unload
check 'they are gone with it' [ ! -e "$pf/virtfn0" ]

check "$driver loads with all queues" load pf_q_num=1024
check 'without queues left there are no virtual functions' not enable 1
check "$driver loads with its defaults" reload
