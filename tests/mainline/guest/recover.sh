# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# An error that asks for a reset of the controller. The reset itself is a
# method of the firmware, so without one mainline stops there; what is left is
# to unbind the driver, reset the function and bind again.

# cured ADDRESS: is the device as good as new then?
cured() {
	check 'unbind after the failure' unbind "$address"
	check 'reset after the failure' write "$pf/reset" 1
	mark
	check 'bind after the failure' bind "$address"
	probed 'after the failure'
	pairs short
	! deflates || deflate short
}

# recovers OFFSET BIT TEXT: an error of that bit.
recovers() {
	mark
	loaded mainline_qp "function=$address"
	inject "$1" "$2"
	check "$3 is reported" logged "$3 [error status=$2] found"
	check "$3 asks for a reset" logged 'Controller resetting...'
	check "$3: there is no method of the firmware" \
		logged "$(reset_method) reset method!"
	check "$3: the driver knows that it failed" logged 'Controller reset failed'
	check "$3: nothing is in flight" is in_flight 0
	check "$3: the function is stopped" says "$debug/$address/qm/status" stop
	rmmod mainline_qp
	cured
}

# reset_method: what the driver says of a device with a node in ACPI's tables.
reset_method() {
	if [ -d "$pf/firmware_node" ]; then
		echo 'NO controller'
	else
		echo No
	fi
}

. "$here/debugfs-lib.sh"
recovers 0x120 0x10 zip_src_addr_parse_err
recovers 0x118 0x10 qm_acc_get_task_timeout
recovers 0x118 0x4 qm_ecc_mbit
recovers 0x120 0x2 zip_ecc_2bit_err
