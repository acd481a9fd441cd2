# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Virtual functions: enable, use and disable them.

. "$here/vf-lib.sh"

check 'there may be 63 virtual functions' says "$pf/sriov_totalvfs" 63
check 'there are none at first' says "$pf/sriov_numvfs" 0
check '64 are refused' not enable 64
enabled 1
check 'other numbers are refused meanwhile' not enable 2
walk "$(vf 1)"
works 1
disabled

enabled 3
works 1
works 3
pairs short
loaded mainline_qp "function=$(vf 2)"
check 'in use they cannot be disabled' not enable 0
check 'the driver says why' logged 'Task is using its VF!'
mark
work short
rmmod mainline_qp
if [ "$version" -eq 3 ] && [ "${address##*.}" = 0 ] && [ "${address:8:2}" = 00 ]; then
	check 'the shaper of a virtual function can be set' \
		write "$debug/$address/alg_qos" "$(vf 2) 500"
	check 'the virtual function asks for it' says "$debug/$(vf 2)/alg_qos" 500
	check 'the others have theirs' says "$debug/$(vf 3)/alg_qos" 1000
	check 'the physical function has its own' says "$debug/$address/alg_qos" 1000
fi
disabled
pairs short
