// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "fake_device.h"
#include "fake_zip.h"

#define BUFFER_MAX	(16u << 20)

/* What hardware may use of a stream's context, at most. */
#define STREAM_CTX_SIZE	0x97c0u

/* A decompressing stream; where the hardware has its context memory. */
struct inflate_state {
	uint64_t ctx;
	z_stream z;
	bool payload_done;
	uint8_t trailer[8];
	uint32_t trailer_have;
	uint32_t words[5];		/* as returned: dw15, 28, 29, 30, 31 */
};

static struct inflate_state streams[4];
static const unsigned int saved_words[] = { 15, 28, 29, 30, 31 };

void fake_zip_reset(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		if (streams[i].ctx)
			inflateEnd(&streams[i].z);
	memset(streams, 0, sizeof(streams));
}

static uint32_t get(const uint32_t *sqe, unsigned int dw)
{
	return le32toh(sqe[dw]);
}

static uint64_t get64(const uint32_t *sqe, unsigned int dw)
{
	return get(sqe, dw) | (uint64_t)get(sqe, dw + 1) << 32;
}

static void put(uint32_t *sqe, unsigned int dw, uint32_t v)
{
	sqe[dw] = htole32(v);
}

static uint32_t bitrev(uint32_t v)
{
	uint32_t r = 0, i;

	for (i = 0; i < 32; i++, v >>= 1)
		r = r << 1 | (v & 1);
	return r;
}

static unsigned int trailer_size(uint32_t format)
{
	return format == 2 ? 4 : format == 3 ? 8 : 0;
}

static void make_trailer(uint32_t format, uint32_t check, uint32_t isize,
			 uint8_t *out)
{
	uint32_t v = format == 2 ? htobe32(check) : htole32(bitrev(~check));

	memcpy(out, &v, 4);
	v = htole32(isize);
	memcpy(out + 4, &v, 4);
}

/* The running word of dw31 over more data. */
static uint32_t update_check(uint32_t format, uint32_t check,
			     const uint8_t *data, uint32_t len)
{
	if (format == 2)
		return (uint32_t)adler32(check, data, len);
	if (format == 3)
		return bitrev(~(uint32_t)crc32(bitrev(~check), data, len));
	return 0x11111111;
}

static uint32_t first_check(uint32_t format)
{
	return format == 2 ? 1 : 0xffffffff;
}

/* Walks a scatter list; copies in either direction. */
static bool sgl_copy(uint32_t mode, uint64_t list, uint64_t skip, uint8_t *buf,
		     uint64_t len, bool write)
{
	const uint8_t *hw = fake_dma(mode, list, 64, false);
	uint16_t sum, i;

	if (!hw || list % 64)
		return false;
	memcpy(&sum, hw + 10, 2);
	for (i = 0; i < le16toh(sum) && len; i++) {
		const uint8_t *e = hw + 64 + 32 * i;
		uint64_t addr, n;
		uint32_t size;
		uint8_t *p;

		memcpy(&addr, e, 8);
		memcpy(&size, e + 16, 4);
		addr = le64toh(addr);
		n = le32toh(size);
		if (!n)
			return false;
		if (skip >= n) {
			skip -= n;
			continue;
		}
		addr += skip;
		n -= skip;
		skip = 0;
		if (n > len)
			n = len;
		p = fake_dma(mode, addr, n, write);
		if (!p)
			return false;
		if (write)
			memcpy(p, buf, n);
		else
			memcpy(buf, p, n);
		buf += n;
		len -= n;
	}
	return !len;
}

/* ---- Engines: bytes to bytes ---- */

struct job {
	uint32_t format;
	uint32_t status;
	bool stateful, is_new, finish;
	const uint8_t *in;
	uint32_t in_len;
	uint8_t *out;
	uint32_t out_len;
	uint32_t consumed;
	uint32_t produced;
	uint32_t words[5];
	uint64_t ctx;
};

