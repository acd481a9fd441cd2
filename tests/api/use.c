/* SPDX-License-Identifier: GPL-2.0 */
/* A program as users write it, in the common subset of C11 and C++17. */
#include "hisiacc.h"

#include <stdio.h>

int main(void)
{
	struct hisiacc_ctx *ctx = NULL;
	struct hisiacc_zip_req req = { sizeof(req), HISIACC_ZIP_GZIP, 0, 0,
				       NULL, 0, NULL, NULL, 0, NULL, NULL,
				       NULL };
	int err = hisiacc_open_engine(HISIACC_ENGINE_ZIP, &ctx);

	if (!err)
		err = hisiacc_ctx_set_modes(ctx, HISIACC_MODE_SVA |
					    HISIACC_MODE_DMA);
	hisiacc_close(ctx);
	hisiacc_queue_free(NULL);
	hisiacc_mem_free(NULL);
	hisiacc_sgl_free(NULL);
	hisiacc_zip_stream_free(NULL);
	printf("%s %u %d %u\n", hisiacc_version(), hisiacc_api_level(),
	       err <= 0, (unsigned int)req.format);
	return hisiacc_api_level() == HISIACC_API_LEVEL && err <= 0 ? 0 : 1;
}
