/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small requests in great number: number i compresses its own text to its own
 * place, so that it can be seen which were done, and that they were done right.
 */
#ifndef SMALL_H
#define SMALL_H

#include "stack.h"

enum { SMALL_SRC = 64, SMALL_DST = 128, SMALL_STEP = SMALL_SRC + SMALL_DST };

#define SMALL_CANARY	0xc3

/* Writes the sources of the first @count, and the canary to the destinations. */
void small_init(unsigned int count);
struct hisiacc_zip_req small_req(unsigned int i);
uint8_t *small_dst(unsigned int i);
/* Prepares @count of them from number @first on; user_data is small_cookie(). */
void small_prep(struct hisiacc_queue *queue, unsigned int first,
		unsigned int count);
uint64_t small_cookie(unsigned int i);
/* The completion is that of number @i, and the result is right. */
void small_check(const struct hisiacc_completion *done, unsigned int i);
/* The canary is as it was, the library's header of 2 bytes aside. */
bool small_is_untouched(unsigned int i);

/*
 * Number 0 by a call that waits, in a thread; @ret, an int, takes what it
 * returns. As soon as it is over the canary is back: the memory is for something
 * else.
 */
void *small_call(void *ret);

/* Takes one completion, whatever it says. */
struct hisiacc_completion take(struct hisiacc_queue *queue);

#endif /* SMALL_H */
