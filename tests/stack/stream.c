// SPDX-License-Identifier: GPL-2.0
#include "stream.h"

struct hisiacc_zip_stream *stream_new(struct hisiacc_queue *queue,
				      enum hisiacc_zip_format format)
{
	struct hisiacc_zip_stream *stream;

	ck_assert_int_eq(hisiacc_zip_stream_alloc(queue, format, &stream), 0);
	return stream;
}

struct hisiacc_completion run_piece(struct hisiacc_zip_stream *stream,
				    const void *src, size_t src_len, void *dst,
				    size_t dst_len, uint32_t flags)
{
	struct hisiacc_completion done = { .status = 99 };
	struct hisiacc_zip_req req = req_of(0, src, src_len, dst, dst_len);

	req.flags = flags;
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req,
						hisiacc_deadline(PATIENCE),
						&done), 0);
	ck_assert_uint_le(done.consumed, src_len);
	ck_assert_uint_le(done.produced, dst_len);
	return done;
}

/* Length of the next piece; sometimes nothing. */
static size_t cut(size_t left, uint32_t most, uint32_t *seed, bool exact)
{
	size_t n = left;

	if (most)
		n = exact || most == 1 ? most : next_random(seed) % (most + 1);
	return n < left ? n : left;
}

struct fed feed_part(struct hisiacc_zip_stream *stream, const uint8_t *src,
		     size_t n, uint8_t *dst, size_t room,
		     const struct cuts *cuts, bool finish)
{
	struct fed fed = { .status = HISIACC_STATUS_OK };
	uint32_t seed = cuts->seed + 1;
	struct hisiacc_completion done;
	unsigned int idle = 0;
	size_t in, out;
	bool last;

	while (fed.status == HISIACC_STATUS_OK && idle < 20 &&
	       (finish || fed.consumed < n)) {
		in = cut(n - fed.consumed, cuts->in, &seed, cuts->exact);
		out = cut(room - fed.produced, cuts->out, &seed, cuts->exact);
		last = finish && in == n - fed.consumed;
		done = run_piece(stream, src + fed.consumed, in,
				 dst + fed.produced, out,
				 last ? HISIACC_ZIP_FINISH : 0);
		fed.status = done.status;
		fed.consumed += done.consumed;
		fed.produced += done.produced;
		idle = done.consumed || done.produced ? 0 : idle + 1;
	}
	return fed;
}

struct fed feed(struct hisiacc_zip_stream *stream, const uint8_t *src, size_t n,
		uint8_t *dst, size_t room, const struct cuts *cuts)
{
	return feed_part(stream, src, n, dst, room, cuts, true);
}
