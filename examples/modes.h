/* SPDX-License-Identifier: MIT */
/* Memory modes on a command line: "sva,pasid,dma". */
#ifndef MODES_H
#define MODES_H

#include <stdint.h>
#include <string.h>

/*
 * The mask of modes that @text lists, 0 if it is no such list. The bits are the
 * same in the kernel's interface and in the library's.
 */
static inline uint32_t modes_parse(const char *text)
{
	static const char *const names[] = { "sva", "pasid", "dma" };
	uint32_t modes = 0;

	for (;;) {
		size_t len = strcspn(text, ",");
		unsigned int i = 0;

		while (i < 3 && (strlen(names[i]) != len ||
				 memcmp(names[i], text, len)))
			i++;
		if (i == 3)
			return 0;
		modes |= 1u << i;
		if (!text[len])
			return modes;
		text += len + 1;
	}
}

#endif /* MODES_H */
