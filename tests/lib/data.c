// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "data.h"

#define HEADER 2

uint32_t next_random(uint32_t *state)
{
	uint32_t x = *state ? *state : 0x9e3779b9;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

void fill_noise(void *data, size_t size, uint32_t seed)
{
	uint8_t *bytes = data;

	seed = seed * 2654435761u + 1;
	while (size--)
		*bytes++ = next_random(&seed) >> 11;
}

bool is_filled(const volatile void *data, size_t size, uint8_t value)
{
	const volatile uint8_t *bytes = data;

	while (size--)
		if (*bytes++ != value)
			return false;
	return true;
}

void fill_text(void *data, size_t size, uint32_t seed)
{
	static const char *const words[] = {
		"queue ", "doorbell ", "ring ", "head ", "tail ", "phase\n",
		"completion ", "submission ", "handle ", "mapping ", "the ",
		"a ", "of ", "pinned ", "page ", "device.\n",
	};
	char *bytes = data;

	seed = seed * 2654435761u + 1;
	while (size) {
		const char *word = words[next_random(&seed) >> 7 & 15];

		while (size && *word) {
			*bytes++ = *word++;
			size--;
		}
	}
}

size_t zlib_room(size_t size)
{
	return compressBound(size) + size / 8 + 64;
}

size_t zlib_make(void *payload, size_t room, const void *data, size_t size)
{
	uLongf made = compressBound(size);
	Bytef *whole = malloc(made);

	if (!whole || compress2(whole, &made, data, size, 6) != Z_OK ||
	    made - HEADER > room) {
		free(whole);
		return 0;
	}
	memcpy(payload, whole + HEADER, made - HEADER);
	free(whole);
	return made - HEADER;
}

size_t zlib_restore(void *data, size_t size, const void *payload,
		    size_t payload_size)
{
	Bytef *whole = malloc(payload_size + HEADER);
	uLongf made = size;
	int ret = Z_MEM_ERROR;

	if (whole) {
		memcpy(whole, "\x78\x9c", HEADER);
		memcpy(whole + HEADER, payload, payload_size);
		ret = uncompress(data, &made, whole, payload_size + HEADER);
	}
	free(whole);
	return ret == Z_OK ? made : size + 1;
}

bool zlib_is(const void *payload, size_t payload_size, const void *data,
	     size_t size)
{
	Bytef *plain = malloc(size + 1);
	bool same;

	same = plain &&
	       zlib_restore(plain, size + 1, payload, payload_size) == size &&
	       !memcmp(plain, data, size);
	free(plain);
	return same;
}
