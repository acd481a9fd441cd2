// SPDX-License-Identifier: GPL-2.0
/*
 * From one function to the next without a copy by a CPU: a udmabuf is compressed
 * by the first one into a buffer of its own, which the second one imports and
 * restores into another udmabuf.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "exporter.h"
#include "fixture.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"

#define SIZE		(64 * PAGE)
#define SECOND		"/dev/hisi_acc/zip1"

static int second_open(void)
{
	return require_ok(open(SECOND, O_RDWR | O_CLOEXEC));
}

static enum exporter usual_exporter(void)
{
	return exporter_is_there(EXPORTER_UDMABUF) ? EXPORTER_UDMABUF :
						     EXPORTER_VGEM;
}

/* What the CPU has touched of a mapping since the last forget(), in kB. */
static long touched_kb(const void *at)
{
	char line[256], start[32];
	bool there = false;
	long kb = -1;
	FILE *file = fopen("/proc/self/smaps", "r");

	ck_assert(file);
	snprintf(start, sizeof(start), "%lx-", (unsigned long)at);
	while (kb < 0 && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, start, strlen(start)))
			there = true;
		else if (there)
			sscanf(line, "Referenced: %ld kB", &kb);
	}
	fclose(file);
	return kb;
}

static void forget(void)
{
	ck_assert(write_string("/proc/self/clear_refs", "1"));
}

START_TEST(one_functions_buffer_is_the_others_source)
{
	struct hisi_acc_mem_alloc between;
	struct imported from, via, to;
	struct raw_queue one, two;
	uint32_t sqe[SQE_WORDS];
	int round, middle;
	void *place;

	if (access(SECOND, F_OK))
		skip("there is one function only");
	if (!exporter_is_there(usual_exporter()))
		skip("there is no %s", exporter_name(usual_exporter()));
	raw_queue_init(&one, device_open(), QUEUE_COMPRESS, 16, 0);
	raw_queue_init(&two, second_open(), QUEUE_DECOMPRESS, 16, 0);
	place = reserve(2 * SIZE);
	expect_ok(acc_mem_alloc(one.fd, place, 2 * SIZE, &between));
	require(mmap(place, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		     one.fd, between.out_key) == place);
	middle = expect_ok(acc_mem_export(one.fd, between.out_handle));
	imported_init(&from, one.fd, exporter_make(usual_exporter(), SIZE), SIZE);
	imported_init(&via, two.fd, middle, 2 * SIZE);
	imported_init(&to, two.fd, exporter_make(usual_exporter(), SIZE), SIZE);

	forget();
	for (round = 0; round < 10; round++) {
		fill_text(from.data, SIZE, round);
		raw_queue_run(&one, from.iova, SIZE, between.out_iova, 2 * SIZE, sqe);
		ck_assert(zip_succeeded(sqe));
		raw_queue_run(&two, via.iova, zip_produced(sqe), to.iova, SIZE, sqe);
		ck_assert(zip_succeeded(sqe));
		ck_assert_uint_eq(zip_produced(sqe), SIZE);
		ck_assert(is_text(to.data, SIZE, round));
	}
	/* in SVA mode the devices touch the process' table as well */
	if (acc_modes() != HISI_ACC_MODE_SVA) {
		ck_assert_int_eq(touched_kb(place), 0);
		ck_assert_int_eq(touched_kb(via.data), 0);
		*(volatile uint8_t *)place;
		ck_assert_int_gt(touched_kb(place), 0);
	}
	/* the buffer's own function goes, and the second one still has it */
	device_unbind();
	raw_queue_run(&two, via.iova, SIZE, to.iova, SIZE, sqe);
	ck_assert(zip_succeeded(sqe));
	ck_assert(is_text(to.data, SIZE, 9));
	device_bind();
}
END_TEST

START_TEST(address_is_the_same_on_both)
{
	struct hisi_acc_mem_alloc buffer;
	int dmabuf, fd = device_open();
	struct device_access a;
	struct imported i;
	uint8_t *place;

	only_in_modes(HISI_ACC_MODE_SVA | HISI_ACC_MODE_PASID);
	if (access(SECOND, F_OK))
		skip("there is one function only");
	place = reserve(SIZE);
	expect_ok(acc_mem_alloc(fd, place, SIZE, &buffer));
	dmabuf = expect_ok(acc_mem_export(fd, buffer.out_handle));
	require(mmap(place, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		     fd, buffer.out_key) == place);
	access_init(&a, SIZE);
	i = (struct imported) {
		.fd = second_open(), .dmabuf = dmabuf, .data = place, .size = SIZE,
	};
	imported_again(&i);
	ck_assert_uint_eq(i.iova, buffer.out_iova);
}
END_TEST

static void add(void)
{
	test_add(one_functions_buffer_is_the_others_source);
	test_add(address_is_the_same_on_both);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
