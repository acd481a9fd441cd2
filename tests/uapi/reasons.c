// SPDX-License-Identifier: GPL-2.0
/*
 * Why a memory mode is not to be had: the driver, the library and hisi-doctor
 * say the same. REASONS of the environment is what they are to say of SVA, PASID
 * and DMA in this machine, as in "KERNEL_REFUSES:KERNEL_OLD:NONE"; NONE is a mode
 * that works. Where all of them do, the reasons that come and go are made, too.
 */
#include <fcntl.h>
#include <hisiacc.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access.h"
#include "device.h"
#include "fixture.h"
#include "ioctls.h"
#include "process.h"
#include "test.h"

/* With the library beside it, whatever else the guest offers. */
#define DOCTOR	"LD_LIBRARY_PATH= /host/out/examples/hisi-doctor 2>&1"
#define SETTINGS "/sys/class/hisi_acc/zip0/"
#define MODES	3

enum { SVA, PASID, DMA };

#define REASON(name) { #name, HISI_ACC_REASON_##name }

static const struct {
	const char *name;
	uint32_t reason;
} reasons[] = {
	REASON(NONE), REASON(DRIVER), REASON(NO_IOMMU), REASON(PASSTHROUGH),
	REASON(SHARED_GROUP), REASON(NOT_COHERENT), REASON(SHARED_MSI),
	REASON(NO_PASID), REASON(NO_FAULTS), REASON(KERNEL_OPTION),
	REASON(KERNEL_OLD), REASON(KERNEL_REFUSES), REASON(IOMMU),
	REASON(EXHAUSTED), REASON(LIMIT), REASON(BUSY), REASON(ADMIN),
};

/* What is expected of each mode, from REASONS. */
static uint32_t expected[MODES];
static int best = MODES;
static mode_t node_mode;
static uint8_t data[8192];

static bool read_expected(void)
{
	char *list = getenv("REASONS"), *word;
	unsigned int i;
	int mode;

	for (mode = 0; mode < MODES; mode++) {
		word = list ? strsep(&list, ":") : NULL;
		for (i = 0; word && i < ARRAY_SIZE(reasons); i++)
			if (!strcmp(word, reasons[i].name))
				break;
		if (!word || i == ARRAY_SIZE(reasons))
			return false;
		expected[mode] = reasons[i].reason;
		if (!expected[mode] && best == MODES)
			best = mode;
	}
	return !list;
}

/* ---- The driver ---- */

static uint32_t reason_of(int fd, int mode)
{
	struct hisi_acc_query q;
	uint32_t reason;
	bool passes;

	require_ok(acc_query(fd, &q));
	reason = mode == SVA ? q.out_sva_reason :
		 mode == PASID ? q.out_pasid_reason : q.out_dma_reason;
	passes = reason == HISI_ACC_REASON_NONE ||
		 reason == HISI_ACC_REASON_EXHAUSTED ||
		 reason == HISI_ACC_REASON_LIMIT ||
		 reason == HISI_ACC_REASON_BUSY;
	require(passes == !!(q.out_modes & 1u << mode));
	return reason;
}

static int alloc(int fd, uint32_t modes, struct hisi_acc_queue_alloc *arg)
{
	*arg = acc_queue_args(0, 16);
	arg->modes = modes;
	return acc_queue_alloc(fd, arg);
}

static void driver_refuses(int mode, uint32_t reason, int err)
{
	struct hisi_acc_queue_alloc arg;
	int fd = device_open();

	require(reason_of(fd, mode) == reason);
	require(alloc(fd, 1u << mode, &arg) == -1 && errno == err);
	acc_set_modes(1u << mode);
	require(acc_mem_pin(fd, 0, data, sizeof(data), NULL, NULL) == -1 &&
		errno == err);
	require(acc_mem_pin(fd, HISI_ACC_MEM_ON_DEMAND, data, sizeof(data), NULL,
			    NULL) == -1 && errno == err);
	close(fd);
}

static void driver_grants(int mode)
{
	struct hisi_acc_queue_alloc arg;
	int fd = device_open();

	require(reason_of(fd, mode) == HISI_ACC_REASON_NONE);
	require_ok(alloc(fd, 1u << mode, &arg));
	require(arg.out_mode == 1u << mode && !arg.out_reason);
	acc_set_modes(1u << mode);
	require_ok(acc_mem_pin(fd, 0, data, sizeof(data), NULL, NULL));
	close(fd);
}

/* ---- The library ---- */

