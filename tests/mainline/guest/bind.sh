# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Unbind and bind, unload and load.

check 'unbind' unbind "$address"
check 'unbound: no driver' not bound
check 'unbound: deflate is gone' [ -z "$(entry)" ]
requests=$(completed)
check 'bind' bind "$address"
probed 'bound again'
! deflates ||
	check 'bound again: the model did the self-test' grown completed "$requests"
check "$driver unloads" rmmod "$driver"
check 'unloaded: deflate is gone' [ -z "$(entry)" ]
requests=$(completed)
check "$driver loads again" load
probed 'second probe'
if deflates; then
	check 'second probe: the model did the self-test' grown completed "$requests"
	deflate short
fi
