// SPDX-License-Identifier: GPL-2.0
/* Memory from elsewhere and for elsewhere. */
#include "test.h"

#define SIZE	65536u

static struct hisiacc_ctx *ctx;
static struct hisiacc_queue *queue;
static struct hisiacc_mem *mem;
static int buf;
static struct hisiacc_completion c[4];

static void open_in(uint32_t mode)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr), .depth = 4 };

	fake_reset();
	fake.modes = mode;
	ck_assert_int_eq(hisiacc_open("zip0", &ctx), 0);
	ck_assert_int_eq(hisiacc_queue_alloc(ctx, &attr, &queue), 0);
	buf = fake_dmabuf(SIZE);
	mem = NULL;
}

static const uint32_t modes[] = {
	HISIACC_MODE_SVA, HISIACC_MODE_PASID, HISIACC_MODE_DMA,
};

static void setup(void)
{
	open_in(HISIACC_MODE_DMA);
}

static void end(void)
{
	hisiacc_mem_free(mem);
	hisiacc_queue_free(queue);
	hisiacc_close(ctx);
	if (buf >= 0)
		hisiacc_sys_close(buf);
	fake_check_empty();
}

static struct hisiacc_zip_req request(uint32_t format)
{
	uint8_t *addr = hisiacc_mem_addr(mem);

	return (struct hisiacc_zip_req){
		.size = sizeof(struct hisiacc_zip_req),
		.format = format,
		.src = addr, .src_len = 1000, .src_mem = mem,
		.dst = addr + SIZE / 2, .dst_len = 4000, .dst_mem = mem,
	};
}

static void check_request(uint32_t format)
{
	struct hisiacc_zip_req req = request(format);
	uint8_t back[1000];

	fill_text(hisiacc_mem_addr(mem), 1000);
	ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), 0);
	ck_assert_int_eq(hisiacc_queue_submit(queue), 1);
	fake_run();
	ck_assert_int_eq(hisiacc_queue_peek(queue, c, 1), 1);
	ck_assert_uint_eq(c->status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(ref_decompress(format, req.dst, c->produced, back,
					 1000), 1000);
	ck_assert_mem_eq(back, req.src, 1000);
}

START_TEST(a_buffer_is_good_in_every_mode)
{
	open_in(modes[_i]);
	ck_assert_int_eq(hisiacc_mem_import(ctx, buf, 0, 0, 0, &mem), 0);
	ck_assert_uint_eq(hisiacc_mem_size(mem), SIZE);
	ck_assert_uint_eq(hisiacc_mem_iova(mem),
			  (uintptr_t)hisiacc_mem_addr(mem) +
			  (modes[_i] == HISIACC_MODE_DMA ? FAKE_IOVA : 0));
	/* the descriptor may go */
	hisiacc_sys_close(buf);
	buf = -1;
	check_request(HISIACC_ZIP_GZIP);
	end();
}
END_TEST

START_TEST(a_part_of_a_buffer_is_imported)
{
	ck_assert_int_eq(hisiacc_mem_import(ctx, buf, 4096, 8192, 0, &mem), 0);
	ck_assert_uint_eq(hisiacc_mem_size(mem), 8192);
	hisiacc_mem_free(mem);
	ck_assert_int_eq(hisiacc_mem_import(ctx, buf, 4096, 0, 0, &mem), 0);
	ck_assert_uint_eq(hisiacc_mem_size(mem), SIZE - 4096);
}
END_TEST

START_TEST(wrong_imports_are_refused)
{
	ck_assert_int_eq(hisiacc_mem_import(ctx, buf, 0, SIZE + 4096, 0, &mem),
			 -EINVAL);
	ck_assert_int_eq(hisiacc_mem_import(ctx, buf, SIZE, 0, 0, &mem),
			 -EINVAL);
	ck_assert_int_eq(hisiacc_mem_import(ctx, buf, 1, 0, 0, &mem), -EINVAL);
	ck_assert_int_eq(hisiacc_mem_import(ctx, 999, 0, 0, 0, &mem), -EBADF);
	ck_assert_int_eq(hisiacc_mem_import(ctx, buf, 0, 0, HISIACC_MEM_PIN,
					    &mem), -EOPNOTSUPP);
	ck_assert_int_eq(hisiacc_mem_import_gem(ctx, 7, 2, 0, &mem), -ENOENT);
	ck_assert_ptr_null(mem);
}
END_TEST

START_TEST(a_driver_without_dma_bufs_says_so)
{
	struct hisiacc_ctx *old;

	fake.features = 0;
	ck_assert_int_eq(hisiacc_open("zip0", &old), 0);
	ck_assert_int_eq(hisiacc_mem_import(old, buf, 0, 0, 0, &mem),
			 -EOPNOTSUPP);
	hisiacc_close(old);
}
END_TEST

