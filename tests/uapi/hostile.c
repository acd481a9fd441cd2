// SPDX-License-Identifier: GPL-2.0
/*
 * In DMA mode whoever has the function can aim it at all that is mapped for it,
 * the rings among them that the kernel reads. That harms nobody, and nobody who
 * comes later finds a trace of it.
 */
#include <poll.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "fixture.h"
#include "monitor.h"
#include "state.h"
#include "test.h"

#define EVENT_MS	3000

/* The event rings of the kernel: EQ, and the AEQ behind it. */
#define EQ_SIZE		8192
#define AEQ_SIZE	4096
#define WORDS		1024
#define PHASE		0x10000u

/* Valid in each ring, of queues that there are not: those that have failed. */
#define HOSTILE(i)	(2u << 17 | PHASE | (QUEUES + (i)))
#define QUEUES		1024
#define AEQE_CQE_ERROR	2

/* Device addresses are given out from the top of 32 bits downwards. */
#define TOP		(1ull << 32)
#define PAGES		1024

static bool read_words(struct device_access *a, uint64_t iova, uint32_t *words)
{
	const size_t size = WORDS * sizeof(*words);
	uint32_t sqe[SQE_WORDS];

	raw_queue_run(&a->compress, iova, size, a->spare.iova, a->spare.size, sqe);
	return zip_succeeded(sqe) &&
	       zlib_restore(words, size, a->spare.data, zip_produced(sqe)) == size;
}

/* One event of each queue, and nothing else. */
static bool is_eq(const struct device_access *a, const uint32_t *words)
{
	return words[0] == (PHASE | a->compress.arg.out_queue) &&
	       words[1] == (PHASE | a->decompress.arg.out_queue) &&
	       is_filled(words + 2, (WORDS - 2) * sizeof(*words), 0);
}

/* 0 if it is not found. */
static uint64_t find_eq(struct device_access *a)
{
	uint32_t words[WORDS];
	uint64_t iova;
	int i;

	for (i = 1; i <= PAGES; i++) {
		iova = TOP - i * PAGE;
		if (read_words(a, iova, words) && is_eq(a, words))
			return iova;
	}
	return 0;
}

static void overwrite(struct device_access *a, uint64_t iova)
{
	static uint32_t words[(EQ_SIZE + AEQ_SIZE) / sizeof(uint32_t)];
	uint32_t sqe[SQE_WORDS];
	size_t i, made;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = HOSTILE(i % QUEUES);
	made = zlib_make(a->spare.data, a->spare.size, words, sizeof(words));
	raw_queue_run(&a->decompress, a->spare.iova, made, iova, sizeof(words),
		      sqe);
	ck_assert(zip_succeeded(sqe));
}

static int find_a_clean_function(void *unused)
{
	struct work w;

	(void)unused;
	work_init(&w, device_open(), QUEUE_COMPRESS, 1000);
	work_submit(&w, 1);
	child_check(poll_for(w.q.fd, EVENT_MS) == POLLIN);
	child_check(work_wait(&w, EVENT_MS));
	return 0;
}

START_TEST(owner_that_writes_to_event_rings_harms_nobody)
{
	struct device_access a;
	uint64_t eq;
	int i;

	only_in_modes(HISI_ACC_MODE_DMA);
	if (!monitor_is_there())
		skip("the model has no monitor");
	fixture_expect_guest_errors();
	access_init(&a, EQ_SIZE + AEQ_SIZE);
	/* the event of each queue */
	device_reads(&a, a.spare.iova, 100);
	ck_assert(wait_until(a.compress.queue_status->events == 1, EVENT_MS));
	device_writes(&a, a.spare.iova + PAGE, 100, 1);
	ck_assert(wait_until(a.decompress.queue_status->events == 1, EVENT_MS));
	eq = find_eq(&a);
	ck_assert_msg(eq, "the ring is not where it was looked for");

	overwrite(&a, eq);
	for (i = 0; i < 3; i++) {
		raw_queue_ring_cq(&a.compress, true);
		device_reads(&a, a.spare.iova, 100);
		monitor_raise_event(AEQE_CQE_ERROR, 900);
		sleep_ms(20);
	}
	ck_assert_int_eq(device_attribute("queues_free"),
			 device_attribute("queues") - 2);
	raw_queue_fini(&a.compress);
	raw_queue_fini(&a.decompress);
	close(a.fd);
	ck_assert_int_eq(child_run(find_a_clean_function, NULL), 0);
}
END_TEST

static void add(void)
{
	test_add(owner_that_writes_to_event_rings_harms_nobody);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
