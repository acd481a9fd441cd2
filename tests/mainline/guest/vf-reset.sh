# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Function level resets of a virtual function, and of the physical function
# while there are virtual functions, and the reset that an error asks for; on
# version 3 the driver tells the virtual functions of it by messages through
# the device. Holders of queue pairs notice nothing, but for those of a virtual
# function that older versions of the driver tell: they do not start them again.

. "$here/vf-lib.sh"

enabled 2
first=$(vf 1) second=$(vf 2)
before=$(resets)
loaded mainline_qp "function=$second"
check 'a virtual function can be reset' write "/sys/bus/pci/devices/$first/reset" 1
check 'the model was reset' grown resets "$before"
check 'the reset of a virtual function left no error in the log' not errors
work short
rmmod mainline_qp
works 1
pairs short

mark
loaded mainline_qp "function=$first"
check 'that one can be reset in use' write "/sys/bus/pci/devices/$first/reset" 1
work short
rmmod mainline_qp
check 'its reset in use left no error in the log' not errors

if [ "$version" -eq 3 ]; then
	at=/sys/bus/pci/devices/$first
	check 'that one is unbound' unbind "$first"
	check 'its driver said that it is not ready' bits 0x60 1 1 "$at"
	check 'it can be reset' write "$at/reset" 1
	check 'the reset took that' bits 0x60 1 0 "$at"
	check 'that one is bound' bind "$first"
	works 1
fi

# lasting: queue pairs of virtual functions outlast such a reset.
lasting() {
	[ "$version" -eq 2 ] || at_least 7.2
}

# told: each of them had a part in a reset of the physical function.
told() {
	local at
	[ "$version" -eq 3 ] || return 0
	for at in "$first" "$second"; do
		check "$at was told of the reset" said_by "$at" 'device reset done.'
	done
}

mark
before=$(resets)
! lasting || loaded mainline_qp "function=$second"
check 'the physical function can be reset' write "$pf/reset" 1
check 'the model was reset again' grown resets "$before"
check 'the physical function has completed the reset' logged 'FLR reset complete'
told
check 'the virtual functions are still there' all_bound 2
check 'the reset left no error in the log' not errors
if lasting; then
	work short
	rmmod mainline_qp
fi
check 'the queues are shared as before' queues_shared 2
pairs short
works 1

if firmware; then
	mark
	loaded mainline_qp "function=$address"
	inject 0x118 0x10
	check 'an error is reported' logged 'qm_acc_get_task_timeout'
	check 'the reset that it asks for is complete' logged 'Controller reset complete'
	told
	work short
	rmmod mainline_qp
	works 1
	works 2
fi
disabled
