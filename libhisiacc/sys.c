// SPDX-License-Identifier: MIT
/* The library's only calls into the operating system. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <xf86drm.h>

#include "sys.h"

#define NSEC_PER_SEC	1000000000u
#define HUGE_PAGE_SIZE	(2u << 20)

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	       strlen(entry->d_name) < HISIACC_NAME_SIZE;
}

int hisiacc_sys_list(char (**names)[HISIACC_NAME_SIZE], unsigned int *count)
{
	struct dirent **entries;
	int n, i, err = 0;

	*names = NULL;
	*count = 0;
	n = scandir("/dev/hisi_acc", &entries, not_hidden, versionsort);
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	if (n)
		*names = calloc((size_t)n, sizeof(**names));
	if (n && !*names)
		err = -ENOMEM;
	for (i = 0; i < n; i++) {
		if (!err)
			strcpy((*names)[i], entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	*count = err ? 0 : (unsigned int)n;
	return err;
}

int hisiacc_sys_open(const char *path)
{
	int fd;

	do {
		fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

void hisiacc_sys_close(int fd)
{
	close(fd);
}

int hisiacc_sys_ioctl(int fd, unsigned long request, void *arg)
{
	return drmIoctl(fd, request, arg) ? -errno : 0;
}

int hisiacc_sys_read(int fd, void *buf, size_t size)
{
	ssize_t n;

	do {
		n = read(fd, buf, size);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

int hisiacc_sys_map(int fd, uint64_t key, uint64_t size, int prot, void **out)
{
	void *addr;

	if (size > SIZE_MAX || key > INT64_MAX)
		return -EPROTO;
	addr = mmap(NULL, (size_t)size, prot, MAP_SHARED, fd, (off_t)key);
	if (addr == MAP_FAILED)
		return -errno;
	*out = addr;
	return 0;
}

int hisiacc_sys_map_anon(size_t size, void **out)
{
	void *addr = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED)
		return -errno;
	/* Both are hints: the memory is as good without them. */
	(void)madvise(addr, size, MADV_DONTFORK);
	if (size >= HUGE_PAGE_SIZE)
		(void)madvise(addr, size, MADV_HUGEPAGE);
	*out = addr;
	return 0;
}

int hisiacc_sys_map_at(void *addr, int fd, uint64_t key, uint64_t size,
		       int prot)
{
	if (size > SIZE_MAX || key > INT64_MAX)
		return -EPROTO;
	return mmap(addr, (size_t)size, prot, MAP_SHARED | MAP_FIXED, fd,
		    (off_t)key) == MAP_FAILED ? -errno : 0;
}

/* In line with huge pages where it is large enough to have some. */
int hisiacc_sys_reserve(size_t size, void **out)
{
	size_t more = size >= HUGE_PAGE_SIZE ? HUGE_PAGE_SIZE : 0, skip;
	char *addr;

	if (size > SIZE_MAX - more)
		return -ENOMEM;
	addr = mmap(NULL, size + more, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (addr == MAP_FAILED)
		return -errno;
	*out = addr;
	if (!more)
		return 0;
	skip = -(uintptr_t)addr & (HUGE_PAGE_SIZE - 1);
	if (skip)
		munmap(addr, skip);
	size = (size + (size_t)sysconf(_SC_PAGESIZE) - 1) &
	       ~((size_t)sysconf(_SC_PAGESIZE) - 1);
	munmap(addr + skip + size, more - skip);
	*out = addr + skip;
	return 0;
}

void hisiacc_sys_unmap(void *addr, uint64_t size)
{
	munmap(addr, (size_t)size);
}

int hisiacc_sys_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

int hisiacc_sys_dup(int fd)
{
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int hisiacc_sys_size(int fd, uint64_t *size)
{
	off_t end = lseek(fd, 0, SEEK_END);

	if (end < 0)
		return errno == ESPIPE ? -EINVAL : -errno;
	*size = (uint64_t)end;
	return 0;
}

int hisiacc_sys_prime_fd(int drm_fd, uint32_t handle, bool write)
{
	int fd;

	if (drmPrimeHandleToFD(drm_fd, handle, DRM_CLOEXEC |
			       (write ? DRM_RDWR : 0u), &fd))
		return -errno;
	return fd;
}

int hisiacc_sys_poll(struct pollfd *fds, unsigned int count,
		     uint64_t timeout_ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(timeout_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(timeout_ns % NSEC_PER_SEC),
	};
	int n = ppoll(fds, count, timeout_ns == UINT64_MAX ? NULL : &ts, NULL);

	return n < 0 ? -errno : n;
}

uint64_t hisiacc_sys_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

size_t hisiacc_sys_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}
