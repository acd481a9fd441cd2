/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of the ZIP engine: capabilities, core clocks, places of the error
 * registers.
 */
#include "qemu/osdep.h"
#include "zip.h"

const HisiAccErrorRegs hisi_zip_errors = {
    .source = R_ZIP_INT_SOURCE,
    .mask = R_ZIP_INT_MASK,
    .status = R_ZIP_INT_STATUS,
    .set = R_ZIP_INT_SET,
    .ce_enable = R_ZIP_CE_ENABLE,
    .nfe_enable = R_ZIP_NFE_ENABLE,
    .fe_enable = R_ZIP_FE_ENABLE,
    .shutdown_sel = R_ZIP_SHUTDOWN_SEL,
    .control = R_ZIP_CONTROL,
    .shutdown_enable = ZIP_CONTROL_SHUTDOWN_ENABLE,
};

/* Words of version 3. No LZ77 and no LZ4 among the algorithms. */
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
    };
    unsigned i = (reg - R_ENGINE_CAP_FIRST) / 4;

    switch (reg) {
    case 0x3144:                /* for kernel users */
        return d->algs & ZIP_ALGS_RAW;
    case 0x3148:
        return d->algs;
    case 0x314c:                /* by core, first those that compress */
    case 0x3150:
        return d->algs & ZIP_ALGS_COMPRESS;
    case 0x3154:
    case 0x3158:
    case 0x315c:
        return d->algs & ZIP_ALGS_DECOMPRESS;
    default:
        return i < ARRAY_SIZE(words) ? words[i] : 0;
    }
}

/* All cores stay off until the driver has set the engine up. */
bool hisi_zip_type_ready(HisiAccDev *d, unsigned type)
{
    uint32_t cores = *hisi_acc_reg(d->fun, R_ZIP_CLOCK_GATE);

    return cores & (type == ZIP_QUEUE_COMPRESS ? ZIP_CLOCK_COMP_CORES
                                               : ZIP_CLOCK_DECOMP_CORES);
}

bool hisi_zip_ssv(HisiAccDev *d, HisiAccAccess access)
{
    static const uint32_t user[] = {
        [HISI_ACC_READ] = R_ZIP_DATA_RUSER,
        [HISI_ACC_WRITE] = R_ZIP_DATA_WUSER,
        [HISI_ACC_READ_LIST] = R_ZIP_SGL_RUSER,
    };

    return *hisi_acc_reg(d->fun, user[access]) & ZIP_USER_SSV;
}

bool hisi_zip_reg_write(HisiAccDev *d, uint32_t reg, uint32_t val)
{
    if (reg == R_ZIP_SVA_TRANS) {
        hisi_acc_guest_error(d->fun, "write to read-only register 0x%x",
                             reg);
        return true;
    }
    return false;
}