static void run_deflate(struct job *job)
{
	uint32_t check = job->is_new || !job->stateful ?
			 first_check(job->format) : job->words[4];
	uint32_t isize = job->is_new || !job->stateful ? 0 : job->words[3];
	bool finish = job->finish || !job->stateful;
	uint8_t trailer[8];
	static z_stream z;	/* made once: that is what takes long */
	uint32_t eat = job->in_len;

	if (job->stateful) {
		if (job->out_len < 200 || job->out_len < job->in_len / 8 * 9)
			fake_zip_break("too little output space");
		if (!job->finish && (job->in_len % 4 || job->in_len < 4))
			fake_zip_break("piece of odd length");
	}
	if (!job->in_len)
		fake_zip_break("compression of nothing");
	if (fake.short_consume && eat > 4) {
		eat -= 4;
		finish = false;
	}
	if (z.state)
		deflateReset(&z);
	else
		deflateInit2(&z, 1, Z_DEFLATED, -15, 8, 0);
	z.next_in = (void *)(uintptr_t)job->in;
	z.avail_in = eat;
	z.next_out = job->out;
	z.avail_out = job->out_len;
	deflate(&z, finish ? Z_FINISH : Z_SYNC_FLUSH);
	if (z.avail_in || !z.avail_out ||
	    z.avail_out < (finish ? trailer_size(job->format) : 0)) {
		job->status = 0x0e;
		return;
	}
	job->consumed = eat;
	job->produced = (uint32_t)(z.next_out - job->out);
	check = update_check(job->format, check, job->in, eat);
	isize += eat;
	if (finish) {
		make_trailer(job->format, check, isize, trailer);
		memcpy(z.next_out, trailer, trailer_size(job->format));
		job->produced += trailer_size(job->format);
	}
	if (job->produced > eat && !job->stateful)
		job->status = 0x0d;
	job->words[0] = 0;
	job->words[1] = 0xc1c1c1c1;
	job->words[2] = 0xc2c2c2c2;
	job->words[3] = isize;
	job->words[4] = check;
}

static struct inflate_state *find_stream(uint64_t ctx, bool is_new)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		if (streams[i].ctx == ctx)
			break;
	if (i == 4 && !is_new)
		return NULL;
	for (i = i == 4 ? 0 : i; streams[i].ctx && streams[i].ctx != ctx; i++)
		;
	if (is_new) {
		if (streams[i].ctx)
			inflateEnd(&streams[i].z);
		memset(&streams[i], 0, sizeof(streams[i]));
		streams[i].ctx = ctx;
		inflateInit2(&streams[i].z, -15);
	}
	return &streams[i];
}

static void run_inflate_payload(struct inflate_state *s, struct job *job,
				uint32_t *check, uint32_t *isize)
{
	uint32_t room = job->out_len -
			(job->stateful && fake.early_pause ? 100 : 0);
	int ret;

	s->z.next_in = (void *)(uintptr_t)job->in;
	s->z.avail_in = job->in_len;
	s->z.next_out = job->out;
	s->z.avail_out = room;
	ret = inflate(&s->z, Z_NO_FLUSH);
	job->consumed = job->in_len - s->z.avail_in;
	job->produced = room - s->z.avail_out;
	*check = update_check(job->format, *check, job->out, job->produced);
	*isize += job->produced;
	if (ret == Z_STREAM_END)
		s->payload_done = true;
	else if (ret != Z_OK && ret != Z_BUF_ERROR)
		job->status = FAKE_BAD_DATA;
}

static void run_inflate(struct job *job)
{
	struct inflate_state own = { 0 }, *s = &own;
	bool is_new = job->is_new || !job->stateful;
	uint32_t check = is_new ? first_check(job->format) : job->words[4];
	uint32_t isize = is_new ? 0 : job->words[3];
	uint32_t need = trailer_size(job->format), ctx_st = 0, n;
	uint8_t trailer[8];

	if (job->stateful) {
		s = find_stream(job->ctx, job->is_new);
		if (!s) {
			fake_zip_break("stream not begun");
			job->status = FAKE_BAD_DATA;
			return;
		}
		if (!is_new && memcmp(s->words, job->words, sizeof(s->words)))
			fake_zip_break("words of the stream not given back");
		if (job->out_len < 200)
			fake_zip_break("too little output space");
	} else {
		inflateInit2(&s->z, -15);
	}
	if (!s->payload_done)
		run_inflate_payload(s, job, &check, &isize);
	if (s->payload_done) {
		n = need - s->trailer_have;
		if (n > job->in_len - job->consumed)
			n = job->in_len - job->consumed;
		memcpy(s->trailer + s->trailer_have, job->in + job->consumed,
		       n);
		s->trailer_have += n;
		job->consumed += n;
	}
	if (job->status) {
		;
	} else if (s->payload_done && s->trailer_have == need) {
		make_trailer(job->format, check, isize, trailer);
		if (memcmp(trailer, s->trailer, need))
			job->status = 0x10;
		else
			job->status = job->stateful ? 0x113 : 0;
	} else if (!job->stateful) {
		job->status = s->payload_done || s->z.avail_out ?
			      FAKE_BAD_DATA : 0x0e;
	} else if (s->payload_done) {
		ctx_st = 4;
	} else if (!s->z.avail_out && !fake.silent_pause) {
		ctx_st = fake.early_pause ? fake.early_pause :
			 job->consumed == job->in_len ? 1 : 2;
	}
	if (!job->stateful)
		inflateEnd(&s->z);
	job->words[0] = ctx_st;
	job->words[1] = 0xd1d1d1d1 ^ isize;
	job->words[2] = 0xd2d2d2d2 ^ isize;
	job->words[3] = isize;
	job->words[4] = check;
	memcpy(s->words, job->words, sizeof(s->words));
}

