# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the drivers offer in debugfs, of any function.

debug=/sys/kernel/debug/$driver

# lines FILE PATTERN [LEAST]: all lines have that form, and there are as many.
lines() {
	cat "$1" >/tmp/lines && head -n 200 /tmp/lines || return
	[ "$(wc -l </tmp/lines)" -ge "${3:-1}" ] && ! grep -vqE "^$2$" /tmp/lines
}

# plausible FILE: what a file says, judged by its name.
plausible() {
	case $1 in
	*/diff_regs) lines "$1" '0x[0-9a-f]{8} = 0x[0-9a-f]{8} ---> 0x[0-9a-f]{8}' 0 ;;
	*/regs | */cap_regs) lines "$1" '[A-Za-z0-9_]+ *= ?0x[0-9a-f]{8}' ;;
	*/qm/cmd) lines "$1" 'Please echo help to cmd to get help information' ;;
	*/qm/status) lines "$1" '(work|start)' ;;
	*/qm/qm_state) says "$1" 1 ;;
	*/alg_qos) says "$1" 1000 ;;
	*) lines "$1" '[0-9]+' ;;
	esac
}

refuses() { # FILE WORD
	local answer
	if answer=$(write "$@"); then
		echo "$1 took $2"
		return 1
	fi
	echo "$answer"
	grep -q 'Invalid argument' <<<"$answer"
}

takes() { # FILE WORD
	write "$@" && says "$@"
}

# writes FILE: what may be written into it, judged by the name.
writes() {
	case ${1##*/} in
	clear_enable | rdclr_en)
		takes "$1" 1 && refuses "$1" 2 && takes "$1" 0 ;;
	current_q)
		takes "$1" 1 && refuses "$1" 1024 && takes "$1" 0 ;;
	current_qm)
		takes "$1" 0 && refuses "$1" 64 ;;
	dev_timeout)
		takes "$1" 1 && takes "$1" 0 ;;
	*) # a counter
		refuses "$1" 1 && takes "$1" 0 ;;
	esac
}

# files ADDRESS NAME...: the files are there.
files() {
	local folder=$debug/$1 name missing=0
	shift
	for name; do
		[ -f "$folder/$name" ] || { echo "$folder has no $name"; missing=1; }
	done
	return $missing
}

# walk ADDRESS: check each file.
walk() {
	local file name
	while read -r file; do
		name=${file#"$debug/"}
		check "debugfs: $name is plausible" plausible "$file"
		case $name in
		*_cnt | *_irq | *_err | */clear_enable | */rdclr_en | */current_q* | */dev_timeout)
			check "debugfs: $name takes what it should" writes "$file" ;;
		esac
	done < <(find "$debug/$1" -type f | sort)
}

# dump ADDRESS COMMAND: have the driver write something into its log; print
# that as one line of 32-bit words.
dump() {
	mark dump
	write "$debug/$1/qm/cmd" "$2" || return
	said dump | sed -nE -e 's/.*: ([A-Z ]+) DUMP$/\1/p' \
		-e 's/.*DW[0-9]+: (....) (....)$/\1\2/p' | tr '\n' ' '
}

# dumps ADDRESS COMMAND PATTERN: such a dump has that form.
dumps() {
	local line
	line=$(dump "$1" "$2") || return
	echo "$2: $line"
	grep -qE "^$3 $" <<<"$line"
}

# has_queues [ADDRESS NUMBER]...: how many queues hisi_qm found the functions
# to have; it says that if it is asked for one more.
has_queues() {
	local -A wanted
	local lines=/tmp/queues at number
	mark dump
	while [ $# -gt 0 ]; do
		wanted[$1]=$2
		write "$debug/$1/qm/cmd" "sqc $2" >/dev/null
		shift 2
	done
	said dump | sed -nE "s/.*$driver (.*): .*input qp num \\(0-([0-9]+)\\).*/\\1 \\2/p" >$lines
	while read -r at number; do
		echo "$at has $((number + 1)) queues, expected ${wanted[$at]}"
		[ $((number + 1)) -eq "${wanted[$at]}" ] || return
		unset "wanted[$at]"
	done <$lines
	[ ${#wanted[@]} -eq 0 ]
}
