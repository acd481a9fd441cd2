// SPDX-License-Identifier: MIT
/* The device, a queue of it, and the buffers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gz.h"

#define DEVICES_MAX	64
#define MEMORY_MAX	(UINT64_C(256) << 20)

int gz_failed(const struct gz_device *dev, const char *what, int err)
{
	const char *cure = "";

	if (err == -ETIME)
		cure = "; the device does not answer, see the kernel's log";
	else if (err == -EIO)
		cure = "; the device failed, see the kernel's log";
	else if (err == -ENOMEM)
		cure = "; more locked memory (ulimit -l) or smaller blocks (-b) "
		       "may help";
	gz_say(hisiacc_ctx_name(dev->ctx), "%s: %s%s", what, strerror(-err),
	       cure);
	return -1;
}

/* ---- Device and queue ---- */

/* Why none of the modes can be had; each reason once. */
static void say_reasons(const char *name, uint32_t modes,
			const struct hisiacc_ctx_info *info)
{
	const uint32_t reasons[] = {
		info->sva_reason, info->pasid_reason, info->dma_reason,
	};
	uint32_t said = HISIACC_REASON_NONE;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if ((modes && !(modes & 1u << i)) || reasons[i] == said)
			continue;
		said = reasons[i];
		gz_say(name, "mode %s: %s; cure: %s",
		       hisiacc_mode_text(1u << i), hisiacc_reason_text(said),
		       hisiacc_reason_cure(said));
	}
}

static void say_why(const char *name, int err, uint32_t modes,
		    const struct hisiacc_ctx_info *info)
{
	if (err == -EOPNOTSUPP)
		say_reasons(name, modes, info);
	else if (err == -EBUSY)
		gz_say(name, "another program has the device");
	else if (err == -ENOSPC)
		gz_say(name, "all queues are in use, or all PASIDs, or this "
		       "user has as many as a user may have");
	else if (err == -ENODEV)
		gz_say(name, "this is no ZIP device, or it is gone");
	else
		gz_say(name, "%s", strerror(-err));
}

/* @loud: say why it cannot be used. */
static int try_device(struct gz_device *dev, const char *name, bool loud)
{
	struct hisiacc_ctx_info info = { .size = sizeof(info) };
	struct hisiacc_queue_attr attr = {
		.size = sizeof(attr),
		.type = dev->options->decompress ? HISIACC_ZIP_DECOMPRESS :
						   HISIACC_ZIP_COMPRESS,
	};
	int err;

	err = hisiacc_open(name, &dev->ctx);
	if (err) {
		if (loud)
			gz_say(name, "%s%s", strerror(-err), err == -EACCES ?
			       "; the device's group may use it (see ls -l "
			       "/dev/hisi_acc)" : "");
		return err;
	}
	err = hisiacc_ctx_set_modes(dev->ctx, dev->options->modes);
	if (!err)
		err = hisiacc_ctx_info(dev->ctx, &info);
	if (!err && info.engine != HISIACC_ENGINE_ZIP)
		err = -ENODEV;
	if (!err)
		err = hisiacc_queue_alloc(dev->ctx, &attr, &dev->queue);
	if (!err)
		return 0;
	if (loud)
		say_why(name, err, dev->options->modes, &info);
	hisiacc_close(dev->ctx);
	dev->ctx = NULL;
	return err;
}

int gz_device_open(struct gz_device *dev, const struct gz_options *options)
{
	char names[DEVICES_MAX][HISIACC_NAME_SIZE];
	int i, count;

	*dev = (struct gz_device){ .options = options };
	if (options->device)
		return try_device(dev, options->device, true) ? -1 : 0;
	count = hisiacc_list(names, DEVICES_MAX);
	if (count > DEVICES_MAX)
		count = DEVICES_MAX;
	for (i = 0; i < count; i++)
		if (!try_device(dev, names[i], false))
			return 0;
	if (count <= 0)
		gz_say("/dev/hisi_acc", "there is no device; is the module "
		       "loaded (modprobe hisi_acc)?");
	for (i = 0; i < count; i++)
		if (!try_device(dev, names[i], true))
			return 0;
	return -1;
}

void gz_device_close(struct gz_device *dev)
{
	hisiacc_zip_stream_free(dev->stream);
	hisiacc_queue_free(dev->queue);
	hisiacc_mem_free(dev->mem);
	hisiacc_close(dev->ctx);
	free(dev->slots);
	*dev = (struct gz_device){ .options = dev->options };
}

/* ---- Buffers ---- */

static unsigned int slots_max(const struct gz_device *dev, size_t slot_size)
{
	struct hisiacc_ctx_info info = { .size = sizeof(info) };
	uint64_t bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) *
			 (uint64_t)sysconf(_SC_PAGESIZE) / 4;
	unsigned int room = hisiacc_queue_room(dev->queue);

	if (bytes > MEMORY_MAX)
		bytes = MEMORY_MAX;
	if (!hisiacc_ctx_info(dev->ctx, &info) && bytes > info.mem_size_max)
		bytes = info.mem_size_max;
	return bytes / slot_size < room ? (unsigned int)(bytes / slot_size) :
					  room;
}

/*
 * Tries ever smaller ones: users may lock 8 MiB only, or less, and that counts
 * in every mode but SVA.
 */
static int alloc_slots(struct gz_device *dev, size_t block, unsigned int wanted)
{
	unsigned int most;
	int err;

	for (;;) {
		dev->in_size = dev->options->decompress ?
			       gz_member_bound(block) : block;
		dev->out_size = dev->options->decompress ?
				block : gz_member_bound(block);
		most = slots_max(dev, dev->in_size + dev->out_size);
		dev->count = wanted < most ? wanted : most;
		if (dev->count < 2)
			dev->count = 2;
		err = hisiacc_mem_alloc(dev->ctx, dev->count *
					(dev->in_size + dev->out_size), 0,
					&dev->mem);
		if (err != -ENOMEM)
			return err;
		if (dev->count > 2)
			wanted = dev->count / 2;
		else if (block / 2 >= GZ_BLOCK_MIN)
			block /= 2;
		else
			return err;
	}
}

int gz_device_buffers(struct gz_device *dev, size_t block, unsigned int wanted)
{
	unsigned int i;
	uint8_t *base;
	int err;

	if (dev->slots)
		return 0;
	if (dev->options->decompress && !dev->stream) {
		err = hisiacc_zip_stream_alloc(dev->queue, HISIACC_ZIP_GZIP,
					       &dev->stream);
		if (err)
			return gz_failed(dev, "a stream", err);
	}
	err = alloc_slots(dev, block, wanted);
	if (err)
		return gz_failed(dev, "memory for the device", err);
	dev->slots = calloc(dev->count, sizeof(*dev->slots));
	if (!dev->slots)
		return gz_failed(dev, "slots", -ENOMEM);
	base = hisiacc_mem_addr(dev->mem);
	for (i = 0; i < dev->count; i++) {
		dev->slots[i].in = base + i * dev->in_size;
		dev->slots[i].out = base + dev->count * dev->in_size +
				    i * dev->out_size;
	}
	return 0;
}
