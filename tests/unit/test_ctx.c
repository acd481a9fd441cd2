// SPDX-License-Identifier: GPL-2.0
#include "test.h"

START_TEST(list_counts_more_devices_than_it_is_given_room_for)
{
	char names[2][HISIACC_NAME_SIZE];

	fake_reset();
	fake.devices = 3;
	ck_assert_int_eq(hisiacc_list(NULL, 0), 3);
	ck_assert_int_eq(hisiacc_list(names, 2), 3);
	ck_assert_str_eq(names[0], "zip0");
	ck_assert_str_eq(names[1], "zip1");
	fake.devices = 0;
	ck_assert_int_eq(hisiacc_list(names, 2), 0);
}
END_TEST

START_TEST(open_takes_names_and_paths)
{
	static const struct {
		const char *name;
		int err;
	} cases[] = {
		{ "zip0", 0 },
		{ "/dev/hisi_acc/zip0", 0 },
		{ "nope0", -ENOENT },
		{ "/dev/null", -ENOENT },
		{ "../zip0", -EINVAL },
		{ "", -EINVAL },
		{ "/dev/hisi_acc/", -EINVAL },
		{ "zip0123456789012345678901234567890", -EINVAL },
	};
	struct hisiacc_ctx *ctx = (void *)1;

	fake_reset();
	ck_assert_int_eq(hisiacc_open(cases[_i].name, &ctx), cases[_i].err);
	if (cases[_i].err) {
		ck_assert_ptr_null(ctx);
		return;
	}
	ck_assert_str_eq(hisiacc_ctx_name(ctx), "zip0");
	ck_assert_int_eq(hisiacc_ctx_fd(ctx), 100);
	hisiacc_close(ctx);
	ck_assert_uint_eq(fake.closed, 1);
	fake_check_empty();
}
END_TEST

START_TEST(open_passes_errors_on_and_cleans_up)
{
	static const struct {
		int open_errno, query_errno, map_errno, err;
	} cases[] = {
		{ EACCES, 0, 0, -EACCES },
		{ ENODEV, 0, 0, -ENODEV },
		{ 0, ENOTTY, 0, -EPROTO },
		{ 0, ENODEV, 0, -ENODEV },
		{ 0, 0, ENOMEM, -ENOMEM },
	};
	struct hisiacc_ctx *ctx = (void *)1;

	fake_reset();
	fake.open_errno = cases[_i].open_errno;
	fake.fail_errno = cases[_i].query_errno;
	fake.fail_request = fake.fail_errno ? HISI_ACC_QUERY : 0;
	fake.map_errno = cases[_i].map_errno;
	ck_assert_int_eq(hisiacc_open("zip0", &ctx), cases[_i].err);
	ck_assert_ptr_null(ctx);
	ck_assert_uint_eq(fake.closed, !cases[_i].open_errno);
	fake_check_empty();
}
END_TEST

START_TEST(a_driver_with_other_sizes_is_refused)
{
	struct hisiacc_ctx *ctx;

	fake_reset();
	switch (_i) {
	case 0:
		fake.uapi_version = 2;
		break;
	case 1:
		fake.sqe_size = 64;
		break;
	case 2:
		fake.features = 0;	/* no stale bits */
		fake.status_size = 32;
		break;
	case 3:
		fake.stale_offset = fake.status_size + 4;
		break;
	case 4:
		fake.stale_offset += 2;
		break;
	default:
		fake.mems_max = (fake.status_size - fake.stale_offset) * 8 + 1;
	}
	ck_assert_int_eq(hisiacc_open("zip0", &ctx), -EPROTO);
}
END_TEST

START_TEST(open_engine_finds_the_first_usable_device)
{
	struct hisiacc_ctx *ctx;

	fake_reset();
	ck_assert_int_eq(hisiacc_open_engine(HISIACC_ENGINE_ZIP, &ctx), 0);
	ck_assert_str_eq(hisiacc_ctx_name(ctx), "zip0");
	hisiacc_close(ctx);

	/* Each of the first device's queries: when opening, when judging. */
	fake.devices = 2;
	fake.fail_request = HISI_ACC_QUERY;
	fake.fail_errno = ENODEV;
	fake.fail_after = (unsigned int)_i;
	ck_assert_int_eq(hisiacc_open_engine(HISIACC_ENGINE_ZIP, &ctx), 0);
	ck_assert_str_eq(hisiacc_ctx_name(ctx), "zip1");
	hisiacc_close(ctx);
	fake_check_empty();
}
END_TEST

