/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device model's companion on the PCI bus: what the model counted, and
 * faults to be injected (tests/qemu/spec.rst).
 */
#ifndef TESTS_LIB_MONITOR_H
#define TESTS_LIB_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

enum monitor_counter {
	MONITOR_COMPLETED,		/* requests */
	MONITOR_SQ_DOORBELLS,
	MONITOR_CQ_DOORBELLS,
	MONITOR_INTERRUPTS,
	MONITOR_DMA_FAULTS,
	MONITOR_GUEST_ERRORS,		/* the driver or a process broke a rule */
	MONITOR_INFLIGHT,		/* requests, at this moment */
	MONITOR_EQ_DOORBELLS,
	MONITOR_DROPPED_DOORBELLS,
	MONITOR_MAILBOXES,
	MONITOR_RESETS,
	MONITOR_MMIO_WRITES,
	MONITOR_MMIO_READS,
	/* of shared virtual addressing, in a place of their own */
	MONITOR_PAGE_REQUESTS = 63,
	MONITOR_GOOD_RESPONSES,
	MONITOR_BAD_RESPONSES,
	MONITOR_LATE_RESPONSES,
	MONITOR_RESPONSE_TIMEOUTS,
	MONITOR_OUTSTANDING_REQUESTS,	/* at this moment */
	MONITOR_ATC_HITS,
	MONITOR_ATC_MISSES,
	MONITOR_ATC_INVALIDATIONS,
	MONITOR_UNTRANSLATED,
};

/* Whether there is one; needs root. All others end the test without one. */
bool monitor_is_there(void);
/* Where its registers are mapped. */
volatile void *monitor_registers(void);
uint64_t monitor_count(enum monitor_counter counter);

/* Each request completes this much after it was fetched. */
void monitor_set_delay(uint32_t us);
uint32_t monitor_delay(void);
/* The next @count requests never complete; 0 lets all go on. */
void monitor_hang(uint32_t count);
/* The next @count requests complete with this status. */
void monitor_force_status(uint32_t count, uint8_t status);
/* The next @count mailbox commands fail, or never finish. 0 ends it. */
void monitor_fail_mailboxes(uint16_t count);
void monitor_stick_mailboxes(uint16_t count);
/* Error bits of the queue manager, or of the engine, appear. */
void monitor_raise_qm_error(uint32_t bits);
void monitor_raise_engine_error(uint32_t bits);
/* The device reports an asynchronous event about this queue number. */
void monitor_raise_event(unsigned int type, unsigned int queue);
/* Takes back all that was injected; the delay gets @delay_us. */
void monitor_clear(uint32_t delay_us);

#endif /* TESTS_LIB_MONITOR_H */
