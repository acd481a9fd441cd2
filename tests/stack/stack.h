/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests through the library share: an open device with a queue for
 * each direction and memory that it knows, and zlib as the judge.
 */
#ifndef STACK_H
#define STACK_H

#include <stdlib.h>

#include "data.h"
#include "device.h"
#include "hisiacc.h"
#include "monitor.h"
#include "test.h"

#define SECOND	UINT64_C(1000000000)
#define MSEC	UINT64_C(1000000)

/* Longer than anything here takes that is not broken. */
#define PATIENCE	(60 * SECOND)

/* The device model's delay of each request, if nothing else is said. */
#define USUAL_DELAY_US	20

/* The device under test. Its process is the one that opened it. */
struct stack {
	struct hisiacc_ctx *ctx;
	struct hisiacc_queue *comp;
	struct hisiacc_queue *decomp;
	struct hisiacc_mem *mem;
	uint8_t *buf;		/* of mem */
	size_t size;
	uint32_t hw_version;
};

extern struct stack stack;

/* Long form: STACK_LONG=1. Doorbells by system call: STACK_NO_DOORBELL_MAP=1 */
bool stack_long(void);
uint32_t stack_queue_flags(void);

/* Opens the device with nothing injected, and all of the above, with that much memory and rings of that depth. */
void stack_open(size_t size, uint32_t depth);
void stack_open_default(void);		/* 4 MiB, 64 slots */
void stack_open_large(void);		/* 40 MiB, 64 slots */
void stack_close(void);

/* The memory mode that the open device has granted. */
enum hisiacc_mode stack_mode(void);

struct hisiacc_queue *queue_new(uint32_t type, uint32_t depth);

/* ---- Formats ---- */

/* Adds a test that is run once for each format that the device has. */
#define add_format_test(test)	test_add_loop(test, first_format(), 3)
int first_format(void);
/* The format of a run, by Check's _i. */
enum hisiacc_zip_format format_of(int i);
const char *format_name(enum hisiacc_zip_format format);

/* ---- Data ---- */

enum pattern { TEXT, RANDOM, ZERO, MIXED, PATTERNS };

void fill(uint8_t *p, size_t n, enum pattern pattern, uint32_t seed);
bool all_are(const uint8_t *p, size_t n, uint8_t value);

/* ---- zlib ---- */

/* Compresses; level -1 to 9. Returns the size; aborts if it does not fit. */
size_t zlib_deflate(enum hisiacc_zip_format format, int level, const void *src,
		    size_t n, void *dst, size_t room);
/*
 * Decompresses one stream or member that must be good. Returns the size, and
 * what it used of the source.
 */
size_t zlib_inflate(enum hisiacc_zip_format format, const void *src, size_t n,
		    void *dst, size_t room, size_t *used);
/* The same for data that need not be: false if zlib refuses it. */
bool zlib_accepts(enum hisiacc_zip_format format, const void *src, size_t n,
		  void *dst, size_t room, size_t *size);

/* ---- One request ---- */

struct hisiacc_zip_req req_of(enum hisiacc_zip_format format, const void *src,
			      size_t src_len, void *dst, size_t dst_len);

/* These wait for the end and must not fail, whatever the status. */
struct hisiacc_completion zip_pack(const struct hisiacc_zip_req *req);
struct hisiacc_completion zip_unpack(const struct hisiacc_zip_req *req);

/* These must also be successful: all consumed. Return what was produced. */
size_t zip_pack_ok(const struct hisiacc_zip_req *req);
size_t zip_unpack_ok(const struct hisiacc_zip_req *req);

/* Does the queue still compress, and restore that on the other one? */
void check_usable(void);

/* ---- Requests in flight ---- */

/* Submits, and takes @count completions into @out. */
void submit_and_collect(struct hisiacc_queue *queue,
			struct hisiacc_completion *out, unsigned int count);

#endif /* STACK_H */
