/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compression of one request.
 */
#include <string.h>
#include "deflate.h"

/* Speed matters more than ratio: the guest waits for an emulator. */
#define LEVEL       1
#define MEM_LEVEL   8

static enum zip_result zip_deflate_open(struct zip_deflater *d,
                                        int window_bits)
{
    if (d->window_bits == window_bits) {
        return deflateReset(&d->z) == Z_OK ? ZIP_OK : ZIP_NO_MEMORY;
    }
    zip_deflate_end(d);
    if (deflateInit2(&d->z, LEVEL, Z_DEFLATED, -window_bits, MEM_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return ZIP_NO_MEMORY;
    }
    d->window_bits = window_bits;
    return ZIP_OK;
}

void zip_deflate_end(struct zip_deflater *d)
{
    if (d->window_bits) {
        deflateEnd(&d->z);
        memset(d, 0, sizeof(*d));
    }
}

size_t zip_deflate_bound(size_t in_len)
{
    return in_len + in_len / 8 + in_len / 64 + 64 + ZIP_MAX_TRAILER;
}

enum zip_result zip_deflate(struct zip_deflater *d, enum zip_format format,
                            int window_bits, bool finish,
                            const uint8_t *in, size_t in_len,
                            uint8_t *out, size_t out_len,
                            struct zip_check *check, size_t *produced)
{
    size_t trailer = finish ? zip_trailer_size(format) : 0;
    enum zip_result result;
    int ret;

    *produced = 0;
    if (!in_len && !finish) {
        return ZIP_OK;
    }
    if (out_len <= trailer) {
        return ZIP_NO_SPACE;
    }
    result = zip_deflate_open(d, window_bits);
    if (result != ZIP_OK) {
        return result;
    }
    d->z.next_in = (uint8_t *)in;
    d->z.avail_in = in_len;
    d->z.next_out = out;
    d->z.avail_out = out_len - trailer;
    ret = deflate(&d->z, finish ? Z_FINISH : Z_SYNC_FLUSH);
    /* A flush that just fills the buffer cannot be told from a cut one. */
    if (finish ? ret != Z_STREAM_END : ret != Z_OK || !d->z.avail_out) {
        return ZIP_NO_SPACE;
    }
    zip_check_add(check, format, in, in_len);
    if (finish) {
        zip_trailer_make(check, format, d->z.next_out);
    }
    *produced = out_len - d->z.avail_out;
    return ZIP_OK;
}
