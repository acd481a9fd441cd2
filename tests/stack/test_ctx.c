// SPDX-License-Identifier: GPL-2.0
/* Finding and opening devices, what they say of themselves, memory. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process.h"
#include "stack.h"

START_TEST(list_names_the_device)
{
	char names[4][HISIACC_NAME_SIZE] = { "" };
	struct hisiacc_ctx *ctx;

	ck_assert_int_eq(hisiacc_list(NULL, 0), 1);
	ck_assert_int_eq(hisiacc_list(names, 4), 1);
	ck_assert_str_eq(names[0], strrchr(device_node(), '/') + 1);
	ck_assert_int_eq(hisiacc_open(names[0], &ctx), 0);
	ck_assert_str_eq(hisiacc_ctx_name(ctx), names[0]);
	hisiacc_close(ctx);
	ck_assert_int_eq(hisiacc_open(device_node(), &ctx), 0);
	hisiacc_close(ctx);
	hisiacc_close(NULL);
}
END_TEST

START_TEST(what_is_no_device_is_not_opened)
{
	static const struct {
		const char *name;
		int err;
	} bad[] = {
		{ "zip99", -ENOENT },
		{ "/dev/hisi_acc/none", -ENOENT }, { "/dev/null", -EPROTO },
		{ "a name of more bytes than any device may have", -EINVAL },
	};
	struct hisiacc_ctx *ctx;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ctx = (void *)1;
		err = hisiacc_open(bad[i].name, &ctx);
		ck_assert_msg(err == bad[i].err, "%s: %d", bad[i].name, err);
		ck_assert_ptr_null(ctx);
	}
	ck_assert_int_eq(hisiacc_open_engine(HISIACC_ENGINE_SEC, &ctx), -ENODEV);
	ck_assert_ptr_null(ctx);
}
END_TEST

static int open_as_nobody(void *arg)
{
	struct hisiacc_ctx *ctx = (void *)1;

	(void)arg;
	child_check(!setgid(65534) && !setuid(65534));
	child_check(hisiacc_open("zip0", &ctx) == -EACCES);
	child_check(!ctx);
	child_check(hisiacc_open_engine(HISIACC_ENGINE_ZIP, &ctx) == -EACCES);
	child_check(hisiacc_list(NULL, 0) == 1);
	return 0;
}

START_TEST(without_permission_open_gives_eacces)
{
	ck_assert_int_eq(child_run(open_as_nobody, NULL), 0);
}
END_TEST

START_TEST(info_agrees_with_sysfs)
{
	struct hisiacc_ctx_info info = { .size = sizeof(info) };

	stack_open_default();
	ck_assert_int_eq(hisiacc_ctx_info(stack.ctx, &info), 0);
	ck_assert_uint_eq(info.size, sizeof(info));
	ck_assert_uint_eq(info.engine, HISIACC_ENGINE_ZIP);
	ck_assert_uint_eq(info.hw_version, (unsigned int)device_version());
	ck_assert_uint_eq(info.queues, (unsigned long)device_attribute("queues"));
	ck_assert_uint_eq(info.queues_free,
			  (unsigned long)device_attribute("queues_free"));
	ck_assert_uint_eq(info.modes & stack_mode(), stack_mode());
	ck_assert_uint_eq(info.sva_reason == HISIACC_REASON_NONE,
			  stack_mode() == HISIACC_MODE_SVA);
	ck_assert_uint_eq(info.pasid_reason == HISIACC_REASON_NONE,
			  stack_mode() == HISIACC_MODE_PASID);
	ck_assert_uint_eq(info.dma_reason == HISIACC_REASON_NONE,
			  stack_mode() == HISIACC_MODE_DMA);
	ck_assert_uint_eq(!(info.algs & HISIACC_ALG_DEFLATE_COMPRESS),
			  info.hw_version < 3);
	info.size = 8;
	ck_assert_int_eq(hisiacc_ctx_info(stack.ctx, &info), -EINVAL);
	stack_close();
}
END_TEST

START_TEST(descriptor_is_close_on_exec)
{
	stack_open_default();
	ck_assert_int_eq(fcntl(hisiacc_ctx_fd(stack.ctx), F_GETFD) & FD_CLOEXEC,
			 FD_CLOEXEC);
	stack_close();
}
END_TEST

static int open_while_it_is_taken(void *arg)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr) };
	struct hisiacc_queue *queue;
	struct hisiacc_ctx *ctx;
	struct hisiacc_mem *mem;

	(void)arg;
	child_check(hisiacc_open_engine(HISIACC_ENGINE_ZIP, &ctx) == -EBUSY);
	child_check(!hisiacc_open("zip0", &ctx));
	child_check(hisiacc_queue_alloc(ctx, &attr, &queue) == -EBUSY);
	child_check(hisiacc_mem_alloc(ctx, 4096, 0, &mem) == -EBUSY);
	hisiacc_close(ctx);
	return 0;
}

START_TEST(another_process_gets_ebusy)
{
	stack_open_default();
	if (stack_mode() != HISIACC_MODE_DMA)
		skip("this mode has room for more than one process");
	ck_assert_int_eq(child_run(open_while_it_is_taken, NULL), 0);
	check_usable();
	stack_close();
}
END_TEST

/* ---- Memory ---- */

