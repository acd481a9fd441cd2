// SPDX-License-Identifier: GPL-2.0
/*
 * RLIMIT_MEMLOCK, to the page, for each kind of page and of registration.
 * (memlimit.c has how it adds up over contexts and with mlock().)
 */
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "access.h"
#include "device.h"
#include "fixture.h"
#include "process.h"
#include "state.h"
#include "test.h"

/* Pages that the limit allows. */
#define LIMIT	64

#define RW	(PROT_READ | PROT_WRITE)

static uint8_t *make_small(void)
{
	return map_anonymous(HUGE);
}

static uint8_t *make_file(void)
{
	return map(HUGE, RW, MAP_SHARED, temporary_file(HUGE));
}

static uint8_t *make_transparent_huge(void)
{
	uint8_t *data = map_huge(1);

	if (madvise(data, HUGE, MADV_HUGEPAGE))
		return NULL;
	memset(data, 1, HUGE);
	return data;
}

static uint8_t *make_huge(void)
{
	void *data;

	if (!write_string("/proc/sys/vm/nr_hugepages", "4"))
		return NULL;
	data = mmap(NULL, huge_page_size(), RW, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_HUGETLB, -1, 0);
	return data == MAP_FAILED ? NULL : data;
}

static const struct kind {
	const char *name;
	uint8_t *(*make)(void);
	uint32_t flags;
} kinds[] = {
	{ "small pages", make_small, 0 },
	{ "small pages, for reading", make_small, HISI_ACC_MEM_READ_ONLY },
	{ "a shared file", make_file, 0 },
	{ "a transparent huge page", make_transparent_huge, 0 },
	{ "a transparent huge page, for reading", make_transparent_huge,
	  HISI_ACC_MEM_READ_ONLY },
	{ "a huge page", make_huge, 0 },
	{ "a huge page, for reading", make_huge, HISI_ACC_MEM_READ_ONLY },
};

/* The memory of the kind that the loop is at; its registrations. */
struct case_of {
	uint8_t *data;
	uint32_t flags;
	int fd;
	struct device_usage usage;
};

static bool case_init(struct case_of *c, int kind)
{
	c->data = kinds[kind].make();
	c->flags = kinds[kind].flags;
	c->fd = device_open();
	c->usage = device_usage();
	return c->data;
}

static int pin_pages(struct case_of *c, size_t first, size_t count,
		     uint32_t *handle)
{
	return acc_mem_pin(c->fd, c->flags, c->data + first * PAGE, count * PAGE,
			   handle, NULL);
}

static void expect_charged(long pages)
{
	ck_assert_int_eq(locked_kb(), pages * (long)PAGE / 1024);
	ck_assert_int_eq(device_attribute("pinned_pages"), pages);
}

/* Takes root's rights, and gives back the one of those named. */
static void drop_all_but(int capability)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = {};

	expect_ok(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	drop_privileges();
	if (capability >= 0) {
		data[0].permitted = 1u << capability;
		data[0].effective = 1u << capability;
	}
	expect_ok(syscall(SYS_capset, &header, data));
}

static void limit_bytes(size_t soft, int capability)
{
	struct rlimit limit = { soft, soft };

	expect_ok(setrlimit(RLIMIT_MEMLOCK, &limit));
	drop_all_but(capability);
}

START_TEST(one_registration_up_to_the_limit)
{
	struct case_of c;
	uint32_t handle;

	if (!case_init(&c, _i))
		skip("no %s", kinds[_i].name);
	limit_bytes(LIMIT * PAGE, -1);
	expect_ok(pin_pages(&c, 0, LIMIT - 1, &handle));
	expect_charged(LIMIT - 1);
	expect_ok(acc_mem_unpin(c.fd, handle));
	expect_ok(pin_pages(&c, 0, LIMIT, &handle));
	expect_charged(LIMIT);
	expect_ok(acc_mem_unpin(c.fd, handle));
	expect_errno(ENOMEM, pin_pages(&c, 0, LIMIT + 1, NULL));
	expect_charged(0);
	expect_usage(&c.usage);
}
END_TEST

