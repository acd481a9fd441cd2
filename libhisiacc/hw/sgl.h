/* SPDX-License-Identifier: MIT */
/* Scatter list as the engines read it. See spec.rst, "Hardware SGL". */
#ifndef HISIACC_HW_SGL_H
#define HISIACC_HW_SGL_H

#include <stddef.h>
#include <stdint.h>

struct hisi_sgl_entry {
	uint64_t buf;
	uint64_t page_ctrl;
	uint32_t len;
	uint32_t pad0;
	uint64_t pad1;
};

struct hisi_sgl {
	uint64_t next;
	uint16_t sum_in_chain;
	uint16_t sum_in_sgl;
	uint16_t length_in_sgl;
	uint16_t pad;
	uint8_t rsvd[48];
	struct hisi_sgl_entry entries[];
};

_Static_assert(sizeof(struct hisi_sgl_entry) == 32, "SGL entry size");
_Static_assert(offsetof(struct hisi_sgl_entry, len) == 16, "SGL entry len");
_Static_assert(sizeof(struct hisi_sgl) == 64, "SGL header size");
_Static_assert(offsetof(struct hisi_sgl, sum_in_sgl) == 10, "SGL sum");

#endif /* HISIACC_HW_SGL_H */
