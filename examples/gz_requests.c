// SPDX-License-Identifier: MIT
/* The requests that are in flight. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "gz.h"

/* A request that takes longer has been lost. */
#define PATIENCE_S	60u
/* A queue that fails more often is not worth another try. */
#define RESTARTS_MAX	3

static volatile sig_atomic_t overdue;

static void on_alarm(int number)
{
	(void)number;
	overdue = 1;
}

uint64_t gz_device_deadline(void)
{
	return hisiacc_deadline(PATIENCE_S * UINT64_C(1000000000));
}

/* For tools that trace system calls: this call fails and does nothing else. */
static void mark(const struct gz_device *dev, const char *text)
{
	if (dev->options->marks && write(-1, text, strlen(text)) < 0)
		return;
}

struct gz_slot *gz_device_free_slot(struct gz_device *dev)
{
	if (dev->used == dev->count)
		return NULL;
	return &dev->slots[(dev->first + dev->used) % dev->count];
}

static int prepare(struct gz_device *dev, unsigned int index)
{
	const struct gz_slot *slot = &dev->slots[index];
	struct hisiacc_zip_req req = {
		.size = sizeof(req),
		.format = HISIACC_ZIP_GZIP,
		.src = slot->in,
		.src_len = slot->in_len,
		.src_mem = dev->mem,
		.dst = slot->out + slot->out_skip,
		.dst_len = slot->out_size,
		.dst_mem = dev->mem,
	};
	int err = hisiacc_zip_prep(dev->queue, &req, index);

	return err ? gz_failed(dev, "a request", err) : 0;
}

int gz_device_post(struct gz_device *dev)
{
	if (prepare(dev, (dev->first + dev->used) % dev->count))
		return -1;
	dev->used++;
	dev->flying++;
	return 0;
}

/* The queue failed, after a reset for example: run it, ask for the rest again. */
static int restart(struct gz_device *dev)
{
	uint64_t deadline = gz_device_deadline();
	struct hisiacc_completion c;
	unsigned int i;
	int err;

	if (dev->restarts++ == RESTARTS_MAX)
		return gz_failed(dev, "the queue", -EIO);
	gz_say(hisiacc_ctx_name(dev->ctx), "the queue failed, trying again");
	while ((err = hisiacc_queue_restart(dev->queue)) == -EIO &&
	       hisiacc_ctx_state(dev->ctx) == HISIACC_STATE_RESETTING &&
	       hisiacc_deadline(0) < deadline)
		usleep(10000);
	if (err)
		return gz_failed(dev, "the queue cannot be restarted", err);
	while (hisiacc_queue_peek(dev->queue, &c, 1) > 0)
		;
	for (i = dev->used - dev->flying; i < dev->used; i++)
		if (prepare(dev, (dev->first + i) % dev->count))
			return -1;
	err = hisiacc_queue_submit(dev->queue);
	return err < 0 ? gz_failed(dev, "submitting", err) : 0;
}

int gz_device_submit(struct gz_device *dev)
{
	int err;

	if (dev->options->poll && dev->flying) {
		signal(SIGALRM, on_alarm);
		alarm(PATIENCE_S);
		mark(dev, "hisi-gzip: submits");
	}
	err = hisiacc_queue_submit(dev->queue);
	if (err == -EIO)
		return restart(dev);
	return err < 0 ? gz_failed(dev, "submitting", err) : 0;
}

static int collect(struct gz_device *dev)
{
	struct hisiacc_completion c[16];
	int i, n;

	if (dev->options->poll) {
		n = hisiacc_queue_peek(dev->queue, c, 16);
		if (!n && overdue)
			n = -ETIME;
	} else {
		n = hisiacc_queue_wait(dev->queue, c, 16,
				       gz_device_deadline());
	}
	if (n == -EIO)
		return restart(dev);
	if (n < 0)
		return gz_failed(dev, "waiting", n);
	for (i = 0; i < n; i++)
		dev->slots[c[i].user_data].result = c[i];
	dev->flying -= (unsigned int)n;
	return 0;
}

struct gz_slot *gz_device_oldest(struct gz_device *dev)
{
	bool all = dev->options->poll && dev->flying;

	/* Completions come in the order of the requests. */
	while (dev->flying == dev->used || (all && dev->flying))
		if (collect(dev))
			return NULL;
	if (all) {
		mark(dev, "hisi-gzip: has all");
		alarm(0);
	}
	return &dev->slots[dev->first];
}

void gz_device_release(struct gz_device *dev)
{
	dev->first = (dev->first + 1) % dev->count;
	dev->used--;
}

int gz_device_reset(struct gz_device *dev)
{
	struct hisiacc_completion c;
	int err = hisiacc_queue_cancel(dev->queue);

	alarm(0);
	overdue = 0;
	if (err == -EIO)
		err = hisiacc_queue_restart(dev->queue);
	while (hisiacc_queue_peek(dev->queue, &c, 1) > 0)
		;
	dev->first = dev->used = dev->flying = 0;
	return err ? gz_failed(dev, "the queue", err) : 0;
}
