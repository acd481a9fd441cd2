# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Errors of requests, and those of the hardware that a device survives.

if deflates; then
	deflate damage
fi
mark
# The errors that mainline counts among those a device survives.
inject 0x118 0x8
check 'a correctable error of the queue manager is reported' \
	logged 'qm_ecc_1bit [error status=0x8] found'
if [ "$driver" = hisi_zip ]; then
	inject 0x120 0x1
	check 'a correctable error of the engine is reported' \
		logged 'zip_ecc_1bitt_err [error status=0x1] found'
fi
if [ "$driver" = hisi_zip ] && [ "$version" -eq 3 ]; then
	inject 0x120 0x1000
	check 'an engine error that needs no reset is reported' \
		logged 'zip_sva_err [error status=0x1000] found'
fi
for queue in 1 2; do
	inject 0x130 $queue
	check "an event of queue $queue is reported" \
		logged "cq overflow, stop qp($queue)"
done
before=$(interrupts)
inject 0x118 0x8
check 'an error that was cleared can come again' grown interrupts "$before"
