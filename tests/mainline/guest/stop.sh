# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Queue pairs that are stopped with requests in flight for 20 ms. On version 3
# the older versions of hisi_qm leave the wait to the device, but give it 1 ms
# only, which is too little for a guest on a busy host to say anything of the
# device.

patient() {
	grep -q 'hisi_qm_mb_read' /proc/kallsyms
}

if [ "$version" -eq 2 ] || patient; then
	loaded mainline_qp "function=$address"
	delay=$(counter 0x100)
	inject 0x100 20000
	work stop
	inject 0x100 "$delay"
	rmmod mainline_qp
	check 'stopping left no error in the log' not errors
else
	echo 'skipped: this hisi_qm gives the device 1 ms to stop'
fi
