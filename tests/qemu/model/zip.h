/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ZIP engine: its SQE and what one request amounts to.
 */
#ifndef HISI_ACC_ZIP_H
#define HISI_ACC_ZIP_H

#include "acc.h"
#include "check.h"
#include "stream.h"

#define ZIP_SQE_SHIFT           7

/* Algorithms: a bit to compress and one to decompress for each format. */
#define ZIP_ALGS_ZLIB           0x03u
#define ZIP_ALGS_GZIP           0x0cu
#define ZIP_ALGS_RAW            0x30u
#define ZIP_ALGS_COMPRESS       0x15u
#define ZIP_ALGS_DECOMPRESS     0x2au

enum { ZIP_QUEUE_COMPRESS = 0, ZIP_QUEUE_DECOMPRESS = 1 };

/* dw7 */
#define ZIP_DW7_SKIP            0x00ffffffu
#define ZIP_DW7_RESERVED        (1u << 24)
#define ZIP_DW7_FINISH          (1u << 25)
#define ZIP_DW7_STATEFUL        (1u << 26)
#define ZIP_DW7_NEW             (1u << 27)
#define ZIP_DW7_TYPE(v)         ((v) >> 28)
/* dw9 */
#define ZIP_DW9_REQUEST(v)      ((v) & 0xff)
#define ZIP_DW9_BUFFER(v)       (((v) >> 8) & 0xf)
#define ZIP_DW9_WINDOW(v)       (((v) >> 12) & 0xf)
#define ZIP_DW9_RESERVED        0xffff0000u

#define ZIP_BUFFER_FLAT         0
#define ZIP_BUFFER_SGL          1
#define ZIP_FLAT_MAX            (8u * 1024 * 1024)
#define ZIP_SGL_MAX             (256u * 1024 * 1024)
/* Output space up to which a stateful request without input is a no-op. */
#define ZIP_NOP_OUTPUT          0x10

/* dw3; codes below 0x0d are the model's own choice. */
enum {
    ZIP_STATUS_OK = 0x00,
    ZIP_STATUS_BAD_REQUEST = 0x01,
    ZIP_STATUS_BAD_DATA = 0x02,
    ZIP_STATUS_DMA_FAULT = 0x04,
    ZIP_STATUS_NO_MEMORY = 0x05,
    ZIP_STATUS_NO_SPACE = 0x0e,
    ZIP_STATUS_BAD_CHECK = 0x10,
    ZIP_STATUS_END = 0x13,
};
#define ZIP_DW3_LAST            (1u << 8)

/* How far a request is that has to wait for pages in between. */
typedef enum ZipStep {
    ZIP_STEP_LISTS,
    ZIP_STEP_READ_CTX,
    ZIP_STEP_READ,
    ZIP_STEP_WRITE,
    ZIP_STEP_WRITE_CTX,
} ZipStep;

typedef struct ZipJob {
    ZipStep step;
    bool compress;
    bool stateful;
    bool first;
    bool finish;
    bool sgl;
    bool nop;
    enum zip_format format;
    int window_bits;
    uint32_t in_len;
    uint32_t out_len;
    uint64_t ctx_addr;
    struct zip_check check;
    struct zip_stream_words words;  /* dw15, dw28, dw29 */
    uint32_t status;                /* dw3 */
    size_t consumed;
    size_t produced;
} ZipJob;

/* zip-regs.c */
uint32_t hisi_zip_cap(HisiAccDev *d, uint32_t reg);
bool hisi_zip_type_ready(HisiAccDev *d, unsigned type);
bool hisi_zip_ssv(HisiAccDev *d, HisiAccAccess access);
bool hisi_zip_reg_write(HisiAccDev *d, uint32_t reg, uint32_t val);
extern const HisiAccErrorRegs hisi_zip_errors;

#endif
