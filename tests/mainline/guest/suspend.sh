# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The device is switched off while nobody uses it, and comes back for work.
# That is the firmware's doing, and version 3 only has it.

. "$here/debugfs-lib.sh"

status() { # WORD: the power state, now or soon
	local tries
	for ((tries = 0; tries < 100; tries++)); do
		[ "$(cat "$pf/power/runtime_status")" != "$1" ] || return 0
		sleep 0.1
	done
	says "$pf/power/runtime_status" "$1"
}

if firmware && [ "$version" -eq 3 ]; then
	check 'the device is on' status active
	check 'the device may be switched off' write "$pf/power/control" auto
	check 'it is off after some seconds' status suspended
	check 'the driver was asked' logged 'entering suspended state'
	check 'its registers cannot be read now' not grep -q = "$debug/$address/qm/regs"
	loaded mainline_qp "function=$address"
	check 'it is on for a holder of queue pairs' status active
	check 'the driver was asked again' logged 'resuming from suspend state'
	work short
	rmmod mainline_qp
	check 'it is off when they are gone' status suspended
	! deflates || deflate short
	check 'it is off for the second time' status suspended
	check 'the device is to stay on' write "$pf/power/control" on
	check 'it is on' status active
	check 'suspending left no error in the log' not errors
	pairs short
else
	echo 'skipped: no firmware, or no version, that switches the device off'
fi
