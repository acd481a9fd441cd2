/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Container formats of the ZIP engine: running checksum and trailer.
 *
 * This file, deflate and inflate know nothing of QEMU, so that a program can
 * test them alone.
 */
#ifndef HISI_ACC_CHECK_H
#define HISI_ACC_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values as in the request type field of an SQE. */
enum zip_format {
    ZIP_RAW = 0x01,
    ZIP_ZLIB = 0x02,
    ZIP_GZIP = 0x03,
};

enum zip_result {
    ZIP_OK,
    ZIP_NO_SPACE,       /* output buffer too small */
    ZIP_BAD_DATA,       /* corrupt or truncated input, bad stream state */
    ZIP_BAD_CHECK,      /* trailer does not match */
    ZIP_NO_MEMORY,
};

#define ZIP_MAX_TRAILER 8

/* The two words that travel in an SQE from one request to the next. */
struct zip_check {
    uint32_t sum;       /* Adler-32, or the CRC register, bit-reversed */
    uint32_t isize;     /* plain bytes so far, modulo 2^32 */
};

void zip_check_init(struct zip_check *c, enum zip_format format);
void zip_check_add(struct zip_check *c, enum zip_format format,
                   const uint8_t *plain, size_t len);
size_t zip_trailer_size(enum zip_format format);
void zip_trailer_make(const struct zip_check *c, enum zip_format format,
                      uint8_t *trailer);

#endif
