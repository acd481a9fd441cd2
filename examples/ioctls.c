// SPDX-License-Identifier: MIT
/*
 * The system calls by hand, without the library: compresses a sentence and
 * says what each step gave. A program that wants work done uses libhisiacc.
 *
 * usage: hisi-ioctls [-n] [-m MODE[,MODE]...] [DEVICE]
 *	-n	map no doorbell, ring by system call
 *	-m	memory modes to take, of sva, pasid and dma; the best one is granted
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hisi_acc.h"
#include "ioctls_zip.h"
#include "modes.h"

#define MEMORY_SIZE	4096	/* text at its start, result in its second half */

static void fail(const char *what, const char *hint)
{
	printf("%s: %s\nHint: %s.\n", what, strerror(errno), hint);
	exit(1);
}

static void *map(int fd, const char *what, uint64_t key, uint64_t size,
		 int prot)
{
	void *addr = mmap(NULL, size, prot, MAP_SHARED, fd, (off_t)key);

	if (addr == MAP_FAILED)
		fail(what, "key and size must be the ones that the kernel gave");
	printf("mmap: %s, %llu bytes\n", what, (unsigned long long)size);
	return addr;
}

/* Tells the device: the submission ring's tail, or the completion ring's head. */
static void ring_doorbell(int fd, const struct hisi_acc_queue_alloc *queue,
			  volatile uint64_t *doorbell, uint32_t flags,
			  uint32_t index)
{
	struct hisi_acc_queue_doorbell arg = {
		.argsz = sizeof(arg),
		.flags = flags,
		.handle = queue->out_handle,
		.index = index,
	};

	if (doorbell) {
		doorbell_store(doorbell, doorbell_word(queue->out_queue,
				flags & HISI_ACC_DOORBELL_CQ ? 1 : 0,
				queue->out_db_rand, index));
		printf("doorbell: a store, index %u\n", index);
		return;
	}
	if (ioctl(fd, HISI_ACC_QUEUE_DOORBELL, &arg))
		fail("HISI_ACC_QUEUE_DOORBELL", "the queue must be running");
	printf("doorbell: HISI_ACC_QUEUE_DOORBELL, index %u\n", index);
}

static void wait_for_event(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct hisi_acc_event event;
	int n = poll(&pfd, 1, 10000);

	if (n <= 0 || !(pfd.revents & POLLIN)) {
		errno = n ? EIO : ETIMEDOUT;
		fail("poll", "the device does not answer, see the kernel's log");
	}
	if (read(fd, &event, sizeof(event)) != sizeof(event))
		fail("read", "events come whole, the buffer must hold one");
	printf("poll, read: queue %u has event flags 0x%x\n", event.handle,
	       event.flags);
}

static const char text[] = "It was the best of times, it was the worst "
	"of times, it was the age of wisdom, it was the age of "
	"foolishness, it was the epoch of belief";

static const char *mode_name(uint32_t mode)
{
	switch (mode) {
	case HISI_ACC_MODE_SVA:
		return "SVA";
	case HISI_ACC_MODE_PASID:
		return "PASID";
	case HISI_ACC_MODE_DMA:
		return "DMA";
	default:
		return "?";
	}
}

