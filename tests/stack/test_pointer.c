// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that name memory by nothing but a pointer: memory of every kind, in
 * every mode, with little locked memory and without rights.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "process.h"
#include "small.h"

#define SIZE	100000u
#define ROOM	(2 * SIZE)

static struct hisiacc_zip_req pointers(const void *src, size_t n, void *dst,
				       size_t room)
{
	struct hisiacc_zip_req req = req_of(HISIACC_ZIP_ZLIB, src, n, dst, room);

	req.src_mem = NULL;
	req.dst_mem = NULL;
	return req;
}

/* What a queue had to register so far. */
static uint64_t misses(const struct hisiacc_queue *queue)
{
	struct hisiacc_queue_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(hisiacc_queue_stats(queue, &stats), 0);
	return stats.cache_misses;
}

/* ---- Kinds of memory ---- */

static void *map(size_t size, int flags, int fd)
{
	return expect_ok(mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0));
}

static int file_of(size_t size)
{
	int fd = expect_ok(open("/tmp", O_TMPFILE | O_RDWR, 0600));

	expect_ok(ftruncate(fd, (off_t)size));
	return fd;
}

static uint8_t *on_heap(void)
{
	return malloc(ROOM);
}

static uint8_t *in_data(void)
{
	static uint8_t data[ROOM];

	return data;
}

