/* SPDX-License-Identifier: MIT */
/**
 * DOC: libhisiacc, the ZIP engine
 *
 * Compression and decompression: requests, whole buffers, streams. Part of
 * hisiacc.h, which includes it.
 */
#ifndef HISIACC_ZIP_H
#define HISIACC_ZIP_H

#include "hisiacc.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hisiacc_zip_stream;

/** enum hisiacc_zip_format - RFC 1951, RFC 1950, RFC 1952 */
enum hisiacc_zip_format {
	HISIACC_ZIP_DEFLATE	= 1,
	HISIACC_ZIP_ZLIB	= 2,
	HISIACC_ZIP_GZIP	= 3
};

/**
 * Most bytes of source, and of destination, that one request can have. More
 * destination than that may be given, and is not used by one request.
 */
#define HISIACC_ZIP_REQUEST_MAX	(8u << 20)

/** Stream: no more input follows this. */
#define HISIACC_ZIP_FINISH	(1u << 0)

/**
 * struct hisiacc_zip_req - compress or decompress
 * @size:	sizeof(struct hisiacc_zip_req)
 * @format:	enum hisiacc_zip_format; a stream ignores it
 * @flags:	0; for a stream 0 or HISIACC_ZIP_FINISH
 * @reserved:	0
 * @src:	source, any alignment
 * @src_len:	bytes
 * @src_mem:	registration that @src lies in, or NULL: any memory of the
 *		program
 * @dst:	destination, any alignment, not overlapping @src
 * @dst_len:	bytes
 * @dst_mem:	registration that @dst lies in, not a read-only one, or NULL
 * @src_sgl:	source as a scatter list, instead of the three above, or NULL;
 *		hisiacc_zip_prep() only
 * @dst_sgl:	destination likewise; both or none
 *
 * The direction is the queue's type. The struct is not used after the call
 * that takes it; the memory and the lists are, until the completion.
 *
 * Headers are written and skipped by the library (on the CPU), trailers are
 * written and checked by the device. gzip headers may have all the optional
 * fields. A zlib stream with a preset dictionary is refused.
 */
struct hisiacc_zip_req {
	uint32_t size;
	uint32_t format;
	uint32_t flags;
	uint32_t reserved;
	const void *src;
	size_t src_len;
	struct hisiacc_mem *src_mem;
	void *dst;
	size_t dst_len;
	struct hisiacc_mem *dst_mem;
	const struct hisiacc_sgl *src_sgl;
	const struct hisiacc_sgl *dst_sgl;
};

/**
 * hisiacc_zip_bound() - destination that is large enough to compress into
 * @format:	format
 * @src_len:	bytes of source
 *
 * Return: bytes; SIZE_MAX if that is beyond a size_t.
 */
size_t hisiacc_zip_bound(enum hisiacc_zip_format format, size_t src_len);

/**
 * hisiacc_zip_prep() - prepare a request, one whole stream or gzip member
 * @queue:	queue
 * @req:	what to do
 * @user_data:	comes back in the completion
 *
 * Writes the request into the next slot. The device sees it at the next
 * hisiacc_queue_submit(). The header of the format is handled right here: one
 * is written to @req->dst, or the one in @req->src is read.
 *
 * No system call, no allocation, no lock, but for memory without a registration
 * that the cache does not know. Statuses of the completion: OK,
 * DST_FULL, DATA_ERROR (also for data that ends too early), CHECKSUM,
 * CANCELLED, UNKNOWN. For decompression, consumed stops at the end of the
 * stream or gzip member; what follows it is left alone.
 *
 * Return: 0. -EAGAIN no slot is free, or memory cannot be registered while that
 * of requests in flight is: take completions first. -EINVAL wrong
 * size, format, flags or reserved; no source byte for the device to work on;
 * one scatter list, or one of another queue. -E2BIG source over
 * HISIACC_ZIP_REQUEST_MAX (header not counted; scatter lists may be larger).
 * -EFAULT memory not inside the registration, or not mapped, or a destination
 * that is read-only; without a registration also if there is no cache
 * (hisiacc_ctx_set_cache()). -ENOMEM, -EBUSY memory without a registration that
 * cannot be registered now, -EOPNOTSUPP or never can. -ENOSPC no room in the destination behind
 * the header. -EBADMSG the source does not start with a valid header.
 * -EOPNOTSUPP this device does not have the format (raw deflate on version 2
 * hardware), or the source needs a preset dictionary.
 */
int hisiacc_zip_prep(struct hisiacc_queue *queue,
		     const struct hisiacc_zip_req *req, uint64_t user_data);

/**
 * hisiacc_zip_compress() - compress a buffer and wait for it
 * @queue:		queue of type HISIACC_ZIP_COMPRESS, with no request
 *			prepared, in flight or not yet taken
 * @req:		what to do, without scatter lists, of any size
 * @deadline_ns:	when to give up
 * @result:		filled, unless the call fails otherwise than by -ETIME
 *
 * What one request cannot hold is done as a stream behind the scenes; the
 * first such call on a queue allocates memory for it. So is memory of which not
 * enough can be registered at a time, or none: it is copied then. An empty source
 * gives a valid empty stream. Statuses: OK, DST_FULL (use hisiacc_zip_bound()),
 * DATA_ERROR.
 *
 * Return: 0. -ETIME the deadline has passed; the request was taken back as by
 * hisiacc_queue_cancel(), which may take longer than the deadline, and the
 * device does not touch the buffers any more. -EBUSY the queue is not empty.
 * -EIO the queue failed; nothing is in flight. Else as hisiacc_zip_prep(), but
 * never -EAGAIN, -E2BIG, -ENOSPC or -EBADMSG; -EMFILE no event descriptor to
 * sleep on; -ENOMEM and the like from hisiacc_zip_stream_alloc().
 */
