// SPDX-License-Identifier: GPL-2.0
#include <zlib.h>

#include "stack.h"

struct stack stack;

static bool setting(const char *name)
{
	const char *value = getenv(name);

	return value && *value && strcmp(value, "0");
}

bool stack_long(void)
{
	return setting("STACK_LONG");
}

uint32_t stack_queue_flags(void)
{
	return setting("STACK_NO_DOORBELL_MAP") ? HISIACC_QUEUE_NO_DOORBELL_MAP :
						  0;
}

/* ---- Device ---- */

struct hisiacc_queue *queue_new(uint32_t type, uint32_t depth)
{
	struct hisiacc_queue_attr attr = {
		.size = sizeof(attr),
		.flags = stack_queue_flags(),
		.type = type,
		.depth = depth,
	};
	struct hisiacc_queue *queue;

	ck_assert_int_eq(hisiacc_queue_alloc(stack.ctx, &attr, &queue), 0);
	return queue;
}

enum hisiacc_mode stack_mode(void)
{
	struct hisiacc_queue_info info = { .size = sizeof(info) };

	ck_assert_int_eq(hisiacc_queue_info(stack.comp, &info), 0);
	return info.mode;
}

/* MODE of the environment is the only one that the machine gives. */
static void check_mode(void)
{
	const char *wanted = getenv("MODE");

	ck_assert_msg(!wanted || !strcasecmp(wanted, hisiacc_mode_text(stack_mode())),
		      "the mode is not %s", wanted);
}

void stack_open(size_t size, uint32_t depth)
{
	struct hisiacc_ctx_info info = { .size = sizeof(info) };

	/* A test that failed may have left this behind. */
	if (!device_is_bound())
		device_bind();
	monitor_clear(USUAL_DELAY_US);
	ck_assert_int_eq(hisiacc_open_engine(HISIACC_ENGINE_ZIP, &stack.ctx), 0);
	ck_assert_int_eq(hisiacc_ctx_info(stack.ctx, &info), 0);
	stack.hw_version = info.hw_version;
	stack.comp = queue_new(HISIACC_ZIP_COMPRESS, depth);
	stack.decomp = queue_new(HISIACC_ZIP_DECOMPRESS, depth);
	check_mode();
	ck_assert_int_eq(hisiacc_mem_alloc(stack.ctx, size, 0, &stack.mem), 0);
	stack.buf = hisiacc_mem_addr(stack.mem);
	stack.size = hisiacc_mem_size(stack.mem);
	ck_assert_uint_ge(stack.size, size);
}

void stack_open_default(void)
{
	stack_open(4u << 20, 64);
}

void stack_open_large(void)
{
	stack_open(40u << 20, 64);
}

void stack_close(void)
{
	hisiacc_queue_free(stack.comp);
	hisiacc_queue_free(stack.decomp);
	hisiacc_mem_free(stack.mem);
	hisiacc_close(stack.ctx);
	stack = (struct stack){ 0 };
}

/* ---- Formats ---- */

/* Raw deflate came with version 3. Asked for before any test runs. */
int first_format(void)
{
	FILE *file = fopen("/sys/class/hisi_acc/zip0/hw_version", "r");
	int version = 3;

	if (!file || fscanf(file, "%d", &version) != 1)
		fputs("stack: the version of zip0 is not known\n", stderr);
	if (file)
		fclose(file);
	return version < 3;
}

enum hisiacc_zip_format format_of(int i)
{
	static const enum hisiacc_zip_format formats[] = {
		HISIACC_ZIP_DEFLATE, HISIACC_ZIP_ZLIB, HISIACC_ZIP_GZIP,
	};

	return formats[i];
}

const char *format_name(enum hisiacc_zip_format format)
{
	return format == HISIACC_ZIP_DEFLATE ? "deflate" :
	       format == HISIACC_ZIP_ZLIB ? "zlib" : "gzip";
}

static int window_bits(enum hisiacc_zip_format format)
{
	return format == HISIACC_ZIP_DEFLATE ? -15 :
	       format == HISIACC_ZIP_ZLIB ? 15 : 31;
}

/* ---- Data ---- */

void fill(uint8_t *p, size_t n, enum pattern pattern, uint32_t seed)
{
	size_t half = n / 2;

	switch (pattern) {
	case TEXT:
		fill_text(p, n, seed);
		break;
	case RANDOM:
		fill_noise(p, n, seed);
		break;
	case ZERO:
		memset(p, 0, n);
		break;
	default:
		fill_text(p, half, seed);
		fill_noise(p + half, n - half, seed);
		break;
	}
}

bool all_are(const uint8_t *p, size_t n, uint8_t value)
{
	return !n || (p[0] == value && !memcmp(p, p + 1, n - 1));
}

