/* SPDX-License-Identifier: MIT */
/*
 * What the queue manager shares with user space: completion entries and
 * doorbell words. Little-endian. See spec.rst, "Rings" and "Doorbells".
 */
#ifndef HISIACC_HW_QM_H
#define HISIACC_HW_QM_H

#include <stddef.h>
#include <stdint.h>

struct hisi_qm_cqe {
	uint32_t rsvd0;
	uint16_t cmd_id;
	uint16_t rsvd1;
	uint16_t sq_head;	/* slot of the finished request */
	uint16_t sq_num;
	uint16_t rsvd2;
	uint16_t w7;		/* bit 0: phase */
};

_Static_assert(sizeof(struct hisi_qm_cqe) == 16, "CQE size");
_Static_assert(offsetof(struct hisi_qm_cqe, sq_head) == 8, "CQE sq_head");
_Static_assert(offsetof(struct hisi_qm_cqe, w7) == 14, "CQE w7");

#define HISI_QM_CQE_PHASE	1u

/* Indices in a doorbell have 16 bits, ring lengths in a context 12. */
#define HISI_QM_DEPTH_MAX	4096u

#define HISI_QM_DB_QUEUE_MASK	0xfffu
#define HISI_QM_DB_CMD_SHIFT	12
#define HISI_QM_DB_RAND_SHIFT	16
#define HISI_QM_DB_INDEX_SHIFT	32
#define HISI_QM_DB_PRIO_SHIFT	48

#define HISI_QM_DB_CMD_SQ	0u
#define HISI_QM_DB_CMD_CQ	1u

/* Priority of a CQ doorbell: arm the event. */
#define HISI_QM_DB_ARM		(UINT64_C(1) << HISI_QM_DB_PRIO_SHIFT)

/* The part of a doorbell that stays the same from one start to the next. */
static inline uint64_t hisi_qm_db_base(uint32_t queue, uint32_t cmd,
				       uint32_t rand)
{
	return (uint64_t)(queue & HISI_QM_DB_QUEUE_MASK) |
	       (uint64_t)cmd << HISI_QM_DB_CMD_SHIFT |
	       (uint64_t)(rand & 0xffffu) << HISI_QM_DB_RAND_SHIFT;
}

static inline uint64_t hisi_qm_db(uint64_t base, uint32_t index)
{
	return base | (uint64_t)index << HISI_QM_DB_INDEX_SHIFT;
}

#endif /* HISIACC_HW_QM_H */
