/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ZIP engine: decodes an SQE, moves the data, fills in the results.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "deflate.h"
#include "zip.h"
#include "trace.h"

typedef struct ZipTool {
    struct zip_deflater deflater;
    struct zip_inflater inflater;
} ZipTool;

static uint32_t zip_dw(HisiAccReq *r, unsigned i)
{
    return ldl_le_p(r->sqe + 4 * i);
}

static uint64_t zip_addr(HisiAccReq *r, unsigned i)
{
    return ldq_le_p(r->sqe + 4 * i);
}

static void zip_set_dw(HisiAccReq *r, unsigned i, uint32_t val)
{
    stl_le_p(r->sqe + 4 * i, val);
}

/* Decode */

static const char *zip_format_flaw(HisiAccReq *r, ZipJob *j)
{
    uint32_t algs = j->compress ? ZIP_ALGS_COMPRESS : ZIP_ALGS_DECOMPRESS;

    switch (ZIP_DW9_REQUEST(zip_dw(r, 9))) {
    case ZIP_RAW:
        algs &= ZIP_ALGS_RAW;
        break;
    case ZIP_ZLIB:
        algs &= ZIP_ALGS_ZLIB;
        break;
    case ZIP_GZIP:
        algs &= ZIP_ALGS_GZIP;
        break;
    default:
        algs = 0;
        break;
    }
    if (r->dev->algs & algs) {
        return NULL;
    }
    return ZIP_DW9_REQUEST(zip_dw(r, 9)) == ZIP_RAW ?
           "raw deflate not offered" : "request type not offered";
}

static const char *zip_reserved_flaw(HisiAccReq *r)
{
    static const uint8_t zero[] = { 5, 6, 10, 11, 12, 16, 17, 24, 25 };
    bool v3 = r->dev->version >= 3;

    if (zip_dw(r, 7) & ZIP_DW7_RESERVED || zip_dw(r, 8) >> 24 ||
        zip_dw(r, 9) & ZIP_DW9_RESERVED) {
        return "reserved bits set";
    }
    for (unsigned i = 0; i < ARRAY_SIZE(zero); i++) {
        if (zip_dw(r, zero[i])) {
            return "unused word not zero";
        }
    }
    /* Each version has its tag where the other one has nothing. */
    if (v3 ? zip_dw(r, 13) : zip_addr(r, 26)) {
        return v3 ? "dw13 not zero" : "dw26 or dw27 not zero";
    }
    return NULL;
}

static const char *zip_buffer_flaw(HisiAccReq *r, ZipJob *j)
{
    uint32_t limit = j->sgl ? ZIP_SGL_MAX : ZIP_FLAT_MAX;

    if (ZIP_DW9_BUFFER(zip_dw(r, 9)) > ZIP_BUFFER_SGL) {
        return "unknown buffer type";
    }
    if (!j->sgl && (zip_dw(r, 7) & ZIP_DW7_SKIP || zip_dw(r, 8))) {
        return "skip offset with flat buffers";
    }
    if (j->in_len > limit || j->out_len > limit) {
        return "length beyond the limit";
    }
    /* For a process it is an address like any other. */
    if (!r->queue->pasid && (!zip_addr(r, 18) || !zip_addr(r, 20))) {
        return "null address";
    }
    return NULL;
}

static const char *zip_mode_flaw(HisiAccReq *r, ZipJob *j)
{
    if (!j->stateful) {
        return j->in_len ? NULL : "no input";
    }
    if (!j->compress) {
        return j->ctx_addr ? NULL : "no stream context";
    }
    if (!j->finish && j->in_len % 4) {
        return "piece of a stream not a multiple of 4 bytes";
    }
    return NULL;
}

