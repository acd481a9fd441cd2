// SPDX-License-Identifier: GPL-2.0
/*
 * What a registration costs, against what VFIO takes to map the same memory for
 * a second device of the same kind. Figures are those of the emulated machine:
 * the ratio says whether something is done that needs not be done.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "access.h"
#include "device.h"
#include "fixture.h"
#include "process.h"
#include "state.h"
#include "test.h"

#define PCI		"/sys/bus/pci/"
#define DEVICES		PCI "devices"
#define LARGEST		(64u << 20)
#define IOVA		(1ull << 32)	/* that VFIO is told to use */
#define ROUNDS_MAX	200

/* Large ranges may take this much longer than with VFIO, in percent. */
#define MOST		150

/* The name of an accelerator that is not the first one, into @name. */
static bool find_second(char *name, size_t size)
{
	const char *first = strrchr(device_pci(), '/') + 1;
	struct dirent *entry;
	bool found = false;
	DIR *dir = opendir(DEVICES);

	require(dir);
	while (!found && (entry = readdir(dir))) {
		char path[DEVICE_PATH_MAX], id[16] = "";
		FILE *file;

		snprintf(path, sizeof(path), DEVICES "/%s/device", entry->d_name);
		file = fopen(path, "r");
		if (file && fgets(id, sizeof(id), file))
			found = !strcmp(id, "0xa250\n") &&
				strcmp(entry->d_name, first);
		if (file)
			fclose(file);
		if (found)
			snprintf(name, size, "%s", entry->d_name);
	}
	closedir(dir);
	return found;
}

/* Lets another driver have it; NULL for the one it is made for. */
static void give_to(const char *driver, const char *name)
{
	char path[DEVICE_PATH_MAX];

	snprintf(path, sizeof(path), DEVICES "/%s/driver_override", name);
	require(write_string(path, driver ? driver : "\n"));
	snprintf(path, sizeof(path), DEVICES "/%s/driver/unbind", name);
	write_string(path, name);
	require(write_string(PCI "drivers_probe", name));
}

/* The container of the device's group, with the classic IOMMU interface. */
struct vfio {
	int container, group, device;
};

static void vfio_open(struct vfio *v, const char *name)
{
	char path[DEVICE_PATH_MAX], link[DEVICE_PATH_MAX] = "";

	snprintf(path, sizeof(path), DEVICES "/%s/iommu_group", name);
	require(readlink(path, link, sizeof(link) - 1) > 0);
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(link, '/') + 1);
	v->container = require_ok(open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC));
	v->group = require_ok(open(path, O_RDWR | O_CLOEXEC));
	require_ok(ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->container));
	require_ok(ioctl(v->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU));
	v->device = require_ok(ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, name));
}

static void vfio_close(struct vfio *v)
{
	close(v->device);
	close(v->group);
	close(v->container);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* Of one round, or the medians of many. */
struct times {
	uint64_t come, go;
};

static struct times time_pin(int fd, uint32_t flags, uint8_t *data, size_t size)
{
	uint64_t start = now_ns(), middle;
	uint32_t handle;

	require_ok(acc_mem_pin(fd, flags, data, size, &handle, NULL));
	middle = now_ns();
	require_ok(acc_mem_unpin(fd, handle));
	return (struct times) { middle - start, now_ns() - middle };
}

static struct times time_map(int container, uint8_t *data, size_t size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .vaddr = (uintptr_t)data,
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.iova = IOVA, .size = size,
	};
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = IOVA, .size = size,
	};
	uint64_t start = now_ns(), middle;

	require_ok(ioctl(container, VFIO_IOMMU_MAP_DMA, &map));
	middle = now_ns();
	require_ok(ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap));
	require(unmap.size == size);
	return (struct times) { middle - start, now_ns() - middle };
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static struct times medians(struct times *times, int count)
{
	uint64_t come[ROUNDS_MAX], go[ROUNDS_MAX];
	int i;

	for (i = 0; i < count; i++) {
		come[i] = times[i].come;
		go[i] = times[i].go;
	}
	qsort(come, count, sizeof(*come), compare);
	qsort(go, count, sizeof(*go), compare);
	return (struct times) { come[count / 2], go[count / 2] };
}

/* Both take their turns, so that both meet the same disturbances. */
static unsigned int compare_costs(int fd, int container, const char *pages,
				  uint8_t *data, size_t size)
{
	static struct times ours[ROUNDS_MAX], theirs[ROUNDS_MAX];
	int rounds = size >= LARGEST ? 9 : size >= HUGE ? 60 : ROUNDS_MAX, i;
	uint64_t pin, map;
	struct times a, b;

	/* page tables of the IOMMU's are made once */
	time_pin(fd, 0, data, size);
	time_map(container, data, size);
	for (i = 0; i < rounds; i++) {
		ours[i] = time_pin(fd, 0, data, size);
		theirs[i] = time_map(container, data, size);
	}
	a = medians(ours, rounds);
	b = medians(theirs, rounds);
	pin = a.come + a.go;
	map = b.come + b.go;
	printf("cost: %-5s %5zu KiB: pin %8.1f unpin %8.1f, map %8.1f unmap %8.1f us; a page %7.3f, %7.3f us; %3lu %%\n",
	       pages, size >> 10, a.come / 1e3, a.go / 1e3, b.come / 1e3,
	       b.go / 1e3, pin / 1e3 * PAGE / size, map / 1e3 * PAGE / size,
	       (unsigned long)(100 * pin / map));
	return 100 * pin / map;
}

static uint8_t *make_memory(bool huge)
{
	uint8_t *data = map_huge(LARGEST / HUGE);

	if (madvise(data, LARGEST, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		return NULL;
	memset(data, 1, LARGEST);
	return data;
}

START_TEST(registration_costs_no_more_than_a_mapping_of_vfio)
{
	static const size_t sizes[] = { 4 << 10, 64 << 10, HUGE, LARGEST };
	unsigned int ratio[ARRAY_SIZE(sizes)], i;
	int fd = device_open();
	uint8_t *data = make_memory(_i);
	struct vfio vfio;
	char name[64];

	if (!find_second(name, sizeof(name)))
		skip("there is one device");
	if (system("modprobe -aq vfio-pci vfio_iommu_type1"))
		skip("there is no VFIO");
	if (!data)
		skip("there are no transparent huge pages");
	give_to("vfio-pci", name);
	vfio_open(&vfio, name);
	/* the mode is the context's as long as it has a registration */
	expect_ok(acc_mem_pin(fd, 0, map_anonymous(PAGE), 1, NULL, NULL));
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		ratio[i] = compare_costs(fd, vfio.container, _i ? "huge" : "small",
					 data, sizes[i]);
	vfio_close(&vfio);
	give_to(NULL, name);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (sizes[i] >= HUGE)
			ck_assert_uint_le(ratio[i], MOST);
}
END_TEST

static void add(void)
{
	test_set_timeout(300);
	printf("cost: medians; MEM_PIN and MEM_UNPIN, MAP_DMA and UNMAP_DMA of VFIO type 1\n");
	test_add_loop(registration_costs_no_more_than_a_mapping_of_vfio, 0, 2);
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
