# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The end, and what the model made of it all.

check "$driver unloads at last" rmmod "$driver"
check 'unloaded: deflate is gone' [ -z "$(entry)" ]
check 'hisi_qm unloads' rmmod hisi_qm
check 'uacce unloads' rmmod uacce
check 'the model counted no mistake of the driver' is mistakes 0
# hisi_qm may acknowledge completions of a queue that was just stopped: once in
# many runs.
check 'the model dropped hardly a doorbell' not grown dropped 2
