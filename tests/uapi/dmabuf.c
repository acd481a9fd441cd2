// SPDX-License-Identifier: GPL-2.0
/* MEM_IMPORT: dma-bufs of several exporters as memory of the device. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access.h"
#include "data.h"
#include "device.h"
#include "exporter.h"
#include "fixture.h"
#include "monitor.h"
#include "process.h"
#include "rawqueue.h"
#include "state.h"
#include "test.h"
#include "watcher.h"

#define SIZE		(16 * PAGE)
/* Where the device goes by what is registered, not by the page table. */
#define PINNED_MODES	(HISI_ACC_MODE_DMA | HISI_ACC_MODE_PASID)

#define need_exporter(exporter)						\
	do {								\
		if (!exporter_is_there(exporter))			\
			skip("there is no %s", exporter_name(exporter)); \
	} while (0)

/* Each exporter */

START_TEST(device_reads_and_writes)
{
	struct device_usage before, exported;
	struct device_access a;
	struct imported i;
	struct watcher w;
	int dmabuf;

	need_exporter(_i);
	access_init(&a, SIZE);
	watcher_init_for(&w, a.fd);
	before = device_usage();
	dmabuf = exporter_make(_i, SIZE);
	exported = device_usage();
	imported_init(&i, a.fd, dmabuf, SIZE);
	/* the memory is the exporter's, so nobody is charged for the import */
	ck_assert_int_eq(device_usage().pinned_pages, exported.pinned_pages);
	ck_assert(!is_stale(&w, i.handle));

	dmabuf_begin(dmabuf);
	ck_assert(is_filled(i.data, SIZE, 0));
	fill_text(i.data, SIZE, 1);
	dmabuf_end(dmabuf);
	ck_assert(device_sees(&a, i.iova, i.data, SIZE));
	ck_assert(device_writes(&a, i.iova, SIZE, 2));
	dmabuf_begin(dmabuf);
	ck_assert(is_text(i.data, SIZE, 2));
	dmabuf_end(dmabuf);
	imported_fini(&i);
	expect_usage(&exported);
	close(dmabuf);
	ck_assert(device_usage_becomes(&before, 2000));
}
END_TEST

START_TEST(fd_may_be_closed_at_once)
{
	struct device_access a;
	struct imported i;
	int dmabuf;

	need_exporter(_i);
	dmabuf = exporter_make(_i, SIZE);
	access_init(&a, SIZE);
	imported_init(&i, a.fd, dmabuf, SIZE);
	fill_text(i.data, SIZE, 1);
	close(dmabuf);
	ck_assert(device_sees(&a, i.iova, i.data, SIZE));
	ck_assert(device_writes(&a, i.iova, SIZE, 2));
	ck_assert(is_text(i.data, SIZE, 2));
}
END_TEST

START_TEST(registration_alone_keeps_the_memory)
{
	uint8_t *text = malloc(SIZE);
	struct device_access a;
	struct imported i;
	int dmabuf;

	only_in_modes(PINNED_MODES);
	need_exporter(_i);
	dmabuf = exporter_make(_i, SIZE);
	access_init(&a, SIZE);
	imported_init(&i, a.fd, dmabuf, SIZE);
	fill_text(i.data, SIZE, 1);
	fill_text(text, SIZE, 1);
	close(dmabuf);
	munmap(i.data, SIZE);
	ck_assert(device_sees(&a, i.iova, text, SIZE));
}
END_TEST

START_TEST(closed_context_lets_go_of_all)
{
	struct device_usage before = device_usage();
	int k, dmabuf, fd = device_open();
	struct imported i[3];

	need_exporter(_i);
	dmabuf = exporter_make(_i, SIZE);
	for (k = 0; k < 3; k++)
		imported_init(&i[k], fd, dmabuf, SIZE);
	close(fd);
	ck_assert_int_eq(device_usage().mappings, before.mappings);
	for (k = 0; k < 3; k++)
		munmap(i[k].data, SIZE);
	/* a buffer of this driver's is counted while there is a dma-buf of it */
	close(dmabuf);
	ck_assert(device_usage_becomes(&before, 2000));
}
END_TEST

