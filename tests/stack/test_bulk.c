// SPDX-License-Identifier: GPL-2.0
/*
 * Real files in bulk: the host's documentation, programs and libraries, and
 * the kernel's modules, in blocks of which many are in flight.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#include "stack.h"

enum {
	SLOTS = 32,
	BLOCK = 128 << 10,
	ROOM = BLOCK + BLOCK / 8 + 1024,
	AREA = 2 * BLOCK + ROOM,	/* plain, compressed, restored */
};

/*
 * Of this much per place, the files of which are taken as they come. The last
 * makes up for what the others have not.
 */
static const struct {
	const char *path;
	unsigned int share;		/* of 100 */
} places[] = {
	{ "/host/usr/share/doc", 15 }, { "/host/usr/include", 10 },
	{ "/host/usr/lib/x86_64-linux-gnu", 35 }, { "/host/usr/bin", 20 },
	{ "/host/usr/share", 10 }, { "/lib/modules", 10 },
};

struct slot {
	uint8_t *plain, *packed, *back;
	size_t size, packed_size;
	uint32_t crc;
};

static struct slot slots[SLOTS];
static unsigned int filled;
static uint64_t done_bytes, packed_bytes, budget, files;
static int64_t device_ms;

static uint64_t total_wanted(void)
{
	return stack_long() ? UINT64_C(1) << 30 : UINT64_C(210) << 20;
}

static void setup(void)
{
	unsigned int i;

	stack_open(SLOTS * AREA, 64);
	for (i = 0; i < SLOTS; i++) {
		slots[i].plain = stack.buf + i * AREA;
		slots[i].packed = slots[i].plain + BLOCK;
		slots[i].back = slots[i].packed + ROOM;
	}
}

/* All slots there, all slots back, then zlib looks at both. */
static void run_batch(void)
{
	struct hisiacc_completion done[SLOTS];
	struct hisiacc_zip_req req;
	int64_t start = now_ms();
	unsigned int i;

	for (i = 0; i < filled; i++) {
		req = req_of(HISIACC_ZIP_GZIP, slots[i].plain, slots[i].size,
			     slots[i].packed, ROOM);
		ck_assert_int_eq(hisiacc_zip_prep(stack.comp, &req, i), 0);
	}
	submit_and_collect(stack.comp, done, filled);
	for (i = 0; i < filled; i++) {
		ck_assert_uint_eq(done[i].status, HISIACC_STATUS_OK);
		ck_assert_uint_eq(done[i].user_data, i);
		slots[i].packed_size = done[i].produced;
		memset(slots[i].back, 0, slots[i].size);
		req = req_of(HISIACC_ZIP_GZIP, slots[i].packed,
			     slots[i].packed_size, slots[i].back, BLOCK);
		ck_assert_int_eq(hisiacc_zip_prep(stack.decomp, &req, i), 0);
	}
	submit_and_collect(stack.decomp, done, filled);
	device_ms += now_ms() - start;
	for (i = 0; i < filled; i++) {
		ck_assert_uint_eq(done[i].status, HISIACC_STATUS_OK);
		ck_assert_uint_eq(done[i].produced, slots[i].size);
		ck_assert_uint_eq(done[i].consumed, slots[i].packed_size);
		ck_assert(!memcmp(slots[i].plain, slots[i].back,
				  slots[i].size));
		done_bytes += slots[i].size;
		packed_bytes += slots[i].packed_size;
	}
	filled = 0;
}

/*
 * zlib knows every block's checksum and size, and restores every eighth one
 * itself, or all in the long form.
 */
static void check_by_zlib(void)
{
	static uint8_t other[BLOCK];
	uint32_t word;
	unsigned int i;

	for (i = 0; i < filled; i++) {
		memcpy(&word, slots[i].packed + slots[i].packed_size - 8, 4);
		ck_assert_uint_eq(word, slots[i].crc);
		memcpy(&word, slots[i].packed + slots[i].packed_size - 4, 4);
		ck_assert_uint_eq(word, slots[i].size);
		if (i % 8 && !stack_long())
			continue;
		ck_assert_uint_eq(zlib_inflate(HISIACC_ZIP_GZIP,
					       slots[i].packed,
					       slots[i].packed_size, other,
					       BLOCK, NULL), slots[i].size);
		ck_assert(!memcmp(other, slots[i].plain, slots[i].size));
	}
}

static void flush_slots(void)
{
	unsigned int count = filled;

	if (!count)
		return;
	run_batch();
	filled = count;
	check_by_zlib();
	filled = 0;
}

static int take_file(const char *path, const struct stat *st, int type,
		     struct FTW *ftw)
{
	struct slot *slot;
	ssize_t n;
	int fd;

	(void)ftw;
	if (type != FTW_F || !st->st_size)
		return 0;
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	files++;
	while (budget) {
		slot = &slots[filled];
		n = read(fd, slot->plain, BLOCK);
		if (n <= 0)
			break;
		slot->size = (size_t)n;
		slot->crc = (uint32_t)crc32(0, slot->plain, (uInt)n);
		budget -= (uint64_t)n < budget ? (uint64_t)n : budget;
		if (++filled == SLOTS)
			flush_slots();
	}
	close(fd);
	return !budget;
}

START_TEST(real_files_are_compressed_and_restored)
{
	int64_t start = now_ms();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		budget += total_wanted() * places[i].share / 100;
		(void)nftw(places[i].path, take_file, 32, FTW_PHYS);
	}
	flush_slots();
	ck_assert_uint_ge(done_bytes, 200u << 20);
	printf("bulk: %.0f MB of %llu files to %.0f MB and back, the device "
	       "busy for %.1f s (%.1f MB/s each way), all in all %.1f s, "
	       "emulated\n", (double)done_bytes / 1e6,
	       (unsigned long long)files, (double)packed_bytes / 1e6,
	       (double)device_ms / 1e3,
	       2 * (double)done_bytes / 1e3 / (double)device_ms,
	       (double)(now_ms() - start) / 1e3);
}
END_TEST

static void add(void)
{
	test_set_timeout(900);
	test_add(real_files_are_compressed_and_restored);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv, add, setup, stack_close);
}
