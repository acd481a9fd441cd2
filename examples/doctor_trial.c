// SPDX-License-Identifier: MIT
/* Work for a device: a text that is compressed, restored and compared. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

#define TEXT_SIZE	16384u
#define PACKED_SIZE	32768u
#define MEMORY_SIZE	(2 * TEXT_SIZE + PACKED_SIZE)
#define PATIENCE_NS	UINT64_C(5000000000)

static void write_text(char *text)
{
	size_t n = 0;
	unsigned int line = 0;

	while (n < TEXT_SIZE - 1)
		n += (size_t)snprintf(text + n, TEXT_SIZE - n,
				      "line %u of a letter to the device\n",
				      line++);
}

/* One direction, by a queue of its own. */
static int run(struct hisiacc_ctx *ctx, enum hisiacc_zip_type type,
	       struct hisiacc_zip_req *req, uint64_t *produced)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr), .type = type };
	uint64_t deadline = hisiacc_deadline(PATIENCE_NS);
	struct hisiacc_completion done = { .status = 0 };
	struct hisiacc_queue *queue;
	int err;

	err = hisiacc_queue_alloc(ctx, &attr, &queue);
	if (err)
		return err;
	err = type == HISIACC_ZIP_COMPRESS ?
	      hisiacc_zip_compress(queue, req, deadline, &done) :
	      hisiacc_zip_decompress(queue, req, deadline, &done);
	hisiacc_queue_free(queue);
	*produced = done.produced;
	if (err)
		return err;
	return done.status == HISIACC_STATUS_OK ? 0 : 1;
}

/* @mem: what @memory is registered as, NULL for the mode that does without. */
static int there_and_back(struct hisiacc_ctx *ctx, char *memory,
			  struct hisiacc_mem *mem)
{
	char *packed = memory + TEXT_SIZE, *back = packed + PACKED_SIZE;
	struct hisiacc_zip_req req = {
		.size = sizeof(req),
		.format = HISIACC_ZIP_ZLIB,
		.src = memory,
		.src_len = TEXT_SIZE,
		.src_mem = mem,
		.dst = packed,
		.dst_len = PACKED_SIZE,
		.dst_mem = mem,
	};
	uint64_t produced;
	int err;

	write_text(memory);
	err = run(ctx, HISIACC_ZIP_COMPRESS, &req, &produced);
	if (err)
		return err;
	req.src = packed;
	req.src_len = produced;
	req.dst = back;
	req.dst_len = TEXT_SIZE;
	err = run(ctx, HISIACC_ZIP_DECOMPRESS, &req, &produced);
	if (err)
		return err;
	return produced == TEXT_SIZE && !memcmp(memory, back, TEXT_SIZE) ? 0 : 1;
}

/* With memory that nobody has touched, whose pages the device has to ask for. */
static int try_pointer(struct hisiacc_ctx *ctx)
{
	char *memory = malloc(MEMORY_SIZE);
	int err = -ENOMEM;

	if (memory)
		err = there_and_back(ctx, memory, NULL);
	free(memory);
	return err;
}

static int try_registered(struct hisiacc_ctx *ctx)
{
	struct hisiacc_mem *mem;
	int err;

	err = hisiacc_mem_alloc(ctx, MEMORY_SIZE, 0, &mem);
	if (err)
		return err;
	err = there_and_back(ctx, hisiacc_mem_addr(mem), mem);
	hisiacc_mem_free(mem);
	return err;
}

int doc_try(const char *name, enum hisiacc_mode mode)
{
	struct hisiacc_ctx *ctx;
	int err;

	err = hisiacc_open(name, &ctx);
	if (err)
		return err;
	err = hisiacc_ctx_set_modes(ctx, (uint32_t)mode);
	if (!err)
		err = mode == HISIACC_MODE_SVA ? try_pointer(ctx) :
		      try_registered(ctx);
	hisiacc_close(ctx);
	return err;
}
