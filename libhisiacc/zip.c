// SPDX-License-Identifier: MIT
/* ZIP requests: to the device's terms and back, and one at a time. */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "ring.h"

/* A piece of output that is always enough for the input: 9/8 and some. */
#define BOUND_EXTRA	(HISI_ZIP_STREAM_DST_MIN + 24u)

/* A header may have that much before it takes room from what it is about. */
#define PARSED_MAX	65536u

#define WORD(field)	(offsetof(struct hisi_zip_sqe, field) / 4)

const struct hisiacc_zip_hw hisiacc_zip_hw_v2 = {
	.sqe_type = 0,
	.tag_word = WORD(tag_v2),
	.window = 0,
};

const struct hisiacc_zip_hw hisiacc_zip_hw_v3 = {
	.sqe_type = 3,
	.tag_word = WORD(tag_v3),
	.window = HISI_ZIP_WINDOW_32K,
};

/* ---- Encode and decode ---- */

static inline uint32_t low(uint64_t v)
{
	return htole32((uint32_t)v);
}

static inline uint32_t high(uint64_t v)
{
	return htole32((uint32_t)(v >> 32));
}

void hisiacc_zip_encode(const struct hisiacc_zip_hw *hw,
			struct hisi_zip_sqe *sqe,
			const struct hisiacc_zip_desc *desc)
{
	static const uint8_t request[] = {
		[HISIACC_ZIP_DEFLATE] = HISI_ZIP_REQ_DEFLATE,
		[HISIACC_ZIP_ZLIB] = HISI_ZIP_REQ_ZLIB,
		[HISIACC_ZIP_GZIP] = HISI_ZIP_REQ_GZIP,
	};
	uint32_t *words = (uint32_t *)sqe;

	memset(sqe, 0, sizeof(*sqe));
	sqe->src_len = low(desc->src_len);
	sqe->control = low(hw->sqe_type << HISI_ZIP_SQE_TYPE_SHIFT |
			   desc->control | desc->src_skip);
	sqe->dst_skip = low(desc->dst_skip);
	sqe->request = low(request[desc->format] |
			   (desc->sgl ? HISI_ZIP_REQ_SGL : 0) |
			   hw->window << HISI_ZIP_REQ_WINDOW_SHIFT);
	sqe->dst_len = low(desc->dst_len);
	sqe->src_lo = low(desc->src);
	sqe->src_hi = high(desc->src);
	sqe->dst_lo = low(desc->dst);
	sqe->dst_hi = high(desc->dst);
	words[hw->tag_word] = low(desc->tag);
	if (!desc->words)
		return;
	sqe->ctx_lo = low(desc->ctx);
	sqe->ctx_hi = high(desc->ctx);
	sqe->ctx0 = low(desc->words->ctx0);
	sqe->ctx1 = low(desc->words->ctx1);
	sqe->ctx2 = low(desc->words->ctx2);
	sqe->isize = low(desc->words->isize);
	sqe->checksum = low(desc->words->checksum);
}

static uint32_t decode_failure(uint32_t status)
{
	switch (status) {
	case HISI_ZIP_STATUS_EXPANDED:
	case HISI_ZIP_STATUS_END:
		return HISIACC_STATUS_OK;
	case HISI_ZIP_STATUS_DST_FULL:
		return HISIACC_STATUS_DST_FULL;
	case HISI_ZIP_STATUS_CHECKSUM:
		return HISIACC_STATUS_CHECKSUM;
	default:
		return HISIACC_STATUS_DATA_ERROR;
	}
}

bool hisiacc_zip_decode(const struct hisiacc_zip_hw *hw,
			const struct hisi_zip_sqe *sqe,
			const struct hisiacc_slot *slot, uint32_t tag,
			struct hisiacc_completion *out)
{
	/* The device can write the entry at any time: read each word once. */
	const volatile uint32_t *words = (const volatile uint32_t *)sqe;
	uint32_t consumed = le32toh(words[WORD(consumed)]);
	uint32_t produced = le32toh(words[WORD(produced)]);
	uint32_t status = le32toh(words[WORD(status)]);

	if (unlikely(le32toh(words[hw->tag_word]) != tag ||
		     consumed > slot->src_len || produced > slot->dst_len))
		return false;
	out->user_data = slot->user_data;
	out->code = status;
	out->status = status & HISI_ZIP_STATUS_MASK ?
		      decode_failure(status & HISI_ZIP_STATUS_MASK) :
		      (uint32_t)HISIACC_STATUS_OK;
	out->consumed = (uint64_t)consumed + slot->src_add;
	out->produced = (uint64_t)produced + slot->dst_add;
	return true;
}

