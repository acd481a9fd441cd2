// SPDX-License-Identifier: GPL-2.0
/* MEM_EXPORT: dma-bufs of the driver's own memory. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "exporter.h"
#include "fixture.h"
#include "process.h"
#include "state.h"
#include "test.h"

#define SIZE		(16 * PAGE)

/* A buffer with a text in it, and a dma-buf of it. */
static int export_text(struct buffer *b)
{
	buffer_init(b, device_open(), SIZE);
	fill_text(b->data, SIZE, 1);
	return expect_ok(acc_mem_export(b->fd, b->arg.out_handle));
}

START_TEST(exports_are_checked)
{
	struct device_access a;
	struct imported i;
	struct buffer b;
	uint32_t handle;

	access_init(&a, SIZE);
	buffer_init(&b, a.fd, SIZE);
	expect_errno(ENOENT, acc_mem_export(a.fd, 0));
	expect_errno(ENOENT, acc_mem_export(a.fd, 77));
	expect_ok(acc_mem_pin(a.fd, 0, map_anonymous(PAGE), PAGE, &handle, NULL));
	expect_errno(EOPNOTSUPP, acc_mem_export(a.fd, handle));
	imported_init(&i, a.fd, exporter_make(EXPORTER_OWN, SIZE), SIZE);
	expect_errno(EOPNOTSUPP, acc_mem_export(a.fd, i.handle));
	expect_ok(acc_mem_unpin(a.fd, b.arg.out_handle));
	expect_errno(ENOENT, acc_mem_export(a.fd, b.arg.out_handle));
}
END_TEST

START_TEST(dmabuf_is_the_buffer)
{
	struct buffer b;
	uint8_t *data;
	int dmabuf;

	dmabuf = export_text(&b);
	ck_assert_int_eq(fcntl(dmabuf, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(dmabuf, F_GETFL) & O_ACCMODE, O_RDWR);
	ck_assert_int_eq(lseek(dmabuf, 0, SEEK_END), SIZE);
	data = map(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf);
	dmabuf_begin(dmabuf);
	ck_assert(is_text(data, SIZE, 1));
	data[SIZE - 1] = 'x';
	dmabuf_end(dmabuf);
	ck_assert_uint_eq(b.data[SIZE - 1], 'x');
	/* a part of it, and what there is behind a page that was dropped */
	expect_ok(munmap(data, SIZE));
	data = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf,
		    SIZE - 2 * PAGE);
	ck_assert(data != MAP_FAILED);
	expect_ok(madvise(data, 2 * PAGE, MADV_DONTNEED));
	ck_assert_uint_eq(data[2 * PAGE - 1], 'x');
	expect_errno(EINVAL, mmap(NULL, SIZE, PROT_READ, MAP_SHARED, dmabuf, PAGE));
	expect_errno(EINVAL, mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, dmabuf, 0));
}
END_TEST

START_TEST(dmabuf_survives_context_and_device)
{
	struct device_access a;
	struct imported i;
	struct buffer b;
	uint8_t *data;
	int dmabuf;

	access_init(&a, SIZE);
	buffer_init(&b, a.fd, SIZE);
	ck_assert(device_writes(&a, b.arg.out_iova, SIZE, 1));
	dmabuf = expect_ok(acc_mem_export(a.fd, b.arg.out_handle));
	munmap(b.data, SIZE);
	device_unbind();
	close(a.fd);
	data = map(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf);
	ck_assert(is_text(data, SIZE, 1));

	/* the function's next life has it as any other memory */
	device_bind();
	access_init(&a, SIZE);
	imported_init(&i, a.fd, dmabuf, SIZE);
	ck_assert(device_sees(&a, i.iova, data, SIZE));
}
END_TEST

static int export_and_die(void *arg)
{
	struct device_access a;
	struct buffer b;

	access_init(&a, SIZE);
	buffer_init(&b, a.fd, SIZE);
	child_check(device_writes(&a, b.arg.out_iova, SIZE, 4));
	child_check(send_fd(*(int *)arg, acc_mem_export(a.fd, b.arg.out_handle)));
	kill(getpid(), SIGKILL);
	return 1;
}

