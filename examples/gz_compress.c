// SPDX-License-Identifier: MIT
/* Compression: independent blocks, each a gzip member, many in flight. */
#include <string.h>

#include "gz.h"

/* Slots that are worth having; with --poll the whole file goes into them. */
static unsigned int slots_wanted(const struct gz_device *dev,
				 const struct gz_file *file)
{
	uint64_t blocks;

	if (!dev->options->poll || !S_ISREG(file->st.st_mode))
		return 32;
	blocks = (uint64_t)file->st.st_size / dev->options->block + 2;
	return blocks > 1u << 16 ? 1u << 16 : (unsigned int)blocks;
}

/* Reads into free slots and prepares their requests. */
static int fill(struct gz_device *dev, struct gz_file *file, bool *end)
{
	struct gz_slot *slot;
	long n;

	while (!*end && (slot = gz_device_free_slot(dev))) {
		n = gz_file_read(file, slot->in, dev->in_size);
		if (n < 0)
			return -1;
		*end = (size_t)n < dev->in_size;
		if (!n)
			break;
		slot->in_len = (size_t)n;
		/* Leaves room to put a longer header in front. */
		slot->out_skip = GZ_HEADER_OURS - GZ_HEADER_PLAIN;
		slot->out_size = dev->out_size - slot->out_skip;
		if (gz_device_post(dev))
			return -1;
		/* Let the device begin while the next block is read. */
		if (!dev->options->poll && gz_device_submit(dev))
			return -1;
	}
	return gz_device_submit(dev);
}

static int write_member(struct gz_file *file, struct gz_slot *slot, bool more)
{
	struct gz_member member = {
		.size = (uint32_t)(slot->out_skip + slot->result.produced),
		.plain = (uint32_t)slot->in_len,
		.more = more,
	};

	if (slot->result.status != HISIACC_STATUS_OK ||
	    slot->result.consumed != slot->in_len) {
		gz_say(file->in_name, "the device did not compress this: %s "
		       "(code 0x%x)", hisiacc_status_text(slot->result.status),
		       slot->result.code);
		return -1;
	}
	gz_member_write(slot->out, &member);
	return gz_file_write(file, slot->out, member.size);
}

/* No request can have an empty source, but the library knows what to write. */
static int write_empty(struct gz_device *dev, struct gz_file *file)
{
	struct hisiacc_zip_req req = {
		.size = sizeof(req),
		.format = HISIACC_ZIP_GZIP,
		.src = dev->slots->in,
		.src_mem = dev->mem,
		.dst = dev->slots->out,
		.dst_len = dev->out_size,
		.dst_mem = dev->mem,
	};
	struct hisiacc_completion result;
	int err = hisiacc_zip_compress(dev->queue, &req,
				       gz_device_deadline(), &result);

	if (err || result.status != HISIACC_STATUS_OK) {
		gz_say(file->in_name, "an empty file cannot be compressed: %s",
		       err ? strerror(-err) :
		       hisiacc_status_text(result.status));
		return -1;
	}
	return gz_file_write(file, dev->slots->out, result.produced);
}

int gz_compress(struct gz_device *dev, struct gz_file *file)
{
	struct gz_slot *slot;
	bool end = false;

	if (gz_device_buffers(dev, dev->options->block,
			      slots_wanted(dev, file)))
		return -1;
	for (;;) {
		if (fill(dev, file, &end))
			return -1;
		if (!dev->used)
			break;
		/*
		 * A member says whether another one follows: the last of those
		 * that were read waits until that is known.
		 */
		do {
			slot = gz_device_oldest(dev);
			if (!slot || write_member(file, slot,
						  dev->used > 1 || !end))
				return -1;
			gz_device_release(dev);
			gz_progress(file, false);
		} while (dev->options->poll && dev->used > !end);
	}
	return file->in_bytes ? 0 : write_empty(dev, file);
}
