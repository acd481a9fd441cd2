// SPDX-License-Identifier: MIT
/*
 * ZIP streams: pieces of any size to requests that the device takes. Its rules
 * (spec.rst, "Stream context") are kept here: input in multiples of 4 bytes
 * but for the last piece, room for the output of each request, no finish
 * without input, headers by software.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "ring.h"

/* Input below this is gathered; a multiple of 4. */
#define STAGE_SIZE	4096u
/* Output for one such gathered piece, and for what the library adds. */
#define BOUNCE_SIZE	8192u

#define STAGE_OFFSET	HISI_ZIP_CTX_SIZE
#define BOUNCE_OFFSET	(STAGE_OFFSET + STAGE_SIZE)
#define MEM_SIZE	(BOUNCE_OFFSET + BOUNCE_SIZE)

_Static_assert(BOUNCE_SIZE >= STAGE_SIZE + STAGE_SIZE / 8 +
	       HISI_ZIP_STREAM_DST_MIN, "a gathered piece's output fits");

enum state {
	STATE_BEGIN,	/* header not yet written or read */
	STATE_BODY,
	STATE_END,	/* nothing more will be produced */
	STATE_BAD	/* of no use until reset */
};

struct hisiacc_zip_stream {
	struct hisiacc_queue *queue;
	struct hisiacc_mem *mem;	/* context, stage, bounce */
	uint8_t *base;
	uint64_t iova;
	enum hisiacc_zip_format format;
	enum state state;
	bool started;			/* the device has seen the stream */
	bool more;			/* the device may have output left */
	struct hisiacc_zip_words words;
	struct hisiacc_zip_header header;
	uint32_t staged;		/* bytes in the stage */
	uint32_t bounce_pos;		/* bytes of the bounce buffer that are */
	uint32_t bounce_len;		/* still to be delivered */
};

/* Most of the caller's source, or destination, that a request takes. */
struct share {
	size_t max;
	bool pointer;		/* not registered: mapped for each request */
	bool copy;		/* cannot be registered */
};

/* Less than this is not tried to be registered, but copied. */
#define SHARE_MIN	65536u

/* One call of run: what is left of the caller's buffers. */
struct run {
	struct hisiacc_zip_stream *stream;
	const uint8_t *src;
	uint8_t *dst;
	size_t src_left;
	size_t dst_left;
	uint64_t src_iova;	/* unless it is known by a pointer only */
	uint64_t dst_iova;
	struct share src_share;
	struct share dst_share;
	uint64_t deadline_ns;
	bool finish;
	struct hisiacc_completion *result;
};

/* ---- Alloc, init, free ---- */

static void clear(struct hisiacc_zip_stream *stream)
{
	if (stream->started)
		memset(stream->base, 0, HISI_ZIP_CTX_SIZE);
	stream->started = false;
	stream->state = STATE_BEGIN;
	stream->more = false;
	stream->words = (struct hisiacc_zip_words){ 0 };
	stream->header = (struct hisiacc_zip_header){
		.format = stream->format
	};
	stream->staged = 0;
	stream->bounce_pos = 0;
	stream->bounce_len = 0;
}

void hisiacc_zip_stream_init(struct hisiacc_zip_stream *stream,
			     enum hisiacc_zip_format format)
{
	stream->format = format;
	clear(stream);
}

int hisiacc_zip_stream_alloc(struct hisiacc_queue *queue,
			     enum hisiacc_zip_format format,
			     struct hisiacc_zip_stream **out)
{
	struct hisiacc_zip_stream *stream;
	int err;

	*out = NULL;
	if (format < HISIACC_ZIP_DEFLATE || format > HISIACC_ZIP_GZIP)
		return -EINVAL;
	if (!(queue->formats & 1u << format))
		return -EOPNOTSUPP;
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return -ENOMEM;
	err = hisiacc_mem_alloc(queue->ctx, MEM_SIZE, 0, &stream->mem);
	if (err) {
		free(stream);
		return err;
	}
	stream->queue = queue;
	stream->base = hisiacc_mem_addr(stream->mem);
	(void)hisiacc_queue_iova(queue, stream->base, MEM_SIZE, stream->mem,
				 true, &stream->iova);
	hisiacc_zip_stream_init(stream, format);
	*out = stream;
	return 0;
}

