// SPDX-License-Identifier: GPL-2.0
/*
 * A machine that cannot hold the device to a process' memory: the node is there
 * and says why, and nothing that takes an address is offered. REASON of the
 * environment is the expected reason.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "ioctls.h"
#include "test.h"

static uint32_t expected_reason(void)
{
	static const struct {
		const char *name;
		uint32_t reason;
	} reasons[] = {
		{ "NO_IOMMU", HISI_ACC_REASON_NO_IOMMU },
		{ "PASSTHROUGH", HISI_ACC_REASON_PASSTHROUGH },
		{ "SHARED_GROUP", HISI_ACC_REASON_SHARED_GROUP },
		{ "SHARED_MSI", HISI_ACC_REASON_SHARED_MSI },
	};
	const char *name = getenv("REASON");
	unsigned int i;

	for (i = 0; name && i < ARRAY_SIZE(reasons); i++)
		if (!strcmp(name, reasons[i].name))
			return reasons[i].reason;
	ck_abort_msg("REASON names none of the reasons");
}

START_TEST(query_offers_no_mode)
{
	struct hisi_acc_query q;

	expect_ok(acc_query(device_open(), &q));
	ck_assert_uint_eq(q.out_modes, 0);
}
END_TEST

START_TEST(query_says_why)
{
	struct hisi_acc_query q;

	expect_ok(acc_query(device_open(), &q));
	ck_assert_uint_eq(q.out_dma_reason, expected_reason());
	ck_assert_uint_ne(q.out_sva_reason, HISI_ACC_REASON_NONE);
	ck_assert_uint_ne(q.out_pasid_reason, HISI_ACC_REASON_NONE);
}
END_TEST

START_TEST(query_still_describes_the_device)
{
	struct hisi_acc_query q;

	expect_ok(acc_query(device_open(), &q));
	ck_assert_uint_eq(q.out_engine, HISI_ACC_ENGINE_ZIP);
	ck_assert_int_eq(q.out_hw_version, device_version());
	ck_assert_uint_eq(q.out_sqe_size, 128);
}
END_TEST

START_TEST(alloc_of_any_mode_is_not_supported)
{
	struct hisi_acc_queue_alloc arg = acc_queue_args(0, 16);
	int fd = device_open();

	/* each set of modes but the empty one */
	arg.modes = _i;
	expect_errno(EOPNOTSUPP, acc_queue_alloc(fd, &arg));
	ck_assert_int_eq(device_attribute("queues_free"),
			 device_attribute("queues"));
}
END_TEST

START_TEST(pin_is_not_supported)
{
	static char data[8192];

	expect_errno(EOPNOTSUPP, acc_mem_pin(device_open(), 0, data,
					     sizeof(data), NULL, NULL));
	ck_assert_int_eq(device_attribute("pinned_pages"), 0);
	ck_assert_int_eq(device_attribute("mappings"), 0);
}
END_TEST

START_TEST(other_calls_know_no_object)
{
	struct hisi_acc_queue_query query;
	int fd = device_open();

	expect_errno(ENOENT, acc_queue_query(fd, 1, &query));
	expect_errno(ENOENT, acc_queue_free(fd, 1));
	expect_errno(ENOENT, acc_queue_stop(fd, 1));
	expect_errno(ENOENT, acc_queue_start(fd, 1, NULL));
	expect_errno(ENOENT, acc_queue_doorbell(fd, 1, 0, 0));
	expect_errno(ENOENT, acc_mem_unpin(fd, 1));
}
END_TEST

START_TEST(poll_and_status_page_work)
{
	int fd = device_open();
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	const volatile struct hisi_acc_status *status;
	struct hisi_acc_query q;

	ck_assert_int_eq(poll(&pollfd, 1, 0), 0);
	expect_ok(acc_query(fd, &q));
	status = mmap(NULL, q.out_status_size, PROT_READ, MAP_SHARED, fd,
		      q.out_status_key);
	ck_assert(status != MAP_FAILED);
	ck_assert_uint_eq(status->state, HISI_ACC_STATE_RUNNING);
}
END_TEST

START_TEST(driver_can_be_unbound_and_bound)
{
	struct hisi_acc_query q;
	int fd = device_open();

	device_unbind();
	expect_errno(ENODEV, acc_query(fd, &q));
	close(fd);
	device_bind();
	expect_ok(acc_query(device_open(), &q));
}
END_TEST

START_TEST(function_reset_does_no_harm)
{
	struct hisi_acc_query q;
	int fd = device_open();

	device_reset();
	expect_ok(acc_query(fd, &q));
}
END_TEST

static void add(void)
{
	test_add(query_offers_no_mode);
	test_add(query_says_why);
	test_add(query_still_describes_the_device);
	test_add_loop(alloc_of_any_mode_is_not_supported, 1, 8);
	test_add(pin_is_not_supported);
	test_add(other_calls_know_no_object);
	test_add(poll_and_status_page_work);
	test_add(driver_can_be_unbound_and_bound);
	test_add(function_reset_does_no_harm);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, NULL, NULL);
}