START_TEST(dmabuf_survives_its_owner)
{
	struct device_usage usage = device_usage();
	int sockets[2], dmabuf;
	uint8_t *data;
	pid_t child;

	expect_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = child_start(export_and_die, &sockets[1]);
	dmabuf = receive_fd(sockets[0]);
	ck_assert_int_eq(child_end(child), -SIGKILL);
	ck_assert_int_ge(dmabuf, 0);
	ck_assert_int_eq(device_usage().mappings, usage.mappings);
	ck_assert_int_eq(device_usage().pinned_pages,
			 usage.pinned_pages + SIZE / PAGE);
	data = map(SIZE, PROT_READ, MAP_SHARED, dmabuf);
	ck_assert(is_text(data, SIZE, 4));
	close(dmabuf);
	ck_assert(is_text(data, SIZE, 4));
	munmap(data, SIZE);
	ck_assert(device_usage_becomes(&usage, 2000));
}
END_TEST

#define LIMIT		(2 * SIZE)

/* Exits with errno if it cannot have a buffer of more than half the limit. */
static int export_what_the_limit_allows(void *arg)
{
	struct rlimit limit = { LIMIT, LIMIT };
	struct hisi_acc_mem_alloc alloc;
	int fd = device_open();

	child_check(!setrlimit(RLIMIT_MEMLOCK, &limit));
	drop_privileges();
	if (acc_mem_alloc(fd, reserve(LIMIT), LIMIT / 2 + PAGE, &alloc))
		return errno;
	child_check(send_fd(*(int *)arg, acc_mem_export(fd, alloc.out_handle)));
	return 0;
}

START_TEST(processes_that_come_and_go_get_no_more_than_one)
{
	int sockets[2], dmabuf, i;

	expect_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(child_run(export_what_the_limit_allows,
					   &sockets[1]), 0);
		dmabuf = receive_fd(sockets[0]);
		ck_assert_int_ge(dmabuf, 0);
		ck_assert_int_eq(child_run(export_what_the_limit_allows,
					   &sockets[1]), ENOMEM);
		close(dmabuf);
	}
}
END_TEST

START_TEST(without_a_free_fd_nothing_is_left)
{
	struct rlimit limit;
	struct buffer b;

	buffer_init(&b, device_open(), SIZE);
	expect_ok(getrlimit(RLIMIT_NOFILE, &limit));
	/* this and those below it are open */
	limit.rlim_cur = b.fd + 1;
	expect_ok(setrlimit(RLIMIT_NOFILE, &limit));
	expect_errno(EMFILE, dup(b.fd));
	expect_errno(EMFILE, acc_mem_export(b.fd, b.arg.out_handle));
	limit.rlim_cur = limit.rlim_max;
	expect_ok(setrlimit(RLIMIT_NOFILE, &limit));
	munmap(b.data, SIZE);
	expect_ok(acc_mem_unpin(b.fd, b.arg.out_handle));
	ck_assert(wait_until(!locked_kb(), 2000));
}
END_TEST

START_TEST(fd_that_is_not_told_is_not_there)
{
	struct hisi_acc_mem_export *arg = map_anonymous(PAGE);
	struct buffer b;
	int before, after;

	buffer_init(&b, device_open(), SIZE);
	arg->argsz = sizeof(*arg);
	arg->handle = b.arg.out_handle;
	expect_ok(mprotect(arg, PAGE, PROT_READ));
	before = expect_ok(dup(b.fd));
	close(before);
	expect_errno(EFAULT, ioctl(b.fd, HISI_ACC_MEM_EXPORT, arg));
	after = expect_ok(dup(b.fd));
	ck_assert_int_eq(before, after);
	munmap(b.data, SIZE);
	expect_ok(acc_mem_unpin(b.fd, b.arg.out_handle));
	ck_assert(wait_until(!locked_kb(), 2000));
}
END_TEST

START_TEST(module_stays_while_there_is_a_dmabuf)
{
	struct buffer b;
	uint8_t *data;
	int dmabuf;

	dmabuf = export_text(&b);
	munmap(b.data, SIZE);
	close(b.fd);
	expect_errno(EWOULDBLOCK, syscall(SYS_delete_module, "hisi_acc", O_NONBLOCK));
	data = map(SIZE, PROT_READ, MAP_SHARED, dmabuf);
	close(dmabuf);
	/* a mapping is enough */
	expect_errno(EWOULDBLOCK, syscall(SYS_delete_module, "hisi_acc", O_NONBLOCK));
	ck_assert(is_text(data, SIZE, 1));
}
END_TEST

static void add(void)
{
	test_add(exports_are_checked);
	test_add(dmabuf_is_the_buffer);
	test_add(dmabuf_survives_context_and_device);
	test_add(dmabuf_survives_its_owner);
	test_add(processes_that_come_and_go_get_no_more_than_one);
	test_add(without_a_free_fd_nothing_is_left);
	test_add(fd_that_is_not_told_is_not_there);
	test_add(module_stays_while_there_is_a_dmabuf);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
