// SPDX-License-Identifier: MIT
/* Reading what the kernel says in /sys and /proc, or a copy of it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define PATH_SIZE	512

static const char *root = "";

void doc_set_root(const char *path)
{
	root = path;
}

bool doc_is_here(void)
{
	return !*root;
}

/* The path that a format and what follows it stand for. */
#define PATH(path, format) do {						\
	va_list args_;							\
	int n_ = snprintf(path, PATH_SIZE, "%s", root);			\
									\
	va_start(args_, format);					\
	if (n_ >= 0 && n_ < PATH_SIZE)					\
		vsnprintf((path) + n_, (size_t)(PATH_SIZE - n_),	\
			  format, args_);				\
	va_end(args_);							\
} while (0)

bool doc_exists(const char *format, ...)
{
	char path[PATH_SIZE];

	PATH(path, format);
	return !access(path, F_OK);
}

static size_t read_all(const char *path, void *data, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	ssize_t n;

	if (fd < 0)
		return 0;
	do {
		n = read(fd, (char *)data + done, size - done);
		if (n > 0)
			done += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	close(fd);
	return done;
}

size_t doc_bytes(void *data, size_t size, const char *format, ...)
{
	char path[PATH_SIZE];

	PATH(path, format);
	return read_all(path, data, size);
}

bool doc_read(char *text, size_t size, const char *format, ...)
{
	char path[PATH_SIZE];
	size_t n;

	PATH(path, format);
	n = read_all(path, text, size - 1);
	while (n && text[n - 1] == '\n')
		n--;
	text[n] = 0;
	return n;
}

bool doc_link(char *text, size_t size, const char *format, ...)
{
	char path[PATH_SIZE], target[PATH_SIZE];
	const char *base;
	ssize_t n;

	PATH(path, format);
	*text = 0;
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = 0;
	base = strrchr(target, '/');
	base = base ? base + 1 : target;
	if (strlen(base) >= size)
		return false;
	strcpy(text, base);
	return true;
}

bool doc_line(char *text, size_t size, const char *key, const char *format, ...)
{
	char path[PATH_SIZE], *line = NULL;
	size_t room = 0, len = strlen(key);
	bool found = false;
	FILE *file;

	PATH(path, format);
	*text = 0;
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && getline(&line, &room, file) > 0) {
		found = !strncmp(line, key, len);
		if (!found)
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(text, size, "%s", line + len);
	}
	free(line);
	fclose(file);
	return found;
}

bool doc_mentions(const char *word, const char *format, ...)
{
	char path[PATH_SIZE], *line = NULL;
	bool found = false;
	size_t room = 0;
	FILE *file;

	PATH(path, format);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && getline(&line, &room, file) > 0)
		found = strstr(line, word);
	free(line);
	fclose(file);
	return found;
}

static int is_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strlen(entry->d_name) < DOC_NAME;
}

unsigned int doc_list(char (**names)[DOC_NAME], const char *format, ...)
{
	struct dirent **entries;
	char path[PATH_SIZE];
	int n, i;

	PATH(path, format);
	*names = NULL;
	n = scandir(path, &entries, is_name, alphasort);
	if (n < 0)
		return 0;
	*names = calloc((size_t)n + 1, sizeof(**names));
	for (i = 0; i < n; i++) {
		if (*names)
			strcpy((*names)[i], entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return *names ? (unsigned int)n : 0;
}
