// SPDX-License-Identifier: GPL-2.0
/* Memory from other devices, and for them, through the library. */
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <xf86drm.h>

#include "../mover/mover.h"
#include "process.h"
#include "small.h"

#define SIZE	((size_t)131072)

static int udmabuf(void)
{
	struct udmabuf_create create = {
		.flags = UDMABUF_FLAGS_CLOEXEC, .size = SIZE,
	};
	int device, fd;

	if (access("/dev/udmabuf", F_OK) && system("modprobe -q udmabuf"))
		return -1;
	device = expect_ok(open("/dev/udmabuf", O_RDWR | O_CLOEXEC));
	create.memfd = (uint32_t)expect_ok(memfd_create("import",
							MFD_ALLOW_SEALING));
	expect_ok(ftruncate((int)create.memfd, (off_t)SIZE));
	expect_ok(fcntl((int)create.memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	fd = expect_ok(ioctl(device, UDMABUF_CREATE, &create));
	close(device);
	close((int)create.memfd);
	return fd;
}

/* From the first quarter of the memory to the second and from there back. */
static void there_and_back(struct hisiacc_mem *mem)
{
	uint8_t *plain = hisiacc_mem_addr(mem), *packed = plain + SIZE / 4;
	uint8_t *copy = malloc(SIZE / 4);
	struct hisiacc_zip_req req;
	size_t n;

	ck_assert_int_eq(hisiacc_mem_begin_cpu(mem, HISIACC_CPU_WRITE), 0);
	fill(plain, SIZE / 4, TEXT, 3);
	memcpy(copy, plain, SIZE / 4);
	ck_assert_int_eq(hisiacc_mem_end_cpu(mem, HISIACC_CPU_WRITE), 0);
	req = req_of(HISIACC_ZIP_GZIP, plain, SIZE / 4, packed, SIZE / 2);
	req.src_mem = mem;
	req.dst_mem = mem;
	n = zip_pack_ok(&req);
	ck_assert_int_eq(hisiacc_mem_begin_cpu(mem, HISIACC_CPU_READ |
					       HISIACC_CPU_WRITE), 0);
	memset(plain, 0, SIZE / 4);
	ck_assert_int_eq(hisiacc_mem_end_cpu(mem, HISIACC_CPU_READ |
					     HISIACC_CPU_WRITE), 0);
	req = req_of(HISIACC_ZIP_GZIP, packed, n, plain, SIZE / 4);
	req.src_mem = mem;
	req.dst_mem = mem;
	ck_assert_uint_eq(zip_unpack_ok(&req), SIZE / 4);
	ck_assert_int_eq(hisiacc_mem_begin_cpu(mem, HISIACC_CPU_READ), 0);
	ck_assert_mem_eq(plain, copy, SIZE / 4);
	ck_assert_int_eq(hisiacc_mem_end_cpu(mem, HISIACC_CPU_READ), 0);
	free(copy);
}

START_TEST(a_buffer_of_another_driver_is_imported)
{
	struct device_usage before = device_usage();
	struct hisiacc_mem *mem;
	int fd = udmabuf();

	if (fd < 0)
		skip("there is no udmabuf");
	ck_assert_int_eq(hisiacc_mem_import(stack.ctx, fd, 0, 0, 0, &mem), 0);
	close(fd);
	ck_assert_uint_eq(hisiacc_mem_size(mem), SIZE);
	ck_assert_int_eq(hisiacc_mem_is_stale(mem), 0);
	there_and_back(mem);
	hisiacc_mem_free(mem);
	expect_usage(&before);
	check_usable();
}
END_TEST

START_TEST(wrong_buffers_are_refused)
{
	int fd = udmabuf(), file = open("/dev/null", O_RDWR);
	struct hisiacc_mem *mem = (void *)1;

	if (fd < 0)
		skip("there is no udmabuf");
	ck_assert_int_eq(hisiacc_mem_import(stack.ctx, file, 0, SIZE, 0, &mem),
			 -EINVAL);
	ck_assert_ptr_null(mem);
	ck_assert_int_eq(hisiacc_mem_import(stack.ctx, -1, 0, 0, 0, &mem),
			 -EBADF);
	ck_assert_int_eq(hisiacc_mem_import(stack.ctx, fd, 0, 2 * SIZE, 0,
					    &mem), -EINVAL);
	ck_assert_int_eq(hisiacc_mem_import(stack.ctx, fd, SIZE, 0, 0, &mem),
			 -EINVAL);
	ck_assert_int_eq(hisiacc_mem_import(stack.ctx, fd, 5, 0, 0, &mem),
			 -EINVAL);
	close(fd);
	check_usable();
}
END_TEST

/* Packed in one context, restored in another one, and copied in none. */
START_TEST(a_buffer_is_handed_from_context_to_context)
{
	struct hisiacc_mem *mem, *theirs;
	struct hisiacc_ctx *ctx;
	struct hisiacc_zip_req req;
	struct hisiacc_completion done;
	struct hisiacc_queue_attr attr = {
		.size = sizeof(attr), .type = HISIACC_ZIP_DECOMPRESS,
	};
	struct hisiacc_queue *queue;
	uint8_t *back = malloc(SIZE / 4);
	size_t n;
	int fd;

	ck_assert_int_eq(hisiacc_mem_alloc(stack.ctx, SIZE,
					   HISIACC_MEM_EXPORTABLE, &mem), 0);
	ck_assert(all_are(hisiacc_mem_addr(mem), SIZE, 0));
	there_and_back(mem);
	fill(stack.buf, SIZE / 4, TEXT, 8);
	req = req_of(HISIACC_ZIP_GZIP, stack.buf, SIZE / 4,
		     hisiacc_mem_addr(mem), SIZE);
	req.dst_mem = mem;
	n = zip_pack_ok(&req);
	ck_assert_int_eq(hisiacc_mem_export(mem, &fd), 0);
	hisiacc_mem_free(mem);

	ck_assert_int_eq(hisiacc_open(hisiacc_ctx_name(stack.ctx), &ctx), 0);
	ck_assert_int_eq(hisiacc_queue_alloc(ctx, &attr, &queue), 0);
	ck_assert_int_eq(hisiacc_mem_import(ctx, fd, 0, 0,
					    HISIACC_MEM_READ_ONLY, &theirs), 0);
	close(fd);
	req = req_of(HISIACC_ZIP_GZIP, hisiacc_mem_addr(theirs), n, back,
		     SIZE / 4);
	req.src_mem = theirs;
	req.dst_mem = NULL;
	ck_assert_int_eq(hisiacc_zip_decompress(queue, &req,
						hisiacc_deadline(PATIENCE),
						&done), 0);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(done.produced, SIZE / 4);
	ck_assert_mem_eq(back, stack.buf, SIZE / 4);
	hisiacc_mem_free(theirs);
	hisiacc_queue_free(queue);
	hisiacc_close(ctx);
	free(back);
}
END_TEST

START_TEST(only_exportable_memory_is_exported)
{
	int fd;

	ck_assert_int_eq(hisiacc_mem_export(stack.mem, &fd), -EOPNOTSUPP);
	ck_assert_int_eq(fd, -1);
}
END_TEST

/* A node of vgem's, or -1. */
static int vgem(void)
{
	char path[64];
	int i, fd;

	if (system("modprobe -q vgem"))
		return -1;
	for (i = 0; i < 16; i++) {
		drmVersion *version;
		bool found;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		wait_until(!access(path, F_OK), i ? 0 : 1000);
		fd = open(path, O_RDWR | O_CLOEXEC);
		version = fd < 0 ? NULL : drmGetVersion(fd);
		found = version && !strcmp(version->name, "vgem");
		drmFreeVersion(version);
		if (found)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

START_TEST(a_gem_object_is_imported)
{
	struct drm_mode_create_dumb create = {
		.width = SIZE / 4 / 64, .height = 64, .bpp = 32,
	};
	struct hisiacc_mem *mem;
	int drm = vgem();

	if (drm < 0)
		skip("there is no vgem");
	expect_ok(drmIoctl(drm, DRM_IOCTL_MODE_CREATE_DUMB, &create));
	ck_assert_int_eq(hisiacc_mem_import_gem(stack.ctx, drm, create.handle,
						0, &mem), 0);
	ck_assert_uint_eq(hisiacc_mem_size(mem), SIZE);
	there_and_back(mem);
	hisiacc_mem_free(mem);
	ck_assert_int_eq(hisiacc_mem_import_gem(stack.ctx, drm, 12345, 0, &mem),
			 -ENOENT);
	close(drm);
}
END_TEST

/* ---- Buffers that are moved ---- */

/* The node of tests/mover, or -1. */
static int mover(void)
{
	int fd = open("/host/out/mover.ko", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		syscall(SYS_finit_module, fd, "", 0);
		close(fd);
		wait_until(!access("/dev/mover", F_OK), 2000);
	}
	return open("/dev/mover", O_RDWR | O_CLOEXEC);
}

START_TEST(a_buffer_that_was_moved_is_refreshed)
{
	struct mover_create create = { .size = SIZE };
	struct mover_move move = { 0 };
	struct mover_fail fail = { .count = 1, .error = ENOMEM };
	struct hisiacc_zip_req req;
	struct hisiacc_mem *mem;
	int device = mover();

	if (device < 0)
		skip("the module of tests/mover is not there");
	expect_ok(ioctl(device, MOVER_CREATE, &create));
	move.fd = fail.fd = create.out_fd;
	ck_assert_int_eq(hisiacc_mem_import(stack.ctx, create.out_fd, 0, 0, 0,
					    &mem), 0);
	there_and_back(mem);
	expect_ok(ioctl(device, MOVER_MOVE, &move));
	if (stack_mode() == HISIACC_MODE_SVA) {
		/* the page table is what the device goes by */
		there_and_back(mem);
	} else {
		ck_assert_int_eq(hisiacc_mem_is_stale(mem), 1);
		expect_ok(ioctl(device, MOVER_FAIL, &fail));
		ck_assert_int_eq(hisiacc_mem_refresh(mem), -ENOMEM);
		req = req_of(HISIACC_ZIP_GZIP, hisiacc_mem_addr(mem), 100,
			     stack.buf, 1000);
		req.src_mem = mem;
		ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 1),
				 -EFAULT);
	}
	ck_assert_int_eq(hisiacc_mem_refresh(mem), 0);
	ck_assert_int_eq(hisiacc_mem_is_stale(mem), 0);
	there_and_back(mem);
	hisiacc_mem_free(mem);
	close(create.out_fd);
	check_usable();
}
END_TEST

static void add(void)
{
	test_set_timeout(60);
	test_add(a_buffer_of_another_driver_is_imported);
	test_add(wrong_buffers_are_refused);
	test_add(a_buffer_is_handed_from_context_to_context);
	test_add(only_exportable_memory_is_exported);
	test_add(a_gem_object_is_imported);
	test_add(a_buffer_that_was_moved_is_refreshed);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_default, stack_close);
}