static const char *zip_decode(HisiAccReq *r, ZipJob *j)
{
    static const int8_t window[] = { 12, 13, 14, 15, 15 };
    uint32_t dw7 = zip_dw(r, 7);
    uint32_t dw9 = zip_dw(r, 9);
    unsigned code = ZIP_DW9_WINDOW(dw9);
    const char *flaw;

    j->compress = r->queue->type == ZIP_QUEUE_COMPRESS;
    j->stateful = dw7 & ZIP_DW7_STATEFUL;
    j->first = !j->stateful || dw7 & ZIP_DW7_NEW;
    j->finish = !j->stateful || dw7 & ZIP_DW7_FINISH;
    j->sgl = ZIP_DW9_BUFFER(dw9) == ZIP_BUFFER_SGL;
    j->format = ZIP_DW9_REQUEST(dw9);
    j->in_len = zip_dw(r, 4);
    j->out_len = zip_dw(r, 14);
    j->ctx_addr = j->stateful ? zip_addr(r, 22) : 0;
    j->nop = j->stateful && !j->in_len && j->out_len <= ZIP_NOP_OUTPUT;
    j->window_bits = MAX_WBITS;

    if (ZIP_DW7_TYPE(dw7) != (r->dev->version >= 3 ? 3 : 0)) {
        return "SQE type is not the version's";
    }
    if (j->compress && r->dev->version >= 3) {
        if (code >= ARRAY_SIZE(window)) {
            return "unknown window size";
        }
        j->window_bits = window[code];
    }
    flaw = zip_format_flaw(r, j);
    flaw = flaw ?: zip_reserved_flaw(r);
    flaw = flaw ?: zip_buffer_flaw(r, j);
    return flaw ?: zip_mode_flaw(r, j);
}

/* Prepare */

static void zip_load_words(HisiAccReq *r, ZipJob *j)
{
    if (j->first) {
        j->words = (struct zip_stream_words) { 0 };
        zip_check_init(&j->check, j->format);
        return;
    }
    j->words.dw0 = zip_dw(r, 15);
    j->words.dw1 = zip_dw(r, 28);
    j->words.dw2 = zip_dw(r, 29);
    j->check.isize = zip_dw(r, 30);
    j->check.sum = zip_dw(r, 31);
}

static HisiAccDma zip_map(HisiAccReq *r, ZipJob *j)
{
    HisiAccDma dma;

    if (!j->sgl) {
        return hisi_acc_sg_flat(&r->src, zip_addr(r, 18), j->in_len) &&
               hisi_acc_sg_flat(&r->dst, zip_addr(r, 20), j->out_len) ?
               HISI_ACC_DMA_OK : HISI_ACC_DMA_FAULT;
    }
    dma = hisi_acc_sg_load(r, &r->src, zip_addr(r, 18),
                           zip_dw(r, 7) & ZIP_DW7_SKIP, j->in_len);
    if (dma != HISI_ACC_DMA_OK) {
        return dma;
    }
    return hisi_acc_sg_load(r, &r->dst, zip_addr(r, 20), zip_dw(r, 8),
                            j->out_len);
}

/* No request can produce more than this, whatever space it offers. */
static size_t zip_output_size(ZipJob *j)
{
    size_t most = j->compress ? zip_deflate_bound(j->in_len)
                              : (j->in_len + ZIP_CTX_SAVED) * 1032ull;

    return MAX(MIN(most, j->out_len), 1);
}

static bool zip_reserve(HisiAccReq *r, ZipJob *j)
{
    size_t out_size = zip_output_size(j);

    if (j->compress) {
        /* Nothing but the checksum passes from one piece to the next. */
        j->words = (struct zip_stream_words) { 0 };
    }
    if (!hisi_acc_buf_fit(&r->in, MAX(j->in_len, 1)) ||
        !hisi_acc_buf_fit(&r->out, out_size) ||
        !hisi_acc_buf_fit(&r->ctx, j->ctx_addr ? ZIP_CTX_SIZE : 0)) {
        return false;
    }
    j->out_len = MIN(j->out_len, out_size);
    r->weight = j->in_len + out_size +
                (r->src.count + r->dst.count) * sizeof(HisiAccSeg);
    return true;
}

/* Steps over what was done before the request had to wait. */
static HisiAccDma zip_fetch(HisiAccReq *r, ZipJob *j)
{
    HisiAccDma dma;

    if (j->step == ZIP_STEP_LISTS) {
        dma = zip_map(r, j);
        if (dma != HISI_ACC_DMA_OK) {
            return dma;
        }
        if (!zip_reserve(r, j)) {
            j->status = ZIP_STATUS_NO_MEMORY;
            return HISI_ACC_DMA_OK;
        }
        j->step = ZIP_STEP_READ_CTX;
    }
    if (j->step == ZIP_STEP_READ_CTX) {
        if (j->stateful && !j->compress && !j->first) {
            dma = hisi_acc_req_move(r, HISI_ACC_READ, j->ctx_addr,
                                    r->ctx.data, ZIP_CTX_SIZE);
            if (dma != HISI_ACC_DMA_OK) {
                return dma;
            }
        }
        j->step = ZIP_STEP_READ;
    }
    return hisi_acc_sg_move(r, HISI_ACC_READ, &r->src, r->in.data, j->in_len);
}

