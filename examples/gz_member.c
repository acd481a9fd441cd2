// SPDX-License-Identifier: MIT
/* The header of the gzip members that hisi-gzip writes (RFC 1952). */
#include <string.h>

#include "gz.h"

#define MORE	0x80000000u

/*
 * Magic, deflate, FEXTRA, no time, no hint, Unix; 12 bytes of extra fields:
 * one called "HA" with 8 bytes.
 */
static const uint8_t start[16] = {
	0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 12, 0, 'H', 'A', 8, 0,
};

static void put32(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)value;
	to[1] = (uint8_t)(value >> 8);
	to[2] = (uint8_t)(value >> 16);
	to[3] = (uint8_t)(value >> 24);
}

static uint32_t get32(const uint8_t *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 |
	       (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

void gz_member_write(uint8_t header[GZ_HEADER_OURS],
		     const struct gz_member *member)
{
	memcpy(header, start, sizeof(start));
	put32(header + 16, member->size);
	put32(header + 20, member->plain | (member->more ? MORE : 0));
}

bool gz_member_read(const uint8_t header[GZ_HEADER_OURS],
		    struct gz_member *member)
{
	if (memcmp(header, start, sizeof(start)))
		return false;
	member->size = get32(header + 16);
	member->plain = get32(header + 20) & ~MORE;
	member->more = get32(header + 20) & MORE;
	return member->size > GZ_HEADER_OURS && member->plain;
}

size_t gz_member_bound(size_t plain)
{
	return hisiacc_zip_bound(HISIACC_ZIP_GZIP, plain) + GZ_HEADER_OURS -
	       GZ_HEADER_PLAIN;
}
