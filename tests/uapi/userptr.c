// SPDX-License-Identifier: GPL-2.0
/*
 * Registered memory: what else a program may hold, and what cannot be pinned
 * for long. Each kind is a row of a table with the errno of each way to
 * register it. (mem.c has the kinds that every program uses.)
 */
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "process.h"
#include "state.h"
#include "test.h"
#include "vm.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#endif
#ifndef __NR_memfd_secret
#define __NR_memfd_secret	447
#endif

#define SIZE	(5 * PAGE + 100)
#define DISK	"/tmp/disk"
#define MOUNT	"/tmp/mounted"
#define ON_DISK	MOUNT "/file"
#define ON_HOST	"/host/out/userptr"

/* Since these, the second says: files that a disk holds are not pinned for writing. */
#define FILES_REFUSED	VERSION(6, 5)

static bool run(const char *command)
{
	return !system(command);
}

struct memory {
	uint8_t *data;
	size_t size;
	const char *file;	/* that holds what is written there */
};

struct kind {
	const char *name;
	/* why there is none, or NULL */
	const char *(*make)(struct memory *m);
	int write, read;	/* errno of registrations for that, 0 for none */
	int since;		/* kernel version; before it those: */
	int write_before, read_before;
	bool read_only;		/* the process cannot write there itself */
	bool (*keep)(const struct memory *m);	/* lets the file go to its disk */
};

/* Memory of the process alone */

static const char *make_heap(struct memory *m)
{
	m->data = sbrk(SIZE + PAGE);
	return m->data == (void *)-1 ? "no heap" : NULL;
}

static const char *make_zero_private(struct memory *m)
{
	m->data = map(SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		      open("/dev/zero", O_RDWR));
	return NULL;
}

static const char *make_zero_shared(struct memory *m)
{
	m->data = map(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      open("/dev/zero", O_RDWR));
	return NULL;
}

static const char *make_locked(struct memory *m)
{
	m->data = map_anonymous(SIZE);
	require_ok(mlock(m->data, SIZE));
	return NULL;
}

static const char *make_swapped(struct memory *m)
{
	m->data = map_anonymous(SIZE);
	fill_text(m->data, SIZE, 1);
	if (!vm_swap_on())
		return "there is no swap";
	require_ok(madvise(m->data, SIZE, MADV_PAGEOUT));
	return count_present(m->data, SIZE / PAGE) ? "nothing was swapped out" : NULL;
}

static const char *make_freed(struct memory *m)
{
	m->data = map_anonymous(SIZE);
	memset(m->data, 1, SIZE);
	require_ok(madvise(m->data, SIZE, MADV_FREE));
	return NULL;
}

static void *copy_on_request(void *arg)
{
	struct { int fd; uint8_t *start, *text; } *server = arg;
	struct uffd_msg message;

	while (read(server->fd, &message, sizeof(message)) == sizeof(message)) {
		uintptr_t page = message.arg.pagefault.address & -PAGE;
		struct uffdio_copy copy = {
			.dst = page, .len = PAGE,
			.src = (uintptr_t)server->text +
			       (page - (uintptr_t)server->start),
		};

		require_ok(ioctl(server->fd, UFFDIO_COPY, &copy));
	}
	return NULL;
}

/* Another thread says what is in each page. */
static const char *make_served(struct memory *m)
{
	static struct { int fd; uint8_t *start, *text; } server;
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	size_t whole = (SIZE / PAGE + 1) * PAGE;
	pthread_t thread;

	server.fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (server.fd < 0)
		return "there is no userfaultfd";
	m->data = map_anonymous(whole);
	server.start = m->data;
	server.text = map_anonymous(whole);
	fill_text(server.text, SIZE, 1);
	range.range.start = (uintptr_t)m->data;
	range.range.len = whole;
	require_ok(ioctl(server.fd, UFFDIO_API, &api));
	require_ok(ioctl(server.fd, UFFDIO_REGISTER, &range));
	require(!pthread_create(&thread, NULL, copy_on_request, &server));
	return NULL;
}

/* Anonymous pages, a file's own and a file's private ones in one range. */
static const char *make_mixed(struct memory *m)
{
	const int rw = PROT_READ | PROT_WRITE;
	int fd = temporary_file(8 * PAGE);

	m->data = map_anonymous(8 * PAGE);
	require(mmap(m->data + PAGE, PAGE, rw, MAP_SHARED | MAP_FIXED, fd, 0) !=
		MAP_FAILED);
	require(mmap(m->data + 3 * PAGE, PAGE, rw, MAP_PRIVATE | MAP_FIXED, fd,
		     PAGE) != MAP_FAILED);
	return NULL;
}

