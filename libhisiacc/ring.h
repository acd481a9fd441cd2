/* SPDX-License-Identifier: MIT */
/*
 * The path that requests and completions take: slots of the submission ring,
 * entries of the completion ring, doorbells. All barriers and MMIO stores of
 * the library are here. No allocation, no lock; a system call only where no
 * doorbell is mapped. See spec.rst, "Rings" and "Doorbells".
 */
#ifndef HISIACC_RING_H
#define HISIACC_RING_H

#include "internal.h"

#if defined(__x86_64__)
#define HISIACC_CAN_MAP_DOORBELL 1

static inline void hisiacc_cpu_relax(void)
{
	__builtin_ia32_pause();
}

/* Loads are not reordered on this architecture. */
static inline void hisiacc_from_device(void)
{
	__asm__ volatile("" ::: "memory");
}

/*
 * Makes the entries of the submission ring visible, then stores 64 bits at
 * once. Stores to uncached memory do not pass earlier stores on this
 * architecture, so that only the compiler has to be held back.
 */
static inline void hisiacc_mmio_store64(volatile uint64_t *reg, uint64_t value)
{
	__asm__ volatile("movq %1, %0" : "=m"(*reg) : "r"(value) : "memory");
}
#elif defined(__aarch64__)
#define HISIACC_CAN_MAP_DOORBELL 1

static inline void hisiacc_cpu_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

/* For the order of loads, too, the device is in the outer shareable domain. */
static inline void hisiacc_from_device(void)
{
	__asm__ volatile("dmb oshld" ::: "memory");
}

/*
 * The device is an observer in the outer shareable domain: earlier stores to
 * the ring (and loads from it, before its entries are given back) are ordered
 * before the doorbell for it.
 */
static inline void hisiacc_mmio_store64(volatile uint64_t *reg, uint64_t value)
{
	__asm__ volatile("dmb osh\n\tstr %x1, %0"
			 : "=Qo"(*reg) : "r"(htole64(value)) : "memory");
}
#else
/* No 64-bit store that is known to stay one: ring by system call. */
#define HISIACC_CAN_MAP_DOORBELL 0

static inline void hisiacc_cpu_relax(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline void hisiacc_from_device(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void hisiacc_mmio_store64(volatile uint64_t *reg, uint64_t value)
{
	(void)reg;
	(void)value;
	__builtin_trap();
}
#endif

/* Slots that are prepared or in flight, or free without the device knowing. */
static inline uint32_t hisiacc_ring_used(const struct hisiacc_queue *queue)
{
	return ((queue->tail - queue->acked) & queue->mask) +
	       queue->saved_count;
}

/* Gives completion entries back. @arm: HISI_QM_DB_ARM or 0. */
static inline int hisiacc_ring_ack(struct hisiacc_queue *queue, uint64_t arm)
{
	int err = 0;

	if (likely(queue->db))
		hisiacc_mmio_store64(queue->db,
				     hisi_qm_db(queue->db_cq, queue->head) |
				     arm);
	else
		err = hisiacc_queue_doorbell(queue, HISI_ACC_DOORBELL_CQ |
					     (arm ? HISI_ACC_DOORBELL_ARM : 0),
					     queue->head);
	if (likely(!err)) {
		queue->acked = queue->head;
		queue->cq_doorbells++;
	}
	return err;
}

/*
 * The next free slot, or NULL. A slot counts as free once the device knows
 * that its completion entry is, too: so the completion ring never overflows.
 */
static inline void *hisiacc_ring_get(struct hisiacc_queue *queue)
{
	if (unlikely(hisiacc_ring_used(queue) >= queue->mask) &&
	    (queue->acked == queue->head || hisiacc_ring_ack(queue, 0)))
		return NULL;
	return queue->sq + (size_t)queue->tail * queue->sqe_size;
}

/* Counts the slot that hisiacc_ring_get() gave as prepared. */
static inline void hisiacc_ring_push(struct hisiacc_queue *queue)
{
	queue->tail = (queue->tail + 1) & queue->mask;
}

/* Publishes what is prepared: one doorbell. Count, or a negative errno. */
static inline int hisiacc_ring_submit(struct hisiacc_queue *queue)
{
	uint32_t n = (queue->tail - queue->published) & queue->mask;
	int err = hisiacc_queue_check(queue);

	if (unlikely(err))
		return err;
	if (unlikely(!n))
		return 0;
	if (likely(queue->db)) {
		hisiacc_mmio_store64(queue->db,
				     hisi_qm_db(queue->db_sq, queue->tail));
	} else {
		err = hisiacc_queue_doorbell(queue, 0, queue->tail);
		if (unlikely(err))
			return err;
	}
	queue->published = queue->tail;
	queue->submitted += n;
	queue->sq_doorbells++;
	return (int)n;
}

/* Is the entry at head a completion? What is behind its phase is not read yet. */
static inline bool hisiacc_ring_ready(const struct hisiacc_queue *queue)
{
	uint16_t w7;

	if (queue->head == queue->published)
		return false;
	w7 = le16toh(__atomic_load_n(&queue->cq[queue->head].w7,
				     __ATOMIC_RELAXED));
	return (w7 & HISI_QM_CQE_PHASE) == queue->phase;
}

/*
 * Takes the completion at head, after hisiacc_ring_ready(). False, and a
 * broken queue, if the device does not mean the oldest request by it.
 */
static inline bool hisiacc_ring_pop(struct hisiacc_queue *queue,
				    struct hisiacc_completion *out)
{
	uint32_t slot = queue->head;
	const void *sqe = queue->sq + (size_t)slot * queue->sqe_size;
	uint16_t sq_head;

	/*
	 * The partner of the device's order of writes: data, request, entry,
	 * phase. What is read from here on is at least as new as the phase.
	 */
	hisiacc_from_device();
	sq_head = le16toh(__atomic_load_n(&queue->cq[slot].sq_head,
					  __ATOMIC_RELAXED));
	if (unlikely(sq_head != slot ||
		     !hisiacc_zip_decode(queue->zip, sqe, &queue->slots[slot],
					 slot, out))) {
		queue->broken = true;
		return false;
	}
	if (unlikely(queue->special))
		hisiacc_queue_special(queue, sqe);
	queue->head = (slot + 1) & queue->mask;
	queue->phase ^= !queue->head;
	return true;
}

/*
 * Takes up to @count completions; rings for half a ring's worth of them. A call
 * of it would cost a small batch more than its code costs the caches.
 */
static inline __attribute__((always_inline)) unsigned int
hisiacc_ring_peek(struct hisiacc_queue *queue, struct hisiacc_completion *out,
		  unsigned int count)
{
	unsigned int n = 0;

	while (n < count && hisiacc_ring_ready(queue) &&
	       hisiacc_ring_pop(queue, &out[n]))
		n++;
	queue->completed += n;
	if (((queue->head - queue->acked) & queue->mask) > queue->mask / 2)
		(void)hisiacc_ring_ack(queue, 0);
	return n;
}

#endif /* HISIACC_RING_H */