/*
 * The memory that hardware keeps a stream in, and the words beside it: without
 * leftovers when a stream begins, and not as they were after each request.
 */
static void use_stream_context(const struct job *job, uint32_t mode)
{
	uint8_t *ctx = fake_dma(mode, job->ctx, STREAM_CTX_SIZE, true);
	unsigned int i;

	if (!ctx) {
		fake_zip_break("stream context not reachable");
		return;
	}
	for (i = 0; i < STREAM_CTX_SIZE && job->is_new; i++)
		if (ctx[i])
			fake_zip_break("leftovers in a stream's context");
	for (i = 0; i < 5 && job->is_new; i++)
		if (job->words[i])
			fake_zip_break("leftovers in a stream's words");
	memset(ctx, 0xc5, 16);
	ctx[STREAM_CTX_SIZE - 1] = 0xc5;
}

/* ---- The SQE ---- */

void fake_zip_run(uint32_t type, uint32_t mode, uint32_t hw_version,
		  uint32_t *sqe)
{
	struct job job = {
		.format = get(sqe, 9) & 0xff,
		.stateful = get(sqe, 7) >> 26 & 1,
		.is_new = get(sqe, 7) >> 27 & 1,
		.finish = get(sqe, 7) >> 25 & 1,
		.in_len = get(sqe, 4),
		.out_len = get(sqe, 14),
		.ctx = get64(sqe, 22),
	};
	bool sgl = get(sqe, 9) >> 8 & 1;
	uint8_t *in, *out = NULL;
	unsigned int i;

	if (get(sqe, 7) >> 28 != (hw_version < 3 ? 0 : 3))
		fake_zip_break("SQE type");
	if (job.format < 1 || job.format > 3 ||
	    (job.format == 1 && hw_version < 3))
		fake_zip_break("request type");
	if (hw_version < 3 && get(sqe, 9) >> 12)
		fake_zip_break("window on version 2");
	if (job.in_len > BUFFER_MAX || job.out_len > BUFFER_MAX ||
	    (!sgl && (job.in_len > 8 << 20 || job.out_len > 8 << 20)))
		fake_zip_break("length");
	if (get(sqe, 0) || get(sqe, 1) || get(sqe, 2) || get(sqe, 3))
		fake_zip_break("result words not zeroed");
	if (job.stateful) {
		fake.stateful++;
		for (i = 0; i < 5; i++)
			job.words[i] = get(sqe, saved_words[i]);
		use_stream_context(&job, mode);
	}
	in = malloc(job.in_len + 1);
	if (sgl) {
		if (!sgl_copy(mode, get64(sqe, 18), get(sqe, 7) & 0xffffff, in,
			      job.in_len, false))
			job.status = FAKE_BAD_DATA;
		out = calloc(1, job.out_len + 1);
	} else {
		const void *p = fake_dma(mode, get64(sqe, 18), job.in_len,
					 false);

		out = fake_dma(mode, get64(sqe, 20), job.out_len, true);
		if (p)
			memcpy(in, p, job.in_len);
		if (!p || !out) {
			fake_zip_break("buffer not reachable");
			job.status = FAKE_BAD_DATA;
		}
	}
	job.in = in;
	job.out = out;
	if (!job.status) {
		if (type == 0)
			run_deflate(&job);
		else
			run_inflate(&job);
	}
	if (sgl && !sgl_copy(mode, get64(sqe, 20), get(sqe, 8), out,
			     job.produced, true))
		job.status = FAKE_BAD_DATA;
	if (sgl)
		free(out);
	free(in);
	put(sqe, 0, job.consumed);
	put(sqe, 1, job.produced);
	put(sqe, 3, job.status);
	for (i = 0; i < 5 && job.stateful; i++)
		put(sqe, saved_words[i], job.words[i]);
}