void hisiacc_zip_words_load(const struct hisi_zip_sqe *sqe,
			    struct hisiacc_zip_words *words)
{
	*words = (struct hisiacc_zip_words){
		.status = le32toh(sqe->status),
		.ctx0 = le32toh(sqe->ctx0),
		.ctx1 = le32toh(sqe->ctx1),
		.ctx2 = le32toh(sqe->ctx2),
		.isize = le32toh(sqe->isize),
		.checksum = le32toh(sqe->checksum),
	};
}

uint32_t hisiacc_zip_formats(uint64_t algs, uint32_t type)
{
	static const struct {
		uint64_t alg;
		uint32_t format;
	} table[] = {
		{ HISIACC_ALG_DEFLATE_COMPRESS, HISIACC_ZIP_DEFLATE },
		{ HISIACC_ALG_ZLIB_COMPRESS, HISIACC_ZIP_ZLIB },
		{ HISIACC_ALG_GZIP_COMPRESS, HISIACC_ZIP_GZIP },
	};
	uint32_t formats = 0;
	size_t i;

	_Static_assert(HISIACC_ALG_ZLIB_DECOMPRESS ==
		       HISIACC_ALG_ZLIB_COMPRESS << HISIACC_ZIP_DECOMPRESS &&
		       HISIACC_ALG_GZIP_DECOMPRESS ==
		       HISIACC_ALG_GZIP_COMPRESS << HISIACC_ZIP_DECOMPRESS &&
		       HISIACC_ALG_DEFLATE_DECOMPRESS ==
		       HISIACC_ALG_DEFLATE_COMPRESS << HISIACC_ZIP_DECOMPRESS,
		       "algorithm bits come in pairs");
	if (type > HISIACC_ZIP_DECOMPRESS)
		return 0;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (algs & table[i].alg << type)
			formats |= 1u << table[i].format;
	return formats;
}

size_t hisiacc_zip_bound(enum hisiacc_zip_format format, size_t src_len)
{
	(void)format;
	if (src_len > SIZE_MAX - BOUND_EXTRA ||
	    src_len / 8 > SIZE_MAX - BOUND_EXTRA - src_len)
		return SIZE_MAX;
	return src_len + src_len / 8 + BOUND_EXTRA;
}

/* ---- Prepare ---- */

int hisiacc_zip_req_check(const struct hisiacc_zip_req *req,
			  uint32_t flags_known)
{
	if (unlikely(req->size != sizeof(*req) || req->reserved ||
		     req->flags & ~flags_known))
		return -EINVAL;
	return 0;
}

/* Copies a header to the front of a scatter list. */
static void sgl_write(const struct hisiacc_sgl *sgl, const uint8_t *src,
		      size_t len)
{
	unsigned int i;
	size_t n;

	for (i = 0; i < sgl->count && len; i++) {
		n = min_size(len, sgl->segments[i].len);
		memcpy(sgl->segments[i].addr, src, n);
		src += n;
		len -= n;
	}
}

static int sgl_header_parse(uint32_t format, const struct hisiacc_sgl *sgl)
{
	struct hisiacc_zip_header header = { .format = format };
	size_t used, total = 0;
	unsigned int i;
	int n = 0;

	if (format == HISIACC_ZIP_DEFLATE)
		return 0;
	for (i = 0; i < sgl->count && !n; i++) {
		n = hisiacc_zip_header_feed(&header, sgl->segments[i].addr,
					    sgl->segments[i].len, &used);
		total += used;
	}
	if (n < 0)
		return n;
	return !n || total > HISI_ZIP_SKIP_MAX ? -EBADMSG : (int)total;
}

/* Both lists; lengths still with headers. */
static __attribute__((noinline)) int desc_sgl(struct hisiacc_queue *queue,
		    const struct hisiacc_zip_req *req,
		    struct hisiacc_zip_desc *desc)
{
	const struct hisiacc_sgl *src = req->src_sgl, *dst = req->dst_sgl;
	int err;