/* ---- zlib ---- */

size_t zlib_deflate(enum hisiacc_zip_format format, int level, const void *src,
		    size_t n, void *dst, size_t room)
{
	z_stream z = {
		.next_in = (uint8_t *)src, .avail_in = (uInt)n,
		.next_out = dst, .avail_out = (uInt)room,
	};
	size_t size;

	ck_assert_int_eq(deflateInit2(&z, level, Z_DEFLATED, window_bits(format),
				      8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	size = z.total_out;
	deflateEnd(&z);
	return size;
}

static int inflate_all(enum hisiacc_zip_format format, const void *src,
		       size_t n, void *dst, size_t room, size_t *size,
		       size_t *used)
{
	z_stream z = {
		.next_in = (uint8_t *)src, .avail_in = (uInt)n,
		.next_out = dst, .avail_out = (uInt)room,
	};
	int ret;

	ck_assert_int_eq(inflateInit2(&z, window_bits(format)), Z_OK);
	ret = inflate(&z, Z_FINISH);
	*size = z.total_out;
	*used = z.total_in;
	inflateEnd(&z);
	return ret;
}

size_t zlib_inflate(enum hisiacc_zip_format format, const void *src, size_t n,
		    void *dst, size_t room, size_t *used)
{
	size_t size, all;

	ck_assert_int_eq(inflate_all(format, src, n, dst, room, &size, &all),
			 Z_STREAM_END);
	if (used)
		*used = all;
	else
		ck_assert_uint_eq(all, n);
	return size;
}

bool zlib_accepts(enum hisiacc_zip_format format, const void *src, size_t n,
		  void *dst, size_t room, size_t *size)
{
	size_t used;

	return inflate_all(format, src, n, dst, room, size, &used) ==
	       Z_STREAM_END;
}

/* ---- One request ---- */

struct hisiacc_zip_req req_of(enum hisiacc_zip_format format, const void *src,
			      size_t src_len, void *dst, size_t dst_len)
{
	return (struct hisiacc_zip_req){
		.size = sizeof(struct hisiacc_zip_req),
		.format = format,
		.src = src,
		.src_len = src_len,
		.src_mem = stack.mem,
		.dst = dst,
		.dst_len = dst_len,
		.dst_mem = stack.mem,
	};
}

struct hisiacc_completion zip_pack(const struct hisiacc_zip_req *req)
{
	struct hisiacc_completion done = { .status = 99 };

	ck_assert_int_eq(hisiacc_zip_compress(stack.comp, req,
					      hisiacc_deadline(PATIENCE),
					      &done), 0);
	return done;
}

struct hisiacc_completion zip_unpack(const struct hisiacc_zip_req *req)
{
	struct hisiacc_completion done = { .status = 99 };

	ck_assert_int_eq(hisiacc_zip_decompress(stack.decomp, req,
						hisiacc_deadline(PATIENCE),
						&done), 0);
	return done;
}

static size_t check_ok(const struct hisiacc_completion *done,
		       const struct hisiacc_zip_req *req)
{
	ck_assert_uint_eq(done->status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(done->consumed, req->src_len);
	ck_assert_uint_le(done->produced, req->dst_len);
	return done->produced;
}

size_t zip_pack_ok(const struct hisiacc_zip_req *req)
{
	struct hisiacc_completion done = zip_pack(req);

	return check_ok(&done, req);
}

size_t zip_unpack_ok(const struct hisiacc_zip_req *req)
{
	struct hisiacc_completion done = zip_unpack(req);

	return check_ok(&done, req);
}

void check_usable(void)
{
	enum { SIZE = 3000, PACKED = 8192 };
	uint8_t *src = stack.buf, *packed = src + PACKED, *back = packed + PACKED;
	struct hisiacc_zip_req req;
	size_t n;

	fill(src, SIZE, TEXT, 5);
	memset(back, 0, SIZE);
	req = req_of(HISIACC_ZIP_GZIP, src, SIZE, packed, PACKED);
	n = zip_pack_ok(&req);
	req = req_of(HISIACC_ZIP_GZIP, packed, n, back, SIZE);
	ck_assert_uint_eq(zip_unpack_ok(&req), SIZE);
	ck_assert_mem_eq(src, back, SIZE);
}

void submit_and_collect(struct hisiacc_queue *queue,
			struct hisiacc_completion *out, unsigned int count)
{
	uint64_t deadline = hisiacc_deadline(PATIENCE);
	unsigned int have = 0;
	int n;

	ck_assert_int_ge(hisiacc_queue_submit(queue), 0);
	while (have < count) {
		n = hisiacc_queue_wait(queue, out + have, count - have,
				       deadline);
		ck_assert_int_gt(n, 0);
		have += (unsigned int)n;
	}
}
