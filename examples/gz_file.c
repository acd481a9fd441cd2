// SPDX-License-Identifier: MIT
/* Files: which ones, opening, reading, writing. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gz.h"

int gz_problem(const char *name, int err)
{
	gz_say(name, "%s", strerror(err));
	return -1;
}

/* 1: leave the file alone. */
static int leave(const char *name, const char *why)
{
	gz_say(name, "%s; left alone", why);
	return 1;
}

/* ---- Names ---- */

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && name[n - m - 1] != '/' && !strcmp(name + n - m, suffix);
}

static char *output_path(const char *in, const struct gz_options *options)
{
	char *path;

	if (options->output)
		return strdup(options->output);
	if (!options->decompress)
		return asprintf(&path, "%s.gz", in) < 0 ? NULL : path;
	path = strdup(in);
	if (path && ends_in(in, ".tgz"))
		memcpy(path + strlen(path) - 3, "tar", 3);
	else if (path)
		path[strlen(path) - 3] = 0;
	return path;
}

static int check_name(const char *in, const struct gz_options *options)
{
	bool packed = ends_in(in, ".gz") || ends_in(in, ".tgz");

	if (options->output)
		return 0;
	if (options->decompress && !packed)
		return leave(in, "the name does not end in .gz");
	if (!options->decompress && packed && !options->force)
		return leave(in, "the name ends in .gz already");
	return 0;
}

/* ---- Open ---- */

/* Opened the wrong way round, so that to use them stays an error. */
void gz_file_guard(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd ? O_RDONLY : O_WRONLY);
}

/* From here on reading waits. A pipe without a writer yet is not at its end. */
static int make_wait(const struct gz_file *file)
{
	struct pollfd pollfd = { .fd = file->in_fd, .events = POLLIN };

	while (S_ISFIFO(file->st.st_mode) && poll(&pollfd, 1, -1) < 0)
		if (errno != EINTR)
			return -1;
	return fcntl(file->in_fd, F_SETFL, 0);
}

static int open_input(struct gz_file *file, const char *name)
{
	bool named = strcmp(name, "-");

	file->in_name = named ? name : "standard input";
	file->in_fd = named ? open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
				   O_NOCTTY) : dup(STDIN_FILENO);
	if (file->in_fd < 0 || fstat(file->in_fd, &file->st))
		return gz_problem(file->in_name, errno);
	if (S_ISDIR(file->st.st_mode))
		return leave(name, "this is a directory");
	if (named && !S_ISREG(file->st.st_mode) && !file->options->to_stdout &&
	    !file->options->test && !file->options->output)
		return leave(name, "this is not a regular file");
	if (named && make_wait(file))
		return gz_problem(name, errno);
	if (file->options->decompress && !file->options->force &&
	    isatty(file->in_fd)) {
		gz_say(file->in_name, "compressed data is not read from a "
		       "terminal (-f does)");
		return -1;
	}
	return 0;
}

static int open_stdout(struct gz_file *file)
{
	file->out_name = "standard output";
	if (!file->options->decompress && !file->options->force &&
	    isatty(STDOUT_FILENO)) {
		gz_say(file->out_name, "compressed data is not written to a "
		       "terminal (-f does)");
		return -1;
	}
	file->to_terminal = isatty(STDOUT_FILENO);
	file->out_fd = dup(STDOUT_FILENO);
	return file->out_fd < 0 ? gz_problem(file->out_name, errno) : 0;
}

static int open_output(struct gz_file *file)
{
	struct stat st;

	file->path = output_path(file->in_name, file->options);
	if (!file->path)
		return gz_problem(file->in_name, ENOMEM);
	file->out_name = file->path;
	if (!stat(file->path, &st) && !S_ISREG(st.st_mode)) {
		/* A device or a pipe stays what it is. */
		file->out_fd = open(file->path, O_WRONLY | O_CLOEXEC);
		return file->out_fd < 0 ? gz_problem(file->out_name, errno) : 0;
	}
	if (!lstat(file->path, &st) && !file->overwrite)
		return leave(file->path, "this exists already (-f overwrites)");
	return gz_temp_open(file);
}

int gz_file_open(struct gz_file *file, const char *name,
		 const struct gz_options *options)
{
	bool to_stdout = options->to_stdout ||
			 (!strcmp(name, "-") && !options->output);
	int err;

	*file = (struct gz_file){
		.in_name = name,
		.in_fd = -1,
		.out_fd = -1,
		.overwrite = options->force,
		.options = options,
	};
	err = open_input(file, name);
	if (err || options->test)
		return err;
	if (to_stdout)
		return open_stdout(file);
	err = strcmp(name, "-") ? check_name(name, options) : 0;
	if (err)
		return err;
	file->remove_input = !options->keep && !options->output;
	if (file->remove_input && file->st.st_nlink > 1 && !options->force)
		return leave(name, "this has other names, too (-f takes this one "
			     "away)");
	return open_output(file);
}

/* ---- Read and write ---- */

/* After a failure: is it none? Others may have made a pipe non-blocking. */
static bool try_again(int fd, short events)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	if (errno == EAGAIN)
		return poll(&pollfd, 1, -1) > 0 || errno == EINTR;
	return errno == EINTR;
}

long gz_file_read(struct gz_file *file, void *data, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = read(file->in_fd, (char *)data + done, size - done);
		if (n < 0 && try_again(file->in_fd, POLLIN))
			continue;
		if (n < 0)
			return gz_problem(file->in_name, errno);
		if (!n)
			break;
		done += (size_t)n;
	}
	file->in_bytes += done;
	return (long)done;
}

int gz_file_write(struct gz_file *file, const void *data, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while (done < size && file->out_fd >= 0) {
		n = write(file->out_fd, (const char *)data + done, size - done);
		if (n < 0 && try_again(file->out_fd, POLLOUT))
			continue;
		if (n < 0)
			return gz_problem(file->out_name, errno);
		done += (size_t)n;
	}
	file->out_bytes += size;
	return 0;
}