	if (!src || !dst)
		return -EINVAL;
	if (src->queue->ctx != queue->ctx || dst->queue->ctx != queue->ctx)
		return -EFAULT;
	err = hisiacc_sgl_prepare(queue, src, false);
	if (!err)
		err = hisiacc_sgl_prepare(queue, dst, true);
	if (err)
		return err;
	desc->sgl = true;
	desc->src = src->iova;
	desc->dst = dst->iova;
	desc->src_len = (uint32_t)src->total;
	desc->dst_len = (uint32_t)dst->total;
	return 0;
}

/*
 * Memory by a pointer: as much of it as one request can use. Kept out of the
 * way of requests whose memory is registered. No bytes are left to
 * desc_header(), which refuses them: they have no reference.
 */
static __attribute__((noinline)) int map_src(struct hisiacc_queue *queue,
		   const struct hisiacc_zip_req *req,
		   struct hisiacc_zip_desc *desc)
{
	if (unlikely(req->src_len - 1 >= HISIACC_ZIP_REQUEST_MAX + PARSED_MAX))
		return req->src_len ? -E2BIG : 0;
	return hisiacc_slot_get(queue, 0, req->src, req->src_len, &desc->src);
}

static __attribute__((noinline)) int map_dst(struct hisiacc_queue *queue,
		   const struct hisiacc_zip_req *req,
		   struct hisiacc_zip_desc *desc)
{
	size_t len = min_size(req->dst_len, HISIACC_ZIP_REQUEST_MAX +
			      HISIACC_ZIP_HEADER_MAX);

	if (queue->type == HISIACC_ZIP_COMPRESS)
		len = min_size(len, hisiacc_zip_bound((enum hisiacc_zip_format)
						      req->format,
						      req->src_len));
	desc->dst_len = (uint32_t)len;
	if (unlikely(!len))
		return 0;
	return hisiacc_slot_get(queue, 1, req->dst, len, &desc->dst);
}

/* Raw deflate is the device's work alone: the CPU need not reach the memory. */
static __attribute__((noinline)) int map_odd(struct hisiacc_queue *queue, uint32_t format,
		   const void *addr, size_t len, const struct hisiacc_mem *mem,
		   bool write, uint64_t *out)
{
	if (!mem || format != HISIACC_ZIP_DEFLATE)
		return -EFAULT;
	return hisiacc_mem_iova_odd(queue->ctx, addr, len, mem, write, out);
}

static inline int desc_src(struct hisiacc_queue *queue,
			   const struct hisiacc_zip_req *req,
			   struct hisiacc_zip_desc *desc)
{
	int err;

	desc->src_len = (uint32_t)req->src_len;
	if (unlikely(!req->src_mem && hisiacc_queue_caches(queue)))
		return map_src(queue, req, desc);
	err = hisiacc_queue_iova(queue, req->src, req->src_len, req->src_mem,
				 false, &desc->src);
	if (unlikely(err))
		err = map_odd(queue, req->format, req->src, req->src_len,
			      req->src_mem, false, &desc->src);
	if (unlikely(!err && req->src_len > UINT32_MAX))
		err = -E2BIG;
	return err;
}

static inline int desc_dst(struct hisiacc_queue *queue,
			   const struct hisiacc_zip_req *req,
			   struct hisiacc_zip_desc *desc)
{
	int err;

	if (unlikely(!req->dst_mem && hisiacc_queue_caches(queue)))
		return map_dst(queue, req, desc);
	desc->dst_len = (uint32_t)min_size(req->dst_len, UINT32_MAX);
	err = hisiacc_queue_iova(queue, req->dst, req->dst_len, req->dst_mem,
				 true, &desc->dst);
	if (unlikely(err))
		err = map_odd(queue, req->format, req->dst, req->dst_len,
			      req->dst_mem, true, &desc->dst);
	return err;
}

/* The slot at the tail may have references to the cache then, error or not. */
static inline int desc_flat(struct hisiacc_queue *queue,
			    const struct hisiacc_zip_req *req,
			    struct hisiacc_zip_desc *desc)
{
	int err = desc_src(queue, req, desc);

	return unlikely(err) ? err : desc_dst(queue, req, desc);
}

/*
 * Takes the header off the lengths and addresses. Compression: dst_add bytes
 * are to be written in front. Negative errno, or 0 and slot's src_add, dst_add.
 */
