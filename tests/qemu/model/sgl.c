/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hardware scatter-gather lists: guest memory of a request as segments.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "acc.h"

#define SGL_ALIGN           64
#define SGL_HEAD            64
#define SGL_ENTRY           32
#define SGL_MAX_ENTRIES     255
#define SGL_MAX_CHAIN       256
#define SGL_ENTRY_MAX_LEN   (8 * MiB)

static void hisi_acc_sg_add(HisiAccSgList *l, uint64_t addr, uint32_t len)
{
    if (l->count == l->room) {
        l->room = MAX(8, l->room * 2);
        l->seg = g_renew(HisiAccSeg, l->seg, l->room);
    }
    l->seg[l->count++] = (HisiAccSeg) { .addr = addr, .len = len };
}

bool hisi_acc_sg_flat(HisiAccSgList *l, uint64_t addr, uint32_t len)
{
    l->count = 0;
    if (addr + len < addr) {
        return false;
    }
    hisi_acc_sg_add(l, addr, len);
    return true;
}

/* Append the entries of one SGL, as far as they are needed. */
static bool hisi_acc_sg_entries(HisiAccFun *f, HisiAccSgList *l,
                                const uint8_t *entry, unsigned count,
                                uint64_t *skip, uint64_t *left)
{
    for (unsigned i = 0; i < count && *left; i++, entry += SGL_ENTRY) {
        uint64_t addr = ldq_le_p(entry);
        uint64_t len = ldl_le_p(entry + 16);
        uint64_t drop;

        if (!addr || !len || len > SGL_ENTRY_MAX_LEN || addr + len < addr) {
            hisi_acc_guest_error(f, "SGL entry 0x%" PRIx64 " of %" PRIu64
                                 " bytes", addr, len);
            return false;
        }
        drop = MIN(*skip, len);
        *skip -= drop;
        len = MIN(len - drop, *left);
        if (len) {
            hisi_acc_sg_add(l, addr + drop, len);
            *left -= len;
        }
    }
    return true;
}

/* From the start each time: what was read before a wait is lost. */
static HisiAccDma hisi_acc_req_read_list(HisiAccReq *r, uint64_t addr,
                                         uint8_t *buf, uint64_t len)
{
    uint64_t done = 0;

    return hisi_acc_req_dma(r, HISI_ACC_READ_LIST, addr, buf, len, &done);
}

/*
 * Collect len bytes of a chain, past the first skip ones.  The chain is
 * followed only while bytes are missing, because software leaves the link of
 * the last SGL it needs as it was.  After a wait the chain is walked once more
 * from its start.
 */
HisiAccDma hisi_acc_sg_load(HisiAccReq *r, HisiAccSgList *l, uint64_t addr,
                            uint32_t skip_bytes, uint32_t len)
{
    HisiAccFun *f = r->queue->fun;
    uint8_t raw[SGL_HEAD + SGL_MAX_ENTRIES * SGL_ENTRY];
    uint64_t skip = skip_bytes, left = len;
    HisiAccDma dma;

    l->count = 0;
    for (unsigned i = 0; left && i < SGL_MAX_CHAIN; i++) {
        unsigned count;

        if (!addr || addr % SGL_ALIGN) {
            hisi_acc_guest_error(f, "SGL at 0x%" PRIx64 ", %" PRIu64
                                 " bytes missing", addr, left);
            return HISI_ACC_DMA_FAULT;
        }
        dma = hisi_acc_req_read_list(r, addr, raw, SGL_HEAD);
        if (dma != HISI_ACC_DMA_OK) {
            return dma;
        }
        count = lduw_le_p(raw + 10);
        if (!count || count > SGL_MAX_ENTRIES) {
            hisi_acc_guest_error(f, "SGL with %u entries", count);
            return HISI_ACC_DMA_FAULT;
        }
        dma = hisi_acc_req_read_list(r, addr + SGL_HEAD, raw + SGL_HEAD,
                                     count * SGL_ENTRY);
        if (dma != HISI_ACC_DMA_OK) {
            return dma;
        }
        if (!hisi_acc_sg_entries(f, l, raw + SGL_HEAD, count, &skip, &left)) {
            return HISI_ACC_DMA_FAULT;
        }
        addr = ldq_le_p(raw);
    }
    if (left) {
        hisi_acc_guest_error(f, "SGL chain too long");
    }
    return left ? HISI_ACC_DMA_FAULT : HISI_ACC_DMA_OK;
}

/* Read or write the first len bytes of the list, from r->moved on. */
HisiAccDma hisi_acc_sg_move(HisiAccReq *r, HisiAccAccess access,
                            const HisiAccSgList *l, uint8_t *buf,
                            uint32_t len)
{
    HisiAccDma dma = HISI_ACC_DMA_OK;
    uint64_t at = 0;

    for (unsigned i = 0; i < l->count && at < len; i++) {
        uint64_t part = MIN(len - at, l->seg[i].len);
        uint64_t done = r->moved - at;

        if (r->moved < at + part) {
            dma = hisi_acc_req_dma(r, access, l->seg[i].addr, buf + at, part,
                                   &done);
            if (dma == HISI_ACC_DMA_WAIT) {
                r->moved = at + done;
                return dma;
            }
            if (dma == HISI_ACC_DMA_FAULT) {
                break;
            }
            r->moved = at + part;
        }
        at += part;
    }
    r->moved = 0;
    return at == len ? HISI_ACC_DMA_OK : HISI_ACC_DMA_FAULT;
}
