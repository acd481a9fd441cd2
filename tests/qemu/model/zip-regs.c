/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of the ZIP engine: capabilities, error sources, core clocks.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "zip.h"

/* Version 3 words from 0x3124 on. No LZ77 and no LZ4 among the algorithms. */
uint32_t hisi_zip_cap(HisiAccDev *d, uint32_t reg)
{
    static const uint32_t words[] = {
        0x00007c77,             /* 0x3124 QM non-fatal errors */
        0x00006c77,             /* 0x3128 QM errors that need a reset */
        0x00000008,             /* 0x312c QM correctable errors */
        0x00001ffe,             /* 0x3130 engine non-fatal errors */
        0x000007fe,             /* 0x3134 engine errors that need a reset */
        0x00000001,             /* 0x3138 engine correctable errors */
        0x12050203,             /* 0x313c cores: 5, 2 of them compress */
        0x001c0003,             /* 0x3140 core enable bits */
        0x00000030,             /* 0x3144 kernel algorithms: deflate */
        0x0000003f,             /* 0x3148 zlib, gzip, deflate */
        0x00000015,             /* 0x314c compression core 1 */
        0x00000015,             /* 0x3150 compression core 2 */
        0x0000002a,             /* 0x3154 decompression core 1 */
        0x0000002a,             /* 0x3158 decompression core 2 */
        0x0000002a,             /* 0x315c decompression core 3 */
    };
    unsigned i = (reg - 0x3124) / 4;

    return reg >= 0x3124 && i < ARRAY_SIZE(words) ? words[i] : 0;
}

void hisi_zip_reset(HisiAccDev *d)
{
    /* All cores stay off until the driver has set the engine up. */
    *hisi_acc_reg(&d->fun, R_ZIP_CLOCK_GATE) = 0;
}

bool hisi_zip_type_ready(HisiAccDev *d, unsigned type)
{
    uint32_t cores = *hisi_acc_reg(&d->fun, R_ZIP_CLOCK_GATE);

    return cores & (type == ZIP_QUEUE_COMPRESS ? ZIP_CLOCK_COMP_CORES
                                               : ZIP_CLOCK_DECOMP_CORES);
}

bool hisi_zip_axi_blocked(HisiAccDev *d)
{
    HisiAccFun *f = &d->fun;

    return d->version >= 3 &&
           (*hisi_acc_reg(f, R_ZIP_CONTROL) & ZIP_CONTROL_SHUTDOWN_ENABLE) &&
           (d->engine_ras.source & *hisi_acc_reg(f, R_ZIP_SHUTDOWN_SEL));
}

uint32_t hisi_zip_error_status(HisiAccDev *d)
{
    HisiAccFun *f = &d->fun;

    return d->engine_ras.source & ~d->engine_ras.mask &
           (*hisi_acc_reg(f, R_ZIP_CE_ENABLE) |
            *hisi_acc_reg(f, R_ZIP_NFE_ENABLE) |
            *hisi_acc_reg(f, R_ZIP_FE_ENABLE));
}

void hisi_zip_inject_error(HisiAccDev *d, uint32_t bits)
{
    d->engine_ras.source |= bits;
    qemu_bh_schedule(d->bh);
}

bool hisi_zip_reg_write(HisiAccDev *d, uint32_t reg, uint32_t val)
{
    switch (reg) {
    case R_ZIP_INT_SOURCE:
        d->engine_ras.source &= ~val;
        break;
    case R_ZIP_INT_MASK:
        d->engine_ras.mask = val;
        break;
    case R_ZIP_INT_SET:
        d->engine_ras.source |= val;
        break;
    case R_ZIP_CLOCK_GATE:
    case R_ZIP_CONTROL:
    case R_ZIP_CE_ENABLE:
    case R_ZIP_NFE_ENABLE:
    case R_ZIP_FE_ENABLE:
    case R_ZIP_SHUTDOWN_SEL:
        *hisi_acc_reg(&d->fun, reg) = val;
        break;
    case R_ZIP_INT_STATUS:
    case R_ZIP_SVA_TRANS:
        hisi_acc_guest_error(&d->fun, "write to read-only register 0x%x",
                             reg);
        return true;
    default:
        return false;
    }
    /* Cores may be awake now, or an error be gone or new. */
    qemu_bh_schedule(d->bh);
    return true;
}

bool hisi_zip_reg_read(HisiAccDev *d, uint32_t reg, uint32_t *val)
{
    switch (reg) {
    case R_ZIP_INT_SOURCE:
        *val = d->engine_ras.source;
        return true;
    case R_ZIP_INT_MASK:
        *val = d->engine_ras.mask;
        return true;
    case R_ZIP_INT_STATUS:
        *val = d->engine_ras.source & ~d->engine_ras.mask;
        return true;
    default:
        return false;
    }
}
