# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Data of many sizes through the driver, compared with the kernel's zlib. From
# engines without algorithms all that is wanted is completions.

requests=$(completed)
if deflates; then
	deflate bulk
	check 'deflate was done by the model' grown completed $((requests + 1024))
fi
requests=$(completed) messages=$(interrupts)
pairs bulk
check 'requests were done by the model' grown completed "$requests"
check 'requests completed by interrupt' grown interrupts "$messages"
check 'no memory access failed' is faults 0
check 'data left no error in the log' not errors