START_TEST(gem_objects_come_by_prime)
{
	unsigned int fds = fake.fds;

	ck_assert_int_eq(hisiacc_mem_import_gem(ctx, 7, 1, 0, &mem), 0);
	ck_assert_uint_eq(hisiacc_mem_size(mem), 8192);
	ck_assert_uint_eq(fake.fds, fds + 1);
}
END_TEST

START_TEST(read_only_buffers_are_no_destination)
{
	struct hisiacc_zip_req req;

	ck_assert_int_eq(hisiacc_mem_import(ctx, buf, 0, 0,
					    HISIACC_MEM_READ_ONLY, &mem), 0);
	req = request(HISIACC_ZIP_GZIP);
	ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), -EFAULT);
}
END_TEST

START_TEST(memory_that_the_cpu_does_not_reach_is_for_raw_deflate)
{
	struct hisiacc_zip_stream *stream;
	struct hisiacc_zip_req req;

	open_in(modes[_i]);
	fake.unmappable = true;
	if (modes[_i] == HISIACC_MODE_SVA) {
		/* the device would not reach it either */
		ck_assert_int_eq(hisiacc_mem_import(ctx, buf, 0, 0, 0, &mem),
				 -EOPNOTSUPP);
		end();
		return;
	}
	ck_assert_int_eq(hisiacc_mem_import(ctx, buf, 0, 0, 0, &mem), 0);
	check_request(HISIACC_ZIP_DEFLATE);
	req = request(HISIACC_ZIP_GZIP);
	ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), -EFAULT);
	req = request(HISIACC_ZIP_DEFLATE);
	req.src_len = SIZE + 1;
	ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), -EFAULT);
	req = request(HISIACC_ZIP_DEFLATE);
	ck_assert_int_eq(hisiacc_zip_stream_alloc(queue, HISIACC_ZIP_DEFLATE,
						  &stream), 0);
	ck_assert_int_eq(hisiacc_zip_stream_run(stream, &req, 0, c), -EFAULT);
	hisiacc_zip_stream_free(stream);
	ck_assert_int_eq(hisiacc_mem_begin_cpu(mem, HISIACC_CPU_READ),
			 -EOPNOTSUPP);
	end();
}
END_TEST

START_TEST(the_exporter_hears_of_the_cpu)
{
	struct hisiacc_mem *own;

	ck_assert_int_eq(hisiacc_mem_import(ctx, buf, 0, 0, 0, &mem), 0);
	fake.syncs_fail = 3;
	ck_assert_int_eq(hisiacc_mem_begin_cpu(mem, HISIACC_CPU_WRITE), 0);
	ck_assert_uint_eq(fake.syncs, 1);
	ck_assert_uint_eq(fake.sync_flags, 2);
	ck_assert_int_eq(hisiacc_mem_end_cpu(mem, HISIACC_CPU_WRITE |
					     HISIACC_CPU_READ), 0);
	ck_assert_uint_eq(fake.sync_flags, 7);
	ck_assert_int_eq(hisiacc_mem_begin_cpu(mem, 0), -EINVAL);
	ck_assert_int_eq(hisiacc_mem_end_cpu(mem, 4), -EINVAL);
	ck_assert_int_eq(hisiacc_mem_alloc(ctx, 10, 0, &own), 0);
	ck_assert_int_eq(hisiacc_mem_begin_cpu(own, HISIACC_CPU_READ), 0);
	ck_assert_uint_eq(fake.syncs, 2);
	hisiacc_mem_free(own);
}
END_TEST

START_TEST(a_buffer_that_was_moved_is_imported_anew)
{
	struct hisiacc_zip_req req;

	ck_assert_int_eq(hisiacc_mem_import(ctx, buf, 0, 0, 0, &mem), 0);
	ck_assert_int_eq(hisiacc_mem_is_stale(mem), 0);
	ck_assert_int_eq(hisiacc_mem_refresh(mem), 0);
	ck_assert_uint_eq(fake.calls[HISI_ACC_MEM_IMPORT & 0x3f], 1);
	fake_move(buf);
	ck_assert_int_eq(hisiacc_mem_is_stale(mem), 1);
	ck_assert_int_eq(hisiacc_mem_refresh(mem), 0);
	ck_assert_int_eq(hisiacc_mem_is_stale(mem), 0);
	ck_assert_uint_eq(fake.pins, 1);
	check_request(HISIACC_ZIP_GZIP);
	/* when that fails nobody gets an address of it, until it succeeds */
	fake_move(buf);
	fake.fail_request = HISI_ACC_MEM_IMPORT;
	fake.fail_errno = ENODEV;
	ck_assert_int_eq(hisiacc_mem_refresh(mem), -ENODEV);
	ck_assert_int_eq(hisiacc_mem_is_stale(mem), 1);
	req = request(HISIACC_ZIP_GZIP);
	ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), -EFAULT);
	req.format = HISIACC_ZIP_DEFLATE;
	ck_assert_int_eq(hisiacc_zip_prep(queue, &req, 0), -EFAULT);
	fake.fail_request = 0;
	ck_assert_int_eq(hisiacc_mem_refresh(mem), 0);
	check_request(HISIACC_ZIP_GZIP);
	/* it counts as one object of the context all the time */
	ck_assert_uint_eq(ctx->use & 0xffffff, 2);
}
END_TEST

