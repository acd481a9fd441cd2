// SPDX-License-Identifier: GPL-2.0
#include <grp.h>
#include <unistd.h>

#include "device.h"
#include "fixture.h"
#include "monitor.h"
#include "test.h"

#define USUAL_DELAY_US	20
#define NOBODY		65534

static uint64_t guest_errors;
static bool expected;

static void setup(void)
{
	struct device_usage idle = {};

	if (!device_is_bound())
		device_bind();
	idle.queues_free = device_attribute("queues");
	ck_assert_msg(device_usage_becomes(&idle, 2000),
		      "something of the test before this one is left");
	if (!monitor_is_there())
		return;
	monitor_clear(USUAL_DELAY_US);
	guest_errors = monitor_count(MONITOR_GUEST_ERRORS);
}

static void teardown(void)
{
	if (expected || !monitor_is_there())
		return;
	ck_assert_msg(monitor_count(MONITOR_GUEST_ERRORS) == guest_errors,
		      "the device model saw mistakes");
}

void fixture_expect_guest_errors(void)
{
	expected = true;
}

int fixture_main(int argc, char **argv, void (*add)(void))
{
	return test_main(argc, argv, add, setup, teardown);
}

void drop_privileges(void)
{
	ck_assert(!setgroups(0, NULL));
	ck_assert(!setresgid(NOBODY, NOBODY, NOBODY));
	ck_assert(!setresuid(NOBODY, NOBODY, NOBODY));
}
