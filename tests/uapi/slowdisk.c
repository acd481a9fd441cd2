// SPDX-License-Identifier: GPL-2.0
/*
 * A file that is mapped, on a disk that does not answer: a network block device
 * of the test's own. Its pages cannot be pinned for writing, and to know why
 * takes a fault that waits for the disk. Nobody else may have to wait with it.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/nbd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device.h"
#include "fixture.h"
#include "ioctls.h"
#include "process.h"
#include "state.h"
#include "test.h"

#define DISK		"/dev/nbd0"
#define DISK_SIZE	(1u << 20)
/* Far less than anybody would wait, far more than all this takes. */
#define SOON_MS		5000

/* Shared mappings of files cannot be pinned for writing from here on. */
#define FILES_REFUSED	VERSION(6, 5)

struct story {
	struct gate asleep, go_on;
};

struct disk {
	struct story *story;
	int fd;			/* of the device */
	int socket[2];		/* the kernel's side, ours */
	volatile bool asked;
};

static void read_all(int fd, void *data, size_t size)
{
	child_check(recv(fd, data, size, MSG_WAITALL) == (ssize_t)size);
}

static void write_all(int fd, const void *data, size_t size)
{
	child_check(send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size);
}

/* Answers nothing until told to, then everything by zeroes. */
static void *serve(void *arg)
{
	static const uint8_t zeroes[DISK_SIZE];
	struct disk *disk = arg;
	struct nbd_request request;
	struct nbd_reply reply = { .magic = htonl(NBD_REPLY_MAGIC) };
	bool first = true;

	for (;;) {
		read_all(disk->socket[1], &request, sizeof(request));
		child_check(ntohl(request.type) == NBD_CMD_READ);
		child_check(ntohl(request.len) <= DISK_SIZE);
		if (first) {
			disk->asked = true;
			gate_open(&disk->story->asleep);
			child_check(gate_wait(&disk->story->go_on));
		}
		first = false;
		memcpy(reply.handle, request.handle, sizeof(reply.handle));
		write_all(disk->socket[1], &reply, sizeof(reply));
		write_all(disk->socket[1], zeroes, ntohl(request.len));
	}
	return NULL;
}

static void *drive(void *arg)
{
	struct disk *disk = arg;

	ioctl(disk->fd, NBD_DO_IT);
	return NULL;
}

static void disk_start(struct disk *disk, struct story *story)
{
	pthread_t thread;
	uint64_t size;

	disk->story = story;
	disk->fd = open(DISK, O_RDWR);
	child_check(disk->fd >= 0);
	child_check(!socketpair(AF_UNIX, SOCK_STREAM, 0, disk->socket));
	child_check(!ioctl(disk->fd, NBD_SET_SIZE, (unsigned long)DISK_SIZE));
	child_check(!ioctl(disk->fd, NBD_SET_SOCK, disk->socket[0]));
	child_check(!pthread_create(&thread, NULL, serve, disk));
	child_check(!pthread_create(&thread, NULL, drive, disk));
	/* it has its size when it runs */
	child_check(wait_until(!ioctl(disk->fd, BLKGETSIZE64, &size) &&
			       size == DISK_SIZE, SOON_MS));
}

struct call {
	int fd;
	void *data;
	int ret;
	int code;
};

static void *pin_it(void *arg)
{
	struct call *call = arg;

	call->ret = acc_mem_pin(call->fd, 0, call->data, PAGE, NULL, NULL);
	call->code = errno;
	return NULL;
}

/* What wants the lock of the address space, and the device. */
static void *open_another(void *arg)
{
	struct disk *disk = arg;

	child_check(wait_until(disk->asked, SOON_MS));
	close(device_open());
	return NULL;
}

static int sleep_until_told(void *arg)
{
	struct story *story = arg;
	struct call call = { .fd = device_open() };
	struct disk disk = { .asked = false };
	pthread_t pinner, opener;
	int fd;

	disk_start(&disk, story);
	fd = open(DISK, O_RDWR);
	child_check(fd >= 0);
	call.data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	child_check(call.data != MAP_FAILED);
	child_check(!pthread_create(&pinner, NULL, pin_it, &call));
	child_check(!pthread_create(&opener, NULL, open_another, &disk));
	child_check(!pthread_join(pinner, NULL));
	child_check(!pthread_join(opener, NULL));
	child_check(call.ret == -1 && call.code == EOPNOTSUPP);
	return 0;
}

static void *unbind(void *done)
{
	device_unbind();
	*(volatile bool *)done = true;
	return NULL;
}

START_TEST(disk_that_does_not_answer_does_not_hold_up_removal)
{
	volatile bool done = false;
	struct story story;
	pthread_t thread;
	pid_t child;

	if (kernel_version() < FILES_REFUSED)
		skip("this kernel pins files, and waits for the disk itself");
	if (access(DISK, F_OK) && system("modprobe -q nbd max_part=0 nbds_max=1"))
		skip("there are no network block devices");
	gate_init(&story.asleep);
	gate_init(&story.go_on);
	child = child_start(sleep_until_told, &story);
	ck_assert(gate_wait(&story.asleep));
	/* the other thread is on its way into the device, or back */
	sleep_ms(200);
	expect_ok(-pthread_create(&thread, NULL, unbind, (void *)&done));
	ck_assert_msg(wait_until(done, SOON_MS), "removal waits for a disk");
	expect_ok(-pthread_join(thread, NULL));
	gate_open(&story.go_on);
	ck_assert_int_eq(child_end(child), 0);
	device_bind();
}
END_TEST

static void add(void)
{
	test_add(disk_that_does_not_answer_does_not_hold_up_removal);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