/* A process can cause the fault of an access with PASID: no reset for that. */
static void zip_fault(HisiAccReq *r, uint32_t bit)
{
    if (r->dev->ras_on_dma_fault) {
        hisi_acc_engine_error(r->dev,
                              r->queue->pasid_en ? ZIP_ERR_SVA : bit);
    }
}

/* False if there is nothing to be read. */
static bool zip_begin(HisiAccReq *r, ZipJob *j)
{
    const char *flaw;

    memset(j, 0, sizeof(*j));
    flaw = zip_decode(r, j);
    trace_hisi_zip_start(r->queue->qn, r->slot, zip_dw(r, 7), zip_dw(r, 9),
                         j->in_len, j->out_len);
    if (flaw) {
        hisi_acc_guest_error(r->queue->fun, "SQE %u of queue %u: %s", r->slot,
                             r->queue->qn, flaw);
        j->status = ZIP_STATUS_BAD_REQUEST;
        return false;
    }
    zip_load_words(r, j);
    if (r->forced || j->nop) {
        return false;
    }
    /* Before it can wait for its lists, so that not too many of them do. */
    r->weight = j->in_len + zip_output_size(j);
    return true;
}

static void hisi_zip_prepare(HisiAccReq *r)
{
    ZipJob *j = r->priv;
    HisiAccDma dma;

    if (!r->resumed && !zip_begin(r, j)) {
        return;
    }
    dma = zip_fetch(r, j);
    if (dma == HISI_ACC_DMA_WAIT) {
        return;
    }
    if (dma == HISI_ACC_DMA_FAULT) {
        j->status = ZIP_STATUS_DMA_FAULT;
        zip_fault(r, ZIP_ERR_SRC_ADDR);
    }
    j->step = ZIP_STEP_WRITE;
}

/* Run */

static uint32_t zip_status(enum zip_result result)
{
    switch (result) {
    case ZIP_OK:
        return ZIP_STATUS_OK;
    case ZIP_NO_SPACE:
        return ZIP_STATUS_NO_SPACE;
    case ZIP_BAD_CHECK:
        return ZIP_STATUS_BAD_CHECK;
    case ZIP_NO_MEMORY:
        return ZIP_STATUS_NO_MEMORY;
    default:
        return ZIP_STATUS_BAD_DATA;
    }
}

static enum zip_result zip_run_stream(HisiAccReq *r, ZipJob *j, ZipTool *t)
{
    struct zip_stream_io io = {
        .in = r->in.data, .in_len = j->in_len,
        .out = r->out.data, .out_len = j->out_len,
    };
    enum zip_result result;

    result = zip_stream_inflate(&t->inflater, j->format, j->first,
                                r->ctx.data, &j->words, &j->check, &io);
    if (result == ZIP_OK) {
        j->consumed = io.consumed;
        j->produced = io.produced;
        if (io.ended) {
            j->status = ZIP_STATUS_END | ZIP_DW3_LAST;
        }
    }
    return result;
}

static void hisi_zip_run(HisiAccReq *r, void *tool)
{
    ZipJob *j = r->priv;
    ZipTool *t = tool;
    enum zip_result result;

    if (j->status || j->nop || r->forced) {
        return;
    }
    if (j->compress) {
        result = zip_deflate(&t->deflater, j->format, j->window_bits,
                             j->finish, r->in.data, j->in_len, r->out.data,
                             j->out_len, &j->check, &j->produced);
        j->consumed = result == ZIP_OK ? j->in_len : 0;
    } else if (j->stateful) {
        result = zip_run_stream(r, j, t);
    } else {
        result = zip_inflate(&t->inflater, j->format, r->in.data, j->in_len,
                             r->out.data, j->out_len, &j->check,
                             &j->consumed, &j->produced);
    }
    if (result != ZIP_OK) {
        j->status = zip_status(result);
    }
}

static void *hisi_zip_tool_new(void)
{
    return g_new0(ZipTool, 1);
}

static void hisi_zip_tool_free(void *tool)
{
    ZipTool *t = tool;

    zip_deflate_end(&t->deflater);
    zip_inflate_end(&t->inflater);
    g_free(t);
}

/* Finish */

