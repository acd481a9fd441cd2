// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "access.h"
#include "test.h"
#include "vm.h"

#define CGROUP		"/sys/fs/cgroup"
#define OWN_CGROUP	CGROUP "/hisi_acc"
#define KSM		"/sys/kernel/mm/ksm/"
#define MOVES_MAX	1024
#define SWAP_SIZE	(256u << 20)
#define SWAP_DISK	"256M"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

static long number_in(const char *path)
{
	FILE *file = fopen(path, "r");
	long number = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

static bool has_swap(void)
{
	FILE *swaps = fopen("/proc/swaps", "r");
	char line[256];
	int lines = 0;

	while (swaps && fgets(line, sizeof(line), swaps))
		lines++;
	if (swaps)
		fclose(swaps);
	/* the first one is a heading */
	return lines > 1;
}

/* mkswap would wait for random numbers, which a guest is short of. */
static bool make_swap(const char *path, uint64_t size)
{
	char *page = calloc(1, PAGE);
	uint32_t *header = (uint32_t *)(page + 1024);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done;

	header[0] = 1;				/* version */
	header[1] = size / PAGE - 1;		/* last page */
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	done = write(fd, page, PAGE) == (ssize_t)PAGE;
	close(fd);
	free(page);
	return done;
}

bool vm_swap_on(void)
{
	if (has_swap())
		return true;
	return !system("modprobe -q zram") &&
	       write_string("/sys/block/zram0/disksize", SWAP_DISK) &&
	       make_swap("/dev/zram0", SWAP_SIZE) &&
	       !swapon("/dev/zram0", 0);
}

int vm_nodes(void)
{
	char path[64];
	int node;

	for (node = 0; ; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d",
			 node);
		if (access(path, F_OK))
			return node;
	}
}

int vm_move(void *data, size_t pages, int node)
{
	static __thread void *at[MOVES_MAX];
	static __thread int to[MOVES_MAX], is[MOVES_MAX];
	int count = 0;
	size_t i;

	require(pages <= MOVES_MAX);
	for (i = 0; i < pages; i++) {
		at[i] = (char *)data + i * PAGE;
		to[i] = node;
	}
	if (syscall(SYS_move_pages, 0, pages, at, to, is, 0) < 0)
		return 0;
	for (i = 0; i < pages; i++)
		count += is[i] == node;
	return count;
}

uint64_t vm_frame(const void *page)
{
	int fd = require_ok(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	uint64_t entry;

	require(pread(fd, &entry, sizeof(entry),
		      (uintptr_t)page / PAGE * sizeof(entry)) == sizeof(entry));
	close(fd);
	/* bit 63: present; the number is in bits 54:0 */
	return entry >> 63 ? entry & ((1ull << 55) - 1) : 0;
}

bool vm_enter_cgroup(void)
{
	char pid[16];

	if (access(CGROUP "/cgroup.procs", F_OK) &&
	    mount("cgroup2", CGROUP, "cgroup2", 0, NULL))
		return false;
	if (!write_string(CGROUP "/cgroup.subtree_control", "+memory"))
		return false;
	if (mkdir(OWN_CGROUP, 0755) && errno != EEXIST)
		return false;
	snprintf(pid, sizeof(pid), "%d", getpid());
	return write_string(OWN_CGROUP "/cgroup.procs", pid);
}

bool vm_limit_cgroup(size_t size)
{
	char text[32] = "max";

	if (size)
		snprintf(text, sizeof(text), "%zu", size);
	return write_string(OWN_CGROUP "/memory.max", text);
}

void vm_reclaim(void)
{
	/* more than there is, so it fails after it has tried all */
	write_string(OWN_CGROUP "/memory.reclaim", "64M");
}

bool vm_merge(void)
{
	long scans = number_in(KSM "full_scans");
	bool done;

	if (scans < 0 || !write_string(KSM "pages_to_scan", "10000") ||
	    !write_string(KSM "sleep_millisecs", "1") ||
	    !write_string(KSM "run", "1"))
		return false;
	/* a page has to be the same in two scans, and one is under way */
	done = wait_until(number_in(KSM "full_scans") > scans + 3, 5000);
	write_string(KSM "run", "0");
	return done;
}

bool vm_collapse(void *data)
{
	return !madvise(data, HUGE, MADV_COLLAPSE);
}

void vm_split(void *data)
{
	require_ok(mprotect(data, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
	require_ok(mprotect(data, PAGE, PROT_READ | PROT_WRITE));
}
