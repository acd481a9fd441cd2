/* SPDX-License-Identifier: MIT */
/*
 * hisi-gzip: gzip on an accelerator.
 *
 *	gz.c		options, one file after the other
 *	gz_file.c	which files, opening, reading, writing
 *	gz_replace.c	how an output takes its place
 *	gz_device.c	device, queue, buffers
 *	gz_requests.c	the requests that are in flight
 *	gz_member.c	the gzip members that this program writes
 *	gz_compress.c	compression
 *	gz_decompress.c	decompression of the members written here
 *	gz_stream.c	decompression of all others
 *	gz_reader.c	input with a look ahead
 *	gz_report.c	what is said to the user
 *
 * Functions that can fail say so on standard error and return -1.
 */
#ifndef GZ_H
#define GZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <hisiacc.h>

struct gz_device;
struct gz_file;

struct gz_options {
	const char *device;	/* NULL: the first one that works */
	const char *output;
	uint32_t modes;		/* acceptable enum hisiacc_mode, 0: all */
	bool decompress, to_stdout, keep, force, test, verbose;
	bool poll, marks, stats, progress;
	size_t block;		/* bytes that become one gzip member */
};

/* ---- gz_report.c ---- */

/* Prints "hisi-gzip: SUBJECT: ..." */
void gz_say(const char *subject, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Progress of a file, now and then; @end: clear what was shown. */
void gz_progress(struct gz_file *file, bool end);
/* What became of a file, for -v. */
void gz_report(const struct gz_file *file);
/* The line of --stats. */
void gz_device_report(const struct gz_device *dev, uint64_t in, uint64_t out);

/* ---- gz_file.c ---- */

struct gz_file {
	const char *in_name, *out_name;	/* as shown to the user */
	char *path;		/* the output's, NULL if it has none */
	char *temp;		/* what is written until all is well */
	int in_fd, out_fd;	/* out_fd -1: the output is thrown away */
	bool overwrite, remove_input, warned;
	bool to_terminal;	/* that is where the output goes */
	struct stat st;		/* the input's */
	uint64_t in_bytes, out_bytes, shown_ns;
	const struct gz_options *options;
};

/* Before anything is opened: what is closed of 0, 1 and 2 stays unusable. */
void gz_file_guard(void);
/* Opens both; 1: the file is to be left alone. */
int gz_file_open(struct gz_file *file, const char *name,
		 const struct gz_options *options);
/* Prints the errno @err; -1. */
int gz_problem(const char *name, int err);
/* Bytes read; fewer than @size at the end of the file only. */
long gz_file_read(struct gz_file *file, void *data, size_t size);
int gz_file_write(struct gz_file *file, const void *data, size_t size);

/* ---- gz_replace.c ---- */

/* From now on a deadly signal removes what is unfinished. */
void gz_file_init(void);
int gz_temp_open(struct gz_file *file);
/* Everything was written: the output takes its place, the input may go. */
int gz_file_commit(struct gz_file *file);
/* Closes what is open, removes what is unfinished. */
void gz_file_close(struct gz_file *file);

/* ---- gz_device.c ---- */

struct gz_slot {
	uint8_t *in, *out;
	size_t in_len, out_skip, out_size;
	size_t plain;		/* bytes that decompression has to give */
	struct hisiacc_completion result;
};

/* Slots are used in turn: @used of them from @first on, @flying not done. */
struct gz_device {
	const struct gz_options *options;
	struct hisiacc_ctx *ctx;
	struct hisiacc_queue *queue;
	struct hisiacc_mem *mem;
	struct hisiacc_zip_stream *stream;
	struct gz_slot *slots;
	unsigned int count, first, used, flying, restarts;
	size_t in_size, out_size;	/* of one slot */
};

int gz_device_open(struct gz_device *dev, const struct gz_options *options);
void gz_device_close(struct gz_device *dev);
/*
 * Slots for blocks of @block bytes, @wanted if that is possible, at least 2;
 * only the first call does something.
 */
int gz_device_buffers(struct gz_device *dev, size_t block, unsigned int wanted);
/* Prints the negative errno @err; -1. */
int gz_failed(const struct gz_device *dev, const char *what, int err);

/* ---- gz_requests.c ---- */

/* The slot to be filled next, or NULL. */
struct gz_slot *gz_device_free_slot(struct gz_device *dev);
/* Prepares the request of that slot; in_len, out_skip and out_size are set. */
int gz_device_post(struct gz_device *dev);
/* Publishes what is prepared. */
int gz_device_submit(struct gz_device *dev);
/* Waits for the oldest slot, with --poll for all; NULL after a failure. */
struct gz_slot *gz_device_oldest(struct gz_device *dev);
/* The oldest slot's result was used. */
void gz_device_release(struct gz_device *dev);
/* Takes back all requests, after a failure. */
int gz_device_reset(struct gz_device *dev);
/* A point in time by which a request that is in flight has to be done. */
uint64_t gz_device_deadline(void);

/* ---- gz_member.c ---- */

/*
 * A gzip member as written here: its header has an extra field that tells its
 * size, so that a reader finds the next member without decoding this one, and
 * whether another one follows, so that a missing one is noticed.
 */
#define GZ_HEADER_PLAIN	10
#define GZ_HEADER_OURS	24

#define GZ_BLOCK_MIN	4096
#define GZ_BLOCK_MAX	(4u << 20)
#define GZ_BLOCK	(256u << 10)

struct gz_member {
	uint32_t size;		/* header and trailer included */
	uint32_t plain;		/* bytes of data in it */
	bool more;
};

void gz_member_write(uint8_t header[GZ_HEADER_OURS],
		     const struct gz_member *member);
/* Is this the header of a member that was written here? */
bool gz_member_read(const uint8_t header[GZ_HEADER_OURS],
		    struct gz_member *member);
/* Most bytes of a member of @plain bytes. */
size_t gz_member_bound(size_t plain);

/* ---- gz_reader.c ---- */

/* Input that was read and not used: data from start to end. */
struct gz_reader {
	struct gz_file *file;
	uint8_t *data;
	size_t start, end, room;
	bool promised;		/* the last member says that one follows */
	bool any;		/* there was a member */
};

long gz_reader_read(struct gz_reader *r, void *to, size_t size);
/* Puts bytes back in front. */
int gz_reader_unread(struct gz_reader *r, const void *data, size_t size);
/* Bytes that can be looked at, at least @size unless the file ends. */
long gz_reader_peek(struct gz_reader *r, size_t size);

/* ---- gz_stream.c ---- */

/* One member after the other, as long as none of them says its size. */
int gz_run_streams(struct gz_device *dev, struct gz_reader *r);
/* Says what is wrong with the data; -1. */
int gz_damaged(const struct gz_file *file,
	       const struct hisiacc_completion *result);

/* ---- gz_compress.c, gz_decompress.c ---- */

int gz_compress(struct gz_device *dev, struct gz_file *file);
int gz_decompress(struct gz_device *dev, struct gz_file *file);

#endif /* GZ_H */
