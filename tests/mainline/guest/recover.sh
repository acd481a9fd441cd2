# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Errors that ask for a reset of the controller, which is a method of the
# firmware. With it holders of queue pairs go on after the reset. Without it
# mainline stops there; what is left is to unbind the driver, to reset the
# function and to bind again.

. "$here/debugfs-lib.sh"

# went_on ERROR: the driver has mastered it.
went_on() {
	check "$1: the reset is complete" logged 'Controller reset complete'
	check "$1: the function works" not says "$debug/$address/qm/status" stop
	work short
	! deflates || relay run mainline_acomp short
}

# stopped ERROR: the driver gave up; is the device as good as new afterwards?
stopped() {
	check "$1: the driver misses the method" logged "$(missing) reset method!"
	check "$1: the driver knows that it failed" logged 'Controller reset failed'
	check "$1: the function is stopped" says "$debug/$address/qm/status" stop
	rmmod mainline_qp
	! deflates || rmmod mainline_acomp
	check "$1: unbind" unbind "$address"
	check "$1: reset" write "$pf/reset" 1
	mark
	check "$1: bind" bind "$address"
	probed "after $1"
	loaded mainline_qp "function=$address"
	! deflates || loaded mainline_acomp
	work short
	! deflates || relay run mainline_acomp short
}

# missing: what the driver says of a device with a node in ACPI's tables.
missing() {
	if [ -d "$pf/firmware_node" ]; then
		echo 'NO controller'
	else
		echo No
	fi
}

# recovers OFFSET BIT ERROR: an error of that bit.
recovers() {
	mark
	inject "$1" "$2"
	check "$3 is reported" logged "$3 [error status=$2] found"
	check "$3 asks for a reset" logged 'Controller resetting...'
	if firmware; then
		went_on "$3"
	else
		stopped "$3"
	fi
	check "$3: nothing is in flight" is in_flight 0
}

loaded mainline_qp "function=$address"
! deflates || loaded mainline_acomp
recovers 0x118 0x10 qm_acc_get_task_timeout
recovers 0x118 0x4 qm_ecc_mbit
case $driver in
hisi_zip)
	recovers 0x120 0x10 zip_src_addr_parse_err
	recovers 0x120 0x2 zip_ecc_2bit_err
	;;
hisi_sec2)
	recovers 0x120 0x10 sec_req_trng_timeout_rint
	recovers 0x120 0x4 sec_ecc_2bit_err_rint
	;;
hisi_hpre)
	recovers 0x120 0x10 bd_rd_poison_int_set
	recovers 0x120 0x2 core_ecc_2bit_err_int_set
	;;
esac
rmmod mainline_qp
! deflates || rmmod mainline_acomp
