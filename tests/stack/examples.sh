#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: examples.sh FOLDER
# The example programs of FOLDER, in the guest: they must work with files of
# and for gzip, and leave nothing behind when something is wrong. MODE of the
# environment is the only memory mode that the machine gives, if it is set.

bin=$1
here=$(realpath "$(dirname "$0")")
# Their library is beside them.
unset LD_LIBRARY_PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0 failed=0

# check WHAT COMMAND...: the command succeeds.
check() {
	local what=$1
	shift
	if "$@" >log 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "examples.sh: $what: failed with $?: $*"
		head -n 20 log
	fi
}

# gives STATUS COMMAND...: the command ends with that exit status.
gives() {
	local want=$1
	shift
	"$@"
	local status=$?
	[ $status -eq "$want" ] || {
		echo "exit status $status"
		return 1
	}
}

absent() {
	local file
	for file; do
		[ ! -e "$file" ] || {
			echo "$file is there"
			return 1
		}
	done
}

[ -x "$bin/hisi-gzip" ] || {
	echo "skip: examples.sh: there are no examples"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

make_files() {
	: >empty
	printf x >one
	cat /host/usr/include/*.h 2>/dev/null | head -c 3000000 >text
	head -c 1500000 /dev/urandom >noise
	head -c 20000000 /dev/zero >zero
	cp "$(readlink -f /host/usr/bin/gzip)" binary
}

files='empty one text noise zero binary'

read_by_gzip() {
	gives 0 "$bin/hisi-gzip" -k "$1" && gzip -t "$1.gz" &&
		gzip -dc "$1.gz" | cmp - "$1"
}

read_by_us() {
	gzip -1c "$1" >other.gz && "$bin/hisi-gzip" -dc other.gz | cmp - "$1"
}

there_and_back() {
	"$bin/hisi-gzip" -c "$@" <"$file" >back.gz &&
		"$bin/hisi-gzip" -dc "$@" <back.gz | cmp - "$file"
}

two_members() {
	gzip -c text >two.gz
	"$bin/hisi-gzip" -c one >>two.gz
	"$bin/hisi-gzip" -dc two.gz | cmp - <(cat text one)
}

replaces() {
	cp text replaced
	"$bin/hisi-gzip" replaced && absent replaced &&
		"$bin/hisi-gzip" -d replaced.gz && absent replaced.gz &&
		cmp text replaced
}

# spoil FILE OFFSET: a copy of FILE, as bad.gz, with one byte inverted.
spoil() {
	cp "$1" bad.gz
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 bad.gz)
	printf '%b' "\\x$(printf %x $((byte ^ 255)))" |
		dd of=bad.gz bs=1 seek="$2" conv=notrunc 2>/dev/null
}

damaged() {
	spoil "$1" "$2"
	rm -f bad
	gives 1 "$bin/hisi-gzip" -d bad.gz && absent bad && [ -e bad.gz ]
}

truncated() {
	head -c "$1" text.gz >bad.gz
	rm -f bad
	gives 1 "$bin/hisi-gzip" -d bad.gz && absent bad
}

lists() {
	"$bin/hisi-list" | grep -q zip0
}

# Modes that the machine has, by the names that options take.
granted() {
	"$bin/hisi-list" | sed -n 's/^  mode \([A-Z]*\): yes$/\1/p' | tr '[:upper:]' '[:lower:]'
}

# Of the three, the modes that it has not.
refused() {
	printf '%s\n' sva pasid dma | grep -vxF "$(granted)"
}

by_hand() {
	local mode=$1
	shift
	"$bin/hisi-ioctls" -m "$mode" "$@" | grep "mode ${mode^^},"
}

doctor_knows() {
	"$bin/hisi-doctor" >said
	cat said
	grep "^  mode ${1^^}: $2" said
}

numbers() {
	seq 300000 >numbers
	"$bin/hisi-gzip" -c <numbers >numbers.gz && gzip -dc numbers.gz | cmp - numbers
}

no_scraps() {
	local name
	for name in * .[!.]*; do
		case " $files $* " in
		*" $name "*) ;;
		*) [ ! -e "$name" ] || echo "$name" ;;
		esac
	done >scraps
	! grep -v -e '\.gz$' -e '^log$' -e '^scraps$' -e '^replaced$' scraps
}

make_files
for file in $files; do
	check "gzip reads our $file" read_by_gzip "$file"
	check "we read gzip's $file" read_by_us "$file"
	check "$file there and back through pipes" there_and_back
done
file=text
check "polling" there_and_back --poll
check "small blocks" there_and_back -b 4K
check "members of two makers" two_members
check "files are replaced" replaces
size=$(stat -c %s text.gz)
check "damage in the data is found" damaged text.gz $((size / 2))
check "damage in the checksum is found" damaged text.gz $((size - 6))
check "damage in the size is found" damaged text.gz $((size - 2))
check "damage in the header is found" damaged text.gz 0
gzip -c text >gnu.gz
check "damage in gzip's data is found" damaged gnu.gz $((size / 2))
check "truncation is found" truncated $((size / 3))
check "truncation by a byte is found" truncated $((size - 1))
check "truncation in the header is found" truncated 5
check "a good file passes the test" gives 0 "$bin/hisi-gzip" -t text.gz
check "a bad file does not" gives 1 "$bin/hisi-gzip" -t bad.gz
check "a missing file is an error" gives 1 "$bin/hisi-gzip" -d missing.gz
check "nothing unfinished is left" no_scraps
. "$here/gzip.sh"
check "hisi-list finds the device" lists
check "hisi-doctor finds nothing to fix" gives 0 "$bin/hisi-doctor"
[ -z "$MODE" ] || check "$MODE is the only mode" [ "$(granted)" = "$MODE" ]
for mode in $(granted); do
	check "hisi-doctor tries $mode" doctor_knows "$mode" works
	check "the system calls by hand, $mode" by_hand "$mode"
	check "the same without a doorbell, $mode" by_hand "$mode" -n
	check "there and back, $mode" there_and_back --mode="$mode"
done
for mode in $(refused); do
	check "hisi-doctor knows why not $mode" doctor_knows "$mode" "no, "
	check "no work by hand, $mode" gives 1 "$bin/hisi-ioctls" -m "$mode"
	check "hisi-gzip says it cannot, $mode" gives 1 "$bin/hisi-gzip" --mode="$mode" -c text
done
# The same bytes in every machine and mode: tests/modes compares them.
check "numbers" numbers
echo "output of hisi-gzip: sha256 $(sha256sum <numbers.gz | cut -d ' ' -f 1)"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
