/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test of the model's compression code without QEMU:
 *
 *   cd ../qemu/model
 *   cc -O1 -g -fsanitize=address,undefined -I. ../../model/selftest.c stream.c \
 *           inflate.c deflate.c check.c -lz
 *
 * Deflate streams of all kinds are cut at random or every place, resumed from
 * the saved context and compared with the plain data.  An argument sets the
 * seed.  Prints "N passed, N failed"; fails if anything failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "deflate.h"
#include "stream.h"

#define MAX_PLAIN   200000u
#define MAX_PACKED  (2 * MAX_PLAIN + 1000)

static unsigned passed, failed;
static uint32_t seed = 1;
static uint8_t plain[MAX_PLAIN], packed[MAX_PACKED], result[MAX_PLAIN + 1];
static uint8_t ctx[ZIP_CTX_SIZE];
static struct zip_inflater inflater;
static struct zip_deflater deflater;

static uint32_t rnd(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)seed * below) >> 32);
}

static void verdict(bool ok, const char *what, unsigned a, unsigned b)
{
    if (ok) {
        passed++;
    } else {
        failed++;
        printf("FAILED: %s (%u, %u)\n", what, a, b);
    }
}

/* Kinds of data: noise, text-like, long runs, far copies. */
static void make_plain(unsigned kind, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        switch (kind) {
        case 0:
            plain[i] = rnd(256);
            break;
        case 1:
            plain[i] = "etaoin shrdlu\n"[rnd(4) * rnd(4)];
            break;
        case 2:
            plain[i] = i / 3000;
            break;
        default:
            plain[i] = i > 32768 && rnd(50) ? plain[i - 32768] :
                       i > 300 && rnd(20) ? plain[i - 258] : rnd(256);
            break;
        }
    }
}

static size_t make_packed(enum zip_format format, int level, int strategy,
                          size_t len)
{
    struct zip_check check;
    z_stream z = { 0 };
    size_t size;

    deflateInit2(&z, level, Z_DEFLATED, -15, 8, strategy);
    z.next_in = plain;
    z.next_out = packed;
    z.avail_out = sizeof(packed);
    /* A few flushes make for several kinds of block boundary. */
    z.avail_in = len / 3;
    deflate(&z, Z_SYNC_FLUSH);
    z.avail_in += len / 3;
    deflate(&z, Z_PARTIAL_FLUSH);
    z.avail_in = len - (z.next_in - plain);
    deflate(&z, Z_FINISH);
    size = z.next_out - packed;
    deflateEnd(&z);
    zip_check_init(&check, format);
    zip_check_add(&check, format, plain, len);
    zip_trailer_make(&check, format, packed + size);
    return size + zip_trailer_size(format);
}

/* Decompress in pieces of at most in_max and out_max bytes. */
static bool resume(enum zip_format format, size_t size, size_t len,
                   unsigned in_max, unsigned out_max, bool exact)
{
    struct zip_stream_words words = { 0xdead, 0xbeef, 7 };
    struct zip_check check;
    size_t in = 0, out = 0;
    bool first = true;
    unsigned idle = 0;

    zip_check_init(&check, format);
    memset(ctx, 0xa5, sizeof(ctx));
    while (idle < 200) {
        struct zip_stream_io io = { .in = packed + in, .out = result + out };
        unsigned state = words.dw0 & 0xf;
        enum zip_result ret;

        io.in_len = exact ? in_max : rnd(in_max + 1);
        io.out_len = exact ? out_max : rnd(out_max + 1);
        io.in_len = io.in_len < size - in ? io.in_len : size - in;
        io.out_len = io.out_len < len - out ? io.out_len : len - out;
        if (!first && state == ZIP_CTX_ST_LAST_PENDING) {
            io.in_len = 0;
        }
        ret = zip_stream_inflate(&inflater, format, first, ctx, &words,
                                 &check, &io);
        if (ret != ZIP_OK || io.consumed > io.in_len ||
            io.produced > io.out_len) {
            return false;
        }
        if (!first && state == ZIP_CTX_ST_LAST_PENDING && io.out_len &&
            !io.produced) {
            return false;       /* promised data did not come */
        }
        first = false;
        in += io.consumed;
        out += io.produced;
        idle = io.consumed || io.produced ? 0 : idle + 1;
        if (io.ended) {
            return in == size && out == len && !(words.dw0 & 0xf) &&
                   !memcmp(plain, result, len);
        }
    }
    return false;
}