void hisiacc_zip_stream_free(struct hisiacc_zip_stream *stream)
{
	if (!stream)
		return;
	hisiacc_mem_free(stream->mem);
	free(stream);
}

void hisiacc_zip_stream_reset(struct hisiacc_zip_stream *stream)
{
	clear(stream);
}

/* ---- One request ---- */

/* A piece of work for the device. */
struct piece {
	bool staged;		/* from the stage, else from the caller... */
	bool copied;		/* ...by way of the stage */
	bool bounced;		/* to the bounce buffer, else to the caller */
	bool last;
	uint32_t src_len;
	uint32_t dst_len;
};

/*
 * What to do about memory that cannot be registered: take less of it at a time,
 * and copy it in the end. 0: try again.
 */
static int shrink(struct run *run, struct share *share, uint32_t len, int err)
{
	if (err == -ENOMEM || err == -EBUSY || err == -EOPNOTSUPP) {
		share->max = min_size(len, share->max) / 2;
		share->copy = err == -EOPNOTSUPP || share->max < SHARE_MIN;
		return 0;
	}
	/* What this call has done already cannot be told. */
	if (run->result->consumed || run->result->produced)
		run->stream->state = STATE_BAD;
	return err;
}

static int map_share(struct run *run, bool dst, const void *addr, uint32_t len,
		     uint64_t *iova)
{
	struct hisiacc_queue *queue = run->stream->queue;
	int err = hisiacc_slot_get(queue, dst, addr, len, iova);

	if (!err)
		return 0;
	hisiacc_slot_put(queue, &queue->slots[queue->tail]);
	err = shrink(run, dst ? &run->dst_share : &run->src_share, len, err);
	return err ? err : 1;
}

/* Where the device finds the caller's part of it. 1: choose another piece. */
static int map_piece(struct run *run, const struct piece *piece)
{
	int err = 0;

	if (run->src_share.pointer && piece->src_len && !piece->staged &&
	    !piece->copied)
		err = map_share(run, false, run->src, piece->src_len,
				&run->src_iova);
	if (!err && run->dst_share.pointer && !piece->bounced)
		err = map_share(run, true, run->dst, piece->dst_len,
				&run->dst_iova);
	return err;
}

static void prepare(struct run *run, const struct piece *piece)
{
	struct hisiacc_zip_stream *stream = run->stream;
	struct hisiacc_queue *queue = stream->queue;
	struct hisiacc_slot *slot = &queue->slots[queue->tail];
	struct hisiacc_zip_desc desc = {
		.format = stream->format,
		.control = HISI_ZIP_STATEFUL |
			   (stream->started ? 0 : HISI_ZIP_NEW) |
			   (piece->last ? HISI_ZIP_FINISH : 0),
		.tag = queue->tail,
		/* Without input there must be an address all the same. */
		.src = piece->staged || piece->copied || !piece->src_len ?
		       stream->iova + STAGE_OFFSET : run->src_iova,
		.dst = piece->bounced ? stream->iova + BOUNCE_OFFSET :
		       run->dst_iova,
		.src_len = piece->src_len,
		.dst_len = piece->dst_len,
		.ctx = stream->iova + HISI_ZIP_CTX_OFFSET,
		.words = &stream->words,
	};

	if (piece->copied)
		memcpy(stream->base + STAGE_OFFSET, run->src, piece->src_len);
	slot->user_data = 0;
	slot->src_add = 0;
	slot->dst_add = 0;
	slot->src_len = piece->src_len;
	slot->dst_len = piece->dst_len;
	/* The queue is idle, so there is a slot. */
	hisiacc_zip_encode(queue->zip, hisiacc_ring_get(queue), &desc);
	hisiacc_ring_push(queue);
	stream->started = true;
}

/* Counts what a request has used and made. */
static void account(struct run *run, const struct piece *piece,
		    uint32_t consumed, uint32_t produced)
{
	struct hisiacc_zip_stream *stream = run->stream;

	if (piece->staged) {
		stream->staged -= consumed;
		memmove(stream->base + STAGE_OFFSET,
			stream->base + STAGE_OFFSET + consumed, stream->staged);
	} else if (consumed) {
		run->src += consumed;
		run->src_iova += consumed;
		run->src_left -= consumed;
		run->result->consumed += consumed;
	}
	if (piece->bounced) {
		stream->bounce_pos = 0;
		stream->bounce_len = produced;
	} else if (produced) {
		run->dst += produced;
		run->dst_iova += produced;
		run->dst_left -= produced;
		run->result->produced += produced;
	}
}

