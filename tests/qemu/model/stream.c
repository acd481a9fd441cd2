/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stateful decompression.
 *
 * zlib's state can neither be kept in the host, where it would leak with each
 * abandoned stream, nor be shown to the guest.  What is kept in the stream
 * context is therefore a position in the deflate stream and what it takes to
 * get a fresh inflater there again:
 *
 *   - the history, up to 32 KiB of plain bytes before that position,
 *   - the header of the block in progress, to be decoded again,
 *   - the input bits from that position on which were already consumed.
 *
 * The position is the start of the code (literal, or length and distance) in
 * progress, or the start of the block header in progress.  A match that did
 * not fit into the output is decoded again from its start, and the bytes of it
 * which were delivered before are dropped.
 *
 * One request sees a bit string: the bits left over from the previous one,
 * then the new input.  All positions below are bit numbers in that string.
 */
#include <string.h>
#include "stream.h"

#define WINDOW_SIZE         32768u
/*
 * The longest thing that can be cut is the header of a dynamic block: 17 bits
 * of counts, 19 code length codes of 3 bits, 316 lengths of at most 7 bits.
 */
#define MAX_SAVED_BITS      2400u
#define SAVED_BYTES         (MAX_SAVED_BITS / 8)
#define MAX_MATCH           258u

/* Layout of the context. */
#define CTX_MAGIC           0x00
#define CTX_PHASE           0x04
#define CTX_LAST            0x05
#define CTX_EMITTED         0x06
#define CTX_PENDING_BITS    0x08
#define CTX_HEADER_BITS     0x0a
#define CTX_STORED_LEFT     0x0c
#define CTX_TRAILER_SEEN    0x0e
#define CTX_DW0             0x10
#define CTX_HISTORY_LEN     0x14
#define CTX_TRAILER         0x18
#define CTX_PENDING         0x40
#define CTX_HEADER          0x200
#define CTX_HISTORY         0xc00
#define MAGIC               0x31585443u

/* zlib's flags in data_type */
#define Z_UNUSED_BITS       63
#define Z_LAST_BLOCK        64
#define Z_BLOCK_ENDED       128
#define Z_HEADER_ENDED      256

#define DW0_LAST            (1u << 7)

enum phase {
    PHASE_HEADER,           /* between blocks or inside a block header */
    PHASE_CODES,
    PHASE_STORED,
    PHASE_TRAILER,
    PHASE_DONE,
};

/* The context in host form; bits are stored first bit lowest. */
struct saved {
    unsigned phase;
    bool last;
    unsigned emitted;
    unsigned stored_left;
    unsigned pending_bits;
    unsigned header_bits;
    unsigned trailer_seen;
    unsigned history_len;
    uint8_t trailer[ZIP_MAX_TRAILER];
    uint8_t pending[SAVED_BYTES];
    uint8_t header[SAVED_BYTES];
};

struct stream {
    struct zip_inflater *f;
    struct zip_stream_io *io;
    struct saved old;
    const uint8_t *history;
    uint8_t repacked[SAVED_BYTES];
    unsigned primed;        /* bits given to zlib by inflatePrime */
    unsigned repacked_len;
    unsigned repacked_used;
    size_t in_used;
    bool on_input;
    bool in_block;
    bool new_header;        /* the current block began in this request */
    uint64_t header_from;
    uint64_t header_to;
    uint8_t dropped[MAX_MATCH];
};

enum run { RUN_STOPPED, RUN_ENDED, RUN_BAD };