static uint8_t *anonymous(void)
{
	return map(ROOM, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static uint8_t *shared(void)
{
	return map(ROOM, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static uint8_t *private_file(void)
{
	return map(ROOM, MAP_PRIVATE, file_of(ROOM));
}

static uint8_t *shared_file(void)
{
	return map(ROOM, MAP_SHARED, file_of(ROOM));
}

static uint8_t *memfd(void)
{
	int fd = expect_ok(memfd_create("pointer", MFD_CLOEXEC));

	expect_ok(ftruncate(fd, ROOM));
	return map(ROOM, MAP_SHARED, fd);
}

static uint8_t *huge(void)
{
	void *p;

	write_string("/proc/sys/vm/nr_hugepages", "4");
	p = mmap(NULL, huge_page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

static uint8_t *transparent(void)
{
	size_t n = huge_page_size();
	uint8_t *p = map(2 * n, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	p += -(uintptr_t)p & (n - 1);
	madvise(p, n, MADV_HUGEPAGE);
	return p;
}

/* Large enough for ROOM bytes each, at an odd address within. */
static const struct {
	const char *name;
	uint8_t *(*make)(void);
} kinds[] = {
	{ "heap", on_heap }, { "data", in_data }, { "anonymous", anonymous },
	{ "shared", shared }, { "private file", private_file },
	{ "shared file", shared_file }, { "memfd", memfd },
	{ "huge page", huge }, { "transparent huge page", transparent },
};

static void check_packed(const uint8_t *packed, size_t n, const uint8_t *plain,
			 size_t plain_size)
{
	uint8_t *back = malloc(plain_size + 1);

	ck_assert_uint_eq(zlib_inflate(HISIACC_ZIP_ZLIB, packed, n, back,
				       plain_size + 1, NULL), plain_size);
	ck_assert_mem_eq(back, plain, plain_size);
	free(back);
}

/* From @src to @dst by pointers, and from there back to @src. */
static void there_and_back(uint8_t *src, uint8_t *dst, uint32_t seed)
{
	size_t n = SIZE - 100;
	struct hisiacc_zip_req req = pointers(src, n, dst, ROOM - 100);
	uint8_t *copy = malloc(n);
	size_t packed;

	fill(src, n, MIXED, seed);
	memcpy(copy, src, n);
	packed = zip_pack_ok(&req);
	check_packed(dst, packed, copy, n);
	memset(src, 0, n);
	req = pointers(dst, packed, src, n);
	ck_assert_uint_eq(zip_unpack_ok(&req), n);
	ck_assert_mem_eq(src, copy, n);
	free(copy);
}

START_TEST(a_pointer_is_enough_for_every_kind_of_memory)
{
	uint8_t *p = kinds[_i].make(), on_stack[ROOM] = { 0 };
	uint64_t before;

	if (!p)
		skip("no huge page");
	there_and_back(p + 7, on_stack + 33, 1);
	before = misses(stack.comp) + misses(stack.decomp);
	there_and_back(on_stack + 33, p + 7, 2);
	there_and_back(p + 7, on_stack + 33, 3);
	if (stack_mode() != HISIACC_MODE_SVA)
		ck_assert_uint_gt(before, 0);
	/* the second time all of it is known: as source and as destination */
	ck_assert_uint_le(misses(stack.comp) + misses(stack.decomp), before + 4);
	before = misses(stack.comp) + misses(stack.decomp);
	there_and_back(p + 7, on_stack + 33, 4);
	there_and_back(on_stack + 33, p + 7, 5);
	ck_assert_uint_eq(misses(stack.comp) + misses(stack.decomp), before);
	check_usable();
}
END_TEST

START_TEST(constant_data_is_a_source)
{
	static const uint8_t constant[SIZE] = "constant", *p = constant;
	uint8_t *dst = calloc(1, ROOM), *mapped = anonymous();
	struct hisiacc_zip_req req = pointers(p, SIZE, dst, ROOM);

	check_packed(dst, zip_pack_ok(&req), p, SIZE);
	fill(mapped, SIZE, TEXT, 1);
	mprotect(mapped, ROOM, PROT_READ);
	req = pointers(mapped, SIZE, dst, ROOM);
	check_packed(dst, zip_pack_ok(&req), mapped, SIZE);
	/* and no destination: nothing writes to it */
	req = pointers(dst, 1000, mapped, ROOM);
	if (stack_mode() != HISIACC_MODE_SVA)
		ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 1), -EFAULT);
	free(dst);
	check_usable();
}
END_TEST

START_TEST(memory_that_is_not_there_is_refused)
{
	uint8_t *src = anonymous(), *dst = anonymous();
	struct hisiacc_zip_req req = pointers(src, SIZE, dst, ROOM);

	if (stack_mode() == HISIACC_MODE_SVA)
		skip("in this mode the device finds that out");
	munmap(dst + 65536, 65536);
	ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 1), -EFAULT);
	req = pointers(NULL, SIZE, src, ROOM);
	ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 1), -EFAULT);
	ck_assert_uint_eq(hisiacc_queue_room(stack.comp), 63);
	check_usable();
}
END_TEST

START_TEST(without_a_cache_the_modes_that_pin_want_a_registration)
{
	struct hisiacc_cache_attr off = { .size = sizeof(off) };
	uint8_t *src = calloc(1, SIZE), *dst = malloc(ROOM);
	struct hisiacc_zip_req req = pointers(src, SIZE, dst, ROOM);

	fill(src, SIZE, TEXT, 1);
	ck_assert_int_eq(hisiacc_ctx_set_cache(stack.ctx, &off), 0);
	if (stack_mode() == HISIACC_MODE_SVA)
		check_packed(dst, zip_pack_ok(&req), src, SIZE);
	else
		ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 1), -EFAULT);
	check_usable();
	free(src);
	free(dst);
}
END_TEST

START_TEST(nothing_is_pinned_unless_asked_for)
{
	long before = device_attribute("pinned_pages");
	struct hisiacc_mem *mem, *pinned;

	ck_assert_int_eq(hisiacc_mem_alloc(stack.ctx, SIZE, 0, &mem), 0);
	if (stack_mode() == HISIACC_MODE_SVA)
		ck_assert_int_eq(device_attribute("pinned_pages"), before);
	else
		ck_assert_int_gt(device_attribute("pinned_pages"), before);
	before = device_attribute("pinned_pages");
	ck_assert_int_eq(hisiacc_mem_alloc(stack.ctx, SIZE, HISIACC_MEM_PIN,
					   &pinned), 0);
	ck_assert_int_gt(device_attribute("pinned_pages"), before);
	hisiacc_mem_free(pinned);
	ck_assert_int_eq(device_attribute("pinned_pages"), before);
	hisiacc_mem_free(mem);
}
END_TEST