static int fail(struct run *run, uint32_t status)
{
	run->stream->state = STATE_BAD;
	run->result->status = status;
	return 1;
}

/*
 * Has the device do a piece. 0 done, its words are in the stream and *done has
 * the counts, or not done, and another piece is to be chosen: *done says
 * cancelled; 1 the device's verdict ends this call; -ETIME likewise, but
 * the counts are there; other errors.
 */
static int request(struct run *run, const struct piece *piece,
		   struct hisiacc_completion *done)
{
	struct hisiacc_zip_stream *stream = run->stream;
	struct hisiacc_queue *queue = stream->queue;
	int err;

	*done = (struct hisiacc_completion){
		.status = HISIACC_STATUS_CANCELLED
	};
	if (hisiacc_deadline_passed(run->deadline_ns))
		return -ETIME;
	err = map_piece(run, piece);
	if (err)
		return err < 0 ? err : 0;
	prepare(run, piece);
	queue->words = &stream->words;
	queue->special++;
	err = hisiacc_queue_run(queue, run->deadline_ns, done);
	queue->special--;
	queue->words = NULL;
	if (err && err != -ETIME) {
		stream->state = STATE_BAD;
		return err;
	}
	run->result->code = done->code;
	if (done->status != HISIACC_STATUS_OK) {
		(void)fail(run, done->status == HISIACC_STATUS_DST_FULL ?
			   (uint32_t)HISIACC_STATUS_DATA_ERROR : done->status);
		return err ? err : 1;
	}
	account(run, piece, (uint32_t)done->consumed,
		(uint32_t)done->produced);
	return err;
}

/* ---- Both directions ---- */

/* Hands out what is in the bounce buffer. True when all of it is out. */
static bool drain(struct run *run)
{
	struct hisiacc_zip_stream *stream = run->stream;
	size_t n = min_size(stream->bounce_len, run->dst_left);

	if (n) {
		memcpy(run->dst, stream->base + BOUNCE_OFFSET +
		       stream->bounce_pos, n);
		stream->bounce_pos += (uint32_t)n;
		stream->bounce_len -= (uint32_t)n;
		run->dst += n;
		run->dst_iova += n;
		run->dst_left -= n;
		run->result->produced += n;
	}
	return !stream->bounce_len;
}

/* ---- Compression ---- */

/* Input that the destination has room for, whatever comes out of it. */
static size_t src_that_fits(size_t dst_len)
{
	if (dst_len < HISI_ZIP_STREAM_DST_MIN)
		return 0;
	return (dst_len - 8) / 9 * 8;
}

/* Moves input to the stage. */
static void gather(struct run *run)
{
	struct hisiacc_zip_stream *stream = run->stream;
	size_t n = min_size(STAGE_SIZE - stream->staged, run->src_left);

	if (!n)
		return;
	memcpy(stream->base + STAGE_OFFSET + stream->staged, run->src, n);
	stream->staged += (uint32_t)n;
	run->src += n;
	run->src_iova += n;
	run->src_left -= n;
	run->result->consumed += n;
}

/* Writes what ends a stream without any more input. */
static void append_end(struct hisiacc_zip_stream *stream)
{
	uint8_t empty[HISIACC_ZIP_EMPTY_MAX];
	uint8_t *bounce = stream->base + BOUNCE_OFFSET;
	size_t n, header;

	if (stream->started) {
		n = hisiacc_zip_tail(stream->format, &stream->words, bounce);
	} else {
		/* The header is out already. */
		n = hisiacc_zip_empty(stream->format, empty);
		header = (size_t)hisiacc_zip_header_write(stream->format,
							  bounce, BOUNCE_SIZE);
		n -= header;
		memcpy(bounce, empty + header, n);
	}
	stream->bounce_pos = 0;
	stream->bounce_len = (uint32_t)n;
	stream->state = STATE_END;
}