START_TEST(open_engine_tells_why_none_is_usable)
{
	static const struct {
		unsigned int devices;
		uint32_t modes, free;
		int open_errno, err;
		enum hisiacc_engine engine;
	} cases[] = {
		{ 0, 4, 4, 0, -ENODEV, HISIACC_ENGINE_ZIP },
		{ 2, 4, 4, 0, -ENODEV, HISIACC_ENGINE_SEC },
		{ 2, 0, 4, 0, -EOPNOTSUPP, HISIACC_ENGINE_ZIP },
		{ 2, 4, 0, 0, -ENOSPC, HISIACC_ENGINE_ZIP },
		{ 2, 4, 4, EACCES, -EACCES, HISIACC_ENGINE_ZIP },
	};
	struct hisiacc_ctx *ctx = (void *)1;

	fake_reset();
	fake.devices = cases[_i].devices;
	fake.modes = cases[_i].modes;
	fake.queues_free = cases[_i].free;
	fake.open_errno = cases[_i].open_errno;
	ck_assert_int_eq(hisiacc_open_engine(cases[_i].engine, &ctx),
			 cases[_i].err);
	ck_assert_ptr_null(ctx);
	fake_check_empty();
}
END_TEST

START_TEST(info_is_what_the_driver_says)
{
	struct hisiacc_ctx_info info = { .size = sizeof(info) };
	struct hisiacc_ctx *ctx;

	fake_reset();
	fake.modes = 0;
	ck_assert_int_eq(hisiacc_open("zip0", &ctx), 0);
	ck_assert_int_eq(hisiacc_ctx_info(ctx, &info), 0);
	ck_assert_uint_eq(info.engine, HISIACC_ENGINE_ZIP);
	ck_assert_uint_eq(info.hw_version, 3);
	ck_assert_uint_eq(info.modes, 0);
	ck_assert_uint_eq(info.sva_reason, HISIACC_REASON_NO_FAULTS);
	ck_assert_uint_eq(info.pasid_reason, HISIACC_REASON_KERNEL_OLD);
	ck_assert_uint_eq(info.dma_reason, HISIACC_REASON_PASSTHROUGH);
	ck_assert_uint_eq(info.queues, FAKE_QUEUES);
	ck_assert_uint_eq(info.queues_free, FAKE_QUEUES);
	ck_assert_uint_eq(info.depth_min, 2);
	ck_assert_uint_eq(info.depth_max, 1024);
	ck_assert_uint_eq(info.mem_size_max, 1 << 30);
	ck_assert_uint_eq(info.algs, 0x3f);
	fake.queues_free = 1;
	ck_assert_int_eq(hisiacc_ctx_info(ctx, &info), 0);
	ck_assert_uint_eq(info.queues_free, 1);
	info.size--;
	ck_assert_int_eq(hisiacc_ctx_info(ctx, &info), -EINVAL);
	hisiacc_close(ctx);
}
END_TEST

START_TEST(state_and_generation_are_read_without_a_call)
{
	struct hisiacc_ctx *ctx;
	unsigned int before;

	fake_reset();
	ck_assert_int_eq(hisiacc_open("zip0", &ctx), 0);
	before = fake.ioctls;
	ck_assert_int_eq(hisiacc_ctx_state(ctx), HISIACC_STATE_RUNNING);
	fake.status->state = HISI_ACC_STATE_RESETTING;
	fake.status->reset_generation = 9;
	ck_assert_int_eq(hisiacc_ctx_state(ctx), HISIACC_STATE_RESETTING);
	ck_assert_uint_eq(hisiacc_ctx_reset_generation(ctx), 9);
	ck_assert_uint_eq(fake.ioctls, before);
	hisiacc_close(ctx);
}
END_TEST

START_TEST(no_news_are_no_events)
{
	struct hisiacc_event events[2];
	struct hisiacc_ctx *ctx;

	fake_reset();
	ck_assert_int_eq(hisiacc_open("zip0", &ctx), 0);
	ck_assert_int_eq(hisiacc_ctx_events(ctx, events, 2), 0);
	ck_assert_int_eq(hisiacc_ctx_events(ctx, events, 0), -EINVAL);
	hisiacc_close(ctx);
	hisiacc_close(NULL);
}
END_TEST

START_TEST(the_version_is_known)
{
	ck_assert_uint_eq(hisiacc_api_level(), HISIACC_API_LEVEL);
	ck_assert_int_eq(hisiacc_version()[0], '0');
}
END_TEST

Suite *ctx_suite(void)
{
	Suite *suite = suite_create("ctx");
	TCase *tc = tcase_create("open");

	tcase_add_test(tc, list_counts_more_devices_than_it_is_given_room_for);
	tcase_add_loop_test(tc, open_takes_names_and_paths, 0, 8);
	tcase_add_loop_test(tc, open_passes_errors_on_and_cleans_up, 0, 5);
	tcase_add_loop_test(tc, a_driver_with_other_sizes_is_refused, 0, 6);
	tcase_add_loop_test(tc, open_engine_finds_the_first_usable_device, 0,
			    2);
	tcase_add_loop_test(tc, open_engine_tells_why_none_is_usable, 0, 5);
	suite_add_tcase(suite, tc);

	tc = tcase_create("questions");
	tcase_add_test(tc, info_is_what_the_driver_says);
	tcase_add_test(tc, state_and_generation_are_read_without_a_call);
	tcase_add_test(tc, no_news_are_no_events);
	tcase_add_test(tc, the_version_is_known);
	suite_add_tcase(suite, tc);
	return suite;
}
