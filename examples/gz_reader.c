// SPDX-License-Identifier: MIT
/* Input with a look ahead. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gz.h"

long gz_reader_read(struct gz_reader *r, void *to, size_t size)
{
	size_t n = r->end - r->start;
	long more;

	if (n > size)
		n = size;
	if (n)
		memcpy(to, r->data + r->start, n);
	r->start += n;
	if (n == size)
		return (long)n;
	more = gz_file_read(r->file, (uint8_t *)to + n, size - n);
	return more < 0 ? -1 : (long)n + more;
}

int gz_reader_unread(struct gz_reader *r, const void *data, size_t size)
{
	size_t rest = r->end - r->start;
	uint8_t *grown;

	if (r->room < size + rest) {
		grown = realloc(r->data, size + rest);
		if (!grown) {
			gz_say(r->file->in_name, "%s", strerror(ENOMEM));
			return -1;
		}
		r->data = grown;
		r->room = size + rest;
	}
	if (rest)
		memmove(r->data + size, r->data + r->start, rest);
	if (size)
		memcpy(r->data, data, size);
	r->start = 0;
	r->end = size + rest;
	return 0;
}

long gz_reader_peek(struct gz_reader *r, size_t size)
{
	uint8_t chunk[4096];
	size_t n = r->end - r->start;
	long got;

	if (n >= size)
		return (long)n;
	if (n)
		memcpy(chunk, r->data + r->start, n);
	got = gz_file_read(r->file, chunk + n, sizeof(chunk) - n);
	if (got < 0)
		return -1;
	r->start = r->end;
	if (gz_reader_unread(r, chunk, n + (size_t)got))
		return -1;
	return (long)n + got;
}