/* Chooses the next piece. False: not enough input yet. */
static bool choose_compress(struct run *run, struct piece *piece)
{
	struct hisiacc_zip_stream *stream = run->stream;
	size_t room = run->dst_share.copy ? 0 :
		      min_size(run->dst_left, run->dst_share.max);
	size_t fits = src_that_fits(room);
	size_t n;

	*piece = (struct piece){ 0 };
	if (stream->staged || (run->src_left < STAGE_SIZE && !run->finish)) {
		gather(run);
		if (stream->staged < STAGE_SIZE && !run->finish)
			return false;
		piece->staged = true;
		n = stream->staged;
		piece->bounced = n > fits;
	} else {
		piece->copied = run->src_share.copy;
		n = min_size(run->src_left, piece->copied ? STAGE_SIZE :
			     run->src_share.max);
		piece->bounced = fits < min_size(n, STAGE_SIZE);
		n = min_size(n, piece->bounced ? STAGE_SIZE : fits);
	}
	piece->last = run->finish && run->src_left == (piece->staged ? 0 : n);
	if (!piece->last)
		n &= ~(size_t)3;
	piece->src_len = (uint32_t)n;
	/* Do not register what is not going to be used. */
	if (run->dst_share.pointer)
		room = min_size(room, hisiacc_zip_bound(stream->format, n));
	piece->dst_len = piece->bounced ? BOUNCE_SIZE : (uint32_t)room;
	return true;
}

static void begin_compress(struct hisiacc_zip_stream *stream)
{
	int n = hisiacc_zip_header_write(stream->format,
					 stream->base + BOUNCE_OFFSET,
					 BOUNCE_SIZE);

	stream->bounce_len = (uint32_t)n;
	stream->state = STATE_BODY;
}

/* 0 go on; 1 this call is done; negative errno. */
static int step_compress(struct run *run)
{
	struct hisiacc_zip_stream *stream = run->stream;
	struct hisiacc_completion done;
	struct piece piece;
	int err;

	if (stream->state == STATE_BEGIN) {
		begin_compress(stream);
		return 0;
	}
	if (!run->src_left && !stream->staged) {
		if (!run->finish)
			return 1;
		append_end(stream);
		return 0;
	}
	if (!choose_compress(run, &piece))
		return 1;
	err = request(run, &piece, &done);
	if (err && (err != -ETIME || stream->state == STATE_BAD))
		return err;
	if (done.status != HISIACC_STATUS_OK)
		return err;
	if (!done.consumed)
		return fail(run, HISIACC_STATUS_DATA_ERROR);
	if (piece.last && done.consumed == piece.src_len)
		stream->state = STATE_END;
	return err;
}

/* ---- Decompression ---- */

static int begin_decompress(struct run *run)
{
	struct hisiacc_zip_stream *stream = run->stream;
	size_t used;
	int n;

	n = hisiacc_zip_header_feed(&stream->header, run->src, run->src_left,
				    &used);
	if (n == -EBADMSG)
		return fail(run, HISIACC_STATUS_DATA_ERROR);
	if (n < 0) {
		stream->state = STATE_BAD;
		return n;
	}
	if (used) {
		run->src += used;
		run->src_iova += used;
		run->src_left -= used;
		run->result->consumed += used;
	}
	if (n) {
		stream->state = STATE_BODY;
		return 0;
	}
	return run->finish ? fail(run, HISIACC_STATUS_TRUNCATED) : 1;
}

/* What the device's words say about the stream after a request. */
static void judge(struct hisiacc_zip_stream *stream, const struct piece *piece,
		  const struct hisiacc_completion *done)
{
	uint32_t state = stream->words.ctx0 & HISI_ZIP_CTX_STATE_MASK;
	uint32_t code = stream->words.status &
			(HISI_ZIP_STATUS_MASK | HISI_ZIP_LAST_BLOCK);
	bool pending = state == HISI_ZIP_CTX_OUTPUT_PENDING ||
		       state == HISI_ZIP_CTX_BETWEEN_BLOCKS ||
		       state == HISI_ZIP_CTX_TRAILER_MISSING;

	if (code == (HISI_ZIP_STATUS_END | HISI_ZIP_LAST_BLOCK) && !pending) {
		stream->state = STATE_END;
		return;
	}
	stream->more = done->produced == piece->dst_len ||
		       state == HISI_ZIP_CTX_OUTPUT_PENDING ||
		       state == HISI_ZIP_CTX_IN_BLOCK ||
		       (state == HISI_ZIP_CTX_BETWEEN_BLOCKS &&
			stream->words.ctx0 & HISI_ZIP_CTX_CACHED_BITS_MASK);
	/* It was asked for what is left, and had nothing. */
	if (!done->consumed && !done->produced)
		stream->more = false;
}