static const char *make_hugetlbfs(struct memory *m)
{
	const size_t huge = huge_page_size();

	if (!write_string("/proc/sys/vm/nr_hugepages", "4"))
		return "no huge pages";
	mkdir(MOUNT, 0755);
	require_ok(mount("none", MOUNT, "hugetlbfs", 0, NULL));
	m->data = mmap(NULL, huge, PROT_READ | PROT_WRITE, MAP_SHARED,
		       require_ok(open(ON_DISK, O_CREAT | O_RDWR, 0600)), 0);
	umount2(MOUNT, MNT_DETACH);
	return m->data == MAP_FAILED ? "no huge pages are free" : NULL;
}

/* Files, with text in them */

static const char *map_file(struct memory *m, const char *path, int prot,
			    int flags)
{
	int fd = require_ok(open(path, O_CREAT | O_TRUNC | O_RDWR, 0600));
	uint8_t *text = malloc(SIZE);

	fill_text(text, SIZE, 1);
	require(write(fd, text, SIZE) == (ssize_t)SIZE);
	free(text);
	m->file = path;
	m->data = mmap(NULL, SIZE, prot, flags, fd, 0);
	close(fd);
	return m->data == MAP_FAILED ? "files cannot be mapped" : NULL;
}

/* A program that makes up names of its own would wait for random numbers. */
#define MAKE	"mkfs.ext4 -q -F -b 4096 -U " UUID " -E hash_seed=" UUID " "
#define UUID	"0c8d6f2e-5b1a-4c3d-9e7f-a1b2c3d4e5f6"
#define LOAD	"modprobe -aq loop nd_e820 nd_pmem crc32c_generic crc32c ext4 2>/dev/null; "

static const char *mount_disk(void)
{
	mkdir(MOUNT, 0755);
	return run(LOAD "truncate -s 24M " DISK " && " MAKE DISK
		   " && /usr/bin/mount -o loop " DISK " " MOUNT) ?
	       NULL : "no such file system can be made here";
}

/* What it says is then the disk's, not the page cache's. */
static bool mount_again(const struct memory *m)
{
	require_ok(msync(m->data, SIZE, MS_SYNC));
	munmap(m->data, m->size);
	return run("/usr/bin/umount " MOUNT " && /usr/bin/mount -o loop " DISK " " MOUNT);
}

