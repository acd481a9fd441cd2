// SPDX-License-Identifier: GPL-2.0
/*
 * Version 2 in the modes with a PASID: one page has the doorbells of all queues,
 * so the file "share" says who may have some beside each other; and one switch
 * for the whole device says whether requests carry a PASID, so that there is
 * either a process in DMA mode or those of the other modes.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "fixture.h"
#include "process.h"
#include "test.h"

#define SHARE	"/sys/class/hisi_acc/zip0/share"
#define NOBODY	65534
#define SIZE	(4 * PAGE)

static void share_with(const char *whom)
{
	ck_assert_msg(write_string(SHARE, whom), "share: %s", strerror(errno));
}

/* As each test begins: any user may open the node, some may have queues. */
static void begin(const char *whom)
{
	ck_assert(!chmod(device_node(), 0666));
	share_with(whom);
}

static uint32_t reason_now(int fd)
{
	struct hisi_acc_query q;

	require_ok(acc_query(fd, &q));
	return acc_modes() == HISI_ACC_MODE_SVA ? q.out_sva_reason :
	       acc_modes() == HISI_ACC_MODE_PASID ? q.out_pasid_reason :
						    q.out_dma_reason;
}

/* The device reads and writes memory of this process, in the mode of the run. */
static void work(struct device_access *a, uint32_t seed)
{
	uint8_t *data = map_anonymous(SIZE);
	uint32_t handle;
	uint64_t iova;

	require_ok(acc_mem_pin(a->fd, 0, data, SIZE, &handle, &iova));
	require(device_writes(a, iova, SIZE, seed));
	require(is_text(data, SIZE, seed));
	require(device_sees(a, iova, data, SIZE));
	require_ok(acc_mem_unpin(a->fd, handle));
}

/* Nothing is granted, and the driver says that somebody else has the device. */
static void is_busy(int fd)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);

	require(reason_now(fd) == HISI_ACC_REASON_BUSY);
	require(acc_queue_alloc(fd, &arg) == -1 && errno == EBUSY);
}

/* Another process, of the user @uid. */
struct other {
	uid_t uid;
	bool may;
};

static int try_it(void *arg)
{
	const struct other *other = arg;
	struct device_access a;

	child_check(!setgid(other->uid) && !setuid(other->uid));
	if (other->may) {
		access_init(&a, SIZE);
		work(&a, getpid());
	} else {
		is_busy(device_open());
	}
	return 0;
}

static void others_may(bool same_user, bool another_user)
{
	struct other same = { 0, same_user }, another = { NOBODY, another_user };

	ck_assert_int_eq(child_run(try_it, &same), 0);
	ck_assert_int_eq(child_run(try_it, &another), 0);
}

START_TEST(file_is_there_and_takes_three_words)
{
	char text[16] = "";
	FILE *file = fopen(SHARE, "r");

	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), file));
	fclose(file);
	ck_assert_str_eq(text, "user\n");
	share_with("mm");
	share_with("any\n");
	ck_assert(!write_string(SHARE, "all") && errno == EINVAL);
	ck_assert(!write_string(SHARE, "\n") && errno == EINVAL);
}
END_TEST

/* What is set, and whether processes of the same and of another user may. */
static const struct {
	const char *whom;
	bool same_user, another_user;
} cases[] = {
	{ "mm", false, false }, { "user", true, false }, { "any", true, true },
};

START_TEST(share_decides_who_may_have_queues)
{
	struct device_access a, more;

	begin(cases[_i].whom);
	access_init(&a, SIZE);
	/* another context of this process always */
	access_init(&more, SIZE);
	others_may(cases[_i].same_user, cases[_i].another_user);
	work(&a, 1);
	work(&more, 2);
}
END_TEST

START_TEST(user_that_comes_first_may_be_any)
{
	struct other another = { NOBODY, true };

	begin("user");
	ck_assert_int_eq(child_run(try_it, &another), 0);
	others_may(true, true);
}
END_TEST

START_TEST(new_setting_holds_for_who_comes_next)
{
	struct device_access a;

	begin("user");
	access_init(&a, SIZE);
	others_may(true, false);
	share_with("any");
	others_may(true, true);
	share_with("mm");
	others_may(false, false);
	work(&a, 1);
}
END_TEST

START_TEST(sharing_processes_keep_their_memory_apart)
{
	struct other another = { NOBODY, true };
	struct device_access a;
	pid_t child[4];
	unsigned int i;

	begin("any");
	access_init(&a, SIZE);
	for (i = 0; i < ARRAY_SIZE(child); i++)
		child[i] = child_start(try_it, &another);
	for (i = 0; i < 20; i++)
		work(&a, i);
	for (i = 0; i < ARRAY_SIZE(child); i++)
		ck_assert_int_eq(child_end(child[i]), 0);
}
END_TEST

/* The switch of the whole device */

static void access_fini(struct device_access *a)
{
	raw_queue_fini(&a->compress);
	raw_queue_fini(&a->decompress);
	pinned_fini(&a->spare);
	close(a->fd);
}

START_TEST(requests_with_and_without_a_pasid_exclude_each_other)
{
	uint32_t tagged = acc_modes(), i;

	begin("any");
	for (i = 0; i < 6; i++) {
		uint32_t mine = i & 1 ? HISI_ACC_MODE_DMA : tagged;
		struct device_access a;

		acc_set_modes(mine);
		access_init(&a, SIZE);
		ck_assert_uint_eq(a.compress.arg.out_mode, mine);
		work(&a, i);
		acc_set_modes(HISI_ACC_MODE_DMA + tagged - mine);
		is_busy(device_open());
		others_may(false, false);
		acc_set_modes(mine);
		work(&a, i);
		access_fini(&a);
	}
}
END_TEST

START_TEST(reset_keeps_the_switch)
{
	uint32_t tagged = acc_modes(), i;

	for (i = 0; i < 4; i++) {
		struct device_access a;

		acc_set_modes(i & 1 ? HISI_ACC_MODE_DMA : tagged);
		access_init(&a, SIZE);
		work(&a, i);
		device_reset();
		access_fini(&a);
		access_init(&a, SIZE);
		work(&a, i);
		access_fini(&a);
		device_reset();
	}
}
END_TEST

START_TEST(bound_anew_the_device_works_in_each_mode)
{
	uint32_t tagged = acc_modes(), i;

	for (i = 0; i < 4; i++) {
		struct device_access a;

		acc_set_modes(i & 1 ? HISI_ACC_MODE_DMA : tagged);
		device_unbind();
		device_bind();
		access_init(&a, SIZE);
		work(&a, i);
		access_fini(&a);
	}
}
END_TEST

static void add(void)
{
	test_set_timeout(60);
	test_add(file_is_there_and_takes_three_words);
	test_add_loop(share_decides_who_may_have_queues, 0, ARRAY_SIZE(cases));
	test_add(user_that_comes_first_may_be_any);
	test_add(new_setting_holds_for_who_comes_next);
	test_add(sharing_processes_keep_their_memory_apart);
	test_add(requests_with_and_without_a_pasid_exclude_each_other);
	test_add(reset_keeps_the_switch);
	test_add(bound_anew_the_device_works_in_each_mode);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
