# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# As many virtual functions as there may be, and numbers that do not divide
# the queues evenly.

. "$here/vf-lib.sh"

for many in 7 63; do
	enabled $many
	pairs short "$(vf 1)"
	pairs short "$(vf $many)"
	check "$many virtual functions left no error in the log" not errors
	disabled
done