START_TEST(wrong_memory_is_refused)
{
	long page = sysconf(_SC_PAGESIZE);
	uint8_t *hole = mmap(NULL, (size_t)(2 * page), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct {
		void *addr;
		size_t size;
		uint32_t flags;
		int err;
	} bad[] = {
		{ hole, 0, 0, -EINVAL },
		{ hole, SIZE_MAX - 100, 0, -EINVAL },
		{ hole, 10, 1u << 31, -EOPNOTSUPP },
		{ hole, (size_t)page + 1, 0, -EFAULT },
		{ NULL, 100, 0, -EFAULT },
		{ (void *)(uintptr_t)open_as_nobody, 8, 0, -EFAULT },
	};
	struct hisiacc_mem *mem;
	size_t i;

	/* not unmapped: something else might come there */
	mprotect(hole + page, (size_t)page, PROT_NONE);
	stack_open_default();
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		int err = hisiacc_mem_register(stack.ctx, bad[i].addr,
					       bad[i].size, HISIACC_MEM_PIN |
					       bad[i].flags, &mem);

		ck_assert_msg(err == bad[i].err, "case %zu: %d", i, err);
		ck_assert_ptr_null(mem);
	}
	ck_assert_int_eq(hisiacc_mem_alloc(stack.ctx, 0, 0, &mem), -EINVAL);
	ck_assert_ptr_null(mem);
	hisiacc_mem_free(NULL);
	stack_close();
}
END_TEST

START_TEST(memory_is_zeroed_and_aligned)
{
	size_t size = (3u << 20) + 5;
	struct hisiacc_mem *mem;
	uint8_t *addr;

	stack_open_default();
	ck_assert_int_eq(hisiacc_mem_alloc(stack.ctx, size, 0, &mem), 0);
	addr = hisiacc_mem_addr(mem);
	ck_assert_uint_eq((uintptr_t)addr % 4096, 0);
	ck_assert_uint_ge(hisiacc_mem_size(mem), size);
	ck_assert_uint_eq(hisiacc_mem_size(mem) % 4096, 0);
	ck_assert(all_are(addr, hisiacc_mem_size(mem), 0));
	hisiacc_mem_free(mem);
	stack_close();
}
END_TEST

START_TEST(texts_are_there_for_all_values)
{
	unsigned int i;

	for (i = 0; i < 300; i++) {
		ck_assert(*hisiacc_status_text(i));
		ck_assert(*hisiacc_reason_text(i));
		ck_assert_ptr_nonnull(hisiacc_reason_cure(i));
		ck_assert(*hisiacc_state_text(i));
		ck_assert(*hisiacc_mode_text(i));
		ck_assert(*hisiacc_engine_text(i));
	}
	ck_assert_str_eq(hisiacc_mode_text(HISIACC_MODE_DMA), "DMA");
	ck_assert_uint_eq(hisiacc_api_level(), HISIACC_API_LEVEL);
	ck_assert(strchr(hisiacc_version(), '.'));
}
END_TEST

static void add(void)
{
	test_set_timeout(60);
	test_add(list_names_the_device);
	test_add(what_is_no_device_is_not_opened);
	test_add(without_permission_open_gives_eacces);
	test_add(info_agrees_with_sysfs);
	test_add(descriptor_is_close_on_exec);
	test_add(another_process_gets_ebusy);
	test_add(wrong_memory_is_refused);
	test_add(memory_is_zeroed_and_aligned);
	test_add(texts_are_there_for_all_values);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, NULL, NULL);
}
