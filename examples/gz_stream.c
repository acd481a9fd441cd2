// SPDX-License-Identifier: MIT
/* Decompression of gzip members that do not say how large they are. */
#include <string.h>

#include "gz.h"

int gz_damaged(const struct gz_file *file,
		   const struct hisiacc_completion *result)
{
	gz_say(file->in_name, "damaged data: %s (code 0x%x)",
	       hisiacc_status_text(result->status), result->code);
	return -1;
}

int gz_run_streams(struct gz_device *dev, struct gz_reader *r)
{
	size_t in_size = dev->in_size * dev->count;
	struct hisiacc_completion result;
	struct gz_member member;
	uint8_t *in = dev->slots->in;
	struct hisiacc_zip_req req = {
		.size = sizeof(req),
		.src_mem = dev->mem,
		.dst = dev->slots->out,
		.dst_len = dev->out_size * dev->count,
		.dst_mem = dev->mem,
	};
	size_t have = 0, pos = 0;
	bool more;
	long n;
	int err;

	/* One of ours that is too large for a slot makes its promise, too. */
	more = r->end - r->start >= GZ_HEADER_OURS &&
	       gz_member_read(r->data + r->start, &member) && member.more;
	hisiacc_zip_stream_reset(dev->stream);
	for (;;) {
		if (pos == have && !req.flags) {
			n = gz_reader_read(r, in, in_size);
			if (n < 0)
				return -1;
			if ((size_t)n < in_size)
				req.flags = HISIACC_ZIP_FINISH;
			have = (size_t)n;
			pos = 0;
		}
		req.src = in + pos;
		req.src_len = have - pos;
		err = hisiacc_zip_stream_run(dev->stream, &req,
					     gz_device_deadline(), &result);
		if (err) {
			gz_say(r->file->in_name, "the device did not "
			       "decompress this: %s", strerror(-err));
			return -1;
		}
		pos += result.consumed;
		if (gz_file_write(r->file, req.dst, result.produced))
			return -1;
		gz_progress(r->file, false);
		if (result.status == HISIACC_STATUS_OK)
			continue;
		if (result.status == HISIACC_STATUS_TRUNCATED)
			gz_say(r->file->in_name, "the file ends too early");
		else if (result.status != HISIACC_STATUS_END)
			gz_damaged(r->file, &result);
		if (result.status != HISIACC_STATUS_END)
			return -1;
		r->any = true;
		r->promised = more;
		more = false;
		if (have - pos < GZ_HEADER_OURS || in[pos] != 0x1f ||
		    in[pos + 1] != 0x8b || gz_member_read(in + pos, &member))
			return gz_reader_unread(r, in + pos, have - pos);
		hisiacc_zip_stream_reset(dev->stream);
	}
}
