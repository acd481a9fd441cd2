/* SPDX-License-Identifier: GPL-2.0 */
/* Memory of a test, and the device as its reader and writer. */
#ifndef TESTS_UAPI_ACCESS_H
#define TESTS_UAPI_ACCESS_H

#include "device.h"
#include "rawqueue.h"


void *map(size_t size, int prot, int flags, int fd);
void *map_anonymous(size_t size);
int temporary_file(size_t size);

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
bool is_text(const void *data, size_t size, uint32_t seed);

#endif /* TESTS_UAPI_ACCESS_H */
