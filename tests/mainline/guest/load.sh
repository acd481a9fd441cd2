# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The first probe.

before=$(mailboxes) requests=$(completed) messages=$(interrupts)
check 'uacce loads' insmod /host/out/uacce.ko
check 'hisi_qm loads' insmod /host/out/hisi_qm.ko
check "$driver loads" load
probed 'first probe'
check 'the model was sent mailbox commands' grown mailboxes "$before"
if deflates; then
	check 'the self-test was done by the model' grown completed "$requests"
	check 'completions came by interrupt' grown interrupts "$messages"
fi
