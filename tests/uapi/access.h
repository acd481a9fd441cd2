/* SPDX-License-Identifier: GPL-2.0 */
/* Memory of a test, and the device as its reader and writer. */
#ifndef TESTS_UAPI_ACCESS_H
#define TESTS_UAPI_ACCESS_H

#include "device.h"
#include "process.h"
#include "rawqueue.h"

/* What a huge page of these tests has. */
#define HUGE	(2u << 20)

void *map(size_t size, int prot, int flags, int fd);
void *map_anonymous(size_t size);
/* So many times HUGE, aligned like that; in small pages until advised else. */
void *map_huge(size_t count);
int temporary_file(size_t size);
/* Pages of the range that the process has, 1024 at most. */
int count_present(const void *data, size_t pages);
/* Registers memory that the device reaches at its own address. */
uint32_t pin(int fd, void *data, size_t size);

/* The device as a reader and a writer of memory that a test has pinned. */
struct device_access {
	int fd;
	struct raw_queue compress, decompress;
	struct pinned spare;
};

void access_init(struct device_access *a, size_t size);
/* Whether the device sees these bytes at that address. */
bool device_sees(struct device_access *a, uint64_t iova, const void *data,
		 size_t size);
/* Lets the device write text there; false if it reports an error. */
bool device_writes(struct device_access *a, uint64_t iova, size_t size,
		   uint32_t seed);
/* The same access without a look at what it read. */
bool device_reads(struct device_access *a, uint64_t iova, size_t size);
bool is_text(const void *data, size_t size, uint32_t seed);

/*
 * In SVA mode, the life of a child whose requests meet nothing but pages that
 * are not there. @ready: a struct gate, opened when it begins, or NULL.
 */
int fault_until_killed(void *ready);

/* A parent and its child, with memory of their own at one address. */
struct pair {
	uint8_t *data;
	struct gate ready, go;
};

/* In modes with a PASID: what the device does for one the other never sees. */
void expect_processes_do_not_meet(void);

#endif /* TESTS_UAPI_ACCESS_H */