static const char *make_ext4_shared(struct memory *m)
{
	const char *why = mount_disk();

	return why ? why : map_file(m, ON_DISK, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static const char *make_ext4_private(struct memory *m)
{
	const char *why = mount_disk();

	return why ? why : map_file(m, ON_DISK, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static const char *make_ext4_read_only(struct memory *m)
{
	const char *why = mount_disk();

	return why ? why : map_file(m, ON_DISK, PROT_READ, MAP_SHARED);
}

static const char *make_9p_shared(struct memory *m)
{
	return map_file(m, ON_HOST, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static const char *make_9p_private(struct memory *m)
{
	return map_file(m, ON_HOST, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static const char *make_tmpfs_shared(struct memory *m)
{
	return map_file(m, "/dev/shm/userptr", PROT_READ | PROT_WRITE, MAP_SHARED);
}

static const char *make_tmpfs_unwritable(struct memory *m)
{
	return map_file(m, "/dev/shm/userptr", PROT_READ, MAP_PRIVATE);
}

/* Memory behind a file system without a page cache: memmap=64M!768M makes it. */
static const char *make_dax(struct memory *m)
{
	mkdir(MOUNT, 0755);
	if (!run(LOAD "[ -b /dev/pmem0 ] && " MAKE "/dev/pmem0 && "
		 "/usr/bin/mount -o dax /dev/pmem0 " MOUNT))
		return "there is no persistent memory (memmap=64M!768M)";
	return map_file(m, ON_DISK, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static bool write_out(const struct memory *m)
{
	require_ok(msync(m->data, SIZE, MS_SYNC));
	munmap(m->data, m->size);
	return write_string("/proc/sys/vm/drop_caches", "3");
}

/* What is not memory of the process, or not to be had by anyone else */

static const char *make_queue_ring(struct memory *m)
{
	static struct raw_queue q;

	raw_queue_init(&q, device_open(), QUEUE_COMPRESS, 256, 0);
	m->data = q.sq;
	m->size = PAGE;
	return NULL;
}

static const char *make_doorbell(struct memory *m)
{
	static struct raw_queue q;

	raw_queue_init(&q, device_open(), QUEUE_COMPRESS, 256, 0);
	m->data = (uint8_t *)q.db;
	m->size = PAGE;
	return m->data ? NULL : "the doorbell's page holds more than it";
}

static const char *make_rom(struct memory *m)
{
	int fd = open("/dev/mem", O_RDONLY);

	m->size = PAGE;
	m->data = fd < 0 ? MAP_FAILED :
		  mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0xf0000);
	return m->data == MAP_FAILED ? "/dev/mem is closed" : NULL;
}

static const char *make_heap_buffer(struct memory *m)
{
	struct dma_heap_allocation_data arg = {
		.len = 6 * PAGE, .fd_flags = O_RDWR | O_CLOEXEC,
	};
	int fd = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return "there is no heap of dma-bufs";
	require_ok(ioctl(fd, DMA_HEAP_IOCTL_ALLOC, &arg));
	m->data = map(6 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, arg.fd);
	return NULL;
}

static const char *make_secret(struct memory *m)
{
	int fd = syscall(__NR_memfd_secret, 0);

	if (fd < 0)
		return "there is no secret memory (secretmem.enable=1)";
	require_ok(ftruncate(fd, SIZE));
	m->data = map(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	return NULL;
}

static const char *make_vdso(struct memory *m)
{
	m->data = (uint8_t *)getauxval(AT_SYSINFO_EHDR);
	m->size = PAGE;
	return m->data ? NULL : "the kernel gives no code";
}

static const char *make_vvar(struct memory *m)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start;
	char line[512];

	m->size = PAGE;
	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "[vvar]") && sscanf(line, "%lx-", &start) == 1)
			m->data = (uint8_t *)start;
	if (maps)
		fclose(maps);
	return m->data ? NULL : "the kernel gives no clock";
}

static const char *make_hole(struct memory *m)
{
	m->data = map_anonymous(SIZE);
	require_ok(munmap(m->data + 2 * PAGE, PAGE));
	return NULL;
}

static const char *make_guarded(struct memory *m)
{
	m->data = map_anonymous(SIZE);
	require_ok(mprotect(m->data + 2 * PAGE, PAGE, PROT_NONE));
	return NULL;
}

static const char *make_light_guard(struct memory *m)
{
	m->data = map_anonymous(SIZE);
	return madvise(m->data + 2 * PAGE, PAGE, MADV_GUARD_INSTALL) ?
	       "there are no such pages" : NULL;
}

static const struct kind kinds[] = {
	{ .name = "heap (brk)", .make = make_heap },
	{ .name = "/dev/zero, private", .make = make_zero_private },
	{ .name = "/dev/zero, shared", .make = make_zero_shared },
	{ .name = "locked by mlock()", .make = make_locked },
	{ .name = "swapped out", .make = make_swapped },
	{ .name = "freed by MADV_FREE", .make = make_freed },
	{ .name = "filled by userfaultfd", .make = make_served,
	  .since = SERVER_AWAITED, .write_before = EOPNOTSUPP,
	  .read_before = EOPNOTSUPP },
	{ .name = "several kinds in one range", .make = make_mixed },
	{ .name = "file on hugetlbfs, shared", .make = make_hugetlbfs },
	{ .name = "file on tmpfs, shared", .make = make_tmpfs_shared,
	  .keep = write_out },
	{ .name = "file on tmpfs, private, not writable",
	  .make = make_tmpfs_unwritable, .read_only = true, .write = EFAULT },
	{ .name = "file on ext4, private", .make = make_ext4_private },
	{ .name = "file on ext4, shared", .make = make_ext4_shared,
	  .write = EOPNOTSUPP, .since = FILES_REFUSED, .keep = mount_again },
	{ .name = "file on ext4, shared, not writable",
	  .make = make_ext4_read_only, .read_only = true, .write = EFAULT },
	{ .name = "file on 9p, private", .make = make_9p_private },
	{ .name = "file on 9p, shared", .make = make_9p_shared,
	  .write = EOPNOTSUPP, .since = FILES_REFUSED, .keep = write_out },
	{ .name = "file on ext4 with dax, shared", .make = make_dax,
	  .write = EOPNOTSUPP, .read = EOPNOTSUPP },
	{ .name = "code of the kernel's (vdso)", .make = make_vdso,
	  .read_only = true, .write = EFAULT },
	{ .name = "clock of the kernel's (vvar)", .make = make_vvar,
	  .read_only = true, .write = EFAULT, .read = EOPNOTSUPP },
	{ .name = "a queue's ring", .make = make_queue_ring,
	  .write = EOPNOTSUPP, .read = EOPNOTSUPP, .since = FILES_REFUSED },
	{ .name = "a queue's doorbell", .make = make_doorbell,
	  .write = EOPNOTSUPP, .read = EOPNOTSUPP },
	{ .name = "firmware in /dev/mem", .make = make_rom,
	  .read_only = true, .write = EFAULT, .read = EOPNOTSUPP },
	{ .name = "dma-buf of a heap, mapped", .make = make_heap_buffer,
	  .write = EOPNOTSUPP, .read = EOPNOTSUPP },
	{ .name = "secret memory", .make = make_secret,
	  .write = EOPNOTSUPP, .read = EOPNOTSUPP },
	{ .name = "a hole in the middle", .make = make_hole,
	  .write = EFAULT, .read = EFAULT },
	{ .name = "a page without access in the middle", .make = make_guarded,
	  .write = EFAULT, .read = EFAULT },
	{ .name = "a guard page in the middle", .make = make_light_guard,
	  .write = EFAULT, .read = EFAULT },
};

static const char *name_of(int code)
{
	return code ? strerrorname_np(code) : "works";
}

/* A range that begins and ends within pages. */
static uint8_t *odd_part(struct memory *m, size_t *size)
{
	*size = m->size - 13 - 6;
	return m->data + 13;
}

static int try_pin(int fd, uint32_t flags, struct memory *m)
{
	uint32_t handle;
	uint8_t *data;
	size_t size;

	data = odd_part(m, &size);
	if (acc_mem_pin(fd, flags, data, size, &handle, NULL))
		return errno;
	expect_ok(acc_mem_unpin(fd, handle));
	return 0;
}

static void expect_source(struct device_access *a, struct memory *m)
{
	uint32_t handle;
	uint64_t iova;
	uint8_t *data;
	size_t size;

	data = odd_part(m, &size);
	expect_ok(acc_mem_pin(a->fd, HISI_ACC_MEM_READ_ONLY, data, size, &handle,
			      &iova));
	ck_assert(device_sees(a, iova, data, size));
	expect_ok(acc_mem_unpin(a->fd, handle));
}

static void expect_destination(struct device_access *a, struct memory *m)
{
	uint32_t handle;
	uint64_t iova;
	uint8_t *data;
	size_t size;

	data = odd_part(m, &size);
	fill_text(m->data, m->size, 1);
	expect_ok(acc_mem_pin(a->fd, 0, data, size, &handle, &iova));
	ck_assert(device_sees(a, iova, data, size));
	ck_assert(device_writes(a, iova, size, 2));
	ck_assert(is_text(data, size, 2));
	fill_text(data, size, 3);
	ck_assert(device_sees(a, iova, data, size));
	ck_assert(device_writes(a, iova, size, 4));
	expect_ok(acc_mem_unpin(a->fd, handle));
	ck_assert(is_text(data, size, 4));
}

/* The last that the device wrote is in the file, between what was there. */
static void expect_kept(const struct kind *kind, struct memory *m)
{
	uint8_t *copy = malloc(m->size), *text = malloc(m->size);
	int fd;

	ck_assert(kind->keep(m));
	fd = expect_ok(open(m->file, O_RDONLY));
	ck_assert_int_eq(read(fd, copy, m->size), m->size);
	close(fd);
	fill_text(text, m->size, 1);
	fill_text(text + 13, m->size - 13 - 6, 4);
	ck_assert(!memcmp(copy, text, m->size));
}

static void tidy(struct memory *m)
{
	if (m->file)
		unlink(m->file);
	umount2(MOUNT, MNT_DETACH);
	unlink(DISK);
	write_string("/proc/sys/vm/nr_hugepages", "0");
}

START_TEST(memory_of_this_kind)
{
	const struct kind *kind = &kinds[_i];
	bool before = kernel_version() < kind->since;
	int want_write = before ? kind->write_before : kind->write;
	int want_read = before ? kind->read_before : kind->read;
	struct memory m = { .size = SIZE };
	struct device_usage usage;
	struct device_access a;
	const char *why;
	int write, read;

	access_init(&a, SIZE);
	why = kind->make(&m);
	if (why) {
		tidy(&m);
		skip("%s: %s", kind->name, why);
	}
	usage = device_usage();
	read = try_pin(a.fd, HISI_ACC_MEM_READ_ONLY, &m);
	write = try_pin(a.fd, 0, &m);
	printf("memory: %-38s source %-11s destination %s\n", kind->name,
	       name_of(read), name_of(write));
	ck_assert_str_eq(name_of(read), name_of(want_read));
	ck_assert_str_eq(name_of(write), name_of(want_write));
	if (!read)
		expect_source(&a, &m);
	if (!write)
		expect_destination(&a, &m);
	expect_usage(&usage);
	if (!write && kind->keep)
		expect_kept(kind, &m);
	tidy(&m);
}
END_TEST

static void add(void)
{
	test_set_timeout(60);
	test_add_loop(memory_of_this_kind, 0, ARRAY_SIZE(kinds));
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
