/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HISI_ACC_INFLATE_H
#define HISI_ACC_INFLATE_H

#include <zlib.h>
#include "check.h"

struct zip_inflater {
    z_stream z;
    bool open;
};

/*
 * Decompress a whole member: payload and trailer.  Bytes behind the trailer
 * are not consumed.
 */
enum zip_result zip_inflate(struct zip_inflater *f, enum zip_format format,
                            const uint8_t *in, size_t in_len,
                            uint8_t *out, size_t out_len,
                            struct zip_check *check,
                            size_t *consumed, size_t *produced);
bool zip_inflate_open(struct zip_inflater *f);
void zip_inflate_end(struct zip_inflater *f);

#endif