static inline int desc_header(const struct hisiacc_queue *queue,
			      const struct hisiacc_zip_req *req,
			      struct hisiacc_zip_desc *desc,
			      uint32_t *src_add, uint32_t *dst_add)
{
	static const uint8_t size[] = {
		[HISIACC_ZIP_ZLIB] = 2, [HISIACC_ZIP_GZIP] = 10,
	};
	int n;

	*src_add = 0;
	*dst_add = 0;
	if (queue->type == HISIACC_ZIP_COMPRESS) {
		*dst_add = size[req->format & 3];
	} else {
		n = desc->sgl ? sgl_header_parse(req->format, req->src_sgl) :
		    hisiacc_zip_header_parse((enum hisiacc_zip_format)
					     req->format, req->src,
					     desc->src_len);
		if (unlikely(n < 0))
			return n == -EAGAIN || n == -E2BIG ? -EBADMSG : n;
		*src_add = (uint32_t)n;
	}
	if (unlikely(desc->src_len <= *src_add))
		return *src_add ? -EBADMSG : -EINVAL;
	if (unlikely(desc->dst_len <= *dst_add))
		return -ENOSPC;
	desc->src_len -= *src_add;
	desc->dst_len -= *dst_add;
	if (desc->sgl) {
		desc->src_skip = *src_add;
		desc->dst_skip = *dst_add;
		return 0;
	}
	desc->src += *src_add;
	desc->dst += *dst_add;
	if (unlikely(desc->src_len > HISIACC_ZIP_REQUEST_MAX))
		return -E2BIG;
	if (desc->dst_len > HISIACC_ZIP_REQUEST_MAX)
		desc->dst_len = HISIACC_ZIP_REQUEST_MAX;
	return 0;
}

static inline void write_header(const struct hisiacc_zip_req *req)
{
	uint8_t header[HISIACC_ZIP_HEADER_MAX];
	enum hisiacc_zip_format format = (enum hisiacc_zip_format)req->format;
	int n;

	if (req->dst_sgl) {
		n = hisiacc_zip_header_write(format, header, sizeof(header));
		sgl_write(req->dst_sgl, header, (size_t)n);
	} else {
		(void)hisiacc_zip_header_write(format, req->dst, req->dst_len);
	}
}

int hisiacc_zip_prep(struct hisiacc_queue *queue,
		     const struct hisiacc_zip_req *req, uint64_t user_data)
{
	struct hisiacc_zip_desc desc = {
		.format = req->format,
		.control = HISI_ZIP_NEW | HISI_ZIP_FINISH,
		.tag = queue->tail,
	};
	struct hisiacc_slot *slot = &queue->slots[queue->tail];
	uint32_t src_add, dst_add;
	void *sqe;
	int err;

	if (unlikely(hisiacc_zip_req_check(req, 0) || !req->format ||
		     req->format > HISIACC_ZIP_GZIP))
		return -EINVAL;
	if (unlikely(!(queue->formats & 1u << req->format)))
		return -EOPNOTSUPP;
	if (unlikely(req->src_sgl || req->dst_sgl))
		err = desc_sgl(queue, req, &desc);
	else
		err = desc_flat(queue, req, &desc);
	if (unlikely(err))
		goto put_refs;
	err = desc_header(queue, req, &desc, &src_add, &dst_add);
	if (unlikely(err))
		goto put_refs;
	err = -EAGAIN;
	sqe = hisiacc_ring_get(queue);
	if (unlikely(!sqe))
		goto put_refs;
	if (dst_add)
		write_header(req);
	slot->user_data = user_data;
	slot->src_add = src_add;
	slot->dst_add = dst_add;
	slot->src_len = desc.src_len;
	slot->dst_len = desc.dst_len;
	hisiacc_zip_encode(queue->zip, sqe, &desc);
	hisiacc_ring_push(queue);
	return 0;

put_refs:
	hisiacc_slot_put(queue, slot);
	return err;
}

/* ---- One at a time ---- */

/* What no single request can do, as a stream. */
static int run_large(struct hisiacc_queue *queue,
		     const struct hisiacc_zip_req *req, uint64_t deadline_ns,
		     struct hisiacc_completion *result)
{
	enum hisiacc_zip_format format = (enum hisiacc_zip_format)req->format;
	struct hisiacc_zip_req piece = *req;
	int err;

	if (queue->large)
		hisiacc_zip_stream_init(queue->large, format);
	else if ((err = hisiacc_zip_stream_alloc(queue, format, &queue->large)))
		return err;
	piece.flags = HISIACC_ZIP_FINISH;
	err = hisiacc_zip_stream_run(queue->large, &piece, deadline_ns, result);
	if (result->status == HISIACC_STATUS_OK)
		result->status = err ? HISIACC_STATUS_CANCELLED :
				       HISIACC_STATUS_DST_FULL;
	else if (result->status == HISIACC_STATUS_END)
		result->status = HISIACC_STATUS_OK;
	return err;
}