static void test_cuts(void)
{
    static const int strategies[] = { Z_DEFAULT_STRATEGY, Z_FIXED,
                                      Z_HUFFMAN_ONLY, Z_RLE };
    static const unsigned pieces[][2] = {
        { 1, 1 }, { 1, 1000 }, { 1000, 1 }, { 3, 7 }, { 40, 300 },
        { 700, 259 }, { 5000, 70000 }, { 70000, 5000 },
    };

    for (unsigned round = 0; round < 240; round++) {
        enum zip_format format = ZIP_RAW + round % 3;
        unsigned p = rnd(8);
        size_t len = rnd(p < 4 ? 20000 : MAX_PLAIN) + 1;
        size_t size;

        make_plain(round % 4, len);
        size = make_packed(format, round % 10, strategies[rnd(4)], len);
        verdict(resume(format, size, len, pieces[p][0], pieces[p][1],
                       rnd(2)), "cut stream", round, p);
    }
}

/* Two pieces, cut at every byte of a short stream. */
static void test_every_byte(void)
{
    for (unsigned kind = 0; kind < 4; kind++) {
        size_t len = 2500, size;

        make_plain(kind, len);
        size = make_packed(ZIP_GZIP, kind == 0 ? 0 : 6, Z_DEFAULT_STRATEGY,
                           len);
        for (unsigned cut = 1; cut < size; cut++) {
            verdict(resume(ZIP_GZIP, size, len, cut, len, true),
                    "cut at byte", kind, cut);
            verdict(resume(ZIP_GZIP, size, len, size, cut, true),
                    "cut at output byte", kind, cut);
        }
    }
}

/* Whatever the guest puts into the context must do no harm. */
static void test_hostile_context(void)
{
    size_t len = 50000, size;
    unsigned refused = 0;

    make_plain(1, len);
    size = make_packed(ZIP_ZLIB, 6, Z_DEFAULT_STRATEGY, len);
    for (unsigned round = 0; round < 3000; round++) {
        struct zip_stream_words words = { 0 };
        struct zip_check check;
        struct zip_stream_io io = {
            .in = packed, .in_len = rnd(size), .out = result,
            .out_len = rnd(len),
        };

        zip_check_init(&check, ZIP_ZLIB);
        zip_stream_inflate(&inflater, ZIP_ZLIB, true, ctx, &words, &check,
                           &io);
        for (unsigned i = rnd(6); i < 6; i++) {
            ctx[i < 3 ? rnd(0x40) + (i ? 4 : 0) : rnd(0x400)] = rnd(256);
        }
        if (rnd(2)) {
            words.dw2 = ctx[0x14] | ctx[0x15] << 8 | ctx[0x16] << 16 |
                        (uint32_t)ctx[0x17] << 24;
            words.dw0 = ctx[0x10] | ctx[0x11] << 8 | ctx[0x12] << 16 |
                        (uint32_t)ctx[0x13] << 24;
        }
        io.out_len = rnd(len);
        refused += zip_stream_inflate(&inflater, ZIP_ZLIB, false, ctx, &words,
                                      &check, &io) != ZIP_OK;
    }
    verdict(refused > 1000, "hostile contexts refused", refused, 3000);
}

