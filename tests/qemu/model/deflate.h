/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HISI_ACC_DEFLATE_H
#define HISI_ACC_DEFLATE_H

#include <zlib.h>
#include "check.h"

struct zip_deflate_state {
    z_stream z;
    int window_bits;    /* of the open stream, 0 if there is none */
};

/* Starting over costs time in proportion to the tables, hence two sizes. */
struct zip_deflater {
    struct zip_deflate_state small;
    struct zip_deflate_state large;
};

/*
 * Compress one request.  The output stands alone: it refers to nothing
 * before, and ends on a byte with everything flushed, so that the outputs of
 * a stream's requests can simply be joined.  With finish set the last block
 * and the trailer follow.
 */
enum zip_result zip_deflate(struct zip_deflater *d, enum zip_format format,
                            int window_bits, bool finish,
                            const uint8_t *in, size_t in_len,
                            uint8_t *out, size_t out_len,
                            struct zip_check *check, size_t *produced);
/* Output space that is enough for any input of this length. */
size_t zip_deflate_bound(size_t in_len);
void zip_deflate_end(struct zip_deflater *d);

#endif