static void compress_nothing(const struct hisiacc_zip_req *req,
			     struct hisiacc_completion *result)
{
	uint8_t empty[HISIACC_ZIP_EMPTY_MAX];
	size_t n = hisiacc_zip_empty((enum hisiacc_zip_format)req->format,
				     empty);

	if (n > req->dst_len) {
		result->status = HISIACC_STATUS_DST_FULL;
		return;
	}
	memcpy(req->dst, empty, n);
	result->produced = n;
}

/* The status for a source that does not even have a header and something. */
static uint32_t headless_status(const struct hisiacc_zip_req *req)
{
	int n = hisiacc_zip_header_parse((enum hisiacc_zip_format)req->format,
					 req->src, req->src_len);

	return n >= 0 || n == -EAGAIN ? HISIACC_STATUS_TRUNCATED :
	       HISIACC_STATUS_DATA_ERROR;
}

static int run_small(struct hisiacc_queue *queue,
		     const struct hisiacc_zip_req *req, uint64_t deadline_ns,
		     struct hisiacc_completion *result)
{
	int err = hisiacc_zip_prep(queue, req, 0);

	switch (err) {
	case 0:
		return hisiacc_queue_run(queue, deadline_ns, result);
	case -ENOSPC:
		result->status = HISIACC_STATUS_DST_FULL;
		return 0;
	case -EBADMSG:
		result->status = headless_status(req);
		return 0;
	default:
		return err;
	}
}

/*
 * Is it that this much memory cannot be registered, or this kind of it? A
 * stream takes smaller pieces, and copies what cannot be registered at all.
 */
static bool is_too_much(const struct hisiacc_queue *queue,
			const struct hisiacc_zip_req *req, int err)
{
	return (err == -ENOMEM || err == -EBUSY || err == -EOPNOTSUPP) &&
	       hisiacc_queue_caches(queue) && (!req->src_mem || !req->dst_mem);
}

static int run_sync(struct hisiacc_queue *queue, uint32_t type,
		    const struct hisiacc_zip_req *req, uint64_t deadline_ns,
		    struct hisiacc_completion *result)
{
	int err;

	if (queue->type != type || hisiacc_zip_req_check(req, 0) ||
	    !req->format || req->format > HISIACC_ZIP_GZIP ||
	    req->src_sgl || req->dst_sgl)
		return -EINVAL;
	if (!(queue->formats & 1u << req->format))
		return -EOPNOTSUPP;
	if (!hisiacc_queue_idle(queue))
		return -EBUSY;
	*result = (struct hisiacc_completion){ .status = HISIACC_STATUS_OK };
	if (!req->src_len) {
		if (type == HISIACC_ZIP_COMPRESS)
			compress_nothing(req, result);
		else
			result->status = HISIACC_STATUS_TRUNCATED;
		return 0;
	}
	if (hisiacc_deadline_passed(deadline_ns)) {
		result->status = HISIACC_STATUS_CANCELLED;
		return -ETIME;
	}
	/* No request goes without room, even if nothing is going to come. */
	if (req->src_len <= HISIACC_ZIP_REQUEST_MAX &&
	    (req->dst_len || type == HISIACC_ZIP_COMPRESS)) {
		err = run_small(queue, req, deadline_ns, result);
		if (!is_too_much(queue, req, err) &&
		    (err || result->status != HISIACC_STATUS_DST_FULL ||
		     req->dst_len <= HISIACC_ZIP_REQUEST_MAX))
			return err;
	}
	return run_large(queue, req, deadline_ns, result);
}

int hisiacc_zip_compress(struct hisiacc_queue *queue,
			 const struct hisiacc_zip_req *req,
			 uint64_t deadline_ns,
			 struct hisiacc_completion *result)
{
	return run_sync(queue, HISIACC_ZIP_COMPRESS, req, deadline_ns, result);
}

int hisiacc_zip_decompress(struct hisiacc_queue *queue,
			   const struct hisiacc_zip_req *req,
			   uint64_t deadline_ns,
			   struct hisiacc_completion *result)
{
	return run_sync(queue, HISIACC_ZIP_DECOMPRESS, req, deadline_ns,
			result);
}
