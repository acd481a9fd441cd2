/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decompression of one whole member.
 */
#include <string.h>
#include "inflate.h"

bool zip_inflate_open(struct zip_inflater *f)
{
    if (f->open) {
        return inflateReset(&f->z) == Z_OK;
    }
    f->open = inflateInit2(&f->z, -MAX_WBITS) == Z_OK;
    return f->open;
}

void zip_inflate_end(struct zip_inflater *f)
{
    if (f->open) {
        inflateEnd(&f->z);
        memset(f, 0, sizeof(*f));
    }
}

enum zip_result zip_inflate(struct zip_inflater *f, enum zip_format format,
                            const uint8_t *in, size_t in_len,
                            uint8_t *out, size_t out_len,
                            struct zip_check *check,
                            size_t *consumed, size_t *produced)
{
    size_t size = zip_trailer_size(format);
    uint8_t trailer[ZIP_MAX_TRAILER];
    int ret;

    *consumed = 0;
    *produced = 0;
    if (!zip_inflate_open(f)) {
        return ZIP_NO_MEMORY;
    }
    f->z.next_in = (uint8_t *)in;
    f->z.avail_in = in_len;
    f->z.next_out = out;
    f->z.avail_out = out_len;
    ret = inflate(&f->z, Z_FINISH);
    if (ret != Z_STREAM_END) {
        return (ret == Z_OK || ret == Z_BUF_ERROR) && !f->z.avail_out ?
               ZIP_NO_SPACE : ZIP_BAD_DATA;
    }
    if (f->z.avail_in < size) {
        return ZIP_BAD_DATA;
    }
    zip_check_add(check, format, out, out_len - f->z.avail_out);
    zip_trailer_make(check, format, trailer);
    if (memcmp(trailer, f->z.next_in, size)) {
        return ZIP_BAD_CHECK;
    }
    *consumed = in_len - f->z.avail_in + size;
    *produced = out_len - f->z.avail_out;
    return ZIP_OK;
}