/* A context of each phase, with what only others would have in it. */
static void test_hostile_phases(void)
{
    enum { PHASE = 4, EMITTED = 6, PENDING = 8, HEADER = 0xa, TRAILER = 0xe };
    size_t len = 9000, size;
    unsigned refused = 0, rounds = 6 * 10 * 3 * 20;

    make_plain(1, len);
    size = make_packed(ZIP_GZIP, 6, Z_DEFAULT_STRATEGY, len);
    for (unsigned i = 0; i < rounds; i++) {
        enum zip_format format = ZIP_RAW + i % 3;
        struct zip_stream_words words = { 0 };
        struct zip_check check;
        struct zip_stream_io io = {
            .in = packed, .in_len = rnd(size), .out = result,
            .out_len = rnd(len),
        };

        zip_check_init(&check, ZIP_GZIP);
        zip_stream_inflate(&inflater, ZIP_GZIP, true, ctx, &words, &check,
                           &io);
        ctx[PHASE] = i / 3 % 6;
        ctx[TRAILER] = i / 18 % 10;
        memset(ctx + EMITTED, 0, HEADER + 2 - EMITTED);
        ctx[EMITTED] = rnd(2) ? rnd(256) : 0;
        ctx[PENDING] = rnd(2) ? rnd(256) : 0;
        ctx[HEADER] = rnd(2) ? rnd(256) : 0;
        io.in_len = MAX_PACKED;
        io.out_len = rnd(len);
        refused += zip_stream_inflate(&inflater, format, false, ctx, &words,
                                      &check, &io) != ZIP_OK;
    }
    verdict(refused > rounds / 2, "hostile phases refused", refused, rounds);
}

static void test_damage(void)
{
    for (unsigned round = 0; round < 300; round++) {
        size_t len = 3000, size;
        size_t trailer = zip_trailer_size(ZIP_GZIP);

        make_plain(round % 4, len);
        size = make_packed(ZIP_GZIP, 6, Z_DEFAULT_STRATEGY, len);
        packed[size - 1 - rnd(trailer)] ^= 1 << rnd(8);
        verdict(!resume(ZIP_GZIP, size, len, 500, 500, false),
                "damaged trailer refused", round, 0);
    }
}

/* Independent pieces joined are one stream, and stand alone as one. */
static void test_compress(void)
{
    for (unsigned round = 0; round < 120; round++) {
        enum zip_format format = ZIP_RAW + round % 3;
        size_t len = rnd(MAX_PLAIN - 10) + 1, in = 0, out = 0;
        struct zip_check check;
        bool ok = true;

        make_plain(round % 4, len);
        zip_check_init(&check, format);
        while (ok && (in < len || !in)) {
            size_t part = (rnd(60000) + 4) & ~3u, made;
            bool finish = in + part >= len;

            part = finish ? len - in : part;
            ok = zip_deflate(&deflater, format, 12 + rnd(4), finish,
                             plain + in, part, packed + out,
                             zip_deflate_bound(part), &check,
                             &made) == ZIP_OK &&
                 made <= part + part / 8 + 200;
            in += part;
            out += made;
        }
        verdict(ok && resume(format, out, len, 9000, 9000, false),
                "compressed stream", round, len);
    }
}

static void test_one_shot(void)
{
    for (unsigned round = 0; round < 60; round++) {
        enum zip_format format = ZIP_RAW + round % 3;
        size_t len = rnd(30000) + 1, used, made, size;
        struct zip_check check;
        bool ok;

        make_plain(round % 4, len);
        size = make_packed(format, round % 10, Z_DEFAULT_STRATEGY, len);
        zip_check_init(&check, format);
        ok = zip_inflate(&inflater, format, packed, size + 5, result, len,
                         &check, &used, &made) == ZIP_OK;
        verdict(ok && used == size && made == len &&
                !memcmp(plain, result, len), "one shot", round, len);
        zip_check_init(&check, format);
        verdict(zip_inflate(&inflater, format, packed, size, result, len - 1,
                            &check, &used, &made) == ZIP_NO_SPACE,
                "one shot without space", round, len);
        verdict(zip_inflate(&inflater, format, packed, size - 9, result, len,
                            &check, &used, &made) != ZIP_OK,
                "truncated", round, len);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        seed = strtoul(argv[1], NULL, 0);
    }
    test_cuts();
    test_every_byte();
    test_hostile_context();
    test_hostile_phases();
    test_damage();
    test_compress();
    test_one_shot();
    zip_inflate_end(&inflater);
    zip_deflate_end(&deflater);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
