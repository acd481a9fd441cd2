// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "monitor.h"
#include "test.h"

#define MAGIC		0x314e4f4d43434148ull
#define COUNTERS	0x008
#define DELAY		0x100
#define HANG		0x108
#define FORCE		0x110
#define QM_ERROR	0x118
#define ENGINE_ERROR	0x120
#define MBOX		0x128
#define MBOX_STICK	(1u << 31)
#define AEQE		0x130

static volatile uint8_t *registers;

static bool is_monitor(const char *device)
{
	char path[DEVICE_PATH_MAX], text[16] = "";
	const char *want[] = { "vendor", "0x1234", "device", "0x11e9" };
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(want); i += 2) {
		snprintf(path, sizeof(path), "%s/%s", device, want[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return false;
		if (read(fd, text, sizeof(text) - 1) < 6 ||
		    strncmp(text, want[i + 1], 6)) {
			close(fd);
			return false;
		}
		close(fd);
	}
	return true;
}

/* A page of a large size begins before the registers. */
static size_t offset_in_page(const char *device)
{
	char path[DEVICE_PATH_MAX];
	unsigned long long start;
	FILE *file;
	int read;

	snprintf(path, sizeof(path), "%s/resource", device);
	file = fopen(path, "r");
	if (!file)
		return 0;
	read = fscanf(file, "%llx", &start);
	fclose(file);
	return read == 1 ? start % PAGE : 0;
}

static void map_registers(const char *device)
{
	char path[DEVICE_PATH_MAX];
	void *page;
	int fd;

	snprintf(path, sizeof(path), "%s/enable", device);
	write_string(path, "1");
	snprintf(path, sizeof(path), "%s/resource0", device);
	fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (page != MAP_FAILED)
		registers = (uint8_t *)page + offset_in_page(device);
}

static uint64_t get(unsigned int offset)
{
	require(monitor_is_there());
	return *(volatile uint64_t *)(registers + offset);
}

static void set(unsigned int offset, uint64_t value)
{
	require(monitor_is_there());
	*(volatile uint64_t *)(registers + offset) = value;
}

bool monitor_is_there(void)
{
	static bool looked;
	glob_t devices;
	size_t i;

	if (looked)
		return registers;
	looked = true;
	if (glob("/sys/bus/pci/devices/*", 0, NULL, &devices))
		return false;
	for (i = 0; i < devices.gl_pathc && !registers; i++)
		if (is_monitor(devices.gl_pathv[i]))
			map_registers(devices.gl_pathv[i]);
	globfree(&devices);
	if (registers && *(volatile uint64_t *)registers != MAGIC)
		registers = NULL;
	return registers;
}

volatile void *monitor_registers(void)
{
	return monitor_is_there() ? registers : NULL;
}

uint64_t monitor_count(enum monitor_counter counter)
{
	return get(COUNTERS + 8 * counter);
}

void monitor_set_delay(uint32_t us)
{
	set(DELAY, us);
}

uint32_t monitor_delay(void)
{
	return get(DELAY);
}

void monitor_hang(uint32_t count)
{
	set(HANG, count);
}

void monitor_force_status(uint32_t count, uint8_t status)
{
	set(FORCE, count | (uint64_t)status << 32);
}

void monitor_fail_mailboxes(uint16_t count)
{
	set(MBOX, count);
}

void monitor_stick_mailboxes(uint16_t count)
{
	set(MBOX, count | MBOX_STICK);
}

void monitor_raise_qm_error(uint32_t bits)
{
	set(QM_ERROR, bits);
}

void monitor_raise_engine_error(uint32_t bits)
{
	set(ENGINE_ERROR, bits);
}

void monitor_raise_event(unsigned int type, unsigned int queue)
{
	set(AEQE, type << 16 | queue);
}

void monitor_clear(uint32_t delay_us)
{
	monitor_hang(0);
	monitor_force_status(0, 0);
	monitor_fail_mailboxes(0);
	monitor_set_delay(delay_us);
}