int hisiacc_zip_compress(struct hisiacc_queue *queue,
			 const struct hisiacc_zip_req *req,
			 uint64_t deadline_ns,
			 struct hisiacc_completion *result);

/**
 * hisiacc_zip_decompress() - decompress a buffer and wait for it
 * @queue:		queue of type HISIACC_ZIP_DECOMPRESS, with no request
 *			prepared, in flight or not yet taken
 * @req:		what to do, without scatter lists, of any size
 * @deadline_ns:	when to give up
 * @result:		filled, unless the call fails otherwise than by -ETIME
 *
 * As hisiacc_zip_compress(). Decodes one stream or one gzip member: go on at
 * @req->src + result->consumed for the next one. Statuses: OK, DST_FULL,
 * DATA_ERROR, CHECKSUM, TRUNCATED (an empty or headless source; what the
 * device finds to end too early is DATA_ERROR unless it ran as a stream).
 */
int hisiacc_zip_decompress(struct hisiacc_queue *queue,
			   const struct hisiacc_zip_req *req,
			   uint64_t deadline_ns,
			   struct hisiacc_completion *result);

/**
 * hisiacc_zip_stream_alloc() - begin a stream that is fed piece by piece
 * @queue:	queue that it runs on, and whose direction it takes; several
 *		streams may share one
 * @format:	format
 * @out:	the stream; hisiacc_zip_stream_free() frees it
 *
 * Allocates and registers some 80 KiB.
 *
 * Return: 0; -EOPNOTSUPP this device does not have the format; -EINVAL no such
 * format; else as hisiacc_mem_alloc().
 */
int hisiacc_zip_stream_alloc(struct hisiacc_queue *queue,
			     enum hisiacc_zip_format format,
			     struct hisiacc_zip_stream **out);

/**
 * hisiacc_zip_stream_free() - free a stream
 * @stream:	or NULL
 */
void hisiacc_zip_stream_free(struct hisiacc_zip_stream *stream);

/**
 * hisiacc_zip_stream_reset() - begin anew with the same stream
 * @stream:	stream, in whatever state
 *
 * Also after HISIACC_STATUS_END, for the next gzip member. No system call.
 */
void hisiacc_zip_stream_reset(struct hisiacc_zip_stream *stream);

/**
 * hisiacc_zip_stream_run() - feed a stream, take what comes out
 * @stream:		stream, on a queue with no request prepared, in flight
 *			or not yet taken
 * @req:		source and destination of any size, either may be
 *			empty; no scatter lists. HISIACC_ZIP_FINISH in @flags
 *			with the last piece, and with every call after it.
 * @deadline_ns:	when to give up
 * @result:		consumed and produced of this call, and the status;
 *			filled if the call gives 0 or -ETIME
 *
 * Works until the source is used up or the destination is full. Call again
 * with what is left of the source and a fresh destination, until the status
 * says END; consumed may be all of the source while output is still to come.
 * Compressed output may lag behind the input until HISIACC_ZIP_FINISH. The
 * size of the pieces is free; larger ones compress better. Pieces of less than
 * 4 KiB, and destinations of less than a few hundred bytes, are copied.
 *
 * Statuses:
 * OK		go on.
 * END		compression: finished, all output delivered. Decompression: the
 *		stream or gzip member has ended, its checksum is right;
 *		consumed stops there.
 * TRUNCATED	decompression with HISIACC_ZIP_FINISH: the source is used up
 *		and the stream has not ended.
 * DATA_ERROR, CHECKSUM	decompression: the data is bad.
 * After one of these three the stream is of no further use until
 * hisiacc_zip_stream_reset().
 *
 * Return: 0. -ETIME the deadline has passed, the device does not touch the
 * buffers any more. result->consumed and produced tell how far it came; the
 * stream goes on from there if result->status is OK or END, and needs
 * hisiacc_zip_stream_reset() if it is CANCELLED or UNKNOWN. -EBUSY the queue
 * is not empty. -EPIPE the stream needs hisiacc_zip_stream_reset(). -EFAULT,
 * -EINVAL, -EOPNOTSUPP (preset dictionary) as hisiacc_zip_prep(). -EIO the
 * queue failed, -ENODEV the device is gone: nothing is in flight, and the
 * stream needs a reset.
 */
int hisiacc_zip_stream_run(struct hisiacc_zip_stream *stream,
			   const struct hisiacc_zip_req *req,
			   uint64_t deadline_ns,
			   struct hisiacc_completion *result);

/**
 * hisiacc_zip_header_parse() - size of the header that data starts with
 * @format:	format
 * @src:	data
 * @len:	bytes of it
 *
 * Return: bytes of the header (0 for raw deflate); -EAGAIN it does not end
 * within @len bytes; -EBADMSG it is not valid; -EOPNOTSUPP it asks for a preset
 * dictionary; -EINVAL no such format; -E2BIG it is larger than INT_MAX.
 */
int hisiacc_zip_header_parse(enum hisiacc_zip_format format, const void *src,
			     size_t len);

/**
 * hisiacc_zip_header_write() - write the header that compressed data starts with
 * @format:	format
 * @dst:	where to
 * @len:	bytes of room
 *
 * Return: bytes written (0 for raw deflate, at most 10); -ENOSPC @len is too
 * small; -EINVAL no such format.
 */
int hisiacc_zip_header_write(enum hisiacc_zip_format format, void *dst,
			     size_t len);

#ifdef __cplusplus
}
#endif

#endif /* HISIACC_ZIP_H */
