# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Each file that the driver has in debugfs: that it can be read and says what
# it should, and that it takes what it is said to take.

. "$here/debugfs-lib.sh"

own() { # the files of the engine
	case $driver in
	hisi_zip)
		files "$address" clear_enable {comp_core{0,1},decomp_core0}/regs \
			zip_dfx/{send_cnt,recv_cnt,send_busy_cnt,err_bd_cnt,diff_regs} ;;
	hisi_sec2)
		files "$address" clear_enable \
			sec_dfx/{regs,diff_regs,send_cnt,recv_cnt,err_bd_cnt} ;;
	hisi_hpre)
		files "$address" regs rdclr_en cluster0/{regs,cluster_ctrl} \
			hpre_dfx/{diff_regs,send_cnt,recv_cnt,overtime_thrhld} ;;
	esac
}

check 'debugfs has the files of the queue manager' files "$address" current_qm \
	qm/{current_q,clear_enable,regs,diff_regs,cmd,status} \
	qm/{err_irq,aeq_irq,abnormal_irq,create_qp_err,mb_err}
check 'debugfs has the files of the engine' own
if at_least 6.12; then
	check 'debugfs has what 6.12 added' files "$address" \
		qm/{qm_state,dev_state,dev_timeout}
fi
if at_least 7.2; then
	check 'debugfs has what 7.2 added' files "$address" cap_regs
fi
if [ "$version" -eq 3 ]; then
	check 'debugfs has the shaper of version 3' files "$address" alg_qos
fi
walk "$address"

# Contexts and rings as the device has them; 6.1 does not hide addresses.
any='[0-9A-F]{8}'
size=7
[ "$driver" != hisi_hpre ] || size=6
before="$any $any 0000" behind="3FF 00000000 $any $any $any"
loaded mainline_qp "function=$address"
queue=$(cut -d ' ' -f 1 /sys/module/mainline_qp/parameters/queues)
check 'the SQC is dumped as it was loaded' \
	dumps "$address" "sqc $queue" "SQC 00000000 $before$size$behind"
work short
check 'the SQC has the tail of what was sent' \
	dumps "$address" "sqc $queue" "SQC 0006.... $before$size$behind"
check 'the CQC has that tail, too' \
	dumps "$address" "cqc $queue" "CQC 0006.... ${before}4$behind"
check 'an SQE can be seen' dumps "$address" "sq $queue 0" "SQE( $any){$((1 << (size - 2)))}"
check 'the CQE has the phase of the first pass' \
	dumps "$address" "cq $queue 5" "CQE $any $any $(printf %04X "$queue")0005 0001...."
rmmod mainline_qp
event="$any $any 00000000 00000000 00000000"
check 'the EQC can be dumped' dumps "$address" eqc "EQC $any $event 000[01]07FF"
check 'the AEQC can be dumped' dumps "$address" aeqc "AEQC $any $event 000103FF"
check 'an EQE can be seen' dumps "$address" 'eq 0' "EQE $any"
check 'an AEQE can be seen' dumps "$address" 'aeq 0' 'AEQE 00000000'
check 'the mailbox shows as a change of the registers' \
	grep -q '^0x00000300 = ' "$debug/$address/qm/diff_regs"
check 'the queues are as many as asked for' has_queues "$address" \
	"$(cat "/sys/module/$driver/parameters/pf_q_num")"