START_TEST(a_buffer_of_the_drivers_is_exported)
{
	struct hisiacc_mem *other;
	int fd;

	open_in(modes[_i]);
	ck_assert_int_eq(hisiacc_mem_alloc(ctx, SIZE - 100,
					   HISIACC_MEM_EXPORTABLE, &mem), 0);
	ck_assert_uint_eq(hisiacc_mem_size(mem), SIZE);
	ck_assert_uint_eq(fake.pinned, 1);
	check_request(HISIACC_ZIP_GZIP);
	ck_assert_int_eq(hisiacc_mem_export(mem, &fd), 0);
	ck_assert_int_eq(hisiacc_mem_import(ctx, fd, 0, 0, 0, &other), 0);
	hisiacc_mem_free(other);
	hisiacc_sys_close(fd);
	ck_assert_int_eq(hisiacc_mem_alloc(ctx, 10, 0, &other), 0);
	ck_assert_int_eq(hisiacc_mem_export(other, &fd), -EOPNOTSUPP);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(hisiacc_mem_is_stale(other), 0);
	hisiacc_mem_free(other);
	end();
}
END_TEST

/* Each way to make memory, with each of its system calls failing once. */
static int make(int how)
{
	switch (how) {
	case 0:
		return hisiacc_mem_alloc(ctx, SIZE, HISIACC_MEM_EXPORTABLE,
					 &mem);
	case 1:
		return hisiacc_mem_import(ctx, buf, 0, 0, 0, &mem);
	case 2:
		return hisiacc_mem_import_gem(ctx, 7, 1, 0, &mem);
	default:
		return hisiacc_mem_alloc(ctx, SIZE, 0, &mem);
	}
}

START_TEST(what_fails_leaves_nothing)
{
	static const int errors[] = { ENOMEM, EBUSY, ENOSPC, ENODEV };

	fake.fail_errno = errors[_i / 4];
	fake.fail_ioctl = 1;
	ck_assert_int_eq(make(_i % 4), -errors[_i / 4]);
	ck_assert_ptr_null(mem);
	ck_assert_uint_eq(fake.pins, 0);
	fake.fail_ioctl = 0;
	fake.fail_alloc = 1;
	ck_assert_int_eq(make(_i % 4), -ENOMEM);
	ck_assert_ptr_null(mem);
	fake.fail_alloc = 0;
	if (!(_i % 4)) {
		fake.map_errno = ENOMEM;
		ck_assert_int_eq(make(0), -ENOMEM);
		ck_assert_uint_eq(fake.pins, 0);
		fake.map_errno = 0;
	}
	ck_assert_uint_eq(ctx->use & 0xffffff, 1);
	ck_assert_int_eq(make(_i % 4), 0);
}
END_TEST

Suite *import_suite(void)
{
	Suite *suite = suite_create("import");
	TCase *tc = tcase_create("modes");

	tcase_add_loop_test(tc, a_buffer_is_good_in_every_mode, 0, N(modes));
	tcase_add_loop_test(tc,
			    memory_that_the_cpu_does_not_reach_is_for_raw_deflate,
			    0, N(modes));
	tcase_add_loop_test(tc, a_buffer_of_the_drivers_is_exported, 0,
			    N(modes));
	suite_add_tcase(suite, tc);

	tc = tcase_create("dma-bufs");
	tcase_add_checked_fixture(tc, setup, end);
	tcase_add_test(tc, a_part_of_a_buffer_is_imported);
	tcase_add_test(tc, wrong_imports_are_refused);
	tcase_add_test(tc, a_driver_without_dma_bufs_says_so);
	tcase_add_test(tc, gem_objects_come_by_prime);
	tcase_add_test(tc, read_only_buffers_are_no_destination);
	tcase_add_test(tc, the_exporter_hears_of_the_cpu);
	tcase_add_test(tc, a_buffer_that_was_moved_is_imported_anew);
	tcase_add_loop_test(tc, what_fails_leaves_nothing, 0, 16);
	suite_add_tcase(suite, tc);
	return suite;
}