static unsigned get16(const uint8_t *p)
{
    return p[0] | p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static void put16(uint8_t *p, unsigned v)
{
    p[0] = v;
    p[1] = v >> 8;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}

static unsigned get_bit(const uint8_t *p, uint64_t i)
{
    return p[i / 8] >> (i % 8) & 1;
}

/* Context in guest memory */

static bool saved_valid(const struct saved *s, enum zip_format format)
{
    if (s->emitted >= MAX_MATCH || s->pending_bits > MAX_SAVED_BITS ||
        s->header_bits > MAX_SAVED_BITS || s->history_len > WINDOW_SIZE) {
        return false;
    }
    switch (s->phase) {
    case PHASE_HEADER:
        return !s->emitted;
    case PHASE_CODES:
        return s->header_bits >= 3;
    case PHASE_STORED:
        return !s->emitted && !s->pending_bits && s->stored_left;
    case PHASE_TRAILER:
        /* The request may say another format than the last one did. */
        return !s->emitted && !s->pending_bits &&
               s->trailer_seen < zip_trailer_size(format);
    default:
        return false;
    }
}

static bool saved_load(struct saved *s, const uint8_t *ctx,
                       enum zip_format format,
                       const struct zip_stream_words *words)
{
    s->phase = ctx[CTX_PHASE];
    s->last = ctx[CTX_LAST] & 1;
    s->emitted = get16(ctx + CTX_EMITTED);
    s->pending_bits = get16(ctx + CTX_PENDING_BITS);
    s->header_bits = get16(ctx + CTX_HEADER_BITS);
    s->stored_left = get16(ctx + CTX_STORED_LEFT);
    s->trailer_seen = ctx[CTX_TRAILER_SEEN];
    s->history_len = get32(ctx + CTX_HISTORY_LEN);
    memcpy(s->trailer, ctx + CTX_TRAILER, sizeof(s->trailer));
    memcpy(s->pending, ctx + CTX_PENDING, sizeof(s->pending));
    memcpy(s->header, ctx + CTX_HEADER, sizeof(s->header));
    /* The words of the SQE have to be those of the same stream. */
    return get32(ctx + CTX_MAGIC) == MAGIC && saved_valid(s, format) &&
           get32(ctx + CTX_DW0) == words->dw0 && !words->dw1 &&
           words->dw2 == s->history_len;
}

static void saved_store(const struct saved *s, uint8_t *ctx, uint32_t dw0)
{
    memset(ctx, 0, CTX_HISTORY);
    put32(ctx + CTX_MAGIC, MAGIC);
    ctx[CTX_PHASE] = s->phase;
    ctx[CTX_LAST] = s->last;
    put16(ctx + CTX_EMITTED, s->emitted);
    put16(ctx + CTX_PENDING_BITS, s->pending_bits);
    put16(ctx + CTX_HEADER_BITS, s->header_bits);
    put16(ctx + CTX_STORED_LEFT, s->stored_left);
    ctx[CTX_TRAILER_SEEN] = s->trailer_seen;
    put32(ctx + CTX_DW0, dw0);
    put32(ctx + CTX_HISTORY_LEN, s->history_len);
    memcpy(ctx + CTX_TRAILER, s->trailer, sizeof(s->trailer));
    memcpy(ctx + CTX_PENDING, s->pending, sizeof(s->pending));
    memcpy(ctx + CTX_HEADER, s->header, sizeof(s->header));
}

/* Feeding zlib */

/*
 * Hand bits to zlib such that their end falls on a byte boundary: the odd
 * ones first, the rest as whole bytes for next_in.
 */
static bool feed_bits(z_stream *z, const uint8_t *bits, unsigned count,
                      uint8_t *bytes)
{
    unsigned odd = count % 8;
    unsigned first = bits[0] & ((1u << odd) - 1);

    for (unsigned i = 0; i < count / 8; i++) {
        unsigned at = odd + 8 * i;
        unsigned v = bits[at / 8] >> (at % 8);

        if (at % 8) {
            v |= bits[at / 8 + 1] << (8 - at % 8);
        }
        bytes[i] = v;
    }
    z->next_in = bytes;
    z->avail_in = count / 8;
    return !odd || inflatePrime(z, odd, first) == Z_OK;
}

/* Decode the header of the block in progress once more. */
static bool replay_header(struct stream *s)
{
    z_stream *z = &s->f->z;
    uint8_t bytes[SAVED_BYTES];
    uint8_t stored[4];
    uint8_t none;
    int ret;

    z->next_out = &none;
    z->avail_out = 0;
    if (s->old.phase == PHASE_STORED) {
        put16(stored, s->old.stored_left);
        put16(stored + 2, ~s->old.stored_left);
        if (inflatePrime(z, 3, s->old.last) != Z_OK) {
            return false;
        }
        z->next_in = stored;
        z->avail_in = sizeof(stored);
    } else if (!feed_bits(z, s->old.header, s->old.header_bits, bytes)) {
        return false;
    }
    ret = inflate(z, Z_TREES);
    return (ret == Z_OK || ret == Z_BUF_ERROR) && !z->avail_in &&
           (z->data_type & Z_HEADER_ENDED) &&
           !(z->data_type & Z_UNUSED_BITS);
}

static bool stream_restore(struct stream *s)
{
    z_stream *z = &s->f->z;

    if (s->old.history_len &&
        inflateSetDictionary(z, s->history, s->old.history_len) != Z_OK) {
        return false;
    }
    s->in_block = s->old.phase != PHASE_HEADER;
    if (s->in_block && !replay_header(s)) {
        return false;
    }
    s->primed = s->old.pending_bits % 8;
    s->repacked_len = s->old.pending_bits / 8;
    return feed_bits(z, s->old.pending, s->old.pending_bits, s->repacked);
}

/* Running */

static uint64_t stream_position(struct stream *s)
{
    return s->primed + 8ull * (s->repacked_used + s->in_used) -
           (s->f->z.data_type & Z_UNUSED_BITS);
}

static int stream_step(struct stream *s)
{
    z_stream *z = &s->f->z;
    int ret = inflate(z, Z_TREES);

    if (s->on_input) {
        s->in_used = s->io->in_len - z->avail_in;
    } else {
        s->repacked_used = s->repacked_len - z->avail_in;
    }
    return ret;
}

/* Decode until input or output space runs out or the payload ends. */
static enum run stream_run(struct stream *s)
{
    z_stream *z = &s->f->z;

    for (;;) {
        int ret = stream_step(s);

        if (ret == Z_STREAM_END) {
            return RUN_ENDED;
        }
        if (ret != Z_OK && ret != Z_BUF_ERROR) {
            return RUN_BAD;
        }
        if (z->data_type & Z_BLOCK_ENDED) {
            s->in_block = false;
            s->header_from = stream_position(s);
        } else if (z->data_type & Z_HEADER_ENDED) {
            s->in_block = true;
            s->new_header = true;
            s->header_to = stream_position(s);
        } else if (!z->avail_in && !s->on_input) {
            s->on_input = true;
            z->next_in = (uint8_t *)s->io->in;
            z->avail_in = s->io->in_len;
        } else {
            return RUN_STOPPED;
        }
    }
}

/* Produce again, and throw away, what the previous request delivered. */
static bool stream_drop(struct stream *s)
{
    z_stream *z = &s->f->z;

    if (!s->old.emitted) {
        return true;
    }
    z->next_out = s->dropped;
    z->avail_out = s->old.emitted;
    return stream_run(s) == RUN_STOPPED && !z->avail_out && s->in_block &&
           !s->new_header;
}

/* Saving */

static bool stream_copy_bits(struct stream *s, uint8_t *to, unsigned *count,
                             uint64_t from, uint64_t end)
{
    if (end < from || end - from > MAX_SAVED_BITS) {
        return false;
    }
    *count = end - from;
    memset(to, 0, SAVED_BYTES);
    for (uint64_t i = from; i < end; i++) {
        unsigned bit = i < s->old.pending_bits ?
                       get_bit(s->old.pending, i) :
                       get_bit(s->io->in, i - s->old.pending_bits);

        to[(i - from) / 8] |= bit << ((i - from) % 8);
    }
    return true;
}

/* Where a fresh inflater would have to start. */
static bool stream_save_position(struct stream *s, struct saved *new)
{
    uint64_t end = s->old.pending_bits + 8ull * s->in_used;
    uint64_t from = stream_position(s);
    long mark = inflateMark(&s->f->z);
    long back = mark >> 16;

    new->last = s->f->z.data_type & Z_LAST_BLOCK;
    if (!s->in_block) {
        new->phase = PHASE_HEADER;
        new->last = false;
        return stream_copy_bits(s, new->pending, &new->pending_bits,
                                s->header_from, end);
    }
    if (back < 0) {
        new->phase = PHASE_STORED;
        new->stored_left = mark & 0xffff;
        return from == end;
    }
    new->phase = PHASE_CODES;
    new->emitted = mark & 0xffff;
    if (!s->new_header) {
        new->header_bits = s->old.header_bits;
        memcpy(new->header, s->old.header, SAVED_BYTES);
    } else if (!stream_copy_bits(s, new->header, &new->header_bits,
                                 s->header_from, s->header_to)) {
        return false;
    }
    return from >= (uint64_t)back &&
           stream_copy_bits(s, new->pending, &new->pending_bits,
                            from - back, end);
}

/* Copy the part of src that the last len bytes of the whole reach into. */
static size_t tail_copy(uint8_t *window, size_t len, const uint8_t *src,
                        size_t src_len)
{
    size_t part = len < src_len ? len : src_len;

    memcpy(window + len - part, src + src_len - part, part);
    return len - part;
}

/* History as of the saved position: emitted bytes come back by decoding. */
static bool stream_save_history(struct stream *s, struct saved *new,
                                uint8_t *window)
{
    size_t out = s->io->produced, drop = s->old.emitted;
    size_t old = s->old.history_len;
    size_t cut = new->emitted, len;

    if (cut > out + drop) {
        return false;
    }
    if (cut > out) {
        drop -= cut - out;
        out = 0;
    } else {
        out -= cut;
    }
    len = old + drop + out < WINDOW_SIZE ? old + drop + out : WINDOW_SIZE;
    new->history_len = len;
    len = tail_copy(window, len, s->io->out, out);
    len = tail_copy(window, len, s->dropped, drop);
    tail_copy(window, len, s->history, old);
    return true;
}

/* Would more output space alone bring more data? Spoils the inflater. */
static bool stream_has_output(struct stream *s)
{
    z_stream *z = &s->f->z;
    uint8_t probe;

    z->next_out = &probe;
    z->avail_out = 1;
    z->avail_in = 0;
    inflate(z, Z_NO_FLUSH);
    return !z->avail_out;
}

static unsigned stream_state(struct stream *s, const struct saved *new)
{
    if (s->io->produced < s->io->out_len) {
        return ZIP_CTX_ST_NONE;
    }
    if (s->in_used < s->io->in_len) {
        return ZIP_CTX_ST_PENDING;
    }
    if (!stream_has_output(s)) {
        return ZIP_CTX_ST_NONE;
    }
    return new->last ? ZIP_CTX_ST_LAST_PENDING : ZIP_CTX_ST_PENDING;
}

/* The trailer may come in pieces, too. */
static enum zip_result stream_trailer(struct stream *s, struct saved *new,
                                      enum zip_format format,
                                      const struct zip_check *check)
{
    size_t size = zip_trailer_size(format);
    size_t want = size - new->trailer_seen;
    size_t left = s->io->in_len - s->in_used;
    size_t part = want < left ? want : left;
    uint8_t expected[ZIP_MAX_TRAILER];

    memcpy(new->trailer + new->trailer_seen, s->io->in + s->in_used, part);
    new->trailer_seen += part;
    s->in_used += part;
    if (new->trailer_seen < size) {
        new->phase = PHASE_TRAILER;
        return ZIP_OK;
    }
    new->phase = PHASE_DONE;
    s->io->ended = true;
    zip_trailer_make(check, format, expected);
    return memcmp(expected, new->trailer, size) ? ZIP_BAD_CHECK : ZIP_OK;
}

static enum zip_result stream_payload(struct stream *s, struct saved *new,
                                      enum zip_format format,
                                      struct zip_check *check,
                                      uint8_t *window)
{
    z_stream *z = &s->f->z;
    enum run run;

    if (!stream_restore(s) || !stream_drop(s)) {
        return ZIP_BAD_DATA;
    }
    z->next_out = s->io->out;
    z->avail_out = s->io->out_len;
    run = stream_run(s);
    if (run == RUN_BAD) {
        return ZIP_BAD_DATA;
    }
    s->io->produced = s->io->out_len - z->avail_out;
    zip_check_add(check, format, s->io->out, s->io->produced);
    if (run == RUN_ENDED) {
        /* Bits that were consumed before cannot lie behind the payload. */
        return s->repacked_used == s->repacked_len ?
               stream_trailer(s, new, format, check) : ZIP_BAD_DATA;
    }
    return stream_save_position(s, new) &&
           stream_save_history(s, new, window) ? ZIP_OK : ZIP_BAD_DATA;
}

enum zip_result zip_stream_inflate(struct zip_inflater *f,
                                   enum zip_format format, bool first,
                                   uint8_t *ctx,
                                   struct zip_stream_words *words,
                                   struct zip_check *check,
                                   struct zip_stream_io *io)
{
    struct stream s = { .f = f, .io = io, .history = ctx + CTX_HISTORY };
    struct zip_check sum = *check;
    struct saved new = { 0 };
    uint8_t window[WINDOW_SIZE];
    enum zip_result result;
    unsigned state;

    io->consumed = io->produced = 0;
    io->ended = false;
    if (first) {
        memset(ctx, 0, ZIP_CTX_SIZE);
    } else if (!saved_load(&s.old, ctx, format, words)) {
        return ZIP_BAD_DATA;
    }
    if (!zip_inflate_open(f)) {
        return ZIP_NO_MEMORY;
    }
    if (s.old.phase == PHASE_TRAILER) {
        new = s.old;
        result = stream_trailer(&s, &new, format, &sum);
    } else {
        result = stream_payload(&s, &new, format, &sum, window);
    }
    if (result != ZIP_OK) {
        io->produced = 0;
        return result;
    }
    state = new.phase == PHASE_DONE ? ZIP_CTX_ST_NONE :
            new.phase == PHASE_TRAILER ? ZIP_CTX_ST_TRAILER :
            stream_state(&s, &new);
    io->consumed = s.in_used;
    *check = sum;
    words->dw0 = state | (new.last ? DW0_LAST : 0);
    words->dw1 = 0;
    words->dw2 = new.phase >= PHASE_TRAILER ? 0 : new.history_len;
    new.history_len = words->dw2;
    saved_store(&new, ctx, words->dw0);
    memcpy(ctx + CTX_HISTORY, window, new.history_len);
    return ZIP_OK;
}
