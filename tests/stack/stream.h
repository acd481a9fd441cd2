/* SPDX-License-Identifier: GPL-2.0 */
/* Feeding streams. */
#ifndef STREAM_H
#define STREAM_H

#include "stack.h"

/* How input and room for output are cut: up to so many bytes, 0 not at all. */
struct cuts {
	uint32_t in;
	uint32_t out;
	uint32_t seed;
	bool exact;		/* always that many bytes */
};

/* What became of a fed stream. */
struct fed {
	uint32_t status;	/* of the last call */
	size_t consumed;
	size_t produced;
};

struct hisiacc_zip_stream *stream_new(struct hisiacc_queue *queue,
				      enum hisiacc_zip_format format);

/* One call that must not fail. */
struct hisiacc_completion run_piece(struct hisiacc_zip_stream *stream,
				    const void *src, size_t src_len, void *dst,
				    size_t dst_len, uint32_t flags);

/*
 * Feeds @n bytes until the stream ends, says no, or (without @finish) has used
 * them up. A call that makes no progress at all ends it, too.
 */
struct fed feed_part(struct hisiacc_zip_stream *stream, const uint8_t *src,
		     size_t n, uint8_t *dst, size_t room,
		     const struct cuts *cuts, bool finish);

/* The same with what is needed to end the stream. */
struct fed feed(struct hisiacc_zip_stream *stream, const uint8_t *src, size_t n,
		uint8_t *dst, size_t room, const struct cuts *cuts);

#endif /* STREAM_H */
