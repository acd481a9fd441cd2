// SPDX-License-Identifier: MIT
/*
 * The system calls by hand, without the library: compresses a sentence and
 * says what each step gave. A program that wants work done uses libhisiacc.
 *
 * usage: ioctls [-n] [DEVICE]	(-n: map no doorbell, ring by system call)
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

#include "ioctls_zip.h"
#include "hisi_acc.h"

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

int main(int argc, char **argv)
{
	static const char text[] = "It was the best of times, it was the worst "
		"of times, it was the age of wisdom, it was the age of "
		"foolishness, it was the epoch of belief";
	int no_map = argc > 1 && !strcmp(argv[1], "-n");
	const char *name = argc > 1 + no_map ? argv[1 + no_map] :
			   "/dev/hisi_acc/zip0";
	struct hisi_acc_query query = { .argsz = sizeof(query) };
	struct hisi_acc_queue_alloc queue = {
		.argsz = sizeof(queue),
		.flags = no_map ? HISI_ACC_QUEUE_NO_DB_MAP : 0,
		.modes = HISI_ACC_MODE_DMA,
		.type = 0,	/* compress */
		.depth = 64,
		.event_fd = -1,
	};
	struct hisi_acc_mem_pin pin = {
		.argsz = sizeof(pin),
		.modes = HISI_ACC_MODE_DMA,
	};
	const struct hisi_acc_queue_status *status;
	volatile uint64_t *doorbell = NULL;
	volatile uint16_t *cqe;
	uint32_t *sqe;
	uint8_t *memory;
	int fd;

	fd = open(name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail(name, errno == EACCES ?
		     "the device node's group may use it" :
		     "the device is missing, or the module is not loaded");
	printf("open: %s is a context now, nothing scarce is taken\n", name);

	if (ioctl(fd, HISI_ACC_QUERY, &query))
		fail("HISI_ACC_QUERY", "this is no hisi_acc device");
	printf("HISI_ACC_QUERY: engine %u, hardware version %u, modes 0x%x, "
	       "%u queues, SQE of %u bytes\n", query.out_engine,
	       query.out_hw_version, query.out_modes, query.out_queues,
	       query.out_sqe_size);
	if (query.out_engine != HISI_ACC_ENGINE_ZIP ||
	    query.out_sqe_size != ZIP_SQE_SIZE || query.out_cqe_size != 16) {
		errno = ENODEV;
		fail("HISI_ACC_QUERY", "this example knows the ZIP engine only");
	}

	if (ioctl(fd, HISI_ACC_QUEUE_ALLOC, &queue))
		fail("HISI_ACC_QUEUE_ALLOC", errno == EOPNOTSUPP ?
		     "hisi-list tells why there is no memory mode" :
		     errno == EBUSY ? "another process has the device" :
		     "see uapi/hisi_acc.h for the meaning of this error");
	printf("HISI_ACC_QUEUE_ALLOC: handle %u, mode 0x%x, depth %u\n",
	       queue.out_handle, queue.out_mode, queue.out_depth);

	sqe = map(fd, "submission ring", queue.out_sq_key, queue.out_sq_size,
		  PROT_READ | PROT_WRITE);
	cqe = map(fd, "completion ring", queue.out_cq_key, queue.out_cq_size,
		  PROT_READ | PROT_WRITE);
	status = (void *)((char *)map(fd, "status page", query.out_status_key,
				      query.out_status_size, PROT_READ) +
			  queue.out_status_offset);
	if (queue.out_db_size)
		doorbell = (void *)((char *)map(fd, "doorbell",
				queue.out_db_key, queue.out_db_size,
				PROT_READ | PROT_WRITE) + queue.out_db_offset);

	/* One page: the text at its start, the result in its second half. */
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		fail("mmap", "no memory");
	pin.addr = (uintptr_t)memory;
	pin.size = 4096;
	if (ioctl(fd, HISI_ACC_MEM_PIN, &pin))
		fail("HISI_ACC_MEM_PIN", "ENOMEM stands for ulimit -l, too");
	printf("HISI_ACC_MEM_PIN: handle %u, the device sees it at 0x%llx\n",
	       pin.out_handle, (unsigned long long)pin.out_iova);

	memcpy(memory, text, sizeof(text));
	zip_header(memory + 2048);
	zip_sqe(sqe, query.out_hw_version, pin.out_iova, sizeof(text),
		pin.out_iova + 2048, 2048);
	printf("SQE: %zu bytes of text to be compressed\n", sizeof(text));

	ring_doorbell(fd, &queue, doorbell, 0, 1);
	wait_for_event(fd);
	if ((__atomic_load_n(&cqe[7], __ATOMIC_ACQUIRE) & 1) != 1) {
		errno = EIO;
		fail("CQE", "an event came, and no completion");
	}
	printf("CQE: request %u of queue %u is done; the queue's status page "
	       "counts %u events\n", cqe[4], cqe[5], status->events);
	ring_doorbell(fd, &queue, doorbell, HISI_ACC_DOORBELL_CQ, 1);

	if (zip_result(sqe, (const uint8_t *)text, sizeof(text),
		       memory + 2048)) {
		errno = EIO;
		fail("SQE", "see the status codes in spec.rst");
	}
	close(fd);
	printf("close: queue and memory are given back\n");
	return 0;
}
