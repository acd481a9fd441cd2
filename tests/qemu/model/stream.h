/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stateful decompression: a raw inflater whose whole state lies in the stream
 * context in guest memory between two requests.
 */
#ifndef HISI_ACC_STREAM_H
#define HISI_ACC_STREAM_H

#include "inflate.h"

/* What the engine may use from the stream context address on. */
#define ZIP_CTX_SIZE            0x97c0u
/* Input bytes that a context can hold back, with room to spare. */
#define ZIP_CTX_SAVED           512u

/* The context words of the SQE. */
struct zip_stream_words {
    uint32_t dw0;       /* dw15: [3:0] state */
    uint32_t dw1;       /* dw28 */
    uint32_t dw2;       /* dw29: [15:0] window length */
};

enum zip_stream_state {
    ZIP_CTX_ST_NONE = 0,
    ZIP_CTX_ST_LAST_PENDING = 1,
    ZIP_CTX_ST_PENDING = 2,
    ZIP_CTX_ST_TRAILER = 4,
};

struct zip_stream_io {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len;
    size_t consumed;
    size_t produced;
    bool ended;         /* payload and trailer are complete */
};

/*
 * Go on with a stream, or start one if first is set.  ctx holds ZIP_CTX_SIZE
 * bytes as read from the guest, nothing in it is trusted; it is updated along
 * with the words and the checksum unless an error is returned.
 */
enum zip_result zip_stream_inflate(struct zip_inflater *f,
                                   enum zip_format format, bool first,
                                   uint8_t *ctx,
                                   struct zip_stream_words *words,
                                   struct zip_check *check,
                                   struct zip_stream_io *io);

#endif