START_TEST(device_that_goes_lets_go_of_all)
{
	struct device_access a;
	struct imported i;
	int dmabuf;

	need_exporter(_i);
	dmabuf = exporter_make(_i, SIZE);
	access_init(&a, SIZE);
	imported_init(&i, a.fd, dmabuf, SIZE);
	ck_assert(device_writes(&a, i.iova, SIZE, 1));
	device_unbind();
	ck_assert(is_text(i.data, SIZE, 1));
	close(a.fd);
	device_bind();

	access_init(&a, SIZE);
	imported_again((i.fd = a.fd, &i));
	ck_assert(device_sees(&a, i.iova, i.data, SIZE));
}
END_TEST

static int import_inherited(void *arg)
{
	struct device_access a;
	struct imported i;

	access_init(&a, SIZE);
	imported_init(&i, a.fd, *(int *)arg, SIZE);
	child_check(device_sees(&a, i.iova, i.data, SIZE));
	child_check(device_writes(&a, i.iova, SIZE, 6));
	return 0;
}

START_TEST(another_process_can_import_it)
{
	uint8_t *data;
	int dmabuf;

	need_exporter(_i);
	dmabuf = exporter_make(_i, SIZE);
	data = map(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf);
	fill_text(data, SIZE, 5);
	ck_assert_int_eq(child_run(import_inherited, &dmabuf), 0);
	ck_assert(is_text(data, SIZE, 6));
}
END_TEST

/* Arguments */

/* A dma-buf of every system, mapped, with as much free space behind it. */
static struct hisi_acc_mem_import usual_args(void)
{
	int dmabuf = exporter_make(EXPORTER_OWN, SIZE);
	void *place = reserve(2 * SIZE);

	require(mmap(place, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		     dmabuf, 0) == place);
	return acc_import_args(dmabuf, place);
}

static void expect_import_fails(struct hisi_acc_mem_import arg, int code)
{
	struct hisi_acc_mem_import before = arg;
	int fd = device_open();
	struct device_usage usage = device_usage();

	expect_errno(code, acc_mem_import(fd, &arg));
	ck_assert_mem_eq(&arg, &before, sizeof(arg));
	expect_usage(&usage);
	close(fd);
}

START_TEST(ranges_are_checked)
{
	static const struct {
		uint64_t offset, size;	/* in pages, plus the bytes below */
		int64_t more_offset, more_size;
		int code;
	} cases[] = {
		{ 0, 0, 0, 0, 0 }, { 0, 16, 0, 0, 0 }, { 15, 1, 0, 0, 0 },
		{ 15, 0, 0, 0, 0 }, { 15, 0, 0, 1, 0 }, { 3, 2, 0, 17, 0 },
		{ 16, 0, 0, 0, EINVAL }, { 17, 0, 0, 0, EINVAL },
		{ 0, 16, 0, 1, EINVAL }, { 0, 17, 0, 0, EINVAL },
		{ 15, 1, 0, 1, EINVAL }, { 15, 2, 0, 0, EINVAL },
		{ 0, 0, 1, 0, EINVAL }, { 0, 0, -1, 0, EINVAL },
		{ 1, 0, -1, 0, EINVAL }, { 0, 0, 0, -1, EINVAL },
		{ 1, 0, 0, -1, EINVAL }, { 15, 0, 0, INT64_MIN, EINVAL },
		{ 0, 0, INT64_MIN, 0, EINVAL }, { 0, 1, INT64_MIN, 0, EINVAL },
	};
	struct hisi_acc_mem_import arg, whole = usual_args();
	int fd = device_open();
	size_t c;

	for (c = 0; c < ARRAY_SIZE(cases); c++) {
		arg = whole;
		arg.offset = cases[c].offset * PAGE + cases[c].more_offset;
		arg.size = cases[c].size * PAGE + cases[c].more_size;
		if (cases[c].code) {
			expect_errno(cases[c].code, acc_mem_import(fd, &arg));
			continue;
		}
		expect_ok(acc_mem_import(fd, &arg));
		ck_assert_uint_eq(arg.out_size,
				  arg.size ?: SIZE - arg.offset);
		expect_ok(acc_mem_unpin(fd, arg.out_handle));
	}
	ck_assert_int_eq(device_usage().mappings, 0);
}
END_TEST

