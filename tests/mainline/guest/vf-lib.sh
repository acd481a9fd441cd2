# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Virtual functions.

. "$here/debugfs-lib.sh"

# vf NUMBER: the address of a virtual function; the first one is 1.
vf() {
	local link
	link=$(readlink "$pf/virtfn$(($1 - 1))")
	echo "${link##*/}"
}

# enable NUMBER: so many of them.
enable() {
	write "$pf/sriov_numvfs" "$1"
}

all_bound() { # NUMBER
	local i
	for ((i = 1; i <= $1; i++)); do
		if ! bound "/sys/bus/pci/devices/$(vf $i)"; then
			echo "virtual function $i has no driver"
			return 1
		fi
	done
	echo "the next one is $(vf $i)"
	[ ! -e "$pf/virtfn$((i - 1))" ]
}

# share NUMBER OF: how many queues a virtual function gets.
share() {
	local left=$((1024 - $(<"/sys/module/$driver/parameters/pf_q_num")))
	echo $((left / $2 + ($1 == $2 ? left % $2 : 0)))
}

# queues_shared NUMBER: each has its share, as the device tells its driver and
# as the physical function's driver lets one choose in debugfs.
queues_shared() {
	local i shares=()
	for ((i = 1; i <= $1; i++)); do
		shares+=("$(vf $i)" "$(share $i "$1")")
	done
	has_queues "${shares[@]}" || return
	for ((i = 1; i <= $1; i += $1 > 7 ? 31 : 1)); do
		takes "$debug/$address/current_qm" $i &&
			takes "$debug/$address/qm/current_q" $((shares[2 * i - 1] - 1)) &&
			refuses "$debug/$address/qm/current_q" "${shares[2 * i - 1]}" || return
	done
	takes "$debug/$address/qm/current_q" 0 &&
		takes "$debug/$address/current_qm" 0 &&
		refuses "$debug/$address/current_qm" $(($1 + 1))
}

# enabled NUMBER: enable so many, and check them.
enabled() {
	mark
	check "$1 virtual functions are enabled" enable "$1"
	check "$1 virtual functions are bound" all_bound "$1"
	check "$1 virtual functions share the queues" queues_shared "$1"
}

disabled() {
	mark
	check 'the virtual functions are disabled' enable 0
	check 'they are gone' [ ! -e "$pf/virtfn0" ]
	check 'disabling left no error in the log' not errors
}

# works NUMBER: data through a virtual function's queues.
works() {
	local at sent
	at=$(vf "$1")
	mark
	check "virtual function $1 is ready" files "$at" qm/regs
	pairs short "$at"
	if deflates; then
		sent=$(cat "$debug/$at/zip_dfx/send_cnt")
		loaded mainline_qp "function=$at" hold=1
		deflate short
		rmmod mainline_qp
		check "virtual function $1 did the work" \
			[ "$(cat "$debug/$at/zip_dfx/send_cnt")" -ge $((sent + 3)) ]
	fi
	check "virtual function $1 left no error in the log" not errors
}
