/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include "stream.h"

enum zip_result zip_stream_inflate(struct zip_inflater *f,
                                   enum zip_format format, bool first,
                                   uint8_t *ctx,
                                   struct zip_stream_words *words,
                                   struct zip_check *check,
                                   struct zip_stream_io *io)
{
    return ZIP_BAD_DATA;
}