START_TEST(many_registrations_up_to_the_limit)
{
	uint32_t handle[LIMIT];
	struct case_of c;
	int i;

	if (!case_init(&c, _i))
		skip("no %s", kinds[_i].name);
	limit_bytes(LIMIT * PAGE, -1);
	for (i = 0; i < LIMIT; i++) {
		expect_ok(pin_pages(&c, i, 1, &handle[i]));
		expect_charged(i + 1);
	}
	expect_errno(ENOMEM, pin_pages(&c, LIMIT, 1, NULL));
	expect_ok(acc_mem_unpin(c.fd, handle[3]));
	expect_errno(ENOMEM, pin_pages(&c, LIMIT, 2, NULL));
	expect_charged(LIMIT - 1);
	expect_ok(pin_pages(&c, LIMIT, 1, NULL));
	expect_charged(LIMIT);
	close(c.fd);
	ck_assert_int_eq(locked_kb(), 0);
	expect_usage(&c.usage);
}
END_TEST

/* A huge page is charged by what is registered of it. */
START_TEST(limit_is_rounded_down_to_pages)
{
	struct case_of c;

	if (!case_init(&c, _i))
		skip("no %s", kinds[_i].name);
	limit_bytes(2 * PAGE - 1, -1);
	expect_errno(ENOMEM, pin_pages(&c, 0, 2, NULL));
	expect_ok(pin_pages(&c, 0, 1, NULL));
	expect_charged(1);
}
END_TEST

/* The same errno as over any other limit, and nothing is left of it. */
START_TEST(limit_of_zero)
{
	struct case_of c;

	if (!case_init(&c, _i))
		skip("no %s", kinds[_i].name);
	limit_bytes(0, -1);
	expect_errno(ENOMEM, pin_pages(&c, 0, 1, NULL));
	expect_errno(ENOMEM, pin_pages(&c, 0, LIMIT, NULL));
	expect_charged(0);
	expect_usage(&c.usage);
}
END_TEST

START_TEST(one_capability_exempts_from_the_limit)
{
	struct case_of c;
	uint32_t handle;

	if (!case_init(&c, _i))
		skip("no %s", kinds[_i].name);
	limit_bytes(0, CAP_IPC_LOCK);
	expect_ok(pin_pages(&c, 0, LIMIT + 1, &handle));
	expect_charged(LIMIT + 1);
	expect_ok(acc_mem_unpin(c.fd, handle));
	expect_charged(0);
}
END_TEST

START_TEST(other_capabilities_do_not)
{
	struct case_of c;

	if (!case_init(&c, _i))
		skip("no %s", kinds[_i].name);
	limit_bytes(0, CAP_SYS_ADMIN);
	expect_errno(ENOMEM, pin_pages(&c, 0, 1, NULL));
	expect_charged(0);
}
END_TEST

START_TEST(memory_that_is_not_pinned_is_not_charged)
{
	struct case_of c;
	uint32_t handle;

	only_in_modes(HISI_ACC_MODE_SVA);
	if (!case_init(&c, _i))
		skip("no %s", kinds[_i].name);
	c.flags |= HISI_ACC_MEM_ON_DEMAND;
	limit_bytes(0, -1);
	expect_ok(pin_pages(&c, 0, LIMIT, &handle));
	expect_charged(0);
	expect_ok(acc_mem_unpin(c.fd, handle));
}
END_TEST

static void add(void)
{
	const int count = ARRAY_SIZE(kinds);

	test_add_loop(one_registration_up_to_the_limit, 0, count);
	test_add_loop(many_registrations_up_to_the_limit, 0, count);
	test_add_loop(limit_is_rounded_down_to_pages, 0, count);
	test_add_loop(limit_of_zero, 0, count);
	test_add_loop(one_capability_exempts_from_the_limit, 0, count);
	test_add_loop(other_capabilities_do_not, 0, count);
	if (acc_modes() == HISI_ACC_MODE_SVA)
		test_add_loop(memory_that_is_not_pinned_is_not_charged, 0, count);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
