// SPDX-License-Identifier: MIT
/* What is said to the user. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "gz.h"

#define PROGRESS_NS	200000000u
#define MIB		1048576.0

/* Progress is on the terminal's line. */
static bool shown;

static void clear(void)
{
	if (shown)
		fprintf(stderr, "\r\033[K");
	shown = false;
}

void gz_say(const char *subject, const char *format, ...)
{
	va_list args;

	clear();
	fprintf(stderr, "hisi-gzip: %s: ", subject);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void gz_progress(struct gz_file *file, bool end)
{
	uint64_t now;

	if (!file->options->progress || file->to_terminal)
		return;
	if (end) {
		clear();
		return;
	}
	now = hisiacc_deadline(0);
	if (now - file->shown_ns < PROGRESS_NS)
		return;
	file->shown_ns = now;
	fprintf(stderr, "\r%s: ", file->in_name);
	if (S_ISREG(file->st.st_mode) && file->st.st_size)
		fprintf(stderr, "%3.0f %%, ", 100.0 * (double)file->in_bytes /
			(double)file->st.st_size);
	fprintf(stderr, "%.1f MiB in, %.1f MiB out", (double)file->in_bytes /
		MIB, (double)file->out_bytes / MIB);
	shown = true;
	fflush(stderr);
}

void gz_report(const struct gz_file *file)
{
	uint64_t plain = file->in_bytes, packed = file->out_bytes;

	if (!file->options->verbose)
		return;
	if (file->options->decompress) {
		plain = file->out_bytes;
		packed = file->in_bytes;
	}
	if (file->options->test)
		gz_say(file->in_name, "OK, %" PRIu64 " bytes", plain);
	else
		gz_say(file->in_name, "%" PRIu64 " to %" PRIu64 " bytes, ratio "
		       "%.2f, %s %s", file->in_bytes, file->out_bytes,
		       packed ? (double)plain / (double)packed : 1.0,
		       file->remove_input ? "replaced with" : "written to",
		       file->out_name);
}

void gz_device_report(const struct gz_device *dev, uint64_t in, uint64_t out)
{
	struct hisiacc_queue_stats stats = { .size = sizeof(stats) };
	struct hisiacc_queue_info info = { .size = sizeof(info) };
	double ratio = dev->options->decompress ? (double)out / (double)in :
						  (double)in / (double)out;

	if (hisiacc_queue_stats(dev->queue, &stats) ||
	    hisiacc_queue_info(dev->queue, &info))
		return;
	clear();
	fprintf(stderr, "stats: device=%s mode=%s slots=%u slot_bytes=%zu requests=%" PRIu64
		 " doorbells=%" PRIu64 " sleeps=%" PRIu64 " bytes_in=%" PRIu64
		 " bytes_out=%" PRIu64 " ratio=%.3f\n", hisiacc_ctx_name(dev->ctx),
		 hisiacc_mode_text(info.mode), dev->count,
		 dev->in_size + dev->out_size, stats.submitted,
		 stats.sq_doorbells + stats.cq_doorbells, stats.sleeps, in, out,
		 in && out ? ratio : 1.0);
}
