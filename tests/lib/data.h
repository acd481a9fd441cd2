/* SPDX-License-Identifier: GPL-2.0 */
/* Data for requests, and zlib as the judge of what the device made of it. */
#ifndef TESTS_LIB_DATA_H
#define TESTS_LIB_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The same for the same seed; text compresses, noise does not. */
void fill_text(void *data, size_t size, uint32_t seed);
void fill_noise(void *data, size_t size, uint32_t seed);
/* Whether all bytes have this value. (Check's asserts are slow in a loop.) */
bool is_filled(const volatile void *data, size_t size, uint8_t value);
uint32_t next_random(uint32_t *state);

/* Bytes a zlib stream of @size bytes of any data may need. */
size_t zlib_room(size_t size);
/*
 * The device takes and gives zlib streams without their two-byte header: these
 * make one from @data, and tell whether one is @data.
 */
size_t zlib_make(void *payload, size_t room, const void *data, size_t size);
/* What a stream holds, into @data: bytes, or more than @size if it is bad. */
size_t zlib_restore(void *data, size_t size, const void *payload,
		    size_t payload_size);
bool zlib_is(const void *payload, size_t payload_size, const void *data,
	     size_t size);

#endif /* TESTS_LIB_DATA_H */