static int step_decompress(struct run *run)
{
	struct hisiacc_zip_stream *stream = run->stream;
	struct hisiacc_completion done;
	struct piece piece = { 0 };
	int err;

	if (stream->state == STATE_BEGIN)
		return begin_decompress(run);
	if (!run->src_left && !stream->more)
		return run->finish ? fail(run, HISIACC_STATUS_TRUNCATED) : 1;
	piece.copied = run->src_share.copy && run->src_left;
	piece.bounced = run->dst_share.copy ||
			run->dst_left < HISI_ZIP_STREAM_DST_MIN;
	piece.src_len = (uint32_t)min_size(run->src_left, piece.copied ?
					   STAGE_SIZE : run->src_share.max);
	piece.dst_len = piece.bounced ? BOUNCE_SIZE :
			(uint32_t)min_size(run->dst_left, run->dst_share.max);
	err = request(run, &piece, &done);
	if (err && (err != -ETIME || stream->state == STATE_BAD))
		return err;
	if (done.status != HISIACC_STATUS_OK)
		return err;
	judge(stream, &piece, &done);
	if (!err && stream->state == STATE_BODY && piece.src_len &&
	    !done.consumed && !done.produced)
		return fail(run, HISIACC_STATUS_DATA_ERROR);
	return err;
}

/* ---- Run ---- */

/* Memory that is registered is looked at once, other memory as it is used. */
static int check_share(const struct hisiacc_queue *queue, const void *addr,
		       size_t len, const struct hisiacc_mem *mem, bool write,
		       uint64_t *iova, struct share *share)
{
	share->max = HISIACC_ZIP_REQUEST_MAX;
	if (!len)
		return 0;
	share->pointer = !mem && hisiacc_queue_caches(queue);
	if (share->pointer)
		return hisiacc_cache_is_on(queue->ctx) ? 0 : -EFAULT;
	return hisiacc_queue_iova(queue, addr, len, mem, write, iova);
}

static int check(const struct hisiacc_zip_stream *stream,
		 const struct hisiacc_zip_req *req, struct run *run)
{
	int err = hisiacc_zip_req_check(req, HISIACC_ZIP_FINISH);

	if (err)
		return err;
	if (req->src_sgl || req->dst_sgl)
		return -EINVAL;
	if (!hisiacc_queue_idle(stream->queue))
		return -EBUSY;
	if (stream->state == STATE_BAD)
		return -EPIPE;
	err = check_share(stream->queue, req->src, req->src_len, req->src_mem,
			  false, &run->src_iova, &run->src_share);
	if (!err)
		err = check_share(stream->queue, req->dst, req->dst_len,
				  req->dst_mem, true, &run->dst_iova,
				  &run->dst_share);
	return err;
}

int hisiacc_zip_stream_run(struct hisiacc_zip_stream *stream,
			   const struct hisiacc_zip_req *req,
			   uint64_t deadline_ns,
			   struct hisiacc_completion *result)
{
	int (*step)(struct run *run) =
		stream->queue->type == HISIACC_ZIP_COMPRESS ? step_compress :
		step_decompress;
	struct run run = {
		.stream = stream,
		.src = req->src,
		.dst = req->dst,
		.src_left = req->src_len,
		.dst_left = req->dst_len,
		.deadline_ns = deadline_ns,
		.finish = req->flags & HISIACC_ZIP_FINISH,
		.result = result,
	};
	int err;

	err = check(stream, req, &run);
	if (err)
		return err;
	*result = (struct hisiacc_completion){ .status = HISIACC_STATUS_OK };
	while (!err && drain(&run) && stream->state != STATE_END)
		err = step(&run);
	if (err == -ETIME)
		(void)drain(&run);
	if (stream->state == STATE_END && !stream->bounce_len)
		result->status = HISIACC_STATUS_END;
	return err < 0 ? err : 0;
}
