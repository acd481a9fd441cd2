/* SPDX-License-Identifier: GPL-2.0 */
/* The compression engine of the fake device, from the hardware description. */
#ifndef FAKE_ZIP_H
#define FAKE_ZIP_H

#include <stdbool.h>
#include <stdint.h>

void fake_zip_reset(void);
void fake_zip_run(uint32_t type, uint32_t mode, uint32_t hw_version,
		  uint32_t *sqe);

/* From fake_device.c. NULL: the device cannot reach that memory. */
void *fake_dma(uint32_t mode, uint64_t iova, uint64_t len, bool write);
void fake_zip_break(const char *rule);

#endif /* FAKE_ZIP_H */
