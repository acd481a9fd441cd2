/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running checksum and trailer of zlib and gzip streams.
 */
#include <string.h>
#include <zlib.h>
#include "check.h"

static uint32_t zip_bit_reverse(uint32_t v)
{
    v = (v >> 1 & 0x55555555) | (v & 0x55555555) << 1;
    v = (v >> 2 & 0x33333333) | (v & 0x33333333) << 2;
    v = (v >> 4 & 0x0f0f0f0f) | (v & 0x0f0f0f0f) << 4;
    return __builtin_bswap32(v);
}

/* The engine shows the bare register of a CRC that shifts left. */
static uint32_t zip_crc_to_register(uint32_t crc)
{
    return zip_bit_reverse(~crc);
}

static uint32_t zip_register_to_crc(uint32_t reg)
{
    return ~zip_bit_reverse(reg);
}

void zip_check_init(struct zip_check *c, enum zip_format format)
{
    c->isize = 0;
    c->sum = format == ZIP_ZLIB ? 1 : format == ZIP_GZIP ? ~0u : 0;
}

void zip_check_add(struct zip_check *c, enum zip_format format,
                   const uint8_t *plain, size_t len)
{
    c->isize += len;
    if (format == ZIP_ZLIB) {
        c->sum = adler32(c->sum, plain, len);
    } else if (format == ZIP_GZIP) {
        c->sum = zip_crc_to_register(crc32(zip_register_to_crc(c->sum),
                                           plain, len));
    }
}

size_t zip_trailer_size(enum zip_format format)
{
    return format == ZIP_ZLIB ? 4 : format == ZIP_GZIP ? 8 : 0;
}

void zip_trailer_make(const struct zip_check *c, enum zip_format format,
                      uint8_t *trailer)
{
    uint32_t word = format == ZIP_GZIP ? zip_register_to_crc(c->sum) : 0;

    for (int i = 0; i < 4; i++) {
        if (format == ZIP_ZLIB) {
            trailer[i] = c->sum >> (24 - 8 * i);
        } else if (format == ZIP_GZIP) {
            trailer[i] = word >> (8 * i);
            trailer[4 + i] = c->isize >> (8 * i);
        }
    }
}