/* Every argument at the edges of its range: refused, or given back whole. */
START_TEST(random_ranges_leave_nothing_behind)
{
	static const uint64_t edges[] = {
		0, 1, 15, 16, 17, 1ull << 20, 1ull << 31, 1ull << 32, 1ull << 51,
		(1ull << 52) - 1, 1ull << 52, 1ull << 63,
	};
	struct hisi_acc_mem_import arg, whole = usual_args();
	struct device_usage usage;
	int n, taken = 0, fd = device_open();
	uint32_t random = 1;

	usage = device_usage();
	for (n = 0; n < 3000; n++) {
		arg = whole;
		arg.offset = edges[next_random(&random) % ARRAY_SIZE(edges)] * PAGE;
		arg.size = edges[next_random(&random) % ARRAY_SIZE(edges)] * PAGE;
		if (!(next_random(&random) % 4))
			arg.size += next_random(&random) % 3 - 1;
		if (!(next_random(&random) % 8))
			arg.offset += next_random(&random) % 3 - 1;
		if (acc_mem_import(fd, &arg)) {
			ck_assert(errno == EINVAL);
			continue;
		}
		ck_assert(arg.out_size && arg.out_size <= SIZE - arg.offset);
		expect_ok(acc_mem_unpin(fd, arg.out_handle));
		taken++;
	}
	ck_assert_int_gt(taken, 0);
	expect_usage(&usage);
}
END_TEST

START_TEST(modes_are_checked)
{
	struct hisi_acc_mem_import arg = usual_args();

	arg.modes = 0;
	expect_import_fails(arg, EINVAL);
	arg.modes = 1u << 31 | acc_modes();
	expect_import_fails(arg, EOPNOTSUPP);
}
END_TEST

START_TEST(what_is_no_dmabuf_is_refused)
{
	struct hisi_acc_mem_import arg = usual_args();
	int pipes[2];

	close(arg.fd);
	expect_import_fails(arg, EBADF);
	arg.fd = -1;
	expect_import_fails(arg, EBADF);
	arg.fd = INT32_MAX;
	expect_import_fails(arg, EBADF);
	expect_ok(pipe(pipes));
	arg.fd = pipes[0];
	expect_import_fails(arg, EINVAL);
	arg.fd = temporary_file(SIZE);
	expect_import_fails(arg, EINVAL);
	arg.fd = device_open();
	expect_import_fails(arg, EINVAL);
}
END_TEST

START_TEST(addresses_are_checked)
{
	struct hisi_acc_mem_import arg = usual_args();
	uint64_t addr = arg.addr;

	only_in_modes(HISI_ACC_MODE_PASID | HISI_ACC_MODE_SVA);
	arg.addr = addr + 1;
	expect_import_fails(arg, EINVAL);
	arg.addr = addr + PAGE / 2;
	expect_import_fails(arg, EINVAL);
	arg.addr = 0;
	expect_import_fails(arg, EINVAL);
	arg.addr = -PAGE;
	expect_import_fails(arg, EINVAL);
	arg.addr = 0xffff888000000000;
	expect_import_fails(arg, EINVAL);
}
END_TEST

START_TEST(addr_does_not_matter_in_dma_mode)
{
	struct hisi_acc_mem_import arg = usual_args();
	int fd = device_open();

	only_in_modes(HISI_ACC_MODE_DMA);
	arg.addr = UINT64_MAX;
	expect_ok(acc_mem_import(fd, &arg));
}
END_TEST

/* What two registrations at one address mean */

START_TEST(registered_addresses_are_taken)
{
	struct hisi_acc_mem_import arg = usual_args(), again;
	uint8_t *data = map_anonymous(4 * PAGE);
	int fd = device_open();
	uint32_t pinned;

	only_in_modes(HISI_ACC_MODE_PASID);
	expect_ok(acc_mem_import(fd, &arg));
	again = arg;
	expect_errno(EBUSY, acc_mem_import(fd, &again));
	again.addr += SIZE - PAGE;
	expect_errno(EBUSY, acc_mem_import(fd, &again));
	again.addr += PAGE;
	expect_ok(acc_mem_import(fd, &again));

	expect_ok(acc_mem_pin(fd, 0, data, 4 * PAGE, &pinned, NULL));
	again.addr = (uintptr_t)data + 3 * PAGE;
	expect_errno(EBUSY, acc_mem_import(fd, &again));
	/* the other way round; what is there is not the process' own page */
	expect_ok(acc_mem_unpin(fd, pinned));
	again.addr = (uintptr_t)data;
	again.size = PAGE;
	expect_ok(acc_mem_import(fd, &again));
	expect_errno(EBUSY, acc_mem_pin(fd, 0, data, 4 * PAGE, &pinned, NULL));
	expect_errno(EBUSY, acc_mem_pin(fd, 0, data + 100, 8, &pinned, NULL));
	expect_ok(acc_mem_unpin(fd, again.out_handle));
	expect_ok(acc_mem_pin(fd, 0, data, 4 * PAGE, &pinned, NULL));
}
END_TEST