/* ---- Lists and streams ---- */

START_TEST(lists_take_pointers)
{
	uint8_t *src = malloc(SIZE), *dst = malloc(ROOM);
	struct hisiacc_segment from[] = {
		{ src, 333, NULL }, { src + 333, 40000, NULL },
		{ src + 40333, SIZE - 40333, NULL },
	};
	struct hisiacc_segment to[] = {
		{ dst, 5, NULL }, { dst + 5, ROOM - 5, NULL },
	};
	struct hisiacc_zip_req req = pointers(NULL, 0, NULL, 0);
	struct hisiacc_sgl *lists[2];
	struct hisiacc_completion done;

	fill(src, SIZE, MIXED, 1);
	ck_assert_int_eq(hisiacc_sgl_alloc(stack.comp, 3, &lists[0]), 0);
	ck_assert_int_eq(hisiacc_sgl_alloc(stack.comp, 2, &lists[1]), 0);
	ck_assert_int_eq(hisiacc_sgl_set(lists[0], from, 3), 0);
	ck_assert_int_eq(hisiacc_sgl_set(lists[1], to, 2), 0);
	req.src_sgl = lists[0];
	req.dst_sgl = lists[1];
	ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, 1), 0);
	ck_assert_int_eq(hisiacc_queue_submit(stack.comp), 1);
	done = take(stack.comp);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
	check_packed(dst, done.produced, src, SIZE);
	hisiacc_sgl_free(lists[0]);
	hisiacc_sgl_free(lists[1]);
	free(src);
	free(dst);
}
END_TEST

/* ---- Little locked memory ---- */

/* As a user has it who is nobody in particular. */
static void be_nobody(rlim_t locked)
{
	struct rlimit limit = { locked, locked };

	require_ok(setrlimit(RLIMIT_MEMLOCK, &limit));
	require_ok(setgid(65534));
	require_ok(setuid(65534));
}

static void pack_and_restore(size_t size)
{
	size_t room = hisiacc_zip_bound(HISIACC_ZIP_ZLIB, size), n;
	uint8_t *src = calloc(1, size), *dst = calloc(1, room), *back = malloc(size);
	struct hisiacc_zip_req req = pointers(src, size, dst, room);

	fill(src, size, MIXED, 9);
	n = zip_pack_ok(&req);
	req = pointers(dst, n, back, size);
	ck_assert_uint_eq(zip_unpack_ok(&req), size);
	ck_assert(!memcmp(src, back, size));
	free(src);
	free(dst);
	free(back);
}

START_TEST(any_size_fits_8_mib_of_locked_memory)
{
	size_t large = stack_long() ? 200u << 20 : 20u << 20;
	static const size_t sizes[] = { 1, 4097, 3000000, 8u << 20 };
	size_t i;

	stack_close();
	stack_open(65536, 64);
	be_nobody(8u << 20);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		pack_and_restore(sizes[i]);
	pack_and_restore(large);
}
END_TEST

START_TEST(what_cannot_be_locked_is_copied)
{
	stack_close();
	stack_open(4096, 64);
	be_nobody(256u << 10);
	pack_and_restore(1u << 20);
}
END_TEST

static void add(void)
{
	test_set_timeout(60);
	test_add_loop(a_pointer_is_enough_for_every_kind_of_memory, 0,
		      ARRAY_SIZE(kinds));
	test_add(constant_data_is_a_source);
	test_add(memory_that_is_not_there_is_refused);
	test_add(without_a_cache_the_modes_that_pin_want_a_registration);
	test_add(nothing_is_pinned_unless_asked_for);
	test_add(lists_take_pointers);
	test_set_timeout(600);
	test_add(any_size_fits_8_mib_of_locked_memory);
	test_add(what_cannot_be_locked_is_copied);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, stack_open_default, stack_close);
}