static int open_device(const char *name)
{
	int fd = open(name, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail(name, errno == EACCES ?
		     "the device node's group may use it" :
		     "the device is missing, or the module is not loaded");
	printf("open: %s is a context now, nothing scarce is taken\n", name);
	return fd;
}

static void ask(int fd, struct hisi_acc_query *query)
{
	if (ioctl(fd, HISI_ACC_QUERY, query))
		fail("HISI_ACC_QUERY", "this is no hisi_acc device");
	printf("HISI_ACC_QUERY: engine %u, hardware version %u, modes 0x%x, "
	       "%u queues, SQE of %u bytes\n", query->out_engine,
	       query->out_hw_version, query->out_modes, query->out_queues,
	       query->out_sqe_size);
	printf("HISI_ACC_QUERY: reasons against SVA %u, PASID %u, DMA %u "
	       "(0 is none; hisi-list has words for them)\n",
	       query->out_sva_reason, query->out_pasid_reason,
	       query->out_dma_reason);
	if (query->out_engine != HISI_ACC_ENGINE_ZIP ||
	    query->out_sqe_size != ZIP_SQE_SIZE || query->out_cqe_size != 16) {
		errno = ENODEV;
		fail("HISI_ACC_QUERY", "this example knows the ZIP engine only");
	}
}

static void take_queue(int fd, struct hisi_acc_queue_alloc *queue)
{
	if (ioctl(fd, HISI_ACC_QUEUE_ALLOC, queue))
		fail("HISI_ACC_QUEUE_ALLOC", errno == EOPNOTSUPP ?
		     "hisi-list tells why there is no such memory mode" :
		     errno == EBUSY ? "another process has the device" :
		     "see uapi/hisi_acc.h for the meaning of this error");
	printf("HISI_ACC_QUEUE_ALLOC: handle %u, mode %s, reason %u against a "
	       "better one, PASID %u, depth %u\n", queue->out_handle,
	       mode_name(queue->out_mode), queue->out_reason, queue->out_pasid,
	       queue->out_depth);
}

/* Memory, and where the device sees it. */
static uint8_t *take_memory(int fd, uint32_t mode, uint64_t *iova)
{
	struct hisi_acc_mem_pin pin = {
		.argsz = sizeof(pin),
		.modes = mode,
		.size = MEMORY_SIZE,
	};
	uint8_t *memory = aligned_alloc(MEMORY_SIZE, MEMORY_SIZE);

	if (!memory)
		fail("aligned_alloc", "no memory");
	*iova = (uintptr_t)memory;
	if (mode == HISI_ACC_MODE_SVA) {
		printf("memory: the device takes any pointer, nothing has to be "
		       "pinned\n");
		return memory;
	}
	pin.addr = *iova;
	if (ioctl(fd, HISI_ACC_MEM_PIN, &pin))
		fail("HISI_ACC_MEM_PIN", "ENOMEM stands for ulimit -l, too");
	*iova = pin.out_iova;
	printf("HISI_ACC_MEM_PIN: handle %u, the device sees %p at 0x%llx\n",
	       pin.out_handle, (void *)memory,
	       (unsigned long long)pin.out_iova);
	return memory;
}

/* The rings, the doorbell if there is one to be mapped, and a page of states. */
struct mappings {
	uint32_t *sqe;
	volatile uint16_t *cqe;
	volatile uint64_t *doorbell;
	const struct hisi_acc_queue_status *status;
};

static struct mappings map_all(int fd, const struct hisi_acc_query *query,
			       const struct hisi_acc_queue_alloc *queue)
{
	int prot = PROT_READ | PROT_WRITE;
	struct mappings m = { .doorbell = NULL };

	m.sqe = map(fd, "submission ring", queue->out_sq_key,
		    queue->out_sq_size, prot);
	m.cqe = map(fd, "completion ring", queue->out_cq_key,
		    queue->out_cq_size, prot);
	m.status = (void *)((char *)map(fd, "status page",
					query->out_status_key,
					query->out_status_size, PROT_READ) +
			    queue->out_status_offset);
	if (queue->out_db_size)
		m.doorbell = (void *)((char *)map(fd, "doorbell",
						  queue->out_db_key,
						  queue->out_db_size, prot) +
				      queue->out_db_offset);
	return m;
}

static void compress(int fd, const struct hisi_acc_query *query,
		     const struct hisi_acc_queue_alloc *queue)
{
	struct mappings m = map_all(fd, query, queue);
	uint64_t iova;
	uint8_t *memory = take_memory(fd, queue->out_mode, &iova);

	memcpy(memory, text, sizeof(text));
	zip_header(memory + MEMORY_SIZE / 2);
	zip_sqe(m.sqe, query->out_hw_version, iova, sizeof(text),
		iova + MEMORY_SIZE / 2, MEMORY_SIZE / 2);
	printf("SQE: %zu bytes of text to be compressed\n", sizeof(text));

	ring_doorbell(fd, queue, m.doorbell, 0, 1);
	wait_for_event(fd);
	if ((__atomic_load_n(&m.cqe[7], __ATOMIC_ACQUIRE) & 1) != 1) {
		errno = EIO;
		fail("CQE", "an event came, and no completion");
	}
	printf("CQE: request %u of queue %u is done; the queue's status page "
	       "counts %u events\n", m.cqe[4], m.cqe[5], m.status->events);
	ring_doorbell(fd, queue, m.doorbell, HISI_ACC_DOORBELL_CQ, 1);

	if (zip_result(m.sqe, (const uint8_t *)text, sizeof(text),
		       memory + MEMORY_SIZE / 2)) {
		errno = EIO;
		fail("SQE", "see the status codes in spec.rst");
	}
	free(memory);	/* nothing of the queue is in flight any more */
}

int main(int argc, char **argv)
{
	struct hisi_acc_query query = { .argsz = sizeof(query) };
	struct hisi_acc_queue_alloc queue = {
		.argsz = sizeof(queue),
		.modes = HISI_ACC_MODE_SVA | HISI_ACC_MODE_PASID |
			 HISI_ACC_MODE_DMA,
		.type = 0,	/* compress */
		.depth = 64,
		.event_fd = -1,
	};
	int c, fd;

	while ((c = getopt(argc, argv, "nm:")) != -1) {
		if (c == 'n')
			queue.flags = HISI_ACC_QUEUE_NO_DB_MAP;
		else if (c == 'm')
			queue.modes = modes_parse(optarg);
		if (c == '?' || !queue.modes) {
			fprintf(stderr, "usage: hisi-ioctls [-n] [-m MODE[,MODE]"
				"...] [DEVICE]\nMODE: sva, pasid or dma\n");
			return 1;
		}
	}
	fd = open_device(optind < argc ? argv[optind] : "/dev/hisi_acc/zip0");
	ask(fd, &query);
	take_queue(fd, &queue);
	compress(fd, &query, &queue);
	close(fd);
	printf("close: queue and memory are given back\n");
	return 0;
}