static bool zip_failed(ZipJob *j)
{
    return j->status && j->status != (ZIP_STATUS_END | ZIP_DW3_LAST);
}

static HisiAccDma zip_store(HisiAccReq *r, ZipJob *j)
{
    HisiAccDma dma;

    if (j->step == ZIP_STEP_WRITE) {
        dma = hisi_acc_sg_move(r, HISI_ACC_WRITE, &r->dst, r->out.data,
                               j->produced);
        if (dma != HISI_ACC_DMA_OK) {
            return dma;
        }
        j->step = ZIP_STEP_WRITE_CTX;
    }
    if (!j->stateful || j->compress) {
        return HISI_ACC_DMA_OK;
    }
    return hisi_acc_req_move(r, HISI_ACC_WRITE, j->ctx_addr, r->ctx.data,
                             ZIP_CTX_SIZE);
}

static void hisi_zip_finish(HisiAccReq *r)
{
    ZipJob *j = r->priv;
    HisiAccDma dma;

    if (r->forced) {
        j->status = r->forced_status;
        j->consumed = 0;
        j->produced = 0;
    } else if (!zip_failed(j) && !j->nop) {
        dma = zip_store(r, j);
        if (dma == HISI_ACC_DMA_WAIT) {
            return;
        }
        if (dma == HISI_ACC_DMA_FAULT) {
            zip_fault(r, ZIP_ERR_DST_ADDR);
            j->status = ZIP_STATUS_DMA_FAULT;
        }
    }
    if (zip_failed(j)) {
        j->consumed = 0;
        j->produced = 0;
        j->words.dw0 = 0;
    }
    zip_set_dw(r, 0, j->consumed);
    zip_set_dw(r, 1, j->produced);
    zip_set_dw(r, 2, 0);
    zip_set_dw(r, 3, j->status);
    zip_set_dw(r, 15, j->words.dw0);
    zip_set_dw(r, 28, j->words.dw1);
    zip_set_dw(r, 29, j->words.dw2);
    zip_set_dw(r, 30, j->check.isize);
    zip_set_dw(r, 31, j->check.sum);
    trace_hisi_zip_done(r->queue->qn, r->slot, j->status, j->consumed,
                        j->produced);
}

/* Only result words go back: software keeps its own data in the others. */
static bool hisi_zip_write_back(HisiAccReq *r, uint64_t addr)
{
    HisiAccFun *f = r->queue->fun;

    return hisi_acc_write(f, addr, r->sqe, 16) &&
           hisi_acc_write(f, addr + 4 * 15, r->sqe + 4 * 15, 4) &&
           hisi_acc_write(f, addr + 4 * 28, r->sqe + 4 * 28, 16);
}

const HisiAccEngine hisi_zip_engine = {
    .name = "zip",
    .desc = "HiSilicon ZIP accelerator",
    .pf_device_id = HISI_ZIP_PF_ID,
    .vf_device_id = HISI_ZIP_VF_ID,
    .class_id = HISI_ZIP_CLASS,
    .sqe_shift = ZIP_SQE_SHIFT,
    .priv_size = sizeof(ZipJob),
    .v2 = {
        .queue_types = 1u << ZIP_QUEUE_COMPRESS | 1u << ZIP_QUEUE_DECOMPRESS,
        .algs = ZIP_ALGS_ZLIB | ZIP_ALGS_GZIP,
        .assumed_algs = ZIP_ALGS_ZLIB | ZIP_ALGS_GZIP,
    },
    .v3 = {
        .queue_types = 1u << ZIP_QUEUE_COMPRESS | 1u << ZIP_QUEUE_DECOMPRESS,
        .algs = ZIP_ALGS_ZLIB | ZIP_ALGS_GZIP | ZIP_ALGS_RAW,
        .assumed_algs = ZIP_ALGS_ZLIB | ZIP_ALGS_GZIP | ZIP_ALGS_RAW,
    },
    .errors = &hisi_zip_errors,
    .cap = hisi_zip_cap,
    .reg_write = hisi_zip_reg_write,
    .type_ready = hisi_zip_type_ready,
    .ssv = hisi_zip_ssv,
    .prepare = hisi_zip_prepare,
    .run = hisi_zip_run,
    .finish = hisi_zip_finish,
    .write_back = hisi_zip_write_back,
    .tool_new = hisi_zip_tool_new,
    .tool_free = hisi_zip_tool_free,
};
