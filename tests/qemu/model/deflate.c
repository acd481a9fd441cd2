/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compression of one request.
 */
#include <string.h>
#include "deflate.h"

/* Speed matters more than ratio: the guest waits for an emulator. */
#define LEVEL       1
#define MEM_LEVEL   8

/* Inputs up to this size are dealt with by smaller tables. */
#define SMALL_INPUT         4096
#define SMALL_WINDOW_BITS   12
#define SMALL_MEM_LEVEL     6

static void zip_deflate_close(struct zip_deflate_state *d)
{
    if (d->window_bits) {
        deflateEnd(&d->z);
        memset(d, 0, sizeof(*d));
    }
}

static enum zip_result zip_deflate_open(struct zip_deflate_state *d,
                                        int window_bits, int mem_level)
{
    if (d->window_bits == window_bits) {
        return deflateReset(&d->z) == Z_OK ? ZIP_OK : ZIP_NO_MEMORY;
    }
    zip_deflate_close(d);
    if (deflateInit2(&d->z, LEVEL, Z_DEFLATED, -window_bits, mem_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return ZIP_NO_MEMORY;
    }
    d->window_bits = window_bits;
    return ZIP_OK;
}

void zip_deflate_end(struct zip_deflater *d)
{
    zip_deflate_close(&d->small);
    zip_deflate_close(&d->large);
}

size_t zip_deflate_bound(size_t in_len)
{
    return in_len + in_len / 8 + in_len / 64 + 64 + ZIP_MAX_TRAILER;
}

/*
 * zlib does not say that it is through when the last byte of the stream was
 * the last that fits: ask again, with room for a byte that must not come.
 */
static int zip_deflate_ended(z_stream *z)
{
    uint8_t spare;
    int ret;

    z->next_out = &spare;
    z->avail_out = 1;
    ret = deflate(z, Z_FINISH);
    if (!z->avail_out) {
        return Z_OK;
    }
    z->avail_out = 0;
    return ret;
}

enum zip_result zip_deflate(struct zip_deflater *d, enum zip_format format,
                            int window_bits, bool finish,
                            const uint8_t *in, size_t in_len,
                            uint8_t *out, size_t out_len,
                            struct zip_check *check, size_t *produced)
{
    size_t trailer = finish ? zip_trailer_size(format) : 0;
    bool small = in_len <= SMALL_INPUT;
    struct zip_deflate_state *s = small ? &d->small : &d->large;
    enum zip_result result;
    int ret;

    *produced = 0;
    if (!in_len && !finish) {
        return ZIP_OK;
    }
    if (out_len <= trailer) {
        return ZIP_NO_SPACE;
    }
    result = small ? zip_deflate_open(s, SMALL_WINDOW_BITS, SMALL_MEM_LEVEL) :
                     zip_deflate_open(s, window_bits, MEM_LEVEL);
    if (result != ZIP_OK) {
        return result;
    }
    s->z.next_in = (uint8_t *)in;
    s->z.avail_in = in_len;
    s->z.next_out = out;
    s->z.avail_out = out_len - trailer;
    ret = deflate(&s->z, finish ? Z_FINISH : Z_SYNC_FLUSH);
    if (finish && ret == Z_OK && !s->z.avail_out) {
        ret = zip_deflate_ended(&s->z);
    }
    /* A flush that just fills the buffer cannot be told from a cut one. */
    if (finish ? ret != Z_STREAM_END : ret != Z_OK || !s->z.avail_out) {
        return ZIP_NO_SPACE;
    }
    zip_check_add(check, format, in, in_len);
    if (finish) {
        zip_trailer_make(check, format, out + out_len - trailer -
                         s->z.avail_out);
    }
    *produced = out_len - s->z.avail_out;
    return ZIP_OK;
}
