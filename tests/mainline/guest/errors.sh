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
case $driver in
hisi_zip) one=0x1 named=zip_ecc_1bitt_err soft=0x1000 called=zip_sva_err ;;
hisi_sec2) one=0x8 named=sec_ecc_1bit_err_rint soft=0x40000 called=sec_sva_err ;;
hisi_hpre) one=0x1 named=core_ecc_1bit_err_int_set soft=0x1000000 called=sva_int_set ;;
esac
inject 0x120 "$one"
check 'a correctable error of the engine is reported' \
	logged "$named [error status=$one] found"
if [ "$version" -eq 3 ]; then
	inject 0x120 "$soft"
	check 'an engine error that needs no reset is reported' \
		logged "$called [error status=$soft] found"
fi
for queue in 1 2; do
	inject 0x130 $queue
	check "an event of queue $queue is reported" \
		logged "cq overflow, stop qp($queue)"
done
before=$(interrupts)
inject 0x118 0x8
check 'an error that was cleared can come again' grown interrupts "$before"