START_TEST(window_of_a_buffer_is_the_right_one)
{
	struct hisi_acc_mem_import arg = usual_args();
	uint8_t *data = (uint8_t *)(uintptr_t)arg.addr;
	struct device_access a;

	access_init(&a, SIZE);
	fill_noise(data, SIZE, 1);
	arg.offset = 3 * PAGE;
	arg.size = 2 * PAGE + 100;
	/* in SVA mode the device goes by the mapping */
	if (acc_modes() == HISI_ACC_MODE_SVA)
		arg.addr += arg.offset;
	expect_ok(acc_mem_import(a.fd, &arg));
	ck_assert(device_sees(&a, arg.out_iova, data + 3 * PAGE, 2 * PAGE + 100));
	ck_assert(device_writes(&a, arg.out_iova + PAGE, PAGE, 2));
	ck_assert(is_text(data + 4 * PAGE, PAGE, 2));
	if (acc_modes() == HISI_ACC_MODE_PASID) {
		ck_assert(!device_reads(&a, arg.out_iova + 3 * PAGE, PAGE));
		ck_assert(!device_reads(&a, arg.out_iova - PAGE, PAGE));
	}
}
END_TEST

START_TEST(large_buffer_is_reached_to_its_end)
{
	const size_t size = 24u << 20;
	struct device_access a;
	struct imported i;
	int dmabuf;

	need_exporter(_i);
	dmabuf = exporter_make(_i, size);
	access_init(&a, SIZE);
	imported_init(&i, a.fd, dmabuf, size);
	fill_text(i.data + size - SIZE, SIZE, 1);
	ck_assert(device_sees(&a, i.iova + size - SIZE, i.data + size - SIZE, SIZE));
	ck_assert(device_writes(&a, i.iova + size / 2, SIZE, 2));
	ck_assert(is_text(i.data + size / 2, SIZE, 2));
}
END_TEST

/* Who may write */

START_TEST(read_only_registration_is_only_read)
{
	struct hisi_acc_mem_import arg = usual_args();
	uint8_t *data = (uint8_t *)(uintptr_t)arg.addr;
	struct device_access a;

	only_in_modes(PINNED_MODES);
	access_init(&a, SIZE);
	fill_text(data, SIZE, 1);
	arg.flags = HISI_ACC_MEM_READ_ONLY;
	expect_ok(acc_mem_import(a.fd, &arg));
	ck_assert(device_sees(&a, arg.out_iova, data, SIZE));
	ck_assert(!device_writes(&a, arg.out_iova, SIZE, 2));
	ck_assert(is_text(data, SIZE, 1));
}
END_TEST

START_TEST(read_only_fd_wants_the_flag)
{
	struct hisi_acc_mem_import arg;
	struct device_access a;
	uint8_t *data;
	int dmabuf;

	need_exporter(_i);
	dmabuf = exporter_make_read_only(_i, SIZE);
	if (dmabuf < 0)
		return;
	data = map(SIZE, PROT_READ, MAP_SHARED, dmabuf);
	arg = acc_import_args(dmabuf, data);
	expect_import_fails(arg, EACCES);
	access_init(&a, SIZE);
	arg.flags = HISI_ACC_MEM_READ_ONLY;
	expect_ok(acc_mem_import(a.fd, &arg));
	ck_assert(device_sees(&a, arg.out_iova, data, SIZE));
	ck_assert(!device_writes(&a, arg.out_iova, SIZE, 2));
	ck_assert(is_filled(data, SIZE, 0));
}
END_TEST

/* The end of a registration */

START_TEST(unpin_takes_it_from_the_device)
{
	struct device_access a;
	struct imported i;

	only_in_modes(PINNED_MODES);
	need_exporter(_i);
	access_init(&a, SIZE);
	imported_init(&i, a.fd, exporter_make(_i, SIZE), SIZE);
	/* the translation is warm */
	ck_assert(device_writes(&a, i.iova, SIZE, 1));
	expect_ok(acc_mem_unpin(a.fd, i.handle));
	ck_assert(!device_writes(&a, i.iova, SIZE, 2));
	ck_assert(is_text(i.data, SIZE, 1));
	expect_errno(ENOENT, acc_mem_unpin(a.fd, i.handle));
}
END_TEST