static void reason_has_words(uint32_t reason)
{
	const char *text = hisiacc_reason_text(reason);
	const char *cure = hisiacc_reason_cure(reason);

	require(*text && strcmp(text, hisiacc_reason_text(99)));
	require(*cure && strcmp(cure, hisiacc_reason_cure(99)));
}

static void library_refuses(int mode, uint32_t reason, int err)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr) };
	struct hisiacc_ctx_info info = { .size = sizeof(info) };
	struct hisiacc_queue *queue;
	struct hisiacc_ctx *ctx;
	struct hisiacc_mem *mem;

	reason_has_words(reason);
	require(!hisiacc_open(device_node(), &ctx));
	require(!hisiacc_ctx_info(ctx, &info));
	require(reason == (mode == SVA ? info.sva_reason :
			   mode == PASID ? info.pasid_reason : info.dma_reason));
	require(!hisiacc_ctx_set_modes(ctx, 1u << mode));
	require(hisiacc_queue_alloc(ctx, &attr, &queue) == -err);
	require(hisiacc_mem_alloc(ctx, sizeof(data), 0, &mem) == -err);
	hisiacc_close(ctx);
}

/* ---- hisi-doctor ---- */

static int doctor(char *said, size_t size)
{
	FILE *pipe = popen(DOCTOR, "r");
	size_t n;

	require(pipe);
	n = fread(said, 1, size - 1, pipe);
	said[n] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static bool doctor_says(const char *said, int mode, const char *what)
{
	char line[256];

	snprintf(line, sizeof(line), "\n  mode %s: %s", hisiacc_mode_text(1u << mode),
		 what);
	if (strstr(said, line))
		return true;
	dprintf(2, "not said:%s\n%s", line, said);
	return false;
}

/* A reason that passes is named, and is nothing that has to be changed. */
static void doctor_names(int mode, uint32_t reason)
{
	char said[16384], what[256];

	doctor(said, sizeof(said));
	snprintf(what, sizeof(what), "granted by this machine, but not now: %s\n",
		 hisiacc_reason_text(reason));
	require(doctor_says(said, mode, what));
}

static bool doctor_has_a_cure(const char *said, const char *text)
{
	char finding[256];
	const char *found;

	snprintf(finding, sizeof(finding), ": %s;\n     cure: ", text);
	found = strstr(said, finding);
	if (found && found[strlen(finding)] > ' ')
		return true;
	dprintf(2, "no cure for: %s\n%s", text, said);
	return false;
}

static void all_refuse(int mode, uint32_t reason, int err)
{
	driver_refuses(mode, reason, err);
	library_refuses(mode, reason, err);
	doctor_names(mode, reason);
}

/* ---- What this machine has, and what not ---- */

START_TEST(mode_is_granted_or_refused_with_its_reason)
{
	struct device_usage usage = device_usage();

	if (expected[_i]) {
		driver_refuses(_i, expected[_i], EOPNOTSUPP);
		library_refuses(_i, expected[_i], EOPNOTSUPP);
	} else {
		driver_grants(_i);
	}
	expect_usage(&usage);
}
END_TEST

START_TEST(grant_says_why_it_is_no_better_one)
{
	struct hisi_acc_queue_alloc arg;
	uint32_t wanted;
	int fd, first;

	/* from the best mode on that is asked for */
	for (first = 0; first < MODES; first++) {
		wanted = 7 & ~((1u << first) - 1);
		fd = device_open();
		if (best == MODES) {
			expect_errno(EOPNOTSUPP, alloc(fd, wanted, &arg));
		} else {
			expect_ok(alloc(fd, wanted, &arg));
			ck_assert_uint_eq(arg.out_reason, expected[first]);
			if (first <= best)
				ck_assert_uint_eq(arg.out_mode, 1u << best);
		}
		close(fd);
	}
}
END_TEST

START_TEST(doctor_names_reasons_and_cures)
{
	char said[16384], what[256];
	int status = doctor(said, sizeof(said)), mode;

	ck_assert_int_eq(status, best == MODES ? 2 : 0);
	for (mode = 0; mode < MODES; mode++) {
		const char *text = hisiacc_reason_text(expected[mode]);

		snprintf(what, sizeof(what), "no, %s\n", text);
		ck_assert(doctor_says(said, mode, expected[mode] ? what : "works\n"));
		/* behind a mode that works no other one is missed */
		if (mode < best)
			ck_assert(doctor_has_a_cure(said, text));
	}
}
END_TEST

/* ---- Reasons that come and go ---- */

START_TEST(admin_switches_a_mode_off)
{
	struct hisi_acc_queue_alloc arg;
	char said[16384], what[256];

	ck_assert(write_string(SETTINGS "modes", "dma"));
	for (int mode = SVA; mode <= PASID; mode++) {
		driver_refuses(mode, HISI_ACC_REASON_ADMIN, EOPNOTSUPP);
		library_refuses(mode, HISI_ACC_REASON_ADMIN, EOPNOTSUPP);
		doctor(said, sizeof(said));
		snprintf(what, sizeof(what), "no, %s\n",
			 hisiacc_reason_text(HISI_ACC_REASON_ADMIN));
		ck_assert(doctor_says(said, mode, what));
	}
	expect_ok(alloc(device_open(), 7, &arg));
	ck_assert_uint_eq(arg.out_mode, HISI_ACC_MODE_DMA);
	ck_assert_uint_eq(arg.out_reason, HISI_ACC_REASON_ADMIN);
}
END_TEST

START_TEST(busy_in_dma_mode)
{
	struct hisi_acc_queue_alloc arg;

	expect_ok(alloc(device_open(), HISI_ACC_MODE_DMA, &arg));
	all_refuse(SVA, HISI_ACC_REASON_BUSY, EBUSY);
	all_refuse(PASID, HISI_ACC_REASON_BUSY, EBUSY);
	expect_ok(alloc(device_open(), 7, &arg));
	ck_assert_uint_eq(arg.out_mode, HISI_ACC_MODE_DMA);
	ck_assert_uint_eq(arg.out_reason, HISI_ACC_REASON_BUSY);
}
END_TEST

START_TEST(busy_in_another_mode)
{
	struct hisi_acc_queue_alloc arg;

	expect_ok(alloc(device_open(), 1u << _i, &arg));
	all_refuse(DMA, HISI_ACC_REASON_BUSY, EBUSY);
}
END_TEST

static int reach_the_limit(void *arg)
{
	struct hisi_acc_queue_alloc queue;

	(void)arg;
	child_check(!setgid(65534) && !setuid(65534));
	child_check(!alloc(device_open(), HISI_ACC_MODE_PASID, &queue));
	all_refuse(SVA, HISI_ACC_REASON_LIMIT, ENOSPC);
	all_refuse(PASID, HISI_ACC_REASON_LIMIT, ENOSPC);
	return 0;
}

START_TEST(limit_of_a_user)
{
	ck_assert(write_string(SETTINGS "user_pasids_max", "1"));
	expect_ok(chmod(device_node(), 0666));
	ck_assert_int_eq(child_run(reach_the_limit, NULL), 0);
}
END_TEST

START_TEST(exhausted_pasids)
{
	int fd, count = 0;

	acc_set_modes(HISI_ACC_MODE_PASID);
	do
		fd = device_open();
	while (!acc_mem_pin(fd, HISI_ACC_MEM_READ_ONLY, data, 1, NULL, NULL) &&
	       ++count < 500);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_lt(count, 500);
	all_refuse(SVA, HISI_ACC_REASON_EXHAUSTED, ENOSPC);
	all_refuse(PASID, HISI_ACC_REASON_EXHAUSTED, ENOSPC);
}
END_TEST

/* Some of these tests change what all of them use. */
static void restore(void)
{
	if (best == SVA) {
		ck_assert(write_string(SETTINGS "modes", "sva pasid dma"));
		ck_assert(write_string(SETTINGS "user_pasids_max", "128"));
	}
	expect_ok(chmod(device_node(), node_mode));
}

static void setup(void)
{
	struct device_usage idle = {};

	idle.queues_free = device_attribute("queues");
	ck_assert(device_usage_becomes(&idle, 5000));
	restore();
}

static void add(void)
{
	test_set_timeout(60);
	test_add_loop(mode_is_granted_or_refused_with_its_reason, 0, MODES);
	test_add(grant_says_why_it_is_no_better_one);
	test_add(doctor_names_reasons_and_cures);
	if (expected[SVA] || expected[PASID] || expected[DMA])
		return;
	test_add(admin_switches_a_mode_off);
	test_add(busy_in_dma_mode);
	test_add_loop(busy_in_another_mode, SVA, DMA);
	test_add(limit_of_a_user);
	test_add(exhausted_pasids);
}

int main(int argc, char **argv)
{
	struct stat st;

	if (!read_expected()) {
		fputs("reasons: REASONS names no reason for each mode\n", stderr);
		return 2;
	}
	require_ok(stat(device_node(), &st));
	node_mode = st.st_mode & 07777;
	return test_main(argc, argv, add, setup, restore);
}
