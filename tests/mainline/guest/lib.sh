# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the parts beside it share: checks, the device under test, the counters
# of the model's monitor, and the drivers that are loaded.

failures=0
log=/tmp/log

# check WHAT COMMAND...: one check; it passes if the command does.
check() {
	local what=$1
	shift
	if "$@" >$log 2>&1; then
		echo "ok: $what"
	else
		echo "failed: $what"
		sed 's/^/  /' $log
		said | grep -v 'mainline_[a-z]*: ok:' | tail -n 12 | sed 's/^/  /'
		failures=$((failures + 1))
	fi
}

not() {
	! "$@"
}

write() { # FILE WORD
	# The shell's own complaint of a write that fails.
	{ echo "$2" >"$1"; } 2>&1
}

says() { # FILE TEXT
	local text
	text=$(<"$1") || return
	echo "$1 says: $text"
	[ "$text" = "$2" ]
}

# mark [WORD]: what the kernel said before is forgotten.
mark() {
	echo "mainline: ${1:-mark}" >/dev/kmsg
}

# said [WORD]: what the kernel said since the last mark.
said() {
	dmesg | tac | sed "/mainline: ${1:-mark}/q" | tac
}

# errors: what the drivers complained of. What they, and that of the SMMU, say
# of a device without shared virtual memory is none.
errors() {
	said | grep -E 'hisi_|mainline_|alg:' |
		grep -iE 'fail|error|err |timeout|timed out|unable|invalid|cannot|not ready' |
		grep -vE 'failed: |IOPF feature|enable PASID|alloc uacce|sva bind'
}

said_by() { # ADDRESS TEXT: the driver says so of a function, now or soon
	local tries
	for ((tries = 0; tries < 50; tries++)); do
		said | grep -F "$driver $1: $2" && return
		sleep 0.1
	done
	return 1
}

logged() { # TEXT: the driver says so of the physical function
	said_by "$address" "$1"
}

# at_least VERSION: the kernel is that one or a later one.
at_least() {
	printf '%s\n' "$1" "$(uname -r)" | sort -CV
}

# find_device VENDOR DEVICE: the PCI function of that identity.
find_device() {
	local function
	for function in /sys/bus/pci/devices/*; do
		if [ "$(cat "$function/vendor") $(cat "$function/device")" = "$1 $2" ]; then
			echo "$function"
		fi
	done
}

# find_target DEVICE: learn of the device under test and of the monitor.
find_target() {
	case $1 in
	hisi-zip*) driver=hisi_zip identity=0xa250 ;;
	hisi-sec*) driver=hisi_sec2 identity=0xa255 ;;
	hisi-hpre*) driver=hisi_hpre identity=0xa258 ;;
	esac
	case $1 in
	*version=2*) version=2 ;;
	*) version=3 ;;
	esac
	pf=$(find_device 0x19e5 "$identity")
	address=${pf##*/}
	monitor=$(find_device 0x1234 0x11e9)
	echo 1 >"$monitor/enable"
	monitor=$(awk 'NR == 1 { print $1 }' "$monitor/resource")
}

# counter OFFSET: a register of the monitor.
counter() {
	echo $(($(busybox devmem $((monitor + $1)) 64)))
}

inject() { # OFFSET VALUE
	busybox devmem $((monitor + $1)) 64 "$2"
}

completed() { counter 0x08; }
interrupts() { counter 0x20; }
faults() { counter 0x28; }
mistakes() { counter 0x30; }
in_flight() { counter 0x38; }
dropped() { counter 0x48; }
mailboxes() { counter 0x50; }
resets() { counter 0x58; }

# bits OFFSET MASK VALUE [FUNCTION]: what a register of a function has.
bits() {
	local value
	value=$(busybox devmem $(($(awk 'NR == 3 { print $1 }' "${4:-$pf}/resource") + $1))) ||
		return
	echo "register $1 is $value"
	[ $((value & $2)) -eq $(($3)) ]
}

# grown NAME FROM: a counter has grown since.
grown() {
	echo "$1 was $2, is $($1)"
	[ "$($1)" -gt "$2" ]
}

is() { # NAME NUMBER
	echo "$1 is $($1)"
	[ "$($1)" -eq "$2" ]
}

bound() { # [FUNCTION]
	[ "$(basename "$(readlink "${1:-$pf}/driver")")" = "$driver" ]
}

bind() { # ADDRESS
	write "/sys/bus/pci/drivers/$driver/bind" "$1"
}

unbind() { # ADDRESS
	write "/sys/bus/pci/drivers/$driver/unbind" "$1"
}

load() { # PARAMETER...
	insmod "/host/out/$driver.ko" "$@"
}

# needs: the kernel's modules that the driver wants.
needs() {
	modinfo -F depends "/host/out/$driver.ko" | tr , '\n' | grep -vE '^(hisi_qm|uacce)$'
}

# unload: that fails as long as the self-test has the driver.
unload() {
	local tries
	for ((tries = 0; tries < 100; tries++)); do
		! rmmod "$driver" 2>/dev/null || return 0
		sleep 0.1
	done
	rmmod "$driver"
}

# reload PARAMETER...: the driver anew, with these.
reload() {
	unload && load "$@"
}

# entry: what /proc/crypto has of the driver.
entry() {
	awk -v RS= '/hisi-deflate-acomp/' /proc/crypto
}

self_test() {
	local tries
	for ((tries = 0; tries < 100; tries++)); do
		if entry | grep -q '^selftest *: passed$'; then
			return 0
		fi
		sleep 0.1
	done
	entry
	return 1
}

# deflates: hisi_zip has an algorithm for the kernel's crypto users.
deflates() {
	[ "$driver" = hisi_zip ] && [ "$version" -eq 3 ]
}

# firmware: the firmware can reset the controller and switch it off.
firmware() {
	grep -qs ZRST /sys/firmware/acpi/tables/SSDT*
}

# probed HOW: the checks after each probe.
probed() {
	check "$1: the driver is bound" bound
	check "$1: no error in the log" not errors
	if deflates; then
		check "$1: the self-test of deflate passed" self_test
	elif [ "$driver" = hisi_zip ]; then
		check "$1: version 2 registers no raw deflate" [ -z "$(entry)" ]
	fi
	check "$1: nothing is in flight" is in_flight 0
}

# relay COMMAND...: a module reports its checks through the kernel's log.
relay() {
	mark relay
	"$@"
	said relay | sed -nE 's/^.*mainline_[a-z]+: (ok|failed): /\1: /p' >/tmp/relayed
	cat /tmp/relayed
	failures=$((failures + $(grep -c '^failed: ' /tmp/relayed)))
	check "$*: the module has reported" [ -s /tmp/relayed ]
}

run() { # MODULE WORD
	echo "$2" >"/sys/module/$1/parameters/run"
}

# loaded MODULE PARAMETER...: a module that gives the driver work.
loaded() {
	local module=$1
	shift
	check "$module${*:+ }$* loads" insmod "/host/out/$module.ko" "$@"
}

# work RUN: give the queue pairs that mainline_qp has some work.
work() {
	relay run mainline_qp "$1"
}

# pairs RUN [FUNCTION]: start, use and stop queue pairs of a function.
pairs() {
	loaded mainline_qp "function=${2:-$address}"
	work "$1"
	check 'mainline_qp unloads' rmmod mainline_qp
}

# deflate RUN: work through the kernel's crypto interface.
deflate() {
	loaded mainline_acomp
	relay run mainline_acomp "$1"
	rmmod mainline_acomp
}