START_TEST(unpin_wins_against_a_request_in_flight)
{
	uint32_t sqe[SQE_WORDS];
	struct device_access a;
	uint8_t text[4096];
	struct imported i;
	size_t made;

	only_in_modes(PINNED_MODES);
	if (!monitor_is_there())
		skip("the model has no monitor");
	access_init(&a, SIZE);
	imported_init(&i, a.fd, exporter_make(EXPORTER_OWN, SIZE), SIZE);
	ck_assert(device_writes(&a, i.iova, SIZE, 1));
	fill_text(text, sizeof(text), 2);
	made = zlib_make(a.spare.data, a.spare.size, text, sizeof(text));
	monitor_set_delay(500000);
	zip_encode(sqe, a.spare.iova, made, i.iova, SIZE);
	raw_queue_push(&a.decompress, sqe);
	raw_queue_ring(&a.decompress);
	ck_assert(wait_until(monitor_count(MONITOR_INFLIGHT) == 1, 1000));
	expect_ok(acc_mem_unpin(a.fd, i.handle));
	ck_assert(!raw_queue_ready(&a.decompress));
	ck_assert(raw_queue_pop(&a.decompress, sqe, 5000));
	ck_assert(!zip_succeeded(sqe));
	ck_assert(is_text(i.data, SIZE, 1));
}
END_TEST

struct churn {
	int fd;
	struct hisi_acc_mem_import arg;
};

static void *import_and_unpin(void *arg)
{
	struct churn *churn = arg;
	int n;

	for (n = 0; n < 200; n++) {
		struct hisi_acc_mem_import import = churn->arg;

		if (acc_mem_import(churn->fd, &import) ||
		    acc_mem_unpin(churn->fd, import.out_handle))
			return "failed";
	}
	return NULL;
}

START_TEST(threads_lose_nothing)
{
	struct churn churn[4];
	int i, fds[2] = { device_open(), device_open() };
	struct device_usage usage = device_usage();
	pthread_t threads[4];
	void *result;

	for (i = 0; i < 4; i++) {
		churn[i].fd = fds[i / 2];
		churn[i].arg = usual_args();
		usage.pinned_pages += SIZE / PAGE;
		ck_assert(!pthread_create(&threads[i], NULL, import_and_unpin,
					  &churn[i]));
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		ck_assert_ptr_null(result);
	}
	expect_usage(&usage);
}
END_TEST

static int import_of_a_child(void *arg)
{
	struct churn *churn = arg;

	child_check_errno(EPERM, acc_mem_import(churn->fd, &churn->arg));
	return 0;
}

START_TEST(only_the_owner_imports)
{
	struct churn churn = { device_open(), usual_args() };

	ck_assert_int_eq(child_run(import_of_a_child, &churn), 0);
}
END_TEST

static void add(void)
{
	test_add_loop(device_reads_and_writes, 0, EXPORTERS);
	test_add_loop(fd_may_be_closed_at_once, 0, EXPORTERS);
	test_add_loop(registration_alone_keeps_the_memory, 0, EXPORTERS);
	test_add_loop(closed_context_lets_go_of_all, 0, EXPORTERS);
	test_add_loop(device_that_goes_lets_go_of_all, 0, EXPORTERS);
	test_add_loop(another_process_can_import_it, 0, EXPORTERS);
	test_add(ranges_are_checked);
	test_add(random_ranges_leave_nothing_behind);
	test_add(modes_are_checked);
	test_add(what_is_no_dmabuf_is_refused);
	test_add(addresses_are_checked);
	test_add(addr_does_not_matter_in_dma_mode);
	test_add(registered_addresses_are_taken);
	test_add(window_of_a_buffer_is_the_right_one);
	test_add_loop(large_buffer_is_reached_to_its_end, 0, EXPORTERS);
	test_add(read_only_registration_is_only_read);
	test_add_loop(read_only_fd_wants_the_flag, 0, EXPORTERS);
	test_add_loop(unpin_takes_it_from_the_device, 0, EXPORTERS);
	test_add(unpin_wins_against_a_request_in_flight);
	test_add(threads_lose_nothing);
	test_add(only_the_owner_imports);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
