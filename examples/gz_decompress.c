// SPDX-License-Identifier: MIT
/*
 * Decompression. Members that hisi-gzip wrote say how large they are: many of
 * them are in flight at a time. Any other member is a stream, piece by piece.
 */
#include <stdlib.h>
#include <unistd.h>

#include "gz.h"

enum next { NEXT_OURS, NEXT_STREAM, NEXT_END, NEXT_ERROR };

/* What follows the last member and is none: padding, or something else. */
static enum next trailing(struct gz_reader *r)
{
	uint8_t chunk[4096];
	bool zeros = true;
	long n, i;

	if (!r->any || r->promised) {
		gz_say(r->file->in_name, r->any ? "damaged data: the next "
		       "member is missing" : "this is not in gzip format");
		return NEXT_ERROR;
	}
	while ((n = gz_reader_read(r, chunk, sizeof(chunk))) > 0)
		for (i = 0; i < n; i++)
			zeros &= !chunk[i];
	if (n < 0)
		return NEXT_ERROR;
	/* Tapes and disks have whole blocks. */
	if (!zeros) {
		gz_say(r->file->in_name, "warning: other data after the end "
		       "ignored");
		r->file->warned = true;
	} else if (r->file->options->verbose) {
		gz_say(r->file->in_name, "zero bytes after the end ignored");
	}
	return NEXT_END;
}

static enum next look(struct gz_reader *r, struct gz_member *member)
{
	long n = gz_reader_peek(r, GZ_HEADER_OURS);
	const uint8_t *p = r->data + r->start;

	if (n < 0)
		return NEXT_ERROR;
	if ((!n && (r->promised || !r->any)) || (n == 1 && *p == 0x1f)) {
		gz_say(r->file->in_name, "the file ends too early");
		return NEXT_ERROR;
	}
	if (!n)
		return NEXT_END;
	if (n < 2 || p[0] != 0x1f || p[1] != 0x8b)
		return trailing(r);
	return n >= GZ_HEADER_OURS && gz_member_read(p, member) ? NEXT_OURS :
	       NEXT_STREAM;
}

/* Reads members that say their size into free slots, prepares the requests. */
static enum next fill(struct gz_device *dev, struct gz_reader *r)
{
	struct gz_member member;
	struct gz_slot *slot;
	enum next next;
	long n;

	while ((slot = gz_device_free_slot(dev))) {
		next = look(r, &member);
		if (next != NEXT_OURS)
			return next;
		if (member.size > dev->in_size || member.plain > dev->out_size)
			return NEXT_STREAM;
		n = gz_reader_read(r, slot->in, member.size);
		if (n >= 0 && (size_t)n < member.size)
			gz_say(r->file->in_name, "the file ends too early");
		if (n < 0 || (size_t)n < member.size)
			return NEXT_ERROR;
		slot->in_len = member.size;
		slot->out_size = dev->out_size;
		slot->plain = member.plain;
		if (gz_device_post(dev) ||
		    (!dev->options->poll && gz_device_submit(dev)))
			return NEXT_ERROR;
		r->promised = member.more;
		r->any = true;
	}
	return NEXT_OURS;
}

static int write_plain(struct gz_file *file, const struct gz_slot *slot)
{
	if (slot->result.status != HISIACC_STATUS_OK)
		return gz_damaged(file, &slot->result);
	if (slot->result.consumed != slot->in_len ||
	    slot->result.produced != slot->plain) {
		gz_say(file->in_name, "damaged data: the sizes are wrong");
		return -1;
	}
	return gz_file_write(file, slot->out, slot->plain);
}

/* Waits for all that is in flight, or for the oldest, and writes it. */
static int drain(struct gz_device *dev, struct gz_file *file, bool all)
{
	struct gz_slot *slot;

	do {
		slot = gz_device_oldest(dev);
		if (!slot || write_plain(file, slot))
			return -1;
		gz_device_release(dev);
		gz_progress(file, false);
	} while (all && dev->used);
	return 0;
}

/* With --poll all of the file goes into slots: how many members does it have? */
static unsigned int slots_wanted(const struct gz_device *dev,
				 const struct gz_file *file)
{
	uint8_t header[GZ_HEADER_OURS];
	struct gz_member member;
	unsigned int count = 0;
	off_t at = 0;

	if (!dev->options->poll)
		return 32;
	while (count < 1u << 16 &&
	       pread(file->in_fd, header, sizeof(header), at) ==
	       (ssize_t)sizeof(header) && gz_member_read(header, &member)) {
		at += member.size;
		count++;
	}
	return count + 2;
}

static int run(struct gz_device *dev, struct gz_reader *r)
{
	struct gz_member member = { .plain = GZ_BLOCK };
	enum next next = look(r, &member);
	int err = 0;

	if (next == NEXT_ERROR)
		return -1;
	/* The size of the first member's data is that of most others. */
	if (next != NEXT_OURS || member.plain < GZ_BLOCK ||
	    member.plain > GZ_BLOCK_MAX)
		member.plain = GZ_BLOCK;
	if (gz_device_buffers(dev, member.plain, slots_wanted(dev, r->file)))
		return -1;
	while (!err) {
		next = fill(dev, r);
		if (next == NEXT_ERROR || gz_device_submit(dev))
			return -1;
		if (dev->used)
			err = drain(dev, r->file, next != NEXT_OURS ||
				    dev->options->poll);
		else if (next == NEXT_STREAM)
			err = gz_run_streams(dev, r);
		else if (next == NEXT_END)
			break;
	}
	return err;
}

int gz_decompress(struct gz_device *dev, struct gz_file *file)
{
	struct gz_reader r = { .file = file };
	int err = run(dev, &r);

	free(r.data);
	return err;
}
