# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The parameters of the driver.

. "$here/debugfs-lib.sh"

# with PARAMETER...: the driver anew, with these.
with() {
	mark
	check "$driver loads with ${*:-its defaults}" reload "$@"
	probed "with ${*:-its defaults}"
}

# rejects PARAMETER: the module does not load.
rejects() {
	check "$driver unloads" unload
	check "$driver does not load with $1" not load "$1"
	check "$driver loads without that" load
}

# queue_size: the memory of a queue pair with 1024 entries: SQ and CQ, and a
# page for its state.
queue_size() {
	local sqe=128 page
	[ "$driver" != hisi_hpre ] || sqe=64
	page=$(awk '/KernelPageSize/ { print $2 * 1024; exit }' /proc/self/smaps)
	echo $((((sqe + 16) * 1024 + page - 1) / page * page + page))
}

with pf_q_num=32 uacce_mode=1
check 'it has 32 queues' has_queues "$address" 32
! deflates || deflate short
# Whether there is a user interface without shared virtual memory depends on
# the version; if there is one, it has to say what the device is.
user=$(echo "/sys/class/uacce/$driver"-*)
if at_least 7.2; then
	check 'there is a user interface' [ -d "$user" ]
fi
if [ -d "$user" ]; then
	check 'the user interface has the version' says "$user/api" "hisi_qm_v$version"
	check 'the user interface has 32 free queues' says "$user/available_instances" 32
	check 'the size of the queues is told' says "$user/region_dus_size" \
		"$(queue_size)"
	[ "$driver" != hisi_zip ] ||
		check 'zlib and gzip are offered' \
			grep -qz $'zlib\ngzip\n' "$user/algorithms"
	check 'the device is not isolated' says "$user/isolate" 0
	check 'the threshold of errors can be set' write "$user/isolate_strategy" 9
	check 'the threshold of errors is kept' says "$user/isolate_strategy" 9
fi

if [ "$driver" = hisi_zip ]; then
	with pf_q_num=2 sgl_sge_nr=255
	check 'it has 2 queues' has_queues "$address" 2
	! deflates || deflate short
	check 'the usual mode favours the ratio' bits 0x301208 1 0
	with perf_mode=1
	check 'perf_mode=1 favours speed' bits 0x301208 1 1
	pairs short
	rejects perf_mode=2
	rejects sgl_sge_nr=256
fi
rejects pf_q_num=1
rejects pf_q_num=1025
rejects vfs_num=64
with
