// SPDX-License-Identifier: GPL-2.0
/* HISI_ACC_QUERY, and the device's half of the status page. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data.h"
#include "device.h"
#include "fixture.h"
#include "ioctls.h"
#include "test.h"

static struct hisi_acc_query query(int fd)
{
	struct hisi_acc_query q;

	expect_ok(acc_query(fd, &q));
	return q;
}

START_TEST(query_names_version_and_engine)
{
	struct hisi_acc_query q = query(device_open());

	ck_assert_uint_eq(q.out_uapi_version, HISI_ACC_UAPI_VERSION);
	ck_assert_uint_eq(q.out_engine, HISI_ACC_ENGINE_ZIP);
	ck_assert_int_eq(q.out_hw_version, device_version());
	ck_assert_int_eq(q.out_hw_version, device_attribute("hw_version"));
}
END_TEST

START_TEST(query_leaves_inputs_alone)
{
	struct hisi_acc_query q = query(device_open());

	ck_assert_uint_eq(q.argsz, sizeof(q));
	ck_assert_uint_eq(q.flags, 0);
}
END_TEST

START_TEST(dma_mode_is_to_be_had)
{
	struct hisi_acc_query q = query(device_open());

	ck_assert_uint_ne(q.out_modes & HISI_ACC_MODE_DMA, 0);
	ck_assert_uint_eq(q.out_dma_reason, HISI_ACC_REASON_NONE);
}
END_TEST

START_TEST(each_mode_is_offered_or_has_a_reason)
{
	struct hisi_acc_query q = query(device_open());

	ck_assert_uint_eq(!(q.out_modes & HISI_ACC_MODE_SVA),
			  q.out_sva_reason != HISI_ACC_REASON_NONE);
	ck_assert_uint_eq(!(q.out_modes & HISI_ACC_MODE_PASID),
			  q.out_pasid_reason != HISI_ACC_REASON_NONE);
	ck_assert_uint_eq(!(q.out_modes & HISI_ACC_MODE_DMA),
			  q.out_dma_reason != HISI_ACC_REASON_NONE);
	ck_assert_uint_eq(q.out_modes & ~7u, 0);
}
END_TEST

START_TEST(limits_are_sane)
{
	struct hisi_acc_query q = query(device_open());

	ck_assert_int_eq(q.out_queues, device_attribute("queues"));
	ck_assert_uint_gt(q.out_queues, 0);
	ck_assert_uint_eq(q.out_queues_free, q.out_queues);
	ck_assert_uint_ge(q.out_queues_max, 1);
	ck_assert_uint_eq(q.out_queue_types, 2);
	ck_assert_uint_ge(q.out_depth_min, 2);
	ck_assert_uint_eq(q.out_depth_min & (q.out_depth_min - 1), 0);
	ck_assert_uint_eq(q.out_depth_max & (q.out_depth_max - 1), 0);
	ck_assert_uint_eq(q.out_depth_max, 1024);
	ck_assert_uint_eq(q.out_sqe_size, 128);
	ck_assert_uint_eq(q.out_cqe_size, 16);
	ck_assert_uint_ge(q.out_mems_max, 1);
	ck_assert_uint_eq(q.out_mem_align, 1);
	ck_assert_uint_ge(q.out_mem_size_max, 8 << 20);
}
END_TEST

START_TEST(algorithms_are_the_capability_word)
{
	struct hisi_acc_query q = query(device_open());

	ck_assert_uint_eq(q.out_algs, device_version() == 2 ? 0xf : 0x3f);
}
END_TEST

START_TEST(open_takes_no_queue)
{
	int i;

	for (i = 0; i < 100; i++)
		device_open();
	ck_assert_int_eq(device_attribute("queues_free"),
			 device_attribute("queues"));
}
END_TEST

START_TEST(free_queues_are_counted)
{
	int fd = device_open();
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 2);
	uint32_t all = query(fd).out_queues_free;

	expect_ok(acc_queue_alloc(fd, &arg));
	ck_assert_uint_eq(query(fd).out_queues_free, all - 1);
	ck_assert_int_eq(device_attribute("queues_free"), all - 1);
	expect_ok(acc_queue_free(fd, arg.out_handle));
	ck_assert_uint_eq(query(fd).out_queues_free, all);
}
END_TEST

START_TEST(contexts_see_the_same_device)
{
	struct hisi_acc_query a = query(device_open());
	struct hisi_acc_query b = query(device_open());

	ck_assert_uint_ne(a.out_status_key, b.out_status_key);
	b.out_status_key = a.out_status_key;
	ck_assert_mem_eq(&a, &b, sizeof(a));
}
END_TEST

START_TEST(status_page_shows_a_running_device)
{
	int fd = device_open();
	struct hisi_acc_query q = query(fd);
	const volatile struct hisi_acc_status *status;
	unsigned int i;

	ck_assert_uint_eq(q.out_status_size % sysconf(_SC_PAGESIZE), 0);
	ck_assert_uint_eq(q.out_status_key % sysconf(_SC_PAGESIZE), 0);
	status = mmap(NULL, q.out_status_size, PROT_READ, MAP_SHARED, fd,
		      q.out_status_key);
	ck_assert(status != MAP_FAILED);
	ck_assert_uint_eq(status->state, HISI_ACC_STATE_RUNNING);
	ck_assert_int_eq(status->reset_generation, device_attribute("resets"));
	for (i = 0; i < ARRAY_SIZE(status->__reserved); i++)
		ck_assert_uint_eq(status->__reserved[i], 0);
}
END_TEST

START_TEST(status_page_of_a_new_context_has_no_queues)
{
	int fd = device_open();
	struct hisi_acc_query q = query(fd);
	const uint8_t *page;

	page = mmap(NULL, q.out_status_size, PROT_READ, MAP_SHARED, fd,
		    q.out_status_key);
	ck_assert(page != MAP_FAILED);
	ck_assert(is_filled(page + sizeof(struct hisi_acc_status),
			    q.out_status_size - sizeof(struct hisi_acc_status), 0));
}
END_TEST

START_TEST(status_page_outlives_the_file)
{
	int fd = device_open();
	struct hisi_acc_query q = query(fd);
	const volatile struct hisi_acc_status *status;

	status = mmap(NULL, q.out_status_size, PROT_READ, MAP_SHARED, fd,
		      q.out_status_key);
	ck_assert(status != MAP_FAILED);
	close(fd);
	ck_assert_uint_eq(status->state, HISI_ACC_STATE_RUNNING);
}
END_TEST

static void read_modes(char *text, size_t size)
{
	FILE *file = fopen("/sys/class/hisi_acc/zip0/modes", "r");

	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(text, size, file));
	fclose(file);
}

START_TEST(file_of_modes_takes_words)
{
	static const char *const tries[][2] = {
		{ "dma", "dma\n" }, { "dma sva\n", "sva dma\n" },
		{ "  pasid   dma ", "pasid dma\n" }, { "", "\n" },
		{ "sva pasid dma", "sva pasid dma\n" },
	};
	char before[64], now[64];
	unsigned int i;

	read_modes(before, sizeof(before));
	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		ck_assert(write_string("/sys/class/hisi_acc/zip0/modes",
				       *tries[i][0] ? tries[i][0] : "\n"));
		read_modes(now, sizeof(now));
		ck_assert_str_eq(now, tries[i][1]);
	}
	ck_assert(!write_string("/sys/class/hisi_acc/zip0/modes", "dma all") &&
		  errno == EINVAL);
	read_modes(now, sizeof(now));
	ck_assert_str_eq(now, before);
}
END_TEST

START_TEST(node_is_for_its_group_only)
{
	drop_privileges();
	expect_errno(EACCES, open(device_node(), O_RDWR));
}
END_TEST

static void add(void)
{
	test_add(query_names_version_and_engine);
	test_add(query_leaves_inputs_alone);
	test_add(dma_mode_is_to_be_had);
	test_add(each_mode_is_offered_or_has_a_reason);
	test_add(limits_are_sane);
	test_add(algorithms_are_the_capability_word);
	test_add(open_takes_no_queue);
	test_add(free_queues_are_counted);
	test_add(contexts_see_the_same_device);
	test_add(status_page_shows_a_running_device);
	test_add(status_page_of_a_new_context_has_no_queues);
	test_add(status_page_outlives_the_file);
	test_add(file_of_modes_takes_words);
	test_add(node_is_for_its_group_only);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
