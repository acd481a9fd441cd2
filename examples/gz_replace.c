// SPDX-License-Identifier: MIT
/*
 * An output is written under another name beside its place and takes that
 * place when it is complete and on the disk; the input goes after that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gz.h"

static const int deadly[] = {
	SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXCPU
};

/* What a deadly signal has to remove; changes while these are blocked. */
static const char *volatile unfinished;

static void on_signal(int number)
{
	if (unfinished)
		unlink(unfinished);
	signal(number, SIG_DFL);
	raise(number);
}

static void set_unfinished(const char *path)
{
	sigset_t set, old;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		sigaddset(&set, deadly[i]);
	sigprocmask(SIG_BLOCK, &set, &old);
	unfinished = path;
	sigprocmask(SIG_SETMASK, &old, NULL);
}

void gz_file_init(void)
{
	size_t i;

	for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		if (signal(deadly[i], on_signal) == SIG_IGN)
			signal(deadly[i], SIG_IGN);
	/* A file that grows too large shall be an error, not the end. */
	signal(SIGXFSZ, SIG_IGN);
}

int gz_temp_open(struct gz_file *file)
{
	char *copy = strdup(file->path), *temp = NULL;

	if (!copy || asprintf(&temp, "%s/.hisi-gzip.XXXXXX", dirname(copy)) < 0)
		temp = NULL;
	free(copy);
	if (!temp)
		return gz_problem(file->out_name, ENOMEM);
	/* Known before it exists: a signal in between removes nothing else. */
	set_unfinished(temp);
	file->out_fd = mkostemp(temp, O_CLOEXEC);
	if (file->out_fd < 0) {
		set_unfinished(NULL);
		gz_problem(file->out_name, errno);
		free(temp);
		return -1;
	}
	file->temp = temp;
	return 0;
}

/* Mode, times and, where that is allowed, the owner: those of the input. */
static void copy_attributes(const struct gz_file *file)
{
	struct timespec times[2] = { file->st.st_atim, file->st.st_mtim };
	mode_t mode = file->st.st_mode & 0777, mask;

	if (!S_ISREG(file->st.st_mode)) {
		mask = umask(0);
		umask(mask);
		(void)!fchmod(file->out_fd, 0666 & ~mask);
		return;
	}
	if (fchown(file->out_fd, file->st.st_uid, file->st.st_gid) &&
	    file->st.st_gid != getegid())
		mode &= 0707;
	(void)!fchmod(file->out_fd, mode);
	(void)!futimens(file->out_fd, times);
}

static int sync_fd(int fd)
{
	/* Some filesystems cannot, and say so in one of these ways. */
	if (fsync(fd) && errno != EINVAL && errno != ENOTSUP)
		return -1;
	return 0;
}

static int sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY |
			     O_CLOEXEC) : -1;
	int err = fd < 0 ? 0 : sync_fd(fd);

	if (fd >= 0)
		close(fd);
	free(copy);
	return err;
}

/* Gives the output its name; never another file's place unless asked to. */
static int take_place(struct gz_file *file)
{
	unsigned int flags = file->overwrite ? 0 : RENAME_NOREPLACE;
	struct stat st;

	if (!renameat2(AT_FDCWD, file->temp, AT_FDCWD, file->path, flags))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (!file->overwrite && !lstat(file->path, &st)) {
		errno = EEXIST;
		return -1;
	}
	return rename(file->temp, file->path);
}

/* Is what was read still what the name stands for? */
static bool input_unchanged(const struct gz_file *file)
{
	struct stat st;

	return !lstat(file->in_name, &st) && st.st_dev == file->st.st_dev &&
	       st.st_ino == file->st.st_ino &&
	       st.st_size == file->st.st_size &&
	       st.st_mtim.tv_sec == file->st.st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == file->st.st_mtim.tv_nsec;
}

int gz_file_commit(struct gz_file *file)
{
	int fd = file->out_fd;

	if (!file->temp) {
		file->out_fd = -1;
		return fd >= 0 && close(fd) ? gz_problem(file->out_name, errno) :
					      0;
	}
	copy_attributes(file);
	if (sync_fd(fd))
		return gz_problem(file->out_name, errno);
	file->out_fd = -1;
	if (close(fd) || take_place(file))
		return gz_problem(file->out_name, errno);
	set_unfinished(NULL);
	free(file->temp);
	file->temp = NULL;
	if (!file->remove_input)
		return 0;
	if (file->warned || !input_unchanged(file)) {
		gz_say(file->in_name, "kept, %s", file->warned ?
		       "because of the warning" :
		       "as this is a link or has changed meanwhile");
		file->warned = true;
		file->remove_input = false;
		return 0;
	}
	if (sync_folder(file->path) || unlink(file->in_name))
		return gz_problem(file->in_name, errno);
	return 0;
}

void gz_file_close(struct gz_file *file)
{
	if (file->in_fd >= 0)
		close(file->in_fd);
	if (file->out_fd >= 0)
		close(file->out_fd);
	if (file->temp) {
		unlink(file->temp);
		set_unfinished(NULL);
		free(file->temp);
	}
	free(file->path);
}
